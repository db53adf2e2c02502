"""The dashboards as files: the 17 rules of Grafana's dashboard-linter (written anew from its documentation: the program
itself is in none of our registries), names that Foretop really exports, and the types of grafana-foundation-sdk.

The alert rules: each has a runbook and a test. Run by tests/dashboards/run; needs python3 and python3-yaml."""
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOARDS = {p.stem: json.loads(p.read_text()) for p in sorted((ROOT / "charts/foretop/dashboards").glob("*.json"))}
RULES = yaml.safe_load((ROOT / "charts/foretop/rules/foretop.yaml").read_text())["groups"]
ALERTS = [rule for group in RULES for rule in group["rules"]]
UNITS = {"short", "none", "s", "bytes", "percentunit", "ops", "reqps", "dateTimeFromNow"}  # Grafana's ids, of those in use
# Only the leader has series of policies: a choice of instances would hide them after a change of the leader.
WITHOUT_INSTANCE = {"fleet", "policy"}
SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}")


def exported():
    """Names in docs/metrics.md, which a unit test holds to the table of the code: {name: (type, labels)}."""
    found = {}
    for line in (ROOT / "docs/metrics.md").read_text().splitlines():
        match = re.match(r"\| `([a-z_]+)` \| (\w+) \| ([^|]*) \|", line)
        if match:
            labels = {label.strip() for label in match[3].split(",") if label.strip()}
            names = [match[1]]
            if match[2] == "histogram":
                names, labels = [match[1] + end for end in ("_bucket", "_sum", "_count")], labels | {"le"}
            found.update({name: (match[2], labels) for name in names})
    return found


METRICS = exported()


def panels(board):
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", [])


def data_panels(board):
    return [p for p in panels(board) if p["type"] not in ("row", "text")]


