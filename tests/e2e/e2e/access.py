"""Credentials that change while foretop runs, against a real API server: a credential plugin whose tokens expire and are
refused, a token file and a CA bundle that are replaced as kubelets do it, the server's own certificate, impersonation
through a proxy. Each time sizes must go on following demand, without a restart and with the newest token."""
import json
import os
import time
from dataclasses import dataclass

from . import audit, levels, tokens
from .certificates import Authority
from .cluster import Cluster
from .faultproxy import FaultProxy
from .installation import Installation, rendered
from .levels import Levels, needed, wait_followed
from .processes import wait_for
from .prometheus import Prometheus
from .recorder import Recorder
from .scraped import Scraped

HERE = os.path.dirname(os.path.abspath(__file__))
EXEC, FILE, AS = WAYS = ("exec", "file", "as")
CONFIG = """\
sources:
- name: default
  url: {prometheus}
syncPeriod: 2s
leaderElection: {{leaseDuration: 60s, renewDeadline: 40s, retryPeriod: 2s}}
statusNamespace: {namespace}
"""
SHORT_S = 15  # what the plugin tells of its tokens' lives at first
LONG_S = 3600
RENEWALS = 3
RUNS_MOST = 3  # after a refusal
DOOR = "door"  # who logs in to act as foretop
NAME = "api.invalid"  # nobody but the proxy resolves it


class Volume:
    """Files as a kubelet lays out a projected volume: links through ..data, which is replaced at once."""

    def __init__(self, folder):
        self.folder = folder
        self.files = {}
        self.version = 0
        os.makedirs(folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, **files):
        self.files.update(files)
        self.version += 1
        version = f"..{self.version}"
        os.mkdir(self.path(version))
        for name, text in self.files.items():
            descriptor = os.open(self.path(f"{version}/{name}"), os.O_WRONLY | os.O_CREAT, 0o600)
            with open(descriptor, "w", encoding="ascii") as f:
                f.write(text)
        os.symlink(version, self.path("..data_tmp"))
        os.rename(self.path("..data_tmp"), self.path("..data"))
        for name in self.files:
            if not os.path.islink(self.path(name)):
                os.symlink(f"..data/{name}", self.path(name))


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


class AccessCluster(Cluster):
    """Its clients of the test's own trust both CAs from the beginning."""

    ready_ms = 1000

    def trusted(self):
        self.next_authority = Authority(self.path("pki-next"))
        self.old_ca, self.new_ca = read(self.authority.ca), read(self.next_authority.ca)
        path = self.path("both.crt")
        with open(path, "w", encoding="ascii") as f:
            f.write(self.old_ca + self.new_ca)
        return path


@dataclass
class Phase:
    what: str
    begin: float
    end: float
    replicas: int
    newest: dict  # way -> identity of its newest token


