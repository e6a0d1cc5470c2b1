"""A run that is killed anywhere: readers never see a part of a version, and the next run ends as if it had not been."""

import errno
import json
import multiprocessing
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flows import steps, store
from flows.settings import PROJECT, Settings
from tests.conftest import SEED
from tests.publishing import DATASET, home, publish, read_json, tree

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["flows.validate.suites", "flows.validate.tables", "tests.publishing"])
"""Every run is a process of its own, to be killed; what they all import is imported once."""

LARGEST_FILE = 200_000
"""Bytes: more than any file of a run but the SQLite database."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Point(NamedTuple):
    """A moment to be killed at: before the first change of the disk of this kind, to a path like this."""

    event: str
    path: str


SECOND_VERSION = [
    Point("os.rename", "raw/sha256/*"),
    Point("open", "raw/*.journal.jsonl"),
    Point("os.rename", "quarantine/*/quarantine.csv"),
    Point("os.link", "staging/*/revisions.csv"),
    Point("open", "staging/*/commitments.csv"),
    Point("open", "staging/*/SHA256SUMS"),
    Point("os.rename", "packages/*/1.0.1"),
    Point("open", "packages/*/.versions.json*"),
    Point("os.rename", "packages/*/versions.json"),
    Point("os.rename", "packages/*/latest.json"),
    Point("open", "runs/*/.run.json*"),
    Point("os.rename", "runs/*/run.json"),
]
FIRST_VERSION = [
    Point("os.rename", "packages/*/1.0.0"),
    Point("os.rename", "packages/*/latest.json"),
]


class Killed(NamedTuple):
    """What was there after a kill, and after the run that came next."""

    torn: list[str]
    outcome: str
    torn_later: list[str]
    home: dict[str, Any]
    staging: list[str]
    runs: list[str]
    """How each run ended, as their records say."""
    rows: list[str]
    """Runs whose rows are kept, which are those that wait."""
    half: list[str]
    """What is half-written, but for the raw store, which other datasets may be writing to."""


# In the process of a run


def changes_of(data: Path) -> Callable[[str, tuple[Any, ...]], str | None]:
    """Return a function that tells which path under `data` an audit event is about to change, if any."""

    def changed(event: str, arguments: tuple[Any, ...]) -> str | None:
        if event == "open" and not (isinstance(arguments[0], str | Path) and arguments[2] & WRITES):
            return None
        if event not in ("open", "os.mkdir", "os.rename", "os.rmdir", "os.link"):
            return None
        path = Path(arguments[1] if event in ("os.rename", "os.link") else arguments[0])
        return path.relative_to(data).as_posix() if path.is_relative_to(data) else None

    return changed


def run(data: Path, point: Point | None, answer: Connection) -> None:
    """Publish the dataset of `data` and answer how it ended; be killed at `point`."""
    changed = changes_of(data)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        path = changed(event, arguments)
        if point and path and event == point.event and fnmatch(path, point.path):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    answer.send(publish(data).outcome)


def photograph(data: Path, points: list[Point], answer: Connection) -> None:
    """Publish the dataset of `data`; copy all of it as a kill at each of `points` would leave it; answer the copies.

    What a killed process had in its memory is lost, and what it had written is there: that is what is copied.
    """
    changed = changes_of(data)
    copies: dict[Point, Path] = {}

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        path = changed(event, arguments)
        for number, point in enumerate(points):
            if path and point not in copies and event == point.event and fnmatch(path, point.path):
                copies[point] = data.with_name(f"{data.name}-{number}")
                shutil.copytree(data, copies[point])

    sys.addaudithook(hook)
    publish(data)
    answer.send(copies)


def fill(data: Path, answer: Connection) -> None:
    """Publish the dataset of `data` on a disk that takes no file as large as the database; answer what failed."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    try:
        publish(data)
    except OSError as error:
        answer.send(error.errno)


def watch(data: Path, answer: Connection) -> None:
    """Publish the dataset of `data` and answer what a reader finds torn before every change of the disk."""
    changed = changes_of(data)
    seen: list[list[str]] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if changed(event, arguments):
            seen.append(torn(home(data)))

    sys.addaudithook(hook)
    publish(data)
    answer.send(seen)


def in_process(target: Callable[..., None], *arguments: Any) -> tuple[int | None, Any]:
    """Return the exit code of a process that runs `target`, and what it answers; None where it was killed."""
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=target, args=(*arguments, sender))
    process.start()
    sender.close()
    try:
        answer = receiver.recv()
    except EOFError:
        answer = None
    process.join()
    return process.exitcode, answer


