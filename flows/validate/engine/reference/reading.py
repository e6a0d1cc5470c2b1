"""How frictionless reads a cell: by code of its own, with patterns that cannot hang."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from types import SimpleNamespace
from typing import Any, cast

from frictionless import Field
from frictionless.schema import field as field_module

from flows.validate.engine.faults import Fault
from flows.validate.engine.patterns import PatternRefused, linear

Reader = Callable[[Any], tuple[Any, dict[str, str] | None]]
"""Reads a cell: its value, and what is wrong by the name of the rule."""


def reader(field: Any, *, linear: bool, group: str | None = None) -> Reader:
    """Return what reads a cell of `field`; with `linear`, patterns run in time that grows with the cell alone.

    `group` may stand between the digits of a whole number: frictionless takes it in fields of type number alone.
    """
    if not linear:
        return cast("Reader", field.create_cell_reader())
    with _linear_patterns():
        read = cast("Reader", (_grouping(field, group) if group else field).create_cell_reader())
    return _keeping(read) if field.type == "array" else read


def _grouping(field: Any, group: str) -> Any:
    """Return `field` as one that leaves `group` out of a text that stands for a value, before it reads it."""
    read, grouping = field.create_value_reader(), copy(field)
    vars(grouping)["create_value_reader"] = lambda: (
        lambda cell: read(cell.replace(group, "") if isinstance(cell, str) else cell)
    )
    return grouping


def _keeping(read: Reader) -> Reader:
    """Return what reads as `read` does, and keeps a list as it is: frictionless puts what it has read into it."""
    return lambda cell: read(cell[:] if isinstance(cell, list) else cell)


def values(field: dict[str, Any], stated: Any, group: str | None = None) -> list[Any]:
    """Return the values in a list of a description, as `field` reads them; ValueError for one that it does not read."""
    if not isinstance(stated, list):
        raise ValueError(f"{stated!r} is no list of values")  # noqa: TRY004 - it is the description's fault
    made = Field.from_descriptor({name: field[name] for name in field if name not in BESIDE})
    read = (_grouping(made, group) if group else made).create_value_reader()
    found = [read(one) for one in stated]
    for one, value in zip(stated, found, strict=True):
        if value is None:
            raise ValueError(f"{one!r} is no {made.type}")
    return found


BESIDE = ("constraints", "example", "missingValues")
"""What a description says of a field that does not change how it reads a value."""


def item(field: Any) -> Any:
    """Return the field that reads each item of a list; None where none is stated."""
    stated = field.array_item if field.type == "array" else None
    if not stated:
        return None
    kept = {name: value for name, value in stated.items() if name != "arrayItem"}
    return Field.from_descriptor({"name": field.name, "type": "any"} | kept)


def refused(fields: list[Any]) -> list[Fault]:
    """Take out of `fields` the constraints that frictionless would die of or hang in, and return what they are."""
    found = []
    for one in fields:
        for name, why in list(_refused(one)):
            found.append(Fault("constraint-refused", f'field "{one.name}", constraint "{name}": {why}', one.name))
            del one.constraints[name]
    return found


def _refused(one: Any) -> Iterator[tuple[str, str]]:
    for name, value in one.constraints.items():
        if name == "pattern" and name in one.supported_constraints:
            try:
                linear(str(value))
            except PatternRefused as error:
                yield name, str(error)
        if name in BOUNDS and name in one.supported_constraints and _unreadable(one, value):
            yield name, f"{value!r} is no {one.type}"


BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def _unreadable(one: Any, value: Any) -> bool:
    try:
        return one.create_value_reader()(value) is None
    except Exception:  # noqa: BLE001 - whatever frictionless dies of
        return True


@contextmanager
def _linear_patterns() -> Iterator[None]:
    """Let frictionless compile patterns, which it wraps in `^` and `$`, into such as run in linear time."""
    own = field_module.re
    field_module.re = SimpleNamespace(compile=lambda pattern: SimpleNamespace(match=linear(pattern[1:-1])))
    try:
        yield
    finally:
        field_module.re = own
