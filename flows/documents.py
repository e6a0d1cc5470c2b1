"""From the raw bytes and their journal to rows: what ingest reads, records judge and structure lays out.

A part of the steps: the only place where the three stages meet. Rows are a function of the journal and the bytes it
names, in an order of their own.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from flows import ingest, store, structure
from flows.ingest import Document
from flows.store import Fetched, Kept, Key
from flows.structure import Revision
from flows.validate import records
from schemas.dataset import Dataset
from schemas.release import Reading
from schemas.report import Problem, Provenance, Record, Refused
from schemas.rules import problem


class Built(NamedTuple):
    """Documents as rows, before judgment."""

    records: list[Record]
    refused: list[Refused]
    noted: list[Problem]


def structured(dataset: Dataset, journal: list[Fetched], load: ingest.Load) -> Built:
    """Return the rows of the documents that are there after the last line of `journal`, in an order of their own."""
    built = Built([], [], [])
    readings = _readings(dataset, store.state(journal), load, built)
    history = revisions(journal, load)
    licences = {source.name: source.licence for source in dataset.sources}
    made: list[Record] = []
    for reading in readings:
        moved, warning = structure.anchored(reading)
        built.noted.extend([warning] if warning else [])
        made += structure.rows(moved, licences[reading.source], history[reading.release.id])
    kept, conflicting = structure.merge(made)
    return Built(built.records + kept, built.refused + conflicting, built.noted)


def revisions(journal: Iterable[Fetched], load: ingest.Load) -> dict[str, list[Revision]]:
    """Return every text of every release in the order in which the journal says it was received."""
    files: dict[Key, Kept] = {}
    seen: dict[str, list[Revision]] = {}
    for fetched in journal:
        files |= fetched.changed
        for key in fetched.gone:
            files.pop(key, None)
        found = ingest.documents(files, load, set(fetched.changed))
        texts = {
            release_id: body for one in found if isinstance(one, Document) for release_id, body in _text(one.value)
        }
        for release_id, body in texts.items():
            revision = Revision(structure.digest(body), body, fetched.day)
            told = seen.setdefault(release_id, [])
            if not told or told[-1].text_sha256 != revision.text_sha256:
                told.append(revision)
    return seen


def _readings(dataset: Dataset, files: Mapping[Key, Kept], load: ingest.Load, built: Built) -> list[Reading]:
    """Return the documents that fit, by release id; all others are added to `built`."""
    readings = []
    for found in ingest.documents(files, load):
        if isinstance(found, Problem):
            _note(found, built)
            continue
        reading, refused = records.read_document(*found, dataset.ignore.get(found.source, ()))
        built.refused.extend(refused)
        readings += [reading] if reading else []
    readings.sort(key=lambda reading: (reading.release.id, reading.place.file, reading.place.line or 0))
    return _once(readings, built)


def _note(found: Problem, built: Built) -> None:
    """Refuse what could not be read, or note what is no release."""
    if found.severity == "error":
        place = found.source or Provenance(file="?")
        built.refused.append(Refused(Record("releases", {"release_id": None, "document": found.value}, place), found))
    else:
        built.noted.append(found)


def _once(readings: list[Reading], built: Built) -> list[Reading]:
    """Return one reading a release id; a later one is refused whole."""
    first: dict[str, Reading] = {}
    for reading in readings:
        kept = first.setdefault(reading.release.id, reading)
        if kept is not reading:
            values = {"release_id": reading.release.id} | reading.release.model_dump(mode="json")
            record = Record("releases", values, reading.place)
            found = problem(
                "record.duplicate",
                f"this id is already that of {kept.place}",
                record=record,
                field="id",
                value=reading.release.id,
            )
            built.refused.append(Refused(record, found))
    return list(first.values())


def _text(value: Any) -> list[tuple[str, str]]:
    """Return the id and the text of a document, where it has both."""
    fits = isinstance(value, dict) and isinstance(value.get("id"), str) and isinstance(value.get("body"), str)
    return [(value["id"], structure.text_of(value["body"]))] if fits else []
