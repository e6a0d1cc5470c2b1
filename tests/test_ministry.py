"""The sample ministry: what its three months hold, what changes between them, and what is wrong in them on purpose."""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest

from flows import preview
from flows.settings import PROJECT, Settings
from flows.structure import text_of
from schemas.report import Problem, Report
from schemas.rules import RULES
from schemas.tables import FACT_TABLES
from tests.conftest import AS_OF

FOLDER = PROJECT / "data" / "ministry"
MONTHS = {"2024-03": date(2024, 3, 31), "2024-04": date(2024, 4, 30), "2024-05": date(2024, 5, 31)}
"""Each snapshot and the day on which it was taken."""

EDITED = {
    "2024-04": {
        "mer-2024-03-04-ollenby-call",
        "mer-2024-03-05-seed-wheat-ujara",
        "mer-2024-03-12-velasandro-visit",
        "mer-2024-03-14-translation-grants",
        "mer-2024-03-25-relief-fund-pledge",
    },
    "2024-05": {
        "mer-2024-03-05-seed-wheat-ujara",
        "mer-2024-03-15-kolvesh-call",
        "mer-2024-04-10-strait-commission-session",
        "mer-2024-04-15-no-toll-at-the-border",
        "mer-2024-04-22-summit-accreditation",
    },
}
GONE = {
    "2024-04": {"mer-2024-03-26-condolences-pellomar", "mer-2024-03-28-consular-section-closed"},
    "2024-05": {"mer-2024-03-08-no-lease-of-quill-harbour", "mer-2024-04-24-travel-advice-skarn-point"},
}
BACK = "mer-2024-03-26-condolences-pellomar"
UNNAMED = "mer-2024-04-22-summit-accreditation"
"""It says that Halmere is the host, as everybody knows; its text does not."""
LAGGING = "mer-2024-04-15-no-toll-at-the-border"
"""The one document whose structure was not counted again after its text was edited."""

Documents = dict[str, dict[str, Any]]
Judge = Callable[..., Report]


@cache
def lines(month: str) -> list[str]:
    """Return the documents of a month's file as they are written."""
    text = (FOLDER / f"{month}.jsonl").read_bytes().decode("utf-8")
    assert text.endswith("}\n")
    return text[:-1].split("\n")


def documents(month: str) -> Documents:
    """Return the documents of a month's file by id, the caller's own to change."""
    return {document["id"]: document for document in map(json.loads, lines(month))}


@cache
def mends() -> list[dict[str, Any]]:
    """Return every wrong value with its right one."""
    found: list[dict[str, Any]] = json.loads((FOLDER / "mends.json").read_text(encoding="utf-8"))
    return found


def of_month(month: str) -> list[dict[str, Any]]:
    """Return the wrong values that stand in a month's file."""
    return [mend for mend in mends() if mend["month"] == month]


def parent(document: Any, pointer: str) -> tuple[Any, Any]:
    """Return what holds the value that a JSON Pointer names, and its key or index there."""
    *path, last = pointer.split("/")[1:]
    for step in path:
        document = document[int(step) if isinstance(document, list) else step]
    return document, int(last) if isinstance(document, list) else last