def queries(board):
    """(where, expression) of every panel and annotation."""
    for panel in data_panels(board):
        for target in panel["targets"]:
            yield f'{panel["title"]}/{target["refId"]}', target["expr"]
    for annotation in board["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


def variables(board, kind="query"):
    return [v for v in board["templating"]["list"] if v["type"] == kind]


class Linter(unittest.TestCase):
    def each(self, items):
        for board_name, board in BOARDS.items():
            for item in items(board):
                yield board_name, board, item

    def test_there_are_three_dashboards(self):
        self.assertEqual(set(BOARDS), {"fleet", "policy", "health"})

    def test_01_template_datasource(self):
        for name, board in BOARDS.items():
            sources = variables(board, "datasource")
            self.assertEqual([(s["name"], s["label"], s["query"]) for s in sources], [("datasource", "Data source", "prometheus")],
                             name)

    def needs(self, name, board, variable):
        found = [v for v in variables(board) if v["name"] == variable]
        self.assertEqual(len(found), 1, f"{name}: ${variable}")
        self.assertEqual(found[0]["label"].lower(), variable)
        self.assertEqual(found[0]["datasource"]["uid"], "${datasource}")
        self.assertTrue(found[0]["multi"] and found[0]["includeAll"] and found[0]["allValue"] == ".+", f"{name}: ${variable}")

    def test_02_template_job(self):
        for name, board in BOARDS.items():
            self.needs(name, board, "job")

    def test_03_template_instance(self):
        for name, board in BOARDS.items():
            if name not in WITHOUT_INSTANCE:
                self.needs(name, board, "instance")

    def test_04_template_label_promql(self):
        for name, _, variable in self.each(variables):
            match = re.fullmatch(r"label_values\((.+), ([a-z_]+)\)", variable["definition"])
            self.assertTrue(match, f"{name}: {variable['definition']}")
            metric = re.match(r"[a-z_]+", match[1])[0]
            labels = METRICS[metric][1] | {"job", "instance"}
            self.assertIn(match[2], labels, name)

    def test_05_template_on_time_change_reload(self):
        for name, _, variable in self.each(variables):
            self.assertEqual(variable["refresh"], 2, f"{name}: {variable['name']}")

    def test_06_panel_datasource(self):
        for name, _, panel in self.each(data_panels):
            self.assertEqual(panel["datasource"]["uid"], "${datasource}", f"{name}: {panel['title']}")

    def test_07_panel_title_description(self):
        for name, _, panel in self.each(data_panels):
            self.assertTrue(panel["title"] and panel["description"].endswith("."), f"{name}: {panel['title']}")

    def test_08_panel_units(self):
        for name, _, panel in self.each(data_panels):
            self.assertIn(panel["fieldConfig"]["defaults"]["unit"], UNITS, f"{name}: {panel['title']}")

    def test_09_panel_no_targets(self):
        for name, _, panel in self.each(data_panels):
            self.assertTrue(panel["targets"], f"{name}: {panel['title']}")

    def test_10_and_11_target_logql(self):
        for name, _, panel in self.each(data_panels):
            for target in panel["targets"]:
                self.assertEqual(target["datasource"], {"type": "prometheus", "uid": "${datasource}"}, f"{name}: {panel['title']}")

    def test_12_target_promql(self):
        """promtool parses each as an alert's expression; live.py runs them."""
        rules = []
        for name, _, (where, expr) in self.each(queries):
            for variable, value in (("$__rate_interval", "5m"), ("$job", ".+"), ("$instance", ".+"),
                                    ("$namespace", ".+"), ("$policy", ".+"), ("$metric", ".+")):
                expr = expr.replace(variable, value)
            self.assertNotIn("$", expr, f"{name}: {where}")
            rules.append({"record": f"x:{len(rules)}", "expr": expr})
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump({"groups": [{"name": "x", "rules": rules}]}, file)
            file.flush()
            done = subprocess.run(["promtool", "check", "rules", file.name], text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"{len(rules)} rules found", done.stdout)

    def test_13_target_rate_interval(self):
        for name, _, (where, expr) in self.each(queries):
            ranges = set(re.findall(r"\[([^\]]+)\]", expr))
            self.assertLessEqual(ranges, {"$__rate_interval"}, f"{name}: {where}")

    def test_14_target_job(self):
        for name, _, (where, expr) in self.each(queries):
            selectors = SELECTOR.findall(expr)
            self.assertTrue(selectors, f"{name}: {where}")
            for metric, matchers in selectors:
                self.assertIn('job=~"$job"', matchers, f"{name}: {where}: {metric}")

    def test_15_target_instance(self):
        for name, _, (where, expr) in self.each(queries):
            for metric, matchers in SELECTOR.findall(expr):
                self.assertEqual('instance=~"$instance"' in matchers, name not in WITHOUT_INSTANCE, f"{name}: {where}: {metric}")

    def test_16_target_counter_agg(self):
        for name, _, (where, expr) in self.each(queries):
            for match in SELECTOR.finditer(expr):
                if METRICS[match[1]][0] == "counter":
                    self.assertRegex(expr[:match.start()], r"(rate|irate|increase)\($", f"{name}: {where}: {match[1]}")

    def test_17_uneditable(self):
        for name, board in BOARDS.items():
            self.assertIs(board["editable"], False, name)


class Content(unittest.TestCase):
    def test_metrics_and_labels_are_exported(self):
        for name, board in BOARDS.items():
            for where, expr in queries(board):
                for metric, matchers in SELECTOR.findall(expr):
                    self.assertIn(metric, METRICS, f"{name}: {where}")
                    labels = set(re.findall(r"([a-z_]+)=", matchers)) - {"job", "instance"}
                    self.assertLessEqual(labels, METRICS[metric][1], f"{name}: {where}: {metric}")

    def test_every_policy_and_process_metric_is_shown_or_named_here(self):
        """A metric that nobody shows is one that nobody needs, or one that was forgotten."""
        shown = {m for b in BOARDS.values() for _, e in queries(b) for m, _ in SELECTOR.findall(e)}
        shown |= {m for a in ALERTS for m in re.findall(r"[a-z_]+", a["expr"]) if m in METRICS}
        base = {re.sub(r"_(bucket|sum|count)$", "", m) if METRICS[m][0] == "histogram" else m for m in METRICS}
        seen = {re.sub(r"_(bucket|sum|count)$", "", m) if METRICS.get(m, ("",))[0] == "histogram" else m for m in shown}
        elsewhere = {"foretop_policy_info", "foretop_floor_replicas", "foretop_floor_original_replicas", "foretop_forecast_capped",
                     "foretop_last_decision_timestamp_seconds", "foretop_breaker_trips_total", "foretop_metric_forecast_usable",
                     "foretop_metric_series_dropped_total", "foretop_config_last_reload_success_timestamp_seconds",
                     "controller_runtime_reconcile_errors_total", "process_virtual_memory_bytes"}
        self.assertEqual(base - seen, elsewhere)

    def test_links_lead_to_each_other_and_ids_are_ours(self):
        uids = {b["uid"] for b in BOARDS.values()}
        self.assertEqual(len(uids), 3)
        for board in BOARDS.values():
            self.assertEqual({link["url"].removeprefix("/d/") for link in board["links"]}, uids - {board["uid"]})
            self.assertNotIn("id", board)
            self.assertLessEqual(len(board["uid"]), 40)
            self.assertEqual(board["schemaVersion"], 39)
            ids = [p["id"] for p in panels(board)]
            titles = [p["title"] for p in panels(board)]
            self.assertEqual((len(ids), len(titles)), (len(set(ids)), len(set(titles))))

    def test_panels_do_not_overlap_and_fill_their_rows(self):
        for name, board in BOARDS.items():
            cells = set()
            for panel in board["panels"]:
                g = panel["gridPos"]
                own = {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])}
                self.assertFalse(cells & own, f"{name}: {panel['title']}")
                cells |= own
            self.assertEqual({x for x, _ in cells}, set(range(24)), name)

    def test_no_data_source_is_hard_coded(self):
        for name in BOARDS:
            text = (ROOT / f"charts/foretop/dashboards/{name}.json").read_text()
            self.assertEqual(set(re.findall(r'"uid": "(?!foretop-)([^"]*)"', text)), {"${datasource}"})


