"""See run."""
import http.server
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import unittest

import matrix
import schemas
import yaml
from e2e.cluster import Cluster
from e2e.processes import Supervisor, Timeout, wait_for
from render import CHART, NAMESPACE, ROOT, chart, ci_files, kustomize, must, objects, run, template

HERE = os.path.dirname(os.path.abspath(__file__))
POD_KINDS = ("Deployment", "Job", "Pod")
FORETOP = f"system:serviceaccount:{NAMESPACE}:foretop"
SERVER = {}


def setUpModule():
    """One API server for all tests, without controllers and nodes."""
    folder = tempfile.mkdtemp(prefix="foretop-chart.")
    supervisor = Supervisor(os.path.join(folder, "logs"))
    SERVER.update(folder=folder, supervisor=supervisor)
    cluster = Cluster(folder, os.environ["CHART_TOOLS"], supervisor)
    cluster.start_api_server()
    cluster.kubectl("apply", "-f", os.path.join(HERE, "crds"))
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    SERVER["cluster"] = cluster
    for namespace in (NAMESPACE, "shop", "bakery", "monitoring"):
        cluster.api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": namespace, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
    SERVER["schemas"] = os.path.join(folder, "schemas")
    os.mkdir(SERVER["schemas"])
    openapi = wait_for("the schemas of the custom resources", lambda: complete(cluster.api.get("/openapi/v2")), 60)
    schemas.write(openapi, SERVER["schemas"])


def complete(openapi):
    names = " ".join(openapi["definitions"])
    return openapi if "ServiceMonitor" in names and "CiliumNetworkPolicy" in names else None


def tearDownModule():
    SERVER["supervisor"].stop_all()
    shutil.rmtree(SERVER["folder"], ignore_errors=True)


def pod_of(item):
    return item["spec"] if item["kind"] == "Pod" else item["spec"]["template"]["spec"]


def conform(text):
    return run("kubeconform", "-strict", "-summary", "-schema-location",
               SERVER["schemas"] + "/{{ .ResourceKind }}{{ .KindSuffix }}.json", "-", text=text)


def manifests():
    """Everything that manifests/ offers: {what: text}."""
    folder = os.path.join(ROOT, "manifests")
    ret = {"manifests": kustomize(folder)}
    overlay = os.path.join(SERVER["folder"], "overlay")
    os.makedirs(overlay, exist_ok=True)
    for name in sorted(os.listdir(os.path.join(folder, "components"))):
        base, component = (os.path.relpath(os.path.join(os.path.realpath(folder), *part), os.path.realpath(overlay))
                           for part in (("base",), ("components", name)))
        with open(os.path.join(overlay, "kustomization.yaml"), "w", encoding="utf-8") as f:
            yaml.safe_dump({"namespace": "shop", "resources": [base], "components": [component]}, f)
        ret[name] = kustomize(overlay)
    ret["examples"] = ""
    for name in sorted(os.listdir(os.path.join(folder, "examples"))):
        with open(os.path.join(folder, "examples", name), encoding="utf-8") as f:
            ret["examples"] += "---\n" + f.read()
    return ret


