"""One judgment over all layers: what is refused, what goes with it, what holds a candidate, and how it is told."""

import copy
import gc
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows import preview, steps
from flows.validate import judge, tables
from flows.validate.engine import rows as engine_rows
from flows.validate.engine.faults import Fault
from flows.validate.judge import Asked, Finding, Rows, Verdict
from schemas.report import Check, Problem, Provenance, Record, Report
from schemas.rules import RULES
from schemas.tables import ENTITY_TABLES, FACT_TABLES, TABLES
from tests.conftest import AS_OF, SEED
from tests.strategies import Document, Item, built, good_rows, judged, span, values_of

DEPENDANT = "quarantine.dependant"


@pytest.fixture
def rows(seed: Document) -> list[Record]:
    """Return the good rows of the seed, the test's own to change."""
    return built(seed).records


def verdict_on(came: Iterable[Record], share: float = 1.0) -> Verdict:
    """Return the verdict on rows by records, evidence and tables."""
    return judge.judge(came, [], [], share, None)


def with_values(came: list[Record], table: str, key: str, **values: Any) -> list[Record]:
    """Return the rows, other `values` in the one row of `table` whose key ends in `key`."""
    found = [record for record in came if record.table == table and record.key.endswith(key)]
    assert len(found) == 1
    changed = found[0]._replace(values=found[0].values | values)
    return [changed if record is found[0] else record for record in came]


def own(verdict: Verdict) -> set[tuple[str, str, str]]:
    """Return rule, table and key of what was refused for itself."""
    return {(item.problem.rule, item.record.table, local(item.record)) for item in verdict.refused} - dependants(
        verdict
    )


def dependants(verdict: Verdict) -> set[tuple[str, str, str]]:
    """Return rule, table and key of what was refused with its parent."""
    found = {(item.problem.rule, item.record.table, local(item.record)) for item in verdict.refused}
    return {one for one in found if one[0] == DEPENDANT}


def local(record: Record) -> str:
    """Return the key of a row without the release in front."""
    return record.key.split(" ")[0].rpartition("/")[2]


def tables_of(found: set[tuple[str, str, str]]) -> dict[str, set[str]]:
    """Return the keys of `found` by table."""
    return {table: {key for _, one, key in found if one == table} for _, table, _ in found}


# Layers.


def test_rows_that_were_judged_are_let_go_at_once_but_for_a_sample(rows: list[Record]) -> None:
    """Else those of a corpus would stay until Python looks for cycles, which it seldom does."""
    release = next(record for record in rows if record.table == "releases")
    many = [release._replace(values=release.values | {"release_id": f"r{number}"}) for number in range(2000)]
    gc.disable()
    try:
        before = sys.getrefcount(release.values["body"])
        tables.judge({table: [] for table in TABLES} | {"releases": many})
        assert sys.getrefcount(release.values["body"]) - before < len(many) / 2
    finally:
        gc.enable()


def test_what_a_layer_refuses_the_next_layers_are_not_asked_about(seed: Document) -> None:
    record, gate, table = (copy.deepcopy(seed) for _ in range(3))
    table["roles"][0] |= {"organization_id": "nobody"}
    gate["roles"][0] |= {"organization_id": "nobody", "title": "nothing said"}
    record["roles"][0] |= {"organization_id": "nobody", "title": "nothing said", "country_code": "nowhere"}
    assert [{one[0] for one in own(judged(document))} for document in (table, gate, record)] == [
        {"table.foreign-key"},
        {"evidence.verbatim"},
        {"record.pattern"},
    ]


def test_a_row_is_told_once_for_each_rule_that_it_breaks_in_a_layer(rows: list[Record]) -> None:
    verdict = verdict_on(with_values(rows, "places", "gt", country_code="gt", name="", nonsense=1))
    assert own(verdict) == {
        (rule, "places", "gt") for rule in ("record.pattern", "record.min-length", "record.unknown-field")
    }
    assert verdict.report.counts["places"].refused == 1


