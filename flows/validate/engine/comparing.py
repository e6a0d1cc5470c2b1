"""A table as the reference alone asks it, and how that differs from what frictionless itself says of every row."""

from typing import Any

from flows.validate.engine import reference
from flows.validate.engine.faults import Fault
from flows.validate.engine.inputs import FORMATS
from flows.validate.engine.results import Result, told
from flows.validate.engine.run import check, place_of

OF_FILES = {"byte-count", "hash-count"}
"""Errors of a file that frictionless cannot tell of rows that were read here."""


def by_reference(resource: Any) -> Result:
    """Return what is wrong with a table, and how that differs from what frictionless says of it, or that it dies."""
    try:
        result = check(resource, linear=False)
        result.last += compared(*_comparable(result, resource))
    except Exception as error:  # noqa: BLE001 - whatever frictionless dies of
        why = f"{reference.died('judge it', error)}. Judge it without --reference"
        return Result(resource.name, place_of(resource), first=[Fault("error", why)])
    return result


def _comparable(result: Result, resource: Any) -> tuple[Result, Any]:
    """Return what is compared: without foreign keys, where these lead from or to rows that were read here."""
    keys = resource.schema.foreign_keys if resource.schema else []
    others = {one.name: one.format for one in resource.package.resources} if resource.package else {}
    formats = {resource.format, *(others.get(key["reference"]["resource"]) for key in keys)}
    if not keys or formats.isdisjoint(FORMATS):
        return result, resource
    alone = reference.alone(resource)
    return check(alone, linear=False), alone


def compared(result: Result, resource: Any) -> list[Fault]:
    """Return how the engine differs from frictionless, asked over every row: one fault for the first difference."""
    ours, theirs = told(result), reference.judged_again(resource)
    if resource.format in FORMATS:
        ours, theirs = ([error for error in said if error[2].type not in OF_FILES] for said in (ours, theirs))
    for place in range(max(len(ours), len(theirs))):
        mine, other = (said[place] if place < len(said) else None for said in (ours, theirs))
        if mine != other:
            return [Fault("reference", f"the engine says {_said(mine)}, frictionless says {_said(other)}")]
    return []


def _said(error: tuple[int | None, list[str] | None, Fault] | None) -> str:
    if error is None:
        return "nothing more"
    row, _, one = error
    return f"{one.type} in row {row}, field {one.field!r}: {one.note!r}"
