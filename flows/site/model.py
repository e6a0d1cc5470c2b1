"""A published version as its pages need it, read from the version's own files and nothing else."""

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from flows import store
from schemas.package import (
    DESCRIPTOR,
    INDEX,
    MANIFEST,
    QUARANTINE,
    TOMBSTONE,
    Index,
    Manifest,
    RawEntry,
    Version,
)
from schemas.rules import DEPENDANT
from schemas.tables import ENTITY_TABLES, FACT_TABLES

Row = Mapping[str, str]
"""A row as its CSV has it: what is null is an empty string."""
WITHDRAWN = "withdrawn"
"""The status of a release that no longer stands at its source."""
LONGEST_CELL = 1 << 27
KINDS = list(FACT_TABLES)
"""The kinds of fact; of two over the same words, the first of these is the nearer one."""


class Participant(NamedTuple):
    """One who takes part in a fact."""

    role: str
    name: str
    entity_id: str
    """Empty for those who have no name."""
    position: str
    """Place among those of the same role."""


class Span(NamedTuple):
    """Where words of a fact stand: those of one field, or a part of them."""

    field: str
    part: str
    start: int
    end: int
    text: str


def _span(row: Row) -> Span:
    return Span(row["field"], row["part"], int(row["start"]), int(row["end"]), row["text"])


class Fact(NamedTuple):
    """A fact of a release, with who takes part and where its words stand."""

    kind: str
    row: Row
    participants: list[Participant]
    spans: list[Span]

    @property
    def local(self) -> str:
        """Its id within the release."""
        return self.row["fact_id"].partition("/")[2]

    @property
    def start(self) -> int:
        """Where its evidence begins."""
        return int(self.row["evidence_start"])

    @property
    def end(self) -> int:
        """Where its evidence ends, exclusive."""
        return int(self.row["evidence_end"])


class Release(NamedTuple):
    """A release with all that it states."""

    row: Row
    facts: list[Fact]
    """In the order of the text."""
    mentions: list[Row]
    revisions: list[Row]


class Entity(NamedTuple):
    """One who is named, with the row that tells more."""

    id: str
    type: str
    name: str
    more: Row


class Listing(NamedTuple):
    """A dataset: its versions as the index tells them, oldest first, and which is the latest that stands."""

    dataset: str
    home: Path
    versions: list[dict[str, Any]]
    latest: str | None
    base: str = ""
    """Where the site lies on the web, with a slash at its end; empty where nobody said."""

    @property
    def digest(self) -> str:
        """What changes when anything about the dataset's versions does, or where the site lies."""
        return store.sha256(store.to_json([self.versions, self.latest, self.base]))

    def edition(self, version: str) -> "Edition":
        """Return a version of the dataset that was not taken down."""
        return Edition(self.dataset, version, self.home / version, self.base)


def listings(root: Path, base: str = "") -> list[Listing]:
    """Return the datasets under `root` that have a version; one whose papers cannot be read is left out."""
    homes = sorted(path for path in root.iterdir() if (path / INDEX).is_file()) if root.is_dir() else []
    return [found for home in homes if (found := _listing(home, base))]


def _listing(home: Path, base: str) -> Listing | None:
    try:
        data = (home / INDEX).read_bytes()
        told, index = json.loads(data), Index.model_validate_json(data)
    except (ValueError, ValidationError):
        return None
    if not index.versions or index.dataset != home.name:
        return None
    latest = index.latest.version if index.latest else None
    return Listing(
        home.name, home, sorted(told["versions"], key=lambda one: Version.parse(one["version"])), latest, base
    )


