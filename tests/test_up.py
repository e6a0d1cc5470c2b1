"""`communique up`, real: runs on schedule and by hand, news, logs, stops, kills and what the next start mends."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows import config
from flows.settings import PROJECT
from tests import served
from tests.conftest import SEED
from tests.publishing import DATASET, PATIENCE, processes_of, read_json, wait_until
from tests.served import BIN, TICK, Up, Webhook, ask, clean_environment, ended, runs, start

SECRET = "s3cret-of-the-webhook"  # noqa: S105 - what must not be seen
KEY = "pnu_never_to_be_seen"
PUBLISHING = f"publish-releases/{DATASET}"
LONG = 4 * PATIENCE
"""What takes a while where the machine has much to do."""


@pytest.fixture(scope="module")
def webhook() -> Iterator[Webhook]:
    """Return a loopback webhook that keeps what it gets."""
    with served.webhook(f"steward:{SECRET}@") as kept:
        yield kept


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder whose dataset is due every minute, and a folder outside it."""
    folder = tmp_path_factory.mktemp("up") / "data"
    folder.mkdir()
    served.make_data(folder, DATASET, cron="* * * * *")
    bad = SEED.read_text(encoding="utf-8").replace("1.5 million", "2.5 million", 1)
    (folder / "bad.json").write_text(bad, encoding="utf-8")
    shutil.copy(folder / "bad.json", folder.parent / "outside.json")
    return folder


@pytest.fixture(scope="module")
def up(data: Path, webhook: Webhook) -> Iterator[Up]:
    """Return a `communique up` that was told of a broken release by hand, then of its mend by the schedule."""
    seed = data / "releases" / SEED.name
    good = seed.read_bytes()
    seed.write_text('{"id": "cut off', encoding="utf-8")
    process = Up(data, COMMUNIQUE_NOTIFY=webhook.address, COMMUNIQUE_LOG="json", PREFECT_API_KEY=KEY)
    try:
        process.until("serving approve-version/approve", LONG)
        start(process.url, PUBLISHING)
        process.until('"outcome": "Held"', TICK)
        seed.write_bytes(good)
        process.until('"outcome": "Published"', TICK)
        set_paused(process.url, to=True)
        yield process
    finally:
        process.end()


def set_paused(url: str, *, to: bool) -> None:
    """Pause or resume the dataset's deployment, as a steward does on Prefect's pages.

    While it writes much, Prefect's server answers 503; it is asked again, as its own clients do.
    """

    def done() -> bool | None:
        found = httpx.get(f"{url}/deployments/name/{PUBLISHING}", timeout=LONG)
        if not found.is_success:
            return None
        path = f"{url}/deployments/{found.json()['id']}"
        return httpx.patch(path, json={"paused": to}, headers=served.proof(url), timeout=LONG).is_success or None

    served.until(done)


def test_a_scheduled_run_publishes(up: Up, data: Path) -> None:
    (first,) = served.until(lambda: [run for run in runs(up.url) if run["state_name"] == "Published"] or None)
    assert (first["name"], first["auto_scheduled"]) == (f"publish {DATASET}", True)
    assert read_json(data / "packages" / DATASET / "latest.json")["version"] == "1.0.0"


def test_people_are_told_that_a_dataset_is_held_and_that_it_has_recovered(up: Up, webhook: Webhook) -> None:
    served.until(lambda: webhook.got[1:] or None)
    told = [one["title"] for one in webhook.got]
    assert told == [f"{DATASET} is held: a steward decides", f"{DATASET} has recovered"]
    wanted = {"filter": {"event": {"prefix": ["communique.dataset."]}, "order": "ASC"}}

    def names() -> set[str]:
        answer = httpx.post(f"{up.url}/events/filter", json=wanted, headers=served.proof(up.url), timeout=LONG)
        return {event["event"].rpartition(".")[2] for event in answer.json()["events"]} if answer.is_success else set()

    assert wait_until(lambda: {"held", "published", "recovered"} <= names()), names()


LISTS = {
    "deployment ls": "publish-releases",
    f"deployment schedule ls publish-releases/{DATASET}": "* * * * *",
    "flow-run ls": "publish-releases",
    "work-pool ls": "",
    "artifact ls": f"{DATASET}-summary",
}
"""Prefect's own lists, and what is in each."""


@pytest.fixture(scope="module")
def listed(up: Up) -> dict[str, "subprocess.CompletedProcess[str]"]:
    """Return what each of Prefect's lists says, all asked at once."""
    env = clean_environment(PREFECT_API_URL=up.url, NO_COLOR="1")
    asked = {
        name: subprocess.Popen([BIN / "prefect", *name.split()], env=env, stdout=subprocess.PIPE, text=True)
        for name in LISTS
    }
    said = {name: process.communicate(timeout=TICK)[0] for name, process in asked.items()}
    return {name: subprocess.CompletedProcess(name, asked[name].returncode, said[name]) for name in LISTS}


