"""Our own Prefect server: one a data folder, shared by all who use it, gone when the last of them is.

Who uses the server holds a shared lock on `users.lock`. A keeper process starts the server and watches that lock:
when it can have it alone, nobody is left, and it stops the server. The kernel drops a lock with its process, so a run
that is killed leaves nothing behind, and a server that outlives a run for a moment is used by the next.
"""

import base64
import contextlib
import ctypes
import fcntl
import http.client
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from flows import redact
from flows.logs import CONFIG

LOOPBACK = "127.0.0.1"
START_SECONDS = 120
"""How long a server may take to answer; a new home makes its database first."""
POLL_SECONDS = 0.1
STOP_SECONDS = 3
"""How long a server may take to stop; then it is ended, which harms nothing."""
ANSWER_SECONDS = 5
MOST_LOG = 1 << 20
"""Bytes of a server's log after which the next start begins another; one before it is kept."""
PORT = 4200
"""The port that Prefect's server has everywhere."""
INSTALLED = Path(getattr(find_spec("prefect"), "origin", "")).parent / "server"
"""Where Prefect copies its pages to, before it serves them."""
PR_SET_PDEATHSIG = 1
log = logging.getLogger("communique")


class ServerError(Exception):
    """Prefect's server did not start; the message has the end of its log."""


class ServerGone(ServerError):  # noqa: N818 - a state of the world
    """A server that answered does so no more."""


class PortTaken(ServerError):  # noqa: N818 - a state of the world
    """Somebody else listens where a server was to."""


def environment(home: Path, url: str) -> dict[str, str]:
    """Return the settings of Prefect for this home: telemetry off, results as JSON, no server behind our back.

    Only the server's own pages may read from it, by either name of this machine, and what changes anything brings a
    token that was read before: Prefect would let the pages of any site do both.
    """
    port = urlsplit(url).port
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://{LOOPBACK}:{port},http://localhost:{port}",
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        "DO_NOT_TRACK": "1",
        "no_proxy": _asked_directly(),
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_CLI_COLORS": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_SETTINGS_PATH": str(CONFIG),
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        **_pages(home),
    }


