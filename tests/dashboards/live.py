"""Every query of the dashboards and alerts against a real Prometheus that scrapes a real Foretop: the controller of
`foretop demo`, a day in a little over a minute. Also: promtool's opinion of /metrics in both formats, and cardinality.

At the end the dashboards are drawn from that Prometheus as Grafana draws them (render.py).

usage: live.py FORETOP [BUNDLE [PICTURES]]    BUNDLE is what grafana/build printed; into the folder PICTURES go PNGs. All
traffic is on loopback."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import render  # noqa: E402
from e2e.processes import free_ports  # noqa: E402

SECONDS = 75
# Seen by Prometheus every second; panels ask for four scrapes at least, as Grafana does.
VALUES = {"$__rate_interval": "10s", "$job": "foretop", "$instance": ".+", "$namespace": "shop",
          "$policy": "checkout", "$metric": ".+"}
# Queries that are right and bring nothing in the demo's world, and why.
EMPTY = {}
POLICY_SERIES_MAX = 61  # docs/metrics.md says so


def fail(text):
    sys.exit(f"dashboards: {text}")


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return answer.read().decode(), answer.headers["Content-Type"]


def wait(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = condition()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            found = None
        if found:
            return found
        time.sleep(0.1)
    fail(f"waited in vain for {what}")


def start_demo(foretop):
    """The process, and the URL of its metrics, which it prints."""
    demo = subprocess.Popen([foretop, "demo", "--plain", "--seconds", str(SECONDS), "--listen", "127.0.0.1:0"],
                            stdout=subprocess.PIPE, text=True)
    for line in demo.stdout:
        if line.startswith("Metrics at "):
            return demo, line.split()[2]
    fail("the demo said no address")


class Prometheus:
    def __init__(self, folder, target):
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                  "rule_files": [str(ROOT / "charts/foretop/rules/foretop.yaml")],
                  "scrape_configs": [{"job_name": "foretop", "static_configs": [{"targets": [target]}]}]}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                                         f"--web.listen-address=127.0.0.1:{self.port}"], stdout=self.log, stderr=self.log)
        wait("Prometheus", lambda: self.process.poll() is None and get(self.url + "/-/ready"))

    def ask(self, path, **args):
        try:
            text, _ = get(f"{self.url}/api/v1/{path}?" + urllib.parse.urlencode(args, doseq=True))
        except urllib.error.HTTPError as error:
            text = error.read().decode()
        answer = json.loads(text)
        return answer["data"] if answer["status"] == "success" else fail(f"{path} {args}: {answer}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()


def fill(text):
    for variable, value in VALUES.items():
        text = text.replace(variable, value)
    return text


def families(text):
    return set(re.findall(r"^([a-z_]+)[{ ]", text, re.M))


def both_formats(url):
    """The answer in the text format and in OpenMetrics, between two moments without a new family: the world moves on."""
    for _ in range(20):
        text, kind = get(url)
        other = get(url, Accept="application/openmetrics-text;version=1.0.0")
        if families(get(url)[0]) == families(text):
            return text, kind, *other
    fail("new metrics come all the time")


def check_exposition(url):
    text, kind, open_text, open_kind = both_formats(url)
    if not kind.startswith("text/plain; version=0.0.4"):
        fail(f"the text format came as {kind}")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
    if done.returncode or done.stdout or done.stderr:
        fail("promtool check metrics: " + done.stdout + done.stderr)
    if not open_kind.startswith("application/openmetrics-text; version=1.0.0") or not open_text.endswith("# EOF\n"):
        fail(f"OpenMetrics came as {open_kind}")
    if families(text) != families(open_text):
        fail(f"the two formats differ: {families(text) ^ families(open_text)}")
    series = text.count('policy="checkout"')
    if not 40 < series <= POLICY_SERIES_MAX:
        fail(f"a policy has {series} series, docs/metrics.md says at most {POLICY_SERIES_MAX}")
    print(f"promtool check metrics: clean, {len(text.splitlines())} lines; a policy with one forecast has {series} series")


def check_variables(prometheus, board, name):
    for variable in board["templating"]["list"]:
        if variable["type"] != "query":
            continue
        selector, label = re.fullmatch(r"label_values\((.+), ([a-z_]+)\)", fill(variable["definition"])).groups()
        if not prometheus.ask(f"label/{label}/values", **{"match[]": selector}):
            fail(f"{name}: the variable {variable['name']} has no value")


def numbers(result):
    return [v for series in result for _, v in series.get("values", [series.get("value")]) if v != "NaN"]


def check_board(prometheus, name, board, window):
    check_variables(prometheus, board, name)
    rows = [(p["title"], t["expr"], t["legendFormat"]) for p in board["panels"] if p["type"] != "row" for t in p["targets"]]
    rows += [(a["name"], a["expr"], a["titleFormat"] + " " + a["textFormat"]) for a in board["annotations"]["list"]]
    for title, expr, legend in rows:
        result = prometheus.ask("query_range", query=fill(expr), start=window[0], end=window[1], step=1)["result"]
        where = f"{name}/{title}/{legend}"
        if bool(numbers(result)) == (where in EMPTY):
            fail(f"{where}: {'brings data, take it off the list' if where in EMPTY else 'no data'}: {fill(expr)}")
    print(f"{name}: {len(rows)} queries parse and bring data" + (f", {len(EMPTY)} excepted" if EMPTY else ""))


def main():
    foretop = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        demo, url = start_demo(foretop)
        prometheus = Prometheus(pathlib.Path(name), urllib.parse.urlsplit(url).netloc)
        try:
            # A forecast that may be followed is there after the first hours of the world.
            wait("a forecast", lambda: prometheus.ask("query", query="foretop_gate_open == 1")["result"], 2 * SECONDS)
            check_exposition(url)
            began = time.time() - 10
            demo.stdout.read()
            if demo.wait():
                fail(f"the demo ended with {demo.returncode}")
            ended = time.time() - 3
            window = (began, ended)
            for path in sorted((ROOT / "charts/foretop/dashboards").glob("*.json")):
                check_board(prometheus, path.stem, json.loads(path.read_text()), window)
            sick = [r for g in prometheus.ask("rules")["groups"] for r in g["rules"] if r["health"] != "ok"]
            if sick:
                fail(f"alert rules: {sick}")
            if len(sys.argv) > 2:
                try:
                    render.draw(sys.argv[2], prometheus.url, window, *sys.argv[3:4])
                except render.Failed as failure:
                    fail(str(failure))
        finally:
            if demo.poll() is None:
                demo.kill()
            prometheus.stop()


if __name__ == "__main__":
    main()
