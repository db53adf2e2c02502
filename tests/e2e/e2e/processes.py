"""Child processes that never outlive the test: own sessions, stopped by process id, killed with their parent."""
import atexit
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    def __init__(self, name, popen, log):
        self.name = name
        self.popen = popen
        self.log = log
        self.started = time.time()

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.running():
            os.kill(self.pid, number)

    def stop(self, patience_s=10):
        """SIGTERM, then SIGKILL when that was not enough. Returns (exit code, seconds it took)."""
        begin = time.monotonic()
        self.signal(signal.SIGTERM)
        try:
            self.popen.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.popen.returncode, time.monotonic() - begin

    def kill(self):
        self.signal(signal.SIGKILL)
        self.popen.wait()

    def tail(self, lines=30):
        with open(self.log, errors="replace", encoding="utf-8") as f:
            return "".join(f.readlines()[-lines:])


class Supervisor:
    """Starts processes and stops them in the reverse order, whatever ends the test.

    Call it from the main thread only: the kernel ties the parent's death to the thread that forked."""

    def __init__(self, logs):
        self.logs = logs
        self.processes = []
        os.makedirs(logs, exist_ok=True)
        atexit.register(self.stop_all)

    def start(self, name, argv, env=None):
        log = os.path.join(self.logs, name + ".log")
        with open(log, "ab") as out:
            popen = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env,
                start_new_session=True, preexec_fn=_die_with_parent)
        process = Process(name, popen, log)
        self.processes = [p for p in self.processes if p.running()] + [process]
        return process

    def stop_all(self):
        for process in reversed(self.processes):
            process.signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.popen.wait(5)
            process.kill()
        self.processes = []

    def print_tails(self, lines=15, of_ours=150):
        """The end of every log; more of foretop's own, and that last."""
        logs = [entry for entry in os.listdir(self.logs) if entry.endswith(".log")]
        for entry in sorted(logs, key=lambda name: (name.startswith("foretop"), name)):
            with open(os.path.join(self.logs, entry), errors="replace", encoding="utf-8") as f:
                text = f.readlines()[-(of_ours if entry.startswith("foretop") else lines):]
            print(f"---- the end of {entry}", *[line[:400].rstrip("\n") for line in text], sep="\n", flush=True)


def free_ports(count):
    """Ports that the kernel chose and gives to nobody else while this process lives: a connection to each stays open,
    beside which a server (they all set SO_REUSEADDR) may still bind it, however late it starts and how often."""
    ports = []
    for _ in range(count):
        listener = socket.create_server(("127.0.0.1", 0))
        ports.append(listener.getsockname()[1])
        for end in (socket.create_connection(listener.getsockname()), listener.accept()[0]):
            end.detach()  # open until this process ends
        listener.close()
    return ports


class Timeout(Exception):
    pass


def wait_for(what, condition, timeout_s, every_s=0.1, alive=()):
    """Polls until condition() is true and returns its value. A process of `alive` that ends meanwhile, or the
    time running out, is an error that names what was waited for."""
    end = time.monotonic() + timeout_s
    cause = None
    while time.monotonic() < end:
        for process in alive:
            if not process.running():
                raise Timeout(f"{process.name} ended with {process.popen.returncode} while waiting for {what}")
        try:
            value = condition()
            if value:
                return value
        except (OSError, ValueError) as error:
            cause = error
        time.sleep(every_s)
    raise Timeout(f"waited {timeout_s} s for {what}" + (f": {cause}" if cause else ""))