def _pages(home: Path) -> dict[str, str]:
    """Return that Prefect's pages are copied to the home, where the account may not write to Prefect's own folder."""
    return {} if os.access(INSTALLED, os.W_OK) else {"PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "ui")}


def _asked_directly() -> str:
    """Return the hosts that no proxy is asked for, as the environment has them, and this machine."""
    told = os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")
    hosts = [host for host in map(str.strip, told.split(",")) if host]
    return "*" if "*" in hosts else ",".join(dict.fromkeys([*hosts, LOOPBACK, "localhost"]))


@contextmanager
def serving(home: Path, port: int | None = None) -> Iterator[str]:
    """Yield the address of the server of `home`, started where nobody has it running; ServerError when it cannot be.

    It is started on `port`, or on any that is free; one that runs keeps its own.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "users.lock").open("ab") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with (home / "start.lock").open("ab") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            url = running(home) or _start(home, port)
        try:
            yield url
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)
            _wait_for_keeper(home)


def alone(home: Path) -> None:
    """Return when no server of `home` runs: that of a run on the command line has a port and a password of its own.

    It goes with that run, which is waited for.
    """
    if running(home):
        log.info("a run is at work with a server of its own: this begins when it has ended")
    while running(home):
        time.sleep(POLL_SECONDS)


def running(home: Path) -> str | None:
    """Return the address of the server that runs for `home`, or None."""
    try:
        url = str(json.loads((home / "server.json").read_bytes())["url"])
    except (OSError, ValueError, KeyError):
        return None
    return url if _of(home, url) else None


def _of(home: Path, url: str) -> bool:
    """Return whether the server at `url` is that of `home`: a port may have gone to another folder's server."""
    try:
        return Path(ask(url, "admin/settings")["home"]).resolve() == home.resolve()
    except (ServerError, KeyError, TypeError):
        return False


def healthy(url: str) -> bool:
    """Return whether a Prefect server answers at `url`, its API."""
    try:
        return ask(url, "health") is True
    except ServerError:
        return False


def ask(url: str, path: str, query: Any = None) -> Any:
    """Return what a Prefect server answers, with the key or the password of the environment; ServerError when it fails.

    With a `query` it is posted.
    """
    body, _ = _answer(url, path, query)
    try:
        return json.loads(body)
    except ValueError:
        raise ServerError(f"{redact.shown(url)} does not answer as Prefect's server does") from None


def date_of(url: str) -> str | None:
    """Return what a Prefect server's clock says, as HTTP has it; ServerError when it fails."""
    return _answer(url, "health", None)[1]


def _answer(url: str, path: str, query: Any) -> tuple[bytes, str | None]:
    """Return the body and the date of a server's answer."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise ServerError(f"{redact.shown(url)} is no address of a server: it begins with http:// or https://")
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    body = None if query is None else json.dumps(query).encode()
    headers = {"Content-Type": "application/json", **_proof(parts), **(_token(url) if body else {})}
    request = urllib.request.Request(f"{bare}/{path}", body, headers)  # noqa: S310 - http and https only
    proxies = urllib.request.ProxyHandler({} if is_loopback(parts.hostname or "") else None)
    try:
        with urllib.request.build_opener(proxies).open(request, timeout=ANSWER_SECONDS) as answer:
            return answer.read(), answer.headers["Date"]
    except (OSError, ValueError, http.client.HTTPException) as fault:
        raise ServerError(f"{redact.shown(url)} does not answer: {redact.redact(str(fault))}") from None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine by its own name, where no proxy leads."""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _token(url: str) -> dict[str, str]:
    """Return the headers that prove that who posts could read before; none where the server asks for none."""
    client = str(uuid.uuid4())
    try:
        told = json.loads(_answer(url, f"csrf-token?client={client}", None)[0])
        return {"Prefect-Csrf-Token": str(told["token"]), "Prefect-Csrf-Client": client}
    except (ServerError, ValueError, KeyError, TypeError):
        return {}


def _proof(url: SplitResult) -> dict[str, str]:
    """Return the header that proves who asks: a key, or a name and password."""
    key = os.environ.get("PREFECT_API_KEY")
    pair = os.environ.get("PREFECT_API_AUTH_STRING")
    if url.username:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
    if key:
        return {"Authorization": f"Bearer {key}"}
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"} if pair else {}


def _start(home: Path, asked: int | None) -> str:
    """Return the address of a server that was started; PortTaken, or ServerError with the end of its log."""
    port, mend = (asked, "--port") if asked else (free_port(), "the next start")
    check_port(port, mend)
    url = f"http://{LOOPBACK}:{port}/api"
    with _logged(home / "server.log") as said:
        before = said.tell()
        keeper = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "flows.server", str(home), str(port)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            env=os.environ | environment(home, url),
        )
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and keeper.poll() is None:
        if _of(home, url):
            (home / "server.json").write_text(json.dumps({"url": url, "keeper": keeper.pid}), encoding="utf-8")
            return url
        time.sleep(POLL_SECONDS)
    if keeper.poll() is None:
        keeper.terminate()
    else:
        check_port(port, mend)  # somebody was faster
    tail = (home / "server.log").read_bytes()[before:].decode(errors="replace")[-2000:]
    raise ServerError(f"Prefect's server did not start; the end of {home / 'server.log'}:\n{tail}")


def _logged(path: Path) -> IO[bytes]:
    """Return a server's log, open at its end: why the one before died is kept; a log that is long begins anew."""
    if path.is_file() and path.stat().st_size > MOST_LOG:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


def free_port() -> int:
    """Return a port of loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def port_for(asked: int | None, usual: int, what: str) -> int:
    """Return the port that was asked for; any free one for 0, and where none was asked and the usual one is taken."""
    if asked is None and not taken(usual):
        return usual
    port = asked or free_port()
    if asked is None:
        log.warning("somebody listens on %s:%d already: %s takes %d", LOOPBACK, usual, what, port)
    return port


def taken(port: int) -> bool:
    """Return whether somebody listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def check_port(port: int, option: str) -> None:
    """Raise PortTaken where somebody listens on a port of loopback."""
    if taken(port):
        raise PortTaken(f"somebody listens on {LOOPBACK}:{port} already: {option} takes another port")


def _wait_for_keeper(home: Path) -> None:
    """Return when the keeper has stopped the server, or somebody else is using it."""
    give_up = time.monotonic() + STOP_SECONDS + 2
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
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)  # noqa: S603, PLW1509 - our own command; the keeper has one thread
    with (home / "users.lock").open("ab") as users:
        while server.poll() is None and not _alone(users):
            time.sleep(POLL_SECONDS)
        with contextlib.suppress(FileNotFoundError):
            (home / "server.json").unlink()
        return _stop(server)


def die_with_parent(by: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel end this process when its parent dies, where the kernel can."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, by)


def _stop(server: "subprocess.Popen[bytes]") -> int:
    server.terminate()
    try:
        return server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


if __name__ == "__main__":
    sys.exit(keep(Path(sys.argv[1]), int(sys.argv[2])))