def test_without_suites_none_is_asked_and_with_them_all_four_layers_answer(rows: list[Record]) -> None:
    assert {check.layer for check in verdict_on(rows).report.checks} == {"input", "record", "evidence", "table"}
    asked = Check(
        id="suite.roles.any",
        layer="suite",
        severity="info",
        outcome="passed",
        looked_at=1,
        failures=0,
        reason="Why not.",
    )
    verdict = judge.judge(rows, [], [], 1.0, lambda _: Asked([], [], [asked]))
    assert verdict.report.checks[-1] == asked


# Dependants.


def test_a_refused_fact_takes_its_entry_in_the_registry_its_words_and_who_takes_part(seed: Document) -> None:
    seed["meetings"][1]["spans"][0]["text"] = "nothing said"
    assert seed["meetings"][1]["id"] == "m2"
    verdict = judged(seed)
    assert own(verdict) == {("evidence.words", "meetings", "m2")}
    assert tables_of(dependants(verdict)) == {"facts": {"m2"}, "spans": {"m2"}, "participants": {"m2"}}


def test_a_refused_trip_takes_all_its_meetings_and_nothing_that_it_refers_to(seed: Document) -> None:
    seed["meetings"][0]["spans"][0]["text"] = "nothing said"
    verdict, good = judged(seed), good_rows(json.loads(SEED.read_text(encoding="utf-8")))
    trip = {f"m{number}" for number in range(1, 9)}
    assert tables_of(own(verdict)) == {"meetings": {"m1"}}
    assert tables_of(dependants(verdict)) == {
        "meetings": trip - {"m1"},
        "facts": trip,
        "spans": trip,
        "participants": trip,
    }
    for table in ("releases", "entities", "people", "places", "mentions", "roles", "agreements", "statements"):
        assert values_of(verdict.rows)[table] == values_of(good)[table]
    assert {local(record) for record in verdict.rows["meetings"]} == {"m9"}


@pytest.mark.parametrize("level", ["record", "evidence", "table"])
def test_a_refused_agreement_takes_the_meeting_at_which_it_was_signed_whatever_refuses_it(
    rows: list[Record], level: str
) -> None:
    values = {"record": {"kind": "nonsense"}, "evidence": {"title": "nothing said"}, "table": {"release_id": "nobody"}}
    changed = with_values(rows, "agreements", "/a1", **values[level])
    verdict = verdict_on(changed)
    assert tables_of(own(verdict))["agreements"] == {"a1"}
    assert tables_of(dependants(verdict))["meetings"] == {"m4"}


def test_a_refused_participant_goes_alone_and_the_names_of_the_others_stay(seed: Document) -> None:
    guests = seed["meetings"][1]["participants"]
    guests.append({"role": "guest"})
    verdict = judged(seed)
    assert [(item.problem.rule, item.record.table) for item in verdict.refused] == [("record.somebody", "participants")]
    assert values_of(verdict.rows) == values_of(good_rows(json.loads(SEED.read_text(encoding="utf-8"))))


def test_a_refused_release_takes_all_of_its_own_and_nothing_of_another(seed: Document) -> None:
    other = copy.deepcopy(seed) | {"id": "other"}
    seed["dateline"] = "NOWHERE"
    verdict = judged(seed, other)
    assert values_of(verdict.rows) == values_of(judged(other).rows)
    assert own(verdict) == {("evidence.verbatim", "releases", seed["id"])}
    lost = Counter(item.record.table for item in verdict.refused)
    alone = {table: len(found) for table, found in judged(other).rows.items()}
    entities = ("entities", *ENTITY_TABLES.values())
    assert lost == {table: count for table, count in alone.items() if count and table not in entities}


@pytest.mark.parametrize(("table", "key", "other"), [("entities", "gt", "places"), ("places", "gt", "entities")])
def test_an_entity_and_its_entry_in_the_registry_go_together(
    rows: list[Record], table: str, key: str, other: str
) -> None:
    verdict = verdict_on(with_values(rows, table, key, name=""))
    assert tables_of(own(verdict)) == {table: {key}}
    assert key in tables_of(dependants(verdict))[other]
    assert not any(record.key == key for record in (*verdict.rows["entities"], *verdict.rows["places"]))


