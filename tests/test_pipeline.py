"""Real runs through Prefect: how they end, what its server then knows, and that nothing is left running."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import Any, NamedTuple, cast

import httpx
import pytest

from flows import server, store
from flows.settings import PROJECT, Settings
from schemas.package import Package, Version
from tests.conftest import AS_OF, SEED, Communique
from tests.publishing import DATASET, PATIENCE, home, processes_of, published, read_json, table, wait_until
from tests.served import proof, webhook

BIN = Path(sys.executable).parent


def clean_environment() -> dict[str, str]:
    """Return the environment without what could lead a run to another server or data folder."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "COMMUNIQUE_"))}


def command(data: Path) -> list[str]:
    return [str(BIN / "communique"), "--data", str(data), "run", DATASET, "--as-of", AS_OF]


# Three runs that share a server: what they print, and what the server knows of them


class Told(NamedTuple):
    """What three runs printed, and what Prefect's server said of them while it was up."""

    runs: dict[str, "subprocess.CompletedProcess[str]"]
    flow_runs: list[dict[str, Any]]
    task_runs: dict[str, list[str]]
    artifacts: dict[str, dict[str, str]]
    events: list[dict[str, Any]]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the dataset and the seed release."""
    data = tmp_path_factory.mktemp("pipeline") / "shared"
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(SEED.parent, data / "releases")
    return data


@pytest.fixture(scope="module")
def url(shared: Path) -> Iterator[str]:
    """Return the address of the server of the shared data folder, up for as long as the tests of this file run."""
    with server.serving(Settings(data=shared).prefect_home) as address:
        yield address


@pytest.fixture(scope="module")
def told(shared: Path, url: str) -> Told:
    """Return what there is to tell of a first run, a second one, and one of a document that cannot be read."""
    broken = shutil.copytree(shared, shared.parent / "broken", ignore=shutil.ignore_patterns(".prefect"))
    (broken / "releases" / SEED.name).write_text('{"id": "cut off', encoding="utf-8")
    runs = {"first": _run(shared), "second": _run(shared), "broken": _run(broken, PREFECT_API_URL=url)}
    flow_runs = _ask(url, "flow_runs", sort="START_TIME_ASC")
    found = {run["state"]["name"]: {"flow_runs": {"id": {"any_": [run["id"]]}}} for run in flow_runs}
    tasks = {name: _ask(url, "task_runs", **mine) for name, mine in found.items()}
    artifacts = {name: _ask(url, "artifacts", **mine) for name, mine in found.items()}
    return Told(
        runs,
        flow_runs,
        {name: sorted(f"{task['name']}: {task['state_type']}" for task in tasks[name]) for name in found},
        {name: {one["key"]: one["type"] for one in artifacts[name]} for name in found},
        _events(url),
    )


def _run(data: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    env = clean_environment() | {"COLUMNS": "200"} | environment
    return subprocess.run(command(data), env=env, capture_output=True, text=True, check=False, timeout=300)


def _ask(url: str, what: str, **query: Any) -> list[dict[str, Any]]:
    """Return what the server has of a kind."""
    answer = httpx.post(f"{url}/{what}/filter", json=query, headers=proof(url))
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found


def event_names(url: str, since: datetime, count: int) -> list[str]:
    """Return the names of our events that were told `since` then, once there are `count` of them."""
    asked = {"event": {"prefix": ["communique.dataset."]}, "occurred": {"since": since.isoformat()}, "order": "ASC"}
    found: list[str] = []

    def filed() -> bool:
        answer = httpx.post(f"{url}/events/filter", json={"filter": asked}, headers=proof(url)).json()["events"]
        found[:] = [one["event"].removeprefix("communique.dataset.") for one in answer]
        return len(found) >= count

    wait_until(filed)
    return found


def _events(url: str) -> list[dict[str, Any]]:
    """Return our own events, once the server has filed all three."""
    wanted = {"filter": {"event": {"prefix": ["communique.dataset."]}, "order": "ASC"}}
    found: list[dict[str, Any]] = []

    def filed() -> bool:
        found[:] = httpx.post(f"{url}/events/filter", json=wanted, headers=proof(url)).json()["events"]
        return len(found) == 3

    wait_until(filed)
    return found


@pytest.mark.parametrize(
    ("run", "code", "outcome"), [("first", 0, "Published"), ("second", 0, "Unchanged"), ("broken", 1, "Held")]
)
def test_a_run_says_how_it_ended_by_its_exit_code_and_its_last_line(
    told: Told, run: str, code: int, outcome: str
) -> None:
    done = told.runs[run]
    assert done.returncode == code, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith(f"{outcome:<9} {DATASET} ")
    for decision in ("approve", "reject"):
        assert bool(re.search(rf"communique {decision} \S+ --reason", done.stdout)) is (outcome == "Held")
    assert "Traceback" not in done.stdout + done.stderr


def test_the_first_run_publishes_the_seed_and_the_next_ones_nothing(told: Told, shared: Path) -> None:
    assert str(home(shared) / "1.0.0") in told.runs["first"].stdout
    assert sorted(path.name for path in home(shared).glob("*.json")) == ["latest.json", "search.json", "versions.json"]
    assert [path.name for path in home(shared).glob("[0-9]*")] == ["1.0.0"]
    assert (home(shared) / "index.html").is_file()
    assert len(table(Package(DATASET, Version(1, 0, 0), home(shared) / "1.0.0"), "mentions")) == 57


def test_a_held_run_names_the_file_and_the_line_that_cannot_be_read(told: Told) -> None:
    assert "input.json" in told.runs["broken"].stdout
    assert f"releases/{SEED.name}:1" in told.runs["broken"].stdout


@pytest.mark.parametrize(
    ("run", "outcome", "version"),
    [("first", "Published", "1.0.0"), ("second", "Unchanged", "1.0.0"), ("broken", "Held", None)],
)
def test_a_run_leaves_its_record_beside_the_report_that_it_names(
    told: Told, run: str, outcome: str, version: str | None
) -> None:
    line = next(line for line in told.runs[run].stdout.splitlines() if line.startswith("report "))
    report = Path(line.removeprefix("report").strip())
    record = read_json(report.with_name("run.json"))
    assert (record["outcome"], record["version"], record["as_of"]) == (outcome, version, AS_OF)
    assert read_json(report)["valid"] is (outcome != "Held")


def test_only_a_held_candidate_keeps_the_rows_that_wait_for_a_steward(told: Told, shared: Path) -> None:
    assert told.flow_runs
    waiting = [folder.parent for folder in shared.parent.glob(f"*/runs/{DATASET}/*/verdict")]
    assert [read_json(folder / "run.json")["outcome"] for folder in waiting] == ["Held"]


def test_the_server_knows_each_run_by_a_name_that_can_be_read_and_the_state_it_ended_in(told: Told) -> None:
    states = [(run["state"]["type"], run["state"]["name"]) for run in told.flow_runs]
    assert states == [("COMPLETED", "Published"), ("COMPLETED", "Unchanged"), ("COMPLETED", "Held")]
    assert {run["name"] for run in told.flow_runs} == {f"publish {DATASET}"}
    assert {run["parameters"]["dataset"] for run in told.flow_runs} == {DATASET}


JUDGED = [f"build {DATASET}: COMPLETED", f"fetch {DATASET}: COMPLETED", f"judge {DATASET}: COMPLETED"]


@pytest.mark.parametrize(
    ("state", "tasks"),
    [
        ("Published", ["audit 1.0.0: COMPLETED", *JUDGED, "commit 1.0.0: COMPLETED", f"stage {DATASET}: COMPLETED"]),
        ("Unchanged", JUDGED),
        ("Held", JUDGED),
    ],
)
def test_the_server_knows_the_steps_that_a_run_took_and_no_other(told: Told, state: str, tasks: list[str]) -> None:
    assert told.task_runs[state] == sorted(tasks)


@pytest.mark.parametrize("state", ["Published", "Unchanged", "Held"])
def test_a_run_shows_a_summary_and_its_problems_and_a_link_to_what_it_published(told: Told, state: str) -> None:
    shown = {f"{DATASET}-summary": "markdown", f"{DATASET}-problems": "table"}
    link = {f"{DATASET}-version": "markdown"} if state == "Published" else {}
    assert told.artifacts[state] == shown | link


def test_every_end_is_an_event_that_an_automation_can_wait_for(told: Told) -> None:
    names = [event["event"].removeprefix("communique.dataset.") for event in told.events]
    assert names == ["published", "unchanged", "held"]
    assert {event["resource"]["prefect.resource.id"] for event in told.events} == {f"communique.dataset.{DATASET}"}


# Runs that do not begin


def refusal(done: "subprocess.CompletedProcess[str]") -> str:
    """Return what a run that was refused told, after checking that it was told without a traceback."""
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_a_wrong_dataset_file_ends_2_with_its_line_before_any_server_is_started(
    communique: Communique, data: Path
) -> None:
    path = data / "datasets" / f"{DATASET}.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    line = lines.index("max_refused_share = 0.2")
    lines[line] = 'max_refused_share = "few"'
    path.write_text("\n".join(lines), encoding="utf-8")
    done = communique("run", DATASET)
    assert done.returncode == 2
    assert f"{path}:{line + 1}: gate.max_refused_share" in refusal(done)
    assert not (data / ".prefect").exists()


def test_a_name_of_no_dataset_ends_2_with_the_names_that_there_are(communique: Communique, data: Path) -> None:
    done = communique("run", "letters")
    assert done.returncode == 2
    assert f"'letters' in {data / 'datasets'} (there are: {DATASET}, sample-ministry)" in refusal(done)


def test_a_day_that_is_none_ends_2(communique: Communique, data: Path) -> None:
    done = communique("run", DATASET, "--as-of", "2021-02-30")
    assert done.returncode == 2
    assert "as-of" in refusal(done)
    assert not (data / "runs").exists()


def test_a_second_run_at_once_ends_4_and_leaves_all_to_the_first(communique: Communique, settings: Settings) -> None:
    with store.locked(settings.lock(DATASET)):
        done = communique("run", DATASET)
    assert done.returncode == 4
    assert f"another publisher holds {settings.lock(DATASET)}" in refusal(done)
    assert not settings.raw.exists()
    assert not settings.prefect_home.exists()


def test_a_source_that_is_not_there_ends_2_and_says_where_it_was_looked_for(
    communique: Communique, data: Path, url: str
) -> None:
    shutil.rmtree(data / "releases")
    done = communique("run", DATASET, PREFECT_API_URL=url)
    assert done.returncode == 2
    assert f"source 'releases': releases is not there (looked in {data})" in refusal(done)
    assert not (data / ".prefect" / "server.log").exists()


PUBLISH = """
import sys
from flows import pipeline
print(pipeline.publish(sys.argv[1], None).name)
"""


def flow(settings: Settings, url: str, dataset: str, **environment: str) -> str:
    """Return how the flow ends, started as Prefect's pages do, without what the command line looks at before."""
    env = clean_environment() | server.environment(settings.prefect_home, url) | {"COMMUNIQUE_DATA": str(settings.data)}
    call = [sys.executable, "-c", PUBLISH, dataset]
    done = subprocess.run(call, env=env | environment, cwd=PROJECT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["official-release", f"../datasets/{DATASET}", "../../x"])
