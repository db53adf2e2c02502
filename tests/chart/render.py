"""helm, kubectl and kubeconform as functions."""
import os
import subprocess

import yaml

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
CHART = os.path.join(ROOT, "charts", "foretop")
TOOLS = os.environ["CHART_TOOLS"]
NAMESPACE = "foretop-system"


def run(tool, *args, text=None):
    """(exit code, what it printed, what it complained of)"""
    done = subprocess.run([os.path.join(TOOLS, tool), *args], input=text, capture_output=True, text=True, cwd=ROOT,
                          timeout=300, env={**os.environ, "HELM_CACHE_HOME": "/nonexistent", "KUBECONFIG": "/dev/null"})
    return done.returncode, done.stdout, done.stderr


def must(tool, *args, text=None):
    code, out, complaint = run(tool, *args, text=text)
    if code:
        raise AssertionError(f"{tool} {' '.join(args)}: {complaint or out}")
    return out


def template(*args, release="foretop", namespace=NAMESPACE):
    return must("helm", "template", release, CHART, "--namespace", namespace, *args)


def objects(text):
    return [item for item in yaml.safe_load_all(text) if item]


def chart(*args, **kwargs):
    """The chart's objects by (kind, name), and their number once more as a check that no two have the same key."""
    items = objects(template(*args, **kwargs))
    ret = {(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]): item for item in items}
    assert len(ret) == len(items), "two objects have the same name"
    return ret


def ci_files():
    folder = os.path.join(CHART, "ci")
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]


def kustomize(folder):
    return must("kubectl", "kustomize", folder)
