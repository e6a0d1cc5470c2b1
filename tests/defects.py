"""What is put wrong in the tests of bad input, and the verdict on it.

A defect is a value that does not belong in a copy of the seed; a breach is a line that cannot be read.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from flows import documents, ingest, preview, store
from flows.publish import package
from flows.validate.judge import Verdict, judge
from schemas.dataset import Dataset
from schemas.report import Record
from tests.conftest import AS_OF, SEED
from tests.publishing import fetch_files

FILE = "releases.jsonl"
DATASET = Dataset.model_validate(preview.FOR_FILES)


class Defect(NamedTuple):
    """A value put where it does not belong in a copy of the seed, and the problem that it is."""

    part: str
    """JSON Pointer of the part that it costs; empty for the whole release."""
    within: str
    """Pointer of the value within that part; empty for the part itself."""
    value: Any
    rule: str
    in_field: str | None = None
    """The field that the problem names, where it is another than the place says."""
    as_shown: str | None = None
    """The value that the problem shows, where it is another."""

    @property
    def where(self) -> str:
        """Pointer of the value."""
        return self.part + self.within

    @property
    def table(self) -> str:
        """The table of the part."""
        return next((step for step in reversed(self.part.split("/")) if step and not step.isdigit()), "releases")

    @property
    def field(self) -> str | None:
        """The field that the problem names."""
        return self.in_field or ".".join(step for step in self.within.split("/") if step and not step.isdigit()) or None

    @property
    def shown(self) -> str | None:
        """The value that the problem shows: a list as JSON has it."""
        if self.as_shown or self.value is None:
            return self.as_shown
        return json.dumps(self.value, ensure_ascii=False) if isinstance(self.value, list | bool) else str(self.value)

    @property
    def place(self) -> str:
        """The pointer that the problem has: to the part where the row of a part is judged, else to the value."""
        return self.part if self.part and not self.rule.startswith("record.") else self.where


RELEASE = ""
VISIT = "/meetings/8"
"""A meeting that nothing else refers to, with one participant and one span."""
VISITOR = f"{VISIT}/participants/0"
LETTER, MEMORANDUM = "/agreements/0", "/agreements/1"
VACCINE = "/commitments/0"
"""1.5 million doses this week: the one commitment with a quantity and a deadline, in five spans."""
CENTERS = "/commitments/1"
"""Many centers, and no day."""
QUOTE, STATEMENT, ROLE = "/quotes/0", "/statements/9", "/roles/9"
UNIT = "/mentions/29"
"""A name, at 2092 to 2133 of a text of 4175 characters, of one who takes part in nothing."""
TAKEN_BACK = "an operation supported by no one"

DEFECTS = [
    # an unknown field
    Defect(RELEASE, "/colour", "blue", "record.unknown-field"),
    Defect(RELEASE, "/source/colour", "blue", "record.unknown-field"),
    Defect(VISIT, "/colour", "blue", "record.unknown-field"),
    Defect(VISIT, "/spans/0/colour", "blue", "record.unknown-field"),
    Defect(VISITOR, "/colour", "blue", "record.unknown-field"),
    Defect(UNIT, "/colour", "blue", "record.unknown-field"),
    # a wrong type, or nothing where something must be
    Defect(RELEASE, "/headline", 5, "record.type"),
    Defect(RELEASE, "/people", "Harris", "record.type"),
    Defect(RELEASE, "/source", "DHS", "record.type"),
    Defect(RELEASE, "/issuer", None, "record.required"),
    Defect(VISIT, "/note", ["earlier"], "record.type"),
    Defect(VISIT, "/participants", "Harris", "record.type"),
    Defect(VISIT, "/spans", None, "record.required"),
    Defect(VISITOR, "", "Harris", "record.type"),
    Defect("/meetings/9", "", "a visit", "record.type"),
    Defect(UNIT, "/start", "2092", "record.type"),
    Defect(UNIT, "/start", -1, "record.minimum"),
    Defect(VACCINE, "/quantity", ["1.5 million"], "record.type"),
    Defect(VACCINE, "/quantity", "1,500,000", "record.type"),
    # a wrong form
    Defect(RELEASE, "/language", "English", "record.pattern"),
    Defect(RELEASE, "/headline", "", "record.min-length"),
    Defect(VISIT, "/kind", "chat", "record.enum"),
    Defect(VISIT, "/note", "a\0b", "record.pattern"),
    # an impossible date
    Defect(RELEASE, "/published_on", "2021-13-01", "record.type"),
    Defect(RELEASE, "/published_at", "2021-07-06T25:00:00Z", "record.type"),
    Defect(RELEASE, "/published_at", "2021-07-06T10:00:00", "record.type"),
    Defect(VISIT, "/start_on", "2021-02-30", "record.type"),
    Defect(VISIT, "/start_on", "July 6, 2021", "record.type"),
    Defect(VISIT, "/start_on", 20210706, "record.type"),
    Defect(MEMORANDUM, "/signed_start", "2023-02-29", "record.type"),
    # an end before its start, or without one
    Defect(RELEASE, "/event_end", "2021-07-05", "record.order"),
    Defect("/meetings/7", "/end_on", "2021-07-05", "record.order"),
    Defect(VISIT, "/end_on", "2021-07-05", "record.order"),
    Defect(VISIT, "/spans/0/end", 331, "record.order"),
    Defect(LETTER, "/signed_end", "2021-07-05", "record.order"),
    Defect(VACCINE, "/due_end", "2021-07-04", "record.order"),
    Defect(UNIT, "/end", 2091, "record.order"),
    # an offset outside the text
    Defect(UNIT, "/end", 4176, "evidence.offset", "start", "2092-4176"),
    Defect(VISIT, "/spans/0/end", 4176, "evidence.offset", "evidence", "332-4176"),
    Defect(VACCINE, "/spans/0/end", 9999, "evidence.offset", "evidence", "578-9999"),
    # words that the text does not have
    Defect(RELEASE, "/dateline", "GUATEMALA CITY", "evidence.verbatim"),
    Defect(STATEMENT, "/spans/0/text", TAKEN_BACK, "evidence.words", "evidence"),
    Defect(STATEMENT, "/text", TAKEN_BACK, "evidence.verbatim"),
    Defect(QUOTE, "/text", "We keep our word.", "evidence.verbatim"),
    Defect(QUOTE, "/attribution", "said Reyes", "evidence.verbatim"),
    Defect(MEMORANDUM, "/title", "Treaty", "evidence.verbatim"),
    Defect(VACCINE, "/item", "vaccine", "evidence.verbatim"),
    Defect(ROLE, "/title", "Prime Minister", "evidence.verbatim"),
    Defect(f"{CENTERS}/participants/1", "/text", "the poor", "evidence.verbatim"),
    Defect(UNIT, "/name", "TCIU", "evidence.words"),
    # a quantity or a deadline that its words do not say
    Defect(VACCINE, "/quantity", 2000000, "evidence.quantity"),
    Defect(VACCINE, "/quantity", None, "evidence.quantity"),
    Defect(CENTERS, "/quantity", 12, "evidence.quantity"),
    Defect("/commitments/2", "/quantity", 1, "evidence.quantity"),
    Defect(VACCINE, "/due_start", "2021-07-06", "evidence.due"),
    Defect(CENTERS, "/due_start", "2021-07-06", "evidence.due"),
    # a reference to nothing
    Defect(RELEASE, "/issuer", "nobody", "table.foreign-key", "issuer_id"),
    Defect(VISITOR, "/entity_id", "nobody", "table.foreign-key"),
    Defect(UNIT, "/entity_id", "nobody", "table.foreign-key"),
    Defect(VISIT, "/place_id", "nowhere", "table.foreign-key"),
    Defect(ROLE, "/person_id", "nobody", "table.foreign-key"),
    Defect(ROLE, "/organization_id", "nothing", "table.foreign-key"),
]


class Breach(NamedTuple):
    """A line that cannot be read: how it comes from a good one, and the problem that it is."""

    name: str
    spoil: Callable[[bytes], bytes]
    rule: str
    value: str
    pointer: str | None = None
    """Of the key or the value; a text that is no JSON, or no text, has none."""

    @property
    def field(self) -> str | None:
        """The field that the problem names."""
        return self.pointer.rpartition("/")[2] if self.pointer else None


def swap(old: bytes, new: bytes, line: bytes) -> bytes:
    """Return `line` with `new` in the place of the first `old`."""
    assert old in line
    return line.replace(old, new, 1)


def number(new: bytes) -> Callable[[bytes], bytes]:
    """Return what puts another number in the place of the quantity of the first commitment."""
    return partial(swap, b"1500000", new)


QUANTITY = f"{VACCINE}/quantity"
ROLE_OF_HOST = "/meetings/0/participants/0/role"
"""The first key `role` in the text."""

BREACHES = [
    Breach("truncated", lambda line: line[:1000], "input.json", '"WASHINGTON \u2013 On Jul'),
    Breach("no comma", partial(swap, b'visit",', b'visit"'), "input.json", '"language": "en-US",'),
    Breach("one quotation mark", partial(swap, b'"kind"', b"'kind'"), "input.json", "'kind': \"readout-vis"),
    Breach("Latin-1", partial(swap, b"TON", b"T\xd6N"), "input.encoding", "d6 4e 22 2c 20 22 73 6f"),
    Breach(
        "key twice", partial(swap, b'"kind"', b'"issuer": "cbp", "kind"'), "input.duplicate-key", "issuer", "/issuer"
    ),
    Breach(
        "key twice inside",
        partial(swap, b'"role"', b'"role": "x", "role"'),
        "input.duplicate-key",
        "role",
        ROLE_OF_HOST,
    ),
    Breach("NaN", number(b"NaN"), "input.number", "NaN", QUANTITY),
    Breach("Infinity", number(b"Infinity"), "input.number", "Infinity", QUANTITY),
    Breach("-Infinity", number(b"-Infinity"), "input.number", "-Infinity", QUANTITY),
    Breach("1e999", number(b"1e999"), "input.number", "1e999", QUANTITY),
    Breach("lone surrogate", partial(swap, b'"WASHINGTON"', b'"\\ud83d"'), "input.surrogate", "\\ud83d", "/dateline"),
]


def small(name: str) -> dict[str, Any]:
    """Return a release with one statement that shares nothing with any other."""
    body = "The ministry opened a school in Lima."
    return {
        "id": name,
        "issuer": f"{name}-ministry",
        "language": "en",
        "source": {"name": "A test"},
        "body": body,
        "organizations": [{"id": f"{name}-ministry", "name": "Ministry"}],
        "mentions": [{"entity_id": f"{name}-ministry", "start": 4, "end": 12, "name": "ministry"}],
        "statements": [
            {"verb": "open", "text": body, "spans": [{"field": "evidence", "start": 0, "end": 37, "text": body}]}
        ],
    }


def copy_of_seed(name: str) -> dict[str, Any]:
    """Return the seed as a release of another id."""
    document: dict[str, Any] = json.loads(SEED.read_text(encoding="utf-8"))
    return document | {"id": name}


def written(document: Any) -> bytes:
    """Return `document` as a line is written."""
    return json.dumps(document, ensure_ascii=False).encode()


def holder(document: Any, pointer: str) -> tuple[Any, Any]:
    """Return the list or object in which `pointer` ends, and the index or key there."""
    *steps_to_it, last = pointer.split("/")[1:]
    for step in steps_to_it:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document, int(last) if isinstance(document, list) else last


def put(document: Any, pointer: str, value: Any) -> None:
    """Set the value at `pointer`; append it where that is the place behind the last of a list."""
    owner, key = holder(document, pointer)
    if isinstance(owner, list):
        owner[key : key + 1] = [value]
    else:
        owner[key] = value


def with_defect(number: int, defect: Defect) -> bytes:
    """Return the line with the defect, a release of its own."""
    document = copy_of_seed(f"defect-{number}")
    put(document, defect.where, defect.value)
    return written(document)


def without_part(number: int, defect: Defect) -> bytes:
    """Return the line without the bad part; an empty line where the whole release is bad."""
    if not defect.part:
        return b""
    document = copy_of_seed(f"defect-{number}")
    owner, index = holder(document, defect.part)
    del owner[index : index + 1]
    return written(document)


def judged(folder: Path, files: Mapping[str, bytes]) -> Verdict:
    """Return the verdict on `files`, by way of the raw store, its journal, and all layers but the suites."""
    for name, data in files.items():
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    raw = folder / "raw"
    fetch_files(ingest.files_of(DATASET.sources[0], folder / "in"), folder / "in", raw, "set", AS_OF, {})
    journal = store.read_journal(raw, "set")
    built = documents.structured(DATASET, journal, lambda digest: store.blob(raw, digest).read_bytes())
    return judge(built.records, built.refused, built.noted, 1.0, None)


def lines(middle: list[bytes]) -> bytes:
    """Return a file of JSON Lines that begins and ends with a small release."""
    return b"".join(line + b"\n" for line in (written(small("first")), *middle, written(small("last"))))


def standing(verdict: Verdict, release_id: str | None = None) -> Counter[tuple[str, str]]:
    """Return the rows that may be published, as table and JSON: all, or those of a release."""
    return Counter(
        (table, json.dumps(record.values, sort_keys=True))
        for table, records in verdict.rows.items()
        for record in records
        if release_id in (None, _release(record))
    )


def _release(record: Record) -> str:
    return str(record.values.get("release_id") or str(record.values.get("fact_id")).partition("/")[0])


def quarantine(verdict: Verdict) -> list[dict[str, str]]:
    """Return the lines of quarantine, from the bytes that are written."""
    text = package.quarantine(verdict.refused).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def nothing_is_lost(verdict: Verdict) -> None:
    """Check that every row that came in went out or was refused, and that all refused ones are in quarantine."""
    places = ("table", "file", "line", "pointer", "key", "row")
    kept_back = Counter(table for table, *_ in {tuple(row[name] for name in places) for row in quarantine(verdict)})
    for table, count in verdict.report.counts.items():
        assert (table, count.in_) == (table, count.out + count.refused)
        assert (table, count.out) == (table, len(verdict.rows[table]))
        assert (table, count.refused) == (table, kept_back[table])