def test_what_refers_to_a_refused_entity_goes_with_it_and_its_own_parent_stays(rows: list[Record]) -> None:
    child, parent = next(
        (record.key, record.values["parent_id"])
        for record in rows
        if record.table == "organizations" and record.values["parent_id"]
    )
    verdict = verdict_on(with_values(rows, "organizations", child, name=""))
    assert parent in {record.key for record in verdict.rows["organizations"]}
    before, after = (
        {str(record.values["entity_id"]) for table in ("mentions", "participants") for record in found[table]}
        for found in (verdict_on(rows).rows, verdict.rows)
    )
    assert before - after == {child}


@pytest.mark.parametrize("table", FACT_TABLES.values())
def test_a_fact_and_its_entry_in_the_registry_go_together(rows: list[Record], table: str) -> None:
    fact = next(record for record in rows if record.table == table)
    for refused, other in ((table, "facts"), ("facts", table)):
        verdict = verdict_on(with_values(rows, refused, fact.key, release_id="Nobody"))
        assert (refused, local(fact)) in {one[1:] for one in own(verdict)}
        assert (DEPENDANT, other, local(fact)) in dependants(verdict)


def test_a_row_whose_key_stands_twice_keeps_its_dependants_for_one_of_the_two_stands(rows: list[Record]) -> None:
    meeting = next(record for record in rows if record.key.endswith("/m1"))
    assert meeting.table == "facts"
    verdict = verdict_on([*rows, meeting._replace(values=dict(meeting.values))])
    assert own(verdict) == {("table.primary-key", "facts", "m1")}
    assert not dependants(verdict)
    assert values_of(verdict.rows) == values_of(verdict_on(rows).rows)


def test_a_dependant_names_its_parent_and_its_own_place(seed: Document) -> None:
    seed["agreements"][0]["spans"][0]["text"] = "nothing said"
    found = next(item.problem for item in judged(seed).refused if item.problem.table == "meetings")
    assert found.message == f"its parent in agreements, {seed['id']}/a1, is refused"
    assert found.source
    assert found.source.pointer == "/meetings/3"


# Names, for those who read in a spreadsheet.


def names(document: Document, table: str) -> list[str | None]:
    """Return the names of those who take part in each fact of `table`."""
    return [record.values["participant_names"] for record in judged(document).rows[table]]


def told(**more: Any) -> Document:
    """Return a document of one sentence."""
    sentence = {"start": 0, "end": 31, "text": "The mayor met Ann, Bea and Cleo"}
    taking_part = [{"role": "guest", "entity_id": one} for one in ("cleo", "bea", "ann")]
    fact = {
        "verb": "meet",
        "text": sentence["text"],
        "participants": taking_part,
        "spans": [span("evidence", sentence)],
    }
    places = {"ann": 14, "bea": 19, "cleo": 27}
    document: Document = {
        "id": "told",
        "issuer": "dhs",
        "language": "en",
        "body": sentence["text"],
        "source": {"name": "A press office"},
        "people": [{"id": one, "name": one.capitalize()} for one in places],
        "organizations": [{"id": "dhs", "name": "Homeland Security"}],
        "mentions": [
            {"entity_id": one, "start": at, "end": at + len(one), "name": one.capitalize()}
            for one, at in places.items()
        ],
        "statements": [fact | more],
    }
    return document


def test_names_stand_in_the_order_of_the_text() -> None:
    assert names(told(), "statements") == ["Ann|Bea|Cleo"]


def test_one_who_takes_part_twice_is_named_once_and_one_without_a_name_by_the_words() -> None:
    taking_part = [
        {"role": "host", "text": "The mayor"},
        {"role": "host", "entity_id": "ann"},
        {"role": "guest", "entity_id": "ann"},
    ]
    (found,) = names(told(participants=taking_part), "statements")
    assert sorted(str(found).split("|")) == ["Ann", "The mayor"]


def test_a_fact_of_nobody_has_no_names_and_a_role_has_the_one_of_its_person(seed: Document) -> None:
    assert names(told(participants=[]), "statements") == [None]
    people = {person["id"]: person["name"] for person in seed["people"]}
    assert sorted(map(str, names(seed, "roles"))) == sorted(people[role["person_id"]] for role in seed["roles"])


def test_a_name_with_the_mark_that_joins_names_is_written_without_it() -> None:
    document = told()
    document["people"][0]["name"] = "Ann | Lee"
    assert names(document, "statements") == ["Bea|Cleo|Ann Lee"]


