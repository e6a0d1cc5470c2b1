"""The page of one who is named: posts, meetings, agreements, commitments and quotes over time, each with its words."""

from collections import Counter, defaultdict
from typing import Any, NamedTuple

from flows.site import told
from flows.site.charts import Dot
from flows.site.model import Edition, Entity, Fact, Release, day_of
from flows.site.release import mail
from flows.site.told import Told

LONGEST = 250
"""Facts that a page tells; the tables have them all."""
NAMING = 60
"""Releases that a page lists as naming somebody."""
OWN_FIELDS = ("person_id", "organization_id", "place_id")
GIVING, RECEIVING = {"actor", "announcer", "party", "signatory"}, {"recipient", "addressee"}


class Part(NamedTuple):
    """A fact that somebody has a part in, and as what."""

    release: Release
    fact: Fact
    roles: tuple[str, ...]

    @property
    def day(self) -> str:
        """The day that it is filed under."""
        return told.day_of_fact(self.fact, day_of(self.release.row))


class Chapter(NamedTuple):
    """A part as the page tells it."""

    part: Part
    told: Told
    href: str
    day: str


class Post(NamedTuple):
    """A post as releases tell it: the last of them, the day of the first, and how many there are."""

    last: Chapter
    since: str
    releases: int


Parts = dict[str, list[Part]]
"""By entity: what it has a part in."""


def parts(edition: Edition) -> Parts:
    """Return what every entity has a part in, latest first."""
    found: Parts = defaultdict(list)
    for release in edition.releases:
        for fact in release.facts:
            for entity_id, roles in _roles(fact).items():
                found[entity_id].append(Part(release, fact, tuple(dict.fromkeys(roles))))
    for some in found.values():
        some.sort(key=lambda part: (part.day, part.fact.row["fact_id"]), reverse=True)
    return found


def _roles(fact: Fact) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for one in fact.participants:
        if one.entity_id:
            found[one.entity_id].append(one.role)
    for field in OWN_FIELDS:
        if fact.row.get(field):
            found[fact.row[field]].append({"place_id": "place", "person_id": "holder"}.get(field, "organization"))
    return found


def naming(edition: Edition) -> dict[str, Counter[str]]:
    """Return by entity how often each release names it."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in edition.table("mentions"):
        found[row["entity_id"]][row["release_id"]] += 1
    return found


def context(edition: Edition, entity: Entity, mine: list[Part], named: Counter[str]) -> dict[str, Any]:
    """Return what the template of an entity is filled with."""
    chapters = [_chapter(edition, part) for part in mine]
    titles = {one.row["release_id"]: one for one in edition.releases if one.row["release_id"] in named}
    return {
        "entity": entity,
        "more": [(name, value) for name, value in entity.more.items() if value and name not in {*OWN_FIELDS, "name"}],
        "posts": _posts([one for one in chapters if one.part.fact.kind == "role" and "place" not in one.part.roles]),
        "days": told.days,
        "counts": _counts(mine),
        "story": _story([one for one in chapters if one.part.fact.kind != "role"][:LONGEST]),
        "left": max(0, sum(one.part.fact.kind != "role" for one in chapters) - LONGEST),
        "dots": [
            Dot(one.day, one.part.fact.kind, one.told.title, one.href)
            for one in reversed(chapters)
            if one.part.fact.kind != "role"
        ][-LONGEST:],
        "promised": _others(mine, GIVING, RECEIVING, entity.id),
        "given": _others(mine, RECEIVING, {"actor"}, entity.id),
        "met": sorted(Counter(part.day[:7] for part in mine if part.fact.kind == "meeting" and part.day).items()),
        "releases": [(release, named[name]) for name, release in titles.items()][:NAMING],
        "times": sum(named.values()),
        "in_releases": len(named),
        "mail": mail(edition, entity.id),
        "title_of": told.title_of,
        "day_of": day_of,
    }


def _chapter(edition: Edition, part: Part) -> Chapter:
    href = f"../releases/{part.release.row['release_id']}.html#{part.fact.local}"
    return Chapter(part, told.tell(part.fact, edition.entities), href, part.day)


def _posts(chapters: list[Chapter]) -> list[Post]:
    """Return each post once, in the words of the last release that stands; those told alike are one."""
    by: dict[tuple[str, ...], list[Chapter]] = defaultdict(list)
    for one in chapters:
        by[(one.told.title, *one.told.lines)].append(one)
    return [_post(same) for same in by.values()]


def _post(same: list[Chapter]) -> Post:
    standing = [one for one in same if one.part.release.row["status"] != "withdrawn"] or same
    since = min((one.day for one in standing if one.day), default="")
    return Post(standing[0], since, len({one.part.release.row["release_id"] for one in standing}))


def _story(chapters: list[Chapter]) -> list[tuple[str, list[Chapter]]]:
    """Return chapters by their kind, those that a reader asks for first, each latest first."""
    by = {kind: [one for one in chapters if one.part.fact.kind == kind] for kind in told.KIND_NAMES}
    return [(kind, found) for kind, found in by.items() if found]


def _counts(mine: list[Part]) -> list[tuple[str, int]]:
    counts = Counter(part.fact.kind for part in mine)
    return [(kind, counts[kind]) for kind in told.KIND_NAMES if counts[kind]]


def _others(mine: list[Part], own: set[str], theirs: set[str], me: str) -> list[tuple[str, int]]:
    """Return who stands on the other side of the commitments in which somebody has one of these roles."""
    counts = Counter(
        one.name
        for part in mine
        if part.fact.kind == "commitment" and own & set(part.roles)
        for one in part.fact.participants
        if one.role in theirs and one.entity_id != me
    )
    return sorted(counts.items())
