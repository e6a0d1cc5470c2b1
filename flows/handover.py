"""What a step hands to the next: rows, refusals and reports as files of a run's folder, for only paths pass between."""

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from flows import store
from flows.coverage import Named
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
    store.write_lines(folder / "named.jsonl", rows.named)
    return folder


def built(folder: Path) -> Built:
    """Return what documents gave, from `folder`."""
    noted = [Problem.model_validate(line) for line in store.read_lines(folder / "noted.jsonl")]
    corrections = [Correction.model_validate(line) for line in store.read_lines(folder / "corrections.jsonl")]
    named = [Named(*line) for line in store.read_lines(folder / "named.jsonl")]
    return Built(*records(folder), noted, dict(store.read_lines(folder / "shown.jsonl")), corrections, named)


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
    seen: dict[str, int] = {}
    store.write_lines(folder / "rows.jsonl", (_briefly(record, seen) for record in kept), _plain)
    told = ([*_packed(item.record), item.problem.model_dump(mode="json")] for item in refused)
    store.write_lines(folder / "refused.jsonl", told, _plain)


def _packed(record: Record) -> list[Any]:
    return [record.table, record.values, record.source.model_dump(mode="json")]


def _briefly(record: Record, seen: dict[str, int]) -> list[Any]:
    """Return a record as it is written: a body that was written before, by its number among these."""
    body = record.values.get("body")
    if not isinstance(body, str):
        return _packed(record)
    if body in seen:
        return [*_packed(record._replace(values=record.values | {"body": None})), seen[body]]
    seen[body] = len(seen)
    return _packed(record)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else repr(value)


def records(folder: Path) -> tuple[list[Record], list[Refused]]:
    """Return the records in `folder` that stand, and those that are refused."""
    bodies: list[str] = []
    kept = [_whole(line, bodies) for line in store.read_lines(folder / "rows.jsonl")]
    known: dict[str, Record] = {}
    refused = []
    for *packed, found in store.read_lines(folder / "refused.jsonl"):
        record = known.setdefault(json.dumps(packed), _unpacked(*packed))
        refused.append(Refused(record, Problem.model_validate(found)))
    return kept, refused


def _whole(line: list[Any], bodies: list[str]) -> Record:
    """Return a record that was written briefly; a body that several have is one text in memory, for they are large."""
    record = _unpacked(*line[:3])
    if len(line) > len(record):
        record.values["body"] = bodies[line[3]]
    elif isinstance(body := record.values.get("body"), str):
        bodies.append(body)
    return record


def _unpacked(table: str, values: dict[str, Any], source: dict[str, Any]) -> Record:
    return Record(table, values, Provenance.model_validate(source))
