"""The workflow as plain functions: fetch, build, judge, stage, audit, commit.

Each takes the job and the path that the step before returned, and returns a path; nothing but paths and small values
passes between them. `flows.pipeline` decorates them for Prefect; without it they are the same.
"""

import logging
import shutil
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from flows import config, documents, handover, ingest, profile, runs, store
from flows.config import ConfigError
from flows.documents import Built, Skip
from flows.judging import Case, judged, papers_of
from flows.publish import package
from flows.publish.package import Candidate, Staged
from flows.publish.writers import by_key
from flows.settings import PROJECT, Settings
from flows.store import Fetched, Key, Published
from flows.validate.expectations import FOLDER
from schemas.dataset import Dataset
from schemas.decisions import Ruling
from schemas.package import MANIFEST, Package, Papers, Profile, RunRecord, Version
from schemas.report import Refused, Report
from schemas.tables import TABLES

LOCK = next(
    filter(Path.is_file, (PROJECT / name for name in ("requirements.lock", "flows/requirements.lock"))), PROJECT
)
"""The lock of the dependencies: of the checkout, or in the installed wheel."""
ABANDONED = 86_400
"""Seconds after which a half-written file is nobody's where others may write too: in the raw store, beside the lock."""
log = logging.getLogger("communique")


class Job(NamedTuple):
    """One run of one dataset: all that its steps are a function of, beside the raw bytes."""

    settings: Settings
    dataset: Dataset
    as_of: date
    run_id: str
    reference: bool = False
    """Whether frictionless itself is asked over every row, not over a sample."""

    @property
    def journal(self) -> list[Fetched]:
        """What was received."""
        return store.read_journal(self.settings.raw, self.dataset.name)

    @property
    def folder(self) -> Path:
        """The run's working folder."""
        return self.settings.run(self.dataset.name, self.run_id)

    @property
    def home(self) -> Path:
        """Where the versions of the dataset lie."""
        return self.settings.packages / self.dataset.name


def today() -> date:
    """Return the day in UTC."""
    return datetime.now(UTC).date()


def days(settings: Settings, name: str, since: date, until: date | None) -> list[date]:
    """Return the days that a backfill plays, in order; ConfigError for days that cannot be played.

    What was received is told by a journal that only grows, so time may not run backward in it.
    """
    last = until or today()
    if not since <= last <= today():
        raise ConfigError(f"a backfill goes from --since to a day --until, today at the latest: not {since} to {last}")
    journal = store.read_journal(settings.raw, name)
    if journal and journal[-1].day > str(since):
        raise ConfigError(
            f"the journal of {name} has come to {journal[-1].day}: a backfill begins on that day or later, not {since}"
        )
    return [since + timedelta(days=number) for number in range((last - since).days + 1)]


def playable(settings: Settings, name: str, day: date) -> date:
    """Return the day that a run was asked to be of; ConfigError for one to come, or before the journal's last.

    What was received is told by a journal that only grows: a day too far ahead would hold every run until it has come.
    """
    journal = store.read_journal(settings.raw, name)
    if day > today():
        raise ConfigError(f"{day} has not come yet: today is {today()} in UTC")
    if journal and journal[-1].day > str(day):
        raise ConfigError(f"the journal of {name} has come to {journal[-1].day}: a run is of that day or later")
    return day


def begin(settings: Settings, name: str, as_of: date | None, *, reference: bool = False) -> Job:
    """Return a job for the dataset `name`, its folder made; what a killed run left behind is mended first."""
    job = Job(settings, dataset_of(settings, name), as_of or today(), store.new_run_id(), reference)
    shutil.rmtree(settings.staging(name), ignore_errors=True)
    for folder in (job.home, settings.quarantine(name)):
        store.sweep(folder)
    for shared in (settings.raw / "sha256", settings.raw / "warc", settings.cache, settings.told(name).parent):
        store.sweep(shared, older_than=ABANDONED)
    runs.bury(settings, name, job.as_of)
    settle(settings, name)
    store.make_folder(job.folder)
    return job


def settle(settings: Settings, name: str) -> None:
    """Make pointer, index and journal tell what lies in the dataset's home, also after a kill that came before them."""
    home = settings.packages / name
    package.point(home)
    told = {line.manifest for line in store.read_story(settings.raw, name) if isinstance(line, Published)}
    for one in package.versions(home):
        digest = store.sha256_file(one.folder / MANIFEST)
        if digest not in told:
            store.append_journal(settings.raw, name, Published(str(one.version), digest))


def mend(settings: Settings, name: str) -> None:
    """Do so where nobody publishes the dataset; whoever does, does so. What cannot be mended is logged."""
    if not (settings.packages / name).is_dir():
        return
    try:
        with store.locked(settings.lock(name)):
            settle(settings, name)
    except store.LockedError:
        return
    except Exception as fault:  # noqa: BLE001 - one broken version keeps no other dataset from being published
        log.error("cannot be mended: %s: %s", type(fault).__name__, fault, extra={"dataset": name})  # noqa: TRY400 - said in a line


