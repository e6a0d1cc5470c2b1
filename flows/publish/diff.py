"""What one version changes against another: schemas, rows by key and field, and the cause of each.

Works on what a version holds and on a candidate alike. A row's cause is the first of these that fits: the text of its
release is new, withdrawn, restored or edited at the source; a steward's correction of the release came or went; another
field of the release was edited at the source; the schema changed; a rule changed and the row entered or left the
quarantine; an extractor made the fact; a steward structured it, and structured it anew; else, its source did.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from flows.publish import change
from flows.publish.typed import written
from flows.publish.writers import LONGEST_CELL
from schemas.package import DESCRIPTOR, QUARANTINE, Level
from schemas.tables import ENTITY_TABLES, FACT_TABLES, TABLES, Model

Key = tuple[str, ...]
Values = dict[str, str]
Cause = Literal[
    "source added",
    "source withdrawn",
    "source restored",
    "source edited",
    "schema",
    "rule",
    "extractor",
    "steward",
]
ACCOUNT = "coverage"
"""The table whose rows are about sources, and about no release that is there."""
ORDER = {table: number for number, table in enumerate(TABLES)}
FROM_SOURCE = (
    *("headline", "published_on", "published_at", "modified_at", "dateline", "language"),
    *("source_name", "source_url", "other_urls", "newer_refused"),
)
"""Fields of a release that only its source can change."""
NAMED = ("entities", *ENTITY_TABLES.values())
"""Tables of what releases name: a row there that nobody named before came with a source."""
OWN = ("source", "steward")
"""Origins of facts that no extractor made."""


class State(NamedTuple):
    """What is compared: the tables of a version or a candidate, as cells, and what judged them."""

    version: str | None
    schemas: change.Schemas
    rows: dict[str, dict[Key, Values]]
    quarantine: set[tuple[str, str]]
    """Tables and keys of refused rows."""
    rules: str
    """Digest of the rules."""
    corrections: dict[str, list[Any]]
    """By release: the corrections that a steward made to it."""


class Cell(Model):
    """A field's value before and after."""

    old: str | None
    new: str | None


class RowChange(Model):
    """A row that was added, removed or changed, and why."""

    table: str
    key: list[str]
    change: Literal["added", "removed", "changed"]
    cause: Cause
    quarantine: Literal["left", "entered"] | None = None
    fields: dict[str, Cell]


class SchemaChange(Model):
    """A table or field that was added, removed or redefined."""

    table: str
    field: str | None
    change: Literal["added", "removed", "redefined"]


class Diff(Model):
    """What a version changes against the newest that stands; where none does, all is new and no row is listed."""

    format: Literal["communique-diff/1"] = "communique-diff/1"
    before: str | None
    after: str | None
    note: str | None = None
    """Why there is no version before."""
    level: Level
    tables: dict[str, dict[str, int]]
    causes: dict[str, int]
    schema_changes: list[SchemaChange]
    rows: list[RowChange]


def from_folder(folder: Path, rules: str, known: Iterable[str] = ()) -> State:
    """Return the state of the version in `folder`; a body that is `known` is that very text, for they are large."""
    described = json.loads((folder / DESCRIPTOR).read_bytes())
    schemas = {resource["name"]: resource["schema"] for resource in described["resources"]}
    bodies = {body: body for body in known}
    rows = {table: _read(folder / f"{table}.csv", schema["primaryKey"], bodies) for table, schema in schemas.items()}
    refused = {(row["table"], row["key"]) for row in read_rows(folder / QUARANTINE)}
    decided = folder / "decisions.json"
    corrections = json.loads(decided.read_bytes())["corrections"] if decided.exists() else []
    return State(described["version"], schemas, rows, refused, rules, by_release(corrections))