def test_the_name_of_one_who_is_refused_is_not_among_them() -> None:
    document = told()
    document["statements"][0]["participants"][1]["entity_id"] = "nobody"
    assert names(document, "statements") == ["Ann|Cleo"]


# Counts.


def test_what_came_in_went_out_or_was_refused(seed: Document) -> None:
    seed["meetings"][0]["spans"][0]["text"] = "nothing said"
    seed["people"][3]["nonsense"] = 1
    seed["meetings"][1]["spans"][0]["text"] = "nothing said"
    seed["mentions"].append("no mention")
    verdict = judged(seed, "no document")
    for table, count in verdict.report.counts.items():
        assert count.in_ == count.out + count.refused
        assert count.out == len(verdict.rows[table])
        assert count.refused == len({id(item.record) for item in verdict.refused if item.record.table == table})
    assert [*verdict.report.counts] == [*TABLES]


def test_a_document_that_cannot_be_read_counts_as_a_release(tmp_path: Path) -> None:
    (tmp_path / "whole.json").write_bytes(SEED.read_bytes())
    (tmp_path / "torn.json").write_bytes(SEED.read_bytes()[:1000])
    report = preview.validate_files(tmp_path, date.fromisoformat(AS_OF))
    found = report.counts["releases"]
    assert (found.in_, found.out, found.refused) == (2, 1, 1)
    assert [(one.rule, one.table) for one in report.problems] == [("input.json", None)]
    check = next(check for check in report.checks if check.id == "input.document")
    assert (check.outcome, check.looked_at, check.failures) == ("failed", 2, 1)


# Held.


def asked(rows_found: list[Finding], problems: list[Problem]) -> Asked:
    """Return the answer of suites that found this."""
    return Asked(rows_found, problems, [])


def of_suite(severity: Any, record: Record | None = None) -> Problem:
    """Return what a suite says of a table, or of a row."""
    return Problem(
        rule="suite.roles.any",
        layer="suite",
        severity=severity,
        table="roles",
        message="Why not.",
        key=record and record.key,
    )


@pytest.mark.parametrize(("severity", "held"), [("critical", True), ("warning", False), ("info", False)])
def test_only_a_critical_problem_of_a_table_holds_and_it_refuses_no_row(
    rows: list[Record], severity: str, *, held: bool
) -> None:
    verdict = judge.judge(rows, [], [], 1.0, lambda _: asked([], [of_suite(severity)]))
    assert (verdict.held, verdict.report.valid, verdict.refused) == (held, not held, [])


@pytest.mark.parametrize("whole", [False, True])
def test_a_defect_of_the_table_engine_that_frictionless_shows_up_holds_the_candidate(
    rows: list[Record], monkeypatch: pytest.MonkeyPatch, *, whole: bool
) -> None:
    wrong = Fault("type-error", "it is wrong", "release_id", 1, "")
    monkeypatch.setattr(engine_rows, "judged", lambda *_: [wrong])  # an engine that holds every row for wrong
    verdict = judge.judge(rows, [], [], 1.0, None, whole=whole)
    told = next(one for one in verdict.report.problems if (one.rule, one.table) == ("table.reference", "releases"))
    assert verdict.held
    assert told.severity == "critical"
    assert "it is wrong" in told.message
    assert told.message.endswith("frictionless says nothing more")
    assert {check.id: check.outcome for check in verdict.report.checks}["table.reference"] == "failed"


def test_the_suites_are_asked_again_of_what_is_left_after_they_refused_a_row(rows: list[Record]) -> None:
    """A suite that refuses the first role for as long as there are more than eight."""
    seen: list[int] = []

    def suites(left: Rows) -> Asked:
        roles = left["roles"]
        seen.append(len(roles))
        return asked([(roles[0], of_suite("error", roles[0]))] if len(roles) > 8 else [], [])

    verdict = judge.judge(rows, [], [], 1.0, suites)
    assert seen == [10, 9, 8]
    assert len(verdict.rows["roles"]) == 8
    assert Counter(item.record.table for item in verdict.refused if item.problem.rule != DEPENDANT) == {"roles": 2}
    assert {item.record.table for item in verdict.refused if item.problem.rule == DEPENDANT} == {"facts", "spans"}