class Types(unittest.TestCase):
    """Grafana's own description of the classic model."""

    # What the description lacks and Grafana reads all the same: `definition` is what its editor shows of a variable's
    # query; the rest belongs to annotations of a Prometheus.
    UNKNOWN = {"definition", "step", "titleFormat", "textFormat", "tagKeys"}

    def lost(self, ours, theirs, where):
        if isinstance(ours, dict):
            for key, value in ours.items():
                if key not in theirs:
                    yield f"{where}.{key}"
                else:
                    yield from self.lost(value, theirs[key], f"{where}.{key}")
        elif isinstance(ours, list):
            self.assertEqual(len(ours), len(theirs), where)
            for i, value in enumerate(ours):
                yield from self.lost(value, theirs[i], f"{where}[{i}]")
        elif ours != theirs:
            yield f"{where}: {ours!r} became {theirs!r}"

    def test_the_sdk_reads_them_and_gives_them_back(self):
        try:
            from grafana_foundation_sdk.cog.encoder import JSONEncoder
            from grafana_foundation_sdk.cog.plugins import register_default_plugins
            from grafana_foundation_sdk.models.dashboard import Dashboard
        except ImportError as missing:
            self.skipTest(f"{missing}")
        register_default_plugins()
        for name, board in BOARDS.items():
            read = Dashboard.from_json(json.loads(json.dumps(board)))
            again = json.loads(JSONEncoder(sort_keys=True).encode(read))
            lost = [where for where in self.lost(board, again, name) if where.rsplit(".", 1)[-1] not in self.UNKNOWN]
            self.assertEqual(lost, [])


class Alerts(unittest.TestCase):
    def test_each_says_what_to_do(self):
        headings = {re.sub(r"[^a-z0-9 -]", "", line[3:].strip().lower()).replace(" ", "-")
                    for line in (ROOT / "docs/runbooks.md").read_text().splitlines() if line.startswith("## ")}
        self.assertEqual(headings, {a["alert"].lower() for a in ALERTS})
        for alert in ALERTS:
            self.assertIn(alert["labels"]["severity"], ("critical", "warning", "info"))
            self.assertTrue(alert["annotations"]["summary"] and alert["annotations"]["description"])
            self.assertEqual(alert["annotations"]["runbook_url"], "docs/runbooks.md#" + alert["alert"].lower())

    def test_each_has_a_test_in_which_it_fires_and_one_in_which_it_is_silent(self):
        cases = yaml.safe_load((ROOT / "tests/rules/alerts_test.yaml").read_text())["tests"]
        tests = [t for case in cases for t in case["alert_rule_test"]]
        for alert in ALERTS:
            own = [bool(t.get("exp_alerts")) for t in tests if t["alertname"] == alert["alert"]]
            self.assertEqual(set(own), {True, False}, alert["alert"])

    def test_they_ask_for_what_is_exported(self):
        for alert in ALERTS:
            for metric in re.findall(r"\b(?:foretop|rest_client|leader_election|workqueue|process)_[a-z_]+", alert["expr"]):
                self.assertIn(metric, METRICS, alert["alert"])


if __name__ == "__main__":
    unittest.main(verbosity=1)
