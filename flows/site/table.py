"""The page of a table: its first rows, each with where it leads, and every column with what is in it."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from flows.site import charts, told
from flows.site.model import Edition, Row, release_of

SHOWN_ROWS, SHOWN_HERE = 100, 300
"""Rows of a table on its page, and of one whose rows have no other."""
CELL, NAMES = 60, 200
"""Letters of a cell that a page shows, and of one with all who take part."""
FEW, TOP, BINS = 8, 5, 16
"""Values of a column that are all told, those told of more, and the columns of a histogram."""


class Column(NamedTuple):
    """A column of a table: what it means and what is in it."""

    name: str
    type: str
    what: str
    evidence: str
    filled: int
    distinct: int
    share: Markup
    picture: Markup
    values: list[tuple[str, int, Markup]]
    """Its values, or the most frequent of them, each with its count and that as a bar."""
    others: int
    """Values beside them."""
    span: str


class Cell(NamedTuple):
    """A cell as a page shows it."""

    text: str
    href: str


class Line(NamedTuple):
    """A row as the page of its table shows it."""

    cells: list[Cell]
    anchor: str
    """Its id there, for one that has no other page."""
    withdrawn: bool
    """Whether it is of a release that no longer stands at its source."""


def columns(edition: Edition, table: str) -> list[Column]:
    """Return every column of a table: what it means, and what is in it."""
    rows = edition.table(table)
    return [_column(field, [row[field["name"]] for row in rows]) for field in edition.schemas[table]["fields"]]


def _column(field: dict[str, Any], cells: list[str]) -> Column:
    name, kind = field["name"], field["type"]
    filled = [cell for cell in cells if cell]
    counts = Counter(filled)
    words = f"{len(filled):,} of {len(cells):,} filled"
    few = _frequent(counts)
    picture, span = Markup(), ""
    if filled and kind in PLACES and len(counts) > FEW:
        few = []
        points = [PLACES[kind](cell) for cell in filled]
        low, high = min(filled, key=PLACES[kind]), max(filled, key=PLACES[kind])
        span = f"{_end(kind, low)} to {_end(kind, high)}"
        picture = charts.histogram(_binned(points), f"{name}: {span}")
    share = charts.share(len(filled), len(cells), words)
    what = field.get("description", "")
    values = [(value, count, charts.length(count, few[0][1])) for value, count in few]
    others = len(counts) - len(few) if few else 0
    evidence = field.get("communique:evidence", "")
    return Column(name, kind, what, evidence, len(filled), len(counts), share, picture, values, others, span)


def _frequent(counts: Counter[str]) -> list[tuple[str, int]]:
    """Return the values of a column where they are few, else those of them that come most often, and more than once."""
    found = counts.most_common()
    return found if len(found) <= FEW else [one for one in found[:TOP] if one[1] > 1]


PLACES: dict[str, Callable[[str], float]] = {
    "integer": float,
    "number": lambda cell: float(Decimal(cell)),
    "date": lambda cell: float(date.fromisoformat(cell).toordinal()),
    "datetime": lambda cell: float(date.fromisoformat(cell[:10]).toordinal()),
}
"""Where a value of each type stands on a line."""


def _end(kind: str, cell: str) -> str:
    return told.day(cell) if kind.startswith("date") else told.number(cell)


def _binned(points: list[float]) -> list[int]:
    low, high = min(points), max(points)
    counts = [0] * BINS
    for point in points:
        counts[min(BINS - 1, int((point - low) / (high - low or 1) * BINS))] += 1
    return counts


RELEASE, ENTITY, FACT = "../releases/{%s[0]}.html", "../entities/{%s[0]}.html", "../releases/{%s[0]}.html#{%s[1]}"
ENTITIES = ("entity_id", "person_id", "organization_id", "place_id", "issuer_id", "parent_id")
LINKS = {
    ("", "release_id"): RELEASE % "release_id",
    **{("", name): ENTITY % name for name in ENTITIES},
    **{("", name): FACT % (name, name) for name in ("fact_id", "agreement_id")},
    ("meetings", "parent_id"): FACT % ("parent_id", "parent_id"),
    ("mentions", "start"): RELEASE % "release_id" + "#_m{start[0]}",
    ("revisions", "revision"): RELEASE % "release_id" + "#_r{revision[0]}",
    ("participants", "position"): FACT % ("fact_id", "fact_id") + ".{role[0]}.{position[0]}",
    ("spans", "part"): FACT % ("fact_id", "fact_id") + ".{field[0]}.{part[0]}",
    ("coverage", "entry"): "#",
}
"""By table and field, or by field alone: where its value leads, by values of its row, an id `a/b` as its two parts."""
HERE = ("coverage", "entry")
"""The field that leads to its own row on the page of its table, for no other page has that row: `#` stands for it."""
MOVED = ("fact_id", "participant_names", "release_id")


def first_rows(edition: Edition, table: str) -> tuple[list[str], list[Line]]:
    """Return the names of the columns and the first rows of a table, each id with where it leads."""
    names = [field["name"] for field in edition.schemas[table]["fields"]]
    if "participant_names" in names:  # a fact: what it is first, and who; its release is part of its id
        names = ["fact_id", "participant_names", *(name for name in names if name not in MOVED), "release_id"]
    shown = edition.table(table)[: SHOWN_HERE if table == HERE[0] else SHOWN_ROWS]
    return names, [_line(edition, table, names, row) for row in shown]


def link(table: str, name: str) -> str:
    """Return where the values of a field lead, as a pattern of values of their row; empty where they lead nowhere."""
    return LINKS.get((table, name)) or LINKS.get(("", name), "")


def _line(edition: Edition, table: str, names: Sequence[str], row: Row) -> Line:
    anchor = anchor_of(row) if table == HERE[0] else ""
    cells = [_cell(table, name, row) for name in names]
    if anchor:
        cells[names.index(HERE[1])] = Cell(told.clip(row[HERE[1]], CELL), f"#{quote(anchor, safe='/:')}")
    return Line(cells, anchor, release_of(row) in edition.withdrawn)


def anchor_of(row: Row) -> str:
    """Return the id that a row of coverage has on its page: its key, without blanks."""
    return "-".join("/".join((row["source"], row["month"], row["entry"])).split())


def _cell(table: str, name: str, row: Row) -> Cell:
    value, pattern = row[name], link(table, name)
    if name == "participant_names":
        return Cell(told.clip(value.replace("|", ", "), NAMES), "")
    href = pattern.format_map({field: _parts(one) for field, one in row.items()}) if pattern and value else ""
    return Cell(told.clip(value, CELL), href)


def _parts(value: str) -> tuple[str, str]:
    first, _, local = value.partition("/")
    return first, local
