"""Bad input: each defect is a problem with its place, and costs the part that it is in, and nothing else.

Every defect has a release of its own, a copy of the seed; all of them are lines of one file, judged at once. What is
left must be, row by row, what the same file gives when the bad parts are taken out of it.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flows import documents, ingest, steps, store
from flows.publish import package
from flows.validate.judge import Verdict, judge
from schemas.dataset import Dataset
from schemas.report import Problem, Record
from tests.conftest import AS_OF, SEED

FILE = "releases.jsonl"
DEPENDANT = "quarantine.dependant"
DATASET = Dataset.model_validate(steps.FOR_FILES)


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
        """The value that the problem shows."""
        return self.as_shown or (None if self.value is None else str(self.value))

    @property
    def place(self) -> str | None:
        """The pointer that the problem has: to the value where a record is judged, to the part where rows are."""
        return self.where if self.rule.startswith("record.") else self.part or None


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


def swap(old: bytes, new: bytes, line: bytes) -> bytes:
    """Return `line` with `new` in the place of the first `old`."""
    assert old in line
    return line.replace(old, new, 1)


BREACHES = [
    Breach("truncated", lambda line: line[:1000], "input.json", '"WASHINGTON \u2013 On Jul'),
    Breach("no comma", partial(swap, b'visit",', b'visit"'), "input.json", '"language": "en-US",'),
    Breach("one quotation mark", partial(swap, b'"kind"', b"'kind'"), "input.json", "'kind': \"readout-vis"),
    Breach("Latin-1", partial(swap, b"TON", b"T\xd6N"), "input.encoding", "d6 4e 22 2c 20 22 73 6f"),
    Breach("key twice", partial(swap, b'"kind"', b'"issuer": "cbp", "kind"'), "input.duplicate-key", "issuer"),
    Breach("key twice inside", partial(swap, b'"role"', b'"role": "x", "role"'), "input.duplicate-key", "role"),
    Breach("NaN", partial(swap, b"1500000", b"NaN"), "input.number", "NaN"),
    Breach("Infinity", partial(swap, b"1500000", b"Infinity"), "input.number", "Infinity"),
    Breach("-Infinity", partial(swap, b"1500000", b"-Infinity"), "input.number", "-Infinity"),
    Breach("1e999", partial(swap, b"1500000", b"1e999"), "input.number", "1e999"),
    Breach("lone surrogate", partial(swap, b'"WASHINGTON"', b'"\\ud83d"'), "input.surrogate", "\\ud83d"),
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
    ingest.fetch(ingest.files_of(DATASET.sources[0], folder / "in"), folder / "in", raw, "set", AS_OF)
    journal = store.read_journal(raw, "set")
    built = documents.structured(DATASET, journal, lambda digest: store.blob(raw, digest).read_bytes())
    return judge(built.records, built.refused, built.noted, 1.0, None)


def lines(middle: list[bytes]) -> bytes:
    """Return a file of JSON Lines that begins and ends with a small release."""
    return b"".join(line + b"\n" for line in (written(small("first")), *middle, written(small("last"))))


FIRST_DEFECT = 2
FIRST_BREACH = FIRST_DEFECT + len(DEFECTS)
"""The lines of the file on which they begin."""


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """Return the verdict on the file with every defect and every breach."""
    bad = [with_defect(number, defect) for number, defect in enumerate(DEFECTS)]
    unreadable = [breach.spoil(written(copy_of_seed("breach"))) for breach in BREACHES]
    return judged(tmp_path_factory.mktemp("bad"), {FILE: lines(bad + unreadable)})


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """Return the verdict on the same file without the bad parts."""
    good = [without_part(number, defect) for number, defect in enumerate(DEFECTS)]
    return judged(tmp_path_factory.mktemp("mended"), {FILE: lines(good)})


@pytest.fixture(scope="module")
def kept_back(verdict: Verdict) -> dict[str, list[dict[str, str]]]:
    """Return the lines of quarantine by the line of the file that they came from."""
    by_line: dict[str, list[dict[str, str]]] = {}
    for row in quarantine(verdict):
        by_line.setdefault(row["line"], []).append(row)
    return by_line


def wrong(verdict: Verdict, line: int) -> list[Problem]:
    """Return the problems of a line, without the rows that are kept back only for their parent's sake."""
    return [found for found in verdict.report.problems if found.rule != DEPENDANT and _line(found) == line]


