"""What every story is played in: a folder, servers and their logs, all gone when it ends, however it ends."""
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time

from .processes import Supervisor


def _end(number, _frame):
    sys.exit(128 + number)


def end_on_signals():
    """So that what a story started is stopped too."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)


@contextlib.contextmanager
def scratch_folder(prefix):
    """E2E_KEEP=1 keeps it."""
    folder = tempfile.mkdtemp(prefix=prefix)
    try:
        yield folder
    finally:
        if os.environ.get("E2E_KEEP"):
            print(f"logs are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def play(name, folder, report, act):
    """act(supervisor), on servers of its own whose logs are in the folder. E2E_DEBUG=1 shows where it broke off."""
    begin = time.monotonic()
    supervisor = Supervisor(os.path.join(folder, "logs"))
    failed_before = report.failed
    try:
        act(supervisor)
    except Exception as error:  # whatever it is, the servers' logs are what explains it
        report.check(False, f"{name} came to its end", f"{type(error).__name__}: {error}")
        if os.environ.get("E2E_DEBUG"):
            raise
    finally:
        if report.failed > failed_before:
            supervisor.print_tails()
        supervisor.stop_all()
    print(f"{name} took {time.monotonic() - begin:.0f} s", flush=True)