def spoil_statements(seed: Document, number: int) -> Document:
    """Return the seed with so many of its statements spoiled."""
    for statement in seed["statements"][:number]:
        statement["text"] = "nothing said"
    return seed


def test_more_than_the_share_of_refused_rows_holds_and_just_the_share_does_not(seed: Document) -> None:
    rows_in = sum(count.in_ for count in judged(seed).report.counts.values())
    spoiled = spoil_statements(seed, 4)
    allowed, held = (judged(spoiled, max_refused_share=share) for share in (4 / rows_in, 3.9 / rows_in))
    assert (allowed.held, held.held) == (False, True)
    (found,) = (problem for problem in held.report.problems if problem.severity == "critical")
    assert found.rule == "quarantine.share"
    assert found.message.startswith(f"4 of {rows_in} rows are refused")


def test_dependants_do_not_count_for_the_share(seed: Document) -> None:
    seed["meetings"][0]["spans"][0]["text"] = "nothing said"
    rows_in = sum(count.in_ for count in judged(seed).report.counts.values())
    verdict = judged(seed, max_refused_share=1 / rows_in)
    assert len(verdict.refused) > 20
    assert not verdict.held


def first_statement(came: list[Record]) -> str:
    """Return the key of a statement."""
    return next(record.key for record in came if record.table == "statements")


def test_a_row_that_breaks_several_rules_counts_once_for_the_share(rows: list[Record]) -> None:
    verdict = verdict_on(with_values(rows, "statements", first_statement(rows), verb="", origin=""), 1 / len(rows))
    assert len(own(verdict)) == 2
    assert not verdict.held


def test_a_refused_row_makes_the_report_invalid_and_a_warning_does_not(seed: Document) -> None:
    later = seed | {"body": f"Today. {seed['body']}"}
    warned, refused = judged(later), judged(spoil_statements(seed, 1))
    assert {problem.severity for problem in warned.report.problems} == {"warning"}
    assert (warned.report.valid, refused.report.valid, judged().report.valid) == (True, False, True)


# Checks.


def outcomes(report: Report) -> dict[str, tuple[str, int, int]]:
    """Return how each check went: outcome, looked at, failures."""
    return {check.id: (check.outcome, check.looked_at, check.failures) for check in report.checks}


def test_there_is_one_check_a_table_for_records_and_tables_and_one_a_rule_for_evidence(seed: Document) -> None:
    ids = [check.id for check in judged(seed).report.checks]
    gate = [rule.id for rule in RULES.values() if rule.layer == "evidence" and rule.id != "evidence.text-changed"]
    expected = [
        "input.document",
        *(f"record.{table}" for table in TABLES),
        *gate,
        *(f"table.{table}" for table in TABLES),
        "table.reference",
    ]
    assert ids == expected


def test_a_check_says_how_many_values_it_looked_at(seed: Document) -> None:
    found = outcomes(judged(seed).report)
    facts = [fact for table in FACT_TABLES.values() for fact in seed[table]]
    spans = sum(len(fact["spans"]) for fact in facts)
    stretches = spans + len(facts) + len(seed["mentions"])
    dated = [fact for fact in facts if fact.get("start_on") or fact.get("signed_start")]
    expected = {
        "record.mentions": len(seed["mentions"]),
        "table.spans": spans,
        "evidence.missing": len(facts),
        "evidence.offset": stretches,
        "evidence.words": stretches,
        "evidence.field": spans,
        "evidence.cover": spans,
        "evidence.quantity": sum("quantity_text" in one for one in seed["commitments"]),
        "evidence.due": sum("due_text" in one for one in seed["commitments"]),
        "evidence.day": len(dated) + 1,
    }
    assert {rule: found[rule] for rule in expected} == {rule: ("passed", count, 0) for rule, count in expected.items()}


def test_a_check_that_looked_at_nothing_has_not_passed_and_says_so() -> None:
    bare = told() | {"statements": [], "mentions": []}
    report = judged(bare).report
    skipped = {check.id for check in report.checks if check.outcome == "skipped"}
    assert {f"record.{table}" for table in FACT_TABLES.values()} <= skipped
    assert {rule.id for rule in RULES.values() if rule.layer == "evidence" and rule.severity == "error"} <= skipped
    assert not {"input.document", "record.releases", "table.people"} & skipped
    for check in report.checks:
        assert (check.outcome == "skipped") == (check.looked_at == 0) == check.reason.startswith("nothing to look at. ")


