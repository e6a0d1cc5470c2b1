"""How each run of a dataset ended, and which of them waits for a steward."""

import logging
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flows import config, store
from flows.publish import diff, package
from flows.settings import Settings
from schemas.dataset import Dataset
from schemas.package import RunRecord

if TYPE_CHECKING:
    from flows.notify import News

REPLACING = ("Held", "Published", "Approved")
"""Outcomes that take the place of what waited before: at most one run of a dataset waits."""

log = logging.getLogger("communique")


def record(settings: Settings, ended: RunRecord) -> None:
    """Write how a run ended, after what it takes the place of; what it worked on stays only while it waits."""
    if ended.outcome in REPLACING:
        supersede(settings, ended.dataset, f"run {ended.run_id} came after it: {ended.outcome}", but=ended.run_id)
    folder = settings.run(ended.dataset, ended.run_id)
    store.replace_file(folder / "run.json", store.to_json(ended.model_dump(mode="json")))
    clear(folder)


def clear(folder: Path) -> None:
    """Remove the rows that a run worked on, unless it waits."""
    parts = [folder / part for part in ("built", "verdict") if (folder / part).exists()]
    if parts and RunRecord.model_validate_json((folder / "run.json").read_bytes()).outcome != "Held":
        for part in parts:
            shutil.rmtree(part, ignore_errors=True)


def waiting(settings: Settings, dataset: str) -> list[RunRecord]:
    """Return the records of the runs of a dataset that are held, oldest first."""
    paths = sorted((settings.root / "runs" / dataset).glob("*/run.json"))
    records = (RunRecord.model_validate_json(path.read_bytes()) for path in paths)
    return [one for one in records if one.outcome == "Held"]


def supersede(settings: Settings, dataset: str, why: str, *, but: str = "") -> None:
    """Let no run of a dataset wait any longer, save the run `but`; what they worked on is removed."""
    for one in waiting(settings, dataset):
        if one.run_id != but:
            record(settings, one.model_copy(update={"outcome": "Superseded", "message": why, "ended": now()}))


def bury(settings: Settings, dataset: str, as_of: date) -> None:
    """Write a record for every run of a dataset that was killed, and remove what runs that are over worked on.

    The publisher's lock is held, so a run without a record is not at work.
    """
    told = {"dataset": dataset, "as_of": as_of, "outcome": "Killed", "version": None, "ended": now()}
    for folder in (settings.root / "runs" / dataset).glob("*Z-*"):
        if (folder / "run.json").exists():
            clear(folder)
        else:
            store.sweep(folder)
            why = "the run was ended from outside"
            record(settings, RunRecord.model_validate(told | {"run_id": folder.name, "message": why}))


class Told(NamedTuple):
    """An end, of a run or by a steward's decision, and what it made news."""

    dataset: str
    outcome: str
    text: str
    fresh: "list[News]"


def tell(settings: Settings, dataset: str, outcome: str, text: str, stale: str | None = None) -> Told:
    """Tell people what an end makes news, and return it.

    A name that no dataset has is nobody's news; that nobody could be told is a line of the log.
    """
    from flows import notify  # noqa: PLC0415 - not paid for by who only judges

    if dataset not in config.names(settings.datasets):
        return Told(dataset, outcome, text, [])
    try:
        ended = notify.End(dataset, outcome, text, stale, datetime.now(UTC).date())
        return Told(dataset, outcome, text, notify.tell(settings.notify, settings.told(dataset), ended))
    except OSError as fault:
        log.warning("nobody could be told: %s", fault, extra={"dataset": dataset})
        return Told(dataset, outcome, text, [])


LASTS, RECENT = "It lasts, and no run has said otherwise.", "The newest release is not too old any more."


def remind(settings: Settings, dataset: Dataset, day: date) -> Told:
    """Tell people what lasts, on a day on which no run does, or that the newest release has become too old by then."""
    stale = _stale(settings, dataset, day)
    return tell(settings, dataset.name, "Reminder", RECENT if stale == "" else LASTS, stale)


def _stale(settings: Settings, dataset: Dataset, day: date) -> str | None:
    """Return why the newest release is older than max_age, nothing where it is not; None where that is not known."""
    standing = package.standing(settings.packages / dataset.name)
    if dataset.freshness.max_age is None or standing is None:
        return None
    days = [row["published_on"] for row in diff.read_rows(standing.folder / "releases.csv") if row["published_on"]]
    oldest = str(day - timedelta(days=dataset.freshness.max_age))
    if not days or max(days) >= oldest:
        return "" if days else None
    return f"The newest release is of {max(days)}, and max_age lets none be of before {oldest}."


def now() -> str:
    """Return the second in UTC, as records have it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
