"""Rows of Python's values in blocks: each value as the text that masks know, where it is of a type that they mean."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from flows.validate.engine import cells
from flows.validate.engine.blocks import Block
from flows.validate.engine.keys import Places

ROWS = 20_000
"""Rows of a block."""
NOTHING: type = type(None)
PLAIN: dict[str, set[type]] = {
    "boolean": {bool},
    "date": {date, datetime},
    "datetime": {datetime},
    "integer": {int},
    "number": {int, float, Decimal},
}
"""By type of field, the types of Python that are read as their text is; text, and no value at all, are with any."""


def plain(field: Any) -> set[type]:
    """Return the types of which `field` reads a value as it reads its text: not where it says how texts are written."""
    return {str, NOTHING} | (PLAIN.get(field.type, set()) if _as_python_writes(field) else set())


def _as_python_writes(field: Any) -> bool:
    if field.type == "boolean":
        spelled = "true" in field.true_values and "false" in field.false_values
        return spelled and not field.constraints.get("enum")
    own = getattr(field, "decimal_char", ".") != "." or getattr(field, "group_char", "")
    return field.format == "default" and not own and getattr(field, "bare_number", True) is True


Rows = list[list[Any]]


def pieces(source: Callable[[], Iterator[list[Any]]]) -> Iterator[Rows]:
    """Yield the rows of `source`, the header among them, so many at once."""
    rows = source()
    while piece := list(islice(rows, ROWS)):
        yield piece


def read(allowed: list[set[type]], rows: Rows, above: int) -> Block:
    """Return the rows in columns; those of other widths, and of values of types that are not allowed, stay rows."""
    width = len(allowed)
    ragged = [(place, row) for place, row in enumerate(rows) if place < above or len(row) != width]
    odd = {place for place, _ in ragged}
    even = [(place, row) for place, row in enumerate(rows) if place not in odd]
    for order, types in enumerate(allowed):
        if not set(map(type, (row[order] for _, row in even))) <= types:
            ragged += [(place, row) for place, row in even if type(row[order]) not in types]
            even = [(place, row) for place, row in even if type(row[order]) in types]
    columns = [cells.texts(_texts(types, [row[order] for _, row in even])) for order, types in enumerate(allowed)]
    return Block(len(rows), columns, sorted(ragged, key=_place), rows)


def taken(rows: Rows, places: Places, _: int) -> Rows:
    """Return the rows at `places`."""
    return [rows[place] for place in places.tolist()]


def _place(entry: tuple[int, list[Any]]) -> int:
    return entry[0]


def _texts(types: set[type], column: list[Any]) -> list[str | None]:
    """Return the values of a column as a file would have them; where days are allowed, what begins one as the day."""
    return [_text(_day(value) if type(value) is datetime and date in types else value) for value in column]


def _day(value: datetime) -> date:
    """Return the day that an instant is to frictionless, which looks at its hours, minutes and seconds alone."""
    return value if value.hour or value.minute or value.second else value.date()


def _text(value: Any) -> str | None:
    """Return a value as a file would have it; nothing for the empty text, which is missing."""
    if type(value) is str:
        return value or None
    if value is None:
        return None
    if type(value) is bool:
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _instant(value).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _instant(value: datetime) -> datetime:
    """Return an instant as a file can have it: in UTC, where its zone is off by seconds."""
    offset = value.utcoffset()
    return value.astimezone(UTC) if offset and offset.seconds % 60 else value
