"""Release documents into rows of the tables: ids, evidence, order, entities; no judgment.

Nothing depends on the order of a document's lists: ids come from local ids or words, positions from the text.
"""

import hashlib
import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from schemas.release import Entity, Fact, Mention, Part, Participant, Reading, Release, Span
from schemas.report import Problem, Provenance, Record, Refused
from schemas.rules import problem
from schemas.tables import ENTITY_TABLES, FACT_TABLES, TABLES
from schemas.values import LIST_MARK

TYPES = {table: kind for kind, table in (FACT_TABLES | ENTITY_TABLES).items()}
"""The type of what a table holds, as the registries name it."""

IDENTITY = {
    "roles": ("person_id", "title"),
    "meetings": ("kind", "evidence"),
    "agreements": ("kind", "title"),
    "commitments": ("action",),
    "quotes": ("text",),
    "statements": ("verb", "text"),
}
"""The words that tell two facts of a table apart: what an id is made from where the document gives none."""


Structured = tuple[Part, dict[str, Any]]
"""A fact of a document and its row."""


class Revision(NamedTuple):
    """A text of a release, the day it was seen, and what set it apart from the one before."""

    text_sha256: str
    body: str
    seen_on: str
    change: str


def text_of(body: str) -> str:
    """Return a body as every offset counts in it: as received, CRLF as LF."""
    return body.replace("\r\n", "\n") if "\r" in body else body


