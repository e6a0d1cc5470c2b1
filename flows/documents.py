"""From the raw bytes and their journal to rows: what ingest reads, records judge and structure lays out.

A part of the steps, and the only place where the three stages meet. The journal is read as a story of each release:
told on a day, told anew when its document changed, withdrawn when a snapshot lacks it. Rows are a function of the
journal and the bytes that it names; a run that starts from nothing but these comes to the same rows.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache as once
from pathlib import Path
from typing import Any, NamedTuple

from flows import config, ingest, steward, structure, takedowns
from flows.coverage import Named
from flows.holders import Contents, Desk, Shelf, Stories, Telling, addressed, duplicate, named, otherwise, same, twice
from flows.ingest import Document, mapping, texts
from flows.ingest.mapping import LeftOut
from flows.store import Fetched, Kept, Key, Untaken
from flows.structure import Revision
from flows.validate import evidence, records
from schemas.dataset import Dataset, SourceConfig
from schemas.decisions import Correction
from schemas.release import Part, Reading
from schemas.report import Problem, Provenance, Record, Refused
from schemas.rules import problem


class Built(NamedTuple):
    """Documents as rows, before judgment."""

    records: list[Record]
    refused: list[Refused]
    noted: list[Problem]
    shown: dict[str, int]
    """By release that was told before: the number of the telling that its rows are made from."""
    corrections: list[Correction]
    """The corrections that were made."""
    named: list[Named]
    """Every release that a source named."""


Skip = Mapping[str, set[int]]
"""By release: the numbers of tellings that a judgment refused, so that an earlier one stands in."""


def structured(
    dataset: Dataset,
    journal: Iterable[Fetched],
    load: ingest.Load,
    skip: Skip | None = None,
    cache: Path | None = None,
) -> Built:
    """Return the rows of every release that the journal tells of, in an order of their own."""
    stories = takedowns.left(tell(dataset, journal, load, cache), dataset.takedowns)
    built = Built([], list(stories.refused), stories.noted, {}, [], stories.named)
    made = [
        record
        for release_id in sorted(stories.told)
        for record in _rows(release_id, stories, dataset, (skip or {}).get(release_id, set()), built)
    ]
    kept, conflicting = structure.merge(made)
    return built._replace(records=kept, refused=built.refused + conflicting)


def tell(dataset: Dataset, journal: Iterable[Fetched], load: ingest.Load, cache: Path | None = None) -> Stories:
    """Return the story of every release, line by line of the journal.

    A line is read as its sources were configured on its day, so that a mode that changed says nothing of the past. A
    source that is no longer configured withdraws nothing, and is read by the map that it had last. `cache` is a folder
    where what pages say is remembered.
    """
    journal = list(journal)
    sources_of = _remembering(dataset, load)
    configured = [sources_of(line.config.get(f"datasets/{dataset.name}.toml")) for line in journal]
    desk = _desk(dataset, configured, load)._replace(cache=cache)
    shelf = Shelf({}, {}, {})
    owners: dict[str, Key] = {}
    told: dict[str, list[Telling]] = {}
    untaken: dict[Key, Untaken] = {}
    for fetched in journal:
        sources = sources_of(fetched.config.get(f"datasets/{dataset.name}.toml"))
        for release_id in sorted(_put(fetched, shelf, desk)):
            story = told.setdefault(release_id, [])
            held_by = shelf.holders[release_id]
            if held_by:
                owners[release_id] = owner = owners[release_id] if owners.get(release_id) in held_by else min(held_by)
                _hear(story, Telling(fetched.day, addressed(release_id, owner, shelf, desk)))
            elif (source := sources.get(owners[release_id][0])) and (source.mode == "snapshot" or source.of_web):
                _hear(story, Telling(fetched.day, None))
        untaken = fetched.refused
    refused = [(key, item) for key, content in shelf.contents.items() for item in content.refused]
    refused += [(key, _untaken(key, why)) for key, why in untaken.items()]
    refused += twice(shelf, owners, desk)
    noted = [found for content in shelf.contents.values() for found in content.noted]
    noted += [*_left_out(shelf), *otherwise(owners, shelf, desk)]
    carried = frozenset(one for key, content in shelf.contents.items() for one in content.carried if owners[one] == key)
    whole = list(named(told, owners, refused, shelf, desk))
    return Stories(told, [item for _, item in refused], noted, desk.sources, carried, whole)


def _desk(dataset: Dataset, before: Iterable[dict[str, SourceConfig]], load: ingest.Load) -> Desk:
    """Return what documents are read with: every source as it is now, or as it was last in `before`, with its map."""
    sources: dict[str, SourceConfig] = {}
    for configured in before:
        sources |= configured
    sources |= {source.name: source for source in dataset.sources}
    return Desk(dataset, load, sources, {name: ingest.map_of(source) for name, source in sources.items()})


def _left_out(shelf: Shelf) -> Iterator[Problem]:
    """Yield a warning for each field of a source that its map leaves out, with the number of documents that have it."""
    found: dict[str, Counter[LeftOut]] = {}
    for (source, _), content in sorted(shelf.contents.items()):
        found.setdefault(source, Counter()).update(content.untaken)
    for source, untaken in found.items():
        for one, said in mapping.counted(untaken):
            place = next(Provenance(file=key[1]) for key in sorted(shelf.contents) if key[0] == source)
            yield problem("input.untaken", f"source {source}: {said}", field=one.field, source=place)


def _remembering(dataset: Dataset, load: ingest.Load) -> Callable[[str | None], dict[str, SourceConfig]]:
    """Return what gives the sources as the dataset's file with a digest had them; as they are now without one."""

    @once
    def sources_of(digest: str | None) -> dict[str, SourceConfig]:
        then = config.recalled(load(digest), dataset.name) if digest else None
        return {source.name: source for source in (then or dataset).sources}

    return sources_of


