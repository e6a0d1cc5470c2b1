"""Flat release columns: CSV, Excel and Parquet, a release a row.

The columns are the fields of a Release by their names, with `source_name`, `source_url` and `source_licence` for the
three of its source, and `issuer_name`, which makes the issuer an organization of the release. An empty cell is null; a
row that ends before the header does has empty cells there. A Parquet column may hold a list of a Release as it is.
"""

import csv
import functools
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import python_calamine

from flows import guard

DELIMITERS = (",", ";", "\t", "|")
SOURCE = "source_"
ISSUER = "issuer_name"
EMPTY = ("", None)
LONGEST_CELL = 1 << 27
Row = tuple[int, dict[str, Any]]
"""A row's line in its file, from 1, and its document."""


def read_csv(data: bytes) -> Iterator[Row | guard.BadInput]:
    """Yield the documents of a CSV file, or what is wrong with a row; the delimiter is that of its header."""
    reader = _csv(guard.decode(data))
    try:
        names = _header(next((cells for cells in reader if any(cells)), []), reader.line_num)
        line = reader.line_num + 1
        for cells in reader:
            if any(cells):
                yield _row(names, cells, line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise guard.BadInput("input.table", f"the CSV is broken: {error}", line=reader.line_num) from None


def columns(data: bytes) -> list[str]:
    """Return the names of the columns of a CSV file in whatever encoding, none of one that cannot be read."""
    text = data.decode("utf-8-sig", errors="replace").replace("\0", "")
    try:
        return next((cells for cells in _csv(text) if any(cells)), [])
    except csv.Error:
        return []


def _csv(text: str) -> Any:
    csv.field_size_limit(LONGEST_CELL)
    return csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)


MOST_CELLS = 50_000_000
"""Cells of a sheet, counted from its first to its farthest."""
BROKEN_EXCEL = (zipfile.BadZipFile, python_calamine.CalamineError, NotImplementedError, OSError, ValueError)
BROKEN_PARQUET = (pa.ArrowException, OSError, ValueError, OverflowError)


def read_excel(data: bytes) -> Iterator[Row | guard.BadInput]:
    """Yield the documents of the first sheet of an Excel workbook; a sheet beside it is told as left out."""
    try:
        _measure(zipfile.ZipFile(io.BytesIO(data)))
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except BROKEN_EXCEL as error:
        raise guard.BadInput("input.table", f"this is no workbook that can be read: {error}") from None
    lines = ((line, cells) for line, cells in enumerate(rows, 1) if any(cell not in EMPTY for cell in cells))
    top, header = next(lines, (1, []))
    names = _header([str(cell) for cell in header], top)
    for line, cells in lines:
        yield _row(names, cells, line)
    for name in book.sheet_names[1:]:
        yield guard.BadInput("input.kind", f"the sheet {name!r} is not read: releases stand in the first", value=name)


def _measure(book: zipfile.ZipFile) -> None:
    """Raise BadInput when a workbook unpacks to more than is read, or has a sheet that is too wide and too long."""
    guard.within(sum(entry.file_size for entry in book.infolist()))
    for name in book.namelist():
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            places = CELL.findall(book.read(name))
            across = max((_number(letters) for letters, _ in places), default=0)
            down = max((int(digits) for _, digits in places), default=0)
            if across * down > MOST_CELLS:
                raise guard.BadInput(
                    "input.size", f"a sheet reaches to column {across} and row {down}: too far to read"
                )


CELL = re.compile(rb'<(?:\w+:)?c [^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')


def _number(letters: bytes) -> int:
    """Return the number of a column, from 1, that `letters` name."""
    return functools.reduce(lambda number, letter: number * 26 + letter - ord("A") + 1, letters, 0)


def read_parquet(data: bytes) -> Iterator[Row | guard.BadInput]:
    """Yield the documents of a Parquet file, batch by batch, each weighed as it is unpacked."""
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        names = _header(list(file.schema_arrow.names))
        line = weight = 0
        for batch in file.iter_batches(batch_size=256):
            weight += batch.nbytes
            guard.within(weight)
            for row in batch.to_pylist():
                line += 1
                yield _row(names, list(row.values()), line)
    except BROKEN_PARQUET as error:
        raise guard.BadInput("input.table", f"this is no Parquet file that can be read: {error}") from None


def _delimiter(text: str) -> str:
    """Return the delimiter that makes `id` a column of the header; the comma where none does."""
    head = text.lstrip("\r\n" + "".join(DELIMITERS)).partition("\n")[0]
    return next((mark for mark in DELIMITERS if "id" in (name.strip(' "\r') for name in head.split(mark))), ",")


def _header(names: list[str], line: int = 1) -> list[str]:
    names = names[: next((at for at, name in enumerate(names) if not any(names[at:])), len(names))]
    twice = sorted({name for name in names if names.count(name) > 1})
    if "source" in names and any(name.startswith(SOURCE) for name in names):
        told = "a source is given twice: as `source` and as `source_…`"
        raise guard.BadInput("input.table", told, line=line, value="source")
    if not names:
        raise guard.BadInput("input.empty", "the file holds no release")
    if twice or "" in names:
        raise guard.BadInput("input.table", f"a column has no name, or two have one: {twice}", line=line)
    return names


def _row(names: list[str], cells: list[Any], line: int) -> Row | guard.BadInput:
    """Return a row as its document; the empty cells beyond the header that a spreadsheet writes are passed over."""
    for number, cell in enumerate(cells[len(names) :], len(names) + 1):
        if cell not in EMPTY:
            message = f"cell {number} of the row lies beyond the header, which has {len(names)} columns"
            return guard.BadInput("input.table", message, line=line, value=str(cell))
    return line, _document(names, cells)


def _document(names: list[str], cells: Iterable[Any]) -> dict[str, Any]:
    """Return a row as a release document: empty cells left out, the three columns of the source in one object."""
    values = {name: _plain(cell) for name, cell in zip(names, cells, strict=False) if cell not in EMPTY}
    source = {name.removeprefix(SOURCE): value for name, value in values.items() if name.startswith(SOURCE)}
    document = {name: value for name, value in values.items() if not name.startswith(SOURCE)}
    return _with_issuer(document | ({"source": source} if source else {}))


def _with_issuer(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with its issuer among its organizations, where a column names it."""
    others = document.get("organizations", [])
    if ISSUER not in document or not isinstance(others, list):
        return document
    issuer = {"id": document.get("issuer"), "name": document.pop(ISSUER)}
    return document | {"organizations": [*others, issuer]}


def _plain(cell: Any) -> Any:
    """Return a cell as JSON has it: days and instants as text."""
    if isinstance(cell, datetime):
        midnight = cell.tzinfo is None and cell.time() == time()
        return cell.date().isoformat() if midnight else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, dict):
        return {name: _plain(value) for name, value in cell.items() if value is not None}
    return [_plain(value) for value in cell] if isinstance(cell, list) else cell


READERS: dict[str, Callable[[bytes], Iterator[Row | guard.BadInput]]] = {
    "csv": read_csv,
    "excel": read_excel,
    "parquet": read_parquet,
}
