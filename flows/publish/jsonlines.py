"""`releases.jsonl`: a release a line with all that it states, for programs that would rather not join tables."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas.tables import ENTITY_TABLES, FACT_TABLES

Rows = Mapping[str, Sequence[dict[str, Any]]]
OF_RELEASE = ("revisions", "mentions", "facts", *FACT_TABLES.values())
"""Tables whose rows name their release."""
OF_FACT = ("participants", "spans")
"""Tables whose rows name their fact."""
ENTITIES = ("entities", *ENTITY_TABLES.values())
"""Tables that releases share: a line has the rows of those whom its release names."""

BESIDE = ("coverage",)
"""Tables that are about no release, so that no line has their rows."""


def lines(rows: Rows) -> bytes:
    """Return a line a release: its row, and by table the rows that are a part of it."""
    grouped = {table: _grouped(rows[table], _release_of) for table in (*OF_RELEASE, *OF_FACT)}
    by_id = {table: {next(iter(row.values())): row for row in rows[table]} for table in ENTITIES}
    return b"".join(_line(release, grouped, by_id) for release in rows["releases"])


def rows_of(data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows that the lines hold, each with its table; rows that releases share come as often as these do."""
    for line in data.splitlines():
        release = json.loads(line)
        for table in (*OF_RELEASE, *OF_FACT, *ENTITIES):
            yield from ((table, row) for row in release.pop(table))
        yield "releases", release


def _line(release: dict[str, Any], grouped: dict[str, dict[str, list[Any]]], by_id: dict[str, dict[str, Any]]) -> bytes:
    parts = {table: found.get(release["release_id"], []) for table, found in grouped.items()}
    named = _named(release, parts)
    entities = {table: [found[name] for name in sorted(named & found.keys())] for table, found in by_id.items()}
    return (json.dumps(release | parts | entities, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _named(release: dict[str, Any], parts: dict[str, list[dict[str, Any]]]) -> set[str]:
    """Return the ids of the entities that a release names: its issuer, its mentions, those in its facts."""
    fields = ("entity_id", "person_id", "organization_id", "place_id")
    found = {row[field] for rows in parts.values() for row in rows for field in fields if row.get(field)}
    return found | {release["issuer_id"]}


def _release_of(row: dict[str, Any]) -> str:
    return str(row.get("release_id") or row["fact_id"].partition("/")[0])


def _grouped(rows: Sequence[dict[str, Any]], key: Any) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found