def _untaken(key: Key, untaken: Untaken) -> Refused:
    """Return the refusal of a file or an address that could not be taken."""
    record = Record("releases", {"release_id": None, "document": key[1]}, Provenance(file=key[1]))
    return Refused(record, problem(untaken.rule, untaken.why, record=record))


def _put(fetched: Fetched, shelf: Shelf, desk: Desk) -> set[str]:
    """Bring `shelf` to what was there after `fetched`; return the releases that it touches."""
    shelf.files.update(fetched.changed)
    for key in fetched.gone:
        shelf.files.pop(key, None)
    touched: set[str] = set()
    for key in ingest.affected([*fetched.changed, *fetched.gone], shelf.files):
        before = shelf.contents.pop(key, Contents({}, [], [], Counter(), {}))
        if key in shelf.files:
            shelf.contents[key] = _contents(key, shelf.files, desk, before)
        after = shelf.contents[key].named if key in shelf.files else {}
        for release_id in before.named.keys() - after.keys():
            shelf.holders[release_id].discard(key)
        for release_id in after:
            shelf.holders.setdefault(release_id, set()).add(key)
        touched |= before.named.keys() | after.keys()
    return touched


def _contents(key: Key, files: Mapping[Key, Kept], desk: Desk, before: Contents) -> Contents:
    """Return what a file holds; a broken one still holds what it held before, for it is no whole snapshot."""
    content = Contents({}, [], [], Counter(), {})
    for read in ingest.read(key, files, desk.load, desk.sources.get(key[0]), desk.cache):
        if isinstance(read, Problem):
            _note(read, content)
            continue
        found = _mapped(read, desk, content.untaken)
        release_id = found.value.get("id") if isinstance(found.value, dict) else None
        if not isinstance(release_id, str):
            content.refused.extend(_read(found, desk.dataset)[1])
        elif (first := content.named.setdefault(release_id, found)) is found:
            content.noted.extend(_doubts(release_id, found))
        elif same(found, first, desk):
            content.again.setdefault(release_id, []).append(found)
        else:
            content.refused.append(duplicate(found, first))
    emptied = bool(before.named) and not content.named
    broken = any(item.problem.layer == "input" for item in content.refused) or (emptied and bool(content.noted))
    if not broken:
        return content
    carried = frozenset(before.named.keys() - content.named.keys())
    return _both(before, content, desk)._replace(carried=carried)


def _both(before: Contents, now: Contents, desk: Desk) -> Contents:
    """Return what a broken file holds now, with what it held before and no address of that lost."""
    moved = {one for one, found in before.named.items() if one in now.named and same(now.named[one], found, desk)}
    again: dict[str, list[Document]] = {}
    told = [*before.again.items(), *now.again.items(), *((one, [now.named[one]]) for one in sorted(moved))]
    for release_id, found in told:
        here = again.setdefault(release_id, [])
        here += [one for one in found if one not in here]
    first = {one: found for one, found in before.named.items() if one in moved or one not in now.named}
    return now._replace(named=now.named | first, again=again)


def _mapped(document: Document, desk: Desk, untaken: Counter[LeftOut]) -> Document:
    """Return a document as that of a release, by the map of its source; what is left out is added to `untaken`."""
    source, how = desk.sources.get(document.source), desk.maps.get(document.source)
    if source is None or how is None or not isinstance(document.value, dict):
        return document
    value, left_out = mapping.mapped(document.value, how, source.title or source.name)
    untaken.update(left_out)
    return document._replace(value=_with_source(value, source))


