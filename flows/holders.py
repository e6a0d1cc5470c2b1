"""Which files hold which releases: each at one place or at several, and what a source named in all.

A release at two addresses is one: documents of one id and one text, found at different addresses, or by two listings of
the web. Its row has every address; a document of that id with another text is another release's, and refused.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from flows import ingest
from flows.coverage import Named
from flows.ingest import Document
from flows.ingest.mapping import LeftOut
from flows.store import Kept, Key
from schemas.dataset import Dataset, SourceConfig
from schemas.mapping import Mapping as FieldMap
from schemas.report import Problem, Record, Refused
from schemas.rules import problem

UNNAMED = ("input.unfinished", "input.total")
"""What is told of a listing that has more than it could name."""


class Telling(NamedTuple):
    """What was heard of a release on a day: its document, or None when a snapshot lacked it."""

    day: str
    document: Document | None


class Stories(NamedTuple):
    """All that the journal tells: every telling of each release, and what is there now but is no release."""

    told: dict[str, list[Telling]]
    refused: list[Refused]
    noted: list[Problem]
    sources: dict[str, SourceConfig]
    """Every source that the journal knows of, as it was last configured."""
    carried: frozenset[str]
    """Releases whose file can no longer be read whole."""
    named: list[Named]
    """Every release that a source named."""


class Contents(NamedTuple):
    """What a file holds: documents by release id, and what is none."""

    named: dict[str, Document]
    refused: list[Refused]
    noted: list[Problem]
    untaken: Counter[LeftOut]
    """What its documents have and their releases have not, with no one's word."""
    again: dict[str, list[Document]]
    """By release: documents that tell it once more, from another address."""
    carried: frozenset[str] = frozenset()
    """Releases that it held before it was broken, and that can no longer be read."""


class Shelf(NamedTuple):
    """What is there after a line of the journal: files, what each holds, and which of them hold a release."""

    files: dict[Key, Kept]
    contents: dict[Key, Contents]
    holders: dict[str, set[Key]]


class Desk(NamedTuple):
    """What documents are read with."""

    dataset: Dataset
    load: ingest.Load
    sources: dict[str, SourceConfig]
    maps: dict[str, FieldMap | None]
    """By source: how its fields become those of a release."""
    cache: Path | None = None
    """A folder where what pages say is remembered."""


def addressed(release_id: str, owner: Key, shelf: Shelf, desk: Desk) -> Document:
    """Return the document of a release, with every other address at which the same was found."""
    first, alike = _told(release_id, owner, shelf, desk)
    if not alike:
        return first
    found = set[str]().union(*(addresses(one.value) for one in (first, *alike)))
    elsewhere = sorted(found - {first.value["source"].get("url")})
    return first._replace(value=first.value | {"source": first.value["source"] | {"other_urls": elsewhere}})


def _told(release_id: str, owner: Key, shelf: Shelf, desk: Desk) -> tuple[Document, list[Document]]:
    """Return the document of a release, and those that tell the same once more."""
    first = shelf.contents[owner].named[release_id]
    held_by = sorted(shelf.holders[release_id])
    others = [shelf.contents[key].named[release_id] for key in held_by if key != owner]
    others += [one for key in held_by for one in shelf.contents[key].again.get(release_id, ())]
    return first, [one for one in others if same(one, first, desk)]


def otherwise(owners: Mapping[str, Key], shelf: Shelf, desk: Desk) -> Iterator[Problem]:
    """Yield a warning for each document that tells a release once more, and tells something of it in another way."""
    for release_id in sorted(one for one, keys in shelf.holders.items() if keys):
        first, alike = _told(release_id, owners[release_id], shelf, desk)
        for found in alike:
            fields = ", ".join(_differing(first, found, desk))
            if fields:
                told = f"{first.place} tells the same release and was taken; here another {fields} is told"
                yield problem(
                    "input.told-twice", told, table="releases", key=release_id, field=fields, source=found.place
                )


def _differing(first: Document, found: Document, desk: Desk) -> list[str]:
    """Return the fields in which two documents differ, but for where they are from and what is ignored by name."""
    here, there = (
        {
            name: value
            for name, value in one.value.items()
            if name not in ("source", *desk.dataset.ignore.get(one.source, ()))
        }
        for one in (first, found)
    )
    return [name for name in dict.fromkeys([*here, *there]) if here.get(name) != there.get(name)]