class Rendered(unittest.TestCase):
    def test_helm_lint_is_strictly_content(self):
        must("helm", "lint", "--strict", CHART)
        for path in ci_files():
            must("helm", "lint", "--strict", CHART, "-f", path)

    def test_rendering_twice_gives_the_same_bytes(self):
        for path in ci_files():
            self.assertEqual(template("-f", path), template("-f", path))

    def test_every_object_conforms_to_the_api_servers_schema(self):
        for path in ci_files():
            with self.subTest(os.path.basename(path)):
                code, out, complaint = conform(template("-f", path))
                self.assertEqual(0, code, out + complaint)
                self.assertRegex(out, r"Invalid: 0, Errors: 0, Skipped: 0")
        for what, text in manifests().items():
            with self.subTest(what):
                code, out, complaint = conform(text)
                self.assertEqual(0, code, out + complaint)

    def test_the_schemas_would_refuse_a_wrong_field(self):
        text = template()
        for right, wrong in (("replicas: 2", "replica: 2"), ("replicas: 2", "replicas: two"),
                             ("terminationGracePeriodSeconds", "terminationGracePeriod")):
            self.assertIn(right, text)
            code, out, _ = conform(text.replace(right, wrong, 1))
            self.assertEqual(1, code, out)

    def test_every_object_has_the_labels_and_a_namespace_of_the_release(self):
        cluster_wide = ("ClusterRole", "ClusterRoleBinding", "ValidatingAdmissionPolicy",
                        "ValidatingAdmissionPolicyBinding")
        for path in ci_files():
            for (kind, namespace, name), item in chart("-f", path).items():
                if name.endswith(("-extra", "-more")):
                    continue
                self.assertEqual("foretop", item["metadata"]["labels"]["app.kubernetes.io/part-of"], name)
                self.assertEqual(kind in cluster_wide, namespace is None, f"{kind} {name}")

    def test_nothing_is_null_and_no_map_is_empty(self):
        """GitOps tools would see a difference for ever: the API server drops such fields."""
        def check(node, where):
            self.assertIsNotNone(node, where)
            if isinstance(node, dict):
                for key, value in node.items():
                    check(value, f"{where}.{key}")
            elif isinstance(node, list):
                for i, value in enumerate(node):
                    check(value, f"{where}[{i}]")
        for path in ci_files():
            for (kind, _, name), item in chart("-f", path).items():
                check(item, f"{kind} {name}")
                self.assertNotEqual({}, item["metadata"].get("annotations"), name)

    def test_every_pod_is_as_restricted_as_the_level_asks(self):
        for path in ci_files():
            for item in chart("-f", path).values():
                if item["kind"] not in POD_KINDS:
                    continue
                pod = pod_of(item)
                self.assertTrue(pod["securityContext"]["runAsNonRoot"])
                self.assertEqual("RuntimeDefault", pod["securityContext"]["seccompProfile"]["type"])
                for container in pod.get("initContainers", []) + pod["containers"]:
                    if container["name"] in ("sidecar", "first"):
                        continue
                    context = container["securityContext"]
                    self.assertFalse(context["allowPrivilegeEscalation"])
                    self.assertTrue(context["readOnlyRootFilesystem"])
                    self.assertEqual(["ALL"], context["capabilities"]["drop"])
                    self.assertIn("memory", container["resources"]["limits"])

    def test_openshift_can_choose_the_user(self):
        deployment = chart("-f", os.path.join(CHART, "ci", "namespaced-values.yaml"))["Deployment", NAMESPACE, "lookout"]
        self.assertEqual({"runAsNonRoot", "seccompProfile"}, set(pod_of(deployment)["securityContext"]))

    def test_two_releases_share_a_cluster_and_a_namespace(self):
        cluster_names = [{key for key in chart(release=release, namespace=namespace)}
                         for release, namespace in (("one", "a"), ("one", "b"), ("two", "a"))]
        self.assertFalse(cluster_names[0] & cluster_names[1])
        self.assertFalse(cluster_names[0] & cluster_names[2])

    def test_the_image(self):
        def image(*args):
            return pod_of(chart(*args)["Deployment", NAMESPACE, "foretop"])["containers"][0]["image"]
        with open(os.path.join(ROOT, "VERSION"), encoding="utf-8") as f:
            version = f.read().strip()
        self.assertEqual(f"foretop:{version}", image())
        digest = "sha256:" + "ab" * 32
        self.assertEqual(f"r.example.org/foretop@{digest}",
                         image("--set", "global.imageRegistry=r.example.org", "--set", f"image.digest={digest}"))
        self.assertEqual("own.example.org/x/foretop:v2",
                         image("--set", "global.imageRegistry=r.example.org,image.registry=own.example.org/x,image.tag=v2"))

    def test_a_namespaced_installation_has_nothing_outside_of_its_namespaces(self):
        kinds = {(kind, namespace) for kind, namespace, _ in chart(
            "-f", os.path.join(CHART, "ci", "namespaced-values.yaml"))}
        self.assertFalse({kind for kind, namespace in kinds if namespace is None})
        self.assertEqual({NAMESPACE, "shop", "bakery"}, {namespace for _, namespace in kinds})
        self.assertLessEqual({(kind, namespace) for kind in ("Role", "RoleBinding") for namespace in ("shop", "bakery")}, kinds)

    def test_before_an_uninstall_floors_are_given_back_in_each_of_the_named_namespaces(self):
        def released(*args):
            pod = pod_of(chart(*args)["Job", NAMESPACE, "foretop-release"])
            return [" ".join(container["args"]) for container in pod["containers"]]
        self.assertEqual(["release --namespace=shop", "release --namespace=bakery"],
                         released("--set", "watchNamespaces={shop,bakery}"))
        self.assertEqual(["release -A"], released())
        self.assertEqual(["release -A"], released("--set", "watchNamespaces={shop,bakery},rbac.clusterScoped=true"))

    def test_a_dry_run_has_no_right_to_write(self):
        items = chart("-f", os.path.join(CHART, "ci", "dry-run-values.yaml"))
        own = [item for (kind, _, name), item in items.items()
               if kind in ("Role", "ClusterRole") and not name.endswith(("-view", "-edit"))]
        verbs = {verb for role in own for rule in role["rules"] for verb in rule["verbs"]}
        self.assertEqual({"get", "list", "watch"}, verbs)
        self.assertIn("--dry-run", pod_of(items["Deployment", NAMESPACE, "foretop"])["containers"][0]["args"])
        self.assertFalse([key for key in items if key[0] == "Job"])

    def test_secrets_of_sources_are_mounted_where_the_configuration_says(self):
        items = chart("-f", os.path.join(CHART, "ci", "everything-values.yaml"))
        sources = {source["name"]: source for source in yaml.safe_load(
            items["ConfigMap", NAMESPACE, "foretop"]["data"]["controller.yaml"])["sources"]}
        pod = pod_of(items["Deployment", NAMESPACE, "foretop"])
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in pod["containers"][0]["volumeMounts"]}
        long_term = sources["long-term"]
        for field, secret, key in (("passwordFile", "metrics-login", "pw"), ("caFile", "metrics-tls", "ca.crt"),
                                   ("certFile", "metrics-tls", "tls.crt"), ("keyFile", "metrics-tls", "tls.key")):
            folder, _, name = long_term[field].rpartition("/")
            self.assertEqual((secret, key), (mounts[folder]["secret"]["secretName"], name))
        self.assertEqual("foretop", long_term["username"])
        self.assertEqual("/etc/foretop-sources/cloud/auth/token", sources["cloud"]["bearerTokenFile"])

    def test_new_pods_only_when_the_settings_need_it(self):
        def checksum(*args):
            pods = chart(*args)["Deployment", NAMESPACE, "foretop"]["spec"]["template"]
            return pods["metadata"]["annotations"]["checksum/settings"]
        self.assertEqual(checksum(), checksum("--set", "sources[0].name=default,sources[0].url=http://elsewhere:9090"))
        self.assertNotEqual(checksum(), checksum("--set", "watchNamespaces={shop}"))

    def test_network_policy_opens_the_ports_of_the_sources(self):
        policy = chart("-f", os.path.join(CHART, "ci", "everything-values.yaml"))["NetworkPolicy", NAMESPACE, "foretop"]
        ports = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
        self.assertEqual({53, 443, 6443, 9090, 4317}, ports)

    def test_notes_say_what_is_missing(self):
        def notes(*args):
            return must("helm", "install", "foretop", CHART, "--namespace", NAMESPACE, "--dry-run=client", *args)
        self.assertIn("has the chart's default address", notes())
        quiet = notes("--set", "sources[0].name=default,sources[0].url=http://prometheus.shop.svc:9090")
        self.assertNotIn("WARNING", quiet)
        self.assertIn("helm test foretop", quiet)
        self.assertIn("DRY RUN", notes("--set", "dryRun=true"))
        self.assertIn("no source is named \"default\"", notes("--set", "sources[0].name=x,sources[0].url=http://y"))
        self.assertIn("one replica", notes("--set", "replicaCount=1"))
        self.assertIn("rbac.create is false", notes("--set", "rbac.create=false"))
        self.assertIn("over plain http", notes(
            "--set-json", 'sources=[{"name":"default","url":"http://x","auth":{"type":"bearer","existingSecret":"s"}}]'))

    def test_dashboards_and_rules_are_those_of_the_chart(self):
        folder = os.path.join(CHART, "dashboards")
        files = sorted(f for f in os.listdir(folder) if f.endswith(".json")) if os.path.isdir(folder) else []
        shipped = [item for (kind, _, name), item in chart().items()
                   if kind == "ConfigMap" and "-dashboard-" in name]
        self.assertEqual(files, sorted(key for item in shipped for key in item["data"]))
        for item in shipped:
            (name, text), = item["data"].items()
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                self.assertEqual(json.load(f), json.loads(text), name)
        rules = os.path.join(CHART, "rules", "foretop.yaml")
        shipped = [item for key, item in chart("--set", "prometheusRule.enabled=true").items()
                   if key[0] == "PrometheusRule"]
        self.assertEqual(os.path.exists(rules), bool(shipped))
        if shipped:
            with open(rules, encoding="utf-8") as f:
                self.assertEqual(yaml.safe_load(f)["groups"], shipped[0]["spec"]["groups"])

    def test_the_manifests_give_the_same_rights_as_the_chart(self):
        def rules(items):
            return {kind: sorted(json.dumps(item["rules"], sort_keys=True) for item in items
                                 if item["kind"] == kind and not item["metadata"]["name"].endswith("-forget"))
                    for kind in ("Role", "ClusterRole")}
        self.assertEqual(rules(chart().values()), rules(objects(kustomize(os.path.join(ROOT, "manifests")))))

    def test_the_namespaced_component_has_the_rules_of_the_cluster_role(self):
        items = manifests()
        cluster = [item["rules"] for item in objects(items["manifests"])
                   if item["kind"] == "ClusterRole" and item["metadata"]["name"] == "foretop"]
        own = [item["rules"] for item in objects(items["namespaced"])
               if item["kind"] == "Role" and item["metadata"]["name"] == "foretop"]
        self.assertEqual(cluster, own)
        self.assertFalse([item for item in objects(items["namespaced"]) if not item["metadata"].get("namespace")])

    def test_versions_agree(self):
        with open(os.path.join(ROOT, "VERSION"), encoding="utf-8") as f:
            version = f.read().strip()
        with open(os.path.join(CHART, "Chart.yaml"), encoding="utf-8") as f:
            meta = yaml.safe_load(f)
        self.assertEqual((version, version), (meta["version"], meta["appVersion"]))
        self.assertIn(f"foretop:{version}", meta["annotations"]["artifacthub.io/images"])
        with open(os.path.join(ROOT, "manifests", "kustomization.yaml"), encoding="utf-8") as f:
            self.assertEqual(version, yaml.safe_load(f)["images"][0]["newTag"])


