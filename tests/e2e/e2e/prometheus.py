"""Debian's Prometheus with 14 days of history and the exporter as its only target."""
import json
import os
import subprocess
import urllib.parse
import urllib.request

from .processes import free_ports, wait_for

SCRAPE_S = 15
CONFIG = """\
global: {{scrape_interval: {scrape}s, scrape_timeout: {timeout}s}}
scrape_configs:
- job_name: shop
  static_configs:
  - targets: ["127.0.0.1:{port}"]
    labels: {{instance: exporter}}
"""


class Prometheus:
    def __init__(self, folder, supervisor, address="127.0.0.1"):
        self.data = os.path.join(folder, "prometheus")
        self.config = os.path.join(folder, "prometheus.yml")
        self.supervisor = supervisor
        (self.port,) = free_ports(1)
        self.listen = f"{address}:{self.port}"
        self.url = f"http://{self.listen}"

    def load_history(self, path):
        """Blocks as long as the whole history: promtool reads its input once per block, and two-hour blocks of 14
        days take it minutes."""
        done = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics",
                               "--max-block-duration=720h", path, self.data], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"promtool: {done.stderr.strip() or done.stdout.strip()}")

    def start(self, exporter_port, scrape_s=SCRAPE_S):
        with open(self.config, "w", encoding="ascii") as f:
            f.write(CONFIG.format(scrape=scrape_s, timeout=min(5, scrape_s), port=exporter_port))
        self.process = self.supervisor.start("prometheus", [
            "prometheus", f"--config.file={self.config}", f"--storage.tsdb.path={self.data}",
            "--storage.tsdb.retention.time=60d", f"--web.listen-address={self.listen}"])
        wait_for("Prometheus", lambda: urllib.request.urlopen(self.url + "/-/ready", timeout=2).status == 200,
                 120, alive=[self.process])

    def _ask(self, path, **parameters):
        data = urllib.parse.urlencode(parameters).encode()
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", data, timeout=30) as answer:
            return json.load(answer)["data"]["result"]

    def query(self, expression, when=None):
        """The value of an instant query that has one series; ValueError for none or several."""
        result = self._ask("query", query=expression, **({"time": when} if when else {}))
        return float(only(result, expression)["value"][1])

    def samples(self, range_selector):
        """The raw samples [(time, value)] of the one series that a range selector names."""
        result = self._ask("query", query=range_selector)
        return [(float(t), float(v)) for t, v in only(result, range_selector)["values"]]


def only(result, expression):
    if len(result) != 1:
        raise ValueError(f"{len(result)} series for {expression}")
    return result[0]