def dataset_of(settings: Settings, name: str) -> Dataset:
    """Return the dataset `name`, with what stewards decided about it."""
    dataset = config.read(settings.datasets, name)
    takedowns = [one for one in rulings(settings, name) if one.kind == "takedown" and one.release]
    return dataset.model_copy(update={"takedowns": takedowns})


def rulings(settings: Settings, name: str) -> list[Ruling]:
    """Return what stewards decided about a dataset's runs, versions and releases, oldest first."""
    return [line for line in store.read_story(settings.raw, name) if isinstance(line, Ruling)]


def fetch(job: Job) -> Path:
    """Keep the bytes of every source in the raw store; return the journal that says what was received, and when."""
    files = sources(job.dataset, job.settings.root)
    written = config.written(job.settings.root, job.dataset.name)
    fetched = ingest.fetch(job.dataset, files, job.settings.root, job.settings.raw, str(job.as_of), written)
    there = {*files, *store.state(job.journal)}
    counts = {"files": len(there), "new": len(fetched.changed), "gone": len(fetched.gone)}
    _say(job, "fetch", ", ".join(f"{name}: {count}" for name, count in counts.items()), **counts)
    return store.journal_path(job.settings.raw, job.dataset.name)


def build(job: Job, _journal: Path) -> Path:
    """Turn what the journal tells of every release into rows; return the folder with them."""
    built = _structured(job)
    folder = handover.put_built(store.make_folder(job.folder / "built"), built)
    _say(job, "build", f"{len(built.records)} rows", rows=len(built.records))
    return folder


def judge(job: Job, built: Path) -> Path:
    """Judge the rows in `built` by all four layers; return the folder with the verdict, quarantine written."""
    case = case_of(job, job.journal)
    verdict, corrections = judged(case, handover.built(built), partial(_structured, job), suites=True)
    papers = papers_of(case, verdict, corrections)
    if verdict.held or (case.published and _as_many(case.published, papers)):  # else nobody asks for it
        rows = {table: [record.values for record in records] for table, records in verdict.rows.items()}
        judged_candidate = candidate_of(job.dataset, rows, verdict.report, verdict.refused, papers)
        papers = papers.model_copy(update={"content": package.content(judged_candidate)})
    folder = handover.put_verdict(store.make_folder(job.folder / "verdict"), verdict, papers)
    kept_back = package.quarantine(verdict.refused)
    store.replace_file(job.settings.quarantine(job.dataset.name) / "quarantine.csv", kept_back)
    out, lost = (sum(getattr(count, name) for count in verdict.report.counts.values()) for name in ("out", "refused"))
    checks = len(verdict.report.checks)
    said = f"{out} rows pass, {lost} are refused, {checks} checks"
    _say(job, "judge", said, passed=out, refused=lost, checks=checks)
    return folder


def case_of(job: Job, journal: list[Fetched]) -> Case:
    """Return what the rows of `job` are judged by."""
    asked = (FOLDER, job.settings.expectations(job.dataset.name))
    return Case(job.dataset, job.as_of, package.standing(job.home), journal, asked, job.reference)


def _structured(job: Job, skip: Skip | None = None) -> Built:
    load = partial(store.load, job.settings.raw)
    return documents.structured(job.dataset, job.journal, load, skip, job.settings.cache)


class Ending(NamedTuple):
    """How a run ends that publishes nothing: its name, the version that stands, and why."""

    name: str
    version: str | None
    why: str


def ending(job: Job, verdict: Path) -> Ending | None:
    """Return how a run ends whose candidate is not to be published, else None.

    What is published is neither rejected nor held again; content that a steward turned down is not offered again.
    """
    latest = unchanged(job, verdict)
    if latest:
        return Ending("Unchanged", str(latest.version), f"version {latest.version} has this content already")
    turned_down = _rejected(job, verdict)
    if turned_down:
        why = f"{turned_down.by} rejected this content on {turned_down.day}: {turned_down.reason}"
        return Ending("Rejected", None, why)
    if held(verdict):
        rules = sorted({one.rule for one in handover.report(verdict).problems if one.severity == "critical"})
        why = f"a critical problem holds the candidate ({', '.join(rules)}); it waits in {job.folder}"
        return Ending("Held", None, why)
    return None


def _content(job: Job, verdict: Path) -> str:
    """Return the digest of the content of a candidate, as it was worked out where it was judged, or now."""
    return handover.papers(verdict).content or package.content(candidate(job, verdict))


def held(folder: Path) -> bool:
    """Return whether a critical problem holds the candidate."""
    return handover.report(folder).held


