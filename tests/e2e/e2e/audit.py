"""Reading the API server's audit log."""
import json
import os
import time
from dataclasses import dataclass
from datetime import datetime

WRITES = ("create", "update", "patch", "delete", "deletecollection")


@dataclass(frozen=True)
class ScaleWrite:
    time: float
    user: str
    namespace: str
    name: str
    status: int
    replicas: int


def read(path):
    """The events that have ended, in order; a last line that is still being written is left out."""
    events = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.endswith("\n"):
                event = json.loads(line)
                if event["stage"] in ("ResponseComplete", "Panic"):
                    events.append(event)
    return events


def read_last(path):
    """The events once nothing is written any more: the last ones reach the log after their answers were sent."""
    end, size = time.monotonic() + 60, -1
    while size != os.path.getsize(path) and time.monotonic() < end:
        size = os.path.getsize(path)
        time.sleep(3)
    return read(path)


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def scale_writes(events):
    """Every write to a scale subresource, refused ones included. Its time is when the answer was sent."""
    writes = []
    for event in events:
        ref = event.get("objectRef") or {}
        if ref.get("subresource") == "scale" and event["verb"] in WRITES:
            body = event.get("requestObject") or {}
            writes.append(ScaleWrite(
                seconds(event["stageTimestamp"]), event["user"]["username"], ref.get("namespace", ""), ref["name"],
                event["responseStatus"].get("code", 0), (body.get("spec") or {}).get("replicas", 0)))
    return writes


def refused(events, user):
    """What a user was not allowed to do: ["verb resource in namespace"], each once."""
    found = []
    for event in events:
        if event["user"]["username"] == user and event["responseStatus"].get("code") == 403:
            ref = event.get("objectRef") or {}
            text = (f"{event['verb']} {ref.get('resource', event['requestURI'])}"
                    f"{'/' + ref['subresource'] if ref.get('subresource') else ''} in {ref.get('namespace', '-')}")
            if text not in found:
                found.append(text)
    return found


def verbs(events, user):
    """How often a user did what: {"verb resource": count}."""
    counts = {}
    for event in events:
        if event["user"]["username"] == user:
            ref = event.get("objectRef") or {}
            what = ref.get("resource", event["requestURI"])
            if ref.get("subresource"):
                what += "/" + ref["subresource"]
            key = f"{event['verb']} {what}"
            counts[key] = counts.get(key, 0) + 1
    return counts
