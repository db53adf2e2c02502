"""foretop convert on autoscalers of a real API server: what the policies say is what the server made of the HPAs, blanks are
refused and pass once filled in, and `validate --server` finds nothing wrong with the policies that the server has then."""
import json
import os
import re
import subprocess
import time

from . import objects
from .api import ApiError
from .autoscalers import (AUTOSCALERS, HPA_BLANKS, SCALEDOBJECT_BLANKS, SCALEDOBJECT_NOTES, SCALEDOBJECT_POLICIES,
                          SCALEDOBJECTS, SHOP, TARGET_BLANKS)
from .cluster import Cluster
from .installation import NAMESPACE, RIGHTS, listed, rendered
from .scraped import Scraped
from .processes import wait_for
from .prometheus import Prometheus

ACCOUNT = f"{NAMESPACE}/foretop"
SAMPLE_S = 1
HISTORY_S = 14 * 86400
HISTORY_STEP_S = 60
KEDA = "/apis/keda.sh/v1alpha1"
HPA = "/apis/autoscaling/{}/namespaces/" + SHOP + "/horizontalpodautoscalers"
BLANK = 'query: ""'
NO_QUERY = "metrics[{}].query: Required value: the PromQL of the metric's value"
GAUGES = {"e2e_requests": 400, 'e2e_queue{queue="orders"}': 90, 'e2e_queue{queue="returns"}': 5, "e2e_age": 20}
PODS = 2

# Ours, not KEDA's: any spec goes, the group, version and names are what convert asks for.
SCALEDOBJECT_CRD = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "scaledobjects.keda.sh"},
    "spec": {"group": "keda.sh", "scope": "Namespaced",
             "names": {"kind": "ScaledObject", "plural": "scaledobjects", "singular": "scaledobject", "shortNames": ["so"]},
             "versions": [{"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                 "type": "object", "properties": {
                     "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                     "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}]}}


def kind_of(autoscaler):
    return autoscaler["spec"]["scaleTargetRef"].get("kind", "Deployment")


def target(name, kind):
    item = objects.deployment(SHOP, name, PODS)
    item["kind"] = kind
    if kind == "StatefulSet":
        item["spec"]["serviceName"] = name
    return item



class Series:
    """What Prometheus scrapes: pods of every target with their use, requests by pod, and the gauges of the whole shop."""

    def __init__(self, names):
        self.names = names
        self.begin = time.time()

    def text(self):
        seconds = time.time() - self.begin
        out = [f"{name} {value}" for name, value in GAUGES.items()]
        for name in self.names:
            for number in range(PODS):
                labels = f'namespace="{SHOP}",pod="{name}-{number}"'
                out += [f"e2e_pod_requests{{{labels}}} 40",
                        f'container_cpu_usage_seconds_total{{{labels},container="app"}} {0.4 * seconds!r}',
                        f'container_memory_working_set_bytes{{{labels},container="app"}} {256 << 20}']
        return "\n".join(out) + "\n"

    @staticmethod
    def write_history(path, begin, end):
        with open(path, "w", encoding="ascii") as f:
            for family in ("e2e_requests", "e2e_queue", "e2e_age"):
                f.write(f"# TYPE {family} gauge\n")
                for name, value in GAUGES.items():
                    if name.split("{")[0] != family:
                        continue
                    labels = "{" + ",".join(filter(None, [name.partition("{")[2].rstrip("}"), 'job="shop"',
                                                          'instance="exporter"'])) + "}"
                    f.writelines(f"{family}{labels} {value} {t}\n" for t in range(begin, end + 1, HISTORY_STEP_S))
            f.write("# EOF\n")


class Converted:
    """One autoscaler's policy: its text, what was said beside it, and the same with the blanks filled in."""

    def __init__(self, name, output, notes):
        self.name = name
        self.map = output
        self.text = output["data"]["policy.yaml"]
        self.notes = notes

    def filled(self, queries, blank_target):
        text = self.text
        for query in queries:
            text = text.replace(BLANK, "query: " + json.dumps(query), 1)
        if blank_target:
            text = text.replace("type: AverageValue\n", f'type: AverageValue\n{" " * 6}averageValue: "{blank_target[1]}"\n', 1)
        return text


