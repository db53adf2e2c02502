"""The documents against the product: every shell command that can run on loopback runs, links lead somewhere, and tables say
what the code says.

usage: run.py FORETOP TEST_CLI    from the root of the checkout; TEST_CLI serves the world (tests/cli)

How a block of commands is marked, behind its three backticks:

  sh            runs here, in an empty folder with policy.yaml (the README's first policy) and load.csv (two weeks)
  sh cluster    needs a cluster (or changes this machine): is not run

In a block that runs, lines that begin with kubectl or helm are left out: they need a cluster; `make X` is only looked up (make
-n), since CI runs the targets themselves. What is long is shortened and what the world lacks replaced: see STAND_INS. http://localhost:9090 stands for the world's Prometheus."""
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.M | re.S)
FORETOP, TEST_CLI = sys.argv[1:3] if __name__ == "__main__" else ("", "")
LIMIT_S = 900  # for what hangs
STAND_INS = [
    ("--prometheus-url http://localhost:9090", '--config "$CONFIG"'),
    ("build/foretop", "foretop"),
    ("foretop convert shop/checkout", "foretop convert shop/cart"),  # the HPA of tests/cli/world
    ("foretop run --diff --for 1h", "foretop run --listen '' --page '' --diff --for 3s"),
]


def blocks(path, language):
    """(line, mark, text) of the fenced blocks of a language."""
    text = path.read_text()
    for match in FENCE.finditer(text):
        if match[1] == language:
            yield text.count("\n", 0, match.start()) + 1, match[2].strip(), match[3]


def anchors(path):
    """The headings of a document as links name them."""
    return {re.sub(r"[^\w -]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
            for line in re.sub(FENCE, "", path.read_text()).splitlines() if line.startswith("#")}


def first_policy():
    """The text under policy.yaml of the first policy in the README."""
    for _, _, text in blocks(ROOT / "README.md", "yaml"):
        match = re.search(r"^( *)policy\.yaml: \|\n((?:\1  .*\n|\n)+)", text, re.M)
        if match:
            return textwrap.dedent(match[2])
    raise AssertionError("README.md has no policy")


def write_load(path):
    """Two weeks of a shop's requests by the minute: nights, a steep morning, evenings; no chance in it."""
    with open(path, "w") as file:
        for i in range(14 * 1440):
            hour = i % 1440 / 60
            day = 1 / (1 + math.exp(-4 * (hour - 8))) - 1 / (1 + math.exp(-1.5 * (hour - 22)))
            wobble = 1 + 0.04 * math.sin(i * 0.14) + 0.03 * math.sin(i * 0.46)
            file.write(f"{1767571200 + 60 * i},{(200 + 1800 * day) * wobble:.1f}\n")


class World:
    """tests/cli's served world, and the environment to reach it."""

    def __init__(self):
        self.process = subprocess.Popen([TEST_CLI, "--serve"], cwd=ROOT, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        self.environment = dict(os.environ, LC_ALL="C")
        for line in self.process.stdout:
            found = dict(re.findall(r"(\w+)=(\S+)", line)) if "KUBECONFIG=" in line else {}
            if found:
                self.environment.update({k: found[k] for k in ("KUBECONFIG", "CONFIG", "PROM")})
                return
        raise AssertionError("the world is not served")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="foretop-docs."))
        (cls.folder / "bin").mkdir()
        for name in ("foretop", "kubectl-foretop"):
            (cls.folder / "bin" / name).symlink_to(os.path.abspath(FORETOP))
        cls.world.environment["PATH"] = f"{cls.folder}/bin:{os.environ['PATH']}"

    @classmethod
    def tearDownClass(cls):
        cls.world.stop()
        shutil.rmtree(cls.folder)

    def run_block(self, text, folder, where):
        for word, stand_in in STAND_INS:
            text = text.replace(word, stand_in)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=folder, env=self.world.environment, timeout=LIMIT_S,
                              text=True, capture_output=True, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, f"{where}:\n{text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")

    def test_every_command_runs(self):
        ran, left = 0, 0
        for path in DOCS:
            folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
            (folder / "policy.yaml").write_text(first_policy())
            write_load(folder / "load.csv")
            for line, mark, text in blocks(path, "sh"):
                where = f"{path.relative_to(ROOT)}:{line}"
                with self.subTest(where):
                    self.assertIn(mark, ("", "cluster"), where)
                    if mark == "cluster":
                        left += 1
                        continue
                    ran += 1
                    lines = [c for c in text.splitlines() if not re.match(r"(kubectl|helm)\b", c)]
                    for command in [c for c in lines if re.match(r"make\b", c)]:
                        make = re.split("#|&&", command)[0].replace("make", "make -n", 1)
                        done = subprocess.run(["bash", "-c", make], cwd=ROOT, capture_output=True, text=True)
                        self.assertEqual(done.returncode, 0, f"{where}: {command}: {done.stderr}")
                    self.run_block("\n".join(c for c in lines if not re.match(r"make\b", c)), folder, where)
        self.assertGreater(ran, 4)
        print(f"docs: {ran} blocks of commands ran, {left} need a cluster")

    def test_every_command_that_is_named_exists(self):
        known = set(re.findall(r"^  ([a-z]+)  ", subprocess.run([FORETOP, "--help"], capture_output=True, text=True).stdout, re.M))
        self.assertIn("run", known)
        for path in DOCS:
            text = path.read_text()
            named = set(re.findall(r"`(?:build/)?foretop ([a-z]+)[^`]*`", text))
            for _, _, block in blocks(path, "sh"):
                named |= set(re.findall(r"^(?:build/|kubectl )?foretop ([a-z]+)", block, re.M))
            self.assertLessEqual(named, known | {"help"}, path.name)