def mended(month: str) -> Documents:
    """Return the documents of a month's file with every right value in its place."""
    found = documents(month)
    for mend in of_month(month):
        holder, key = parent(found[mend["release"]], mend["pointer"])
        holder[key] = mend["right"]
    return found


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Return a function that gives the report on a month, as of its end if no other day is named; each is made once."""

    @cache
    def report(month: str, state: Literal["as it is", "mended"] = "as it is", as_of: date | None = None) -> Report:
        data = tmp_path_factory.mktemp("data")
        shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
        there = mended(month) if state == "mended" else documents(month)
        path = data / "ministry" / "2024-05.jsonl"
        path.parent.mkdir()
        written = (json.dumps(document, ensure_ascii=False) for document in there.values())
        path.write_text("\n".join(written) + "\n", encoding="utf-8", newline="\n")
        return preview.validate_dataset(Settings(data=data), "sample-ministry", as_of or MONTHS[month])

    return report


def release_of(found: Problem, month: str) -> str:
    """Return the release in whose document a problem lies."""
    assert found.source is not None
    assert found.source.line is not None
    return str(json.loads(lines(month)[found.source.line - 1])["id"])


def refused(report: Report, month: str) -> set[tuple[str, str]]:
    """Return the releases and rules of all that was refused for what it is: rows, and attributes of entities.

    An attribute that is refused is null and told as a warning under its rule; the entity itself stands.
    """
    return {
        (release_of(found, month), found.rule)
        for found in report.problems
        if (found.severity in ("critical", "error") and found.rule != "quarantine.dependant")
        or (found.severity == "warning" and found.layer == "record")
    }


def edited(month: str, before: str) -> set[str]:
    """Return the releases whose text is another than the month before, by the digest of the body."""
    old, new = documents(before), documents(month)
    return {name for name in old.keys() & new.keys() if digest(old[name]) != digest(new[name])}


def digest(document: dict[str, Any]) -> str:
    """Return the digest of a document's body, in which its offsets count."""
    return hashlib.sha256(text_of(document["body"]).encode()).hexdigest()


@pytest.mark.parametrize("as_of", [None, date.fromisoformat(AS_OF)])
@pytest.mark.parametrize("month", MONTHS)
def test_every_documented_wrong_row_is_refused_under_its_rule_and_no_other_row_is(
    judged: Judge, month: str, as_of: date | None
) -> None:
    assert refused(judged(month, as_of=as_of), month) == {(mend["release"], mend["rule"]) for mend in of_month(month)}


@pytest.mark.parametrize("month", MONTHS)
def test_a_dependant_is_refused_only_in_a_release_that_has_a_wrong_row(judged: Judge, month: str) -> None:
    found = [one for one in judged(month).problems if one.rule == "quarantine.dependant"]
    dependants = {release_of(one, month) for one in found}
    assert dependants <= {mend["release"] for mend in of_month(month)}


@pytest.mark.parametrize("month", MONTHS)
def test_fewer_than_one_row_in_ten_is_refused_dependants_and_all(judged: Judge, month: str) -> None:
    counts = judged(month).counts.values()
    assert 0 < sum(count.refused for count in counts) < 0.1 * sum(count.in_ for count in counts)


@pytest.mark.parametrize("month", MONTHS)
def test_once_mended_no_row_is_refused_and_only_what_lags_or_is_not_named_is_noted(judged: Judge, month: str) -> None:
    report = judged(month, "mended")
    noted = {(release_of(found, month), found.rule) for found in report.problems}
    assert report.valid
    assert not any(count.refused for count in report.counts.values())
    lagging = {(LAGGING, "evidence.text-changed")} if month == "2024-05" else set()
    assert noted == lagging | ({(UNNAMED, "evidence.named")} if month != "2024-03" else set())


@pytest.mark.parametrize("month", MONTHS)
def test_every_wrong_value_stands_at_its_pointer_and_is_not_the_right_one(month: str) -> None:
    there = documents(month)
    for mend in of_month(month):
        holder, key = parent(there[mend["release"]], mend["pointer"])
        assert holder[key] == mend["wrong"] != mend["right"], mend


def test_the_wrong_rows_break_at_least_fourteen_rules_of_all_four_layers() -> None:
    rules = {mend["rule"] for mend in mends()}
    assert len(rules) >= 14
    assert {rule.split(".")[0] for rule in rules} == {"record", "evidence", "table", "suite"}
    assert {rule for rule in rules if not rule.startswith("suite.")} <= RULES.keys()


def test_the_readme_lists_each_wrong_value_by_release_pointer_and_rule() -> None:
    told = set()
    for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip(" `") for cell in line.split("|")]
        if len(cells) > 4 and "." in cells[1] and cells[3].startswith("/"):
            told.add((f"mer-2024-{cells[2]}", cells[3], cells[1]))
    assert told == {(mend["release"], mend["pointer"], mend["rule"]) for mend in mends()}


