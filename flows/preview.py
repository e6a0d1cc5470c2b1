"""What a judgment says and what a run would do; nothing is kept or published."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from flows import config, documents, guard, ingest, judging, steps, store
from flows.ingest import flat
from flows.judging import Case
from flows.publish import package
from flows.publish.diff import Diff
from flows.publish.package import Candidate
from flows.settings import Settings
from flows.steps import Job
from flows.store import Key
from flows.validate.judge import Verdict
from schemas.dataset import Dataset
from schemas.decisions import Correction
from schemas.package import Package
from schemas.report import Report


class Plan(NamedTuple):
    """What publishing would do, and has not done."""

    dataset: str
    base: Package | None
    diff: Diff
    report: Report
    same: bool
    """Whether the content is that of the base already."""

    @property
    def held(self) -> bool:
        """Whether a critical problem would hold the candidate: not what is published already."""
        return not self.same and self.report.held

    def told(self) -> dict[str, Any]:
        """Return the plan for programs: the diff, what would be refused; no next version where nothing would change."""
        diff, report = self.diff.model_dump(mode="json"), self.report.model_dump(mode="json", by_alias=True)
        none = {"after": None, "level": None} if self.same else {}
        return diff | none | {"same": self.same, "held": self.held, "report": report}


def plan(settings: Settings, name: str, as_of: date | None, *, reference: bool = False) -> Plan:
    """Return what a run would do with the sources as they are; nothing is kept or published."""
    job, case, verdict, corrections = _judgment(settings, name, as_of, reference=reference)
    rows = {table: [record.values for record in records] for table, records in verdict.rows.items()}
    papers = judging.papers_of(case, verdict, corrections)
    return planned(steps.candidate_of(job.dataset, rows, verdict.report, verdict.refused, papers), job.home)


def _judgment(
    settings: Settings, name: str, as_of: date | None, *, reference: bool
) -> tuple[Job, Case, Verdict, list[Correction]]:
    """Return what a run would judge of the sources as they are, after all that its journal tells, and its verdict."""
    job = Job(settings, steps.dataset_of(settings, name), as_of or steps.today(), "dry-run", reference)
    before = store.read_journal(settings.raw, name)
    memory: dict[str, bytes] = {}
    files, keep = steps.sources(job.dataset, settings.root), partial(_remember, memory)
    shelf = store.RawShelf(keep, partial(_recall, settings.raw, memory))
    fetched = ingest.gathered(job.dataset, files, settings.root, before, str(job.as_of), shelf)
    journal = [*before, fetched]
    again = partial(documents.structured, job.dataset, journal, shelf.load, cache=settings.cache)
    case = steps.case_of(job, journal)
    return job, case, *judging.judged(case, again(), again, suites=True)


def planned(judged_candidate: Candidate, home: Path) -> Plan:
    """Return what publishing a judged candidate would do to the versions in `home`."""
    published = package.standing(home)
    changes = package.changes(judged_candidate, home)
    same = published is not None and package.manifest(published).content == package.content(judged_candidate)
    return Plan(judged_candidate.dataset.name, published, changes, judged_candidate.report, same)


def _remember(memory: dict[str, bytes], data: bytes) -> str:
    digest = store.sha256(data)
    memory[digest] = data
    return digest


def _recall(raw: Path, memory: dict[str, bytes], digest: str) -> bytes:
    return memory[digest] if digest in memory else store.load(raw, digest)


def validate_dataset(settings: Settings, name: str, as_of: date | None, *, reference: bool = False) -> Report:
    """Return what a run would say of a dataset's sources as they are; nothing is kept."""
    return _judgment(settings, name, as_of, reference=reference)[2].report


