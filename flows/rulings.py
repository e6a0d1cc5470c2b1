"""What a steward decides about a run, a version or a release: approve, reject, take down, prune.

Every decision is written to the dataset's log, with who and why, before it has an effect.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from flows import steps, store
from flows.config import ConfigError
from flows.preview import Plan, planned
from flows.publish import package
from flows.settings import Settings
from flows.steps import Job
from schemas.decisions import Ruling
from schemas.package import KEPT, MANIFEST, PRUNED, SUMS, TOMBSTONE, Package, RunRecord, Version


class RulingError(Exception):
    """The decision cannot be carried out: the run does not wait, or its base or content has moved."""


def waiting(settings: Settings, run_id: str) -> tuple[Job, RunRecord]:
    """Return the job and the record of a run that is held; RulingError when there is none of this id."""
    for path in (one for one in sorted((settings.root / "runs").glob("*/*/run.json")) if one.parent.name == run_id):
        record = RunRecord.model_validate_json(path.read_bytes())
        if record.outcome == "Held":
            return Job(settings, steps.dataset_of(settings, record.dataset), record.as_of, run_id), record
        raise RulingError(f"run {run_id} does not wait: it ended {record.outcome}")
    raise RulingError(
        f"there is no run {run_id} in {settings.root / 'runs'}; `communique quarantine list` shows those that wait"
    )


def held_plan(settings: Settings, run_id: str) -> Plan:
    """Return what approving a held run would publish."""
    job, record = waiting(settings, run_id)
    return planned(_bound(job, record), job.home)


def approve(settings: Settings, run_id: str, by: str, reason: str) -> Package:
    """Publish the candidate of a held run as it was judged; RulingError when the base or the content moved since."""
    job, record = waiting(settings, run_id)
    with store.locked(settings.lock(record.dataset)):
        _bound(job, record)
        ruling = _ruling("approve", record, by, reason)
        store.append_log(settings.rulings(record.dataset), ruling.model_dump(mode="json"))
        staged = steps.audit(steps.stage(job, job.folder / "verdict", ruling))
        published = steps.commit(job, staged)
        steps.finish(job, "Approved", str(published.version), f"approved by {by}: {reason}")
        return published


def reject(settings: Settings, run_id: str, by: str, reason: str) -> None:
    """Turn down the candidate of a held run; the same content is not offered again."""
    job, record = waiting(settings, run_id)
    with store.locked(settings.lock(record.dataset)):
        ruling = _ruling("reject", record, by, reason)
        store.append_log(settings.rulings(record.dataset), ruling.model_dump(mode="json"))
        steps.finish(job, "Rejected", None, f"rejected by {by}: {reason}")


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


def _ruling(kind: Literal["approve", "reject"], record: RunRecord, by: str, reason: str) -> Ruling:
    return _decided(kind, by, reason, run_id=record.run_id, content=record.content, base=record.base)


def _decided(kind: Literal["approve", "reject", "takedown"], by: str, reason: str, **about: Any) -> Ruling:
    """Return a decision; ConfigError names the field that does not fit."""
    try:
        return Ruling(kind=kind, day=steps.today(), by=by, reason=reasoned(reason), **about)
    except ValidationError as error:
        wrong = error.errors(include_url=False)
        told = (f"{'.'.join(map(str, one['loc']))}: {one['msg']} (given: {one['input']!r})" for one in wrong)
        raise ConfigError("\n".join(told)) from None


def version_of(home: Path, text: str) -> Package:
    """Return the published version that `text` names, with its data; RulingError when there is none."""
    found = next((one for one in package.versions(home) if str(one.version) == text), None)
    if found is None:
        there = ", ".join(str(one.version) for one in package.versions(home)) or "none"
        raise RulingError(f"{home.name} has no version {text} (there are: {there})")
    if package.taken_down(found):
        raise RulingError(f"{home.name} {text} was taken down")
    return found


def take_down(settings: Settings, dataset: str, what: str, by: str, reason: str) -> list[Version]:
    """Remove the data of a version, or of every version that has a release; papers and a tombstone stay.

    A release is left out of later versions too. Return the versions that were taken down; RulingError when `what` is
    neither a version nor a release of one.
    """
    home = settings.packages / dataset
    holding = [one for one in package.versions(home) if package.has_release(one, what) and not package.taken_down(one)]
    if holding:
        return _take_down(settings, dataset, holding, _decided("takedown", by, reason, release=what))
    return _take_down(settings, dataset, [version_of(home, what)], _decided("takedown", by, reason, version=what))


def _take_down(settings: Settings, dataset: str, packages: list[Package], ruling: Ruling) -> list[Version]:
    told = ruling.model_dump(mode="json")
    with store.locked(settings.lock(dataset)):
        store.append_log(settings.rulings(dataset), told)
        for one in packages:
            _leave(one.folder, (MANIFEST, SUMS, PRUNED), TOMBSTONE, told)
        package.point(settings.packages / dataset)
    return [one.version for one in packages]


def prune(settings: Settings, dataset: str, keep: int, *, dry_run: bool) -> list[Path]:
    """Remove all but CSV, papers and diff from every version but the newest `keep`; return the files removed."""
    home = settings.packages / dataset
    if keep < 1:
        raise ConfigError("--keep is 1 or more: the newest version stays whole")
    with store.locked(settings.lock(dataset)):
        old = [one.folder for one in package.versions(home)[:-keep]]
        removed = [file for folder in old for file in sorted(folder.iterdir()) if not file.name.endswith(KEPT)]
        for folder in [] if dry_run else old:
            gone = [file.name for file in removed if file.parent == folder]
            if gone:
                keep_names = tuple(file.name for file in folder.iterdir() if file.name not in gone)
                _leave(folder, keep_names, PRUNED, {"removed": gone, "day": str(steps.today())})
    return removed


def _leave(folder: Path, names: tuple[str, ...], note: str, told: dict[str, object]) -> None:
    """Remove every file of `folder` but `names`, after writing what was removed and why."""
    gone = sorted(file.name for file in folder.iterdir() if file.name not in (*names, note))
    store.replace_file(folder / note, store.readable({**told, "removed": gone}))
    for name in gone:
        (folder / name).unlink()
    store.sync_folder(folder)
