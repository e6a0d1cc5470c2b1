"""Suites: every file loads, every rule is told when it is broken, and nothing that is wrong with a suite is skipped."""

import json
import re
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import preview, profile, rebuild
from flows.publish import package
from flows.settings import PROJECT, Settings
from flows.validate import judge, suites
from flows.validate.judge import Asked, Rows
from flows.validate.suites import SOURCES, Expectation, SuiteFault
from schemas.dataset import Freshness
from schemas.package import Package
from schemas.report import Check, Record
from schemas.tables import TABLES
from tests.conftest import AS_OF, SEED, Communique
from tests.publishing import DATASET as NAME
from tests.publishing import home, read_json
from tests.publishing import published as publish
from tests.strategies import DATASET, built, good_rows

TODAY = date.fromisoformat(AS_OF)
GOOD = good_rows(json.loads(SEED.read_text(encoding="utf-8")))
NEWS = {"published_on": AS_OF, "headline": "News"}
RELEASED = {"releases": [record._replace(values=record.values | NEWS) for record in GOOD["releases"]]}
SOURCE_OF = {GOOD["releases"][0].source.file: "files"}
VALUES = {
    "as_of": TODAY,
    "oldest_allowed": TODAY - timedelta(days=30),
    "previous": profile.measure(GOOD | RELEASED, SOURCE_OF),
    "source_of": SOURCE_OF,
}
FOLDER = PROJECT / "expectations"
ALL = {one.rule: one for one in suites.load()}

Change = Callable[[Rows], Rows]


@pytest.fixture(scope="module")
def seeded() -> Rows:
    """Return the good rows of the seed, with the day of publication that the seed does not have."""
    return GOOD | RELEASED


def published(day: str) -> Change:
    """Return a change that publishes the release on `day`."""
    return one("releases", published_on=day)


def one(table: str, **values: Any) -> Change:
    """Return a change of the first row of `table`."""

    def change(rows: Rows) -> Rows:
        first, *others = rows[table]
        return rows | {table: [first._replace(values=first.values | values), *others]}

    return change


def every(table: str, **values: Any) -> Change:
    """Return a change of every row of `table`."""
    return lambda rows: rows | {table: [record._replace(values=record.values | values) for record in rows[table]]}


def none(table: str) -> Change:
    """Return a change that takes every row of `table` away."""
    return lambda rows: rows | {table: []}


def again(table: str, **values: Any) -> Change:
    """Return a change that adds the first row of `table` again with other `values`."""
    return lambda rows: rows | {table: [*rows[table], rows[table][0]._replace(values=rows[table][0].values | values)]}


def told(rows: Rows, *expectations: Expectation, **values: Any) -> Asked:
    """Return what `expectations` say of `rows`."""
    return suites.judge(rows, list(expectations), VALUES | values)


def only(found: Asked) -> Check:
    """Return the one check."""
    (check,) = found.checks
    return check


# Every rule of the project.