class Matrix(unittest.TestCase):
    def test_every_feature_that_people_look_for_is_there(self):
        for feature, _, holds in matrix.ROWS:
            with self.subTest(feature):
                self.assertTrue(holds())


WRONG = [  # what is set, and what the message must name
    ("replicaCount=two", r"at '/replicaCount': got string, want integer"),
    ("replicaCount=-1", r"at '/replicaCount': minimum: got -1, want 0"),
    ("replicas=3", r"additional properties 'replicas' not allowed"),
    ("image.digest=sha256:12", r"at '/image/digest': 'sha256:12' does not match pattern"),
    ("image.pullPolicy=Sometimes", r"at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'"),
    ("log.format=xml", r"at '/log/format': value must be one of 'json', 'text'"),
    ("log.verbosity=11", r"at '/log/verbosity': maximum: got 11, want 10"),
    ("syncPeriod=15", r"at '/syncPeriod': got number, want string"),
    ("maxPolicies=0", r"at '/maxPolicies': minimum: got 0, want 1"),
    ("syncPeriod=15sec", r"at '/syncPeriod': '15sec' does not match pattern"),
    ("sources[0].name=default", r"at '/sources/0': missing property 'url'"),
    ("sources[0].name=default,sources[0].url=prometheus:9090", r"at '/sources/0/url': 'prometheus:9090' does not match"),
    ("sources[0].name=a,sources[0].url=http://x,sources[0].auth.type=bearer", r"at '/sources/0/auth': missing property 'existingSecret'"),
    ("sources[0].name=a,sources[0].url=http://x,sources[0].auth.type=digest", r"at '/sources/0/auth/type': value must be one of"),
    ("sources[0].name=a,sources[0].url=http://x,sources[0].tls.certKey=tls.crt", r"at '/sources/0/tls'"),
    ("watchNamespaces={Shop}", r"at '/watchNamespaces/0': 'Shop' does not match pattern"),
    ("service.port=0", r"at '/service/port': minimum: got 0, want 1"),
    ("resources.limits.memory=lots", r"at '/resources/limits/memory': 'lots' does not match pattern"),
    ("resources.limit.memory=1Gi", r"additional properties 'limit' not allowed"),
    ("serviceMonitor.enabled=yes please", r"at '/serviceMonitor/enabled': got string, want boolean"),
    ("admissionPolicies.authors=Maybe", r"at '/admissionPolicies/authors': value must be one of 'Deny', 'Warn'"),
    ("networkPolicy.flavor=calico", r"at '/networkPolicy/flavor': value must be one of 'kubernetes', 'cilium'"),
    ("hpa.tolerance=low", r"at '/hpa/tolerance': got string, want number"),
]
CONTRADICTIONS = [
    ("leaderElection.enabled=false", r"replicaCount is more than 1 while leaderElection.enabled is false"),
    ("rbac.clusterScoped=false", r"watchNamespaces must name the namespaces"),
    ("serviceMonitor.enabled=true,service.enabled=false", r"serviceMonitor.enabled needs service.enabled"),
    ("serviceMonitor.enabled=true,podMonitor.enabled=true", r"both true"),
    ("page.listen=:8443", r"page.tlsSecret and page.tokenReview are needed"),
    ("watchNamespaces={shop},page.tokenReview=true", r"needs rights outside of namespaces"),
]


