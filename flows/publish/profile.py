"""The profile of a version: what the next one is measured against, and what a reader sees at a glance."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from schemas.package import Profile, TableProfile
from schemas.report import Record
from schemas.tables import TABLES

UNDATED = "undated"
"""The month of a release whose source states no day of publication."""


def measure(rows: Mapping[str, list[Record]], source_of: Mapping[str, str]) -> Profile:
    """Return rows and filled shares of each table, and releases by source and month.

    `source_of` names the source of each file.
    """
    tables = {table: _table(table, rows[table]) for table in TABLES}
    months: dict[str, Counter[str]] = {}
    for record in rows["releases"]:
        month = str(record.values["published_on"] or UNDATED)[:7]
        months.setdefault(source_of.get(record.source.file, "?"), Counter())[month] += 1
    return Profile(tables=tables, sources={name: dict(sorted(found.items())) for name, found in sorted(months.items())})


def read(folder: Path) -> Profile | None:
    """Return the profile of the version in `folder`, None where it has none."""
    path = folder / "profile.json"
    return Profile.model_validate_json(path.read_bytes()) if path.is_file() else None


def _table(table: str, records: list[Record]) -> TableProfile:
    filled = {name: _share(record.values.get(name) for record in records) for name in TABLES[table].model_fields}
    return TableProfile(rows=len(records), filled=filled if records else {})


def _share(values: Iterable[object]) -> float:
    values = list(values)
    return round(sum(value is not None for value in values) / len(values), 4) if values else 0.0