class Tables(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for path in DOCS:
            for text, link in re.findall(r"\[([^\]]+)\]\(([^)\s]+)\)", path.read_text()):
                if "://" in link:
                    continue
                file, _, anchor = link.partition("#")
                to = (path.parent / file).resolve() if file else path
                self.assertTrue(to.exists(), f"{path.name}: {link}")
                if anchor:
                    self.assertIn(anchor, anchors(to), f"{path.name}: {link}")

    def test_every_document_is_reached_from_the_readme(self):
        text = (ROOT / "README.md").read_text()
        for path in DOCS[1:]:
            self.assertIn(f"docs/{path.name}", text)

    def test_the_table_of_events_has_those_of_the_code(self):
        """Those that the engine emits: reasons are constants, so they can be read from its source."""
        source = "".join(p.read_text() for p in sorted((ROOT / "lib/engine").glob("*.c")))
        emitted = set()
        for call in re.findall(r"emit_event\((.*?)\);", source, re.S):
            emitted |= set(re.findall(r'"([A-Z][a-z]+[A-Z]?[A-Za-z]*)"', call))
        emitted |= set(re.findall(r'"([A-Za-z]+)"', re.search(r"told\[\] = \{(.*?)\}", source, re.S)[1]))
        section = (ROOT / "docs/operations.md").read_text().split("## Events")[1].split("\n## ")[0]
        told = {name for line in section.splitlines() if line.startswith("| `") for name in re.findall(r"`([A-Za-z]+)`", line.split("|")[1])}
        self.assertGreater(len(emitted), 20)
        self.assertEqual(told, emitted)

    def test_the_table_of_rights_has_those_of_the_manifest(self):
        """(group, resource, verb), without the namespace of a rule."""
        found = [p for p in (ROOT / "manifests/rbac.yaml", ROOT / "manifests/base/rbac.yaml") if p.exists()]
        self.assertEqual(len(found), 1, "the manifest of the rights")
        manifest = found[0].read_text()
        rules = re.findall(r"- apiGroups: \[(.*?)\]\n  resources: \[(.*?)\]\n  verbs: \[(.*?)\]", manifest)

        def split(text):
            return [item.strip().strip('"') for item in text.split(",")]
        granted = {(group or "core", resource, verb) for groups, resources, verbs in rules for group in split(groups)
                   for resource in split(resources) for verb in split(verbs)}
        section = (ROOT / "docs/security.md").read_text().split("## Rights")[1].split("\n## ")[0]
        told = set()
        for line in section.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if len(cells) == 5 and cells[0] not in ("API group", "---"):
                told |= {(cells[0], resource, verb) for resource in split(cells[1]) for verb in split(cells[2])}
        self.assertGreater(len(granted), 10)
        self.assertEqual(told, granted)

    def test_metrics_conditions_and_alerts_that_are_named_exist(self):
        table = (ROOT / "docs/metrics.md").read_text()
        metrics = set(re.findall(r"^\| `([a-z_]+)`", table, re.M))
        alerts = set(re.findall(r"alert: (\w+)", (ROOT / "charts/foretop/rules/foretop.yaml").read_text()))
        for path in DOCS:
            text = path.read_text()
            for metric in set(re.findall(r"\b(foretop_[a-z_]+[a-z])", text)):
                self.assertIn(metric, metrics, path.name)
            for alert in set(re.findall(r"\bForetop[A-Z][A-Za-z]+", text)):
                self.assertIn(alert, alerts, path.name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