class Schema(unittest.TestCase):
    def test_wrong_values_are_refused_with_a_clear_text(self):
        for wrong, message in WRONG + CONTRADICTIONS:
            with self.subTest(wrong):
                code, _, complaint = run("helm", "template", "foretop", CHART, "--set", wrong)
                self.assertNotEqual(0, code)
                self.assertRegex(complaint, message)

    def test_every_value_has_a_place_in_the_schema_and_the_other_way_round(self):
        with open(os.path.join(CHART, "values.yaml"), encoding="utf-8") as f:
            values = yaml.safe_load(f)
        with open(os.path.join(CHART, "values.schema.json"), encoding="utf-8") as f:
            schema = json.load(f)

        def same(node, part, where):
            if "properties" not in part or "required" in part:
                return
            self.assertEqual(set(part["properties"]), set(node), where)
            for key, value in node.items():
                if isinstance(value, dict):
                    same(value, part["properties"][key], f"{where}.{key}")
        same(values, schema, "values")


class OnTheServer(unittest.TestCase):
    """What only a real API server can say."""

    def setUp(self):
        self.kubectl = SERVER["cluster"].kubectl

    def apply(self, text, *args):
        return self.kubectl("apply", "-f", "-", *args, text=text)

    def with_accounts(self, text):
        """Admission of pods asks for their ServiceAccounts."""
        accounts = [item for item in objects(text) if item["kind"] == "ServiceAccount"]
        if accounts:
            self.apply(yaml.safe_dump_all(accounts))

    def test_a_dry_run_of_everything(self):
        for path in ci_files():
            with self.subTest(os.path.basename(path)):
                # The classes of ci/ are not there.
                text = re.sub(r"(priority|runtime)ClassName: .*", "", template("-f", path))
                self.with_accounts(text)
                self.apply(text, "--dry-run=server")
        for what, text in manifests().items():
            with self.subTest(what):
                self.with_accounts(text)
                self.apply(text, "--dry-run=server")