TABLES = {".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".xls", ".ods"}
"""Endings of files that may be tables of another kind than releases."""
ADD = "To judge it by a Table Schema, add --schema"


def validate_files(path: Path, as_of: date | None, *, reference: bool = False) -> Report:
    """Return what records, evidence and tables say of the documents at `path`, a file or a folder; nothing is kept.

    BadInput when there is no document at all: to have looked at nothing is not to have found it valid.
    """
    case = Case(Dataset.model_validate(FOR_FILES), as_of or steps.today(), None, [], reference=reference)
    if path.is_dir():
        root, files = path, ingest.files_of(case.dataset.sources[0], path)
    else:
        root, files = (
            path.resolve().parent,
            {("files", one.name): one for one in (path.resolve(), *ingest.partners(path))},
        )
    report = _validated(case, files, root)
    tables = [one for one in files.values() if set(one.suffixes) & TABLES]
    if not report.counts["releases"].in_:
        why = "; ".join(found.message for found in report.problems) or "it is empty"
        mend = f". {ADD}" if tables else ""
        raise guard.BadInput("input.empty", f"{path} holds no release document: {why}{mend}")
    if tables and _are_other_tables(tables, report, alone=len(tables) == len(files)):
        why = "no row has a `body`, and each release has one"
        broken = [found.message for found in report.problems if found.rule == "input.encoding"]
        told = path / tables[0].relative_to(path.resolve()) if path.is_dir() else path
        raise guard.BadInput("input.table", f"{told} is no table of releases: {'; '.join([why, *broken[:1]])}. {ADD}")
    return report


def _are_other_tables(tables: list[Path], report: Report, *, alone: bool) -> bool:
    """Return whether there is no release in what was judged: `tables` have no column of bodies, or no row has one.

    The columns say so where the tables are `alone`, whatever else is wrong with their rows.
    """
    names = [_columns(one) for one in tables if ".csv" in one.suffixes]
    if any("body" in some for some in names):
        return False
    if alone and len(names) == len(tables) and all(names):
        return True
    without = [found for found in report.problems if found.rule == "record.required" and found.field == "body"]
    return len(without) == report.counts["releases"].in_


def _columns(path: Path) -> list[str]:
    """Return the names of the columns of a CSV file, packed or not; none where they cannot be read."""
    try:
        data = guard.read_bytes(path)
        return flat.columns(guard.gunzip(data) if path.suffix == ".gz" else data)
    except guard.BadInput:
        return []


def validate_target(settings: Settings, target: str, as_of: date | None, *, reference: bool = False) -> Report:
    """Return what is said of a dataset, or of documents below one of the configured roots; nothing is kept.

    ConfigError for all else, be it there or not: who asks learns nothing of what lies elsewhere.
    """
    if target in config.names(settings.datasets):
        return validate_dataset(settings, target, as_of, reference=reference)
    for root in settings.readable:
        path = _below(root, target)
        if path is not None:
            return validate_files(path, as_of, reference=reference)
    roots = ", ".join(map(str, settings.readable))
    raise config.ConfigError(f"{target!r} is no dataset, and no file or folder below {roots} (COMMUNIQUE_ROOTS)")


def _below(root: Path, target: str) -> Path | None:
    """Return the file or folder that a target names below a root; None where there is none."""
    try:
        path = guard.inside(root, Path(target))
        return path if path.exists() else None
    except (guard.BadInput, OSError):  # OSError: a name that is too long
        return None


FOR_FILES = {
    "name": "files",
    "dataset": {"title": "Files", "description": "Files given by hand."},
    "publisher": {"name": "nobody"},
    "licences": [{"name": "none"}],
    "sources": [{"name": "files", "path": "."}],
    "gate": {"max_refused_share": 1.0},
}
"""The dataset that files given by hand make up."""


def _validated(case: Case, files: Mapping[Key, Path], root: Path) -> Report:
    """Return the report on `files` as they are on disk, without keeping them."""
    memory: dict[str, bytes] = {}
    journal = [ingest.received(files, root, {}, str(case.as_of), partial(_remember, memory))]
    again = partial(documents.structured, case.dataset, journal, memory.__getitem__)
    verdict, _ = judging.judged(case._replace(journal=journal), again(), again, suites=False)
    return verdict.report