def _line(found: Problem) -> int | None:
    return found.source.line if found.source else None


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


DEFECT_NAMES = [f"{one.rule} {one.where} {one.value}"[:70] for one in DEFECTS]
BREACH_NAMES = [breach.name for breach in BREACHES]
each_defect = pytest.mark.parametrize(("number", "defect"), list(enumerate(DEFECTS)), ids=DEFECT_NAMES)
each_breach = pytest.mark.parametrize(("number", "breach"), list(enumerate(BREACHES)), ids=BREACH_NAMES)


@each_defect
def test_a_defect_is_told_by_its_rule_with_its_place_its_field_and_its_value(
    number: int, defect: Defect, verdict: Verdict
) -> None:
    found = wrong(verdict, FIRST_DEFECT + number)
    assert {(one.rule, one.severity, one.table, one.field, one.value) for one in found} == {
        (defect.rule, "error", defect.table, defect.field, defect.shown)
    }
    assert {(one.source.file, one.source.pointer) for one in found if one.source} == {(FILE, defect.place)}
    assert all(one.message and one.hint for one in found)


@pytest.mark.parametrize("number", range(len(DEFECTS)), ids=DEFECT_NAMES)
def test_a_defect_costs_the_part_that_it_is_in_and_the_rest_of_its_release_stands(
    number: int, verdict: Verdict, mended: Verdict
) -> None:
    assert standing(verdict, f"defect-{number}") == standing(mended, f"defect-{number}")


@each_defect
def test_the_value_that_a_row_was_refused_for_is_in_quarantine_with_its_line(
    number: int, defect: Defect, kept_back: dict[str, list[dict[str, str]]]
) -> None:
    value = json.dumps(defect.value).strip('"')
    rows = kept_back[str(FIRST_DEFECT + number)]
    assert any(row["rule"] == defect.rule and row["table"] == defect.table for row in rows)
    assert any(value in row["row"] for row in rows)


@each_breach
def test_a_line_that_cannot_be_read_is_one_problem_with_its_line_and_its_value(
    number: int, breach: Breach, verdict: Verdict, kept_back: dict[str, list[dict[str, str]]]
) -> None:
    (found,) = wrong(verdict, FIRST_BREACH + number)
    assert (found.rule, found.severity, found.value) == (breach.rule, "error", breach.value)
    assert found.source
    assert (found.source.file, found.source.sha256) == (FILE, _digest(verdict))
    assert [row["rule"] for row in kept_back[str(FIRST_BREACH + number)]] == [breach.rule]


def _digest(verdict: Verdict) -> str | None:
    """Return the digest of the file's bytes, as the first release has it."""
    return next(one.source.sha256 for one in verdict.rows["releases"] if one.values["release_id"] == "first")


def test_the_lines_after_a_bad_one_are_read_to_the_end_of_the_file(verdict: Verdict) -> None:
    lines_read = {one.values["release_id"]: one.source.line for one in verdict.rows["releases"]}
    assert lines_read["first"] == 1
    assert lines_read["last"] == FIRST_BREACH + len(BREACHES)


def test_all_defects_at_once_cost_their_own_parts_and_no_row_more(verdict: Verdict, mended: Verdict) -> None:
    assert standing(verdict) == standing(mended)


def nothing_is_lost(verdict: Verdict) -> None:
    """Check that every row that came in went out or was refused, and that all refused ones are in quarantine."""
    places = ("table", "file", "line", "pointer", "key", "row")
    kept_back = Counter(table for table, *_ in {tuple(row[name] for name in places) for row in quarantine(verdict)})
    for table, count in verdict.report.counts.items():
        assert (table, count.in_) == (table, count.out + count.refused)
        assert (table, count.out) == (table, len(verdict.rows[table]))
        assert (table, count.refused) == (table, kept_back[table])


def test_every_row_that_came_in_went_out_or_lies_in_quarantine(verdict: Verdict) -> None:
    nothing_is_lost(verdict)


def test_every_document_that_came_in_is_counted(verdict: Verdict) -> None:
    assert verdict.report.counts["releases"].in_ == len(DEFECTS) + len(BREACHES) + 2