def _with_source(value: dict[str, Any], source: SourceConfig) -> dict[str, Any]:
    """Return a document with the issuer and the language of its source, where it has none of its own."""
    found = {"language": source.language} | value if source.language else value
    if source.issuer is None or "issuer" in value:
        return found
    issuer = source.issuer.model_dump(mode="json", exclude_none=True)
    return found | {"issuer": source.issuer.id, "organizations": [*value.get("organizations", []), issuer]}


def _note(found: Problem, content: Contents) -> None:
    """Refuse what could not be read, or note what is no release."""
    if found.severity == "error":
        place = found.source or Provenance(file="?")
        content.refused.append(Refused(Record("releases", {"release_id": None, "document": found.value}, place), found))
    else:
        content.noted.append(found)


def _hear(story: list[Telling], telling: Telling) -> None:
    """Add `telling` to the story where it says something new; the same document again only moves its place."""
    last = story[-1] if story else None
    if last and last.document and telling.document and last.document.value == telling.document.value:
        story[-1] = last._replace(document=telling.document)
    elif not last or last.document or telling.document:
        story.append(telling)


def _doubts(release_id: str, document: Document) -> Iterator[Problem]:
    """Yield a warning for each sign that the text of a release was spoilt, lost letters or its end."""
    body = document.value.get("body")
    record = Record("releases", {"release_id": release_id}, document.place)
    for rule, message, shown in texts.faults(body) if isinstance(body, str) else ():
        yield problem(rule, message, record=record, field="body", value=shown)


def _rows(release_id: str, stories: Stories, dataset: Dataset, skip: set[int], built: Built) -> Iterator[Record]:
    """Yield the rows of a release from its last good telling; what the last one lacks to be good is refused."""
    story = stories.told[release_id]
    heard = {number: telling.document for number, telling in enumerate(story) if telling.document}
    good: dict[int, Reading] = {}
    for number, document in heard.items():
        last = number == max(heard)
        reading, refused = _read(document, dataset, newest=last)
        if last and number not in skip:
            built.refused.extend(refused)
        if reading and number not in skip and (last or not evidence.judge_head(reading)):
            good[number] = reading
    if not good:
        return
    shown = max(good)
    stale = shown < max(heard) or release_id in stories.carried
    if stale:
        built.noted.append(_stands_in(release_id, story[shown].day, good[shown], read=shown < max(heard)))
    if len(heard) > 1:
        built.shown[release_id] = shown
    built.corrections.extend(one for one in dataset.corrections if one.release == release_id)
    built.noted.extend(good[shown].noted)
    moved, warning = structure.anchored(good[shown])
    built.noted.extend([warning] if warning else [])
    source = stories.sources.get(moved.source)
    licence = source.licence if source else None
    yield from structure.rows(_with_issuer(moved, dataset), licence, _revisions(story, good), newer_refused=stale)


def _with_issuer(reading: Reading, dataset: Dataset) -> Reading:
    """Return the reading with its issuer as the dataset describes it, where the document does not."""
    own = {part.value.id for part in reading.parts if part.table == "organizations"}
    told = [one for one in dataset.issuers if one.id == reading.release.issuer and one.id not in own]
    return reading._replace(parts=[*reading.parts, *(Part("organizations", one, reading.place) for one in told)])


def _stands_in(release_id: str, day: str, reading: Reading, *, read: bool) -> Problem:
    """Return the warning that a document of an earlier day stands in for one that is refused, or cannot be read."""
    record = Record("releases", {"release_id": release_id}, reading.place)
    newer = "its newer document is refused" if read else "its file can no longer be read whole"
    return problem("quarantine.stands-in", f"{newer}; that of {day} stands in", record=record)


def _revisions(story: list[Telling], good: Mapping[int, Reading]) -> list[Revision]:
    """Return the texts of a release in the order in which they were seen, and when it was withdrawn or restored."""
    seen: list[Revision] = []
    for number, telling in enumerate(story):
        if telling.document is None and seen:
            seen.append(seen[-1]._replace(seen_on=telling.day, change="withdrawn"))
        elif number in good:
            body = structure.text_of(good[number].release.body)
            text = Revision(structure.digest(body), body, telling.day, structure.change(seen, body))
            seen += [text] if text.change else []
    return seen


def _read(document: Document, dataset: Dataset, *, newest: bool = True) -> tuple[Reading | None, list[Refused]]:
    source, value, place = document
    mended = steward.corrected(value, dataset.corrections, newest=newest)
    return records.read_document(source, mended, place, dataset.ignore.get(source, ()))
