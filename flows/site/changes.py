"""The page of what a version changed against the one before: rows that came, went and differ, and the cause of each."""

from collections import Counter
from typing import Any, NamedTuple

from flows.site import told
from flows.site.model import Edition
from flows.site.redline import Piece, redline, short

SHOWN, FEW = 50, 15
"""Rows of a table that a page tells, and of one that follows from others; diff.json has all."""
ORDER = ("changed", "removed", "added")
COMPARED = 3000
"""Letters up to which two values are compared word by word."""
AROUND = 60
NAMED = 110
"""Letters of a row's name."""
TECHNICAL = ("facts", "mentions", "participants", "spans", "revisions", "coverage")
"""Tables whose rows follow from others."""
NAMING = {
    "releases": "body",
    "entities": "name",
    "agreements": "title",
    "commitments": "action",
    "meetings": "kind",
    "quotes": "text",
    "statements": "text",
    "roles": "title",
}
"""By table: the field that a row is called by; a release has a title."""
FOLLOWING = ("text_sha256", "word_count")
"""Fields that differ because a text does: it tells more."""
CAUSES = {
    "source added": "the source has something new",
    "source withdrawn": "the source no longer has it",
    "source restored": "the source has it again",
    "source edited": "the source was edited",
    "schema": "the table itself changed",
    "rule": "a rule changed",
    "extractor": "a program read the text anew",
    "steward": "a steward mended it",
}
"""The causes of changes, in words."""


class Field(NamedTuple):
    """A field whose value differs."""

    name: str
    pieces: list[Piece]


class Changed(NamedTuple):
    """A row that differs."""

    key: str
    href: str
    change: str
    cause: str
    quarantine: str
    fields: list[Field]
    name: str
    """What it is, in words; empty where its fields tell."""


class Section(NamedTuple):
    """A table whose rows differ."""

    table: str
    counts: list[tuple[str, int]]
    rows: list[Changed]
    left: int
    technical: bool
    """Whether it says where words stand, and follows from other tables."""


def context(edition: Edition, releases: frozenset[str]) -> dict[str, Any]:
    """Return what the template of changes is filled with; `releases` are those that have a page."""
    diff = edition.diff
    by_table: dict[str, list[dict[str, Any]]] = {}
    for row in diff.get("rows", []):
        by_table.setdefault(row["table"], []).append(row)
    sections = [
        Section(
            table,
            sorted(Counter(row["change"] for row in rows).items()),
            [_changed(row, releases, _names(edition, table)) for row in sorted(rows, key=_order)[: _shown(table)]],
            max(0, len(rows) - _shown(table)),
            table in TECHNICAL,
        )
        for table, rows in sorted(by_table.items(), key=lambda one: one[0] in TECHNICAL)
    ]
    causes = sorted(diff.get("causes", {}).items(), key=lambda one: -one[1])
    schema = diff.get("schema_changes", [])
    return {"diff": diff, "sections": sections, "causes": causes, "cause_words": CAUSES, "schema_changes": schema}


def _shown(table: str) -> int:
    return FEW if table in TECHNICAL else SHOWN


def _order(row: dict[str, Any]) -> int:
    return ORDER.index(row["change"])


def _names(edition: Edition, table: str) -> dict[str, str]:
    """Return by key what the rows of a table are called; nothing for a table whose rows have no name."""
    field = NAMING.get(table)
    if field is None:
        return {}
    return {
        next(iter(row.values())): told.title_of(row) if field == "body" else row[field] for row in edition.table(table)
    }


def _changed(row: dict[str, Any], releases: frozenset[str], names: dict[str, str]) -> Changed:
    release, _, local = row["key"][0].partition("/")
    there = release in releases and row["change"] != "removed"
    href = f"../releases/{release}.html{'#' + local if local else ''}" if there else ""
    shown = [name for name in row["fields"] if name not in FOLLOWING] or list(row["fields"])
    fields = [_field(name, row["fields"][name]["old"] or "", row["fields"][name]["new"] or "") for name in shown]
    name = told.clip(names.get(row["key"][0], ""), NAMED)
    return Changed(" ".join(row["key"]), href, row["change"], row["cause"], row.get("quarantine") or "", fields, name)


def _field(name: str, old: str, new: str) -> Field:
    if max(len(old), len(new)) > COMPARED or not (" " in old and " " in new):
        pieces = [Piece("gone", told.clip(old)), Piece("new", told.clip(new))]
        return Field(name, [piece for piece in pieces if piece.text])
    return Field(name, [short(piece, AROUND) for piece in redline(old, new)])
