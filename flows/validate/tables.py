"""Tables by the table engine, which says what frictionless 5.21 says; frictionless itself judges a sample, and files.

The sample is drawn anew from the rows: the same rows give the same sample, other rows another.
"""

import csv
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import cache, partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from frictionless import Package, Resource, Schema, system

from flows.validate.engine import reference, run
from flows.validate.engine.faults import Fault
from flows.validate.engine.results import Others, Result, told
from schemas.report import Problem, Record
from schemas.rules import problem
from schemas.tables import TABLES
from schemas.tableschema import header, table_schema

NO_CAP = 1 << 31
"""Errors that frictionless may report: it would stop at a thousand and skip the keys."""
SAMPLE = 100
"""Rows of a table that frictionless itself judges beside the engine."""
OF_KEYS = {"primary-key", "foreign-key", "unique-error"}
"""Errors that a row alone does not have."""

RULE_OF = {"type-error": "table.type", "primary-key": "table.primary-key", "foreign-key": "table.foreign-key"}

HINTS = {
    "issuer_id": "Describe the issuer: among the organizations of the document, by the column issuer_name of a flat "
    "file, or in [[issuers]] of the dataset's file.",
}
"""How to mend a reference that leads nowhere, by its field, where there is more to say than the rule does."""
LISTS = {
    "entities": "people, organizations or places",
    "people": "people",
    "organizations": "organizations",
    "places": "places",
}
"""By the table that a reference leads to: the lists of a release document that its rows come from."""
NEAREST, KEYS = 50, 2000
"""References of a table for which the nearest key is looked for, and keys among which it is."""

Rows = dict[str, list[Record]]
Said = list[tuple[int | None, list[str] | None, Fault]]


class Judged(NamedTuple):
    """What was found, and how it compares with what frictionless itself says."""

    findings: list[tuple[Record, Problem]]
    asked: int
    """Rows that frictionless itself was asked over."""
    differences: list[Problem]
    """Where it says something else: the engine is wrong then, and nothing may go out."""


def judge(rows: Rows, *, whole: bool = False) -> Judged:
    """Return what is wrong in `rows`, records by table; with `whole`, frictionless is asked over all of them."""
    cells = _cells(rows)
    package = _package({table: _yielding(cells, table) for table in TABLES})
    others = Others()
    found = {table: run.check(package.get_resource(table), linear=False, others=others) for table in TABLES}
    cells.clear()  # what frictionless makes knows each other: the rows would stay until cycles are looked for
    findings = [finding for table, result in found.items() for finding in _findings(rows, table, result)]
    if whole:
        theirs = {one.name: one.errors for one in reference.judged(_package(_cells(rows)))}
        differing = [_differs(table, told(result), theirs[table]) for table, result in found.items()]
        return Judged(findings, sum(map(len, rows.values())), [one for one in differing if one])
    samples = {table: _sample(table, rows[table]) for table in TABLES}
    differing = [_sample_differs(table, rows[table], samples[table], found[table]) for table in TABLES]
    return Judged(findings, sum(map(len, samples.values())), [one for one in differing if one])


def _findings(rows: Rows, table: str, result: Result) -> Iterator[tuple[Record, Problem]]:
    lost = 0
    for row, one in result.errors():
        if row is None:
            raise RuntimeError(f"{result.name}: {one.type}: {one.note}")
        record = rows[table][row.row - 2]  # the header is row 1
        found = _problem(one, record)
        if one.type == "foreign-key":
            lost += 1
            found = _lost(one, found, rows if lost <= NEAREST else {})
        yield record, found


def _sample(table: str, records: list[Record]) -> list[int]:
    """Return the places of some rows, other ones for other rows."""
    seed = f"{table} {len(records)} {records[-1].key if records else ''}"
    count = min(SAMPLE, len(records))
    return sorted(Random(seed).sample(range(len(records)), count))  # noqa: S311 - a sample is no secret


def _sample_differs(table: str, records: list[Record], sample: list[int], result: Result) -> Problem | None:
    """Return how frictionless differs on some rows of a table, its keys aside."""
    if not sample:
        return None
    names, numbers = header(table), {place + 2: order for order, place in enumerate(sample, start=2)}
    schema = {"fields": _schema(table)["fields"]}
    cells = [[records[place].values.get(name) for name in names] for place in sample]
    resource = Resource(name=table, data=[names, *cells], schema=Schema.from_descriptor(schema))
    theirs = [said for one in reference.judged(resource) for said in one.errors]
    ours: Said = [
        (numbers[row.row], row.cells, one)
        for row, one in result.errors()
        if row is not None and row.row in numbers and one.type not in OF_KEYS
    ]
    return _differs(table, ours, theirs)


def _differs(table: str, ours: Said, theirs: Said) -> Problem | None:
    """Return the first difference between what two say of a table."""
    if ours == theirs:
        return None
    place = next((at for at, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), None)
    place = min(len(ours), len(theirs)) if place is None else place
    told = [said[place] if place < len(said) else "nothing more" for said in (ours, theirs)]
    return problem("table.reference", f"the engine says {told[0]}, frictionless says {told[1]}", table=table)


