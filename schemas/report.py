"""`Report`: what a judgment found, in one form for every layer that judges.

A problem names its rule by a stable id; the rules themselves stand in `schemas.rules`. A report carries no clock and
no path of a machine: the same rows under the same rules give the same report.
"""

import json
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from pydantic import ConfigDict, Field

from schemas.tables import TABLES, Model

Severity = Literal["critical", "error", "warning", "info"]
"""critical holds the candidate, error refuses the row, warning and info are published with it."""
Layer = Literal["input", "record", "evidence", "table", "suite", "quarantine"]
Outcome = Literal["passed", "failed", "skipped"]

VALUE_LENGTH = 200
"""Characters of a value that a problem shows; quarantine keeps the whole row."""


class Provenance(Model):
    """Where a value came from."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    file: str
    line: int | None = None
    pointer: str | None = None
    """JSON Pointer inside the document, RFC 6901."""
    sha256: str | None = None
    """Digest of the bytes as received."""
    text_sha256: str | None = Field(default=None, exclude_if=lambda digest: digest is None)
    """Digest of the file of the text as received, where that lies beside its document."""

    def at(self, *steps: str | int) -> "Provenance":
        """Return the place `steps` further down in the same document."""
        escaped = (str(step).replace("~", "~0").replace("/", "~1") for step in steps)
        pointer = "/".join([self.pointer or "", *escaped])
        return Provenance(
            file=self.file, line=self.line, pointer=pointer, sha256=self.sha256, text_sha256=self.text_sha256
        )

    def __str__(self) -> str:
        """Return the place as a person reads it: file, line, pointer."""
        line = f":{self.line}" if self.line else ""
        return f"{self.file}{line}{' ' + self.pointer if self.pointer else ''}"


class Problem(Model):
    """One thing that is wrong: where, what, and how to mend it."""

    rule: str
    layer: Layer
    severity: Severity
    table: str | None = None
    row: int | None = None
    key: str | None = None
    field: str | None = None
    value: str | None = None
    message: str
    hint: str | None = None
    source: Provenance | None = None


class Check(Model):
    """One question that was asked of the data, and its answer."""

    id: str
    layer: Layer
    severity: Severity
    outcome: Outcome
    looked_at: int = Field(ge=0)
    failures: int = Field(ge=0)
    reason: str
    """Why the check exists; for a skipped one, why it was not asked."""


class Count(Model):
    """Rows of a table that came in, went out, and were refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    in_: int = Field(alias="in", ge=0)
    out: int = Field(ge=0)
    refused: int = Field(ge=0)


class Report(Model):
    """What a judgment found."""

    format: Literal["communique-report/1"] = "communique-report/1"
    valid: bool
    counts: dict[str, Count]
    checks: list[Check]
    problems: list[Problem]

    @property
    def held(self) -> bool:
        """Whether a critical problem holds the candidate."""
        return any(found.severity == "critical" for found in self.problems)


class Record(NamedTuple):
    """A row on its way: its table, its values as JSON has them, and where it came from."""

    table: str
    values: dict[str, Any]
    source: Provenance

    @property
    def key(self) -> str:
        """The record's primary key as text, its parts joined by a blank; a question mark for what is not known."""
        parts = (self.values.get(field) for field in TABLES[self.table].key)
        return " ".join("?" if part is None else str(part) for part in parts)


class Refused(NamedTuple):
    """A record that may not be published, and why."""

    record: Record
    problem: Problem


def quoted(text: str, beside: str | None = None, length: int = 160) -> str:
    """Return `text` in quotes; where it is long, what stands around the first letter that differs from `beside`."""
    if len(text) <= length:
        return repr(text)
    other = beside or ""
    differs = next((at for at, (one, two) in enumerate(zip(text, other, strict=False)) if one != two), len(other))
    start = max(0, min(differs - length // 2, len(text) - length))
    end = start + length
    return repr(f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}")


def shown(value: Any) -> str | None:
    """Return `value` as a problem shows it, a list or an object as JSON has it, cut at `VALUE_LENGTH` characters."""
    if value is None:
        return None
    written = isinstance(value, dict | list | tuple | bool)
    text = json.dumps(value, ensure_ascii=False, default=str) if written else str(value)
    return text if len(text) <= VALUE_LENGTH else text[: VALUE_LENGTH - 1] + "…"


def sort_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Return `problems` in the order of a report: by table, row, key, field, rule, place."""
    order = {table: number for number, table in enumerate(TABLES)}

    def rank(problem: Problem) -> tuple[int, int, str, str, str, str, str]:
        place = str(problem.source or "")
        return (
            order.get(problem.table or "", -1),
            problem.row or 0,
            problem.key or "",
            problem.field or "",
            problem.rule,
            place,
            problem.message,
        )

    return sorted(problems, key=rank)