def test_a_name_that_no_dataset_has_ends_the_flow_before_it_makes_a_folder_or_tells_anyone(
    settings: Settings, url: str, name: str
) -> None:
    def there() -> list[Path]:
        return sorted(path for path in settings.root.parent.rglob("*") if ".prefect" not in path.parts)

    before = there()
    assert flow(settings, url, name) == "Misconfigured"
    assert there() == before


OLD = {
    "id": "harbour",
    "issuer": "ministry-of-housing",
    "language": "en",
    "published_on": "2024-03-05",
    "source": {"name": "Invented for the tests"},
    "body": "Minister Ada Lind spoke at the opening of the new harbour school.",
    "organizations": [{"id": "ministry-of-housing", "name": "Ministry of Housing"}],
}


def test_people_are_told_why_a_dataset_failed_is_held_or_stale_and_once_that_it_has_recovered(
    communique: Communique, data: Path, url: str
) -> None:
    config, document = data / "datasets" / f"{DATASET}.toml", data / "releases" / SEED.name
    rules = config.read_text(encoding="utf-8")
    shutil.rmtree(document.parent)
    with webhook() as told:

        def run(max_age: int, text: str | None) -> int:
            config.write_text(f"{rules}\n[freshness]\nmax_age = {max_age}\n", encoding="utf-8")
            if text is not None:
                document.parent.mkdir(exist_ok=True)
                document.write_text(text, encoding="utf-8")
            return communique("run", DATASET, PREFECT_API_URL=url, COMMUNIQUE_NOTIFY=told.address).returncode

        assert [run(30, None), run(30, "{"), run(30, json.dumps(OLD)), run(10_000, None)] == [2, 1, 0, 0]
    assert [(one["title"].removeprefix(f"{DATASET} "), one["type"]) for one in told.got] == [
        ("failed", "failure"),
        ("is held: a steward decides", "warning"),
        ("is stale: nothing new for longer than its max_age", "warning"),
        ("has recovered", "success"),
    ]
    why = [one["message"] for one in told.got]
    assert "releases" in why[0]
    assert why[1].startswith("a critical problem holds the candidate (")
    assert why[2].startswith("The newest release: observed 2024-03-05. ")


