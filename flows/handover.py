"""What a step hands to the next: rows, refusals and reports as files of a run's folder, for only paths pass between."""

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from flows import store
from flows.documents import Built
from flows.validate.judge import Verdict
from schemas.decisions import Correction
from schemas.package import Papers
from schemas.report import Problem, Provenance, Record, Refused, Report


def put_built(folder: Path, rows: Built) -> Path:
    """Write what documents gave to `folder`, and return it."""
    _put_records(folder, rows.records, rows.refused)
    store.write_lines(folder / "noted.jsonl", [found.model_dump(mode="json") for found in rows.noted])
    store.write_lines(folder / "shown.jsonl", rows.shown.items())
    store.write_lines(folder / "corrections.jsonl", [one.model_dump(mode="json") for one in rows.corrections])
    return folder


def built(folder: Path) -> Built:
    """Return what documents gave, from `folder`."""
    noted = [Problem.model_validate(line) for line in store.read_lines(folder / "noted.jsonl")]
    corrections = [Correction.model_validate(line) for line in store.read_lines(folder / "corrections.jsonl")]
    return Built(*records(folder), noted, dict(store.read_lines(folder / "shown.jsonl")), corrections)


def put_verdict(folder: Path, verdict: Verdict, papers: Papers) -> Path:
    """Write a verdict and the papers of its candidate to `folder`, and return it."""
    store.replace_file(folder / "papers.json", store.readable(papers.model_dump(mode="json")))
    _put_records(folder, (record for rows in verdict.rows.values() for record in rows), verdict.refused)
    store.replace_file(folder / "report.json", store.readable(verdict.report.model_dump(mode="json", by_alias=True)))
    return folder


def papers(folder: Path) -> Papers:
    """Return the papers of the candidate in `folder`."""
    return Papers.model_validate_json((folder / "papers.json").read_bytes())


def report(folder: Path) -> Report:
    """Return the report of the verdict in `folder`."""
    return Report.model_validate_json((folder / "report.json").read_bytes())


def _put_records(folder: Path, kept: Iterable[Record], refused: Iterable[Refused]) -> None:
    store.write_lines(folder / "rows.jsonl", (_packed(record) for record in kept))
    store.write_lines(
        folder / "refused.jsonl", ([*_packed(item.record), item.problem.model_dump(mode="json")] for item in refused)
    )


def _packed(record: Record) -> list[Any]:
    return [record.table, json.loads(json.dumps(record.values, default=_plain)), record.source.model_dump(mode="json")]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else repr(value)


def records(folder: Path) -> tuple[list[Record], list[Refused]]:
    """Return the records in `folder` that stand, and those that are refused."""
    kept = [_unpacked(*line) for line in store.read_lines(folder / "rows.jsonl")]
    known: dict[str, Record] = {}
    refused = []
    for *packed, found in store.read_lines(folder / "refused.jsonl"):
        record = known.setdefault(json.dumps(packed), _unpacked(*packed))
        refused.append(Refused(record, Problem.model_validate(found)))
    return kept, refused


def _unpacked(table: str, values: dict[str, Any], source: dict[str, Any]) -> Record:
    return Record(table, values, Provenance.model_validate(source))