@lru_cache(maxsize=4)
def digest(text: str) -> str:
    """Return the SHA-256 of `text` in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def anchored(reading: Reading) -> tuple[Reading, Problem | None]:
    """Return the reading with its spans in the places of the text as it is now, and a warning where it was edited.

    Only for a document that says in which text its offsets were counted. Words that stand once in the new text tell
    how far their surroundings moved; a span moves by what its neighbours moved, if its words then stand there, and
    is left where it was if they do not.
    """
    release, body = reading.release, text_of(reading.release.body)
    if release.text_sha256 is None or release.text_sha256 == digest(body):
        return reading, None
    spans = [span for part in reading.parts for span in _spans(part)]
    marks = sorted(
        (span.start, body.find(_words(span)) - span.start) for span in spans if body.count(_words(span)) == 1
    )
    parts = [_moved(part, body, marks) for part in reading.parts]
    message = "the text was edited after its spans were counted; they were looked for by their words"
    record = Record("releases", {"release_id": release.id}, reading.place)
    return reading._replace(parts=parts), problem("evidence.text-changed", message, record=record, field="text_sha256")


def _spans(part: Part) -> list[Any]:
    return [part.value] if isinstance(part.value, Mention) else getattr(part.value, "spans", [])


def _words(span: Any) -> str:
    return str(span.name if isinstance(span, Mention) else span.text)


def _moved(part: Part, body: str, marks: list[tuple[int, int]]) -> Part:
    if isinstance(part.value, Mention):
        return part._replace(value=_placed(part.value, body, marks))
    if isinstance(part.value, Fact):
        spans = [_placed(span, body, marks) for span in part.value.spans]
        return part._replace(value=part.value.model_copy(update={"spans": spans}))
    return part


def _placed(span: Any, body: str, marks: list[tuple[int, int]]) -> Any:
    """Return `span` moved as the mark before it or the mark after it moved, if its words stand there."""
    at = bisect_right(marks, (span.start, len(body)))
    for _, shift in [*marks[max(at - 1, 0) : at + 1], (0, 0)]:
        if body.startswith(_words(span), span.start + shift):
            return span.model_copy(update={"start": span.start + shift, "end": span.end + shift})
    return span


def change(seen: list[Revision], body: str) -> str:
    """Return what `body` is after the texts `seen`: first, edited, restored, or nothing new."""
    if not seen:
        return "first"
    if seen[-1].change == "withdrawn":
        return "restored"
    return "edited" if seen[-1].body != body else ""


def rows(
    reading: Reading, licence: str | None, revisions: list[Revision], *, newer_refused: bool = False
) -> Iterator[Record]:
    """Yield the rows that a document gives: release, revisions, entities, mentions, facts with their spans."""
    release, place = reading.release, reading.place
    body = text_of(release.body)
    told = {"revision": len(revisions), "status": _status(revisions), "newer_refused": newer_refused}
    yield Record("releases", _release(release, body, licence) | told, place)
    for number, revision in enumerate(revisions, 1):
        yield Record("revisions", {"release_id": release.id, "revision": number} | revision._asdict(), place)
    names = {part.value.id: part.value.name for part in reading.parts if isinstance(part.value, Entity)}
    facts: list[Structured] = []
    for part in reading.parts:
        if isinstance(part.value, Entity):
            yield _entity(part.table, part.value, part.place)
        elif isinstance(part.value, Fact):
            facts.append((part, _fact(part.value, release.id, body)))
        else:
            values = part.value.model_dump(mode="json")
            yield Record("mentions", {"release_id": release.id} | values, part.place)
    for (part, values), fact_id in zip(facts, _fact_ids(release.id, facts), strict=True):
        yield from _fact_rows(part, values | {"fact_id": fact_id}, names)


def merge(records: Iterable[Record]) -> tuple[list[Record], list[Refused]]:
    """Return the records with each entity once, and those refused because they tell an entity in another way.

    What most releases say of a field stands, what the first by id says where as many say one thing as another; a
    release that says nothing of a field contradicts none.
    """
    records = list(records)
    told: dict[str, list[Record]] = {}
    for record in records:
        if record.table in ENTITY_TABLES.values():
            told.setdefault(record.key, []).append(record)
    standing = {key: _standing(versions) for key, versions in told.items()}
    kept = [record for record in records if record.table not in MERGED]
    kept += [row for stands in standing.values() for row in (_registered(stands), stands)]
    entities = (record for versions in told.values() for record in versions)
    refused = [Refused(record, found) for record in entities if (found := _conflict(standing[record.key], record))]
    return kept, refused


def _standing(told: list[Record]) -> Record:
    """Return an entity as most releases tell it, field by field, in the place of the first that tells it so."""
    table = _most(record.table for record in told)
    of_table = [record for record in told if record.table == table]
    values = {name: _most(record.values[name] for record in of_table) for name in of_table[0].values}
    first = next((record for record in of_table if not _differing(values, record)), of_table[0])
    return Record(str(table), values, first.source)


def _most(values: Iterable[Any]) -> Any:
    """Return the value that is told most often, the first of them; None where nothing is told."""
    counts = Counter(value for value in values if value is not None)
    return max(counts, key=counts.__getitem__, default=None)


def _registered(stands: Record) -> Record:
    key, name = stands.values[TABLES[stands.table].key[0]], stands.values["name"]
    return Record("entities", {"entity_id": key, "type": TYPES[stands.table], "name": name}, stands.source)


def _differing(stands: dict[str, Any], record: Record) -> str | None:
    """Return the first field of `record` that says something else than what stands."""
    told = ((name, value) for name, value in record.values.items() if value is not None)
    return next((name for name, value in told if value != stands.get(name)), None)


MERGED = set(ENTITY_TABLES.values())


def _conflict(stands: Record, record: Record) -> Problem | None:
    if record.table != stands.table:
        message = f"{record.key} is one of the {stands.table} in {stands.source}"
        return problem("record.conflict", message, record=record, field=TABLES[record.table].key[0], value=record.key)
    field = _differing(stands.values, record)
    if field is None:
        return None
    message = f"{record.key} has another {field} in {stands.source}: {stands.values[field]!r}"
    return problem("record.conflict", message, record=record, field=field, value=record.values[field])


def _release(release: Release, body: str, licence: str | None) -> dict[str, Any]:
    given = release.model_dump(mode="json")
    own = {name: given[name] for name in TABLES["releases"].model_fields if name in given}
    return own | {
        "release_id": release.id,
        "issuer_id": release.issuer,
        "word_count": len(body.split()),
        "body": body,
        "text_sha256": digest(body),
        "source_name": release.source.name,
        "source_url": release.source.url,
        "licence": release.source.licence or licence,
    }


def _status(revisions: list[Revision]) -> str:
    """Return whether the text still stands as first seen."""
    if revisions[-1].change == "withdrawn":
        return "withdrawn"
    return "edited" if any(revision.change == "edited" for revision in revisions) else "current"


def _entity(table: str, entity: Entity, place: Provenance) -> Record:
    values = entity.model_dump(mode="json")
    entity_id, names = values.pop("id"), values.pop("other_names")
    return Record(table, {TABLES[table].key[0]: entity_id, **values, "other_names": _joined(names)}, place)


def _fact(fact: Fact, release_id: str, body: str) -> dict[str, Any]:
    """Return the row of a fact without its id, and its spans numbered in the order of the text."""
    values = fact.model_dump(mode="json", exclude={"id", "participants", "spans"})
    if "topics" in values:
        values["topics"] = _joined(values["topics"])
    for link in ("parent_id", "agreement_id"):
        if values.get(link):
            values[link] = f"{release_id}/{values[link]}"
    start, end = _cover(fact.spans)
    evidence = body[start:end] or min(fact.spans, key=lambda span: (span.start, span.end, span.text)).text
    return {"release_id": release_id, **values, "evidence": evidence, "evidence_start": start, "evidence_end": end}


def _cover(spans: Iterable[Span]) -> tuple[int, int]:
    """Return the stretch from the first to the last evidence span; of all spans where none is called evidence."""
    spans = list(spans)
    stating = [span for span in spans if span.field == "evidence"] or spans
    return min(span.start for span in stating), max(span.end for span in stating)


def _fact_ids(release_id: str, facts: list[Structured]) -> Iterator[str]:
    """Yield the id of each fact: its local id, or twelve digits of a hash of its words and its place among equals."""
    ordinals = _ordinals(facts)
    for number, (part, values) in enumerate(facts):
        if part.value.id:
            yield f"{release_id}/{part.value.id}"
        else:
            words = json.dumps([*_identity(part.table, values), ordinals[number]], ensure_ascii=False)
            yield f"{release_id}/{digest(words)[:12]}"


def _ordinals(facts: list[Structured]) -> dict[int, int]:
    """Return for each fact its place among those of the same words, in the order of the text."""
    order = sorted(range(len(facts)), key=lambda n: _place_and_words(*facts[n]))
    seen: Counter[tuple[str, ...]] = Counter()
    ordinals = {}
    for number in order:
        part, values = facts[number]
        words = _identity(part.table, values)
        ordinals[number] = seen[words]
        seen[words] += 1
    return ordinals


def _place_and_words(part: Part, values: dict[str, Any]) -> tuple[int, str]:
    """Return what orders two facts whatever their order in the document: where they stand, then all that they say."""
    people = sorted(one.value.model_dump_json() for one in part.participants)
    spans = sorted(span.model_dump_json() for span in part.value.spans)
    return values["evidence_start"], json.dumps([values, people, spans], sort_keys=True)


def _identity(table: str, values: dict[str, Any]) -> tuple[str, ...]:
    return (table, *(_normal(str(values.get(field))) for field in IDENTITY[table]))


def _normal(words: str) -> str:
    return re.sub(r"\W+", " ", words.casefold()).strip()


def _fact_rows(part: Part, values: dict[str, Any], names: dict[str, str]) -> Iterator[Record]:
    fact_id = values["fact_id"]
    registry = {"fact_id": fact_id, "type": TYPES[part.table], "release_id": values["release_id"]}
    yield Record("facts", registry, part.place)
    yield Record(part.table, values, part.place)
    spans = list(enumerate(part.value.spans))
    parts: Counter[str] = Counter()
    for number, span in sorted(spans, key=lambda item: (item[1].start, item[1].end, item[1].text)):
        parts[span.field] += 1
        row = {"fact_id": fact_id, "part": parts[span.field], **span.model_dump(mode="json")}
        yield Record("spans", row, part.place.at("spans", number))
    yield from _participants(part, values, names)


def _participants(part: Part, values: dict[str, Any], names: dict[str, str]) -> Iterator[Record]:
    """Yield who takes part, numbered within each role in the order in which the evidence names them."""

    def order(one: Part) -> tuple[bool, int, str]:
        who: Participant = one.value
        at = _place(who.text or names.get(who.entity_id or "", ""), values["evidence"])
        return at < 0, at, who.entity_id or who.text or ""

    positions: Counter[str] = Counter()
    for one in sorted(part.participants, key=order):
        role = one.value.role
        positions[role] += 1
        row = {"fact_id": values["fact_id"], "position": positions[role], **one.value.model_dump(mode="json")}
        yield Record("participants", row, one.place)


def _place(name: str, evidence: str) -> int:
    """Return where `evidence` has the name, or the last word of it, as it has people who were named before; else -1."""
    at = evidence.find(name) if name else -1
    return at if at >= 0 or not name else evidence.find(name.rsplit(maxsplit=1)[-1])


def _joined(items: Iterable[str]) -> str | None:
    return LIST_MARK.join(sorted(set(items))) or None
