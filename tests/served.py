"""A real `communique up` to look at: started, asked, stopped or killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, TypeVar

import httpx

from flows.settings import PROJECT
from tests.publishing import PATIENCE

BIN = Path(sys.executable).parent
TICK = 150
"""Seconds in which a schedule of every minute has fired."""


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment without what could lead to another server or data folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "COMMUNIQUE_"))}
    return kept | {"COLUMNS": "400"} | more


def make_data(folder: Path, *names: str, cron: str | None = None) -> Path:
    """Return a new data folder with these datasets and their sources, on the schedule `cron` where it is given."""
    for part in ("releases", "ministry"):
        subprocess.run(["cp", "-r", str(PROJECT / "data" / part), f"{folder}/"], check=True)
    (folder / "datasets").mkdir()
    for name in names:
        lines = (PROJECT / "data" / "datasets" / f"{name}.toml").read_text(encoding="utf-8").splitlines()
        mine = [f'cron = "{cron}"' if cron and line.startswith("cron") else line for line in lines]
        (folder / "datasets" / f"{name}.toml").write_text("\n".join(mine) + "\n", encoding="utf-8")
    return folder


class Webhook(NamedTuple):
    """A loopback address that is told news, and what it was told."""

    address: str
    got: list[dict[str, Any]]


@contextmanager
def webhook(proof: str = "") -> Iterator[Webhook]:
    """Yield a loopback webhook that keeps what it gets; `proof` is `name:password@`."""
    got: list[dict[str, Any]] = []

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            got.append({**json.loads(self.rfile.read(size)), "auth": self.headers["Authorization"]})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Keep)
    Thread(target=listening.serve_forever, daemon=True).start()
    yield Webhook(f"json://{proof}127.0.0.1:{listening.server_port}/hook", got)
    listening.shutdown()


class Up:
    """A `communique up` in a session of its own, and what it wrote."""

    def __init__(self, data: Path, command: Path = BIN / "communique", **environment: str) -> None:
        """Start it."""
        self.path = data.parent / f"up-{time.monotonic_ns()}.log"
        self.file = self.path.open("w", encoding="utf-8")
        self.process = subprocess.Popen(
            [command, "--data", data, "up"],
            env=clean_environment(**environment),
            stdout=self.file,
            stderr=subprocess.STDOUT,
            cwd=data.parent,
            start_new_session=True,
        )

    @property
    def log(self) -> str:
        """All that it wrote."""
        return self.path.read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        """Address of the server's API."""
        line = next(line for line in self.log.splitlines() if line.startswith("Prefect's pages: "))
        return line.split()[2] + "/api"

    def until(self, word: str, patience: float = PATIENCE) -> str:
        """Return the log when `word` is in it; the test fails where it never comes."""
        give_up = time.monotonic() + patience
        while word not in self.log:
            assert time.monotonic() < give_up, f"{word!r} does not come:\n{self.log[-4000:]}"
            assert self.process.poll() is None, f"it ended:\n{self.log[-4000:]}"
            time.sleep(0.1)
        return self.log

    def stop(self, by: signal.Signals = signal.SIGINT) -> int:
        """Return the exit code after a signal."""
        self.process.send_signal(by)
        code = self.process.wait(PATIENCE)
        self.file.close()
        return code

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        self.file.close()


def proof(url: str) -> dict[str, str]:
    """Return the headers that a server of ours wants to see before it changes anything."""
    told = until(lambda: answer if (answer := httpx.get(f"{url}/csrf-token?client=tests")).is_success else None)
    return {"Prefect-Csrf-Token": told.json()["token"], "Prefect-Csrf-Client": "tests"}


def ask(url: str, what: str, **query: Any) -> Any:
    """Return what the server has of a kind."""

    def told() -> Any:
        answer = httpx.post(f"{url}/{what}/filter", json=query, headers=proof(url), timeout=PATIENCE)
        return answer.json() if answer.is_success else None

    return until(told)


def runs(url: str, **where: Any) -> list[dict[str, Any]]:
    """Return the flow runs that have come to an end, oldest first."""
    found = ask(url, "flow_runs", sort="EXPECTED_START_TIME_ASC", **where)
    return [run for run in found if run["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}]


def start(url: str, deployment: str, *, due: datetime | None = None, **parameters: Any) -> str:
    """Start a run of a deployment as Prefect's pages do, now or when it is due; return its id."""
    details = {"state_details": {"scheduled_time": due.isoformat()}} if due else {}
    told = {"parameters": parameters, "state": {"type": "SCHEDULED"} | details}

    def started() -> str | None:
        found = httpx.get(f"{url}/deployments/name/{deployment}", timeout=PATIENCE)
        if found.is_success:
            path = f"{url}/deployments/{found.json()['id']}/create_flow_run"
            answer = httpx.post(path, json=told, headers=proof(url), timeout=PATIENCE)
        return str(answer.json()["id"]) if found.is_success and answer.is_success else None

    return until(started)  # while SQLite is at work the server says 503


def ended(url: str, run: str, patience: float = 4 * PATIENCE) -> dict[str, Any]:
    """Return the flow run when it has come to an end."""
    return until(lambda: next(iter(runs(url, flow_runs={"id": {"any_": [run]}})), None), patience)


T = TypeVar("T")


def until(found: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """Return what was found, when it is; the test fails where it never is."""
    give_up = time.monotonic() + patience
    while (one := found()) is None:
        assert time.monotonic() < give_up
        time.sleep(0.3)
    return one