LATER = str(TODAY + timedelta(days=1))
BROKEN: dict[str, Change] = {
    "suite.agreements.not-signed-ahead": one("agreements", signed_start=LATER, signed_end=LATER),
    "suite.commitments.concrete-has-a-thing": every("commitments", strength="concrete", item=None, quantity=None),
    "suite.commitments.quantities-kept": every("commitments", quantity=None),
    "suite.releases.any-release": none("releases"),
    "suite.releases.days-kept": every("releases", published_on=None),
    "suite.releases.headlines-kept": every("releases", headline=None),
    "suite.sources.months-kept": none("releases"),
    "suite.commitments.quantity-in-range": one("commitments", quantity="100000000000001"),
    "suite.entities.name-has-a-letter": one("entities", name="4-2_"),
    "suite.entities.name-is-trimmed": one("entities", name="Guatemala "),
    "suite.entities.names-differ": every("entities", name="Guatemala"),
    "suite.meetings.has-names": one("meetings", participant_names=None),
    "suite.meetings.not-after-the-run": one("meetings", status="happened", start_on=LATER, end_on=LATER),
    "suite.mentions.name-length": one("mentions", name="x" * 201),
    "suite.mentions.one-name-a-place": again("mentions", start=1),
    "suite.participants.position-in-range": one("participants", position=501),
    "suite.quotes.has-a-speaker": one("quotes", participant_names=None),
    "suite.quotes.quote-length": one("quotes", text="x" * 9),
    "suite.releases.event-in-range": one("releases", event_start=LATER, event_end=LATER),
    "suite.releases.freshness": published(str(TODAY - timedelta(days=31))),
    "suite.releases.language": one("releases", language="tlh"),
    "suite.releases.median-words": one("releases", word_count=59),
    "suite.releases.not-published-ahead": published(LATER),
    "suite.releases.unique-text": again("releases", release_id="twin"),
    "suite.releases.word-count": one("releases", word_count=19),
    "suite.revisions.not-seen-ahead": one("revisions", seen_on=LATER),
    "suite.roles.title-is-no-name": one("roles", title="Secretary,"),
    "suite.roles.title-length": one("roles", title="x" * 201),
    "suite.statements.verb-is-plain": one("statements", verb="Thanked for"),
} | {rule: none(asked.table) for rule, asked in ALL.items() if rule.endswith(".rows-kept")}


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.name)
def test_every_suite_loads_whole_and_is_named_by_its_table(file: Path) -> None:
    suite = json.loads(file.read_text(encoding="utf-8"))
    assert suite["name"] == file.stem
    assert file.stem in (*TABLES, SOURCES)
    loaded = [expectation.meta["id"] for expectation in ALL.values() if expectation.table == file.stem]
    assert loaded == [entry["meta"]["id"] for entry in suite["expectations"]]


NOT_ASKED = {"suite.commitments.concrete-has-a-thing": "skipped"}
"""What has nothing to look at in the seed: each of its concrete commitments has a quantity."""


def test_rows_that_keep_every_rule_pass_every_rule(seeded: Rows) -> None:
    found = told(seeded, *ALL.values())
    assert (found.findings, found.problems) == ([], [])
    assert {check.id: check.outcome for check in found.checks} == dict.fromkeys(ALL, "passed") | NOT_ASKED
    assert [check.id for check in found.checks] == sorted(ALL)


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_told_by_its_id_with_its_severity(seeded: Rows, rule: str) -> None:
    asked = ALL[rule]
    found = told(BROKEN[rule](seeded), asked)
    refuses = bool(asked.meta.get("refuses_rows"))
    problems = [problem for _, problem in found.findings] if refuses else found.problems
    severity = "error" if refuses else asked.severity
    assert [(one.rule, one.layer, one.table, one.severity) for one in problems] == [
        (rule, "suite", asked.table, severity)
    ]
    assert asked.meta["reason"] in problems[0].message
    check = only(found)
    assert (check.id, check.outcome, check.severity, check.reason) == (rule, "failed", severity, asked.meta["reason"])
    assert check.looked_at >= check.failures >= 1


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_leaves_the_rules_beside_it_as_they_were(seeded: Rows, rule: str) -> None:
    near = {ALL[rule].table, SOURCES}  # what the sources still have is counted in the releases
    near |= {"releases"} if ALL[rule].table == SOURCES else set()
    beside = [asked for asked in ALL.values() if asked.table not in near and asked.rule not in NOT_ASKED]
    found = told(BROKEN[rule](seeded), *beside)
    assert {check.outcome for check in found.checks} == {"passed"}


def test_every_rule_about_rows_is_broken_above() -> None:
    about_whole_tables = {asked.rule for asked in ALL.values() if asked.type.startswith("expect_table_")}
    assert set(BROKEN) | about_whole_tables == set(ALL)


# Rows that are refused.


def dated(rows: Rows, *days: str | None) -> list[Record]:
    """Return a release for each of `days`, published on it."""
    first = rows["releases"][0]
    return [
        first._replace(values=first.values | {"release_id": f"r{number}", "published_on": day})
        for number, day in enumerate(days)
    ]