def test_a_row_that_is_kept_back_for_its_parent_says_so_and_no_more(verdict: Verdict) -> None:
    """The fact, its registry row and its words go with it: no reader finds the half of a fact."""
    number = next(n for n, defect in enumerate(DEFECTS) if defect.rule == "evidence.quantity")
    fact_id = f"defect-{number}/c1"
    followed = Counter(
        found.table
        for found in verdict.report.problems
        if found.rule == DEPENDANT and _line(found) == FIRST_DEFECT + number
    )
    assert followed == {"facts": 1, "participants": 3, "spans": 5}
    assert not any(record.values.get("fact_id") == fact_id for records in verdict.rows.values() for record in records)


def test_the_same_files_validated_by_hand_give_the_same_report(tmp_path: Path) -> None:
    bad = [with_defect(0, DEFECTS[0]), BREACHES[0].spoil(written(copy_of_seed("breach")))]
    verdict = judged(tmp_path, {FILE: lines(bad)})
    assert preview.validate_files(tmp_path / "in", date.fromisoformat(AS_OF)) == verdict.report
    assert not verdict.report.valid


@each_breach
def test_a_file_that_cannot_be_read_is_one_problem_and_the_other_files_are_read(
    number: int, breach: Breach, files: Verdict
) -> None:
    (found,) = [one for one in files.report.problems if one.source and one.source.file == f"{number}.json"]
    assert (found.rule, found.value) == (breach.rule, breach.value)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """Return the verdict on a folder with a file a breach, between two good ones."""
    bad = {f"{n}.json": breach.spoil(written(copy_of_seed("breach"))) for n, breach in enumerate(BREACHES)}
    good = {f"{name}.json": written(small(name)) for name in ("a", "z")}
    return judged(tmp_path_factory.mktemp("files"), good | bad)


def test_the_good_files_in_a_folder_of_bad_ones_are_read_whole(files: Verdict) -> None:
    assert {one.values["release_id"] for one in files.rows["releases"]} == {"a", "z"}
    assert len(files.rows["statements"]) == len(files.rows["mentions"]) == len(files.rows["spans"]) == 2
    nothing_is_lost(files)


def test_syntax_and_encoding_are_told_with_the_line_in_a_document_of_many_lines(tmp_path: Path) -> None:
    laid_out = json.dumps(small("a"), indent=2).encode()
    at = laid_out[: laid_out.index(b'"body"')].count(b"\n") + 1
    bad = {"a.json": swap(b'"body":', b'"body"', laid_out), "b.json": swap(b"Lima", b"L\xefma", laid_out)}
    found = judged(tmp_path, bad).report.problems
    assert [(one.rule, one.source and str(one.source)) for one in found] == [
        ("input.encoding", f"b.json:{at}"),
        ("input.json", f"a.json:{at}"),
    ]


@pytest.mark.parametrize("value", [[], "words", 5, None, True])
def test_a_document_that_is_no_object_is_refused_whole(tmp_path: Path, value: Any) -> None:
    verdict = judged(tmp_path, {FILE: lines([written(value)])})
    assert [(one.rule, one.table, _line(one)) for one in verdict.report.problems] == [("input.shape", "releases", 2)]
    assert len(verdict.rows["releases"]) == 2
    nothing_is_lost(verdict)


def test_two_releases_of_one_id_are_the_first_one_and_a_problem(tmp_path: Path) -> None:
    other = copy_of_seed("twice") | {"note": "another"}
    verdict = judged(tmp_path, {FILE: lines([written(copy_of_seed("twice")), written(other)])})
    (found,) = verdict.report.problems
    assert (found.rule, found.table, found.field, found.value) == ("record.duplicate", "releases", "id", "twice")
    assert _line(found) == 3
    alone = judged(tmp_path / "alone", {FILE: lines([written(copy_of_seed("twice"))])})
    assert standing(verdict) == standing(alone)
    nothing_is_lost(verdict)
    assert any(row["line"] == "3" and '"note": "another"' in row["row"] for row in quarantine(verdict))


def test_two_files_with_one_release_are_the_first_by_name_and_a_problem_that_names_both(tmp_path: Path) -> None:
    verdict = judged(tmp_path, {"b.json": written(small("twice")), "a.json": written(small("twice"))})
    (found,) = verdict.report.problems
    assert (found.rule, found.field, found.value) == ("record.duplicate", "id", "twice")
    assert found.source
    assert found.source.file == "b.json"
    assert "a.json" in found.message
    nothing_is_lost(verdict)


