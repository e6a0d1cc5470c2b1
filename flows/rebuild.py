"""All versions of a dataset again, from nothing but a folder of raw bytes: its journal is followed line by line.

A line of the journal says what was received, what a steward decided, or which version came of the line before. A
rebuild does the same again in the same order, by the code of the runs and of the commands. Of lines that made no
version it needs only those whose candidate was approved later.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from flows import config, guard, rulings, steps, store
from flows.publish import package
from flows.rulings import RulingError
from flows.settings import Settings
from flows.steps import Ending, Job
from flows.steward import StewardFault
from flows.store import Fetched, Line, Published
from schemas.decisions import Ruling
from schemas.package import MANIFEST


class RebuildError(Exception):
    """There is nothing to rebuild from, or something is there already."""


class Astray(Exception):  # noqa: N818 - a state of the rebuild
    """A line of the journal made a version once, and does not make it now; the message says which and why."""


class Rebuilt(NamedTuple):
    """A version that was made again."""

    version: str
    same: bool
    """Whether it is the one that was published, to the byte."""


def rebuild(settings: Settings, name: str, raw: Path) -> Iterator[Rebuilt]:
    """Yield each version of the dataset as it is made again from `raw`; the data folder may have nothing of it yet.

    Astray when a line of the journal no longer makes its version.
    """
    story = store.read_story(raw, name)
    if not story:
        raise RebuildError(f"{raw} has no journal of {name}")
    if store.read_story(settings.raw, name) or package.versions(settings.packages / name):
        raise RebuildError(f"{settings.root} has a journal or versions of {name}; rebuild into another data folder")
    with store.locked(settings.lock(name)):
        now = config.written(settings.root, name)
        try:
            for number, line in enumerate(story):
                if isinstance(line, Published):
                    yield _compared(settings, name, line)
                elif isinstance(line, Ruling):
                    _decide(settings, name, line, _made(story, number))
                else:
                    _receive(settings, name, raw, line)
                    if _matters(story, number):
                        _run(settings, name, line, _made(story, number))
        finally:
            _write(settings, name, now)


def _compared(settings: Settings, name: str, line: Published) -> Rebuilt:
    """Return the newest version, which has to be the one that the journal names."""
    made = package.newest(settings.packages / name)
    if made is None or str(made.version) != line.version:
        there = made.version if made else "none"
        raise Astray(f"the journal names version {line.version}, and what it tells before makes {there}")
    return Rebuilt(line.version, store.sha256_file(made.folder / MANIFEST) == line.manifest)


def _made(story: Sequence[Line], number: int) -> str | None:
    """Return the version that came of a line at once."""
    after = story[number + 1] if number + 1 < len(story) else None
    return after.version if isinstance(after, Published) else None


def _matters(story: Sequence[Line], number: int) -> bool:
    """Return whether a version came of what was received: at once, or perhaps when its candidate was approved."""
    if _made(story, number):
        return True
    lines = range(number + 1, len(story))
    next_one = next((story[at] for at in lines if _made(story, at)), None)
    return isinstance(next_one, Ruling)


def _receive(settings: Settings, name: str, raw: Path, line: Fetched) -> None:
    """Keep the bytes that a line names, write the line, and put what stewards had written for it in its place."""
    received = [kept.sha256 for kept in line.changed.values()] + [visit.sha256 for visit in line.visits.values()]
    for digest in [*received, *line.config.values()]:
        if store.keep(settings.raw, store.load(raw, digest)) != digest:
            raise Astray(f"{store.blob(raw, digest)} has not the bytes that were received: its name is their digest")
    store.append_journal(settings.raw, name, line)
    _write(settings, name, {path: store.load(settings.raw, digest) for path, digest in line.config.items()})


def _write(settings: Settings, name: str, told: Mapping[str, bytes]) -> None:
    """Put what stewards had written in its place; where nothing is told, leave what is there."""
    for path in config.written(settings.root, name).keys() - told.keys() if told else ():
        (settings.root / path).unlink()
    for path, data in told.items():
        store.replace_file(guard.inside(settings.root, Path(path)), data)


def _run(settings: Settings, name: str, line: Fetched, made: str | None) -> None:
    """Judge what was received until a line, and publish it where that made a version; Astray when it does not now."""
    job = steps.begin(settings, name, date.fromisoformat(line.day))
    ending, verdict = _judged(job)
    if not ending and made:
        published = steps.commit(job, steps.audit(steps.stage(job, verdict)))
        steps.finish(job, "Published", str(published.version), "rebuilt")
        return
    ending = ending or Ending("Failed", None, "the journal tells of no version that came of it")
    steps.finish(job, *ending)
    if made:
        raise Astray(f"of what was received on {line.day} came version {made}; now it ends {ending.name}: {ending.why}")


def _judged(job: Job) -> tuple[Ending | None, Path]:
    """Return how a run ends that publishes nothing, None for another one; and where its verdict lies."""
    try:
        verdict = steps.judge(job, steps.build(job, store.journal_path(job.settings.raw, job.dataset.name)))
    except StewardFault as fault:
        return Ending("Failed", None, str(fault)), job.folder
    return steps.ending(job, verdict), verdict


def _decide(settings: Settings, name: str, ruling: Ruling, made: str | None) -> None:
    """Carry out a decision that changed what is published, only note any other; Astray when it cannot be now."""
    if not made and ruling.kind != "takedown":
        store.append_journal(settings.raw, name, ruling)
        return
    try:
        rulings.carry_out(settings, name, ruling)
    except RulingError as error:
        raise Astray(f"version {made} was approved on {ruling.day}; now {error}") from None