def test_of_nothing_at_all_every_check_is_skipped() -> None:
    assert {check.outcome for check in judged().report.checks} == {"skipped"}


def test_a_check_that_failed_counts_the_rows_that_failed_it(seed: Document) -> None:
    found = outcomes(judged(spoil_statements(seed, 3)).report)
    values = found["evidence.verbatim"][1]
    assert found["evidence.verbatim"] == ("failed", values, 3)
    assert values > 3
    assert found["record.statements"] == ("passed", 10, 0)
    assert found["table.statements"] == ("passed", 7, 0)


def test_every_check_says_why_it_exists(seed: Document) -> None:
    assert all(check.reason and check.layer == check.id.split(".")[0] for check in judged(seed).report.checks)


# How it is told.


def test_problems_stand_in_the_order_of_tables_keys_and_fields(seed: Document) -> None:
    seed["people"][3]["nonsense"] = 1
    seed["meetings"][1]["spans"][0]["text"] = "nothing said"
    for statement in seed["statements"]:
        statement |= {"verb": "", "text": "nothing said", "origin": "Nobody"}
    problems = judged(seed, "no document").report.problems
    order = [(list(TABLES).index(one.table or ""), one.key or "", one.field or "", one.rule) for one in problems]
    assert order == sorted(order)
    assert len({one.table for one in problems}) > 3


def test_a_problem_tells_rule_layer_severity_place_and_how_to_mend_it(seed: Document) -> None:
    seed["roles"][2]["title"] = "nothing said"
    (found,) = (one for one in judged(seed).report.problems if one.rule != DEPENDANT)
    assert found.source
    assert (found.rule, found.layer, found.severity, found.table, found.field, found.value) == (
        "evidence.verbatim",
        "evidence",
        "error",
        "roles",
        "title",
        "nothing said",
    )
    assert (found.source.file, found.source.pointer, found.hint) == ("0.json", "/roles/2", RULES[found.rule].hint)


def test_a_long_value_is_cut_in_the_problem_and_whole_in_what_is_kept_back(seed: Document) -> None:
    long = "nothing said " * 100
    seed["roles"][2]["title"] = long
    (found,) = (item for item in judged(seed).refused if item.problem.rule != DEPENDANT)
    assert len(found.problem.value or "") == 200
    assert found.record.values["title"] == long


def test_the_order_in_which_rows_come_changes_nothing(rows: list[Record]) -> None:
    spoiled = with_values(rows, "statements", first_statement(rows), verb="")
    there, back = verdict_on(spoiled), verdict_on(spoiled[::-1])
    assert there.report == back.report
    assert there.rows == back.rows


def test_a_report_has_no_clock_and_no_path_of_the_machine(seed: Document, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(spoil_statements(seed, 2)), encoding="utf-8")
    reports = [preview.validate_files(tmp_path, date.fromisoformat(day)) for day in (AS_OF, "2001-01-01")]
    told_of = reports[0].model_dump_json(by_alias=True)
    assert reports[0] == reports[1]
    assert str(tmp_path) not in told_of
    assert not re.search(r"\d\d:\d\d", told_of)
    assert str(steps.today()) not in told_of


def test_a_place_is_read_as_file_line_and_pointer() -> None:
    place = Provenance(file="a.jsonl", line=3, pointer="").at("mentions", 0, "a/b~c")
    assert str(place) == "a.jsonl:3 /mentions/0/a~1b~0c"


def test_a_report_reads_back_as_it_was_written(seed: Document) -> None:
    report = judged(spoil_statements(seed, 2)).report
    assert Report.model_validate_json(report.model_dump_json(by_alias=True)) == report


def test_items_that_are_no_objects_are_refused_one_by_one(seed: Document) -> None:
    items: list[Any] = [None, 5, "words", [], {}]
    more: Item = {"mentions": [*seed["mentions"], *items]}
    verdict = judged(seed | more)
    assert {item.record.source.pointer for item in verdict.refused} == {
        f"/mentions/{57 + at}" for at in range(len(items))
    }
    assert values_of(verdict.rows) == values_of(judged(seed).rows)
