"""What was taken down is left out: a release by its id, and whatever comes later with what was its alone.

A source may give a release another id: its address changes, or another source tells it. So a takedown keeps what the
release is known by, the addresses and the digests of the texts that no other release has.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from flows.coverage import Named
from flows.holders import Stories, Telling, addresses
from flows.structure import digest, text_of
from schemas.decisions import Ruling
from schemas.report import Provenance, Record

Mark = tuple[str, str]
"""What a document is known by: the name of a field of Ruling, and its value there."""


def left(stories: Stories, takedowns: Iterable[Ruling]) -> Stories:
    """Return the stories without what was taken down: where it was found and by whose word it went, and no more."""
    gone = {str(one.release): one for one in takedowns}
    if not gone:
        return stories
    ruled = partial(_ruling, {mark: ruling for ruling in takedowns for mark in _marks_of(ruling)})
    gone |= {release_id: one for release_id, story in stories.told.items() if (one := ruled(_ever(story)))}
    broken = [item.record for item in stories.refused]
    places = {_document(record): one for record in broken if (one := ruled(marks(record.values)))}
    entries = {str(place): one for place, one in places.items()}
    refused = (item for item in stories.refused if str(item.record.values.get("release_id")) not in gone)
    return stories._replace(
        told={release_id: story for release_id, story in stories.told.items() if release_id not in gone},
        refused=[item for item in refused if _document(item.record) not in places],
        noted=[found for found in stories.noted if found.key is None or found.key.split()[0] not in gone],
        named=[_explained(one, gone.get(str(one.release_id)) or entries.get(one.entry)) for one in stories.named],
    )


def known_by(release_id: str, told: Mapping[str, list[Telling]], takedowns: Iterable[Ruling]) -> list[Mark]:
    """Return what a release is known by, sorted; what another one has too that was not taken down is not its own."""
    down = {release_id, *(ruling.release for ruling in takedowns)}
    others = {mark for other, story in told.items() if other not in down for mark in _ever(story)}
    return sorted(_ever(told.get(release_id, ())) - others)


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
