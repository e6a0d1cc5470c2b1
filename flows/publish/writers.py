"""Rows into the bytes of each format; the same rows give the same bytes in every process of one installation."""

import errno
import io
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import chain
from tempfile import NamedTemporaryFile, gettempdir
from typing import IO, Any

from flows.publish import jsonlines
from flows.publish.typed import written
from schemas.tables import TABLES
from schemas.tableschema import header, types

Rows = dict[str, list[dict[str, Any]]]
"""The values of every table, sorted by key."""
Files = Iterable[tuple[str, bytes]]
"""Names of files and their bytes, made one after another, so that no two need be in memory."""

LONGEST_CELL = 1 << 27
"""Characters of the longest cell that is read back."""
SQLITE = {
    "boolean": "INTEGER",
    "string": "TEXT",
    "integer": "INTEGER",
    "number": "NUMERIC",
    "date": "TEXT",
    "datetime": "TEXT",
}


def by_key(table: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return `rows` in the order of the table's key: text by code point, numbers by size."""
    key = TABLES[table].key
    return sorted(rows, key=lambda row: tuple(row[field] for field in key))


def write_csv(_: str, rows: Rows) -> Files:
    """Yield a CSV file a table: UTF-8, no BOM, LF, minimal quoting, null as the empty cell."""
    return ((f"{table}.csv", _csv(header(table), values)) for table, values in rows.items())


def write_parquet(_: str, rows: Rows) -> Files:
    """Yield a Parquet file a table, typed, compressed with zstd."""
    from flows.publish import parquet  # noqa: PLC0415 - only a run that writes pays for Arrow

    return ((f"{table}.parquet", parquet.table(table, values)) for table, values in rows.items())


def write_sqlite(dataset: str, rows: Rows) -> Files:
    """Yield one SQLite database: every table with its keys, and `releases_text`, a full-text index over the bodies.

    It is made in the folder for temporary files, which TMPDIR names; OSError where that has no room.
    """
    database = sqlite3.connect("")  # a file of its own that is gone with it, for the rows are many
    try:
        database.execute("PRAGMA page_size = 4096")
        for table, values in rows.items():
            database.execute(_create(table))
            _insert(database, table, values)
        database.execute(FULL_TEXT)
        database.execute("INSERT INTO releases_text(releases_text) VALUES ('rebuild')")
        database.commit()
        return _read(f"{dataset}.sqlite", _packed(database))
    except sqlite3.OperationalError as fault:
        raise OSError(errno.EIO, f"{dataset}.sqlite cannot be made in {gettempdir()}: {fault}") from fault
    finally:
        database.close()


BOUND = 999
"""Values of a statement at most, in every SQLite."""


def _insert(database: sqlite3.Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, many by a statement: Python is asked for once by each, and others wait for it meanwhile."""
    names = header(table)
    places = f"({', '.join('?' * len(names))})"
    many = BOUND // len(names)
    for at in range(0, len(rows), many):
        cells = [[_affine(row.get(name)) for name in names] for row in rows[at : at + many]]
        told = ", ".join([places] * len(cells))
        database.execute(f'INSERT INTO "{table}" VALUES {told}', [*chain(*cells)])  # noqa: S608 - our own table names


COUNTED = ((24, 4), (92, 8))
"""Bytes of the header of a database that count its changes and name the library: nothing of the rows."""


def _packed(database: sqlite3.Connection) -> IO[bytes]:
    """Return a database without its gaps as a file that is gone when it is closed."""
    file = NamedTemporaryFile()  # noqa: SIM115 - closed by who reads it
    database.execute("VACUUM INTO ?", (file.name,))
    for start, length in COUNTED:
        file.seek(start)
        file.write(bytes(length))
    return file


def _read(name: str, file: IO[bytes]) -> Files:
    """Yield a file with its bytes, which are in memory no sooner."""
    with file:
        file.seek(0)
        yield name, file.read()


def write_excel(dataset: str, rows: Rows) -> Files:
    """Return one workbook, a sheet a table."""
    from flows.publish import excel  # noqa: PLC0415 - as above

    return [(f"{dataset}.xlsx", excel.workbook(rows))]


def write_jsonl(_: str, rows: Rows) -> Files:
    """Return one file of JSON Lines, a release a line with all that it states."""
    return [("releases.jsonl", jsonlines.lines(rows))]


WRITERS: dict[str, Callable[[str, Rows], Files]] = {
    "csv": write_csv,
    "parquet": write_parquet,
    "sqlite": write_sqlite,
    "excel": write_excel,
    "jsonl": write_jsonl,
}

FULL_TEXT = "CREATE VIRTUAL TABLE releases_text USING fts5(headline, body, content='releases', tokenize='unicode61')"


def _csv(names: list[str], rows: Sequence[dict[str, Any]]) -> bytes:
    """Return rows as CSV; as Python's csv writes it, which takes a text letter by letter and bodies are long."""
    data = io.BytesIO()
    with io.TextIOWrapper(data, encoding="utf-8", newline="") as text:
        text.write(_line(names))
        text.writelines(_line([written(row.get(name)) for name in names]) for row in rows)
        text.flush()
        return data.getvalue()


QUOTED = re.compile('[",\n]')


def _line(cells: list[str]) -> str:
    """Return a row as a line; one with a lone CR is quoted whole, for readers take that for the end of a line."""
    whole = any("\r" in cell for cell in cells)
    told = (f'"{cell.replace(chr(34), chr(34) * 2)}"' if whole or QUOTED.search(cell) else cell for cell in cells)
    return ",".join(told) + "\n"


def _affine(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _create(table: str) -> str:
    model = TABLES[table]
    columns = [f'"{name}" {SQLITE[kind]}' for name, kind in types(table).items()]
    keys = ", ".join(f'"{name}"' for name in model.key)
    references = [
        f'FOREIGN KEY ("{field}") REFERENCES "{target}" ("{key}")' for field, (target, key) in model.references.items()
    ]
    return f'CREATE TABLE "{table}" ({", ".join([*columns, f"PRIMARY KEY ({keys})", *references])})'