@pytest.mark.parametrize("command", LISTS)
def test_the_lists_of_prefects_own_command_line_work(
    listed: dict[str, "subprocess.CompletedProcess[str]"], command: str
) -> None:
    assert listed[command].returncode == 0
    assert LISTS[command] in listed[command].stdout


@pytest.mark.parametrize(
    "deployment", [f"publish-releases/{DATASET}", "validate-releases/validate", "approve-version/approve"]
)
def test_every_field_of_a_form_is_explained(up: Up, deployment: str) -> None:
    form = httpx.get(f"{up.url}/deployments/name/{deployment}").json()["parameter_openapi_schema"]["properties"]
    assert form
    assert all(field["description"] for field in form.values())


@pytest.fixture(scope="module")
def by_hand(up: Up) -> dict[str, dict[str, Any]]:
    """Return how validations that were started by hand ended, by their target, all run at once."""
    targets = ["bad.json", f"releases/{SEED.name}", "../outside.json"]
    started = {target: start(up.url, "validate-releases/validate", target=target) for target in targets}
    return {target: ended(up.url, run) for target, run in started.items()}


@pytest.mark.parametrize(
    ("target", "state"),
    [
        ("bad.json", ("FAILED", "Invalid")),
        (f"releases/{SEED.name}", ("COMPLETED", "Valid")),
        ("../outside.json", ("FAILED", "Misconfigured")),
    ],
)
def test_a_validation_by_hand_ends_as_what_it_found_and_reads_nothing_outside_the_roots(
    by_hand: dict[str, dict[str, Any]], target: str, state: tuple[str, str]
) -> None:
    assert (by_hand[target]["state_type"], by_hand[target]["state_name"]) == state


def test_the_artifact_of_an_invalid_document_names_its_problems(up: Up, by_hand: dict[str, dict[str, Any]]) -> None:
    mine = {"flow_runs": {"id": {"any_": [by_hand["bad.json"]["id"]]}}}
    shown = {one["key"]: one for one in ask(up.url, "artifacts", **mine)}
    rows = json.loads(shown["validation-problems"]["data"])
    named = [row for row in rows if row["rule"] == "evidence.words" and row["field"] == "quantity_text"]
    assert named
    assert "bad.json" in named[0]["at"]
    assert named[0]["hint"]
    assert [row["rule"] for row in rows].index("quarantine.dependant") > rows.index(named[0])


def test_a_day_of_a_backfill_that_lies_before_the_journal_is_refused_on_the_server_too(up: Up) -> None:
    run = ended(up.url, start(up.url, f"publish-releases/{DATASET}", since="2020-01-01", until="2020-01-02"))
    assert run["state_name"] in {"Misconfigured", "Busy"}