def test_just_the_rows_that_fail_are_refused_and_null_is_none_of_them(seeded: Rows) -> None:
    days = ("0001-01-01", "1788-12-31", "1789-01-01", None, "2021-07-06", AS_OF, LATER, "9999-12-31")
    found = told(seeded | {"releases": dated(seeded, *days)}, ALL["suite.releases.not-published-ahead"])
    assert [record.key for record, _ in found.findings] == ["r0", "r1", "r6", "r7"]
    assert found.problems == []
    assert (only(found).looked_at, only(found).failures) == (7, 4)


def test_a_refused_row_is_told_with_its_key_field_value_and_place(seeded: Rows) -> None:
    ((record, problem),) = told(published(LATER)(seeded), ALL["suite.releases.not-published-ahead"]).findings
    assert (problem.key, problem.field, problem.value) == (record.key, "published_on", LATER)
    assert problem.source == record.source == seeded["releases"][0].source
    assert problem.hint == "Mend the day of publication."


@pytest.mark.parametrize(("status", "refused"), [("happened", 1), ("planned", 0), ("referenced", 0)])
def test_a_rule_with_a_condition_asks_only_where_it_holds(seeded: Rows, status: str, refused: int) -> None:
    rows = one("meetings", status=status, start_on=LATER, end_on=LATER)(seeded)
    assert len(told(rows, ALL["suite.meetings.not-after-the-run"]).findings) == refused


def test_a_row_that_a_suite_refuses_goes_with_its_dependants_and_the_rest_passes() -> None:
    seed = json.loads(SEED.read_text(encoding="utf-8")) | {"commitments": []}
    ahead = {"id": "ahead", "published_on": LATER, "body": f"{seed['body']} End.", "text_sha256": None}
    came = built(seed, seed | ahead)
    alone = [asked for asked in ALL.values() if asked.meta.get("needs") != "previous"]
    verdict = judge.judge(came.records, [], [], 1.0, lambda rows: told(rows, *alone))
    assert {record.key for record in verdict.rows["releases"]} == {seed["id"]}
    own = [item.problem.rule for item in verdict.refused if item.problem.rule != "quarantine.dependant"]
    assert own == ["suite.releases.not-published-ahead"]
    assert {item.record.values.get("release_id", "ahead") for item in verdict.refused} == {"ahead"}
    assert not verdict.held
    failed = {check.id for check in verdict.report.checks if check.outcome == "failed"}
    assert failed == {"suite.releases.not-published-ahead"}


def test_a_critical_rule_that_refuses_no_row_holds_the_candidate(seeded: Rows) -> None:
    published_then = published("2021-07-07")(seeded)
    came = [record for table in one("revisions", seen_on=LATER)(published_then).values() for record in table]
    verdict = judge.judge(came, [], [], 1.0, lambda rows: told(rows, *ALL.values()))
    assert verdict.held
    assert verdict.refused == []


# Parameters of the run.


def test_a_day_of_the_run_is_a_bound_that_moves_with_it(seeded: Rows) -> None:
    rule = ALL["suite.releases.not-published-ahead"]
    outcomes = [only(told(seeded, rule, as_of=TODAY - timedelta(days=days))).outcome for days in (0, 1)]
    assert outcomes == ["passed", "failed"]


def test_a_rule_is_skipped_with_its_reason_where_what_it_needs_is_not_set(seeded: Rows) -> None:
    rule = ALL["suite.releases.freshness"]
    check = only(suites.judge(seeded, [rule], {"as_of": TODAY}))
    assert (check.outcome, check.looked_at) == ("skipped", 0)
    assert check.reason == f"{rule.meta['without']} {rule.meta['reason']}"


