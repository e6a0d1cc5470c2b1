"""Tables by frictionless 5.21, the reference: types, constraints, primary and foreign keys across all tables."""

from pathlib import Path
from typing import Any

from frictionless import Checklist, Package, Resource, Schema, system
from frictionless.errors import RowError

from schemas.report import Problem, Record
from schemas.rules import problem
from schemas.tables import TABLES
from schemas.tableschema import header, table_schema

NO_CAP = 1 << 31
"""Errors that frictionless may report: it would stop at a thousand and skip the keys."""

RULE_OF = {"type-error": "table.type", "primary-key": "table.primary-key", "foreign-key": "table.foreign-key"}

HINTS = {
    "issuer_id": "Describe the issuer: among the organizations of the document, by the column issuer_name of a flat "
    "file, or in [[issuers]] of the dataset's file.",
}
"""How to mend a reference that leads nowhere, by its field, where there is more to say than the rule does."""

Rows = dict[str, list[Record]]


def judge(rows: Rows) -> list[tuple[Record, Problem]]:
    """Return each record that frictionless refuses in `rows`, records by table, with the problem that it is."""
    package = Package(name="candidate", resources=[_resource(table, rows[table]) for table in TABLES])
    report = package.validate(Checklist(), limit_errors=NO_CAP)
    found = []
    for task in report.tasks:
        for error in task.errors:
            record = (
                rows[task.name][error.row_number - 2] if isinstance(error, RowError) else None
            )  # the header is row 1
            if record is None:
                raise RuntimeError(f"{task.name}: {error.message}")
            found.append((record, _problem(error, record)))
    return found


def audit(descriptor: Path) -> list[str]:
    """Return what frictionless says against the package on disk that `descriptor` describes, a line an error."""
    with system.use_context(trusted=False):
        report = Package(str(descriptor)).validate(Checklist(), limit_errors=NO_CAP)
    errors = [error.message for error in report.errors]
    return errors + [f"{task.name}: {error.message}" for task in report.tasks for error in task.errors]


def _resource(table: str, records: list[Record]) -> Resource:
    names = header(table)
    cells = [[record.values.get(name) for name in names] for record in records]
    return Resource(name=table, data=[names, *cells], schema=Schema.from_descriptor(table_schema(table)))


def _problem(error: Any, record: Record) -> Problem:
    names = getattr(error, "field_names", None) or [getattr(error, "field_name", "")]
    names = list(TABLES[record.table].key) if error.type == "primary-key" else names
    value = " ".join(str(record.values.get(name)) for name in names)
    found = problem(_rule(error), error.note, record=record, field=", ".join(names), value=value)
    return found.model_copy(update={"hint": HINTS.get(names[0], found.hint)}) if error.type == "foreign-key" else found


def _rule(error: Any) -> str:
    if error.type == "constraint-error":
        return f"table.constraint.{error.note.split(chr(34))[1]}"
    return RULE_OF[error.type]