class Convert:
    def __init__(self, binary, binaries, folder, supervisor, report):
        self.binary, self.folder, self.report = binary, folder, report
        self.cluster = Cluster(folder, binaries, supervisor)
        self.prometheus = Prometheus(folder, supervisor)
        self.autoscalers = [*AUTOSCALERS, *SCALEDOBJECTS]
        self.blanks = {**HPA_BLANKS, **SCALEDOBJECT_BLANKS}

    def run(self):
        self._start()
        self._create()
        converted = {a["metadata"]["name"]: self._convert(a) for a in self.autoscalers}
        for autoscaler in AUTOSCALERS:
            self._judge_round_trip(autoscaler, converted[autoscaler["metadata"]["name"]])
        for autoscaler in SCALEDOBJECTS:
            self._judge_scaledobject(converted[autoscaler["metadata"]["name"]])
        self._judge_blanks(converted)
        self._apply(converted)
        self._judge_applied()
        self._judge_acting_as()
        self._judge_what_is_missing()

    # --- what lives there: no controller is needed ---

    def _start(self):
        names = [a["metadata"]["name"] for a in self.autoscalers]
        scraped = Scraped(Series(names))
        scraped.start()
        text, seam = os.path.join(self.folder, "history.om"), int(time.time())
        Series.write_history(text, seam - HISTORY_S, seam)
        self.prometheus.load_history(text)
        self.prometheus.start(scraped.port, SAMPLE_S)
        self.cluster.start_api_server()

    def _create(self):
        create = self.cluster.api.create
        create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SHOP}})
        create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", SCALEDOBJECT_CRD)
        rights = [item for item in rendered(self.cluster) if item["kind"] in RIGHTS]
        self.cluster.kubectl("apply", "-f", "-", text=listed(rights))
        self.cluster.wait_for_rights(rights)
        for autoscaler in self.autoscalers:
            kind = kind_of(autoscaler)
            create(f"/apis/apps/v1/namespaces/{SHOP}/{kind.lower()}s", target(autoscaler["metadata"]["name"], kind))
        for autoscaler in AUTOSCALERS:
            create(HPA.format(autoscaler["apiVersion"].split("/")[1]), autoscaler)
        wait_for("ScaledObjects to be served", self._serves_scaledobjects, 120)
        for autoscaler in SCALEDOBJECTS:
            create(f"{KEDA}/namespaces/{SHOP}/scaledobjects", autoscaler)
        wait_for("two scrapes", lambda: self.prometheus.query(
            "min(count_over_time(container_cpu_usage_seconds_total[1m]))") >= 2, 120)

    def _serves_scaledobjects(self):
        try:
            return self.cluster.api.get(f"{KEDA}/namespaces/{SHOP}/scaledobjects")["items"] == []
        except ApiError as error:
            if error.status == 404:
                return False
            raise

    # --- our commands ---

    def foretop(self, *words, text=None):
        """(exit code, standard output, standard error)"""
        done = subprocess.run([self.binary, *words, "--kubeconfig", self.cluster.kubeconfig], input=text,
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def validate(self, text):
        return self.foretop("validate", "-f", "-", "--server", "--prometheus-url", self.prometheus.url,
                            "--service-account", ACCOUNT, text=text)

    def _convert(self, autoscaler):
        name = autoscaler["metadata"]["name"]
        word = "hpa" if autoscaler["kind"] == "HorizontalPodAutoscaler" else "scaledobject"
        code, output, notes = self.foretop("convert", f"{word}/{name}", "-n", SHOP, "-o", "json")
        if code:
            raise RuntimeError(f"convert {word}/{name}: {notes.strip()}")
        return Converted(name, json.loads(output), notes)

    def _parsed(self, text, name):
        """The fields of a policy's text, read by kubectl's YAML as those of an object of which the server asks nothing."""
        head = f"apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {{name: {name}}}\nspec:\n"
        body = "".join(f"  {line}\n" for line in text.splitlines())
        item = self.cluster.kubectl("create", "--dry-run=client", "-o", "json", "-f", "-", text=head + body)
        return json.loads(item)["spec"]

    # --- the verdicts ---

    def _live(self, name):
        return self.cluster.api.get(HPA.format("v2") + "/" + name)["spec"]

    def _judge_round_trip(self, autoscaler, converted):
        """The policy has the HPA's fields as the server defaulted them, and an HPA made of the policy is the same."""
        name, live = converted.name, self._live(converted.name)
        policy = self._parsed(converted.text, name)
        mode = policy.pop("mode", None)
        queries = [metric.pop("query", None) for metric in policy.get("metrics", [])]
        again = self.cluster.api.create(HPA.format("v2") + "?dryRun=All", {
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"namespace": SHOP, "name": name + "-again"}, "spec": policy})["spec"]
        self.report.check(mode == "Recommend" and policy == live and again == live and
                          queries.count("") == len(self.blanks.get(name, [])),
                          f"{autoscaler['apiVersion']} {name}: every field as the server has it, and back",
                          f"{', '.join(live)}; {queries.count('')} blank" if policy == live == again
                          else f"{policy}, again {again}, live {live}")

    def _judge_scaledobject(self, converted):
        policy = self._parsed(converted.text, converted.name)
        want = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": self._kind(converted.name), "name": converted.name},
                "mode": "Recommend", **SCALEDOBJECT_POLICIES[converted.name]}
        unsaid = [note for note in SCALEDOBJECT_NOTES[converted.name]
                  if note not in converted.notes or note not in converted.text]
        self.report.check(policy == want and not unsaid, f"ScaledObject {converted.name}: triggers, bounds and what is not "
                          "carried over", f"{len(converted.notes.splitlines())} notes" if policy == want
                          else f"{policy}, expected {want}; not said: {unsaid}")

    def _kind(self, name):
        return next(kind_of(a) for a in self.autoscalers if a["metadata"]["name"] == name)

    def _judge_blanks(self, converted):
        for name, one in converted.items():
            queries = self.blanks.get(name, [])
            code, output, refused = self.validate(json.dumps(one.map))
            blank = [int(index) for index in re.findall(r"BLANK metrics\[(\d+)\]", one.notes)]
            want = [NO_QUERY.format(index) for index in blank]
            if name in TARGET_BLANKS:
                want.append(TARGET_BLANKS[name][0] + ": Required value")
            if not queries:
                self.report.check(code == 0 and " error " not in output, f"{name}: valid as it is", finding(output))
                continue
            self.report.check(code == 1 and len(blank) == len(queries) and all(text in refused for text in want) and
                              len(refused.splitlines()) == len(want) and one.text.count(BLANK) == len(queries),
                              f"{name}: refused until {len(want)} blanks are filled in",
                              "; ".join(line.partition(": ")[2] for line in refused.splitlines()))

    def _apply(self, converted):
        maps = []
        for name, one in converted.items():
            item = json.loads(json.dumps(one.map))
            item["data"]["policy.yaml"] = one.filled(self.blanks.get(name, []), TARGET_BLANKS.get(name))
            maps.append(item)
        self.cluster.kubectl("apply", "-f", "-", text=listed(maps))

    def _judge_applied(self):
        """Of the ConfigMaps as the server gives them back."""
        maps = self.cluster.kubectl("get", "configmaps", "-n", SHOP, "-l", "foretop.io/policy", "-o", "yaml")
        code, output, refused = self.validate(maps)
        for story in re.split(r"^(?=policy )", output, flags=re.MULTILINE):
            if story.startswith("policy "):
                warned = [line for line in story.splitlines() if " warning " in line and "history" not in line]
                self.report.check(" valid " in story.splitlines()[0] and " error " not in story and not warned,
                                  story.splitlines()[0], finding(story))
        count = len(self.autoscalers)
        self.report.check(code == 0 and not refused and f"{count} valid, 0 refused" in output,
                          f"{count} converted policies pass validate --server", output.splitlines()[-1] + refused)

    def _judge_acting_as(self):
        """--as, --as-group and --as-uid are the caller's for the API server, as kubectl's are."""
        code, _, refused = self.foretop("get", "-n", SHOP, "--as", "nobody-in-particular", "--as-uid", "7")
        self.report.check(code == 1 and 'User "nobody-in-particular" cannot list resource "configmaps"' in refused,
                          "--as has the rights of that user", refused.strip())
        code, output, refused = self.foretop("get", "-n", SHOP, "-o", "name", "--as", "nobody-in-particular",
                                             "--as-group", "system:authenticated", "--as-group", "system:masters")
        self.report.check(code == 0 and len(output.splitlines()) == len(self.autoscalers), "and --as-group of its groups",
                          f"{len(output.splitlines())} policies" + refused)

    def _judge_what_is_missing(self):
        """The same command sees a target that is gone, a right that is taken, a query that has no series."""
        maps = self.cluster.kubectl("get", "configmap", "external", "-n", SHOP, "-o", "yaml")
        code, output, _ = self.validate(maps.replace("e2e_queue", "e2e_nothing"))
        self.report.check(code == 1 and "metric queue_messages_ready: source default: no series" in output,
                          "a query without a series is refused", finding(output, "error"))
        self.cluster.api.request("DELETE", f"/apis/apps/v1/namespaces/{SHOP}/deployments/external")
        code, output, _ = self.validate(maps)
        self.report.check(code == 1 and f"there is no Deployment external in namespace {SHOP}" in output,
                          "a target that is gone is refused", finding(output, "error"))
        rights = [item for item in rendered(self.cluster) if item["kind"] in ("ClusterRole", "ClusterRoleBinding")]
        self.cluster.kubectl("delete", "clusterrolebinding", "foretop")
        self.cluster.wait_for_no_rights(rights)
        code, output, _ = self.validate(self.cluster.kubectl("get", "configmap", "cpu", "-n", SHOP, "-o", "yaml"))
        self.report.check(code == 1 and "error   rights: " in output, "rights that are taken away are told",
                          finding(output, "error"))


def finding(output, mark=None):
    """The lines of one policy in one; those of a mark alone."""
    lines = [line.strip() for line in output.splitlines() if line.startswith("  ")]
    return "; ".join(re.sub(r" {2,}", " ", line) for line in lines if not mark or line.startswith(mark))