@pytest.mark.parametrize("table", ["meetings", "statements"])
def test_two_facts_of_one_id_are_the_first_one_and_a_problem(tmp_path: Path, seed: dict[str, Any], table: str) -> None:
    """The ids of a document's facts are of one space, for the registry of facts holds them all."""
    seed[table].append(seed[table][-1] | {"id": "m9", "note": "another"})
    verdict = judged(tmp_path, {"seed.json": written(seed)})
    (found,) = verdict.report.problems
    assert (found.rule, found.table, found.field, found.value) == ("record.duplicate", table, "id", "m9")
    assert found.source
    assert (found.source.file, found.source.pointer) == ("seed.json", f"/{table}/{len(seed[table]) - 1}")
    del seed[table][-1]
    assert standing(verdict) == standing(judged(tmp_path / "alone", {"seed.json": written(seed)}))
    nothing_is_lost(verdict)


def test_two_mentions_in_one_place_are_one_and_a_problem(tmp_path: Path, seed: dict[str, Any]) -> None:
    seed["mentions"].append(seed["mentions"][0])
    verdict = judged(tmp_path, {"seed.json": written(seed)})
    (found,) = verdict.report.problems
    assert (found.rule, found.table, found.field) == ("table.primary-key", "mentions", "release_id, start")
    assert found.value == f"{SEED.stem} 0"
    assert len(verdict.rows["mentions"]) == 57
    nothing_is_lost(verdict)


def test_an_entity_told_in_two_ways_is_the_first_one_and_a_problem_that_names_both_places(tmp_path: Path) -> None:
    other = small("second")
    other["organizations"][0] |= {"id": "first-ministry", "acronym": "MIN"}
    verdict = judged(
        tmp_path, {"a.json": written(small("first")), "b.json": written(other | {"issuer": "first-ministry"})}
    )
    conflicts = [found for found in verdict.report.problems if found.rule == "record.conflict"]
    assert [(one.table, one.key, one.field, one.value) for one in conflicts] == [
        ("organizations", "first-ministry", "acronym", "MIN")
    ]
    assert conflicts[0].source
    assert str(conflicts[0].source) == "b.json /organizations/0"
    assert "a.json /organizations/0" in conflicts[0].message
    assert [one.values["acronym"] for one in verdict.rows["organizations"]] == [None]
    nothing_is_lost(verdict)


@pytest.mark.parametrize("link", ["parent_id", "agreement_id"])
def test_a_meeting_that_hangs_on_a_fact_that_is_not_there_is_refused(
    tmp_path: Path, seed: dict[str, Any], link: str
) -> None:
    seed["meetings"][8][link] = "nothing"
    (found,) = [one for one in judged(tmp_path, {"a.json": written(seed)}).report.problems if one.rule != DEPENDANT]
    assert (found.rule, found.field, found.value) == ("table.foreign-key", link, f"{SEED.stem}/nothing")


def test_a_part_of_an_organization_that_is_not_there_is_refused_with_all_that_names_it(
    tmp_path: Path, seed: dict[str, Any]
) -> None:
    """The programme is a part of an agency; it is mentioned once and takes part in nothing."""
    seed["organizations"][10]["parent_id"] = "nothing"
    verdict = judged(tmp_path, {"a.json": written(seed)})
    told = [(one.rule, one.table, one.key) for one in verdict.report.problems]
    assert told == [
        (DEPENDANT, "entities", "atsg"),
        ("table.foreign-key", "organizations", "atsg"),
        (DEPENDANT, "mentions", f"{SEED.stem} 2980"),
    ]
    nothing_is_lost(verdict)


def test_a_release_that_is_refused_takes_its_facts_and_leaves_the_entities(
    tmp_path: Path, seed: dict[str, Any]
) -> None:
    """Only what is a child of the release goes with it; people and places are children of none."""
    verdict = judged(tmp_path, {"a.json": written(seed | {"issuer": "nobody"})})
    left = {table: len(records) for table, records in verdict.rows.items() if records}
    assert left == {"entities": 28, "people": 10, "organizations": 11, "places": 7}
    nothing_is_lost(verdict)