def unchanged(job: Job, verdict: Path) -> Package | None:
    """Return the latest version where the candidate has the same content, else None."""
    published = package.standing(job.home)
    if not published or not _as_many(published, handover.papers(verdict)):
        return None
    return published if package.manifest(published).content == _content(job, verdict) else None


def _as_many(published: Package, papers: Papers) -> bool:
    """Return whether a candidate has as many rows in each table as a version: with more or fewer it is another."""
    before = profile.read(published.folder)
    return before is None or _counts(before) == _counts(papers.profile)


def _counts(measured: Profile) -> dict[str, int]:
    return {table: found.rows for table, found in measured.tables.items()}


def _rejected(job: Job, verdict: Path) -> Ruling | None:
    """Return the ruling that rejected this very content before, else None."""
    turned_down = [one for one in rulings(job.settings, job.dataset.name) if one.kind == "reject"]
    content = _content(job, verdict) if turned_down else None
    return next((one for one in turned_down if one.content == content), None)


def stage(job: Job, verdict: Path, approval: Ruling | None = None) -> Staged:
    """Write every file of the next version to staging; return where they lie and what they must be."""
    folder = job.settings.staging(job.dataset.name) / job.run_id
    staged = package.stage(candidate(job, verdict, approval), job.home, folder)
    files = len(list(staged.folder.iterdir()))
    _say(job, "stage", f"version {staged.version}, {files} files", version=str(staged.version), files=files)
    return staged


def audit(staged: Staged) -> Staged:
    """Return `staged` when its files on disk are what was made, valid, and alike in all formats; else AuditError."""
    from flows.publish.audit import audit as audit_files  # noqa: PLC0415 - what reads files is paid for where they are
    from flows.validate import tables  # noqa: PLC0415 - as above

    audit_files(staged, tables.audit)
    dataset, run_id = Path(staged.folder).parts[-2:]
    about = {"step": "audit", "dataset": dataset, "run_id": run_id}
    log.info("audit   every file as made, valid by frictionless, the same in every format", extra=about)
    return staged


def commit(job: Job, staged: Staged) -> Package:
    """Make the staged files a version by one rename, point to it, tell the journal, and return it."""
    published = package.commit(Staged(Path(staged.folder), Version(*staged.version), staged.sums), job.home)
    settle(job.settings, job.dataset.name)
    _say(job, "commit", str(published.folder), version=str(published.version))
    return published


def _say(job: Job, step: str, said: str, **told: str | int) -> None:
    """Write a line about a step to the log; `told` is the same for machines."""
    log.info("%-7s %s", step, said, extra={"step": step, "dataset": job.dataset.name, "run_id": job.run_id, **told})


def finish(job: Job, outcome: str, version: str | None, message: str) -> None:
    """Write the run's record, with what an approval is bound to where the candidate waits."""
    verdict = job.folder / "verdict"
    if (verdict / "report.json").exists():
        store.replace_file(job.folder / "report.json", (verdict / "report.json").read_bytes())
    bound: dict[str, str | None] = {}
    if outcome == "Held":
        bound = {"content": _content(job, verdict), "base": handover.papers(verdict).base}
        bound["verdict"] = seal(job)
    ended = RunRecord(
        run_id=job.run_id,
        dataset=job.dataset.name,
        as_of=job.as_of,
        outcome=outcome,
        version=version,
        message=message,
        ended=runs.now(),
        **bound,
    )
    runs.record(job.settings, ended)


def seal(job: Job) -> str:
    """Return the digest of all that a held run's verdict is, file by file."""
    files = sorted((job.folder / "verdict").iterdir())
    return store.sha256(store.to_json({file.name: store.sha256_file(file) for file in files}))


def sources(dataset: Dataset, root: Path) -> dict[Key, Path]:
    """Return the files of every source of `dataset`."""
    return {key: path for source in dataset.sources for key, path in ingest.files_of(source, root).items()}


def candidate(job: Job, verdict: Path, approval: Ruling | None = None) -> Candidate:
    """Return what may become a version, from the folder of its verdict."""
    kept, refused = handover.records(verdict)
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
    for record in kept:
        rows[record.table].append(record.values)
    papers = handover.papers(verdict)
    decisions = papers.decisions.model_copy(update={"approval": approval})
    papers = papers.model_copy(update={"decisions": decisions})
    return candidate_of(job.dataset, rows, handover.report(verdict), refused, papers)


def candidate_of(
    dataset: Dataset, rows: dict[str, list[dict[str, Any]]], report: Report, refused: list[Refused], papers: Papers
) -> Candidate:
    """Return what may become a version: rows in the order of their keys, and what they carry."""
    sorted_rows = {table: by_key(table, values) for table, values in rows.items()}
    return Candidate(dataset, sorted_rows, report, refused, papers, LOCK)
