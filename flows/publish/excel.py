"""An Excel workbook of the tables, for reading; what does not fit in one is left out and named on its last sheet.

Bodies are left out, no cell is a formula, and every return code is checked: Excel cuts a cell at 32,767 characters and
a sheet at 1,048,576 rows, and says nothing.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import python_calamine
import xlsxwriter

from flows.publish.typed import typed
from schemas.tables import TABLES
from schemas.tableschema import types

BODIES = ("body",)
"""Fields that are left out of every sheet."""
LEFT_OUT = "left out"
"""The sheet that names what is not there: table, key, field, and the file that has it."""
LONGEST_SHEET = 1_048_575
FIRST_DAY = date(1900, 3, 1)
"""Before it, Excel's calendar is wrong."""
EXACT_DIGITS = 15
CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed stamp: the same rows give the same bytes
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

Missing = tuple[str, str, str]
"""A table, a key and a field, or stars for all."""


def workbook(rows: Mapping[str, Sequence[dict[str, Any]]]) -> bytes:
    """Return a workbook with a sheet a table and a last sheet that names what is left out."""
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, OPTIONS)
    book.set_properties({"created": CREATED})
    formats = {"head": book.add_format({"bold": True}), "date": book.add_format({"num_format": "yyyy-mm-dd"})}
    missing = [gone for table, values in rows.items() for gone in _sheet(book, table, values, formats)]
    last = book.add_worksheet(LEFT_OUT)
    for line, cells in enumerate(
        [("table", "key", "field", "look in"), *((*gone, f"{gone[0]}.csv") for gone in missing)]
    ):
        last.write_row(line, 0, cells)
    book.close()
    return sink.getvalue()


def read(data: bytes) -> tuple[dict[str, list[tuple[Any, ...]]], set[Missing]]:
    """Return the rows of each sheet as they can be read back, and what the last sheet says is left out."""
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets = {name: book.get_sheet_by_name(name).to_python()[1:] for name in book.sheet_names}
    missing = {(str(row[0]), str(row[1]), str(row[2])) for row in sheets.pop(LEFT_OUT)}
    return {name: [tuple(row) for row in found] for name, found in sheets.items()}, missing


def columns(table: str) -> dict[str, str]:
    """Return the fields of a sheet with their types."""
    return {name: kind for name, kind in types(table).items() if name not in BODIES}


def _sheet(book: Any, table: str, rows: Sequence[dict[str, Any]], formats: dict[str, Any]) -> Iterator[Missing]:
    sheet = book.add_worksheet(table)
    kinds = columns(table)
    sheet.write_row(0, 0, list(kinds), formats["head"])
    sheet.freeze_panes(1, 0)
    yield from ((table, "*", name) for name in BODIES if name in types(table))
    for line, row in enumerate(rows[:LONGEST_SHEET], 1):
        for at, (name, kind) in enumerate(kinds.items()):
            if row.get(name) is not None and _write(sheet, line, at, typed(row[name], kind), formats["date"]) != 0:
                yield table, " ".join(str(row[field]) for field in TABLES[table].key), name
    if len(rows) > LONGEST_SHEET:
        yield table, "*", "*"


def _write(sheet: Any, line: int, at: int, value: Any, day: Any) -> int:
    """Write a value and return the code that XlsxWriter gives: 0 when it was written."""
    if isinstance(value, bool):
        return int(sheet.write_boolean(line, at, value))
    if isinstance(value, int | Decimal) and len(str(value)) <= EXACT_DIGITS:
        return int(sheet.write_number(line, at, value))
    if isinstance(value, date) and not isinstance(value, datetime) and value >= FIRST_DAY:
        return int(sheet.write_datetime(line, at, value, day))
    text = value.isoformat().replace("+00:00", "Z") if isinstance(value, date) else str(value)
    return int(sheet.write_string(line, at, text)) if _fits(text) else NOT_WRITTEN


NOT_WRITTEN = -2
LONGEST_CELL = 32_767
"""UTF-16 units; XlsxWriter writes what is longer cut off, and only then says so."""
FOREIGN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\r]|_x[0-9A-Fa-f]{4}_")
"""What XML cannot hold, or a workbook reads as an escape of its own."""


def _fits(text: str) -> bool:
    """Return whether a cell can hold `text` as it is."""
    return len(text.encode("utf-16-le")) // 2 <= LONGEST_CELL and not FOREIGN.search(text)
