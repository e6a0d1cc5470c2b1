"""How a value of a field is written, in examples that the field itself takes."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from flows.validate.engine import reference

MOMENT = datetime(2021, 7, 26, 14, 30, tzinfo=UTC)
"""What days and times show; no month has that day's number."""
PLAIN = {
    "array": "[1, 2]",
    "date": "2021-07-26",
    "datetime": "2021-07-26T14:30:00Z",
    "duration": "P1DT2H",
    "geojson": '{"type": "Point", "coordinates": [-90.5, 14.6]}',
    "geopoint": "-90.5,14.6",
    "integer": "42",
    "number": "3.14",
    "object": '{"a": 1}',
    "time": "14:30:00",
    "year": "2021",
    "yearmonth": "2021-07",
}
"""A value of each type, where the field says nothing else."""
ITEMS = PLAIN | {"boolean": "true", "string": "word"}
"""The same of what else may stand in a list."""
SHAPED = {
    ("geojson", "topojson"): '{"type": "Topology", "objects": {}, "arcs": []}',
    ("geopoint", "array"): "[-90.5, 14.6]",
    ("geopoint", "object"): '{"lon": -90.5, "lat": 14.6}',
    ("string", "email"): "name@example.org",
    ("string", "uri"): "https://example.org/page",
    ("string", "uuid"): "123e4567-e89b-12d3-a456-426614174000",
}
"""A value of a type in another of its formats."""
PLAINLY = ("default", "any")
"""Formats of days and times that say nothing of how they are written."""
MOMENTS = ("date", "datetime", "time")
"""Types that have a format of directives."""
STATED = ("minimum", "maximum")
"""Constraints that are values of the field."""


class Examples(NamedTuple):
    """Values of a field, and of an item of it, as they are written; none where none is known."""

    own: list[str]
    item: list[str]


def examples(field: Any, read: reference.Reader) -> Examples:
    """Return values of `field` in which `read` finds nothing wrong: both of a boolean, one of another type."""
    item = reference.item(field)
    return Examples(_taken(field, read), _of_item(item) if item else [])


def _of_item(item: Any) -> list[str]:
    with suppress(Exception):  # whatever frictionless dies of
        return _taken(item, reference.reader(item, linear=True))
    return []


def literal(kind: str, form: str) -> bool:
    """Return whether a format of days or times has no directive, as DD/MM/YYYY: it takes its own letters alone."""
    return kind in MOMENTS and form not in (*PLAINLY, "") and "%" not in form.replace("%%", "")


def _taken(field: Any, read: reference.Reader) -> list[str]:
    taken: list[str] = []
    with suppress(Exception):  # as above
        taken = [one for one in _written(field) if _reads(read, one)]
    return taken if field.type == "boolean" else taken[:1]


def _reads(read: reference.Reader, text: str) -> bool:
    with suppress(Exception):  # as above
        value, notes = read(text)
        return value is not None and not notes
    return False


def _written(field: Any) -> Iterator[str]:
    """Yield texts that may be values of `field`; none where its own letters are all that its format takes."""
    if literal(field.type, field.format):
        return
    if field.type == "boolean":
        yield from (*field.true_values[:1], *field.false_values[:1])
        return
    if field.type in OF_TYPE:
        yield OF_TYPE[field.type](field)
    elif example := SHAPED.get((field.type, field.format), PLAIN.get(field.type)):
        yield example
    if field.type in PLAIN:
        stated = field.constraints
        yield from map(str, (*stated.get("enum", ()), *(stated[name] for name in STATED if name in stated)))


def _moment(field: Any) -> str:
    return PLAIN[field.type] if field.format in PLAINLY else MOMENT.strftime(field.format)


def _number(field: Any) -> str:
    return PLAIN["number"].replace(".", field.decimal_char)


def _array(field: Any) -> str:
    item = reference.item(field)
    return json.dumps([_of_json(one) for one in _of_item(item)]) if item else PLAIN["array"]


def _of_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _list(field: Any) -> str:
    return str(field.delimiter).join([ITEMS[field.item_type]] * 2)


OF_TYPE: dict[str, Callable[[Any], str]] = {
    "array": _array,
    "date": _moment,
    "datetime": _moment,
    "list": _list,
    "number": _number,
    "time": _moment,
}
"""By type, what writes a value as the field says."""
