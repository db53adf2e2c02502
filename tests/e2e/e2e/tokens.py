"""ServiceAccount tokens that can be taken back: each is bound to a Secret, and dies with it. The API server believes a
token that it has seen for ten seconds more."""
import base64
import json

BELIEVED_S = 10


def issue(api, namespace, secret, account="foretop"):
    """A token of the namespace's ServiceAccount."""
    created = api.create(f"/api/v1/namespaces/{namespace}/secrets", {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret}})
    answer = api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", {
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {
            "expirationSeconds": 3600, "boundObjectRef": {
                "apiVersion": "v1", "kind": "Secret", "name": secret, "uid": created["metadata"]["uid"]}}})
    return answer["status"]["token"]


def take_back(api, namespace, secret):
    api.request("DELETE", f"/api/v1/namespaces/{namespace}/secrets/{secret}")


def identity(token):
    """What the audit log calls it."""
    body = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return "JTI=" + claims["jti"]


def used(event):
    """The identity of the token behind an event of the audit log, or None."""
    extra = event["user"].get("extra") or {}
    return (extra.get("authentication.kubernetes.io/credential-id") or [None])[0]
