"""How frictionless words an error, and what it says at the end of a table."""

from functools import cache
from typing import Any

from frictionless import errors as reference_errors
from frictionless import helpers, system

from flows.validate.engine.faults import Fault, RowFaults

PLAIN = {"type", "title", "description", "message", "tags", "note", "fieldName", "fieldNumber", "cell", "label"}
PER_ROW = {"cells", "rowNumber"}


def fault(error: Any) -> Fault:
    """Return an error of frictionless as a fault."""
    told = error.to_descriptor()
    more = {name: value for name, value in told.items() if name not in PLAIN | PER_ROW}
    return Fault(
        error.type,
        error.note,
        told.get("fieldName", ""),
        told.get("fieldNumber", 0),
        told.get("cell", told.get("label", "")),
        tuple(sorted(more.items())),
    )


def died(doing: str, error: Exception) -> str:
    """Return in words what frictionless died of while it was doing something."""
    return f"frictionless cannot {doing}, for it ends with {type(error).__name__}: {error}"


def described(one: Fault, row: RowFaults | None = None) -> dict[str, Any]:
    """Return a fault as frictionless writes it into its own report, message and all."""
    kind = _kind(one.type)
    told: dict[str, Any] = dict(one.more)
    properties = _properties(kind)
    if row is not None:
        told |= {"cells": row.cells, "rowNumber": row.row}
    given = {"fieldName": one.field, "fieldNumber": one.number, "cell": one.cell, "label": one.cell}
    told |= {name: value for name, value in given.items() if name in properties}
    told["note"] = one.note
    message = helpers.safe_format(kind.template, dict(told))
    fixed = {"type": kind.type, "title": kind.title, "description": kind.description, "message": message}
    return fixed | {"tags": list(kind.tags)} | told


STANDS_FOR = {
    "cell-error": reference_errors.ConstraintError,
    "constraint-refused": reference_errors.SchemaError,
    "error": reference_errors.Error,
    "reference": reference_errors.Error,
    "unique-key": reference_errors.PrimaryKeyError,
}
"""What stands for errors that frictionless does not know by their names."""


@cache
def _kind(name: str) -> Any:
    """Return the class of an error, the nearest for what frictionless does not know."""
    return STANDS_FOR.get(name) or system.select_error_class(name)


@cache
def _properties(kind: Any) -> frozenset[str]:
    patches = (vars(base).get("metadata_profile_patch", {}) for base in kind.__mro__)
    return frozenset(name for patch in patches for name in patch.get("properties", {}))
