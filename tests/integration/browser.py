#!/usr/bin/env python3
"""Looks at the page in a real, headless Chromium, over its debugging pipe: no package beside Python's own is needed.

usage: browser.py shop URL | browser.py many URL COUNT

`shop` is the page of `foretop demo`, three policies with their past; `many` has COUNT policies. Ends with 0 when
everything holds, else with 1 and the sentence that does not. SCREENSHOTS=DIR keeps pictures for people to look at.
"""
import base64
import itertools
import json
import os
import select
import subprocess
import sys
import tempfile
import time

WAIT_S = 300
WIDTHS = (1280, 768, 360)
NAMES = ("chromium", "chromium-browser", "google-chrome")

# Every text against what is behind it: WCAG's contrast, 4.5 for usual text.
CONTRAST = """
(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const known = new Map();
  const rgba = (color) => {
    if (known.has(color)) return known.get(color);
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    const d = canvas.getImageData(0, 0, 1, 1).data;
    known.set(color, [d[0], d[1], d[2], d[3] / 255]);
    return known.get(color);
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const light = (c) => c.map((v) => v / 255).map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = (e) => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const bad = [];
  for (const e of document.querySelectorAll("body *")) {
    const text = [...e.childNodes].filter((n) => n.nodeType === 3 && n.data.trim()).map((n) => n.data.trim()).join(" ");
    if (!text || !e.checkVisibility() || ["SCRIPT", "STYLE", "TITLE", "DESC", "NOSCRIPT"].includes(e.tagName.toUpperCase()))
      continue;
    const style = getComputedStyle(e), below = behind(e);
    const ink = over(rgba(e instanceof SVGElement ? style.fill : style.color), below);
    const [a, b] = [light(ink), light(below)].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) bad.push(text.slice(0, 40) + " " + ((a + .05) / (b + .05)).toFixed(2));
  }
  return bad;
})()
"""


class Failed(Exception):
    """Something on the page is not as it should be."""


def need(holds, text):
    if not holds:
        raise Failed(text)


