"""Audit: the files in staging, read back from the disk, are what was made, valid, and alike in every format."""

import csv
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from flows import store
from flows.publish import excel, jsonlines
from flows.publish.package import Staged
from flows.publish.typed import typed, written
from flows.publish.writers import LONGEST_CELL
from schemas.package import DESCRIPTOR, SUMS
from schemas.tables import TABLES
from schemas.tableschema import header, types
from schemas.values import plain, zulu


class AuditError(Exception):
    """The files in staging are not what was meant to be published."""


Told = Callable[[str, list[str]], None]
"""Takes a table and the cells of a row of its CSV."""


def audit(staged: Staged, judge_files: Callable[[Path, Told], list[str]]) -> None:
    """Raise AuditError unless the written files are the bytes that were made, valid, and tell the same in all formats.

    `judge_files` is the reference's judgment of a descriptor on disk, a line for each error; it tells each row of a
    CSV as it reads it.
    """
    wrong = _changed(staged) or [*_judged(staged.folder, judge_files), *_disagreeing(staged.folder)]
    if wrong:
        raise AuditError("the files in staging are not what was meant to be published:\n" + "\n".join(wrong[:20]))


def _changed(staged: Staged) -> list[str]:
    """Return the files in staging that are not the bytes that were made, or are too many or too few."""
    folder = staged.folder
    if store.sha256_file(folder / SUMS) != staged.sums:
        return [f"{SUMS}: its bytes changed after they were made"]
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    there = {path.name for path in folder.iterdir()} - {SUMS}
    wrong = [f"{name}: is not there" for name in sorted(set(sums) - there)]
    wrong += [f"{name}: was not made for this version" for name in sorted(there - set(sums))]
    changed = (name for name in sorted(there & set(sums)) if store.sha256_file(folder / name) != sums[name])
    return wrong + [f"{name}: its bytes changed after they were made" for name in changed]


def _judged(folder: Path, judge_files: Callable[[Path, Told], list[str]]) -> list[str]:
    """Return what the reference says of the CSV files, and the files that do not hold what it reads in them.

    Formats that can be read row by row are read beside it, so that no table is in memory whole.
    """
    beside = {table: _streams(folder, table) for table in TABLES}
    differing: dict[str, None] = {}

    def told(table: str, cells: list[str] | None) -> None:
        row = None if cells is None else _typed(table, cells)
        for name, rows in beside[table].items():
            if next(rows, None) != row:
                differing[f"{name}: does not hold what {table}.csv holds"] = None

    wrong = judge_files(folder / DESCRIPTOR, told)
    for table in TABLES:
        told(table, None)  # where they too come to an end
    return [*wrong, *differing]


def _streams(folder: Path, table: str) -> dict[str, "Values"]:
    """Return the rows of a table in each format that is read row by row, by the name of the file."""
    paths = [*folder.glob(f"{table}.parquet"), *folder.glob("*.sqlite")]
    return {path.name: STREAMED[path.suffix](path, table) for path in paths}


def _disagreeing(folder: Path) -> list[str]:
    """Return the files of formats that are read whole which do not hold what the CSV holds, value by value."""
    csv.field_size_limit(LONGEST_CELL)
    truth = partial(_typed_csv, folder)
    return [
        f"{path.name}: does not hold what {table}.csv holds"
        for suffix, differing in OTHERS.items()
        for path in sorted(folder.glob(f"*{suffix}"))
        for table in differing(path, truth)
    ]


Values = Iterator[tuple[Any, ...]]
Truth = Callable[[str], Values]
"""Gives the typed rows of a table."""


def _in_excel(path: Path, truth: Truth) -> list[str]:
    """Return the tables whose sheet differs, but for what the workbook itself says is left out."""
    sheets, missing = excel.read(path.read_bytes())
    return [
        table for table in TABLES if _cells(table, list(truth(table)), missing) != _read_cells(table, sheets[table])
    ]


def _cells(table: str, rows: list[tuple[Any, ...]], missing: set[excel.Missing]) -> list[list[str]]:
    kept = [at for at, name in enumerate(types(table)) if name in excel.columns(table)]
    keys = [list(types(table)).index(name) for name in TABLES[table].key]
    names = list(types(table))
    shown = rows[: excel.LONGEST_SHEET] if (table, "*", "*") in missing else rows
    return [
        [
            "" if (table, " ".join(str(row[key]) for key in keys), names[at]) in missing else _text(row[at])
            for at in kept
        ]
        for row in shown
    ]


def _read_cells(table: str, rows: list[tuple[Any, ...]]) -> list[list[str]]:
    kinds = excel.columns(table).values()
    return [
        ["" if cell == "" else _text(_as_kind(cell, kind)) for cell, kind in zip(row, kinds, strict=True)]
        for row in rows
    ]


def _as_kind(cell: Any, kind: str) -> Any:
    return Decimal(str(cell)) if kind in ("integer", "number") else cell


def _text(value: Any) -> str:
    """Return a value in one form, whichever format it was read from."""
    if isinstance(value, bool) or value is None:
        return written(value)
    if isinstance(value, datetime):
        return zulu(value)
    return plain(Decimal(value)) if isinstance(value, int | Decimal) else str(value)


def _in_jsonl(path: Path, truth: Truth) -> list[str]:
    """Return the tables that the lines do not hold; an entity stands in each line that names it, if any does."""
    found: dict[str, Counter[tuple[Any, ...]]] = {table: Counter() for table in TABLES}
    for table, row in jsonlines.rows_of(path.read_bytes()):
        found[table][tuple(typed(row.get(name), kind) for name, kind in types(table).items())] += 1
    shared = set(jsonlines.ENTITIES)
    alone = [table for table in TABLES if table not in (*shared, *jsonlines.BESIDE)]
    differs = {table: bool(found[table].keys() - set(truth(table))) for table in shared}
    differs |= {table: found[table] != Counter(truth(table)) for table in alone}
    return [table for table in TABLES if differs.get(table)]


OTHERS: dict[str, Callable[[Path, Truth], list[str]]] = {
    ".xlsx": _in_excel,
    ".jsonl": _in_jsonl,
}
"""How each format that is read as a whole is read back, and which tables differ in it."""


def _typed_csv(folder: Path, table: str) -> Values:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for row in rows:
            yield _typed(table, row)


_kinds = cache(lambda table: list(types(table).values()))


def _typed(table: str, cells: list[str]) -> tuple[Any, ...]:
    return tuple(typed(cell or None, kind) for cell, kind in zip(cells, _kinds(table), strict=True))


def _typed_parquet(path: Path, _: str) -> Values:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


BATCH = 512
"""Rows of a Parquet file that are in memory at once."""


def _typed_sqlite(path: Path, table: str) -> Values:
    kinds = list(types(table).values())
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        order = ", ".join(f'"{name}"' for name in TABLES[table].key)
        names = ", ".join(f'"{name}"' for name in header(table))
        for row in database.execute(f'SELECT {names} FROM "{table}" ORDER BY {order}'):  # noqa: S608 - our own names
            yield tuple(
                typed(None if cell is None else str(cell) if kind == "number" else cell, kind)
                for cell, kind in zip(row, kinds, strict=True)
            )
    finally:
        database.close()


STREAMED: dict[str, Callable[[Path, str], Values]] = {".parquet": _typed_parquet, ".sqlite": _typed_sqlite}
"""How each format that is read row by row is read back."""
