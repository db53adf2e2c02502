"""A small Kubernetes client for the test itself: requests, and watches that survive a cut."""
import http.client
import json
import ssl
import threading
import time
import urllib.parse


class ApiError(OSError):
    def __init__(self, status, text):
        super().__init__(f"status {status}: {text[:300]}")
        self.status = status


class Api:
    """Speaks to https://127.0.0.1:port with a client certificate or a token. Safe to share between threads."""

    def __init__(self, port, ca, cert=None, key=None, token=None):
        self.port = port
        self.token = token
        self.context = ssl.create_default_context(cafile=ca)
        if cert:
            self.context.load_cert_chain(cert, key)
        self.local = threading.local()

    def connect(self, timeout=30):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=timeout)

    def headers(self, content_type):
        headers = {"Accept": "application/json", "User-Agent": "foretop-e2e"}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if content_type:
            headers["Content-Type"] = content_type
        return headers

    def request(self, method, path, body=None, content_type="application/json"):
        """The decoded answer; ApiError for anything but a 2xx."""
        data = json.dumps(body) if body is not None else None
        for attempt in (1, 2):
            connection = getattr(self.local, "connection", None) or self.connect()
            self.local.connection = connection
            try:
                connection.request(method, path, data, self.headers(content_type if data else None))
                answer = connection.getresponse()
                text = answer.read().decode()
                break
            except (OSError, http.client.HTTPException):
                connection.close()
                self.local.connection = None
                if attempt == 2 or method != "GET":
                    raise
        if answer.status >= 300:
            raise ApiError(answer.status, text)
        return json.loads(text) if text.startswith("{") else text

    def get(self, path):
        return self.request("GET", path)

    def create(self, path, body):
        return self.request("POST", path, body)

    def patch(self, path, body):
        return self.request("PATCH", path, body, "application/merge-patch+json")

    def follow(self, path, handle, stop, **parameters):
        """Lists, then watches until stop is set; handle("REPLACE", [objects]) after each list, handle("ADDED" |
        "MODIFIED" | "DELETED", object) for each event."""
        while not stop.is_set():
            try:
                listed = self.get(path + "?" + urllib.parse.urlencode(parameters))
                handle("REPLACE", listed["items"])
                version = listed["metadata"]["resourceVersion"]
                while not stop.is_set() and version:
                    version = self._watch(path, version, handle, stop, parameters)
            except (OSError, http.client.HTTPException, ValueError):
                if not stop.is_set():
                    time.sleep(0.2)

    def _watch(self, path, version, handle, stop, parameters):
        """One watch to its end; the version to go on from, None to list again."""
        query = dict(parameters, watch="true", allowWatchBookmarks="true", resourceVersion=version,
                     timeoutSeconds="300")
        connection = self.connect(timeout=330)
        try:
            connection.request("GET", path + "?" + urllib.parse.urlencode(query), headers=self.headers(None))
            answer = connection.getresponse()
            if answer.status != 200:
                return None
            for line in lines(answer, stop):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return None
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    handle(event["type"], event["object"])
            return version
        finally:
            connection.close()


def lines(answer, stop):
    """The complete lines of a chunked answer until its end. Blocks on a quiet server: for daemon threads."""
    pending = b""
    while not stop.is_set():
        chunk = answer.read1(1 << 16)
        if not chunk:
            return
        *whole, pending = (pending + chunk).split(b"\n")
        yield from whole