class Edition:
    """A version, its files read as they are asked for."""

    def __init__(self, dataset: str, version: str, folder: Path, base: str = "") -> None:
        """Read nothing yet."""
        self.dataset, self.version, self.folder, self.base = dataset, version, folder, base
        self._tables: dict[str, list[Row]] = {}
        self._keyed: dict[str, dict[tuple[str, ...], Row]] = {}

    @cached_property
    def manifest(self) -> Manifest:
        """Its papers."""
        return Manifest.model_validate_json((self.folder / MANIFEST).read_bytes())

    @cached_property
    def described(self) -> dict[str, Any]:
        """Its descriptor."""
        return self._json(DESCRIPTOR)

    @cached_property
    def report(self) -> dict[str, Any]:
        """What was found when it was judged."""
        return self._json("report.json")

    @cached_property
    def diff(self) -> dict[str, Any]:
        """What it changes; empty where it does not tell."""
        return self._json("diff.json") if (self.folder / "diff.json").is_file() else {}

    @property
    def taken_down(self) -> bool:
        """Whether its data was removed."""
        return (self.folder / TOMBSTONE).is_file()

    @cached_property
    def schemas(self) -> dict[str, dict[str, Any]]:
        """The Table Schema of every table, by name, in order."""
        return {one["name"]: one["schema"] for one in self.described["resources"]}

    @cached_property
    def refused(self) -> list[Row]:
        """The refused rows, with their reasons."""
        return list(rows(self.folder / QUARANTINE)) if (self.folder / QUARANTINE).is_file() else []

    @cached_property
    def refused_itself(self) -> list[Row]:
        """The refused rows that were refused for a reason of their own, not for what they hang on."""
        return [row for row in self.refused if row["rule"] != DEPENDANT]

    @cached_property
    def withdrawn(self) -> frozenset[str]:
        """The ids of the releases that no longer stand at their source."""
        return frozenset(row["release_id"] for row in self.table("releases") if row["status"] == WITHDRAWN)

    def of_withdrawn(self, table: str) -> list[Row]:
        """Return the rows of a table that belong to releases which no longer stand at their source."""
        return [row for row in self.table(table) if release_of(row) in self.withdrawn]

    @cached_property
    def refused_facts(self) -> Counter[str]:
        """By release: how many of its facts were refused."""
        refused = {(row["table"], row["key"]) for row in self.refused if row["table"] in FACT_TABLES.values()}
        return Counter(name.partition("/")[0] for _, name in refused)

    @cached_property
    def refusals(self) -> dict[str, list[Row]]:
        """By release: what of it was refused for a reason of its own."""
        found: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self.refused_itself:
            found[re.split("[/ ]", row["key"])[0]].append(row)
        return found

    def table(self, name: str) -> list[Row]:
        """Return the rows of a table; none where the version has no such table."""
        if name not in self._tables:
            self._tables[name] = list(rows(self.folder / f"{name}.csv")) if name in self.schemas else []
        return self._tables[name]

    def keyed(self, name: str) -> Mapping[tuple[str, ...], Row]:
        """Return the rows of a table by key."""
        if name not in self._keyed:
            key = self.schemas[name]["primaryKey"] if name in self.schemas else []
            self._keyed[name] = {tuple(row[field] for field in key): row for row in self.table(name)}
        return self._keyed[name]

    @cached_property
    def entities(self) -> dict[str, Entity]:
        """All that are named, by id."""
        more = {next(iter(row.values())): row for table in ENTITY_TABLES.values() for row in self.table(table)}
        return {
            row["entity_id"]: Entity(row["entity_id"], row["type"], row["name"], more.get(row["entity_id"], {}))
            for row in self.table("entities")
        }

    @cached_property
    def releases(self) -> list[Release]:
        """Every release with all that it states, newest first."""
        mentions, revisions = (grouped(self.table(name), "release_id") for name in ("mentions", "revisions"))
        facts = self._facts()
        found = [
            Release(row, facts.get(row["release_id"], []), mentions[row["release_id"]], revisions[row["release_id"]])
            for row in self.table("releases")
        ]
        return sorted(found, key=lambda one: (day_of(one.row), one.row["release_id"]), reverse=True)

    def _facts(self) -> dict[str, list[Fact]]:
        """Return the facts of every release, in the order of its text."""
        taking, spans = (grouped(self.table(name), "fact_id") for name in ("participants", "spans"))
        found: dict[str, list[Fact]] = defaultdict(list)
        for kind, table in FACT_TABLES.items():
            for row in self.table(table):
                name = row["fact_id"]
                words = [_span(one) for one in spans[name]]
                found[row["release_id"]].append(Fact(kind, row, [self._taking(one) for one in taking[name]], words))
        for facts in found.values():
            facts.sort(key=lambda fact: (fact.start, -fact.end, KINDS.index(fact.kind), fact.row["fact_id"]))
        return found

    def _taking(self, row: Row) -> Participant:
        entity = self.entities.get(row["entity_id"])
        name, entity_id = (entity.name, entity.id) if entity else (row["text"], "")
        return Participant(row["role"], name, entity_id, row["position"])

    @cached_property
    def inputs(self) -> dict[str, tuple[RawEntry, int | None]]:
        """By release: the file that it was taken from, and its line there."""
        return {
            name: (entry, line) for entry in reversed(self.manifest.inputs) for name, line in entry.releases.items()
        }

    def _json(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / name).read_bytes())
        return found


def rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a CSV file of ours by name."""
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def grouped(found: Iterable[Row], field: str) -> defaultdict[str, list[Row]]:
    """Return rows by the value of a field, in their order."""
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in found:
        groups[row[field]].append(row)
    return groups


def release_of(row: Row) -> str:
    """Return the id of the release that a row belongs to; nothing for what is of no release."""
    return row.get("release_id") or row.get("fact_id", "").partition("/")[0]


def day_of(row: Row) -> str:
    """Return the day that a release is filed under: that of publication, else of what it reports; else nothing."""
    return row["published_on"] or row["published_at"][:10] or row["event_start"]
