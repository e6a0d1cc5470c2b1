"""What was taken down is left out: a release by its id, and whatever comes later with what was its alone.

A source may give a release another id: its address changes, or another source tells it. So a takedown keeps what the
release is known by, the addresses and the digests of the texts that no other release has.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from flows.coverage import Named
from flows.holders import Stories, Telling, addresses
from flows.structure import digest, text_of
from schemas.decisions import Ruling
from schemas.report import Problem, Provenance, Record
from schemas.rules import problem

Mark = tuple[str, str]
"""What a document is known by: the name of a field of Ruling, and its value there."""


class Known(NamedTuple):
    """What a release is known by."""

    own: list[Mark]
    """What no release has that stands or stood beside it."""
    alike: list[str]
    """Releases that stand and have a text or an address of it."""


def left(stories: Stories, takedowns: Iterable[Ruling]) -> Stories:
    """Return the stories without what was taken down: where it was found and by whose word it went, and no more."""
    takedowns = list(takedowns)
    if not takedowns:
        return stories
    gone, ruled = _gone(stories.told, takedowns), partial(_ruling, _by_mark(takedowns))
    broken = [item.record for item in stories.refused]
    places = {_document(record): one for record in broken if (one := ruled(marks(record.values)))}
    entries = {str(place): one for place, one in places.items()}
    refused = (item for item in stories.refused if str(item.record.values.get("release_id")) not in gone)
    noted = [found for found in stories.noted if found.key is None or found.key.split()[0] not in gone]
    return stories._replace(
        told={release_id: story for release_id, story in stories.told.items() if release_id not in gone},
        refused=[item for item in refused if _document(item.record) not in places],
        noted=[*noted, *_doubts(stories.told, gone)],
        named=[_explained(one, gone.get(str(one.release_id)) or entries.get(one.entry)) for one in stories.named],
    )


def known_by(release_id: str, told: Mapping[str, list[Telling]], takedowns: Iterable[Ruling]) -> Known:
    """Return what a release is known by, given what was taken down before."""
    gone = {release_id, *_gone(told, list(takedowns))}
    mine = _ever(told.get(release_id, ()))
    others = {other: found for other, story in told.items() if other not in gone and (found := mine & _ever(story))}
    alike = sorted(other for other in others if told[other][-1].document)
    return Known(sorted(mine.difference(*others.values())), alike)


def _gone(told: Mapping[str, list[Telling]], takedowns: list[Ruling]) -> dict[str, Ruling]:
    """Return what is left out, by whose word: by its id, by a text that it ever had, or by an address that it has."""
    ruled = partial(_ruling, _by_mark(takedowns))
    found = {release_id: one for release_id, story in told.items() if (one := ruled(_now(story)))}
    return found | {str(one.release): one for one in takedowns}


def _doubts(told: Mapping[str, list[Telling]], gone: Mapping[str, Ruling]) -> Iterator[Problem]:
    """Yield a warning for each document that is left out for its address alone: it may be another release."""
    for release_id, ruling in sorted(gone.items()):
        document = told[release_id][-1].document if release_id in told else None
        texts = {value for kind, value in _ever(told.get(release_id, ())) if kind == "texts"}
        if document and release_id != ruling.release and not texts & {*ruling.texts}:
            message = f"left out: it has the address of {ruling.release}, which {ruling.by} took down, and another text"
            yield problem("input.taken-down", message, table="releases", field="source.url", source=document.place)


def marks(value: Any) -> set[Mark]:
    """Return what a document is known by: its id, its addresses, its text."""
    if not isinstance(value, dict):
        return set()
    body, release_id = value.get("body"), value.get("id")
    text = {("texts", digest(text_of(body)))} if isinstance(body, str) else set()
    known = {("release", release_id)} if isinstance(release_id, str) else set()
    return known | text | {("addresses", one) for one in addresses(value)}


def _ever(story: Iterable[Telling]) -> set[Mark]:
    """Return what a release was ever known by."""
    return {mark for telling in story if telling.document for mark in marks(telling.document.value)}


def _now(story: list[Telling]) -> set[Mark]:
    """Return what a release was ever known by, but of its addresses those that it has."""
    newest = _ever(story[-1:]) or _ever(story[-2:-1])
    return {mark for mark in _ever(story) if mark[0] != "addresses" or mark in newest}


def _by_mark(takedowns: Iterable[Ruling]) -> dict[Mark, Ruling]:
    return {mark: ruling for ruling in takedowns for mark in _marks_of(ruling)}


def _marks_of(ruling: Ruling) -> Iterator[Mark]:
    yield "release", str(ruling.release)
    yield from (("addresses", one) for one in ruling.addresses)
    yield from (("texts", one) for one in ruling.texts)


def _ruling(known: Mapping[Mark, Ruling], found: set[Mark]) -> Ruling | None:
    """Return the takedown of what is known by `found`, one of its id before any other; None where there is none."""
    met = sorted(found & known.keys(), key=lambda mark: (mark[0] != "release", mark))
    return known[met[0]] if met else None


def _document(record: Record) -> Provenance:
    """Return where the document lies that a record is of."""
    return record.source.model_copy(update={"pointer": None})


def _explained(one: Named, ruling: Ruling | None) -> Named:
    return one._replace(rule=None, why=f"taken down by {ruling.by}: {ruling.reason}") if ruling else one