def test_doctor_knows_the_server_and_its_schedules(up: Up, data: Path) -> None:
    told = subprocess.run(
        [str(BIN / "communique"), "--data", str(data), "doctor", "--format", "json"],
        env=clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = {(one["check"], one["outcome"]) for one in json.loads(told.stdout)["findings"]}
    assert told.returncode == 0, told.stdout
    good = (
        "server",
        "open to the world",
        "foreign pages",
        "telemetry",
        "serializer",
        "lock",
        "clock",
        "rights",
        "versions",
    )
    assert {(check, "good") for check in good} <= found
    assert up.url.removesuffix("/api") in told.stdout
    assert f"{DATASET}: * * * * * America/New_York, and it is paused" in told.stdout


def test_what_is_published_can_be_downloaded_from_the_site_beside_it(up: Up) -> None:
    line = next(line for line in up.log.splitlines() if line.startswith("serving ") and " at http" in line)
    answer = httpx.get(line.split(" at ")[1].split()[0] + f"{DATASET}/latest.json", timeout=LONG)
    assert answer.json()["version"] == "1.0.0"


def test_a_second_up_on_one_data_folder_ends_4(up: Up, data: Path) -> None:
    assert up.process.poll() is None
    command = [str(BIN / "communique"), "--data", str(data), "up"]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "up.lock" in done.stderr


def test_the_log_is_json_line_by_line_and_no_secret_is_in_it_or_in_what_the_server_keeps(up: Up, data: Path) -> None:
    lines = [line for line in up.log.splitlines() if line.startswith("{")]
    told = [json.loads(line) for line in lines]
    assert {"fetch", "build", "judge", "stage", "audit", "commit"} <= {one.get("step") for one in told}
    assert all({"time", "level", "logger", "message"} <= one.keys() for one in told)
    other = [line for line in up.log.splitlines() if not line.startswith("{")]
    assert all(line.startswith(("Prefect's pages: ", "serving ")) for line in other), other
    kept = up.log.encode() + b"".join(path.read_bytes() for path in (data / ".prefect").rglob("*") if path.is_file())
    for secret in (SECRET, KEY):
        assert secret.encode() not in kept
    said = json.dumps(ask(up.url, "logs")).encode() + json.dumps(runs(up.url)).encode()
    assert SECRET.encode() not in said


# The last in this file that need it: they end the process that the tests above share


def test_killed_in_a_run_it_leaves_no_process_and_the_next_start_marks_the_run_crashed_and_catches_up_once(
    up: Up, data: Path
) -> None:
    before = up.log.count('"step": "fetch"')
    set_paused(up.url, to=False)
    start(up.url, PUBLISHING)
    served.until(lambda: (up.log.count('"step": "fetch"') > before) or None, TICK)
    os.killpg(up.process.pid, signal.SIGKILL)
    up.process.wait(PATIENCE)
    assert wait_until(lambda: not processes_of(data)), processes_of(data)
    minute = time.time() // 60
    served.until(lambda: (time.time() // 60 > minute) or None, 61)  # a run is due while nothing is there to run it
    again = Up(data)
    try:
        again.until("serving approve-version/approve", LONG)
        assert "its process is gone" in again.log
        assert again.log.count("is caught up") == 1
        again.until(f"{DATASET} unchanged", TICK)
        crashed = [run for run in runs(again.url) if run["state_type"] == "CRASHED"]
        assert 1 <= len(crashed) <= 2, crashed  # one by hand, and the schedule's, where it was due in that second
        assert again.stop() == 0
    finally:
        again.end()
    assert wait_until(lambda: not processes_of(data)), processes_of(data)
    assert "Traceback" not in again.log
    assert "never awaited" not in again.log
    assert [path.name for path in (data / "packages" / DATASET).glob("[0-9]*")] == ["1.0.0"]


def test_a_restart_keeps_what_is_paused_runs_what_was_asked_for_and_tells_of_a_broken_file(data: Path) -> None:
    broken = data / "datasets" / "broken.toml"
    first = Up(data)
    try:
        first.until("serving approve-version/approve", LONG)
        set_paused(first.url, to=True)
        due = datetime.now(UTC) + timedelta(seconds=20)
        asked = start(first.url, PUBLISHING, due=due)
        assert first.stop() == 0
    finally:
        first.end()
    served.until(lambda: (datetime.now(UTC) > due) or None)  # nothing is there to run it
    broken.write_text("title = 1\n", encoding="utf-8")
    again = Up(data)
    try:
        again.until("serving approve-version/approve", LONG)
        assert f"serving {PUBLISHING}, paused" in again.log
        assert "misconfigured: " in again.log
        assert str(broken) in again.log
        served.until(lambda: any(run["id"] == asked and run["end_time"] for run in runs(again.url)) or None, TICK)
        (run,) = [run for run in runs(again.url) if run["id"] == asked]
        assert run["state_name"] in {"Published", "Unchanged"}
        found = httpx.get(f"{again.url}/deployments/name/{PUBLISHING}", timeout=LONG).json()
        assert (found["paused"], [one["active"] for one in found["schedules"]]) == (True, [True])
        schedule = f"{again.url}/deployments/{found['id']}/schedules/{found['schedules'][0]['id']}"
        rested = httpx.patch(schedule, json={"active": False}, headers=served.proof(again.url), timeout=LONG)
        assert rested.is_success
        set_paused(again.url, to=False)
        assert again.stop() == 0
    finally:
        again.end()
    third = Up(data)
    try:
        third.until("serving approve-version/approve", LONG)
        found = httpx.get(f"{third.url}/deployments/name/{PUBLISHING}", timeout=LONG).json()
        assert (found["paused"], [one["active"] for one in found["schedules"]]) == (False, [False])
        assert third.stop() == 0
    finally:
        third.end()
        broken.unlink()


def test_it_stops_while_it_is_starting(data: Path) -> None:
    process = Up(data)
    try:
        process.until("Prefect's pages", LONG)
        assert process.stop() == 0
        assert "serving approve-version" not in process.log
    finally:
        process.end()
    assert wait_until(lambda: not processes_of(data)), processes_of(data)


def test_the_deployments_of_the_work_pool_have_the_schedules_of_the_datasets_files() -> None:
    yaml = pytest.importorskip("yaml")
    told = yaml.safe_load((PROJECT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    publishing = {one["parameters"]["dataset"]: one for one in told if "parameters" in one}
    assert sorted(publishing) == config.names(PROJECT / "data" / "datasets")
    for name, one in publishing.items():
        schedule = config.read(PROJECT / "data" / "datasets", name).schedule
        assert schedule
        assert one["name"] == name
        assert one["schedules"] == [{"cron": schedule.cron, "timezone": schedule.timezone}]
    assert {one["name"] for one in told} - set(publishing) == {"validate", "approve"}
