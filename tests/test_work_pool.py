"""The flows on a work pool: Prefect's server on PostgreSQL, two workers, one data folder, one kernel lock a dataset."""

import getpass
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flows import server
from flows.logs import STEPS
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


DEPLOY = PROJECT / "docs" / "deploy.md"


def told(command: str, **instead: str) -> list[str]:
    """Return the lines of the page on running it for good that have `command` among them, with our own values."""
    blocks = re.findall(r"^```text\n(.*?)^```", DEPLOY.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    block: str
    (block,) = (block for block in blocks if f"\n{command}" in block)
    for usual, own in instead.items():
        assert usual in block
        block = block.replace(usual, own)
    return block.splitlines()


@pytest.fixture(scope="module")
def pool(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """Return a server on PostgreSQL with the deployments of prefect.yaml, and two workers, all as the page says."""
    home = tmp_path_factory.mktemp("pool")
    (home / "data").mkdir()
    data = served.make_data(home / "data", DATASET, MINISTRY)
    port = server.free_port()
    usual = "postgresql+asyncpg://prefect:…@127.0.0.1/prefect"
    serving = told("prefect server start --host", **{usual: database, "4200": str(port)})
    *setting_up, working = told("prefect work-pool", **{"/srv/communique/data": str(data), "4200": str(port)})
    exports = [line for line in setting_up if line.startswith("export ")]
    env = clean_environment(PREFECT_HOME=str(home / "prefect"), PREFECT_WORKER_QUERY_SECONDS="1")
    env["PATH"] = f"{BIN}{os.pathsep}{env['PATH']}"
    logs = [home / f"{name}.log" for name in ("server", "worker-1", "worker-2")]
    running = [_start(serving, logs[0], env)]
    try:
        served.until(lambda: server.healthy(f"http://127.0.0.1:{port}/api") or None, LONG)
        _shell(setting_up, env)
        running += [_start([*exports, working], log, env) for log in logs[1:]]
        served.until(lambda: all("started!" in log.read_text(encoding="utf-8") for log in logs[1:]) or None, LONG)
        yield Pool(f"http://127.0.0.1:{port}/api", data, logs)
    finally:
        for process in reversed(running):
            process.send_signal(signal.SIGINT)
        for process in running:
            _end(process)


def _shell(lines: list[str], env: dict[str, str]) -> None:
    """Run commands one after the other; nobody is there to be asked."""
    subprocess.run(
        ["bash", "-ec", "\n".join(lines)],
        env=env,
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        check=True,
        capture_output=True,
    )


def _start(lines: list[str], log: Path, env: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Return the process that the last of the commands has become."""
    script = "\n".join([*lines[:-1], f"exec {lines[-1]}"])
    with log.open("wb") as file:
        return subprocess.Popen(
            ["bash", "-ec", script],
            env=env, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
        )  # fmt: skip


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


@pytest.mark.usefixtures("both")
def test_the_lines_of_the_steps_are_in_the_log_of_the_worker_and_on_prefects_pages(pool: Pool) -> None:
    lines = [line["message"] for line in served.ask(pool.url, "logs", limit=200)]
    for step in STEPS:
        assert any(line.split()[:1] == [step] for line in lines), lines
        assert any(f" {step} " in log.read_text(encoding="utf-8") for log in pool.logs[1:])


def test_every_table_of_the_server_lies_in_postgresql(pool: Pool) -> None:
    assert not list(pool.data.parent.rglob("prefect.db"))