@pytest.mark.parametrize(("age", "oldest"), [(None, None), (1, "2026-11-23"), (365, "2025-11-24")])
def test_the_oldest_day_allowed_is_the_day_of_the_run_less_the_age_that_the_dataset_sets(
    age: int | None, oldest: str | None
) -> None:
    dataset = DATASET.model_copy(update={"freshness": Freshness(max_age=age)})
    expected = {"as_of": TODAY} | ({"oldest_allowed": date.fromisoformat(oldest)} if oldest else {})
    assert suites.parameters(dataset, TODAY, None) == expected | {"source_of": {}}


# What looked at nothing.


def test_a_rule_about_a_column_that_is_empty_is_skipped(seeded: Rows) -> None:
    for rule in ("suite.releases.not-published-ahead", "suite.releases.freshness"):
        check = only(told(every("releases", published_on=None)(seeded), ALL[rule]))
        assert (check.outcome, check.looked_at) == ("skipped", 0)
        assert check.reason == f"nothing to look at. {ALL[rule].meta['reason']}"


def test_a_rule_whose_condition_holds_for_no_row_is_skipped(seeded: Rows) -> None:
    check = only(told(every("meetings", status="planned")(seeded), ALL["suite.meetings.not-after-the-run"]))
    assert (check.outcome, check.looked_at) == ("skipped", 0)


def test_a_rule_about_rows_of_a_table_without_any_is_skipped(seeded: Rows) -> None:
    found = told({table: [] for table in seeded}, *(ALL[rule] for rule in BROKEN))
    about_rows = {rule for rule, asked in ALL.items() if not asked.type.startswith("expect_table_")} & BROKEN.keys()
    outcomes = {check.id: check.outcome for check in found.checks}
    assert {rule: outcomes[rule] for rule in about_rows - {"suite.sources.months-kept"}} == dict.fromkeys(
        about_rows - {"suite.sources.months-kept"}, "skipped"
    )


def test_a_rule_that_nulls_break_looks_at_nulls(seeded: Rows) -> None:
    check = only(told(every("quotes", participant_names=None)(seeded), ALL["suite.quotes.has-a-speaker"]))
    assert (check.outcome, check.looked_at, check.failures) == ("failed", 1, 1)


# What is wrong with a suite itself.

RULE: dict[str, Any] = {
    "type": "expect_column_values_to_not_be_null",
    "kwargs": {"column": "title"},
    "severity": "warning",
    "meta": {"id": "any", "reason": "A role has a title."},
}


def suite(folder: Path, *entries: dict[str, Any], table: str = "roles") -> list[Expectation]:
    """Return what is loaded from a folder with the suite of one table."""
    (folder / f"{table}.json").write_text(json.dumps({"name": table, "expectations": entries}), encoding="utf-8")
    return suites.load(folder)


def test_a_rule_that_is_right_loads_and_is_asked(seeded: Rows, tmp_path: Path) -> None:
    (rule,) = suite(tmp_path, RULE)
    assert rule.rule == "suite.roles.any"
    assert only(told(seeded, rule)).outcome == "passed"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no such expectation": ({"type": "expect_column_values_to_be_nice"}, "expect_column_values_to_be_nice"),
    "an expectation by its class": ({"type": "ExpectColumnValuesToNotBeNull"}, "ExpectColumnValuesToNotBeNull"),
    "no expectation": ({"type": None}, "None"),
    "a severity of our own": ({"severity": "error"}, "critical, warning, info"),
    "a severity in capitals": ({"severity": "Warning"}, "critical, warning, info"),
    "no severity": ({"severity": None}, "critical, warning, info"),
    "no meta": ({"meta": {}}, "id and reason"),
    "no id": ({"meta": {"reason": "A role has a title."}}, "id and reason"),
    "no reason": ({"meta": {"id": "any"}}, "id and reason"),
    "an empty reason": ({"meta": {"id": "any", "reason": ""}}, "id and reason"),
    "a column that is not there": ({"kwargs": {"column": "colour"}}, "has no ['colour']"),
    "a column of an aggregate that is not there": (
        {"type": "expect_column_max_to_be_between", "kwargs": {"column": "nope", "max_value": 1}},
        "has no ['nope']",
    ),
    "a slip in meta": ({"meta": RULE["meta"] | {"refuse_rows": True}}, "meta has no ['refuse_rows']"),
    "a slip in an entry": ({"colour": "red"}, "an entry has no ['colour']"),
    "a need without what is said": ({"meta": RULE["meta"] | {"needs": "previous"}}, "wants meta.without"),
    "a count that refuses rows": (
        {"type": "expect_table_row_count_to_be_between", "kwargs": {}, "meta": RULE["meta"] | {"refuses_rows": True}},
        "only rules about values refuse rows",
    ),
    "meta that is no object": ({"meta": "any"}, "are objects"),
}


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "roles"}', '{"expectations": ["one"]}', '{"expectations": {}}'])
def test_a_file_that_is_no_suite_is_a_fault_that_names_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "roles.json").write_text(text, encoding="utf-8")
    with pytest.raises(SuiteFault, match=f"^{re.escape(str(tmp_path / 'roles.json'))}: "):
        suites.load(tmp_path)


