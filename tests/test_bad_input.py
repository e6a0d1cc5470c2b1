"""Bad input: each defect is a problem with its place, and costs the part that it is in, and nothing else.

Every defect has a release of its own, a copy of the seed; all of them are lines of one file, judged at once. What is
left must be, row by row, what the same file gives when the bad parts are taken out of it.
"""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from flows import preview
from flows.config import ConfigError
from flows.guard import BadInput
from flows.settings import Settings
from flows.validate.judge import Verdict
from schemas.report import Problem, Provenance
from tests.conftest import AS_OF
from tests.defects import (
    BREACHES,
    DEFECTS,
    FILE,
    Breach,
    Defect,
    copy_of_seed,
    judged,
    lines,
    nothing_is_lost,
    quarantine,
    small,
    standing,
    swap,
    with_defect,
    without_part,
    written,
)

DEPENDANT = "quarantine.dependant"
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
def test_a_line_that_cannot_be_read_is_one_problem_with_its_line_its_pointer_and_its_value(
    number: int, breach: Breach, verdict: Verdict, kept_back: dict[str, list[dict[str, str]]]
) -> None:
    line = FIRST_BREACH + number
    (found,) = wrong(verdict, line)
    assert (found.rule, found.severity, found.field, found.value) == (breach.rule, "error", breach.field, breach.value)
    assert found.source == Provenance(file=FILE, line=line, pointer=breach.pointer, sha256=_digest(verdict))
    assert [row["rule"] for row in kept_back[str(line)]] == [breach.rule]


def _digest(verdict: Verdict) -> str | None:
    """Return the digest of the file's bytes, as the first release has it."""
    return next(one.source.sha256 for one in verdict.rows["releases"] if one.values["release_id"] == "first")


def test_the_lines_after_a_bad_one_are_read_to_the_end_of_the_file(verdict: Verdict) -> None:
    lines_read = {one.values["release_id"]: one.source.line for one in verdict.rows["releases"]}
    assert lines_read["first"] == 1
    assert lines_read["last"] == FIRST_BREACH + len(BREACHES)


def test_all_defects_at_once_cost_their_own_parts_and_no_row_more(verdict: Verdict, mended: Verdict) -> None:
    assert standing(verdict) == standing(mended)


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


@pytest.mark.parametrize("files", [{}, {"a.pdf": b"%PDF"}, {"a.jsonl": b"\n"}], ids=["no file", "no kind", "no line"])
def test_a_folder_that_holds_no_document_is_bad_input_and_not_valid(tmp_path: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInput, match="holds no release document") as caught:
        preview.validate_files(tmp_path, date.fromisoformat(AS_OF))
    assert caught.value.rule == "input.empty"


@pytest.mark.parametrize("target", ["a\0b", "x" * 300, "loop.json", "loop.json/x", "../outside.json", "not-there"])
def test_a_target_that_is_no_path_leads_in_a_circle_or_out_is_told_as_none(tmp_path: Path, target: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "loop.json").symlink_to("loop.json")
    (tmp_path / "outside.json").write_bytes(written(small("a")))
    with pytest.raises(ConfigError, match="is no dataset, and no file or folder below"):
        preview.validate_target(Settings(data=data), target, date.fromisoformat(AS_OF))


@each_breach
def test_a_file_that_cannot_be_read_is_one_problem_and_the_other_files_are_read(
    number: int, breach: Breach, files: Verdict
) -> None:
    (found,) = [one for one in files.report.problems if one.source and one.source.file == f"{number}.json"]
    assert (found.rule, found.value) == (breach.rule, breach.value)
    assert found.source
    assert (found.source.line, found.source.pointer) == (1, breach.pointer)


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


def test_what_cannot_be_read_is_told_with_its_line_and_column_in_a_document_of_many_lines(tmp_path: Path) -> None:
    laid_out = json.dumps(small("a"), indent=2).encode()
    at = laid_out[: laid_out.index(b'"body"')].count(b"\n") + 1
    bad = {
        "a.json": swap(b'"body":', b'"body"', laid_out),
        "b.json": swap(b"Lima", b"L\xefma", laid_out),
        "c.json": swap(b'"body":', b'"issuer": "c", "body":', laid_out),
        "d.json": swap(b'"body":', b'"quantity": 1e999, "body":', laid_out),
    }
    found = judged(tmp_path, bad).report.problems
    assert {(one.rule, str(one.source)) for one in found} == {
        ("input.json", f"a.json:{at}"),
        ("input.encoding", f"b.json:{at}"),
        ("input.duplicate-key", f"c.json:{at} /issuer"),
        ("input.number", f"d.json:{at} /quantity"),
    }
    (syntax,) = (one for one in found if one.rule == "input.json")
    assert syntax.message.endswith(" at column 10")  # behind the indented name of the field
