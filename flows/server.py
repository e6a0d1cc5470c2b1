"""Our own Prefect server: one a data folder, shared by all who use it, gone when the last of them is.

Who uses the server holds a shared lock on `users.lock`. A keeper process starts the server and watches that lock:
when it can have it alone, nobody is left, and it stops the server. The kernel drops a lock with its process, so a run
that is killed leaves nothing behind, and a server that outlives a run for a moment is used by the next.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LOOPBACK = "127.0.0.1"
START_SECONDS = 120
"""How long a server may take to answer; a new home makes its database first."""
POLL_SECONDS = 0.1
STOP_SECONDS = 10
PR_SET_PDEATHSIG = 1


class ServerError(Exception):
    """Prefect's server did not start; the message has the end of its log."""


def environment(home: Path, url: str) -> dict[str, str]:
    """Return the settings of Prefect for this home: telemetry off, results as JSON, no server behind our back."""
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_CLI_COLORS": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "communique",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    }


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """Yield the address of the server of `home`, started where nobody has it running; ServerError when it cannot."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "users.lock").open("ab") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with (home / "start.lock").open("ab") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            url = _running(home) or _start(home)
        try:
            yield url
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)
            _wait_for_keeper(home)


def _running(home: Path) -> str | None:
    """Return the address of the server that runs for `home`, or None."""
    try:
        url = str(json.loads((home / "server.json").read_bytes())["url"])
    except (OSError, ValueError, KeyError):
        return None
    return url if healthy(url) else None


def healthy(url: str) -> bool:
    """Return whether a Prefect server answers at `url`, its API."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except (OSError, urllib.error.URLError):
        return False


def _start(home: Path) -> str:
    port = _free_port()
    url = f"http://{LOOPBACK}:{port}/api"
    with (home / "server.log").open("wb") as log:
        keeper = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "flows.server", str(home), str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=os.environ | environment(home, url),
        )
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and keeper.poll() is None:
        if healthy(url):
            (home / "server.json").write_text(json.dumps({"url": url, "keeper": keeper.pid}), encoding="utf-8")
            return url
        time.sleep(POLL_SECONDS)
    keeper.terminate()
    tail = (home / "server.log").read_text(encoding="utf-8", errors="replace")[-2000:]
    raise ServerError(f"Prefect's server did not start; the end of {home / 'server.log'}:\n{tail}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _wait_for_keeper(home: Path) -> None:
    """Return when the keeper has stopped the server, or somebody else is using it."""
    give_up = time.monotonic() + STOP_SECONDS
    while time.monotonic() < give_up and (home / "server.json").exists() and not _used(home):
        time.sleep(POLL_SECONDS / 2)


def _used(home: Path) -> bool:
    """Return whether anybody holds the users' lock in share; the keeper holds it alone while it stops."""
    with (home / "users.lock").open("ab") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        fcntl.flock(users, fcntl.LOCK_UN)
        return _alone(users) is False


def _alone(users: IO[bytes]) -> bool:
    """Return whether the lock could be had alone, and keep it if so."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def keep(home: Path, port: int) -> int:
    """Run Prefect's server for `home` for as long as anybody uses it; return its exit code."""
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", LOOPBACK, "--port", str(port)]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent)  # noqa: S603, PLW1509 - our own command; the keeper has one thread
    with (home / "users.lock").open("ab") as users:
        while server.poll() is None and not _alone(users):
            time.sleep(POLL_SECONDS)
        with contextlib.suppress(FileNotFoundError):
            (home / "server.json").unlink()
        return _stop(server)


def _die_with_parent() -> None:
    """Have the kernel end this process when the keeper dies, where the kernel can."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(server: "subprocess.Popen[bytes]") -> int:
    server.terminate()
    try:
        return server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


if __name__ == "__main__":
    sys.exit(keep(Path(sys.argv[1]), int(sys.argv[2])))