def test_an_argument_that_no_expectation_has_is_a_fault(seeded: Rows, tmp_path: Path) -> None:
    rules = suite(tmp_path, RULE | {"kwargs": RULE["kwargs"] | {"colour": "red"}})
    with pytest.raises(SuiteFault, match=f"^{re.escape(str(tmp_path / 'roles.json'))}: any: "):
        told(seeded, *rules)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_entry_is_a_fault_that_names_its_file(tmp_path: Path, name: str) -> None:
    more, message = WRONG[name]
    with pytest.raises(SuiteFault) as fault:
        suite(tmp_path, RULE, RULE | {"meta": RULE["meta"] | {"id": "other"}} | more)
    assert str(fault.value).startswith(f"{tmp_path / 'roles.json'}: ")
    assert message in str(fault.value)


def test_a_file_of_a_table_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SuiteFault, match=r"/stars\.json: any: there is no table 'stars'"):
        suite(tmp_path, RULE, table="stars")


def test_a_rule_given_twice_is_a_fault_that_names_table_and_rule(tmp_path: Path) -> None:
    with pytest.raises(SuiteFault, match=r"given twice: suite\.roles\.any$"):
        suite(tmp_path, RULE, RULE | {"type": "expect_column_values_to_be_unique"})


def test_the_same_id_in_two_tables_is_two_rules(tmp_path: Path) -> None:
    suite(tmp_path, RULE)
    found = suite(tmp_path, RULE, table="agreements")
    assert {rule.rule for rule in found} == {"suite.roles.any", "suite.agreements.any"}


def test_two_rules_that_ask_the_same_each_have_their_answer(seeded: Rows, tmp_path: Path) -> None:
    rules = suite(tmp_path, RULE, RULE | {"meta": RULE["meta"] | {"id": "other"}})
    found = told(seeded, *rules)
    assert {check.id: check.outcome for check in found.checks} == {rule.rule: "passed" for rule in rules}


UNASKABLE: dict[str, dict[str, Any]] = {
    "a pattern that is none": {
        "type": "expect_column_values_to_match_regex",
        "kwargs": {"column": "title", "regex": "("},
    },
    "a text between numbers": {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "title", "min_value": 1, "max_value": 2},
    },
    "a condition on a column that is not there": {
        "kwargs": RULE["kwargs"] | {"row_condition": 'col("colour") == "red"', "condition_parser": "great_expectations"}
    },
}


@pytest.mark.parametrize("name", UNASKABLE)
def test_a_rule_that_cannot_be_asked_is_a_fault_and_not_bad_data(seeded: Rows, tmp_path: Path, name: str) -> None:
    rules = suite(tmp_path, RULE | UNASKABLE[name])
    with pytest.raises(SuiteFault, match=r"suite\.roles\.any cannot be asked"):
        told(seeded, *rules)


# Suites of one dataset alone.

