"""Publishing without Prefect: the steps in the order in which the pipeline takes them, and what they leave to look at.

Run as `python -m tests.publishing DATA` it publishes the dataset of the data folder DATA and prints how that ended.
"""

import csv
import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from flows import ingest, steps, store
from flows.preview import FOR_FILES
from flows.publish import package
from flows.settings import Settings
from flows.store import Fetched, Key
from schemas.dataset import Dataset
from schemas.package import Package
from tests.conftest import AS_OF

DATASET = "official-releases"
PATIENCE = 30
"""Seconds after which something that should have happened will not."""


class Ended(NamedTuple):
    """How a run ended, as the pipeline names it, and the latest version after it."""

    outcome: str
    latest: Package | None


def take(data: Path, name: str, day: date) -> tuple[Ended, str]:
    """Take a dataset through every step as of a day, under its lock; return how it ended and the run's id."""
    settings = Settings(data=data)
    with store.locked(settings.lock(name)):
        job = steps.begin(settings, name, day)
        verdict = steps.judge(job, steps.build(job, steps.fetch(job)))
        ending = steps.ending(job, verdict)
        if ending:
            steps.finish(job, ending.name, ending.version, ending.why)
            return Ended(ending.name, package.standing(job.home) if ending.version else None), job.run_id
        made = steps.commit(job, steps.audit(steps.stage(job, verdict)))
        steps.finish(job, "Published", str(made.version), "")
        return Ended("Published", made), job.run_id


def publish(data: Path) -> Ended:
    """Take the seed's dataset of the folder `data` through every step."""
    return take(data, DATASET, date.fromisoformat(AS_OF))[0]


def published(data: Path, name: str = DATASET, day: date | None = None) -> Package:
    """Return the version that a run as of a day made; the test fails where it made none."""
    (outcome, latest), _ = take(data, name, day or date.fromisoformat(AS_OF))
    assert outcome == "Published"
    assert latest
    return latest


def home(data: Path) -> Path:
    """Return where the versions of the dataset lie."""
    return data / "packages" / DATASET


def table(version: Package, name: str) -> list[dict[str, str]]:
    """Return the rows of a table of a version, as its CSV has them."""
    with (version.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_json(path: Path) -> Any:
    """Return the JSON value in the file at `path`."""
    return json.loads(path.read_text(encoding="utf-8"))


def tree(folder: Path) -> dict[str, tuple[int, str]]:
    """Return the mode and the SHA-256 of every file under `folder`, by its path, and the mode of every folder."""
    return {path.relative_to(folder).as_posix(): _seen(path) for path in (folder, *sorted(folder.rglob("*")))}


def _seen(path: Path) -> tuple[int, str]:
    return path.stat().st_mode, "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()


def processes_of(data: Path) -> list[str]:
    """Return the command of every process that has the path of `data` in its command or its environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            told = (entry / "cmdline").read_bytes()
            if str(data).encode() in told + (entry / "environ").read_bytes():
                found.append(told.replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def wait_until(happened: Callable[[], bool]) -> bool:
    """Return whether it happened before patience ran out."""
    give_up = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True


if __name__ == "__main__":
    print(publish(Path(sys.argv[1])).outcome)  # noqa: T201 - the answer


def fetch_files(  # noqa: PLR0913, PLR0917 - what a line of the journal is made from
    files: Mapping[Key, Path], root: Path, raw: Path, name: str, day: str, config: Mapping[str, bytes]
) -> Fetched:
    """Fetch `files` on a day for a dataset `name` of files alone."""
    return ingest.fetch(Dataset.model_validate(FOR_FILES | {"name": name}), files, root, raw, day, config)
