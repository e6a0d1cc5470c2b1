"""All versions of a dataset again, from nothing but raw bytes, their journal, and what stewards decided."""

import shutil
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from flows import config, steps, store
from flows.publish import package
from flows.settings import Settings
from flows.steps import Job
from flows.store import Fetched
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
        now, lines = config.written(settings.root, name), store.read_journal(settings.raw, name)
        rulings = max(_logs(settings, name, lines, now), key=len)
        try:
            for number, line in enumerate(lines, 1):
                _write(settings, name, {path: store.load(settings.raw, digest) for path, digest in line.config.items()})
                published = _run(settings, name, date.fromisoformat(line.day), number, rulings)
                if published:
                    yield published
        finally:
            _write(settings, name, now)


def _write(settings: Settings, name: str, told: Mapping[str, bytes]) -> None:
    """Put what stewards had written for a run in its place; where the journal does not say, leave what is there."""
    for path in config.written(settings.root, name).keys() - told.keys() if told else ():
        (settings.root / path).unlink()
    for path, data in told.items():
        store.replace_file(settings.root / path, data)


def _logs(settings: Settings, name: str, lines: list[Fetched], now: Mapping[str, bytes]) -> Iterator[list[Ruling]]:
    """Yield every state of the log of decisions; it only grows, so the longest has all of them."""
    path = f"decisions/{name}.jsonl"
    texts = [store.load(settings.raw, line.config[path]) for line in lines if path in line.config]
    for text in [now.get(path, b""), *texts]:
        yield [Ruling.model_validate_json(line) for line in text.splitlines() if line.strip()]


def _run(settings: Settings, name: str, as_of: date, lines: int, rulings: list[Ruling]) -> Package | None:
    """Return the version that a run on a day made of the first lines of the journal, None where it made none."""
    job = steps.begin(settings, name, as_of)._replace(lines=lines)
    verdict = steps.judge(job, steps.build(job, store.journal_path(settings.raw, name)))
    approval = _approval(job, verdict, rulings) if steps.held(verdict) else None
    if steps.unchanged(job, verdict) or (steps.held(verdict) and not approval):
        steps.finish(job, "Unchanged", None, "a rebuild made no version of this line")
        return None
    published = steps.commit(job, steps.audit(steps.stage(job, verdict, approval)))
    steps.finish(job, "Published", str(published.version), "rebuilt")
    return published


def _approval(job: Job, verdict: Path, rulings: list[Ruling]) -> Ruling | None:
    """Return the ruling that let this very content out of a hold."""
    content = package.content(steps.candidate(job, verdict))
    return next((one for one in rulings if one.kind == "approve" and one.content == content), None)