class Access:
    def __init__(self, binary, binaries, folder, supervisor, report):
        self.folder, self.report = folder, report
        self.cluster = AccessCluster(folder, binaries, supervisor)
        self.prometheus = Prometheus(folder, supervisor)
        self.recorder = Recorder(self.cluster.api)
        self.levels = Levels({(self.shop(way), "app"): 400 for way in WAYS})
        self.foretop = {way: Installation(self.cluster, binary, self.shop(way), f"foretop-{way}", config=CONFIG)
                        for way in WAYS}
        self.volumes = {way: Volume(os.path.join(folder, f"volume-{way}")) for way in WAYS}
        self.proxy = FaultProxy(self.cluster.port, connect=True)
        self.given = {FILE: [], AS: []}  # every token, in order
        self.phases = []
        self.begin = time.time()

    @staticmethod
    def shop(way):
        return f"shop-{way}"

    def progress(self, text):
        print(f"[{time.time() - self.begin:5.1f} s] {text}", flush=True)

    def run(self):
        self._start()
        self._expiry()
        self._rotation()
        self._refusal()
        self._authorities()
        self._judge()

    # --- what lives there ---

    def _start(self):
        self.cluster.start()
        self.recorder.start()
        self.proxy.start()
        scraped = Scraped(self.levels)
        scraped.start()
        self.prometheus.start(scraped.port, 1)
        levels.create(self.cluster, self.levels)
        items = rendered(self.cluster)
        for way, installation in self.foretop.items():
            installation.install(items, self.prometheus.url)
            self.volumes[way].write(**{"ca.crt": self.cluster.old_ca})
        self._log_in_by_plugin()
        self._log_in_by_file()
        self._log_in_as_somebody_else()
        for installation in self.foretop.values():
            installation.start()
        for installation in self.foretop.values():
            installation.wait_ready()
        self._step("at the start", 600)

    def _kubeconfig(self, way, user, **cluster):
        self.foretop[way].kubeconfig = self.cluster.write_kubeconfig(
            f"foretop-{way}", user, f"foretop-{way}",
            **{"certificate-authority": self.volumes[way].path("ca.crt"), **cluster})

    def _log_in_by_plugin(self):
        self.plugin = os.path.join(self.folder, "plugin")
        os.mkdir(self.plugin)
        authority = self.cluster.authority
        with open(os.path.join(self.plugin, "admin.json"), "w", encoding="ascii") as f:
            json.dump({"ca": self.cluster.ca, "cert": authority.path("e2e-admin.crt"),
                       "key": authority.path("e2e-admin.key")}, f)
        self._lifetime(SHORT_S)
        self._kubeconfig(EXEC, {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": os.path.join(HERE, "credential-plugin"),
            "args": [self.plugin, str(self.cluster.port), "foretop-exec"], "interactiveMode": "Never",
            "provideClusterInfo": True}})

    def _lifetime(self, seconds):
        path = os.path.join(self.plugin, "lifetime")
        with open(path + ".new", "w", encoding="ascii") as f:
            f.write(str(seconds))
        os.rename(path + ".new", path)

    def _log_in_by_file(self):
        self._new_token(FILE, "foretop")
        self._kubeconfig(FILE, {"tokenFile": self.volumes[FILE].path("token")})

    def _new_token(self, way, account):
        secret = f"token-{len(self.given[way])}"
        token = tokens.issue(self.cluster.api, f"foretop-{way}", secret, account)
        self.given[way].append({"secret": secret, "token": token})
        self.volumes[way].write(token=token)

    def _log_in_as_somebody_else(self):
        namespace, api = "foretop-as", self.cluster.api
        rights = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
        api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": DOOR}})
        api.create(rights + "/roles", {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": DOOR}, "rules": [
                {"apiGroups": [""], "resources": ["serviceaccounts"], "resourceNames": ["foretop"],
                 "verbs": ["impersonate"]}]})
        api.create(rights + "/rolebindings", {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": DOOR},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": DOOR},
            "subjects": [{"kind": "ServiceAccount", "name": DOOR, "namespace": namespace}]})
        self._new_token(AS, DOOR)
        self._kubeconfig(AS, {"tokenFile": self.volumes[AS].path("token"), "as": self.foretop[AS].user},
                         **{"server": f"https://{NAME}:6443", "tls-server-name": "localhost"})
        self.foretop[AS].environment = {"HTTPS_PROXY": f"http://127.0.0.1:{self.proxy.port}"}

    # --- what happens ---

    def _issued(self):
        """What the plugin gave out so far."""
        try:
            return [json.loads(line) for line in read(os.path.join(self.plugin, "issued")).splitlines()]
        except FileNotFoundError:
            return []

    def _all(self, way):
        return self._issued() if way == EXEC else self.given[way]

    def _refused(self, way):
        """How many requests were answered with 401."""
        return self.foretop[way].metric("rest_client_requests_total", 'code="401"')

    def _alive(self):
        for way, installation in self.foretop.items():
            if not installation.process.running():
                raise RuntimeError(f"foretop with {way} ended with {installation.process.popen.returncode}")

    def _step(self, what, demand, begin=None):
        begin = begin or time.time()
        for key in self.levels.demands:
            self.levels.set(key, demand)
        wait_followed(self.levels, self.recorder, list(self.levels.demands), f"sizes for {demand}, {what}", self._alive)
        self.phases.append(Phase(what, begin, time.time(), needed(demand),
                                 {way: tokens.identity(self._all(way)[-1]["token"]) for way in WAYS}))
        self.progress(f"{what}: sizes follow, {time.time() - begin:.1f} s")

    def _expiry(self):
        wait_for("renewals", lambda: len(self._issued()) > RENEWALS, RENEWALS * SHORT_S + 60)
        self._step("after credentials have expired", 900)
        refused = self._refused(EXEC)
        self._lifetime(LONG_S)
        runs = wait_for("a credential that lives long", lambda: [
            run for run in self._issued() if run["until"] - run["at"] > SHORT_S], SHORT_S + 60)
        short = [run for run in self._issued() if run["at"] <= runs[0]["at"]]
        late = [round(run["at"] - before["until"], 1) for before, run in zip(short, short[1:])
                if run["at"] >= before["until"]]
        self.report.check(not late and refused == 0 and len(short) > RENEWALS,
                          "a plugin is run again before its credential expires",
                          f"{len(short)} runs, {len(late)} of them late, {refused:.0f} answers 401")
        count = len(self._issued())
        self._step("with a credential that lives long", 500)
        self.report.check(len(self._issued()) == count, "and not while it lives")

    def _rotation(self):
        """The file first, then the end of the old token."""
        for way, account in ((FILE, "foretop"), (AS, DOOR)):
            self._new_token(way, account)
            tokens.take_back(self.cluster.api, f"foretop-{way}", self.given[way][-2]["secret"])
        time.sleep(tokens.BELIEVED_S + 1)
        self._step("after the token files were replaced", 1000)
        self.report.check(not self._refused(FILE) and not self._refused(AS),
                          "a token file that is replaced in time is noticed before any refusal")

    def _refusal(self):
        """The end of the tokens first, as of a plugin that was told nothing, or a file that comes late."""
        runs = len(self._issued())
        tokens.take_back(self.cluster.api, "foretop-exec", self._issued()[-1]["secret"])
        for way in (FILE, AS):
            tokens.take_back(self.cluster.api, f"foretop-{way}", self.given[way][-1]["secret"])
        wait_for("refusals", lambda: all(self._refused(way) for way in WAYS), 60)
        for way, account in ((FILE, "foretop"), (AS, DOOR)):
            self._new_token(way, account)
        wait_for("the plugin's next run", lambda: len(self._issued()) > runs, 60)
        self._step("after a 401", 300)
        runs = len(self._issued()) - runs
        self.report.check(runs <= RUNS_MOST, "a 401 makes the plugin run again, and not more than it must",
                          f"{runs} runs")

    def _trust(self, pem):
        for volume in self.volumes.values():
            volume.write(**{"ca.crt": pem})

    def _restart(self, authority):
        self.cluster.server.kill()
        self.cluster.certificate = authority.server("kube-apiserver")
        self.cluster.start_server()

    def _authorities(self):
        cluster = self.cluster
        # What a server that has just started refuses may go on over HTTP.
        self.over_http = read(self.foretop[AS].process.log).count("watching over HTTP")
        self._trust(cluster.old_ca + cluster.new_ca)
        self._restart(cluster.next_authority)
        self._step("with a certificate of the new CA", 800)
        self._trust(cluster.new_ca)
        self._restart(cluster.next_authority)
        self._step("with the new CA alone", 400)
        self._restart(cluster.authority)
        self._old_certificate(1000)
        begin = time.time()
        self._restart(cluster.next_authority)
        self._step("with the right certificate again", 1000, begin)

    def _old_certificate(self, demand):
        """Nobody may believe it any more."""
        before, begin = [len(self._complaints(way)) for way in WAYS], time.time()
        for key in self.levels.demands:
            self.levels.set(key, demand)
        wait_for("complaints about the certificate", lambda: all(
            len(self._complaints(way)) > count for way, count in zip(WAYS, before)), 60)
        end = time.time()
        wrote = [event for event in audit.read(self.cluster.audit_log)
                 if begin < audit.seconds(event["requestReceivedTimestamp"]) < end and
                 event["user"]["username"].startswith("system:serviceaccount:foretop-")]
        self.report.check(not wrote, "a certificate of the CA that went is not believed",
                          self._complaints(EXEC)[-1].strip()[-160:])

    def _complaints(self, way):
        with open(self.foretop[way].process.log, encoding="utf-8") as f:
            return [line for line in f if "certificate" in line]

    # --- the verdict ---

    def _judge(self):
        self._judge_surfaces()
        for way, installation in self.foretop.items():
            leases = self.cluster.api.get(
                f"/apis/coordination.k8s.io/v1/namespaces/{installation.namespace}/leases")["items"]
            began = read(installation.process.log).count("Began to lead")
            transitions = [lease["spec"].get("leaseTransitions", 0) for lease in leases]
            code, _took = installation.process.stop()
            self.report.check(installation.starts == 1 and began == 1 and transitions == [0] and code == 0,
                              f"{way}: one process, which led all the time",
                              f"began to lead {began} times, transitions {transitions}, exit {code}")
        self.events = audit.read_last(self.cluster.audit_log)
        for way in WAYS:
            self._judge_writes(way)
        self._judge_impersonation()
        self._judge_proxy()

    def _scales(self, way):
        """(time, user, replicas, token) of the writes that went through."""
        return [(when, (event.get("impersonatedUser") or event["user"])["username"], replicas, tokens.used(event))
                for when, replicas, event in levels.writes(self.events, (self.shop(way), "app"))]

    def _judge_writes(self, way):
        writes, wrong = self._scales(way), []
        for phase in self.phases:
            mine = [w for w in writes if phase.begin - 1 <= w[0] <= phase.end + 1 and w[2] == phase.replicas]
            if len(mine) != 1 or mine[0][1] != self.foretop[way].user or mine[0][3] != phase.newest[way]:
                wrong.append(f"{phase.what}: {mine}")
        sequence = [w[2] for w in writes]
        wanted = [phase.replicas for phase in self.phases]
        self.report.check(not wrong and sequence == wanted,
                          f"{way}: each size is written once, with the newest token",
                          "; ".join(wrong[:3]) or " -> ".join(map(str, sequence)) +
                          f", {len({w[3] for w in writes})} tokens")

    def _judge_impersonation(self):
        door = f"system:serviceaccount:foretop-as:{DOOR}"
        mine = [event for event in self.events if event["user"]["username"] == door]
        # A server that has just started refuses even this, until it has read its roles.
        himself = [event for event in mine if "impersonatedUser" not in event and
                   event["responseStatus"].get("code", 0) < 400]
        verbs = sorted({event["verb"] for event in mine})
        self.report.check(len(mine) > 20 and not himself and "watch" in verbs,
                          "every request and watch says whom it is for",
                          f"{len(mine)} requests ({', '.join(verbs)}), {len(himself)} as the one who logs in")

    def _judge_proxy(self):
        heads = list(self.proxy.heads)
        others = [head for head in heads if not head.startswith(f"CONNECT {NAME}:6443 ")]
        over_http = self.over_http
        self.report.check(len(heads) > 3 and not others and over_http == 0 and
                          "authorization" not in "".join(heads).lower(),
                          "the proxy of the environment carries all, WebSockets too, and sees no token",
                          f"{len(heads)} tunnels")

    def _judge_surfaces(self):
        """No token in anything that foretop says."""
        api, said = self.cluster.api, {}
        for way, installation in self.foretop.items():
            said[f"log of {way}"] = read(installation.process.log)
            for path, port in (("/metrics", None), ("/", installation.page_port),
                               ("/api/v1/policies", installation.page_port)):
                said[f"{path} of {way}"] = installation.answer(path, port) or ""
            said[f"status of {way}"] = json.dumps(
                api.get(f"/api/v1/namespaces/{installation.namespace}/configmaps"))
            said[f"events of {way}"] = json.dumps(
                api.get(f"/apis/events.k8s.io/v1/namespaces/{self.shop(way)}/events"))
        secrets = [run["token"] for way in WAYS for run in self._all(way)]
        parts = {part for token in secrets for part in token.split(".")[1:]}
        found = sorted({where for where, text in said.items() if any(part in text for part in parts)})
        self.report.check(secrets and not found and all(said[f"log of {way}"] for way in WAYS),
                          "no token stands in logs, metrics, pages, status or Events",
                          ", ".join(found) or f"{len(secrets)} tokens, {len(said)} texts")