def test_a_suite_with_a_slip_ends_2_and_names_its_file(communique: Communique, data: Path, url: str) -> None:
    path = data / "expectations" / DATASET / "roles.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"expectations": [{"severity": "criticl", "meta": {"id": "any", "reason": "A slip."}}]}')
    begun = datetime.now(UTC)
    told = communique("run", DATASET, "--as-of", AS_OF, PREFECT_API_URL=url)
    assert told.returncode == 2, told.stderr
    assert told.stdout.startswith(f"Misconfigured {DATASET} {path}: any: ")
    assert not home(data).exists()
    assert event_names(url, begun, 1) == ["failed"]


def test_a_run_that_nobody_foresaw_the_end_of_is_recorded_with_its_reason(
    communique: Communique, data: Path, url: str
) -> None:
    """What a disk did to a version that was published is no fault of a source, a setting or a suite."""
    (published(data).folder / "profile.json").write_text("{", encoding="utf-8")
    begun = datetime.now(UTC)
    done = communique("run", DATASET, "--as-of", AS_OF, PREFECT_API_URL=url)
    newest = max((data / "runs" / DATASET).glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns)
    told = read_json(newest)
    assert done.returncode == 1
    assert told["outcome"] == "Crashed"
    assert told["message"].startswith("ValidationError: ")
    assert event_names(url, begun, 1) == ["failed"]


