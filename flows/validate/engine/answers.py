"""What was found, as a person or a program is told: each error with its rule, its message, and how to mend it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, NamedTuple

from flows.validate.engine import reference
from flows.validate.engine.faults import Fault, RowFaults
from flows.validate.engine.run import Result
from schemas.tablerules import rule_id, rule_of


class Finding(NamedTuple):
    """An error, told."""

    rule: str
    severity: str
    table: str
    place: str
    row: int | None
    field: str
    number: int
    value: str
    message: str
    hint: str
    cells: list[str]
    beyond: bool
    """Whether frictionless would not have said so."""


@dataclass
class Answer:
    """What was found in some tables."""

    results: list[Result]
    limit: int | None = None
    """How many errors are told; all where it is None."""
    rules: Counter[str] = field(default_factory=Counter)
    severities: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Count the errors by rule and by severity."""
        for result in self.results:
            kind = lru_cache(KINDS)(partial(_kind, result))
            for type_, note, field_, *_ in result.faults():
                rule, bad = kind(type_, note, field_)
                self.rules[rule] += 1
                self.severities[bad] += 1

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong but what is no more than a warning."""
        return not self.severities["error"]

    @property
    def total(self) -> int:
        """How many errors there are."""
        return self.rules.total()

    def findings(self, result: Result) -> Iterator[Finding]:
        """Yield the errors of a table, as many as are told."""
        before = 0
        for other in self.results:
            if other is result:
                break
            before += count(other)
        for number, (row, one) in enumerate(result.errors(), start=before):
            if self.limit is not None and number >= self.limit:
                return
            yield told(result, row, one)

    def all(self) -> Iterator[Finding]:
        """Yield the errors of all tables, as many as are told."""
        for result in self.results:
            yield from self.findings(result)


KINDS = 4096
"""Errors of which the rule is remembered while they are counted."""


def _kind(result: Result, type_: str, note: str, field_: str) -> tuple[str, str]:
    one = Fault(type_, note, field_)
    return identity(result, one), severity(result, one)


def count(result: Result) -> int:
    """Return how many errors a table has."""
    return sum(1 for _ in result.faults())


def identity(result: Result, one: Fault) -> str:
    """Return the id of the rule that was broken."""
    return result.extras.rule(one) or rule_id(one.type, one.note)


def severity(result: Result, one: Fault) -> str:
    """Return how bad an error is, as the steward has said of its field."""
    return result.extras.severities.get(one.field, "error")


def told(result: Result, row: RowFaults | None, one: Fault) -> Finding:
    """Return an error, told."""
    rule = identity(result, one)
    message = reference.described(one, row)["message"]
    return Finding(
        rule,
        severity(result, one),
        result.name,
        result.place,
        row.row if row else None,
        one.field or ", ".join(dict(one.more).get("fieldNames", ())),
        one.number,
        one.cell,
        result.extras.messages.get(one.field, message),
        hint(result, one, rule),
        row.cells if row else [],
        result.extras.rule(one) is not None,
    )


def hint(result: Result, one: Fault, rule: str) -> str:
    """Return how to mend an error."""
    kind = result.kinds.get(one.field)
    if rule == "table.type" and kind in EXAMPLES:
        return f"Write it like {EXAMPLES[kind]}."
    return rule_of(rule).hint


EXAMPLES = {
    "array": "[1, 2]",
    "boolean": "true or false",
    "date": "2021-07-06",
    "datetime": "2021-07-06T14:30:00Z",
    "duration": "P1DT2H",
    "geopoint": "-90.5,14.6",
    "integer": "42",
    "number": "3.14",
    "object": '{"a": 1}',
    "time": "14:30:00",
    "year": "2021",
    "yearmonth": "2021-07",
}
"""A value of each type."""


def summary(findings: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return rules and their counts, most frequent first."""
    return sorted(findings, key=lambda entry: (-entry[1], entry[0]))