class Browser:
    """One Chromium with one tab. Commands and events are JSON texts that end with a zero byte."""

    def __init__(self, program, folder):
        command_out, command_in = os.pipe()
        answer_out, answer_in = os.pipe()
        flags = ["--headless=new", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage",
                 "--disable-background-networking", "--remote-debugging-pipe", "--hide-scrollbars",
                 f"--user-data-dir={folder}", "about:blank"]
        if os.geteuid() == 0:
            flags.insert(0, "--no-sandbox")
        self.process = subprocess.Popen(
            # By path: after "<&" a shell need not know numbers of two digits.
            ["sh", "-c", f'exec "$@" 3</proc/self/fd/{command_out} 4>/proc/self/fd/{answer_in}', "sh", program, *flags],
            pass_fds=(command_out, answer_in), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(command_out)
        os.close(answer_in)
        self.to, self.of = command_in, answer_out
        self.ids = itertools.count(1)
        self.rest, self.events, self.session = b"", [], None
        page = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Accessibility", "DOM"):
            self.call(domain + ".enable")

    def close(self):
        os.close(self.to)  # it ends when its pipe does
        try:
            self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.of)

    def read(self, until):
        """The next message; an event is kept."""
        while b"\0" not in self.rest:
            left = until - time.monotonic()
            need(left > 0 and select.select([self.of], [], [], left)[0], "the browser does not answer")
            more = os.read(self.of, 1 << 20)
            need(more, "the browser ended")
            self.rest += more
        text, _, self.rest = self.rest.partition(b"\0")
        message = json.loads(text)
        if "id" not in message:
            self.events.append(message)
        return message

    def call(self, method, **params):
        message = {"id": next(self.ids), "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + WAIT_S
        while True:
            answer = self.read(until)
            if answer.get("id") == message["id"]:
                need("error" not in answer, f"{method}: {answer.get('error')}")
                return answer["result"]

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        need("exceptionDetails" not in result, f"{expression}: {result.get('exceptionDetails')}")
        return result["result"].get("value")

    def wait(self, expression, what):
        until = time.monotonic() + WAIT_S
        while not self.value(expression):
            need(time.monotonic() < until, f"waited in vain: {what}")
            select.select([self.of], [], [], 0.05)

    def look(self, width=1280, dark=False):
        """Another window, another taste: the page follows at once."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, url, scripts=True):
        """Loads a page; what it complained of is kept from here on."""
        self.look()
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.events.clear()
        error = self.call("Page.navigate", url=url).get("errorText")
        need(not error, f"{url}: {error}")
        until = time.monotonic() + WAIT_S
        while not any(e["method"] == "Page.loadEventFired" for e in self.events):
            self.read(until)

    def complaints(self):
        return [e["params"] for e in self.events if e["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")]

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode={"Tab": 9, "Enter": 13}[key], text="\r" if key == "Enter" else "")

    def picture(self, name):
        folder = os.environ.get("SCREENSHOTS")
        if not folder:
            return
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        with open(os.path.join(folder, name + ".png"), "wb") as f:
            f.write(base64.b64decode(data))


# --- what must hold for every document ---

def check_fits(browser, url, name):
    """Nothing sticks out to the side, in the light and in the dark, and all text can be read."""
    browser.open(url)
    for dark, width in itertools.product((False, True), WIDTHS):
        browser.look(width, dark)
        wide = browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        need(wide <= 0, f"{url} is {wide} pixels too wide at {width}")
        if width == WIDTHS[0]:
            bad = browser.value(CONTRAST)
            need(not bad, f"{url}, {'dark' if dark else 'light'}: too little contrast: {bad}")
        browser.picture(f"{name}-{width}-{'dark' if dark else 'light'}")


def check_quiet(browser, url):
    """No error, and nothing that the content policy had to stop."""
    need(not browser.complaints(), f"{url}: {browser.complaints()}")


def check_tree(browser, url):
    """What a screen reader is told."""
    nodes = [n for n in browser.call("Accessibility.getFullAXTree")["nodes"] if not n.get("ignored")]
    by_role = {}
    for n in nodes:
        by_role.setdefault(n["role"]["value"], []).append(n.get("name", {}).get("value", ""))
    for role in ("main", "banner", "contentinfo", "heading"):
        need(role in by_role, f"{url}: nothing is a {role}: {sorted(by_role)}")
    for role in ("link", "button", "searchbox", "table", "navigation", "img"):
        need(all(by_role.get(role, ["-"])), f"{url}: a {role} without a name: {by_role.get(role)}")
    need(browser.value("document.querySelectorAll('h1').length") == 1, f"{url}: want one h1")
    need(browser.value("document.documentElement.lang") == "en", f"{url}: no language")


def check_scripts_off(browser, url, rows):
    browser.open(url, scripts=False)
    found = browser.value("document.querySelectorAll('tbody tr').length")
    need(found == rows, f"{url} with scripts off: {found} rows, want {rows}")
    need(not browser.value("[...document.querySelectorAll('header button')].length"),
         "a button that needs the script is there without it")
    need(browser.value("document.querySelector('footer').innerText.includes('Scripts are off')"),
         f"{url} does not say what is missing without scripts")


# --- stories ---

def check_keyboard(browser, url):
    """From the top to a policy by Tab and Enter alone, with a focus that can be seen."""
    browser.open(url)
    browser.press("Tab")
    need(browser.value("document.activeElement.className") == "skip", "the first stop is not the skip link")
    need(browser.value("document.activeElement.getBoundingClientRect().left >= 0"), "the skip link is not seen")
    for _ in range(40):
        browser.press("Tab")
        if browser.value("document.activeElement.closest('tbody') !== null"):
            break
    need(browser.value("document.activeElement.matches('tbody th a')"), "no policy is reached by Tab")
    need(browser.value("getComputedStyle(document.activeElement).outlineStyle") != "none", "the focus is not seen")
    where = browser.value("document.activeElement.pathname")
    browser.press("Enter")
    browser.wait(f"location.pathname === {json.dumps(where)} && document.readyState === 'complete'",
                 "Enter opens the policy")


def check_updates(browser, url):
    """Numbers come without a reload, and leave the focus where it was."""
    browser.open(url)
    browser.value("window.kept = true; document.querySelector('tbody th a').focus(); "
                  "window.first = document.querySelector('#asof').innerText; true")
    focused = browser.value("document.activeElement.id")
    browser.wait("document.querySelector('#asof').innerText !== window.first", "the page brings itself up to date")
    need(browser.value("window.kept === true"), "the page was loaded again")
    need(browser.value("document.activeElement.id") == focused, "an update took the focus away")
    browser.value("[...document.querySelectorAll('header button')].find((b) => b.innerText === 'Pause updates').click()")
    need(browser.value("[...document.querySelectorAll('header button')].some((b) => b.innerText === 'Resume updates')"),
         "updates cannot be paused")
    check_quiet(browser, url)


def check_shop(browser, url):
    policy = url + "/policies/shop/checkout"
    browser.open(url)
    browser.wait("document.querySelectorAll('tbody tr').length === 3", "three policies")
    check_quiet(browser, url)
    check_tree(browser, url)
    browser.open(policy)
    browser.wait("document.querySelectorAll('svg').length === 2", "the pictures of the past")
    browser.wait("document.querySelector('.line.upper').getAttribute('d').includes('L')", "a forecast in the picture")
    check_tree(browser, policy)
    check_quiet(browser, policy)
    check_fits(browser, url + "/", "shop")
    check_fits(browser, policy, "policy")
    check_scripts_off(browser, url + "/", 3)
    check_keyboard(browser, url + "/")
    check_updates(browser, url + "/")


def check_many(browser, url, count):
    browser.open(url)
    browser.wait(f"document.querySelectorAll('tbody tr').length === {count}", f"{count} policies")
    check_quiet(browser, url)
    check_tree(browser, url)
    check_fits(browser, url + "/", "many")
    check_scripts_off(browser, url + "/", count)
    check_updates(browser, url + "/")
    browser.open(url + "/?q=many-07")
    found = browser.value("[...document.querySelectorAll('tbody th a')].map((a) => a.innerText)")
    need(found == [f"shop/many-07{i}" for i in range(10)], f"searched: {found}")


def find_program():
    for folder in os.environ.get("PATH", "").split(":"):
        for name in NAMES:
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK):
                return path
    raise Failed("no Chromium in PATH")


def main():
    what, url = sys.argv[1], sys.argv[2].rstrip("/")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = None
        try:
            browser = Browser(find_program(), folder)
            if what == "shop":
                check_shop(browser, url)
            else:
                check_many(browser, url, int(sys.argv[3]))
        except Failed as failure:
            print(f"browser: {failure}", file=sys.stderr)
            return 1
        finally:
            if browser:
                browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