def by_release(corrections: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return corrections by the release that they mend."""
    found: dict[str, list[Any]] = {}
    for one in corrections:
        found.setdefault(one["release"], []).append(dict(one))
    return found


def keyed(table: str, rows: Iterable[Mapping[str, Any]]) -> dict[Key, Values]:
    """Return rows as cells by key."""
    cells = ({name: written(row.get(name)) for name in TABLES[table].model_fields} for row in rows)
    return {tuple(row[name] for name in TABLES[table].key): row for row in cells}


def alone(after: State, level: Level, note: str) -> Diff:
    """Return the changes of a version that has none to be compared with, and why."""
    counts = {table: {"added": len(rows)} for table, rows in after.rows.items() if rows}
    return Diff(before=None, after=None, note=note, level=level, tables=counts, causes={}, schema_changes=[], rows=[])


def compare(before: State, after: State) -> Diff:
    """Return what `after` changes against `before`."""
    rows = sorted(_changes(before, after), key=lambda row: (ORDER.get(row.table, -1), row.key))
    tables: dict[str, Counter[str]] = {}
    for row in rows:
        tables.setdefault(row.table, Counter())[row.change] += 1
    return Diff(
        before=before.version,
        after=after.version,
        level=change.level(before.schemas, after.schemas, _keys(before), _keys(after)),
        tables={table: dict(sorted(counts.items())) for table, counts in tables.items()},
        causes=dict(sorted(Counter(row.cause for row in rows).items())),
        schema_changes=list(_schema_changes(before.schemas, after.schemas)),
        rows=rows,
    )


def _keys(state: State) -> change.Keys:
    return {table: set(rows) for table, rows in state.rows.items()}


def _changes(before: State, after: State) -> Iterator[RowChange]:
    causes = _Causes(before, after)
    for table in [*after.rows, *(table for table in before.rows if table not in after.rows)]:
        old, new = before.rows.get(table, {}), after.rows.get(table, {})
        for key in old.keys() | new.keys():
            if old.get(key) != new.get(key):
                yield _change(table, key, old.get(key), new.get(key), causes)


def _change(table: str, key: Key, old: Values | None, new: Values | None, causes: "_Causes") -> RowChange:
    named = dict.fromkeys([*(new or {}), *(old or {})]) if old and new else {}
    fields = {
        name: Cell(old=(old or {}).get(name), new=(new or {}).get(name))
        for name in named
        if (old or {}).get(name) != (new or {}).get(name)
    }
    kind: Literal["added", "removed", "changed"] = "added" if old is None else "removed" if new is None else "changed"
    moved = causes.quarantine(table, key, kind)
    cause = causes.of(table, old, new, moved)
    return RowChange(table=table, key=list(key), change=kind, cause=cause, quarantine=moved, fields=fields)


class _Causes:
    """Why rows differ between two states."""

    def __init__(self, before: State, after: State) -> None:
        self.before, self.after = before, after
        self.releases = {
            key[0]: self._of_release(key, before.rows["releases"].get(key), after.rows["releases"].get(key))
            for key in before.rows["releases"].keys() | after.rows["releases"].keys()
        }
        self.naming: dict[str, set[str]] = {}
        for state in (before, after):
            for row in state.rows["mentions"].values():
                self.naming.setdefault(row["entity_id"], set()).add(row["release_id"])
            for row in state.rows["releases"].values():
                self.naming.setdefault(row["issuer_id"], set()).add(row["release_id"])
        self.origins = {
            row["fact_id"]: row["origin"]
            for state in (before, after)
            for table in FACT_TABLES.values()
            for row in state.rows[table].values()
        }
        """By fact, and by release for what is part of no fact: who structured it."""
        self.origins |= {fact_id.partition("/")[0]: origin for fact_id, origin in sorted(self.origins.items())}

    def quarantine(self, table: str, key: Key, kind: str) -> Literal["left", "entered"] | None:
        """Return whether the row, or its fact, left the quarantine of the version before, or entered the one after."""
        names = {(table, " ".join(key)), *((name, key[0]) for name in FACT_TABLES.values())}
        if kind == "added" and names & self.before.quarantine:
            return "left"
        return "entered" if kind == "removed" and names & self.after.quarantine else None

    def of(self, table: str, old: Values | None, new: Values | None, moved: str | None) -> Cause:
        row = new or old or {}
        at_source = self._at_source(row)
        if at_source:
            return at_source
        if self.before.schemas.get(table) != self.after.schemas.get(table):
            return "schema"
        if moved and self.before.rules != self.after.rules:
            return "rule"
        if table == ACCOUNT or (old is None and table in NAMED):
            return "source edited" if old else "source added"
        origin = self._origin(row)
        if origin not in OWN:
            return "extractor"
        return "steward" if origin == "steward" else "source edited"

    def _origin(self, row: Values) -> str:
        """Return who structured the row: of an entity, who structured the first release that names it."""
        part_of = row.get("fact_id") or row.get("release_id")
        named = [part_of] if part_of else sorted(self.naming.get(_entity_of(row) or "", ()))
        return next((self.origins[name] for name in named if name in self.origins), "steward")

    def _of_release(self, key: Key, old: Values | None, new: Values | None) -> Cause | None:
        """Return what happened to a release at its source; nothing for one that the rules alone let in or out."""
        name = ("releases", key[0])
        if old is None:
            return None if name in self.before.quarantine else "source added"
        if new is None:
            return None if name in self.after.quarantine else "source withdrawn"
        if new["status"] != old["status"] and "withdrawn" in (new["status"], old["status"]):
            return "source withdrawn" if new["status"] == "withdrawn" else "source restored"
        if old["text_sha256"] != new["text_sha256"]:
            return "source edited"
        if self.before.corrections.get(key[0]) != self.after.corrections.get(key[0]):
            return "steward"
        return "source edited" if any(old.get(field) != new.get(field) for field in FROM_SOURCE) else None

    def _at_source(self, row: Values) -> Cause | None:
        """Return what happened at the source to the release of `row`, or to one that names the entity it is."""
        release_id = row.get("release_id") or row.get("fact_id", "").partition("/")[0]
        if release_id:
            return self.releases.get(release_id)
        found = {self.releases.get(name) for name in self.naming.get(_entity_of(row) or "", ())} - {None}
        return min(found, key=str) if found else None


def _entity_of(row: Values) -> str | None:
    return next((row[name] for name in ("entity_id", "person_id", "organization_id", "place_id") if name in row), None)


def _schema_changes(before: change.Schemas, after: change.Schemas) -> Iterator[SchemaChange]:
    for table in sorted(before.keys() | after.keys()):
        old, new = _fields(before.get(table)), _fields(after.get(table))
        if table not in before or table not in after:
            yield SchemaChange(table=table, field=None, change="added" if table in after else "removed")
            continue
        for name in sorted(old.keys() | new.keys()):
            if name not in old or name not in new:
                yield SchemaChange(table=table, field=name, change="added" if name in new else "removed")
            elif old[name] != new[name]:
                yield SchemaChange(table=table, field=name, change="redefined")


def _fields(schema: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in schema["fields"]} if schema else {}


def _read(path: Path, key: list[str], bodies: dict[str, str]) -> dict[Key, Values]:
    """Return the rows of a file by key; a body that stands in two rows is one text in memory, by `bodies`."""
    found: dict[Key, Values] = {}
    for row in read_rows(path):
        if "body" in row:
            row["body"] = bodies.setdefault(row["body"], row["body"])
        found[tuple(row[name] for name in key)] = row
    return found


def read_rows(path: Path) -> Iterator[Values]:
    """Yield the rows of a CSV file of ours by name."""
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