@pytest.mark.parametrize(("decision", "event"), [("approve", "approved"), ("reject", "rejected")])
def test_what_a_steward_decides_on_prefects_pages_is_an_event_and_ends_the_condition(
    settings: Settings, url: str, decision: str, event: str
) -> None:
    (settings.root / "releases" / SEED.name).write_text('{"id": "cut off', encoding="utf-8")
    begun = datetime.now(UTC)
    assert flow(settings, url, DATASET) == "Held"
    (run_id,) = (path.name for path in (settings.root / "runs" / DATASET).glob("*Z-*"))
    call = f"({run_id!r}, 'why', 'lee', {decision!r}, return_state=True)"
    decide = f"from flows.pipeline import approve_version\napprove_version{call}"
    env = clean_environment() | server.environment(settings.prefect_home, url) | {"COMMUNIQUE_DATA": str(settings.data)}
    subprocess.run([sys.executable, "-c", decide], env=env, cwd=PROJECT, capture_output=True, check=True)
    assert event_names(url, begun, 3) == ["held", event, "recovered"]


def test_a_flow_that_finds_its_dataset_locked_ends_busy_on_the_server_too(settings: Settings, url: str) -> None:
    before = {run["id"] for run in _ask(url, "flow_runs")}
    with store.locked(settings.lock(DATASET)):
        assert flow(settings, url, DATASET) == "Busy"
    states = [run["state"] for run in _ask(url, "flow_runs") if run["id"] not in before]
    assert [(state["type"], state["name"]) for state in states] == [("FAILED", "Busy")]
    assert not settings.packages.exists()


