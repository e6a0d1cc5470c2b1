"""All versions of a dataset again, from nothing but raw bytes, their journal, and what stewards decided."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from flows import steps, store
from flows.publish import package
from flows.settings import Settings
from flows.steps import Job
from schemas.decisions import Ruling
from schemas.package import Package


class RebuildError(Exception):
    """There is nothing to rebuild from, or versions are there already."""


def rebuild(settings: Settings, name: str, raw: Path) -> Iterator[Package]:
    """Yield each version of the dataset as it is made again from `raw`; the data folder may have none of it yet."""
    journal = store.journal_path(raw, name)
    if not journal.is_file():
        raise RebuildError(f"{raw} has no journal of {name}")
    if package.versions(settings.packages / name):
        raise RebuildError(f"{settings.packages / name} has versions already; rebuild into another data folder")
    with store.locked(settings.lock(name)):
        if raw.resolve() != settings.raw.resolve():
            shutil.copytree(raw, settings.raw, dirs_exist_ok=True)
        for number, line in enumerate(store.read_journal(settings.raw, name), 1):
            published = _run(settings, name, date.fromisoformat(line.day), number)
            if published:
                yield published


def _run(settings: Settings, name: str, as_of: date, lines: int) -> Package | None:
    """Return the version that a run on a day made of the first lines of the journal, None where it made none."""
    job = steps.begin(settings, name, as_of)._replace(lines=lines)
    verdict = steps.judge(job, steps.build(job, store.journal_path(settings.raw, name)))
    approval = _approval(job, verdict) if steps.held(verdict) else None
    if steps.unchanged(job, verdict) or (steps.held(verdict) and not approval):
        steps.finish(job, "Unchanged", None, "a rebuild made no version of this line")
        return None
    published = steps.commit(job, steps.audit(steps.stage(job, verdict, approval)))
    steps.finish(job, "Published", str(published.version), "rebuilt")
    return published


def _approval(job: Job, verdict: Path) -> Ruling | None:
    """Return the ruling that let this very content out of a hold."""
    content = package.content(steps.candidate(job, verdict))
    found = steps.rulings(job.settings, job.dataset.name)
    return next((one for one in found if one.kind == "approve" and one.content == content), None)
