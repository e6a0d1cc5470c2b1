"""The profile of a version: what the next one is measured against, and what a reader sees at a glance."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from schemas.package import Profile, TableProfile
from schemas.report import Record
from schemas.tables import TABLES

ROOM = 0.8
"""How far a new version may fall below the least that was seen."""
UNDATED = "undated"
"""The month of a release whose source states no day of publication."""


def measure(rows: Mapping[str, list[Record]], source_of: Mapping[str, str]) -> Profile:
    """Return rows and filled shares of each table, and releases by source and month.

    `source_of` names the source of each file.
    """
    return Profile(
        tables={table: _table(table, rows[table]) for table in TABLES}, sources=months(rows["releases"], source_of)
    )


def months(releases: Iterable[Record], source_of: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Return releases by source and month of publication; `source_of` names the source of each file."""
    found: dict[str, Counter[str]] = {}
    for record in releases:
        month = record.values["published_on"][:7] if record.values["published_on"] else UNDATED
        found.setdefault(source_of.get(record.source.file, "?"), Counter())[month] += 1
    return {name: dict(sorted(counts.items())) for name, counts in sorted(found.items())}


def read(folder: Path) -> Profile | None:
    """Return the profile of the version in `folder`, None where it has none."""
    path = folder / "profile.json"
    return Profile.model_validate_json(path.read_bytes()) if path.is_file() else None


def propose(profiles: list[Profile]) -> dict[str, list[dict[str, Any]]]:
    """Return, by table, expectations that every one of `profiles` meets with room: rows, and shares that are filled."""
    if not profiles:
        return {}
    return {table: _proposals(table, [found.tables[table] for found in profiles]) for table in TABLES}


def _proposals(table: str, seen: list[TableProfile]) -> list[dict[str, Any]]:
    rows = min(found.rows for found in seen)
    proposals = [
        _proposal(
            "expect_table_row_count_to_be_between",
            {"min_value": math.floor(rows * ROOM), "max_value": math.ceil(max(found.rows for found in seen) / ROOM)},
            "rows-as-before",
            f"The last {len(seen)} versions had {rows} rows or more.",
        )
    ]
    for field in TABLES[table].model_fields:
        shares = [found.filled[field] for found in seen if field in found.filled]
        if shares and 0 < min(shares) < 1:
            mostly = math.floor(min(shares) * ROOM * 100) / 100
            reason = f"In the last {len(seen)} versions {min(shares):.0%} or more were filled."
            kwargs = {"column": field, "mostly": mostly}
            proposals.append(_proposal("expect_column_values_to_not_be_null", kwargs, f"{field}-filled", reason))
    return proposals


def _proposal(kind: str, kwargs: dict[str, Any], name: str, reason: str) -> dict[str, Any]:
    return {"type": kind, "kwargs": kwargs, "severity": "warning", "meta": {"id": name, "reason": reason}}


def _table(table: str, records: list[Record]) -> TableProfile:
    filled = {name: _share(record.values.get(name) for record in records) for name in TABLES[table].model_fields}
    return TableProfile(rows=len(records), filled=filled if records else {})


def _share(values: Iterable[object]) -> float:
    values = list(values)
    return round(sum(value is not None for value in values) / len(values), 4) if values else 0.0