def audit(descriptor: Path, told: Callable[[str, list[str]], None]) -> list[str]:
    """Return what frictionless says against the package on disk that `descriptor` describes, a line an error.

    It judges each file by itself, beside the keys that it refers to, for it would read a whole table anew for each
    field that refers there. `told` is called with the table and the cells of each row as frictionless has read it.
    """
    csv.field_size_limit(NO_CAP)
    errors: list[str] = []
    with system.use_context(trusted=False):
        package = Package(str(descriptor))
        package.to_descriptor(validate=True)
        keys = cache(partial(_keys, package))
        for name in package.resource_names:
            table = _beside_keys(package, name, keys).get_resource(name)
            report = table.validate(limit_errors=NO_CAP, on_row=partial(_told, told, name))
            errors += [error.message for error in report.errors]
            errors += [f"{task.name}: {error.message}" for task in report.tasks for error in task.errors]
    return errors


def _told(told: Callable[[str, list[str]], None], table: str, row: Any) -> None:
    told(table, row.cells)


Keys = Callable[[str, tuple[str, ...]], list[list[str]]]


class Fixed(list[list[str]]):
    """Rows that nobody changes: frictionless copies a resource some times, and these need not be."""

    def __deepcopy__(self, _: dict[int, Any]) -> "Fixed":
        """Return the rows themselves."""
        return self


def _beside_keys(package: Any, name: str, keys: Keys) -> Any:
    """Return a package of one table, and of the others no more than what it refers to; with no rows it needs no key."""
    mine = package.get_resource(name).to_copy()
    empty = _is_empty(Path(mine.normpath))
    fields: dict[str, dict[str, None]] = {}
    for key in (one["reference"] for one in mine.schema.foreign_keys if one["reference"]["resource"] not in ("", name)):
        fields.setdefault(key["resource"], {}).update(dict.fromkeys(key["fields"]))
    others = []
    for table, named in fields.items():
        schema = package.get_resource(table).schema
        alone = Schema(fields=[schema.get_field(field).to_copy() for field in named])
        there = [] if empty else keys(table, tuple(named))
        others.append(Resource(name=table, data=Fixed([list(named), *there]), schema=alone))
    return Package(name=package.name, resources=[mine, *others], basepath=package.basepath)


def _is_empty(path: Path) -> bool:
    """Return whether a table on disk has no row below its header."""
    with path.open(encoding="utf-8", newline="") as file:
        return next(islice(csv.reader(file), 1, None), None) is None


def _keys(package: Any, table: str, fields: tuple[str, ...]) -> list[list[str]]:
    """Return some columns of a table on disk, as they are written."""
    with Path(package.get_resource(table).normpath).open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        names = next(rows)
        places = [names.index(field) for field in fields]
        return [[row[place] for place in places] for row in rows]


def _package(data: dict[str, Any]) -> Package:
    """Return the tables as a package, of what yields the rows of each; of lists for frictionless itself."""
    resources = [
        Resource(name=table, data=data[table], schema=Schema.from_descriptor(_schema(table))) for table in TABLES
    ]
    return Package(name="candidate", resources=resources)


_schema = cache(table_schema)
Cells = dict[str, list[list[Any]]]
"""By table: the names of its columns, then its rows."""


def _cells(rows: Rows) -> Cells:
    return {table: _of_table(header(table), rows[table]) for table in TABLES}


def _of_table(names: list[str], records: list[Record]) -> list[list[Any]]:
    return [names, *([record.values.get(name) for name in names] for record in records)]


def _yielding(cells: Cells, table: str) -> Callable[[], Iterator[list[Any]]]:
    return lambda: iter(cells[table])


def _problem(one: Fault, record: Record) -> Problem:
    names = dict(one.more).get("fieldNames") or [one.field]
    names = list(TABLES[record.table].key) if one.type == "primary-key" else names
    value = " ".join(str(record.values.get(name)) for name in names)
    return problem(_rule(one), one.note, record=record, field=", ".join(names), value=value)


def _lost(one: Fault, found: Problem, rows: Rows) -> Problem:
    """Return the problem that a reference leads nowhere, with the nearest key that is in `rows`."""
    more = dict(one.more)
    table, fields = str(more["referenceName"] or found.table), more["referenceFieldNames"]
    keys = [" ".join(str(record.values.get(name)) for name in fields) for record in rows.get(table, [])[:KEYS]]
    near = get_close_matches(str(found.value), keys, n=1)
    message = f"{table} has no {found.value!r}" + (f"; {near[0]!r} is the nearest" if near else "")
    hint = f"Add it to {LISTS[table]} of the document, or mend the id." if table in LISTS else found.hint
    return found.model_copy(update={"message": message, "hint": HINTS.get(more["fieldNames"][0], hint)})


def _rule(one: Fault) -> str:
    if one.type == "constraint-error":
        return f"table.constraint.{one.note.split(chr(34))[1]}"
    return RULE_OF[one.type]
