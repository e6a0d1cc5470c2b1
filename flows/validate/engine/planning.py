"""What the rows of a table are read by: a reader for each field, the keys to be met once, the tables referred to."""

from collections.abc import Callable, Iterable
from typing import Any, cast

from flows.validate.engine import beyond, reference
from flows.validate.engine.beyond import Extras
from flows.validate.engine.faults import Fault
from flows.validate.engine.reference import Opened
from flows.validate.engine.results import Broken
from flows.validate.engine.rows import Table

There = Callable[[tuple[Any, ...]], bool]


def planned(table: Opened, foreign: Iterable[tuple[reference.Key, There]], extras: Extras, *, linear: bool) -> Table:
    """Return what rows of `table` are read by."""
    places = {one.name: place for place, one in enumerate(table.fields)}
    also = tuple(tuple(places[name] for name in key) for key in extras.keys)
    foreign = tuple(foreign)
    once = frozenset((*table.unique, *table.primary, *(place for key in also for place in key)))
    return Table(
        [one.name for one in table.fields],
        [reader(one, extras, linear=linear) for one in table.fields],
        [frozenset(missing_values(one)) for one in table.fields],
        table.unique,
        table.primary,
        foreign,
        also,
        once,
        once.union(*(key.positions for key, _ in foreign)),
    )


def reader(one: Any, extras: Extras, *, linear: bool) -> reference.Reader:
    """Return what reads a cell of a field, and asks what is asked beyond the reference."""
    read = reference.reader(one, linear=linear, group=extras.groups.get(one.name))
    return cast("reference.Reader", beyond.reading(one.name, read, extras)) if linear else read


def missing_values(one: Any) -> list[str]:
    """Return the texts that stand for a missing value of a field."""
    if not one.has_defined("missing_values") and one.schema:
        return list(one.schema.missing_values)
    return list(one.missing_values)


def source_of(key: reference.Key, resource: Any) -> Any:
    """Return the resource that a foreign key refers to; Broken where there is none."""
    if key.table == resource.name or not key.table:
        return resource
    if not resource.package:
        raise Broken([Fault("resource-error", 'package is required for foreign keys to other resources: "{fk}"')])
    if not resource.package.has_resource(key.table):
        note = f'failed to handle a foreign key for resource "{resource.name}" as resource "{key.table}" does not exist'
        raise Broken([Fault("resource-error", note)])
    return resource.package.get_resource(key.table)
