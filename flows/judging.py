"""How built rows are judged: the case, the verdict on them with its account, and the papers of a candidate."""

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import NamedTuple

from flows import coverage, ingest, profile, steward, store
from flows.documents import Built, Skip
from flows.store import Fetched
from flows.validate import described, expectations
from flows.validate.expectations import FOLDER
from flows.validate.judge import Suites, Verdict, judge
from schemas.dataset import Dataset
from schemas.decisions import Correction, Decisions
from schemas.package import Package, Papers, RawEntry
from schemas.report import Count, Record, Refused, sort_problems


class Case(NamedTuple):
    """What rows are judged by: the dataset, a day, the version before, and what was received."""

    dataset: Dataset
    as_of: date
    published: Package | None
    journal: list[Fetched]
    suites: tuple[Path, ...] = (FOLDER,)
    """The folders of the suites that are asked: those of every dataset, and those of this one."""
    reference: bool = False
    """Whether frictionless itself is asked over every row, not over a sample."""

    @property
    def source_of(self) -> dict[str, str]:
        """The source of each file that was received."""
        return {file: source for line in self.journal for source, file in line.changed}


def judged(
    case: Case, built: Built, again: Callable[[Skip], Built], *, suites: bool
) -> tuple[Verdict, list[Correction]]:
    """Return the verdict on `built` and the corrections that were made.

    Where a release's newest document is refused, its last good one stands in: `again` builds anew without the
    documents that were refused, which stay in the verdict with their rows. StewardFault when a waiver or correction is
    out of date.
    """
    waivers = steward.in_force(case.dataset.waivers, case.as_of)
    asked = _suites(case) if suites else None
    share = case.dataset.gate.max_refused_share
    skip: dict[str, set[int]] = {}
    carried: list[Refused] = []
    while True:
        before = built.refused + carried
        account = _account(case, built, built.records, before) if suites else []
        verdict = judge(
            built.records + account, before, built.noted, share, asked, waivers=waivers, whole=case.reference
        )
        told = {id(item.record) for item in before}
        gone = [
            item.record.key
            for item in verdict.refused
            if item.record.table == "releases" and id(item.record) not in told
        ]
        failing = set(gone) & built.shown.keys()
        if not failing:
            steward.needed(case.dataset, built.corrections, verdict.waived if suites else waivers)
            return _accounted(case, built, verdict) if suites else verdict, built.corrections
        carried += [item for item in verdict.refused if _release_of(item.record) in failing and item not in carried]
        for release_id in failing:
            skip.setdefault(release_id, set()).add(built.shown[release_id])
        built = again(skip)


def _account(case: Case, built: Built, rows: Iterable[Record], refused: list[Refused]) -> list[Record]:
    """Return what each source named against what is among `rows`, as rows of their own."""
    return coverage.account(built.named, [source.name for source in case.dataset.sources], rows, refused)


def _accounted(case: Case, built: Built, verdict: Verdict) -> Verdict:
    """Return the verdict with the account of what came through it, and with what the catalog asks of the dataset."""
    account = _account(case, built, verdict.rows["releases"], verdict.refused)
    counts = verdict.report.counts | {coverage.TABLE: Count(in_=len(account), out=len(account), refused=0)}
    check, lacking = described.judge(case.dataset)
    checks, problems = [check, *verdict.report.checks], sort_problems([*lacking, *verdict.report.problems])
    report = verdict.report.model_copy(update={"counts": counts, "checks": checks, "problems": problems})
    return verdict._replace(rows=verdict.rows | {coverage.TABLE: account}, report=report)


def papers_of(case: Case, verdict: Verdict, corrections: list[Correction]) -> Papers:
    """Return what the candidate carries beside its rows."""
    takedowns = case.dataset.takedowns
    return Papers(
        as_of=case.as_of,
        base=str(case.published.version) if case.published else None,
        rules=_rules_digest(case),
        inputs=_inputs(case.journal, verdict.rows["releases"]),
        profile=profile.measure(verdict.rows, case.source_of),
        decisions=Decisions(corrections=corrections, waivers=verdict.waived, takedowns=takedowns),
    )


def _release_of(record: Record) -> str:
    """Return the release that `record` is a part of; nothing for what several releases share."""
    return str(record.values.get("release_id") or str(record.values.get("fact_id") or "").partition("/")[0])


def _suites(case: Case) -> Suites:
    """Return the question that the suites are; Great Expectations is paid for here."""
    from flows.validate import suites  # noqa: PLC0415 - three seconds that only suites pay

    before = profile.read(case.published.folder) if case.published else None
    asked, values = suites.load(*case.suites), suites.parameters(case.dataset, case.as_of, before, case.source_of)
    return lambda rows: suites.judge(rows, asked, values)


def _inputs(journal: list[Fetched], releases: list[Record]) -> list[RawEntry]:
    """Return every file that is there or that a release was taken from, with the releases that were."""
    taken: dict[tuple[str, str | None], dict[str, int | None]] = {}
    for record in releases:
        place = record.source
        taken.setdefault((place.file, place.sha256), {})[record.values["release_id"]] = place.line
        if place.text_sha256:
            taken.setdefault((ingest.partner(place.file), place.text_sha256), {})[record.values["release_id"]] = None
    there = {(file, kept.sha256) for (_, file), kept in store.state(journal).items()}
    seen = {
        (file, kept.sha256): (source, kept)
        for line in reversed(journal)
        for (source, file), kept in line.changed.items()
    }
    return [
        RawEntry(
            source=source,
            file=file,
            sha256=digest,
            bytes=kept.bytes,
            first_seen=date.fromisoformat(kept.day),
            releases=dict(sorted(taken.get((file, digest), {}).items())),
        )
        for (file, digest), (source, kept) in sorted(seen.items(), key=lambda item: item[0])
        if (file, digest) in there or (file, digest) in taken
    ]


def _rules_digest(case: Case) -> str:
    """Return the digest of the suites, file by file; one of the dataset's own is told with its folder."""
    told = {
        file.name if file.parent == FOLDER else f"{file.parent.name}/{file.name}": store.sha256_file(file)
        for file in expectations.files(case.suites)
    }
    return store.sha256(store.to_json(told))
