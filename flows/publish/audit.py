"""Audit: the files in staging, read back from the disk, are what was made, valid, and alike in every format."""

import csv
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from flows import store
from flows.publish import writers
from flows.publish.package import SUMS, Staged
from flows.publish.writers import LONGEST_CELL
from schemas.tables import TABLES
from schemas.tableschema import header, types


class AuditError(Exception):
    """The files in staging are not what was meant to be published."""


def audit(staged: Staged, judge_files: Callable[[Path], list[str]]) -> None:
    """Raise AuditError unless the written files are the bytes that were made, valid, and tell the same in all formats.

    `judge_files` is the reference's judgment of a descriptor on disk: a line for each error.
    """
    wrong = [*_changed(staged), *judge_files(staged.folder / "datapackage.json"), *_disagreeing(staged.folder)]
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


def _disagreeing(folder: Path) -> list[str]:
    """Return the tables whose Parquet or SQLite does not hold what the CSV holds, value by value."""
    csv.field_size_limit(LONGEST_CELL)
    database = next(folder.glob("*.sqlite"), None)
    wrong = []
    for table in TABLES:
        truth = list(_typed_csv(table, folder / f"{table}.csv"))
        parquet = folder / f"{table}.parquet"
        if parquet.exists() and [tuple(row.values()) for row in pq.read_table(parquet).to_pylist()] != truth:
            wrong.append(f"{parquet.name}: does not hold what {table}.csv holds")
        if database and list(_typed_sqlite(table, database)) != truth:
            wrong.append(f"{database.name}: its table {table} does not hold what {table}.csv holds")
    return wrong


def _typed_csv(table: str, path: Path) -> Iterator[tuple[Any, ...]]:
    kinds = list(types(table).values())
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for row in rows:
            yield tuple(writers.typed(cell or None, kind) for cell, kind in zip(row, kinds, strict=True))


def _typed_sqlite(table: str, path: Path) -> Iterator[tuple[Any, ...]]:
    kinds = list(types(table).values())
    database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        order = ", ".join(f'"{name}"' for name in TABLES[table].key)
        names = ", ".join(f'"{name}"' for name in header(table))
        for row in database.execute(f'SELECT {names} FROM "{table}" ORDER BY {order}'):  # noqa: S608 - our own names
            yield tuple(
                writers.typed(None if cell is None else str(cell) if kind == "number" else cell, kind)
                for cell, kind in zip(row, kinds, strict=True)
            )
    finally:
        database.close()
