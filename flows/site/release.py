"""The page of a release: its text with every fact in it, each fact's row beside it, its revisions, its source."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from flows.site import told
from flows.site.model import Edition, Entity, Fact, Release, Row, Span, day_of
from flows.site.redline import Piece, redline, short
from flows.site.text import Evidence, Line, Mention, lines, safe
from flows.site.told import Told

KEPT = 160
"""Letters of a stretch that stayed, on each side, which a redline shows."""


MOST_REFUSALS = 10
"""Refused rows of a release that its page tells of."""
WORDS, EVIDENCE = 60, "evidence"
"""Letters of the words behind a field, and the field whose words are the whole sentence."""


class Note(NamedTuple):
    """A fact as it stands beside the text."""

    fact: Fact
    number: int
    told: Told
    roles: list[tuple[str, list[Any]]]
    """Who takes part, by role."""
    fields: list[tuple[str, str]]
    words: list[tuple[Span, str]]
    """Where the words of each field stand, and these words."""
    mail: str


class Passage(NamedTuple):
    """Lines of the text as they stand on the page, and the notes beside them; lines with none are one passage."""

    html: Markup
    notes: list[Note]


class Edit(NamedTuple):
    """What set a revision apart from the one before."""

    row: Row
    pieces: list[Piece]
    mail: str


class Named(NamedTuple):
    """A name where it stands in the text."""

    row: Row
    entity: Entity | None
    mail: str


def context(edition: Edition, release: Release) -> dict[str, Any]:
    """Return what the template of a release is filled with."""
    row, release_id = release.row, release.row["release_id"]
    notes = {number: _note(edition, row["body"], fact, number) for number, fact in enumerate(release.facts, 1)}
    entry, line = edition.inputs.get(release_id, (None, None))
    issuer = edition.entities.get(row["issuer_id"])
    return {
        "row": row,
        "title": told.title_of(row),
        "day": told.day(day_of(row)),
        "event": told.days(row["event_start"], row["event_end"]),
        "issuer": issuer,
        "passages": list(_passages(release, notes)),
        "counts": _counts(release),
        "named": _people(edition, release),
        "mentions": _mentions(edition, release),
        "edits": _edits(edition, release),
        "first": release.revisions[0] if release.revisions else None,
        "refused": edition.refused_facts[release_id],
        "refusals": edition.refusals.get(release_id, []),
        "entry": entry,
        "line": line,
        "mail": mail(edition, release_id),
        "most_refusals": MOST_REFUSALS,
        "safe": safe,
    }


def _passages(release: Release, notes: dict[int, Note]) -> Iterator[Passage]:
    """Yield the text, a line with its notes, or the lines up to the next one that has some."""
    facts = [_evidence(fact, number) for number, fact in enumerate(release.facts, 1)]
    for noted, found in groupby(lines(release.row["body"], facts, _named(release)), lambda line: bool(line.numbers)):
        if noted:
            yield from (Passage(line.html, [notes[number] for number in line.numbers]) for line in found)
        else:
            yield Passage(Markup("".join(map(_bare, found))), [])  # noqa: S704 - made of escaped parts


def _bare(line: Line) -> str:
    """Return a line that no note stands beside."""
    gap = "" if line.html else " gap"
    return f'<div class="passage{gap}">\n<p class="words" dir="auto">{line.html}</p>\n</div>\n'


def mail(edition: Edition, about: str) -> str:
    """Return the address that a letter about an error goes to, with its subject; empty where there is no contact."""
    contact = edition.described.get("communique:contact", "")
    if "@" not in contact or contact.startswith(("http:", "https:")):
        return ""
    subject = f"Error in {edition.dataset}: {about}"
    return f"mailto:{quote(contact, safe='@')}?subject={quote(subject)}"


def _note(edition: Edition, body: str, fact: Fact, number: int) -> Note:
    roles: dict[str, list[Any]] = {}
    for one in fact.participants:
        roles.setdefault(one.role, []).append(one)
    words = [(one, told.clip(body[one.start : one.end], WORDS) if one.field != EVIDENCE else "") for one in fact.spans]
    return Note(
        fact,
        number,
        told.tell(fact, edition.entities),
        list(roles.items()),
        told.fields(fact.row),
        words,
        mail(edition, fact.row["fact_id"]),
    )


def _evidence(fact: Fact, number: int) -> Evidence:
    words = [(one.start, one.end, one.field) for one in fact.spans if one.field not in {EVIDENCE, *told.WHOLE}]
    return Evidence(fact.start, fact.end, number, fact.kind, fact.local, words)


def _named(release: Release) -> list[Mention]:
    return [
        Mention(int(one["start"]), int(one["end"]), f"../entities/{one['entity_id']}.html") for one in release.mentions
    ]


def _counts(release: Release) -> list[tuple[str, int, str]]:
    """Return how many facts there are of each kind, and where the first of them is."""
    counts = Counter(fact.kind for fact in release.facts)
    first = {fact.kind: fact.local for fact in reversed(release.facts)}
    return [(kind, counts[kind], first[kind]) for kind in told.KIND_NAMES if kind in counts]


def _people(edition: Edition, release: Release) -> list[tuple[Any, int]]:
    """Return who is named in a release, those named most often first."""
    counts = Counter(one["entity_id"] for one in release.mentions)
    found = [(edition.entities[name], count) for name, count in counts.items() if name in edition.entities]
    return sorted(found, key=lambda one: (-one[1], one[0].name))


def _mentions(edition: Edition, release: Release) -> list[Named]:
    """Return every name in the text, in its order."""
    return [
        Named(
            row, edition.entities.get(row["entity_id"]), mail(edition, f"mentions {row['release_id']} {row['start']}")
        )
        for row in sorted(release.mentions, key=lambda row: int(row["start"]))
    ]


def _edits(edition: Edition, release: Release) -> list[Edit]:
    """Return what each later revision changed, newest first; what stayed is told once, by the text itself."""
    found = []
    for old, new in zip(release.revisions, release.revisions[1:], strict=False):
        pieces = redline(old["body"], new["body"]) if old["text_sha256"] != new["text_sha256"] else []
        about = mail(edition, f"revisions {new['release_id']} {new['revision']}")
        found.append(Edit(new, [short(piece, KEPT) for piece in pieces], about))
    return found[::-1]
