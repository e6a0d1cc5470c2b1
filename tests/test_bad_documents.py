"""Bad documents: what contradicts itself or another, or refers to nothing, costs that and what hangs on it."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SEED
from tests.defects import FILE, copy_of_seed, judged, lines, nothing_is_lost, quarantine, small, standing, written

DEPENDANT = "quarantine.dependant"


@pytest.mark.parametrize("value", [[], "words", 5, None, True])
def test_a_document_that_is_no_object_is_refused_whole(tmp_path: Path, value: Any) -> None:
    verdict = judged(tmp_path, {FILE: lines([written(value)])})
    assert [(one.rule, one.table, str(one.source)) for one in verdict.report.problems] == [
        ("input.shape", "releases", f"{FILE}:2")
    ]
    assert len(verdict.rows["releases"]) == 2
    nothing_is_lost(verdict)


@pytest.mark.parametrize("value", [[], ["a"], {"a": "b"}, 5, True])
def test_a_document_whose_id_is_no_text_is_refused_and_the_rest_goes_on(tmp_path: Path, value: Any) -> None:
    verdict = judged(tmp_path, {FILE: lines([written(small("x") | {"id": value})])})
    assert [(one.rule, one.field, str(one.source)) for one in verdict.report.problems] == [
        ("record.type", "id", f"{FILE}:2 /id")
    ]
    assert len(verdict.rows["releases"]) == 2
    nothing_is_lost(verdict)


def test_two_releases_of_one_id_are_the_first_one_and_a_problem(tmp_path: Path) -> None:
    other = copy_of_seed("twice") | {"note": "another"}
    verdict = judged(tmp_path, {FILE: lines([written(copy_of_seed("twice")), written(other)])})
    (found,) = verdict.report.problems
    assert (found.rule, found.table, found.field, found.value) == ("record.duplicate", "releases", "id", "twice")
    assert str(found.source) == f"{FILE}:3 /id"
    alone = judged(tmp_path / "alone", {FILE: lines([written(copy_of_seed("twice"))])})
    assert standing(verdict) == standing(alone)
    nothing_is_lost(verdict)
    assert any(row["line"] == "3" and '"note": "another"' in row["row"] for row in quarantine(verdict))


def test_two_files_with_one_release_are_the_first_by_name_and_a_problem_that_names_both(tmp_path: Path) -> None:
    verdict = judged(tmp_path, {"b.json": written(small("twice")), "a.json": written(small("twice"))})
    (found,) = verdict.report.problems
    assert (found.rule, found.field, found.value) == ("record.duplicate", "id", "twice")
    assert str(found.source) == "b.json /id"
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
    """What the first says of nothing, the acronym, is no other way to tell it."""
    first, other = small("first"), small("second")
    other["organizations"][0] |= {"id": "first-ministry", "name": "The Ministry", "acronym": "MIN"}
    verdict = judged(tmp_path, {"a.json": written(first), "b.json": written(other | {"issuer": "first-ministry"})})
    conflicts = [found for found in verdict.report.problems if found.rule == "record.conflict"]
    assert [(one.table, one.key, one.field, one.value) for one in conflicts] == [
        ("organizations", "first-ministry", "name", "The Ministry")
    ]
    assert conflicts[0].source
    assert str(conflicts[0].source) == "b.json /organizations/0"
    assert "a.json /organizations/0" in conflicts[0].message
    assert [one.values["name"] for one in verdict.rows["organizations"]] == ["Ministry"]
    nothing_is_lost(verdict)


BAD_ATTRIBUTES = [
    ("country_code", "usa", "record.pattern"),
    ("acronym", 5, "record.type"),
    ("other_names", "DHS", "record.type"),
    ("note", "", "record.min-length"),
    ("colour", "blue", "record.unknown-field"),
]


@pytest.mark.parametrize(("field", "value", "rule"), BAD_ATTRIBUTES, ids=[field for field, *_ in BAD_ATTRIBUTES])
def test_a_bad_attribute_of_an_entity_is_a_warning_and_null_and_the_entity_stands(
    tmp_path: Path, seed: dict[str, Any], field: str, value: Any, rule: str
) -> None:
    """It is that of the issuer: were that refused, every release of it would fall."""
    issuer = seed["organizations"][0]
    verdict = judged(tmp_path, {"a.json": written(seed | {"organizations": [issuer | {field: value}]})})
    told = [one for one in verdict.report.problems if one.table == "organizations"]
    assert [(one.rule, one.severity, one.key, one.field, one.value) for one in told] == [
        (rule, "warning", issuer["id"], field, str(value))
    ]
    assert str(told[0].source) == f"a.json /organizations/0/{field}"
    mended = {name: kept for name, kept in issuer.items() if name != field}
    alone = judged(tmp_path / "mended", {"a.json": written(seed | {"organizations": [mended]})})
    assert standing(verdict) == standing(alone)


@pytest.mark.parametrize(("name", "rule"), [("", "record.min-length"), (None, "record.required"), (5, "record.type")])
def test_an_entity_without_a_name_is_refused_with_all_that_names_it(
    tmp_path: Path, seed: dict[str, Any], name: Any, rule: str
) -> None:
    """The programme is mentioned once and takes part in nothing."""
    seed["organizations"][10]["name"] = name
    verdict = judged(tmp_path, {"a.json": written(seed)})
    told = [(one.rule, one.table, one.key, one.field) for one in verdict.report.problems]
    assert told == [(rule, "organizations", "atsg", "name"), (DEPENDANT, "mentions", f"{SEED.stem} 2980", None)]
    nothing_is_lost(verdict)


def test_one_who_takes_part_twice_in_one_role_does_so_once_and_is_a_problem(
    tmp_path: Path, seed: dict[str, Any]
) -> None:
    alone = judged(tmp_path / "alone", {"a.json": written(seed)})
    seed["meetings"][8]["participants"] *= 2
    verdict = judged(tmp_path, {"a.json": written(seed)})
    (found,) = verdict.report.problems
    assert (found.rule, found.table, found.key) == ("record.duplicate", "participants", f"{SEED.stem}/m9 attendee 2")
    assert standing(verdict) == standing(alone)
    nothing_is_lost(verdict)


def test_organizations_that_are_parts_of_each_other_are_parts_of_none_and_nothing_is_refused(tmp_path: Path) -> None:
    document = small("a")
    document["organizations"] += [
        {"id": "left", "name": "Left", "parent_id": "right"},
        {"id": "right", "name": "Right", "parent_id": "left"},
    ]
    verdict = judged(tmp_path, {"a.json": written(document)})
    told = [(one.rule, one.severity, one.key, one.value) for one in verdict.report.problems]
    assert told == [("record.cycle", "warning", "left", "right"), ("record.cycle", "warning", "right", "left")]
    parents = {one.key: one.values["parent_id"] for one in verdict.rows["organizations"]}
    assert (parents["left"], parents["right"]) == (None, None)
    assert not verdict.refused


@pytest.mark.parametrize("link", ["parent_id", "agreement_id"])
def test_a_meeting_that_hangs_on_a_fact_that_is_not_there_is_refused(
    tmp_path: Path, seed: dict[str, Any], link: str
) -> None:
    seed["meetings"][8][link] = "nothing"
    (found,) = [one for one in judged(tmp_path, {"a.json": written(seed)}).report.problems if one.rule != DEPENDANT]
    assert (found.rule, found.field, found.value) == ("table.foreign-key", link, f"{SEED.stem}/nothing")


def test_a_mistyped_id_of_an_entity_is_told_with_the_nearest_one_and_where_to_add_it(
    tmp_path: Path, seed: dict[str, Any]
) -> None:
    people = seed["meetings"][0]["participants"]
    place = next(place for place, one in enumerate(people) if one.get("entity_id"))
    right = people[place]["entity_id"]
    people[place]["entity_id"] = f"{right}z"
    (found,) = [one for one in judged(tmp_path, {"a.json": written(seed)}).report.problems if one.rule != DEPENDANT]
    assert (found.rule, found.field, found.value) == ("table.foreign-key", "entity_id", f"{right}z")
    assert found.message == f"entities has no {found.value!r}; {right!r} is the nearest"
    assert found.hint == "Add it to people, organizations or places of the document, or mend the id."


def test_a_part_of_an_organization_that_is_not_there_is_a_part_of_none(tmp_path: Path, seed: dict[str, Any]) -> None:
    seed["organizations"][10]["parent_id"] = "nothing"
    verdict = judged(tmp_path, {"a.json": written(seed)})
    (found,) = verdict.report.problems
    assert (found.rule, found.severity, found.table, found.key) == (
        "table.foreign-key",
        "warning",
        "organizations",
        "atsg",
    )
    assert (found.field, found.value) == ("parent_id", "nothing")
    assert not verdict.refused


def test_an_issuer_with_a_parent_that_is_not_there_costs_no_release(tmp_path: Path) -> None:
    document = small("a")
    document["organizations"][0]["parent_id"] = "nowhere"
    verdict = judged(tmp_path, {"a.json": written(document), "b.json": written(small("b"))})
    assert [one.key for one in verdict.rows["releases"]] == ["a", "b"]
    assert not verdict.refused


def test_a_release_that_is_refused_takes_its_facts_and_leaves_the_entities(
    tmp_path: Path, seed: dict[str, Any]
) -> None:
    """Only what is a child of the release goes with it; people and places are children of none."""
    verdict = judged(tmp_path, {"a.json": written(seed | {"issuer": "nobody"})})
    left = {table: len(records) for table, records in verdict.rows.items() if records}
    assert left == {"entities": 28, "people": 10, "organizations": 11, "places": 7}
    nothing_is_lost(verdict)
