"""The page of what a version changed against the one before: cause by cause, release by release, in plain words."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from flows.site import said, told
from flows.site.model import Edition, Fact
from flows.site.redline import Piece, redline, short
from flows.site.told import CAUSES
from schemas.tables import ENTITY_TABLES, FACT_TABLES

RELEASES, ROWS, EACH = 40, 400, 300
"""Releases that a cause tells, rows that the page tells, and rows beside them that follow; diff.json has them all."""
TOLD, SAID = 70_000, 36_000
"""Letters that the page has for rows, and for what those say that came or went."""
A_ROW, A_VALUE = 100, 40
"""Letters that a row, or a value, takes beside its own."""
COMPARED = 3000
"""Letters up to which two values are compared word by word."""
AROUND = 60
FOLLOWING = ("text_sha256", "word_count")
"""Fields that differ because a text does: it tells more."""
PLACES = {"evidence_start", "evidence_end", "start", "end"}
"""Fields that say where words stand: they differ wherever something was put in before them."""
SERVING = ("facts", "revisions", "mentions", "spans", "participants")
"""Tables whose rows come and go with the rows of others."""
NAMED = ("entities", *ENTITY_TABLES.values())
KINDS = {table: kind for kind, table in FACT_TABLES.items()} | {"releases": "release"}
QUARANTINE = {"left": "it was refused before", "entered": "it is refused now"}
Diff = dict[str, Any]


class Field(NamedTuple):
    """A field whose value differs."""

    name: str
    pieces: list[Piece]


class Changed(NamedTuple):
    """A row that came, went or differs."""

    kind: str
    title: str
    href: str
    change: str
    quarantine: str
    fields: list[Field]
    says: list[tuple[str, str]]
    """What it says, by field, where it came or went."""


class Group(NamedTuple):
    """What a cause did to a release, or to what is of no release."""

    title: str
    href: str
    rows: list[Changed]
    left: int
    """Rows beside them, for which the page has no room."""
    tally: str
    """Rows of each table, in words."""
    served: str
    """Rows that come and go with those, in words."""
    each: list[Changed]
    """Those rows, one by one."""
    each_left: int
    """Those of them for which the page has no room."""
    reasons: list[str]
    folded: bool
    """Whether all of it is new, so that it is read on the page of the release."""


class Section(NamedTuple):
    """What one cause did."""

    id: str
    words: str
    total: int
    """Rows that it changed."""
    groups: list[Group]
    left: int


def context(edition: Edition, before: Edition | None, releases: frozenset[str]) -> dict[str, Any]:
    """Return what the template of changes is filled with.

    `before` is the version before, where it stands; `releases` are those that have a page.
    """
    diff, teller = edition.diff, _Teller(edition, before, releases)
    by: dict[str, dict[str, list[Diff]]] = {}
    for row in sorted(diff.get("rows", []), key=_order):
        by.setdefault(row["cause"], {}).setdefault(_release_of(row), []).append(row)
    sections = [teller.section(cause, by[cause]) for cause in sorted(by, key=_place)]
    tables = [(table, sorted(counts.items())) for table, counts in diff.get("tables", {}).items()]
    schema = diff.get("schema_changes", [])
    short = teller.room <= 0
    return {
        "diff": diff,
        "sections": sections,
        "tables": tables,
        "schema_changes": schema,
        "before": before,
        "short": short,
    }


def _place(cause: str) -> int:
    """Return where a cause stands on the page: what is new is most, and last."""
    order = [*reversed(CAUSES)]
    return order.index(cause) if cause in order else -1


def _order(row: Diff) -> tuple[bool, list[tuple[int, str]]]:
    """Return where a row stands among others: what changed first, by its key, its numbers as numbers."""
    key = [(int(part), "") if part.isdigit() else (0, part) for part in row["key"]]
    return row["change"] == "added", key


def _release_of(row: Diff) -> str:
    named = row["table"] in {*KINDS, *SERVING}
    return str(row["key"][0]).partition("/")[0] if named else ""


class _Teller:
    """Tells rows by the names that both versions have for them."""

    def __init__(self, edition: Edition, before: Edition | None, paged: frozenset[str]) -> None:
        """Read both versions."""
        self.edition, self.before, self.paged = edition, before, paged
        self.left, self.each, self.letters, self.room = ROWS, EACH, TOLD, SAID
        editions = [one for one in (edition, before) if one]
        self.facts: dict[str, tuple[Edition, Fact]] = {}
        self.titles: dict[str, str] = {}
        for one in reversed(editions):
            for release in one.releases:
                self.titles[release.row["release_id"]] = told.title_of(release.row)
                self.facts |= {fact.row["fact_id"]: (one, fact) for fact in release.facts}
        self.reasons = _reasons(edition)

    def section(self, cause: str, by: dict[str, list[Diff]]) -> Section:
        """Return what a cause did: to releases, by their ids, then to what is of no release."""
        names = sorted(by, key=lambda name: (name == "", name))
        groups = [self._group(cause, name, by[name]) for name in names[:RELEASES]]
        identifier = "_" + cause.replace(" ", "-")
        total = sum(map(len, by.values()))
        return Section(identifier, CAUSES.get(cause, cause), total, groups, max(0, len(names) - RELEASES))

    def _group(self, cause: str, release: str, rows: list[Diff]) -> Group:
        own = [row for row in rows if row["table"] not in SERVING and not _moved(row)]
        folded = bool(own) and all(row["change"] == "added" for row in own)
        shown = [*self._taken(map(self._changed, islice(own, self.left)))]
        self.left -= len(shown)
        served = [row for row in rows if row["table"] in SERVING or _moved(row)]
        each = [*self._taken(map(self._served, islice(served, self.each)))]
        self.each -= len(each)
        href = f"../releases/{release}.html" if release in self.paged else ""
        title = self.titles.get(release, release) or "Names and coverage"
        reasons = self.reasons.get(release, []) if cause == "steward" else []
        return Group(
            title,
            href,
            shown,
            len(own) - len(shown),
            _tally(own),
            _tally(served),
            each,
            len(served) - len(each),
            reasons,
            folded,
        )

    def _taken(self, rows: Iterator[Changed]) -> Iterator[Changed]:
        """Yield rows as long as the page has letters for them."""
        while self.letters > 0 and (row := next(rows, None)):
            pieces = [piece for field in row.fields for piece in field.pieces]
            self.letters -= A_ROW + len(row.title) + len(row.href) + sum(A_VALUE + len(one.text) for one in pieces)
            yield row

    def _served(self, row: Diff) -> Changed:
        """Return a row that follows from others, called by its table, by its fact and by the rest of its key."""
        first, *rest = row["key"]
        name = told.clip(self._title(row), 60) if first in self.facts else first.partition("/")[2]
        title = " ".join(filter(None, (name, *rest)))
        return self._changed(row)._replace(kind=_many(row["table"], 1), title=title, href="")

    def _changed(self, row: Diff) -> Changed:
        release, _, local = row["key"][0].partition("/")
        kind, change = str(KINDS.get(row["table"], row["table"])), str(row["change"])
        there = _release_of(row) in self.paged and change != "removed"
        href = f"../releases/{release}.html{'#' + local if local else ''}" if there else ""
        names = [name for name in row["fields"] if name not in FOLLOWING] or list(row["fields"])
        fields = [_field(name, row["fields"][name]["old"], row["fields"][name]["new"]) for name in names]
        quarantine = QUARANTINE.get(str(row["quarantine"]), "")
        title = self._title(row)
        return Changed(kind, title, href, change, quarantine, fields, self._says(row, title))

    def _says(self, row: Diff, title: str) -> list[tuple[str, str]]:
        """Return what a row says that came or went, by field, beside its title, as long as the page has room for it."""
        edition = {"added": self.edition, "removed": self.before}.get(row["change"])
        if edition is None or self.room <= 0:
            return []
        found = said.says(edition, row["table"], tuple(row["key"]), "" if row["table"] in SERVING else title)
        self.room -= sum(A_VALUE + len(name) + len(value) for name, value in found)
        return found

    def _title(self, row: Diff) -> str:
        """Return what a row is called: a fact by what it says, a name by itself; nothing for a release, its heading."""
        key: str = row["key"][0]
        if key in self.facts:
            edition, fact = self.facts[key]
            title, lines = told.tell(fact, edition.entities)
            return ", ".join([title, *lines[:1]]) if fact.kind == "role" else title
        if row["table"] == "releases":
            return ""
        named = row["table"] in NAMED and key in self.edition.entities
        return self.edition.entities[key].name if named else " ".join(row["key"])


def _moved(row: Diff) -> bool:
    """Return whether nothing but the place of the words differs."""
    return row["change"] == "changed" and set(row["fields"]) <= PLACES


def _reasons(edition: Edition) -> dict[str, list[str]]:
    """Return by release why a steward corrected it, as the steward wrote."""
    path = edition.folder / "decisions.json"
    found: dict[str, list[str]] = {}
    for one in json.loads(path.read_bytes())["corrections"] if path.is_file() else []:
        found.setdefault(one["release"], []).append(f"{one['reason']} ({one['by']})")
    return found


def _tally(rows: Iterable[Diff]) -> str:
    """Return how many rows of each table there are, in words."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row["change"], Counter())[row["table"]] += 1
    return "; ".join(
        ", ".join(f"{count:,} {_many(table, count)}" for table, count in sorted(some.items())) + f" {change}"
        for change, some in sorted(counts.items())
    )


ONE = {"entities": "name", "people": "person", "coverage": "row of coverage"}
MANY = {"entities": "names", "coverage": "rows of coverage"}
"""What rows of a table are called, where its name does not say it."""


def _many(table: str, count: int) -> str:
    """Return what so many rows of a table are called."""
    return ONE.get(table, table.removesuffix("s")) if count == 1 else MANY.get(table, table)


def _field(name: str, old: str | None, new: str | None) -> Field:
    before, after = said.plain(old or ""), said.plain(new or "")
    words = said.called(name)
    if (
        max(len(before), len(after)) > COMPARED
        or not (" " in before and " " in after)
        or said.INSTANT.search(old or "")
    ):
        pieces = [Piece("gone", told.clip(before)), Piece("new", told.clip(after))]
        return Field(words, [piece for piece in pieces if piece.text])
    return Field(words, [short(piece, AROUND) for piece in redline(before, after)])
