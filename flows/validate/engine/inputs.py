"""Tables that are not CSV, row by row: Parquet, JSON Lines, Excel. Of the first two, the first row has the names."""

import json
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from io import BytesIO
from pathlib import Path
from typing import Any, cast

Rows = Iterator[list[Any]]
BATCH = 4096


class NotRead(ValueError):  # noqa: N818 - it is the file's fault
    """A file is not what its name says."""


def parquet(path: Path, _: list[str]) -> Rows:
    """Yield the rows of a Parquet file, as Python's values."""
    import pyarrow as pa  # noqa: PLC0415 - only a Parquet file pays for it
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with pq.ParquetFile(path) as file:
            names = list(file.schema_arrow.names)
            yield list(names)
            for batch in file.iter_batches(BATCH):
                yield from map(list, zip(*map(_values, names, batch.columns), strict=True))
    except NotRead:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise NotRead(f"it is no Parquet file: {error}") from None


def _values(name: str, column: Any) -> list[Any]:
    """Return the values of a column; NotRead for one that Python cannot have, as a day after the year 9999."""
    try:
        return cast("list[Any]", column.to_pylist())
    except (KeyError, ValueError, OverflowError, NotImplementedError) as error:
        raise NotRead(f'a value of its column "{name}", {column.type}, cannot be read: {error}') from None


def json_lines(path: Path, names: list[str]) -> Rows:
    """Yield the objects of a JSON Lines file as rows: the fields of the schema, then what else an object has."""
    if not any(_lines(path)):
        raise NotRead("the source is empty")
    names = names or _first_keys(path)
    yield list(names)
    known = set(names)
    for number, line in _lines(path):
        value = _object(number, line)
        yield [value.get(name) for name in names] + [value[name] for name in value if name not in known]


def _first_keys(path: Path) -> list[str]:
    for number, line in _lines(path):
        return list(_object(number, line))
    return []


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            yield from ((number, line) for number, line in enumerate(file, start=1) if line.strip())
    except OSError as error:
        raise NotRead(f"it cannot be read: {error.strerror}") from None


