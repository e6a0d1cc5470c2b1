"""What is searched: an index of every dataset for the script, and its names by letter for who has none."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from flows.site import told
from flows.site.entity import parts
from flows.site.faces.about import About
from flows.site.model import Edition, Fact, Release, day_of
from flows.site.text import visible

LISTED = 1000
"""Names that the list by letter has: those that releases name most."""
MARKS = "\"' \N{LEFT DOUBLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}"
"""Marks before a name, which it is not sorted by."""
OTHER = "#"
"""Where names are that begin with no letter."""
Entry = tuple[str, str, str, str, str]
"""What it is, what it is called, where it lies in its dataset, what is said of it, and more words to find it by."""
FACTS, SENTENCE = 5000, 280
"""Facts that are searched, the newest first, and letters of the sentence of each: an index has an end."""


class Name(NamedTuple):
    """A name in the list by letter; its dataset is told where another has the same name."""

    text: str
    href: str
    dataset: str


def index(edition: Edition) -> bytes:
    """Return all of a version that is searched, as JSON: the dataset, names, most named first, releases, facts."""
    described, times = edition.described, _times(edition)
    facts = {name: len(some) for name, some in parts(edition).items()}
    words = " ".join([*described.get("keywords", []), described.get("description", "")])
    found: list[Entry] = [("dataset", described["title"], "index.html", "", words)]
    for one in sorted(edition.entities.values(), key=lambda one: (-times[one.id], -facts.get(one.id, 0), one.name)):
        more = " ".join(filter(None, (one.more.get("other_names"), one.more.get("acronym"))))
        said = _said(times[one.id], facts.get(one.id, 0))
        found.append((one.type, one.name, f"entities/{one.id}.html", said, more.replace("|", " ")))
    for release in edition.releases:
        row = release.row
        more = " ".join(filter(None, (row["kind"], row["dateline"], row["release_id"])))
        day = " · ".join(filter(None, (told.day(day_of(row)), _gone(release))))
        found.append(("release", told.title_of(row), f"releases/{row['release_id']}.html", day, more))
    stated = [_fact(edition, release, fact) for release in edition.releases for fact in release.facts]
    told_of = {
        "title": visible(described["title"]),
        "found": [[visible(part) for part in one] for one in found],
        "facts": [[visible(part) for part in one] for one in stated[:FACTS]],
        "left": max(0, len(stated) - FACTS),
    }
    return (json.dumps(told_of, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _said(times: int, facts: int) -> str:
    """Return how often somebody is named; where a document does not tell it, in how many facts they have a part."""
    if times:
        return f"named {times} times" if times > 1 else "named once"
    return f"in {facts} facts" if facts > 1 else "in one fact" if facts else ""


def _fact(edition: Edition, release: Release, fact: Fact) -> Entry:
    """Return a fact as it is searched: its title, who takes part with its day, its sentence with the thing promised."""
    row = fact.row
    day = told.day(told.day_of_fact(fact, day_of(release.row)))
    said = ", ".join(dict.fromkeys(filter(None, (day, *(one.name for one in fact.participants)))))
    said = " · ".join(filter(None, (_gone(release), said)))
    href = f"releases/{row['release_id']}.html#{fact.local}"
    title, lines = told.tell(fact, edition.entities)
    title = ", ".join([title, *lines[:1]]) if fact.kind == "role" else title
    return fact.kind, title, href, said, told.clip(row["evidence"], SENTENCE)


def _gone(release: Release) -> str:
    """Return that a release no longer stands at its source, if so: nobody should quote it unaware."""
    return "withdrawn" if release.row["status"] == "withdrawn" else ""


def letters(editions: Sequence[Edition]) -> list[tuple[str, list[Name]]]:
    """Return the names that releases name most, by the letter that they begin with."""
    named = [
        (times[one.id], Name(one.name, f"{edition.dataset}/entities/{one.id}.html", edition.described["title"]))
        for edition in editions
        for times in [_times(edition)]
        for one in edition.entities.values()
    ]
    most = sorted(named, key=lambda pair: (-pair[0], pair[1]))[:LISTED]
    same = Counter(name.text for _, name in most)
    by: dict[str, list[Name]] = {}
    for _, name in sorted(most, key=lambda pair: (folded(pair[1].text), pair[1])):
        shown = name if same[name.text] > 1 else name._replace(dataset="")
        by.setdefault(letter(name.text), []).append(shown)
    return sorted(by.items(), key=lambda pair: (pair[0] == OTHER, pair[0]))


def letter(name: str) -> str:
    """Return the letter that a name stands under."""
    first = folded(name)[:1].upper()
    return first if first.isalpha() else OTHER


def folded(text: str) -> str:
    """Return a text without case and marks, as names are sorted and searched."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(one for one in plain if not unicodedata.combining(one)).casefold().lstrip(MARKS)


def indexes(found: Iterable[About]) -> str:
    """Return where the indexes lie that a page searches, with blanks between."""
    return " ".join(f"{one.dataset}/search.json" for one in found)


def _times(edition: Edition) -> Counter[str]:
    return Counter(row["entity_id"] for row in edition.table("mentions"))


def context(editions: Sequence[Edition], found: Sequence[About]) -> dict[str, Any]:
    """Return what the template of the search is filled with."""
    return {"letters": letters(editions), "indexes": indexes(found), "found": found, "listed": LISTED}