def test_a_fetch_that_the_disk_failed_is_tried_again_and_publishes(settings: Settings, url: str) -> None:
    """A file stands where the raw store should be, until Prefect waits to try again."""
    settings.raw.write_bytes(b"")
    env = clean_environment() | {"PREFECT_API_URL": url, "COLUMNS": "200"}
    before = {run["id"] for run in _ask(url, "flow_runs")}

    def fetches() -> list[dict[str, Any]]:
        mine = [run["id"] for run in _ask(url, "flow_runs") if run["id"] not in before]
        tasks = _ask(url, "task_runs", flow_runs={"id": {"any_": mine}}) if mine else []
        return [task for task in tasks if task["name"].startswith("fetch ")]

    with subprocess.Popen(command(settings.data), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert wait_until(lambda: [one["state_name"] for one in fetches()] == ["AwaitingRetry"])
        settings.raw.unlink()
        told, _ = process.communicate(timeout=4 * PATIENCE)
    assert process.returncode == 0
    assert f"Published {DATASET} ".encode() in told
    assert wait_until(lambda: [one["state_name"] for one in fetches()] == ["Completed"])
    assert fetches()[0]["run_count"] > 1


class Falling(StreamRequestHandler):
    """Passes a connection on to a server, until a deployment is asked for: then the whole is gone."""

    def handle(self) -> None:
        """Pass on what comes, both ways."""
        falling = cast("Relay", self.server)
        if falling.fallen.is_set():
            return
        with socket.create_connection(("127.0.0.1", falling.behind)) as there:
            Thread(target=self._back, args=(there,), daemon=True).start()
            while data := self.request.recv(1 << 16):
                if b"/api/deployments" in data:
                    falling.fallen.set()
                    falling.socket.close()
                    return
                there.sendall(data)

    def _back(self, there: socket.socket) -> None:
        with suppress(OSError):
            while data := there.recv(1 << 16):
                self.request.sendall(data)


class Relay(ThreadingTCPServer):
    """A server in front of the one on the port `behind`."""

    daemon_threads = True
    behind = 0
    fallen: Event


def test_a_server_that_falls_while_deployments_are_made_is_told_without_a_traceback(
    communique: Communique, url: str
) -> None:
    with Relay(("127.0.0.1", 0), Falling) as relay:
        relay.behind, relay.fallen = int(url.split(":")[2].removesuffix("/api")), Event()
        Thread(target=relay.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{relay.server_address[1]}/api"
        done = communique("up", PREFECT_API_URL=address, PREFECT_CLIENT_MAX_RETRIES="0")
    assert relay.fallen.is_set()
    assert done.returncode == 1
    assert "Prefect's server is gone" in done.stderr
    assert "Traceback" not in done.stderr


# Runs that are stopped


@pytest.fixture
def running(data: Path) -> Iterator["subprocess.Popen[str]"]:
    """Return a run in a session of its own, as in a terminal of its own."""
    with subprocess.Popen(
        command(data),
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        yield process
        process.kill()


def read_to(process: "subprocess.Popen[str]", word: str) -> str:
    """Return what the process told on standard error up to the line that has `word`."""
    assert process.stderr
    lines = []
    for line in process.stderr:
        lines.append(line)
        if word in line:
            return "".join(lines)
    pytest.fail(f"no line has {word!r}:\n{''.join(lines)}")


@pytest.mark.parametrize("moment", ["starting", "fetch"])
def test_ctrl_c_ends_130_without_a_traceback_and_leaves_no_process(
    data: Path, running: "subprocess.Popen[str]", moment: str
) -> None:
    before = read_to(running, moment)
    os.killpg(running.pid, signal.SIGINT)
    out, after = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    assert "Traceback" not in out + before + after
    assert wait_until(lambda: not processes_of(data)), processes_of(data)


def test_a_run_that_is_killed_leaves_no_server_and_the_next_needs_no_help_and_leaves_nothing_running(
    data: Path, running: "subprocess.Popen[str]", communique: Communique
) -> None:
    read_to(running, "fetch")
    assert len(processes_of(data)) > 1
    running.kill()
    assert running.wait(PATIENCE) == -signal.SIGKILL
    assert wait_until(lambda: not processes_of(data)), processes_of(data)
    done = communique("run", DATASET)
    assert done.returncode == 0, done.stderr
    assert read_json(home(data) / "latest.json")["version"] == "1.0.0"
    assert wait_until(lambda: not processes_of(data)), processes_of(data)