# What a reader sees


def torn(folder: Path) -> list[str]:
    """Return what is not whole among the versions in `folder` and its pointer."""
    versions = sorted(path for path in folder.glob("[0-9]*"))
    wrong = [f"{version.name}: not whole" for version in versions if not whole(version)]
    pointer = folder / "latest.json"
    if pointer.exists():
        latest = read_json(pointer)
        papers = folder / latest["path"] / "manifest.json"
        if not papers.exists() or store.sha256_file(papers) != latest["sha256"]:
            wrong.append("latest.json: points to no version")
    index = folder / "versions.json"
    if index.exists():
        listed = {entry["version"] for entry in read_json(index)["versions"]}
        wrong += [f"{version}: listed and not there" for version in listed - {path.name for path in versions}]
    return wrong


def whole(version: Path) -> bool:
    """Return whether a version has just the files of its sums, each with its digest."""
    sums = version / "SHA256SUMS"
    if not sums.exists():
        return False
    lines = sorted(sums.read_text(encoding="utf-8").splitlines())
    return lines == sorted(f"{store.sha256_file(path)}  {path.name}" for path in version.iterdir() if path != sums)


def test_the_readers_eyes_see_a_torn_version(base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(home(base), tmp_path / "packages")
    assert torn(folder) == []
    (folder / "1.0.0" / "spans.csv").unlink()
    assert torn(folder) == ["1.0.0: not whole"]
    shutil.rmtree(folder / "1.0.0")
    assert torn(folder) == ["latest.json: points to no version", "1.0.0: listed and not there"]


# The runs


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder before its first run."""
    data = tmp_path_factory.mktemp("recovery") / "fresh"
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(SEED.parent, data / "releases")
    return data


@pytest.fixture(scope="module")
def base(fresh: Path) -> Path:
    """Return a data folder with version 1.0.0 published, whose document has been changed since."""
    data = shutil.copytree(fresh, fresh.parent / "base")
    assert in_process(run, data, None) == (0, "Published")
    document = json.loads(SEED.read_text(encoding="utf-8"))
    document["commitments"][0]["action"] += ", soon"
    (data / "releases" / SEED.name).write_text(json.dumps(document), encoding="utf-8")
    return data


@pytest.fixture(scope="module")
def undisturbed(base: Path) -> dict[str, Any]:
    """Return what lies there after a second run that nothing disturbed."""
    data = shutil.copytree(base, base.parent / "undisturbed")
    assert in_process(run, data, None) == (0, "Published")
    return tree(home(data))


def next_run(data: Path) -> Killed:
    """Return what lies in `data`, where a run was killed, and what the next makes of it."""
    before = torn(home(data))
    exitcode, outcome = in_process(run, data, None)
    assert exitcode == 0
    staging = data / "staging" / DATASET
    left = sorted(path.name for path in staging.iterdir()) if staging.exists() else []
    folders = [path for path in (data / "runs" / DATASET).iterdir() if path.is_dir()]
    ended = [read_json(folder / "run.json")["outcome"] for folder in folders]
    rows = [folder.name for folder in folders if (folder / "built").exists() or (folder / "verdict").exists()]
    parts = [data / part for part in ("packages", "quarantine", "runs")]
    half = [path.name for part in parts for path in part.rglob(".*.[0-9a-f]*")]
    return Killed(before, outcome, torn(home(data)), tree(home(data)), left, ended, rows, half)


def next_runs(copies: dict[Point, Path]) -> dict[Point, Killed]:
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(copies, pool.map(next_run, copies.values()), strict=True))


@pytest.fixture(scope="module")
def seconds(base: Path) -> dict[Point, Killed]:
    """Return what came of a kill at each point of the second run."""
    data = shutil.copytree(base, base.parent / "seconds")
    exitcode, copies = in_process(photograph, data, SECOND_VERSION)
    assert (exitcode, list(copies)) == (0, SECOND_VERSION)
    return next_runs(copies)


@pytest.fixture(scope="module")
def firsts(fresh: Path) -> dict[Point, Killed]:
    """Return what came of a kill at points of the first run, by the kernel this time."""
    copies = {}
    for number, point in enumerate(FIRST_VERSION):
        copies[point] = shutil.copytree(fresh, fresh.parent / f"firsts-{number}")
        assert in_process(run, copies[point], point) == (-signal.SIGKILL, None)
    return next_runs(copies)


def seen_by_readers(files: dict[str, Any]) -> dict[str, Any]:
    """Return the files of the packages that have a name to be read by: not the hidden ones."""
    return {name: seen for name, seen in files.items() if not Path(name).name.startswith(".")}


@pytest.mark.parametrize("point", SECOND_VERSION, ids=" ".join)
def test_the_run_after_a_kill_ends_with_the_same_bytes_as_if_nothing_had_been(
    seconds: dict[Point, Killed], undisturbed: dict[str, Any], point: Point
) -> None:
    found = seconds[point]
    assert found.torn == found.torn_later == []
    assert found.outcome in ("Published", "Unchanged")
    assert seen_by_readers(found.home) == undisturbed
    assert found.staging == []


@pytest.mark.parametrize("point", SECOND_VERSION, ids=" ".join)
def test_a_run_that_was_killed_is_recorded_as_such_by_the_next_and_keeps_no_rows(
    seconds: dict[Point, Killed], point: Point
) -> None:
    found = seconds[point]
    assert sorted(found.runs) == sorted(["Published", "Killed", found.outcome])
    assert found.rows == []
    assert found.half == []


@pytest.mark.parametrize("point", FIRST_VERSION, ids=" ".join)
def test_a_first_run_that_is_killed_is_made_good_by_the_next(
    firsts: dict[Point, Killed], base: Path, point: Point
) -> None:
    found = firsts[point]
    assert found.torn == found.torn_later == []
    assert seen_by_readers(found.home) == tree(home(base))
    assert found.staging == []


@pytest.mark.parametrize(
    ("point", "outcome"),
    [
        (Point("os.rename", "packages/*/1.0.1"), "Published"),
        (Point("open", "packages/*/.versions.json*"), "Unchanged"),
    ],
    ids=str,
)
def test_the_rename_is_what_publishes_before_it_there_is_no_version_and_after_it_there_is(
    seconds: dict[Point, Killed], point: Point, outcome: str
) -> None:
    assert seconds[point].outcome == outcome


def test_a_reader_finds_every_version_whole_before_every_change_of_the_disk(base: Path) -> None:
    data = shutil.copytree(base, base.parent / "watched")
    exitcode, seen = in_process(watch, data)
    assert exitcode == 0
    assert len(seen) > len(SECOND_VERSION)
    assert [found for found in seen if found] == []


def test_a_journal_whose_last_line_a_power_cut_tore_is_made_good_by_the_next_run(
    base: Path, undisturbed: dict[str, Any]
) -> None:
    data = shutil.copytree(base, base.parent / "torn-journal")
    with store.journal_path(data / "raw", DATASET).open("ab") as journal:
        journal.write(b'{"as_of": "2026-11-2')
    assert in_process(run, data, None) == (0, "Published")
    assert tree(home(data)) == undisturbed


def test_a_disk_that_is_full_fails_the_run_and_the_next_one_ends_as_if_it_had_not_been(
    base: Path, undisturbed: dict[str, Any]
) -> None:
    data = shutil.copytree(base, base.parent / "full")
    assert in_process(fill, data) == (0, errno.EIO)
    assert [*(data / "staging").rglob("*.csv")]
    assert not [*(data / "staging").rglob("*.sqlite")]
    assert tree(home(data)) == tree(home(base))
    assert in_process(run, data, None) == (0, "Published")
    assert tree(home(data)) == undisturbed


def test_a_mend_tells_the_version_that_a_killed_run_did_not_and_leaves_it_to_whoever_publishes(
    base: Path, undisturbed: dict[str, Any]
) -> None:
    data = shutil.copytree(base, base.parent / "untold")
    settings = Settings(data=data)
    assert in_process(run, data, None) == (0, "Published")
    for name in ("versions.json", "latest.json"):
        shutil.copy(home(base) / name, home(data) / name)
    with store.locked(settings.lock(DATASET)):
        steps.mend(settings, DATASET)
    assert read_json(home(data) / "latest.json")["version"] == "1.0.0"
    steps.mend(settings, DATASET)
    assert tree(home(data)) == undisturbed


def test_a_version_that_cannot_be_read_is_told_by_a_mend_and_stops_nothing(
    base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = shutil.copytree(base, base.parent / "unreadable")
    (home(data) / "1.0.0" / "manifest.json").write_text("{", encoding="utf-8")
    steps.mend(Settings(data=data), DATASET)
    assert "cannot be mended: ValidationError" in caplog.text
