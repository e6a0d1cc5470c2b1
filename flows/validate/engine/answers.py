"""What was found, as a person or a program is told: each error with its rule, its message, and how to mend it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import accumulate, chain, islice
from operator import itemgetter
from typing import Any, NamedTuple

from flows.validate.engine import reference
from flows.validate.engine.expected import examples_of, expected
from flows.validate.engine.faults import Fault, RowFaults
from flows.validate.engine.mending import hint
from flows.validate.engine.results import Result
from schemas.counting import noun
from schemas.tablerules import rule_id

LONGEST = 600
"""Letters of a message that are told."""
OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Letters that steer a terminal, end a line or turn it around, and halves of letters."""


ALONE, NAMELESS = "package is required for foreign keys", ': "{fk}"'
"""How frictionless words that a schema alone refers to another table, and a name that it leaves out there."""


class Tally(NamedTuple):
    """How many errors and warnings a table has, and how many of its rows have an error."""

    errors: int
    warnings: int
    refused: int

    @property
    def told(self) -> str:
        """The errors and warnings in words; nothing where there are none."""
        counts = ((self.errors, "error"), (self.warnings, "warning"))
        return " and ".join(many(number, name) for number, name in counts if number)


class Finding(NamedTuple):
    """An error, told."""

    rule: str
    severity: str
    table: str
    place: str
    row: int | None
    line: int | None
    """The line of the file in which the row begins; None where rows have no lines, as in a workbook."""
    field: str
    number: int
    value: str
    message: str
    expected: str
    """What was expected there, in plain words; nothing where the message alone says it."""
    hint: str
    """How to mend it; nothing where the steward has said what to tell."""
    said: str
    """What the steward has said to tell of the field; nothing where that is nothing."""
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
    tallies: list[Tally] = field(default_factory=list)
    """Of each table, in their order."""
    found: list[Counter[str]] = field(default_factory=list)
    """Of each table, the errors and warnings of each rule."""
    broken: list[Counter[str]] = field(default_factory=list)
    """Of each table, the errors of each rule."""
    counts: dict[int, int] = field(default_factory=dict)
    """By the identity of a table, how many errors and warnings it has."""
    before: dict[int, int] = field(default_factory=dict)
    """By the same, how many the tables before it have."""

    def __post_init__(self) -> None:
        """Tell tables of one name apart by their places, and count the errors by rule and by table."""
        names = Counter(one.name for one in self.results)
        for one in self.results:
            one.name = one.place if names[one.name] > 1 else one.name
        self.tallies = [self._tally(result) for result in self.results]
        found = [tally.errors + tally.warnings for tally in self.tallies]
        places = [id(one) for one in self.results]
        self.counts = dict(zip(places, found, strict=True))
        self.before = dict(zip(places, accumulate(found, initial=0), strict=False))

    def _tally(self, result: Result) -> Tally:
        """Count the errors of a table, and return how many there are."""
        kind = lru_cache(KINDS)(partial(_kind, result))
        mild = {name for name, how in result.extras.severities.items() if how != "error"}
        counted: Counter[tuple[str, str]] = Counter()
        refused = 0

        def count(found: Iterable[tuple[Any, ...]]) -> None:
            for named, times in Counter(map(NAMED, found)).items():
                counted[kind(*named)] += times

        count((*result.first, *result.last))
        for faults in result.log.faults():
            count(chain.from_iterable(faults))
            refused += sum(any(one[2] not in mild for one in row) for row in faults) if mild else len(faults)
        self.broken.append(Counter({rule: times for (rule, bad), times in counted.items() if bad == "error"}))
        self.found.append(Counter())
        for (rule, _), times in counted.items():
            self.found[-1][rule] += times
        self.rules += self.found[-1]
        errors = self.broken[-1].total()
        return Tally(errors, counted.total() - errors, refused)

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong but what is no more than a warning."""
        return not any(self.broken)

    def worst(self, rule: str) -> str:
        """Return how bad the worst error of a rule is."""
        return "error" if any(rule in errors for errors in self.broken) else "warning"

    @property
    def total(self) -> int:
        """How many errors and warnings there are."""
        return self.rules.total()

    @property
    def tally(self) -> Tally:
        """How many there are in all tables."""
        return Tally(*map(sum, zip(*self.tallies, strict=True))) if self.tallies else Tally(0, 0, 0)

    def count(self, result: Result) -> int:
        """Return how many errors and warnings a table has."""
        return self.counts[id(result)]

    def findings(self, result: Result, most: int | None = None) -> Iterator[Finding]:
        """Yield the errors of a table, as many as are told.

        Where `most` is given, no more than so many errors of a rule, and as many warnings.
        """
        left = None if self.limit is None else max(self.limit - self.before[id(result)], 0)
        seen: Counter[tuple[str, str]] = Counter()
        for row, one in islice(result.errors(), left):
            kind = identity(result, one), severity(result, one)
            seen[kind] += 1
            if most is None or seen[kind] <= most:
                yield told(result, row, one)

    def all(self, most: int | None = None) -> Iterator[Finding]:
        """Yield the errors of all tables, as `findings` does those of each."""
        for result in self.results:
            yield from self.findings(result, most)


KINDS = 4096
"""Errors of which the rule is remembered while they are counted."""
NAMED = itemgetter(0, 1, 2)
"""The type of an error, its note and its field, by which its rule is known."""


def _kind(result: Result, type_: str, note: str, field_: str) -> tuple[str, str]:
    one = Fault(type_, note, field_)
    return identity(result, one), severity(result, one)


def many(number: int, name: str) -> str:
    """Return how many there are of what has that name."""
    return f"{number:,} {noun(number, name)}"


def identity(result: Result, one: Fault) -> str:
    """Return the id of the rule that was broken."""
    return result.extras.rule(one) or rule_id(one.type, one.note)


def severity(result: Result, one: Fault) -> str:
    """Return how bad an error is, as the steward has said of its field."""
    return result.extras.severities.get(one.field, "error")


def told(result: Result, row: RowFaults | None, one: Fault) -> Finding:
    """Return an error, told."""
    rule, said = identity(result, one), result.extras.messages.get(one.field, "")
    examples = examples_of(one, result.examples.get(one.field))
    return Finding(
        rule,
        severity(result, one),
        result.name,
        result.schema if result.schema and _of_schema(one) else result.place,
        row.row if row else None,
        result.lines.of(row.row) if row and result.lines else None,
        one.field or ", ".join(_key(result, one)),
        one.number,
        one.cell,
        said or message(one, row),
        expected(one, examples),
        "" if said else hint(result, one, rule, examples),
        said,
        row.cells if row else [],
        result.extras.rule(one) is not None,
    )


def short(text: str) -> str:
    """Return a message as people and build servers take it: a cell may be as long as a book."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"


def sentences(found: Finding) -> str:
    """Return the message of an error, and how to mend it, as they are read in one line."""
    return f"{short(found.message).rstrip('.')}. {found.hint}" if found.hint else short(found.message)


def visible(text: str) -> str:
    """Return `text` as one line that a terminal shows and does not obey: a dot for each letter that would do more."""
    return OBEYED.sub("·", text)


def _of_schema(one: Fault) -> bool:
    """Return whether an error is one of the schema, whatever the table has in it."""
    return one.type in ("schema-error", "field-error", "constraint-refused") or one.note.startswith(ALONE)


def _key(result: Result, one: Fault) -> list[str]:
    """Return the fields of the key that an error is about."""
    return result.key if one.type == "primary-key" else list(dict(one.more).get("fieldNames", ()))


def message(one: Fault, row: RowFaults | None) -> str:
    """Return what is wrong, as frictionless words it; of a key that it does not know, in the same words."""
    if one.type == "unique-key" and row:
        return f'Row at position "{row.row}" violates the unique key "{one.field}": {one.note}'
    return str(reference.described(one, row)["message"]).removesuffix(NAMELESS)


def summary(findings: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return rules and their counts, most frequent first."""
    return sorted(findings, key=lambda entry: (-entry[1], entry[0]))
