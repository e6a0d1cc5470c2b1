"""What a steward decides about a run, a version or a release: approve, reject, take down; and what pruning removes.

Every decision is a line of the dataset's journal, with who and why, before it has an effect. A rebuild comes upon it
there, and carries it out by the same code.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from flows import config, documents, runs, steps, store, takedowns
from flows.config import ConfigError
from flows.holders import Telling
from flows.preview import Plan, planned
from flows.publish import package
from flows.settings import Settings
from flows.steps import Job
from schemas.decisions import Ruling
from schemas.package import KEPT, MANIFEST, PRUNED, SUMS, TOMBSTONE, Package, RunRecord, Version
from schemas.wording import wording


class RulingError(Exception):
    """The decision cannot be carried out: the run does not wait, or its base or content has moved."""


class NoSuch(RulingError):  # noqa: N818 - a state of the world
    """There is no version or run of the name that was given."""


Hear = Callable[[runs.Told], None]
"""Is told how a decision ended, after people were."""


def _hear_nothing(_: runs.Told) -> None:
    """Leave it at that: people were told."""


def held_plan(settings: Settings, run_id: str) -> Plan:
    """Return what approving a held run would publish."""
    record = _waiting(settings, run_id)
    return planned(_bound(_job(settings, record), record), settings.packages / record.dataset)


def approve(settings: Settings, run_id: str, by: str, reason: str, *, hear: Hear = _hear_nothing) -> Package:
    """Publish the candidate of a held run as it was judged; RulingError when the base or the content moved since.

    People are told, and `hear` is told the same.
    """
    record = _waiting(settings, run_id)
    with store.locked(settings.lock(record.dataset)):
        (published,) = carry_out(settings, record.dataset, _about("approve", record, by, reason))
    said = f"{by} approved {run_id}, now version {published.version}: {reason}"
    hear(runs.tell(settings, record.dataset, "Approved", said))
    return published


def reject(settings: Settings, run_id: str, by: str, reason: str, *, hear: Hear = _hear_nothing) -> None:
    """Turn down the candidate of a held run for good; RulingError when the base or the content moved since.

    People are told, and `hear` is told the same.
    """
    record = _waiting(settings, run_id)
    with store.locked(settings.lock(record.dataset)):
        carry_out(settings, record.dataset, _about("reject", record, by, reason))
    hear(runs.tell(settings, record.dataset, "Rejected", f"{by} rejected {run_id}: {reason}"))


class Down(NamedTuple):
    """What was taken down, and what a steward should know of it."""

    versions: list[Version]
    alike: list[str]
    """Releases that stand and have a text or an address of the one that was taken down."""
    doubt: str | None
    """Why the takedown goes by the id alone; None where it keeps texts and addresses."""


def take_down(settings: Settings, dataset: str, what: str, by: str, reason: str) -> Down:
    """Remove the data of a version, or of every version that has a release; papers and a tombstone stay.

    A release is left out of later versions too, with whatever comes with an address or a text that was its alone.
    RulingError when `what` is neither a version nor a release of one.
    """
    home = settings.packages / dataset
    with store.locked(settings.lock(dataset)):
        found = _named(home, what) or [version_of(home, what)]
        release = str(found[0].version) != what
        like = _known_by(settings, dataset, what) if release else Likeness({}, [], None)
        about = {"release" if release else "version": what}
        gone = carry_out(settings, dataset, _decided("takedown", by, reason, **about, **like.marks))
    return Down([one.version for one in gone], like.alike, like.doubt)


class Likeness(NamedTuple):
    """What a release is known by: the fields of its takedown, what is like it, and why these may not be known."""

    marks: dict[str, list[str]]
    alike: list[str]
    doubt: str | None


def _known_by(settings: Settings, name: str, release: str) -> Likeness:
    """Return what a release is known by, and a doubt where what was received is lost."""
    try:
        own, alike = takedowns.known_by(release, _told(settings, name), steps.rulings(settings, name))
    except (OSError, ConfigError) as fault:
        return Likeness({}, [], str(fault))
    marks = {field: [value for kind, value in own if kind == field] for field in ("addresses", "texts")}
    return Likeness(marks, alike, None)


def _told(settings: Settings, name: str) -> dict[str, list[Telling]]:
    """Return the stories of a dataset as it was last received: its file now may be broken."""
    journal, load = store.read_journal(settings.raw, name), partial(store.load, settings.raw)
    written = (line.config.get(f"datasets/{name}.toml") for line in reversed(journal))
    before = (config.recalled(load(digest), name) for digest in written if digest)
    dataset = next((one for one in before if one), None)
    if dataset is None:
        raise ConfigError(f"no state of datasets/{name}.toml that was ever received can be read")
    return documents.tell(dataset, journal, load, settings.cache).told


def carry_out(settings: Settings, dataset: str, ruling: Ruling) -> list[Package]:
    """Write a decision to the journal and do what it says; return the versions that it made or took down.

    The publisher's lock is held. RulingError when no such candidate waits, or it moved.
    """
    steps.settle(settings, dataset)
    if ruling.kind == "takedown":
        return _taken_down(settings, dataset, ruling)
    record = _meant(settings, dataset, ruling)
    job = _job(settings, record)
    _bound(job, record)
    store.append_journal(settings.raw, dataset, ruling)
    return _approved(job, ruling) if ruling.kind == "approve" else _rejected(job, ruling)


def _approved(job: Job, ruling: Ruling) -> list[Package]:
    published = steps.commit(job, steps.audit(steps.stage(job, job.folder / "verdict", ruling)))
    steps.finish(job, "Approved", str(published.version), f"approved by {ruling.by}: {ruling.reason}")
    return [published]


def _rejected(job: Job, ruling: Ruling) -> list[Package]:
    steps.finish(job, "Rejected", None, f"rejected by {ruling.by}: {ruling.reason}")
    return []


def _taken_down(settings: Settings, dataset: str, ruling: Ruling) -> list[Package]:
    """Take versions down; a candidate that waits may have what was taken down, so it waits no longer."""
    home = settings.packages / dataset
    gone = _named(home, ruling.release or str(ruling.version))
    store.append_journal(settings.raw, dataset, ruling)
    for one in gone:
        removed = {"removed": sorted(package.manifest(one).files)}
        _leave(one.folder, (MANIFEST, SUMS), TOMBSTONE, ruling.model_dump(mode="json") | removed)
    runs.supersede(settings, dataset, f"{ruling.by} took down {ruling.release or ruling.version}")
    package.point(home)
    return gone


def _named(home: Path, what: str) -> list[Package]:
    """Return the versions in `home` that stand and are the one named `what`, or have anything of the release `what`."""
    there = (one for one in package.versions(home) if not package.taken_down(one))
    return [one for one in there if str(one.version) == what or package.has_release(one, what)]


def _waiting(settings: Settings, run_id: str) -> RunRecord:
    """Return the record of a run that is held; RulingError when there is none of this id."""
    for path in (one for one in sorted((settings.root / "runs").glob("*/*/run.json")) if one.parent.name == run_id):
        record = RunRecord.model_validate_json(path.read_bytes())
        if record.outcome == "Held":
            return record
        raise RulingError(f"run {run_id} does not wait: it ended {record.outcome} ({record.message})")
    raise NoSuch(
        f"there is no run {run_id} in {settings.root / 'runs'}; `communique quarantine list` shows those that wait"
    )


def _meant(settings: Settings, dataset: str, ruling: Ruling) -> RunRecord:
    """Return the waiting run whose candidate a decision is about: in a rebuild it has another id."""
    about = (ruling.content, ruling.base)
    found = [one for one in runs.waiting(settings, dataset) if (one.content, one.base) == about]
    if not found:
        raise RulingError(
            f"no run of {dataset} waits with the candidate that {ruling.by} decided about on {ruling.day}"
        )
    return found[-1]


def _job(settings: Settings, record: RunRecord) -> Job:
    return Job(settings, steps.dataset_of(settings, record.dataset), record.as_of, record.run_id)


def _bound(job: Job, record: RunRecord) -> package.Candidate:
    """Return the candidate of a held run; RulingError unless it is the one that was judged, against the same base."""
    published = package.standing(job.home)
    base = str(published.version) if published else None
    if base != record.base:
        raise RulingError(
            f"run {record.run_id} was judged against {record.base or 'nothing'}; the latest is {base} now. Run again"
        )
    found = steps.candidate(job, job.folder / "verdict")
    if package.content(found) != record.content or steps.seal(job) != record.verdict:
        raise RulingError(
            f"the verdict of run {record.run_id}, or the dataset's file, is not what was judged. Run again"
        )
    return found


def reasoned(reason: str) -> str:
    """Return a reason; ConfigError when it says nothing."""
    if not reason.strip():
        raise ConfigError("--reason says why, and is published: it may not be empty")
    return reason


def _about(kind: Literal["approve", "reject"], record: RunRecord, by: str, reason: str) -> Ruling:
    return _decided(kind, by, reason, run_id=record.run_id, content=record.content, base=record.base)


def _decided(kind: Literal["approve", "reject", "takedown"], by: str, reason: str, **about: Any) -> Ruling:
    """Return a decision; ConfigError names the field that does not fit."""
    try:
        return Ruling(kind=kind, day=steps.today(), by=by, reason=reasoned(reason), **about)
    except ValidationError as error:
        wrong = error.errors(include_url=False)
        told = (f"{'.'.join(map(str, one['loc']))}: {wording(one, Ruling)} (given: {one['input']!r})" for one in wrong)
        raise ConfigError("\n".join(told)) from None


def version_of(home: Path, text: str) -> Package:
    """Return the published version that `text` names, or the latest, with its data; RulingError when there is none."""
    if text == "latest" and (latest := package.standing(home)):
        return latest
    found = next((one for one in package.versions(home) if str(one.version) == text), None)
    if found is None:
        there = ", ".join(str(one.version) for one in package.versions(home)) or "none"
        raise NoSuch(f"{home.name} has no version {text} (there are: {there})")
    if package.taken_down(found):
        raise RulingError(f"{home.name} {text} was taken down")
    return found


def version_before(home: Path, newer: Package) -> Package:
    """Return the newest version that stands before `newer`; NoSuch when there is none."""
    before = [one for one in package.versions(home) if one.version < newer.version and not package.taken_down(one)]
    if not before:
        raise NoSuch(f"{home.name} has no version before {newer.version} to compare it with")
    return before[-1]


def prune(settings: Settings, dataset: str, keep: int, *, dry_run: bool) -> list[Path]:
    """Remove all but CSV, papers and diff from every version but the newest `keep`; return the files removed.

    Versions that were taken down do not count: what `latest.json` names stays whole. No decision about content, so no
    line of the journal: a rebuild gives these versions whole.
    """
    home = settings.packages / dataset
    if keep < 1:
        raise ConfigError("--keep is 1 or more: the newest version stays whole")
    with store.locked(settings.lock(dataset)):
        old = [one.folder for one in package.versions(home) if not package.taken_down(one)][:-keep]
        removed = [file for folder in old for file in sorted(folder.iterdir()) if not file.name.endswith(KEPT)]
        if not dry_run:
            for folder in dict.fromkeys(file.parent for file in removed):
                _prune(folder, [file.name for file in removed if file.parent == folder])
            package.point(home)
    return removed


def _prune(folder: Path, gone: list[str]) -> None:
    """Remove files of a version after writing their names, with those that went before."""
    path = folder / PRUNED
    before = json.loads(path.read_bytes())["removed"] if path.is_file() else []
    kept = tuple(file.name for file in folder.iterdir() if file.name not in gone)
    _leave(folder, kept, PRUNED, {"removed": sorted({*before, *gone}), "day": str(steps.today())})


def _leave(folder: Path, names: tuple[str, ...], note: str, told: dict[str, object]) -> None:
    """Remove every file of `folder` but `names`, after writing what was removed and why."""
    store.replace_file(folder / note, store.readable(told))
    for path in sorted(folder.iterdir()):
        if path.name not in (*names, note):
            path.unlink()
    store.sync_folder(folder)
