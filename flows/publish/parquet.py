"""A table as Parquet: typed columns, compressed; the same rows give the same bytes."""

import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flows.publish.typed import typed
from schemas.tableschema import types

ARROW = {
    "boolean": pa.bool_(),
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.decimal128(27, 9),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", tz="UTC"),
}


BATCH = 2048
"""Rows that are made columns at once, for a body is long; Parquet has the same bytes for every multiple of 1024."""


def table(name: str, rows: Sequence[dict[str, Any]]) -> bytes:
    """Return the bytes of the table `name` with `rows`."""
    schema = pa.schema([pa.field(column, ARROW[kind]) for column, kind in types(name).items()])
    batches = [_batch(schema, types(name), rows[at : at + BATCH]) for at in range(0, len(rows), BATCH)]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_batches(batches, schema), sink, compression="zstd")
    del batches
    pa.default_memory_pool().release_unused()  # Arrow would keep it for a next table, and SQLite comes next
    return sink.getvalue()


def _batch(schema: Any, kinds: dict[str, str], rows: Sequence[dict[str, Any]]) -> Any:
    columns = [pa.array([typed(row.get(column), kind) for row in rows], ARROW[kind]) for column, kind in kinds.items()]
    return pa.record_batch(columns, schema=schema)
