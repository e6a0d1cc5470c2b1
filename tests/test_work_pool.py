"""The flows on a work pool: Prefect's server on PostgreSQL, two workers, one data folder, one kernel lock a dataset."""

import getpass
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flows import server
from flows.settings import PROJECT
from tests import served
from tests.publishing import DATASET, PATIENCE, read_json
from tests.served import BIN, clean_environment, ended, start

MINISTRY = "sample-ministry"
LONG = 8 * PATIENCE
POSTGRES = [
    *map(Path, filter(None, [shutil.which("initdb")])),
    *sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")),
]
pytestmark = pytest.mark.skipif(not POSTGRES, reason="PostgreSQL is not installed")


class Pool(NamedTuple):
    """A server on PostgreSQL, and the data folder of its two workers."""

    url: str
    data: Path
    logs: list[Path]


def as_postgres(*command: str | Path) -> None:
    """Run a command of PostgreSQL, which does not run as root."""
    user = "postgres" if getpass.getuser() == "root" else None
    subprocess.run(list(map(str, command)), check=True, user=user, stdout=subprocess.DEVNULL, cwd="/")


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """Return the address of a new database."""
    bin_, port = POSTGRES[-1].parent, server.free_port()
    home = Path(os.environ.get("TMPDIR", "/tmp")) / f"communique-postgres-{os.getpid()}"  # noqa: S108 - a socket's path is short
    home.mkdir(mode=0o700)
    if getpass.getuser() == "root":
        shutil.chown(home, "postgres")
    as_postgres(bin_ / "initdb", "-D", home / "db", "-A", "trust", "-U", "prefect", "-N")
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
    as_postgres(bin_ / "pg_ctl", "-D", home / "db", "-w", "-l", home / "log", "-o", options, "start")
    as_postgres(bin_ / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "prefect", "prefect")
    yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/prefect"
    as_postgres(bin_ / "pg_ctl", "-D", home / "db", "-m", "fast", "stop")
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def pool(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """Return a server on PostgreSQL with the deployments of prefect.yaml, and two workers."""
    home = tmp_path_factory.mktemp("pool")
    (home / "data").mkdir()
    data = served.make_data(home / "data", DATASET, MINISTRY)
    port = server.free_port()
    url = f"http://127.0.0.1:{port}/api"
    env = clean_environment(
        **server.environment(home / "prefect", url), COMMUNIQUE_DATA=str(data), PREFECT_WORKER_QUERY_SECONDS="1"
    )
    own = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": database}
    logs = [home / f"{name}.log" for name in ("server", "worker-1", "worker-2")]
    running = [_start(["server", "start", "--port", str(port)], logs[0], env | own)]
    try:
        served.until(lambda: server.healthy(url) or None, LONG)
        _prefect(env, "work-pool", "create", "communique", "--type", "process")
        _prefect(env, "deploy", "--all")
        for log in logs[1:]:
            worker = ["worker", "start", "--pool", "communique", "--name", log.stem, "--limit", "1"]
            running.append(_start(worker, log, env))
        served.until(lambda: all("started!" in log.read_text(encoding="utf-8") for log in logs[1:]) or None, LONG)
        yield Pool(url, data, logs)
    finally:
        for process in reversed(running):
            process.send_signal(signal.SIGINT)
        for process in running:
            _end(process)


def _prefect(env: dict[str, str], *command: str) -> None:
    whole = [str(BIN / "prefect"), "--no-prompt", *command]
    subprocess.run(whole, env=env, cwd=PROJECT, check=True, capture_output=True)


def _start(command: list[str], log: Path, env: dict[str, str]) -> "subprocess.Popen[bytes]":
    with log.open("wb") as file:
        whole = [str(BIN / "prefect"), *command]
        return subprocess.Popen(whole, env=env, cwd=PROJECT, stdout=file, stderr=file, start_new_session=True)


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


@pytest.fixture(scope="module")
def both(pool: Pool) -> list[dict[str, Any]]:
    """Return how a run of each dataset ended, started at once."""
    started = [start(pool.url, f"publish-releases/{name}") for name in (DATASET, MINISTRY)]
    return [ended(pool.url, run, LONG) for run in started]


def test_two_workers_publish_two_datasets_at_once(pool: Pool, both: list[dict[str, Any]]) -> None:
    assert [run["state_name"] for run in both] == ["Published", "Published"]
    first, second = both
    assert first["start_time"] < second["end_time"]
    assert second["start_time"] < first["end_time"]
    assert all("commit " in log.read_text(encoding="utf-8") for log in pool.logs[1:])
    for name in (DATASET, MINISTRY):
        assert read_json(pool.data / "packages" / name / "latest.json")["version"] == "1.0.0"


@pytest.mark.usefixtures("both")
def test_of_two_runs_of_one_dataset_one_does_the_work_and_the_other_says_who_holds_the_lock(pool: Pool) -> None:
    started = [start(pool.url, f"publish-releases/{MINISTRY}") for _ in range(2)]
    met = [ended(pool.url, run, LONG) for run in started]
    assert sorted((run["state_type"], run["state_name"]) for run in met) == [
        ("COMPLETED", "Unchanged"),
        ("FAILED", "Busy"),
    ]
    busy = next(run for run in met if run["state_name"] == "Busy")["state"]["message"]
    assert "another publisher holds" in busy
    assert busy.endswith("(exit 4)")


def test_every_table_of_the_server_lies_in_postgresql(pool: Pool) -> None:
    assert not list(pool.data.parent.rglob("prefect.db"))
