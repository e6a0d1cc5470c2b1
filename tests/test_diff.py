"""What changes between two versions: by key and field, how much it is, and why; and what a run would change."""

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from flows import preview
from flows.publish import diff, package
from flows.publish.diff import Cause, Diff, RowChange, State
from flows.settings import PROJECT, Settings
from schemas.package import Package
from tests.conftest import AS_OF, SEED
from tests.publishing import DATASET, published, read_json, tree
from tests.test_ministry import documents
from tests.test_rulings import edit, move_day, rename, seeded
from tests.test_series import MINISTRY, Series, play, put

DAY = date.fromisoformat(AS_OF)
RELEASE = "dhs-2021-07-guatemala-seed"
C1 = f"{RELEASE}/c1"
RULES = "1" * 64
OTHER_RULES = "2" * 64


def command(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Return what the command line says, called by a user on the data folder."""
    call = [str(Path(sys.executable).with_name("communique")), "--data", str(data), *arguments]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "COMMUNIQUE_"))}
    return subprocess.run(call, capture_output=True, text=True, check=False, env=env | {"COLUMNS": "200"}, timeout=300)


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Return the version that the seed makes."""
    data = tmp_path_factory.mktemp("diff") / "data"
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(SEED.parent, data / "releases")
    return published(data, DATASET, DAY)


@pytest.fixture
def before(version: Package) -> State:
    return diff.from_folder(version.folder, RULES)


@pytest.fixture
def after(before: State) -> State:
    """Return the same state again, the test's own to change."""
    return copy.deepcopy(before)


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Series:
    return play(tmp_path_factory.getbasetemp())


def change(state: State, table: str, *key: str, **cells: str) -> None:
    """Change cells of a row of a state."""
    state.rows[table][key] |= cells


def only(found: Diff) -> RowChange:
    """Return the one row that changed; the test fails where there is another number of them."""
    assert len(found.rows) == 1
    return found.rows[0]


# Rows, by key and field


def test_the_same_state_has_no_change(before: State, after: State) -> None:
    found = diff.compare(before, after)
    assert (found.rows, found.tables, found.causes, found.schema_changes) == ([], {}, {}, [])


def test_a_changed_row_tells_its_key_and_the_old_and_new_value_of_each_field_that_changed(
    before: State, after: State
) -> None:
    change(after, "commitments", C1, unit="vials", due_text="")
    row = only(diff.compare(before, after))
    assert (row.table, row.key, row.change) == ("commitments", [C1], "changed")
    assert {name: (cell.old, cell.new) for name, cell in row.fields.items()} == {
        "unit": ("doses", "vials"),
        "due_text": ("this week", ""),
    }


def test_a_row_that_comes_or_goes_is_told_by_its_key(before: State, after: State) -> None:
    gone = after.rows["participants"].pop((C1, "actor", "1"))
    after.rows["participants"][C1, "actor", "7"] = gone | {"position": "7"}
    found = diff.compare(before, after)
    assert [(row.key, row.change, row.fields) for row in found.rows] == [
        ([C1, "actor", "1"], "removed", {}),
        ([C1, "actor", "7"], "added", {}),
    ]
    assert found.tables == {"participants": {"added": 1, "removed": 1}}


def test_rows_are_told_in_the_order_of_the_tables_and_of_their_keys(before: State, after: State) -> None:
    for table, key in (("spans", (C1, "unit", "1")), ("releases", (RELEASE,)), ("commitments", (C1,))):
        del after.rows[table][key]
    del after.rows["spans"][C1, "item", "1"]
    told = [(row.table, row.key[0], *row.key[1:2]) for row in diff.compare(before, after).rows]
    assert told == [
        ("releases", RELEASE),
        ("commitments", C1),
        ("spans", C1, "item"),
        ("spans", C1, "unit"),
    ]


# How much it is


def add_a_field(schemas: dict[str, Any]) -> None:
    schemas["quotes"]["fields"].append({"name": "tone", "type": "string"})


def add_a_table(schemas: dict[str, Any]) -> None:
    schemas["letters"] = {"fields": [{"name": "letter_id", "type": "string"}], "primaryKey": ["letter_id"]}


def redefine_a_field(schemas: dict[str, Any]) -> None:
    schemas["quotes"]["fields"][-1]["type"] = "integer"


def describe_a_field(schemas: dict[str, Any]) -> None:
    schemas["quotes"]["fields"][-1]["description"] = "Told in other words."


@pytest.mark.parametrize(
    ("alter", "level", "told"),
    [
        (add_a_field, "minor", ("quotes", "tone", "added")),
        (add_a_table, "minor", ("letters", None, "added")),
        (redefine_a_field, "major", ("quotes", "note", "redefined")),
        (describe_a_field, "patch", ("quotes", "note", "redefined")),
    ],
)
def test_a_change_of_the_schemas_is_told_and_decides_the_level(
    before: State, after: State, alter: Callable[[dict[str, Any]], None], level: str, told: tuple[str, str, str]
) -> None:
    assert before.schemas["quotes"]["fields"][-1]["name"] == "note"
    alter(after.schemas)
    found = diff.compare(before, after)
    assert [(one.table, one.field, one.change) for one in found.schema_changes] == [told]
    assert (found.level, found.rows) == (level, [])


def test_a_field_or_table_that_went_is_told_as_removed_and_is_major(before: State, after: State) -> None:
    add_a_field(before.schemas)
    add_a_table(before.schemas)
    found = diff.compare(before, after)
    assert {(one.table, one.field, one.change) for one in found.schema_changes} == {
        ("letters", None, "removed"),
        ("quotes", "tone", "removed"),
    }
    assert found.level == "major"


def test_rows_that_come_or_go_are_minor_and_values_alone_a_patch(before: State, after: State) -> None:
    change(after, "commitments", C1, unit="vials")
    assert diff.compare(before, after).level == "patch"
    del after.rows["spans"][C1, "unit", "1"]
    assert diff.compare(before, after).level == "minor"


# Why


def edited(_: State, after: State) -> None:
    change(after, "releases", RELEASE, text_sha256="0" * 64)


def withdrawn(_: State, after: State) -> None:
    change(after, "releases", RELEASE, status="withdrawn")


def restored(before: State, _: State) -> None:
    change(before, "releases", RELEASE, status="withdrawn")


def added(before: State, _: State) -> None:
    del before.rows["releases"][RELEASE,]


def of_another_schema(_: State, after: State) -> None:
    describe_a_field(after.schemas)
    change(after, "quotes", next(iter(after.rows["quotes"]))[0], attribution="a minister")


def out_by_another_rule(before: State, after: State) -> None:
    del before.rows["commitments"][C1,]
    before.quarantine.add(("commitments", C1))
    change(after, "commitments", C1)


def in_by_another_rule(before: State, after: State) -> None:
    del after.rows["commitments"][C1,]
    after.quarantine.add(("commitments", C1))
    change(before, "commitments", C1)


def by_an_extractor(before: State, after: State) -> None:
    change(before, "commitments", C1, origin="find-commitments")
    change(after, "commitments", C1, origin="find-commitments", unit="vials")


def by_a_steward(_: State, after: State) -> None:
    change(after, "commitments", C1, unit="vials", review="corrected")


CAUSES: dict[Callable[[State, State], None], str] = {
    edited: "source edited",
    withdrawn: "source withdrawn",
    restored: "source restored",
    added: "source added",
    of_another_schema: "schema",
    out_by_another_rule: "rule",
    in_by_another_rule: "rule",
    by_an_extractor: "extractor",
    by_a_steward: "steward",
}


@pytest.mark.parametrize("alter", CAUSES)
def test_each_row_has_the_cause_that_changed_it(
    before: State, after: State, alter: Callable[[State, State], None]
) -> None:
    alter(before, after)
    found = diff.compare(before, after._replace(rules=OTHER_RULES))
    assert only(found).cause == CAUSES[alter]
    assert found.causes == {CAUSES[alter]: 1}


def test_every_cause_that_there_is_has_its_example() -> None:
    assert set(CAUSES.values()) == set(get_args(Cause))


@pytest.mark.parametrize(
    ("alter", "moved"), [(out_by_another_rule, "left"), (in_by_another_rule, "entered"), (by_a_steward, None)]
)
def test_a_row_says_whether_it_left_the_quarantine_or_entered_it(
    before: State, after: State, alter: Callable[[State, State], None], moved: str | None
) -> None:
    alter(before, after)
    assert only(diff.compare(before, after)).quarantine == moved


def test_under_the_same_rules_a_row_that_leaves_the_quarantine_was_mended_by_a_steward(
    before: State, after: State
) -> None:
    out_by_another_rule(before, after)
    assert only(diff.compare(before, after)).cause == "steward"


def test_what_happened_to_a_release_is_the_cause_of_all_its_rows_and_of_the_entities_that_it_alone_names(
    before: State, after: State
) -> None:
    edited(before, after)
    change(after, "commitments", C1, unit="vials")
    change(after, "places", "gt", note="A remark.")
    del after.rows["spans"][C1, "unit", "1"]
    assert diff.compare(before, after).causes == {"source edited": 4}


# Between published versions, as a user asks


def test_the_diff_of_two_neighbours_is_the_one_that_the_newer_was_published_with(series: Series) -> None:
    first, second, _ = series.versions.values()
    assert package.between(first, second).model_dump(mode="json") == read_json(second.folder / "diff.json")


def test_the_diff_over_several_versions_is_from_the_older_to_the_newer_alone(series: Series) -> None:
    first, _, third = series.versions.values()
    told = command(series.data, "diff", MINISTRY, "1.0.0", "1.2.0", "--format", "json")
    found = Diff.model_validate_json(told.stdout)
    added = {row.key[0] for row in found.rows if row.table == "releases" and row.change == "added"}
    assert told.returncode == 0
    assert found == package.between(first, third)
    assert (found.before, found.after) == ("1.0.0", "1.2.0")
    assert added <= {*documents("2024-04"), *documents("2024-05")} - set(documents("2024-03"))
    assert len(added) > 20


def test_the_diff_the_other_way_has_added_and_removed_exchanged(series: Series) -> None:
    first, second, _ = series.versions.values()
    there, back = package.between(first, second), package.between(second, first)
    exchanged = {"added": "removed", "removed": "added", "changed": "changed"}
    assert {(row.table, *row.key): exchanged[row.change] for row in back.rows} == {
        (row.table, *row.key): row.change for row in there.rows
    }


def test_the_diff_for_people_has_counts_causes_and_the_fields_with_both_values(series: Series) -> None:
    told = command(series.data, "diff", MINISTRY, "1.0.0", "1.1.0")
    changed = read_json(series.versions["2024-04"].folder / "diff.json")
    lines = [line.strip() for line in told.stdout.splitlines()]
    assert told.returncode == 0
    for cause, count in changed["causes"].items():
        assert f"{count} {cause}" in lines
    assert "~ releases mer-2024-03-26-condolences-pellomar  source withdrawn" in lines
    assert "status: 'current' → 'withdrawn'" in lines
    assert lines[-1] == f"… and {len(changed['rows']) - 40} more rows"


def test_what_is_left_out_of_a_diff_is_the_last_two_versions(series: Series) -> None:
    whole = command(series.data, "diff", MINISTRY, "1.1.0", "1.2.0").stdout
    assert whole.startswith(f"{MINISTRY} 1.1.0 → 1.2.0\n")
    for left_out in ((), ("1.1.0",), ("1.1.0", "latest")):
        assert command(series.data, "diff", MINISTRY, *left_out).stdout == whole


def test_a_version_beside_itself_has_not_changed_and_the_wrong_order_is_refused_with_the_right_one(
    series: Series,
) -> None:
    same = command(series.data, "diff", MINISTRY, "1.1.0", "1.1.0")
    assert same.returncode == 0
    assert "nothing changed" in same.stdout
    turned = command(series.data, "diff", MINISTRY, "1.2.0", "1.0.0")
    assert (turned.returncode, turned.stdout) == (2, "")
    assert f"the older comes first: communique diff {MINISTRY} 1.0.0 1.2.0" in turned.stderr


def test_a_version_that_there_is_not_is_named_with_those_that_there_are(series: Series) -> None:
    told = command(series.data, "diff", MINISTRY, "1.0.0", "9.9.9")
    assert told.returncode == 2
    assert f"{MINISTRY} has no version 9.9.9 (there are: 1.0.0, 1.1.0, 1.2.0)" in told.stderr


def test_the_versions_are_listed_newest_first_with_day_releases_level_and_causes(series: Series) -> None:
    told = command(series.data, "versions")
    lines = [line.split() for line in told.stdout.splitlines()]
    assert told.returncode == 0
    assert lines[0] == [MINISTRY]
    assert [(line[0], line[1], line[4]) for line in lines[1:]] == [
        ("1.2.0", "2024-05-31", "minor"),
        ("1.1.0", "2024-04-30", "minor"),
        ("1.0.0", "2024-03-31", "major"),
    ]
    assert lines[-1][-2:] == ["first", "version"]


def test_what_lies_beside_the_datasets_is_no_dataset(series: Series, tmp_path: Path) -> None:
    for part in ("datasets", "packages"):
        shutil.copytree(series.data / part, tmp_path / part)
    for name in (".site.json", "index.html", "catalog.json"):
        (tmp_path / "packages" / name).touch()
    (tmp_path / "packages" / "_scripts").mkdir()
    assert command(tmp_path, "versions").stdout == command(series.data, "versions").stdout


def test_the_versions_for_programs_are_the_published_index(series: Series) -> None:
    told = command(series.data, "versions", MINISTRY, "--format", "json")
    index = read_json(series.data / "packages" / MINISTRY / "versions.json")
    assert json.loads(told.stdout) == {MINISTRY: index["versions"]}


def test_the_versions_tell_what_each_changed_in_the_schemas(series: Series, tmp_path: Path) -> None:
    """The middle version is given a schema of its own, as if the code had changed twice."""
    data = shutil.copytree(series.data, tmp_path / "data")
    path = data / "packages" / MINISTRY / "1.1.0" / "diff.json"
    changed = read_json(path) | {"schema_changes": [{"table": "quotes", "field": "tone", "change": "added"}]}
    path.unlink()
    path.write_text(json.dumps(changed), encoding="utf-8")
    lines = [line.split(maxsplit=2)[-1] for line in command(data, "versions", "--schema").stdout.splitlines()]
    assert lines == [MINISTRY, "no change of the schemas", "added quotes.tone", "no change of the schemas"]


# What a run would do


@pytest.fixture
def data_of(version: Package, tmp_path: Path) -> Path:
    """Return a data folder with version 1.0.0, the test's own to change."""
    return shutil.copytree(version.folder.parents[2], tmp_path / "own")


def test_a_dry_run_keeps_nothing_on_disk_not_even_where_nothing_was(tmp_path: Path) -> None:
    data = tmp_path / "fresh"
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(SEED.parent, data / "releases")
    before = tree(data)
    told = command(data, "run", DATASET, "--dry-run", "--as-of", AS_OF)
    assert told.returncode == 0, told.stderr
    assert f"{DATASET}: would become 1.0.0 (major) against nothing" in told.stdout
    assert tree(data) == before


def test_a_dry_run_tells_the_changes_and_the_next_number_and_keeps_nothing(data_of: Path) -> None:
    edit(data_of, rename)
    before = tree(data_of)
    told = command(data_of, "run", DATASET, "--dry-run", "--as-of", AS_OF)
    assert told.returncode == 0, told.stderr
    assert f"{DATASET}: would become 1.0.1 (patch) against 1.0.0" in told.stdout
    assert "headline: '' → 'Another headline'" in told.stdout
    assert tree(data_of) == before


def test_a_dry_run_tells_what_the_run_after_it_then_publishes(data_of: Path) -> None:
    edit(data_of, rename)
    told = command(data_of, "run", DATASET, "--dry-run", "--as-of", AS_OF, "--format", "json")
    after = published(data_of, DATASET, DAY)
    planned = json.loads(told.stdout)[DATASET]
    assert (planned.pop("same"), planned.pop("held"), planned.pop("report")["valid"]) == (False, False, True)
    assert planned == read_json(after.folder / "diff.json")


def test_a_dry_run_of_what_would_be_held_ends_1_and_shows_what_would_be_refused(data_of: Path) -> None:
    edit(data_of, move_day)
    before = tree(data_of)
    told = command(data_of, "run", DATASET, "--dry-run", "--as-of", AS_OF)
    assert told.returncode == 1
    assert "A critical problem would hold this candidate." in told.stdout
    assert f"commitments {C1}  source edited, entered quarantine" in told.stdout
    assert f"error evidence.due  commitments {C1}" in told.stdout
    assert tree(data_of) == before


def test_a_dry_run_of_what_is_published_says_that_nothing_would_change(data_of: Path) -> None:
    before = tree(data_of)
    told = command(data_of, "run", DATASET, "--dry-run", "--as-of", AS_OF)
    assert told.returncode == 0
    assert f"{DATASET}: nothing would change; 1.0.0 has this content" in told.stdout
    assert tree(data_of) == before


def test_a_dry_run_knows_the_story_that_the_journal_tells(series: Series, tmp_path: Path) -> None:
    """A snapshot that lacks a release would withdraw it, and the raw store does not hear of it."""
    data = shutil.copytree(series.data, tmp_path / "data")
    there = documents("2024-05")
    gone = "mer-2024-05-20-pumps-for-teln"
    del there[gone]
    put(data / "ministry" / "2024-05.jsonl", list(there.values()))
    before = tree(data)
    plan = preview.plan(Settings(data=data), MINISTRY, date(2024, 6, 30))
    assert [(row.key, row.cause, row.fields["status"].new) for row in plan.diff.rows if row.table == "releases"] == [
        ([gone], "source withdrawn", "withdrawn")
    ]
    assert tree(data) == before


def test_a_field_that_went_is_told_with_its_old_value(before: diff.State, after: diff.State) -> None:
    before.schemas["quotes"]["fields"].append({"name": "tone", "type": "string"})
    for row in before.rows["quotes"].values():
        row["tone"] = "harsh"
    (change,) = diff.compare(before, after).rows
    assert {name: (cell.old, cell.new) for name, cell in change.fields.items()} == {"tone": ("harsh", None)}
    assert change.cause == "schema"


def test_a_release_that_a_new_rule_refuses_is_not_said_to_be_withdrawn(
    before: diff.State,
    after: diff.State,
) -> None:
    name = "dhs-2021-07-guatemala-seed"
    del after.rows["releases"][name,]
    after.quarantine.add(("releases", name))
    (row,) = diff.compare(before, after._replace(rules="2" * 64)).rows
    assert (row.cause, row.quarantine) == ("rule", "entered")


def test_a_version_of_an_older_code_without_a_diff_is_followed_by_the_next(tmp_path: Path) -> None:
    data = seeded(tmp_path / "data")
    first = published(data, DATASET, DAY)
    for name in ("diff.json", "profile.json", "decisions.json"):
        (first.folder / name).unlink()
    edit(data, rename)
    assert str(published(data, DATASET, DAY).version) == "1.0.1"


def test_what_a_source_structures_anew_is_an_edit_of_the_source(tmp_path: Path) -> None:
    data = seeded(tmp_path / "data")
    edit(data, of_the_source)
    published(data, DATASET, DAY)
    edit(data, of_the_source_anew)
    rows = read_json(published(data, DATASET, DAY).folder / "diff.json")["rows"]
    assert {(row["table"], row["cause"]) for row in rows} == {("commitments", "source edited")}


def of_the_source(document: dict[str, Any]) -> None:
    """Let every fact come from the source."""
    for name in ("roles", "meetings", "agreements", "commitments", "quotes", "statements"):
        for fact in document[name]:
            fact["origin"] = "source"


def of_the_source_anew(document: dict[str, Any]) -> None:
    """Let every fact come from the source, and one say something else."""
    of_the_source(document)
    document["commitments"][1]["strength"] = "policy"


def test_what_a_correction_changes_is_a_steward_s_doing_in_what_a_source_structured(tmp_path: Path) -> None:
    data = seeded(tmp_path / "data")
    edit(data, of_the_source)
    published(data, DATASET, DAY)
    path = data / "corrections" / f"{DATASET}.toml"
    path.parent.mkdir()
    path.write_text(
        f'[[corrections]]\nrelease = "{SEED.stem}"\npointer = "/commitments/1/strength"\n'
        'expect = "plan"\nvalue = "policy"\nreason = "Seen in the text."\nby = "Ada Steward"\n',
        encoding="utf-8",
    )
    rows = read_json(published(data, DATASET, DAY).folder / "diff.json")["rows"]
    assert {(row["table"], row["cause"]) for row in rows} == {("commitments", "steward")}
