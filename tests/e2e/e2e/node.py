"""A node with a real kubelet and a real containerd: the cluster of the other stories with this in the place of kwok.

All of it lives in network, mount and process namespaces of its own (tests/e2e/node makes them), so that nothing of it is
left when the first process of them ends, and in cgroups, which are removed then."""
import contextlib
import dataclasses
import glob
import json
import os
import re
import subprocess
import textwrap
import time

from .cluster import Cluster
from .processes import free_ports, wait_for

BRIDGE = "foretop0"
GATEWAY = "10.231.7.1"  # of the pods: this machine, as they see it
SUBNET = "10.231.7.0/24"
NODE = "node-1"
CGROUPS = "/sys/fs/cgroup"
CONTAINERS = "k8s.io"
PAUSE = "localhost/pause:1"
APP = "localhost/app:1"


def run(*argv, **kwargs):
    """What a command printed; RuntimeError with its complaint when it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, **kwargs)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def build_pause(source, folder):
    """The archive of an image that does nothing, from scratch."""
    binary, archive, store = (os.path.join(folder, name) for name in ("pause", "pause.tar", "pause-storage"))
    run("gcc", "-static", "-O2", "-s", "-o", binary, source)
    env = {**os.environ, "BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}
    buildah = ("buildah", "--root", store, "--runroot", store + "-run")
    container = run(*buildah, "from", "--pull-never", "scratch", env=env).strip()
    run(*buildah, "copy", container, binary, "/pause", env=env)
    run(*buildah, "config", "--user", "65532", "--entrypoint", '["/pause"]', container, env=env)
    run(*buildah, "commit", container, PAUSE, env=env)
    run(*buildah, "push", PAUSE, f"oci-archive:{archive}:{PAUSE}", env=env)
    return archive


class Cgroups:
    """What containerd makes of its namespace's name in every hierarchy (or the only one, of cgroup v2): the one thing that
    does not go with the namespaces of the bed."""

    def __init__(self):
        self.tops = [os.path.join(root, CONTAINERS) for root in (CGROUPS, *glob.glob(CGROUPS + "/*"))
                     if os.path.exists(os.path.join(root, "cgroup.procs"))]
        self.before = {path for top in self.tops for path in (top, *glob.glob(top + "/*")) if os.path.exists(path)}

    def writable(self):
        return bool(self.tops) and all(os.access(os.path.dirname(top), os.W_OK) for top in self.tops)

    def remove_new(self):
        """The processes in them are gone or going. The kernel removes no group that still holds one."""
        for top in self.tops:
            for path in (*sorted(glob.glob(top + "/*/")), top):
                if path.rstrip("/") not in self.before:
                    remove_group(path)


def remove_group(path):
    for _ in range(50):
        try:
            os.rmdir(path)
            return
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.1)


class NodeCluster(Cluster):
    address = GATEWAY

    def __init__(self, folder, binaries, supervisor):
        super().__init__(folder, binaries, supervisor)
        (self.kubelet_port, self.health_port) = free_ports(2)
        self.socket = self.path("containerd.sock")

    def extra_flags(self, name):
        if name == "kube-apiserver":
            cert, key = self.authority.path("e2e-admin.crt"), self.authority.path("e2e-admin.key")
            return ["--bind-address=0.0.0.0", "--kubelet-preferred-address-types=InternalIP", "--allow-privileged=true",
                    f"--kubelet-client-certificate={cert}", f"--kubelet-client-key={key}"]
        if name == "kube-controller-manager":
            more = ("root-ca-certificate-publisher", "node-lifecycle", "job", "endpointslice", "pod-garbage-collector",
                    "clusterrole-aggregation")
            return ["--controllers=" + ",".join(f"{controller}-controller" for controller in more),
                    "--horizontal-pod-autoscaler-sync-period=5s"]
        return []

    # --- containers ---

    def _start_kubelets(self):
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "address", "add", f"{GATEWAY}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        self._start_containerd()
        self._start_kubelet()

    def _start_containerd(self):
        cni = self.path("cni")
        os.makedirs(cni)
        with open(os.path.join(cni, "10-pods.conflist"), "w", encoding="ascii") as f:
            json.dump({"cniVersion": "0.4.0", "name": "pods", "plugins": [
                {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "ipMasq": False, "hairpinMode": True,
                 "ipam": {"type": "host-local", "dataDir": self.path("ipam"), "ranges": [[{"subnet": SUBNET,
                                                                                          "gateway": GATEWAY}]]}}]}, f)
        config = self.path("containerd.toml")
        with open(config, "w", encoding="ascii") as f:
            f.write(textwrap.dedent(f"""\
                version = 2
                disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
                  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]
                [grpc]
                address = "{self.socket}"
                [plugins."io.containerd.grpc.v1.cri"]
                sandbox_image = "{PAUSE}"
                restrict_oom_score_adj = true
                stream_server_address = "127.0.0.1"
                [plugins."io.containerd.grpc.v1.cri".containerd]
                snapshotter = "{self._snapshotter()}"
                [plugins."io.containerd.grpc.v1.cri".cni]
                bin_dir = "/usr/lib/cni"
                conf_dir = "{cni}"
                """))
        process = self.supervisor.start("containerd", [
            "containerd", "--config", config, "--root", self.path("containerd"), "--state", "/run/foretop-containerd",
            "--address", self.socket])
        wait_for("containerd", lambda: self.ctr("version"), 60, alive=[process])

    def _snapshotter(self):
        """overlayfs where the folder's file system can carry one; copies otherwise."""
        base = self.path("overlay-probe")
        for name in ("lower", "upper", "work", "merged"):
            os.makedirs(os.path.join(base, name))
        options = ",".join(f"{key}={base}/{name}" for key, name in (
            ("lowerdir", "lower"), ("upperdir", "upper"), ("workdir", "work")))
        done = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, base + "/merged"],
                              capture_output=True, check=False)
        if done.returncode:
            return "native"
        run("umount", base + "/merged")
        return "overlayfs"

    def ctr(self, *args):
        try:
            return run("ctr", "--address", self.socket, "--namespace", CONTAINERS, *args)
        except RuntimeError as error:
            raise OSError(str(error)) from error

    def import_image(self, archive, tag=None):
        out = self.ctr("images", "import", archive)
        if tag:
            self.ctr("images", "tag", PAUSE, tag)
        return out

    # --- the node ---

    def _start_kubelet(self):
        cert, key = self.authority.client(f"system:node:{NODE}", "system:nodes")
        kubeconfig = self.write_kubeconfig("kubelet", {"client-certificate": cert, "client-key": key})
        config = self.write_json("kubelet.json", {
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "cgroupDriver": "cgroupfs",
            "failCgroupV1": False, "failSwapOn": False, "cgroupsPerQOS": False,
            "enforceNodeAllocatable": [], "localStorageCapacityIsolation": False, "makeIPTablesUtilChains": False,
            "evictionHard": {"memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%",
                             "nodefs.inodesFree": "0%"},
            "address": "0.0.0.0", "port": self.kubelet_port, "readOnlyPort": 0, "healthzPort": self.health_port,
            "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                               "x509": {"clientCAFile": self.authority.ca}},
            "authorization": {"mode": "Webhook"}, "containerRuntimeEndpoint": "unix://" + self.socket,
            "podLogsDir": self.path("pod-logs"), "resolvConf": "", "syncFrequency": "5s", "nodeStatusUpdateFrequency": "5s",
            "serializeImagePulls": False})
        process = self.supervisor.start("kubelet", [
            self.binary("kubelet"), f"--config={config}", f"--kubeconfig={kubeconfig}", f"--node-ip={GATEWAY}",
            f"--hostname-override={NODE}", f"--root-dir={self.path('kubelet')}", f"--cert-dir={self.path('kubelet-pki')}"])
        wait_for("the kubelet", lambda: self._exists(f"/api/v1/nodes/{NODE}"), 120, alive=[process])

    def _start_nodes(self):
        wait_for("the node to be Ready and without a taint", lambda: self._nodes_are_ready() and not self.api.get(
            f"/api/v1/nodes/{NODE}")["spec"].get("taints"), 120)

    def pod_figures(self, namespace, container):
        """{pod: Figures} as the kubelet measures a container of that name."""
        samples = {}
        for line in self.api.get(f"/api/v1/nodes/{NODE}/proxy/metrics/resource").splitlines():
            match = SAMPLE.fullmatch(line)
            if match and f'container="{container}"' in match[2] and f'namespace="{namespace}"' in match[2]:
                pod = re.search(r'pod="([^"]*)"', match[2])[1]
                samples.setdefault(pod, {})[match[1]] = (float(match[3]), int(match[4]) / 1000)
        return {pod: Figures(values["container_memory_working_set_bytes"][0],
                             *values["container_cpu_usage_seconds_total"])
                for pod, values in samples.items() if all(name in values for name in FIGURES)}

    @staticmethod
    def process_of(pod):
        """The process id of foretop in that pod, None when it has ended."""
        for path in glob.glob("/proc/[0-9]*/environ"):
            with contextlib.suppress(OSError), open(path, "rb") as f:
                if f"POD_NAME={pod}".encode() in f.read().split(b"\0"):
                    return int(path.split("/")[2])
        return None

    def resident_bytes(self, pod):
        """Of foretop in that pod, by the kernel, shared libraries included."""
        with open(f"/proc/{self.process_of(pod)}/status", encoding="ascii") as f:
            return 1024 * int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])


SAMPLE = re.compile(r"(\w+)\{(.*)\} (\S+) (\d+)")
FIGURES = ("container_memory_working_set_bytes", "container_cpu_usage_seconds_total")


@dataclasses.dataclass
class Figures:
    working_set: float  # bytes, what the limit is compared with
    cpu_s: float
    at: float  # Unix time of cpu_s

    def cores_since(self, before):
        return (self.cpu_s - before.cpu_s) / (self.at - before.at) if self.at > before.at else 0.0