@pytest.mark.parametrize(("month", "releases"), [("2024-03", 18), ("2024-04", 31), ("2024-05", 46)])
def test_a_month_has_as_many_releases_as_documented(month: str, releases: int) -> None:
    assert len(lines(month)) == len(documents(month)) == releases


def test_the_three_months_hold_49_releases_in_all() -> None:
    assert len({name for month in MONTHS for name in documents(month)}) == 49


@pytest.mark.parametrize(("before", "month"), [("2024-03", "2024-04"), ("2024-04", "2024-05")])
def test_texts_change_and_releases_go_between_two_months_as_documented(before: str, month: str) -> None:
    assert edited(month, before) == EDITED[month]
    assert documents(before).keys() - documents(month).keys() == GONE[month]


def test_a_release_that_was_gone_in_april_is_back_in_may_word_for_word() -> None:
    assert BACK not in documents("2024-04")
    assert documents("2024-03")[BACK] == documents("2024-05")[BACK]


def test_a_headline_alone_changes_once() -> None:
    name = "mer-2024-03-12-pellomar-scholarships"
    before, after = documents("2024-03")[name], documents("2024-04")[name]
    assert {field for field in before | after if before.get(field) != after.get(field)} == {"headline", "modified_at"}


@pytest.mark.parametrize("month", MONTHS)
def test_text_sha256_is_that_of_the_body_save_where_the_structure_lags_behind(month: str) -> None:
    stale = {name for name, document in documents(month).items() if document["text_sha256"] != digest(document)}
    assert stale == ({LAGGING} if month == "2024-05" else set())


@pytest.mark.parametrize("month", MONTHS)
def test_a_file_is_compact_json_in_the_order_of_publication_and_id(month: str) -> None:
    there = [json.loads(line) for line in lines(month)]
    assert [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in there] == lines(month)
    assert [one["id"] for one in there] == [
        one["id"] for one in sorted(there, key=lambda one: (one["published_on"], one["id"]))
    ]


@pytest.mark.parametrize("table", FACT_TABLES.values())
def test_every_kind_of_fact_stands_in_every_month_and_many_times_in_may(judged: Judge, table: str) -> None:
    assert all(judged(month, "mended").counts[table].out > 0 for month in MONTHS)
    assert judged("2024-05", "mended").counts[table].out >= 10


@pytest.mark.parametrize("month", MONTHS)
def test_an_entity_is_told_the_same_way_wherever_it_is_named(month: str) -> None:
    told: dict[str, set[str]] = {}
    for document in mended(month).values():
        for entity in (*document["people"], *document["organizations"], *document["places"]):
            told.setdefault(entity["id"], set()).add(json.dumps(entity, sort_keys=True))
    assert not [name for name, ways in told.items() if len(ways) > 1]


@pytest.mark.parametrize("month", MONTHS)
def test_every_text_has_120_to_700_words_and_every_address_is_an_example(month: str) -> None:
    for name, document in documents(month).items():
        assert 120 <= len(document["body"].split()) <= 700, name
        assert document["source"]["url"].startswith("https://press.mer-halmere.example/2024/"), name


def test_releases_are_of_many_kinds() -> None:
    kinds = Counter(document["kind"] for month in MONTHS for document in documents(month).values())
    assert len(kinds) >= 10


def test_offsets_are_tried_by_windows_line_ends_and_by_a_character_beyond_the_first_plane() -> None:
    bodies = [document["body"] for document in documents("2024-05").values()]
    assert any("\r\n" in body for body in bodies)
    assert any(ord(max(body)) > 0xFFFF for body in bodies)


def test_the_source_of_the_dataset_is_the_snapshot_of_may(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "data" / "datasets", tmp_path / "datasets")
    shutil.copytree(FOLDER, tmp_path / "ministry")
    report = preview.validate_dataset(Settings(data=tmp_path), "sample-ministry", MONTHS["2024-05"])
    assert report.counts["releases"].in_ == len(lines("2024-05"))