def _object(number: int, line: bytes) -> dict[str, Any]:
    try:
        value = _value(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except json.JSONDecodeError as error:
        raise NotRead(f"line {number} is no JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise NotRead(f"line {number} is no JSON that can be read: {error}") from None
    if not isinstance(value, dict):
        raise NotRead(f"line {number} is no JSON object")
    return value


def _value(text: str) -> Any:
    """Return what JSON says; UnicodeEncodeError where it escapes half a letter."""
    value = json.loads(text)
    if "\\u" in text:
        json.dumps(value, ensure_ascii=False).encode()
    return value


def sheet(path: Path, wanted: str | int, *, filled: bool) -> list[list[Any]]:
    """Return the cells of a sheet of a workbook, by its name or its number; `filled`, where cells are merged."""
    import python_calamine  # noqa: PLC0415 - only a workbook pays for it

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        number = _number(book.sheet_names, wanted)
        errors = list(_errors(path, number))
        found = book.get_sheet_by_index(number)
        cells, merged = found.to_python(skip_empty_area=False), found.merged_cell_ranges if filled else ()
    except NotRead:
        raise
    except (python_calamine.CalamineError, *BROKEN) as error:
        raise NotRead(f"it is no workbook: {error}") from None
    for place, column, text in errors:
        if place < len(cells) and column < len(cells[place]):
            cells[place][column] = text
    return _filled(cells, merged) if merged else cells


def _number(names: list[str], wanted: str | int) -> int:
    """Return the place of a sheet among others, from 0, by its name or its number."""
    known: Sequence[str | int] = names if isinstance(wanted, str) else range(1, len(names) + 1)
    if wanted not in known:
        raise NotRead(f"it has no sheet {wanted!r}: its sheets are {', '.join(names)}")
    return known.index(wanted)


BROKEN = (zipfile.BadZipFile, zlib.error, ValueError, SyntaxError, IndexError, EOFError, OSError, RuntimeError)
"""What a workbook that is none ends in while it is looked at."""


LARGEST = 1 << 24
"""Places that a sheet may have, most of them empty or filled because they are merged."""
Place = tuple[int, int]
"""A row and a column, both from 0."""


def _filled(cells: list[list[Any]], merged: Sequence[tuple[Place, Place]]) -> list[list[Any]]:
    """Return the cells of a sheet, each of those that are merged with the value of the first."""
    height = max(len(cells), *(row + 1 for _, (row, _) in merged))
    width = max([*map(len, cells), *(column + 1 for _, (_, column) in merged)])
    if height * width > LARGEST:
        raise NotRead(f"its merged cells reach over {height:,} rows and {width:,} columns, too many to be filled")
    found = [row + [""] * (width - len(row)) for row in cells] + [[""] * width for _ in range(height - len(cells))]
    for (top, left), (bottom, right) in merged:
        for row in found[top : bottom + 1]:
            row[left : right + 1] = [found[top][left]] * (right + 1 - left)
    return found


def excel(cells: list[list[Any]], *, days: bool) -> Rows:
    """Yield the rows of a sheet as values; without `days`, a day is an instant, as workbooks of Excel have no days."""
    read = _cell if days else _of_excel
    for row in cells:
        yield [read(cell) for cell in row]


def _errors(path: Path, number: int) -> Iterator[tuple[int, int, str]]:
    """Yield the cells of a sheet of an .xlsx file that are errors, as #DIV/0!, which calamine reads as empty.

    NotRead where its cells lie so far apart that those between, which calamine makes all, are nearly all of them.
    """
    down = across = 1
    cells = 0
    for block in _blocks(path, number):
        places = PLACE.findall(block)
        across = max((across, *(_column(letters) + 1 for letters in {letters for letters, _ in places})))
        down = max((down, *(int(row) for row in {row for _, row in places})))
        cells += len(places)
        if LARGEST < across * down > cells * SPARSE:
            raise NotRead(f"its cells reach to column {across:,} and row {down:,}, with next to nothing between")
        for letters, row, text in ERROR.findall(block) if b't="e"' in block else ():
            yield int(row) - 1, _column(letters), text.decode("utf-8", "replace")


SPARSE = 10
"""A large sheet may have so many places for each cell."""


def _blocks(path: Path, number: int) -> Iterator[bytes]:
    """Yield the cells of a sheet of an .xlsx file as they are written, many at once."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        sheet = _sheet_of(archive, number)
        with archive.open(sheet) if sheet else BytesIO() as file:
            rest = b""
            while block := file.read(1 << 20):
                whole, end, rest = (rest[-LONGEST_CELL:] + block).rpartition(CELL_END)
                yield whole + end


CELL_END, LONGEST_CELL = b"</c>", 1 << 20
"""What ends a cell of a sheet, and the bytes of one beyond which it is not looked at."""
ERROR = re.compile(
    rb'<c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]+)([0-9]+)"[^>]*>(?:(?!</c>).)*?<v>([^<]*)</v>', re.DOTALL
)  # fmt: skip
"""A cell that is an error: its column, its row, and the error."""
PLACE = re.compile(rb'\sr="([A-Z]{1,3})([0-9]{1,7})"')
"""A cell: its column and its row."""
OF_OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1


def _sheet_of(archive: zipfile.ZipFile, number: int) -> str | None:
    """Return the name of the part that a sheet of a workbook is in; None where it is no .xlsx."""
    from defusedxml import ElementTree  # noqa: PLC0415 - only a workbook pays for it

    names = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    if not set(names) <= set(archive.namelist()):
        return None
    book, relations = (ElementTree.fromstring(archive.read(name)) for name in names)
    wanted = book.findall("{*}sheets/{*}sheet")[number].get(OF_OFFICE)
    target = next((str(one.get("Target")) for one in relations if one.get("Id") == wanted), "")
    name = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    return name if name in archive.namelist() else None


def _cell(cell: Any) -> Any:
    """Return a cell as it was meant: whole numbers, which a workbook keeps as fractions, as such; None for no value."""
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return None if cell == "" else cell


def _of_excel(cell: Any) -> Any:
    """Return a cell as it was meant, a day as its midnight."""
    return datetime.combine(cell, time()) if type(cell) is date else _cell(cell)


READERS: dict[str, Callable[[Path, list[str]], Rows]] = {
    "parquet": parquet,
    "jsonl": json_lines,
    "ndjson": json_lines,
}
WORKBOOKS = ("xlsx", "xls", "ods")
FORMATS = {*READERS, *WORKBOOKS}
"""The formats that are not CSV: those of one table, and those of sheets."""
