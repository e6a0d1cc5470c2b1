"""Records that were read together."""

from typing import Any, NamedTuple


class Block(NamedTuple):
    """Some records: those as wide as the table in columns, the others one by one."""

    records: int
    """How many records there are."""
    columns: list[Any]
    """The cells of those as wide as the table, a `pa.StringArray` a column."""
    ragged: list[tuple[int, list[Any]]]
    """Records that have to be read cell by cell, each with its position."""
    rows: list[list[Any]] | None = None
    """All records as they came, where they came as values."""
