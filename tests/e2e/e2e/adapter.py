"""A metrics adapter: metrics.k8s.io and external.metrics.k8s.io for the real HPA controller, behind an APIService whose
Service is the name localhost (the aggregator resolves ExternalName Services itself, so no cluster network is needed)."""
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GROUPS = ("metrics.k8s.io", "external.metrics.k8s.io")
VERSION = "v1beta1"
WINDOW = "60s"  # as Foretop reads a rate over a minute


def timestamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def milli(value):
    return f"{round(value * 1000)}m"


class Adapter:
    """source.external(namespace, name) -> value or None; source.pods(namespace, labelSelector) -> [(pod, labels,
    {container: (cores, bytes)})]; source.sampled_at: when these were true."""

    def __init__(self, cluster, source):
        self.cluster = cluster
        self.source = source
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*cluster.authority.server("adapter"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]

    def start(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def register(self):
        api = self.cluster.api
        self.cluster.create_namespace("adapter")
        api.create("/api/v1/namespaces/adapter/services", {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "adapter"},
            "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": self.port}]}})
        for group in GROUPS:
            api.create("/apis/apiregistration.k8s.io/v1/apiservices", {
                "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
                "metadata": {"name": f"{VERSION}.{group}"},
                "spec": {"group": group, "version": VERSION, "groupPriorityMinimum": 100, "versionPriority": 100,
                         "insecureSkipTLSVerify": True,
                         "service": {"namespace": "adapter", "name": "adapter", "port": self.port}}})

    def available(self):
        def conditions(group):
            path = f"/apis/apiregistration.k8s.io/v1/apiservices/{VERSION}.{group}"
            return self.cluster.api.get(path).get("status", {}).get("conditions", [])
        return all(any(c["type"] == "Available" and c["status"] == "True" for c in conditions(group))
                   for group in GROUPS)

    def answer(self, path, query):
        """The object at a path, None for one that does not exist."""
        parts = path.strip("/").split("/")
        if parts == ["apis"] or len(parts) < 3:
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": []}
        if len(parts) == 3:
            return self._resources(parts[1])
        if parts[3] != "namespaces" or len(parts) != 6:
            return None
        if parts[1] == GROUPS[1]:
            return self._external(parts[4], parts[5])
        return self._pods(parts[4], query)

    @staticmethod
    def _resources(group):
        resources = [{"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics",
                      "verbs": ["get", "list"]}] if group == GROUPS[0] else []
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{group}/{VERSION}",
                "resources": resources}

    def _external(self, namespace, name):
        value = self.source.external(namespace, name)
        items = [] if value is None else [{
            "metricName": name, "metricLabels": {}, "timestamp": timestamp(self.source.sampled_at),
            "value": milli(value)}]
        return {"kind": "ExternalMetricValueList", "apiVersion": f"{GROUPS[1]}/{VERSION}", "metadata": {},
                "items": items}

    def _pods(self, namespace, query):
        app = dict(part.split("=", 1) for part in query.get("labelSelector", [""])[0].split(",") if "=" in part)
        items = [{
            "metadata": {"name": pod, "namespace": namespace, "labels": labels},
            "timestamp": timestamp(self.source.sampled_at), "window": WINDOW,
            "containers": [{"name": container, "usage": {"cpu": milli(cores), "memory": str(int(size))}}
                           for container, (cores, size) in containers.items()]}
            for pod, labels, containers in self.source.pods(namespace, app)]
        return {"kind": "PodMetricsList", "apiVersion": f"{GROUPS[0]}/{VERSION}", "metadata": {}, "items": items}

    def _handler(self):
        from urllib.parse import parse_qs, urlsplit
        adapter = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                url = urlsplit(self.path)
                value = adapter.answer(url.path, parse_qs(url.query))
                body = json.dumps(value or {"kind": "Status", "apiVersion": "v1", "status": "Failure",
                                            "reason": "NotFound", "code": 404}).encode()
                self.send_response(200 if value else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args):
                pass

        return Handler


def front_proxy_flags(authority):
    """What lets the API server's aggregator speak for its users."""
    cert, key = authority.client("front-proxy", "foretop-e2e")
    return [f"--requestheader-client-ca-file={authority.ca}", "--requestheader-allowed-names=front-proxy",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-", "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User", f"--proxy-client-cert-file={cert}",
            f"--proxy-client-key-file={key}"]