def same(found: Document, first: Document, desk: Desk) -> bool:
    """Return whether two documents of one id are one release: the same text, at two addresses or in two listings."""
    here, there = addresses(found.value), addresses(first.value)
    source = desk.sources.get(found.source)
    files = (found.source, found.place.file), (first.source, first.place.file)
    apart = here != there or (source is not None and source.of_web and files[0] != files[1])
    return bool(here and there) and apart and found.value.get("body") == first.value.get("body")


def addresses(value: Mapping[str, Any]) -> set[str]:
    """Return the addresses that a document gives of itself."""
    source = value.get("source")
    url, others = (source.get("url"), source.get("other_urls")) if isinstance(source, dict) else (None, None)
    return {one for one in (url, *(others if isinstance(others, list) else ())) if isinstance(one, str)}


def twice(shelf: Shelf, owners: Mapping[str, Key], desk: Desk) -> list[tuple[Key, Refused]]:
    """Return the documents that give the id of a release which another file tells, and are not the same, by file."""
    pairs = (
        (key, shelf.contents[key].named[release_id], shelf.contents[owners[release_id]].named[release_id])
        for release_id, keys in sorted(shelf.holders.items())
        for key in sorted(keys - {owners.get(release_id)})
    )
    return [(key, duplicate(found, first)) for key, found, first in pairs if not same(found, first, desk)]


def duplicate(document: Document, first: Document) -> Refused:
    """Return the refusal of a document that gives the id of another."""
    release_id = document.value["id"]
    record = Record("releases", {"release_id": release_id} | document.value, document.place)
    message = f"this id is already that of {first.place}"
    return Refused(record, problem("record.duplicate", message, record=record, field="id", value=release_id))


def named(
    told: Mapping[str, list[Telling]],
    owners: Mapping[str, Key],
    refused: Iterable[tuple[Key, Refused]],
    shelf: Shelf,
    desk: Desk,
) -> Iterator[Named]:
    """Yield every release that a source named: those that were told, could not be read, or were never to go out."""
    web = {name for name, source in desk.sources.items() if source.of_web}
    for release_id, story in told.items():
        document = next(telling.document for telling in reversed(story) if telling.document)
        for (source, file), found in _tellers(release_id, owners[release_id], document, shelf, desk).items():
            yield Named(source, file if source in web else str(found.place), _day(found.value), release_id)
    folders = {(name, source.folder) for name, source in desk.sources.items()}
    heard = {source for source, _ in [*owners.values(), *shelf.files]}
    for key, (record, broken) in refused:
        if record.table != "releases":
            continue
        source, file = key
        of_web = source in web
        listing = key not in shelf.files and (of_web or key in folders)
        if listing and source in heard and broken.rule not in UNNAMED:
            continue
        item = desk.load(shelf.files[key].sha256) if of_web and not listing else None
        day = ingest.day_of(desk.sources[source], item) if item else None
        place = file if of_web else str(record.source)
        yield Named(source, place, day or _day(record.values), None, broken.rule, broken.message)
    for key in sorted(shelf.files.keys() - {*owners.values()}):
        if key[0] in web and not shelf.contents[key].named:
            yield from _kept_back(key, shelf, desk)


def _kept_back(key: Key, shelf: Shelf, desk: Desk) -> Iterator[Named]:
    """Yield an item that was never had and that its publisher does not let go out, with his word for it."""
    source, item = desk.sources[key[0]], desk.load(shelf.files[key].sha256)
    if word := ingest.called_back(source, item):
        yield Named(*key, ingest.day_of(source, item), None, None, f"its publisher says that it is {word}")


def _tellers(release_id: str, owner: Key, document: Document, shelf: Shelf, desk: Desk) -> dict[Key, Document]:
    """Return what tells of a release, a file for each source that names it: its owner, and others with the same."""
    found = {owner[0]: (owner, document)}
    for key in sorted(shelf.holders.get(release_id, ())):
        other = shelf.contents[key].named[release_id]
        if key[0] not in found and same(other, document, desk):
            found[key[0]] = key, other
    return dict(found.values())


def _day(value: Any) -> str | None:
    """Return the day of publication that a document states, as it states it."""
    day = value.get("published_on") if isinstance(value, dict) else None
    return day if isinstance(day, str) else None
