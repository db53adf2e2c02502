"""Draws the dashboards as Grafana does: its own scenes and panels (grafana/) in a headless Chromium, their variables and
queries answered by a real Prometheus. Every panel must be drawn, without an error and with data. All traffic is on
loopback. Used by live.py."""
import base64
import functools
import http.server
import json
import pathlib
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
from browser import Browser, Failed, find_program  # noqa: E402

BOARDS = ROOT / "charts/foretop/dashboards"
WIDTH = 1280
WAIT_S = 300
# As in the address of a dashboard that somebody opens.
CHOSEN = {"policy": {"var-namespace": "shop", "var-policy": "checkout"}}
# Pixels of a canvas that are not of its background colour: lines, areas, axes.
PAINTED = """[...document.querySelectorAll("canvas")].map((c) => {
  const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
  let n = 0;
  for (let i = 3; i < d.length; i += 4) n += d[i] > 0;
  return n;
})"""

# Grafana's own box in place of a panel that threw.
BROKEN = "[...document.querySelectorAll('details')].map((d) => { d.open = true; return d.innerText; }).join()"


class Folder(http.server.SimpleHTTPRequestHandler):
    """The bundle, and the dashboards beside it."""

    def translate_path(self, path):
        path = urllib.parse.urlsplit(path).path
        if path.startswith("/boards/"):
            return str(BOARDS / pathlib.PurePosixPath(path).name)
        return super().translate_path(path)

    def log_message(self, *_):
        pass


def need(holds, text):
    if not holds:
        raise Failed(text)


def wait_drawn(browser, name):
    """Until every panel and variable has its answer; what became of them."""
    end = time.monotonic() + WAIT_S
    while True:
        text = browser.value("window.shown ? JSON.stringify(window.shown()) : ''")
        shown = json.loads(text) if text else None
        if shown and all(p["done"] for p in shown["panels"]) and not any(v["loading"] for v in shown["variables"].values()) \
                and all(layer["done"] for layer in shown["layers"]):
            return shown
        need(time.monotonic() < end, f"{name}: not drawn in time: {text or browser.complaints()}")
        time.sleep(0.1)


def check(browser, board, shown, name):
    wanted = [p for p in board["panels"] if p["type"] != "row"]
    need([p["title"] for p in wanted] == [p["title"] for p in shown["panels"]], f"{name}: other panels: {shown['panels']}")
    for panel in shown["panels"]:
        need(not panel["errors"], f"{name}/{panel['title']}: {panel['errors']}")
        need(panel["values"] > 0, f"{name}/{panel['title']}: no data")
    for variable, state in shown["variables"].items():
        need(not state["error"] and state["value"] not in (None, "", []), f"{name}: ${variable}: {state}")
    need([a["name"] for a in board["annotations"]["list"]] == [layer["name"] for layer in shown["layers"]],
         f"{name}: other annotations: {shown['layers']}")
    for layer in shown["layers"]:
        need(not layer["errors"] and layer["events"] > 0, f"{name}: annotation: {layer}")
    marks = sum(layer["events"] for layer in shown["layers"])
    browser.wait(f"[...document.querySelectorAll('.uplot')].every((u) => u.dataset.marks === '{marks}')",
                 f"{name}: {marks} annotations in every time series")
    need(not shown["unknown"], f"{name}: settings that no panel knows: {shown['unknown']}")
    need(browser.value("document.querySelectorAll('[data-empty]').length") == 0, f"{name}: a panel says that it has no data")
    need(not browser.value(BROKEN), f"{name}: a panel broke while it was drawn: {browser.value(BROKEN)}")
    curves = sum(p["type"] == "timeseries" for p in wanted)
    browser.wait(f"{PAINTED}.filter((n) => n > 500).length === {curves}", f"{name}: {curves} time series are drawn")
    text = browser.value("document.body.innerText")
    for panel in wanted:
        need(panel["title"] in text, f"{name}: {panel['title']} is not to be seen")
    need(not [c for c in browser.complaints() if "exceptionDetails" in c], f"{name}: {browser.complaints()}")


def draw_board(browser, url, name, prometheus, window):
    args = {"board": f"boards/{name}.json", "prometheus": prometheus, "from": int(window[0] * 1000), "to": int(window[1] * 1000)}
    browser.open(f"{url}/?" + urllib.parse.urlencode({**args, **CHOSEN.get(name, {})}))
    browser.look(WIDTH, dark=True)
    shown = wait_drawn(browser, name)
    height = browser.value("Math.ceil(document.querySelector('#board').getBoundingClientRect().bottom) + 16")
    browser.call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=height, deviceScaleFactor=1, mobile=False)
    check(browser, json.loads((BOARDS / f"{name}.json").read_text()), shown, name)
    return base64.b64decode(browser.call("Page.captureScreenshot")["data"]), len(shown["panels"])


def draw(bundle, prometheus, window, pictures=None):
    """Draws all dashboards for the time between the two (unix seconds); pictures: a folder for PNGs. Raises Failed."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Folder, directory=bundle))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = None
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            browser = Browser(find_program(), profile)
            for path in sorted(BOARDS.glob("*.json")):
                picture, count = draw_board(browser, f"http://127.0.0.1:{server.server_port}", path.stem, prometheus, window)
                if pictures:
                    (pathlib.Path(pictures) / f"{path.stem}.png").write_bytes(picture)
                print(f"{path.stem}: {count} panels drawn by Grafana's own scenes and panels")
            browser.close()
            browser = None
    finally:
        if browser:
            browser.close()
        server.shutdown()
        server.server_close()