class Admission(unittest.TestCase):
    """The ValidatingAdmissionPolicies of the chart and of manifests/, in force."""

    @classmethod
    def setUpClass(cls):
        cls.kubectl = staticmethod(SERVER["cluster"].kubectl)
        people = []
        writes = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}]
        scales = writes + [{"apiGroups": ["apps"], "verbs": ["get", "update"],
                            "resources": ["deployments/scale", "statefulsets/scale", "replicasets/scale"]}]
        keeps = scales + [{"apiGroups": ["autoscaling"], "verbs": ["update"], "resources": ["horizontalpodautoscalers"]}]
        both = keeps + [{"apiGroups": ["keda.sh"], "verbs": ["update"], "resources": ["scaledobjects"]}]
        for name, rules in (("writer", writes), ("author", scales), ("keeper", keeps), ("keda-keeper", both)):
            people.append({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
                           "metadata": {"name": name, "namespace": "shop"}, "rules": rules})
            people.append({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                           "metadata": {"name": name, "namespace": "shop"},
                           "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
                           "subjects": [{"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}]})
        # The rights that foretop has, and more: it is the admission that must say no.
        people.append({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                       "metadata": {"name": "too-much"},
                       "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
                       "subjects": [{"kind": "ServiceAccount", "name": "foretop", "namespace": NAMESPACE}]})
        cls.kubectl("apply", "-f", "-", text=yaml.safe_dump_all(people))
        for scaler in (hpa, scaled_object):
            cls.kubectl("apply", "-f", "-", text=json.dumps(scaler(2, 10)))

    @classmethod
    def tearDownClass(cls):
        for scaler in (hpa, scaled_object):
            cls.kubectl("delete", "-f", "-", text=json.dumps(scaler(2, 10)))
        cls.kubectl("delete", "clusterrolebinding", "too-much")

    def check_with(self, policies, keda=False):
        # The server learns of rights and of policies a moment after it stored them; what the test before removed may be
        # in force still, and would be taken for what this one applies.
        probes = self.probes(keda)
        self.wait_until_refused("the rights to be there and no policy in force", [(*probe[:2], "") for probe in probes])
        self.kubectl("apply", "-f", "-", text=policies)
        try:
            self.wait_until_refused("every policy to be in force", probes)
            self.check_authors()
            self.check_authors_of_floors(keda)
            self.check_foretop_itself()
        finally:
            self.kubectl("delete", "-f", "-", text=policies)

    def probes(self, keda):
        """Who tries what, and a part of the refusal, for each policy."""
        floor = configmap("web", text="mode: Floor")
        return [("writer", configmap("web"), "must be allowed to update deployments/scale"),
                ("author", floor, "must be allowed to update horizontalpodautoscalers"),
                ("keeper", floor, "must be allowed to update scaledobjects" if keda else ""),
                ("keda-keeper", floor, ""),
                (FORETOP, configmap("x", NAMESPACE, {}), "only ConfigMaps with the label"),
                (FORETOP, hpa(2, 11), "nothing but the minimum"), (FORETOP, scaled_object(2, 11), "nothing but the minimum")]

    def wait_until_refused(self, what, probes):
        said = []

        def all_as_wanted():
            said[:] = [self.tried(user, item) for user, item, _ in probes]
            return all(wanted in got and bool(wanted) == bool(got) for got, (_, _, wanted) in zip(said, probes))
        try:
            wait_for(what, all_as_wanted, 120)
        except Timeout as error:
            self.fail(f"{error}; the server says {said}")

    def tried(self, user, item, *args):
        """What the server says when this user writes that; "" when it lets them."""
        code, _, complaint = run("kubectl", "--kubeconfig", SERVER["cluster"].kubeconfig, "--as", user, "apply",
                                 "--dry-run=server", "-f", "-", *args, text=json.dumps(item))
        return complaint if code else ""

    def check_authors(self):
        self.assertIn("who writes a Foretop policy must be allowed to update deployments/scale in the namespace shop",
                      self.tried("writer", configmap("web")))
        self.assertEqual("", self.tried("author", configmap("web")))
        self.assertEqual("", self.tried("writer", configmap("plain", labels={})), "ConfigMaps that are no policies")

    def check_authors_of_floors(self, keda):
        """Whoever moves the minimum of an HPA must be allowed to."""
        floors = ("mode: Floor", '{"mode": "Floor"}', 'mode: "\\x46loor"', '{"mode": "Fl\\u006for"}', 'mode: "Flo\\\nor"')
        for text in floors:
            self.assertIn("of mode Floor must be allowed to update horizontalpodautoscalers in the namespace shop",
                          self.tried("author", configmap("web", text=text)), text)
            said = self.tried("keeper", configmap("web", text=text))
            if keda:
                self.assertIn("of mode Floor must be allowed to update scaledobjects in the namespace shop", said, text)
            else:
                self.assertEqual("", said, text)
            self.assertEqual("", self.tried("keda-keeper", configmap("web", text=text)), text)
        # No more is asked of others, and a policy that became one is asked for it.
        scale = 'mode: Scale\nmetrics: [{query: "x{pod=~\\"web-.*\\\\.eu\\"}"}]\n'
        self.assertEqual("", self.tried("author", configmap("web", text=scale)))
        self.kubectl("apply", "-f", "-", text=json.dumps(configmap("web", text=scale)))
        self.assertIn("of mode Floor", self.tried("author", configmap("web", text=floors[0])))
        self.kubectl("delete", "configmap", "-n", "shop", "web")

    def check_foretop_itself(self):
        self.assertEqual("", self.tried(FORETOP, configmap("shop.web", NAMESPACE, {"foretop.io/status": "v1"})))
        self.assertIn("only ConfigMaps with the label", self.tried(FORETOP, configmap("x", NAMESPACE, {})))
        self.kubectl("apply", "-f", "-", text=json.dumps(configmap("others", NAMESPACE, {})))
        self.assertIn("takes over no ConfigMap",
                      self.tried(FORETOP, configmap("others", NAMESPACE, {"foretop.io/status": "v1"})))
        for scaler in (hpa, scaled_object):
            self.assertEqual("", self.tried(FORETOP, scaler(5, 10)))
            self.assertEqual("", self.tried(FORETOP, scaler(None, 10)))
            for other in (scaler(2, 11), scaler(2, None), scaler(5, 10, "api")):
                self.assertIn("nothing but the minimum of an HPA or a ScaledObject", self.tried(FORETOP, other), other)
            self.kubectl("apply", "--dry-run=server", "-f", "-", text=json.dumps(scaler(2, 11)))  # others may

    def test_those_of_the_chart(self):
        self.check_with(template("--show-only", "templates/admission.yaml"))

    def test_those_of_the_chart_with_keda(self):
        for args in (("--set", "admissionPolicies.keda=true"), ("--api-versions", "keda.sh/v1alpha1")):
            self.check_with(template("--show-only", "templates/admission.yaml", *args), keda=True)

    def test_those_of_the_component_with_keda(self):
        self.check_with(yaml.safe_dump_all(item for item in objects(manifests()["keda"])
                                           if item["kind"].startswith("ValidatingAdmissionPolicy")), keda=True)

    def test_those_of_the_manifests(self):
        with open(os.path.join(ROOT, "manifests", "base", "admission.yaml"), encoding="utf-8") as f:
            self.check_with(f.read())


class Prometheus(http.server.BaseHTTPRequestHandler):
    """Knows the answer to vector(time())."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Commands(unittest.TestCase):
    """`foretop check` and `foretop forget` with the rights that the chart gives."""

    def setUp(self):
        self.cluster = SERVER["cluster"]
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Prometheus)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def install(self, *args):
        """The rights and the configuration of the chart; the kubeconfig of its ServiceAccount and the file."""
        items = objects(template("--set", "cleanup.enabled=false", "--set", "sources[0].name=default,sources[0].url=http://"
                                 f"127.0.0.1:{self.server.server_port}", *args))
        rights = [item for item in items if item["kind"] in (
            "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")]
        self.addCleanup(self.cluster.wait_for_no_rights, rights)  # the next test's are of the same names
        self.addCleanup(self.cluster.kubectl, "delete", "-f", "-", text=yaml.safe_dump_all(rights))
        self.cluster.kubectl("apply", "-f", "-", text=yaml.safe_dump_all(rights))
        self.cluster.wait_for_rights(rights)
        config, = (item for item in items if item["kind"] == "ConfigMap" and "controller.yaml" in item["data"])
        path = self.cluster.path("controller.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(config["data"]["controller.yaml"])
        token = self.cluster.kubectl("create", "token", "foretop", "-n", NAMESPACE)
        kubeconfig = self.cluster.write_kubeconfig("sa", {"token": token}, NAMESPACE)
        # It may still know the account of the test before, of another uid.
        wait_for("the API server to know the ServiceAccount", lambda: run(
            "kubectl", "--kubeconfig", kubeconfig, "auth", "whoami")[0] == 0, 60)
        return kubeconfig, path

    def foretop(self, *args):
        done = subprocess.run([os.environ["FORETOP"], *args], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def check(self, want, *args, values=()):
        """`foretop check`, which ends with this code; what it said."""
        kubeconfig, config = self.install(*values)
        code, out, complaint = self.foretop("check", "--kubeconfig", kubeconfig, "--config", config, *args)
        self.assertEqual((want, ""), (code, complaint), out)
        return out

    def test_the_rights_of_the_chart_are_enough(self):
        for values, flags in (((), ()), (("--set", "dryRun=true"), ("--dry-run",)),
                              (("--set", "rbac.floor=false,rbac.scale=false"), ("--without=Scale", "--without=Floor")),
                              (("--set", "watchNamespaces={shop}"), ()),
                              (("--set", "watchNamespaces={shop,bakery}"), ()),
                              (("--set", "watchNamespaces={shop,bakery},rbac.clusterScoped=true"), ())):
            with self.subTest(values):
                out = self.check(0, *flags, values=values)
                self.assertNotIn("FAIL", out)
                self.assertRegex(out, r"ok   has the \d+ rights that it needs")
                self.assertIn("ok   source default answers", out)
                self.doCleanups()
                self.setUp()

    def test_what_is_missing_is_named(self):
        out = self.check(1, values=("--set", "rbac.floor=false"))
        self.assertEqual(["FAIL may not get horizontalpodautoscalers.autoscaling in every namespace",
                          "FAIL may not patch horizontalpodautoscalers.autoscaling in every namespace"],
                         [line for line in out.splitlines() if line.startswith("FAIL")])

    def test_a_source_that_does_not_answer_is_named(self):
        self.server.shutdown()
        self.server.server_close()
        out = self.check(1)
        self.assertRegex(out, rf"FAIL http://127.0.0.1:{self.server.server_port}: source default: ")

    def test_a_wrong_configuration_and_wrong_flags(self):
        path = self.cluster.path("wrong.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write("sources: []\nsyncPeriods: 15s\n")
        code, out, _ = self.foretop("check", "--config", path)
        self.assertEqual(1, code)
        self.assertIn('unknown field "syncPeriods"', out)
        for args, message in ((("--config",), "needs a value"), ((), "--config is needed"),
                              (("--config", path, "x"), "takes flags only"), (("--fast",), "--fast"),
                              (("--without=Speed",), "allowed: Scale, Floor")):
            code, _, complaint = self.foretop("check", *args)
            self.assertEqual(2, code)
            self.assertIn(message, complaint)

    def test_named_namespaces_are_served_without_a_right_to_look_elsewhere(self):
        kubeconfig, config = self.install("--set", "watchNamespaces={shop,bakery}")
        policies = [policy("web", "shop"), policy("oven", "bakery"), policy("elsewhere", "monitoring")]
        self.cluster.kubectl("apply", "-f", "-", text=yaml.safe_dump_all(policies))
        self.addCleanup(self.cluster.kubectl, "delete", "-f", "-", text=yaml.safe_dump_all(policies))
        code, _, complaint = run("kubectl", "--kubeconfig", kubeconfig, "get", "configmaps", "-A")
        self.assertNotEqual(0, code)
        self.assertIn("forbidden", complaint)
        code, out, complaint = self.foretop("run", "--once", "--dry-run", "--kubeconfig", kubeconfig, "--config", config)
        self.assertEqual(0, code, complaint)
        self.assertRegex(out, r"(?m)^shop +web ")
        self.assertRegex(out, r"(?m)^bakery +oven ")
        self.assertNotIn("elsewhere", out)
        self.assertNotIn("forbidden", complaint)

    def test_forget_takes_what_is_ours_and_nothing_else(self):
        own = {"app.kubernetes.io/part-of": "foretop"}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                 "metadata": {"name": "foretop", "namespace": NAMESPACE, "labels": own}}
        foreign = {**lease, "metadata": {"name": "foreign", "namespace": NAMESPACE}}
        items = [lease, foreign, configmap("shop.web", NAMESPACE, {**own, "foretop.io/status": "v1"}),
                 configmap("foretop", NAMESPACE, own), configmap("policy", NAMESPACE)]
        self.cluster.kubectl("apply", "-f", "-", text=yaml.safe_dump_all(items))
        args = ("forget", "--kubeconfig", self.cluster.kubeconfig, "--foretop-namespace", NAMESPACE)
        want = f"configmap/shop.web forgotten in {NAMESPACE}%s\nlease.coordination.k8s.io/foretop forgotten in {NAMESPACE}%s\n"
        self.assertEqual((0, want.replace("%s", " (dry run)"), ""), self.foretop(*args, "--dry-run"))
        self.assertEqual((0, want.replace("%s", ""), ""), self.foretop(*args))
        self.assertEqual((0, "", ""), self.foretop(*args))
        left = self.cluster.kubectl("get", "leases,configmaps", "-n", NAMESPACE, "-o", "name").split()
        self.assertEqual({"lease.coordination.k8s.io/foreign", "configmap/foretop", "configmap/policy"},
                         set(left) & {"lease.coordination.k8s.io/foreign", "lease.coordination.k8s.io/foretop",
                                      "configmap/foretop", "configmap/policy", "configmap/shop.web"})
        self.assertEqual(2, self.foretop("forget", "everything")[0])
        self.assertEqual(1, self.foretop("forget", "--kubeconfig", "/nonexistent")[0])


def configmap(name, namespace="shop", labels=None, text=None):
    labels = {"foretop.io/policy": "v1"} if labels is None else labels
    data = {} if text is None else {"data": {"policy.yaml": text}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace, "labels": labels}, **data}


def policy(name, namespace):
    """One that is refused: --once need not wait for a decision of it."""
    ret = configmap(name, namespace)
    ret["data"] = {"policy.yaml": "minReplicas: 1\n"}
    return ret


def hpa(lowest, highest, target="web"):
    highest = {"maxReplicas": highest} if highest else {"maxReplicas": 12}
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}, **highest,
                     **({"minReplicas": lowest} if lowest else {})}}


def scaled_object(lowest, highest, target="web"):
    return {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"scaleTargetRef": {"name": target}, "triggers": [{"type": "cpu", "metadata": {"value": "60"}}],
                     **({"minReplicaCount": lowest} if lowest else {}), **({"maxReplicaCount": highest} if highest else {})}}