OWN: dict[str, Any] = {
    "type": "expect_column_values_to_match_regex",
    "kwargs": {"column": "attribution", "regex": "^.{1,5}$"},
    "severity": "warning",
    "meta": {"id": "short", "reason": "Who speaks is said in short.", "refuses_rows": True},
}


def put_own(data: Path, name: str, table: str, *entries: dict[str, Any]) -> Path:
    """Write a suite of the dataset's own to its place in the data folder."""
    path = data / "expectations" / name / f"{table}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"expectations": entries}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Return a version of a dataset that has a suite of its own."""
    data = tmp_path_factory.mktemp("own") / "data"
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(PROJECT / "data" / "ministry", data / "ministry")
    shutil.copytree(SEED.parent, data / "releases")
    put_own(data, NAME, "quotes", OWN)
    return publish(data)


def test_a_suite_of_a_dataset_is_asked_beside_those_of_every_dataset(own: Package) -> None:
    checks = {check["id"]: check["outcome"] for check in read_json(own.folder / "report.json")["checks"]}
    assert checks["suite.quotes.short"] == "failed"
    assert set(ALL) < set(checks)


def test_a_suite_of_a_dataset_is_asked_of_no_other(own: Package) -> None:
    plan = preview.plan(Settings(data=own.folder.parents[2]), "sample-ministry", TODAY)
    assert {check.id for check in plan.report.checks if check.layer == "suite"} == set(ALL)


def test_a_suite_of_a_dataset_counts_in_the_digest_of_its_rules(own: Package, tmp_path: Path) -> None:
    data = shutil.copytree(own.folder.parents[2], tmp_path / "data", ignore=shutil.ignore_patterns("packages", "raw"))
    put_own(data, NAME, "quotes", OWN | {"severity": "info"})
    assert package.manifest(publish(data)).code.rules != package.manifest(own).code.rules


def test_a_rebuild_knows_the_suites_that_a_dataset_had(own: Package, tmp_path: Path) -> None:
    raw = own.folder.parents[2] / "raw"
    shutil.copytree(PROJECT / "data" / "datasets", tmp_path / "datasets")
    (made,) = rebuild.rebuild(Settings(data=tmp_path), NAME, raw)
    again = tmp_path / "packages" / NAME / made.version
    assert (again / "manifest.json").read_bytes() == (own.folder / "manifest.json").read_bytes()


def test_a_slip_in_a_suite_of_a_dataset_ends_2_and_names_its_file(communique: Communique, data: Path) -> None:
    path = put_own(data, NAME, "quotes", OWN | {"severity": "criticl"})
    for arguments in (("validate", NAME), ("run", NAME, "--dry-run")):
        refused = communique(*arguments, "--as-of", AS_OF)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr == f"{path}: short: severity is one of critical, warning, info\n"


def test_a_dataset_may_not_repeat_a_rule_of_every_dataset(tmp_path: Path) -> None:
    path = put_own(
        tmp_path, NAME, "releases", OWN | {"kwargs": {"column": "headline", "regex": "^A"}, "meta": META_OF_A_RULE}
    )
    with pytest.raises(SuiteFault, match=re.escape(str(path))):
        suites.load(FOLDER, path.parent)


META_OF_A_RULE = {"id": "not-published-ahead", "reason": "Given twice."}


def test_what_is_proposed_for_a_dataset_is_met_by_it_when_put_where_it_says(communique: Communique, data: Path) -> None:
    publish(data)
    proposed = json.loads(communique("thresholds", NAME).stdout)
    for path, told_there in proposed.items():
        assert Path(path).parent == data / "expectations" / NAME
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(told_there), encoding="utf-8")
    report = preview.validate_dataset(Settings(data=data), NAME, TODAY)
    added = {check.id: check.outcome for check in report.checks if check.layer == "suite" and check.id not in ALL}
    assert len(added) == sum(len(one["expectations"]) for one in proposed.values())
    assert set(added.values()) == {"passed"}
    assert home(data).exists()
