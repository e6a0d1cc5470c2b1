"""What a steward decides about a run, a version or a release: hold, approve, reject, take down, prune."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest

from flows import pipeline, preview, rebuild, rulings, runs, steps, store
from flows.publish import package
from flows.rulings import RulingError
from flows.settings import PROJECT, Settings
from schemas.package import Package, RunRecord, Version
from schemas.tables import TABLES
from tests.conftest import AS_OF, SEED
from tests.publishing import DATASET, home, published, read_json, table, take, tree
from tests.test_series import MINISTRY, Series, play

DAY = date.fromisoformat(AS_OF)
BY, WHY = "Ada Steward", "The ministry moved the day itself; see its letter."
PAPERS = {"manifest.json", "SHA256SUMS"}
MOVED = "2021-06-30"
"""A day in another month than that of the seed, so that the month of the seed loses all its releases."""

Edit = Callable[[dict[str, Any]], object]


def move_day(document: dict[str, Any]) -> None:
    document["published_on"] = MOVED


def rename(document: dict[str, Any]) -> None:
    document["headline"] = "Another headline"


def edit(data: Path, change: Edit) -> None:
    """Change the one document of the data folder."""
    path = data / "releases" / SEED.name
    document = json.loads(SEED.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def seeded(data: Path) -> Path:
    """Return `data`, a folder with the dataset and the seed release."""
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(SEED.parent, data / "releases")
    return data


class Held(NamedTuple):
    """A data folder with version 1.0.0 and a run that is held against it."""

    data: Path
    run_id: str

    @property
    def settings(self) -> Settings:
        """The settings of the folder."""
        return Settings(data=self.data)

    @property
    def record(self) -> RunRecord:
        """How the run ended, as it stands now."""
        path = self.settings.run(DATASET, self.run_id) / "run.json"
        return RunRecord.model_validate_json(path.read_bytes())

    @property
    def versions(self) -> list[str]:
        """The versions that are published."""
        return [str(one.version) for one in package.versions(home(self.data))]


@pytest.fixture(scope="module")
def waits(tmp_path_factory: pytest.TempPathFactory) -> Held:
    data = seeded(tmp_path_factory.mktemp("rulings") / "data")
    published(data, DATASET, DAY)
    edit(data, move_day)
    ended, run_id = take(data, DATASET, DAY)
    assert ended.outcome == "Held"
    return Held(data, run_id)


@pytest.fixture
def held(waits: Held, tmp_path: Path) -> Held:
    """Return the same, the test's own to change."""
    return Held(shutil.copytree(waits.data, tmp_path / "held"), waits.run_id)


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Series:
    """Return the three versions of the ministry, the test's own to change."""
    series = play(tmp_path_factory.getbasetemp())
    data = shutil.copytree(series.data, tmp_path / "data")
    versions = {month: one._replace(folder=_moved(one, data)) for month, one in series.versions.items()}
    return Series(data, versions)


def _moved(one: Package, data: Path) -> Path:
    return data / "packages" / one.dataset / str(one.version)


def log_of(data: Path, dataset: str) -> list[dict[str, Any]]:
    """Return the decisions that are kept."""
    return [one.model_dump(mode="json") for one in steps.rulings(Settings(data=data), dataset)]


# Held


@pytest.mark.parametrize("decide", [rulings.approve, rulings.reject], ids=["approve", "reject"])
def test_who_was_told_that_a_run_is_held_is_told_what_was_decided_and_nothing_on_the_next_day(
    held: Held, decide: Callable[..., object]
) -> None:
    heard: list[runs.Told] = []
    assert [one.condition for one in runs.tell(held.settings, DATASET, "Held", "it waits").fresh] == ["held"]
    decide(held.settings, held.run_id, BY, WHY, hear=heard.append)
    ((_, outcome, text, fresh),) = heard
    assert text.startswith(f"{BY} {outcome.lower()} {held.run_id}")
    assert [(one.condition, one.text) for one in fresh] == [("recovered", text)]
    assert read_json(held.settings.told(DATASET)) == {}


def test_the_end_of_what_is_no_dataset_is_told_to_nobody(held: Held) -> None:
    assert runs.tell(held.settings, "../letters", "Crashed", "why").fresh == []
    assert not (held.data / "runs" / "letters").exists()
    assert not (held.data / "letters").exists()


def test_a_critical_problem_holds_the_candidate_and_nothing_is_published(waits: Held) -> None:
    report = read_json(waits.settings.run(DATASET, waits.run_id) / "report.json")
    critical = [one["rule"] for one in report["problems"] if one["severity"] == "critical"]
    assert critical == ["suite.sources.months-kept"]
    assert waits.versions == ["1.0.0"]
    assert read_json(home(waits.data) / "latest.json")["version"] == "1.0.0"


def test_a_held_run_is_bound_to_its_content_and_to_the_version_it_was_judged_against(waits: Held) -> None:
    published_content = package.manifest(package.versions(home(waits.data))[0]).content
    assert (waits.record.outcome, waits.record.base) == ("Held", "1.0.0")
    assert waits.record.content not in (None, published_content)


def test_more_refused_rows_than_the_dataset_allows_hold_the_candidate(tmp_path: Path) -> None:
    data = seeded(tmp_path / "data")
    path = data / "datasets" / f"{DATASET}.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("max_refused_share = 0.2", "max_refused_share = 0.0"))
    edit(data, lambda document: document["mentions"].append({"entity_id": "dhs", "start": 0, "end": 1, "name": "!"}))
    ended, run_id = take(data, DATASET, DAY)
    report = read_json(data / "runs" / DATASET / run_id / "report.json")
    assert ended.outcome == "Held"
    assert [one["rule"] for one in report["problems"] if one["severity"] == "critical"] == ["quarantine.share"]
    assert package.versions(home(data)) == []


def test_a_held_candidate_shows_what_approving_it_would_publish(waits: Held) -> None:
    """The commitment that is due `this week` falls with its day; the release is counted in the month before."""
    plan = rulings.held_plan(waits.settings, waits.run_id)
    changed = {
        (row.table, row.change, row.quarantine): {name: cell.new for name, cell in row.fields.items()}
        for row in plan.diff.rows
    }
    assert plan.held
    assert (plan.diff.before, plan.diff.after, plan.diff.level) == ("1.0.0", "1.1.0", "minor")
    counted: dict[tuple[str, str, str | None], dict[str, Any]] = {
        ("coverage", change, None): {} for change in ("added", "removed")
    }
    assert changed == {("releases", "changed", None): {"published_on": MOVED}} | counted | {
        (name, "removed", "entered"): {} for name in ("facts", "commitments", "participants", "spans")
    }
    refused = [one for one in plan.report.problems if one.table == "commitments" and one.severity == "error"]
    assert {one.rule for one in refused} == {"evidence.due"}


def test_a_held_candidate_shows_the_same_as_a_dry_run_of_its_source(waits: Held) -> None:
    held, dry = rulings.held_plan(waits.settings, waits.run_id), preview.plan(waits.settings, DATASET, DAY)
    assert held == dry


# Approve


def test_approving_publishes_the_candidate_as_it_was_judged(held: Held) -> None:
    judged = held.record.content
    version = rulings.approve(held.settings, held.run_id, BY, WHY)
    assert str(version.version) == "1.1.0"
    assert package.manifest(version).content == judged
    assert [row["published_on"] for row in table(version, "releases")] == [MOVED]
    assert read_json(home(held.data) / "latest.json")["version"] == "1.1.0"


def test_who_approved_and_why_is_kept_and_published_and_the_report_still_has_the_problem(held: Held) -> None:
    bound = {"run_id": held.run_id, "content": held.record.content, "base": "1.0.0"}
    version = rulings.approve(held.settings, held.run_id, BY, WHY)
    approval = read_json(version.folder / "decisions.json")["approval"]
    assert {"kind": "approve", "by": BY, "reason": WHY} | bound == {
        name: value for name, value in approval.items() if value is not None and name != "day"
    }
    assert log_of(held.data, DATASET) == [approval]
    assert [one["severity"] for one in read_json(version.folder / "report.json")["problems"]].count("critical") == 1


def test_a_run_that_was_approved_says_so_and_waits_no_longer(held: Held) -> None:
    rulings.approve(held.settings, held.run_id, BY, WHY)
    assert (held.record.outcome, held.record.version) == ("Approved", "1.1.0")
    with pytest.raises(RulingError, match="does not wait: it ended Approved"):
        rulings.approve(held.settings, held.run_id, BY, WHY)


def test_after_an_approval_the_same_source_is_unchanged(held: Held) -> None:
    rulings.approve(held.settings, held.run_id, BY, WHY)
    ended, _ = take(held.data, DATASET, DAY)
    assert ended.outcome == "Unchanged"


def stays(held: Held, match: str) -> None:
    """Assert that neither plan, approval nor rejection of the run goes through, and that none leaves a trace."""
    before = tree(held.data / "packages")
    for attempt in (lambda: rulings.held_plan(held.settings, held.run_id), lambda: approve(held), lambda: reject(held)):
        with pytest.raises(RulingError, match=match):
            attempt()
    assert tree(held.data / "packages") == before
    assert log_of(held.data, DATASET) == []
    assert held.record.outcome == "Held"


def reject(held: Held) -> None:
    rulings.reject(held.settings, held.run_id, BY, WHY)


def approve(held: Held) -> Package:
    return rulings.approve(held.settings, held.run_id, BY, WHY)


def test_the_same_hold_is_refused_after_the_base_moved(held: Held) -> None:
    """By a publisher that was killed before it could say that what waited is out of date."""
    edit(held.data, rename)
    job = steps.begin(held.settings, DATASET, DAY)
    verdict = steps.judge(job, steps.build(job, steps.fetch(job)))
    assert str(steps.commit(job, steps.audit(steps.stage(job, verdict))).version) == "1.0.1"
    stays(held, "was judged against 1.0.0; the latest is 1.0.1 now")


def no_longer_waits(held: Held) -> None:
    """Assert that the run gave its place to a later one, and that what it worked on is gone."""
    assert held.record.outcome == "Superseded"
    assert {path.name for path in held.settings.run(DATASET, held.run_id).iterdir()} == {"run.json", "report.json"}
    for attempt in (lambda: approve(held), lambda: reject(held)):
        with pytest.raises(RulingError, match="does not wait: it ended Superseded"):
            attempt()


def test_of_two_holds_the_newer_one_waits(held: Held) -> None:
    ended, newer = take(held.data, DATASET, DAY)
    assert ended.outcome == "Held"
    no_longer_waits(held)
    assert [one.run_id for one in runs.waiting(held.settings, DATASET)] == [newer]
    listed = call(held, "quarantine", "list", DATASET).stdout
    assert (newer in listed, held.run_id in listed) == (True, False)


def test_a_hold_waits_no_longer_when_a_version_is_published(held: Held) -> None:
    edit(held.data, rename)
    assert str(published(held.data, DATASET, DAY).version) == "1.0.1"
    no_longer_waits(held)


def test_a_hold_waits_no_longer_when_something_is_taken_down(held: Held) -> None:
    """Its candidate has the text that was taken down."""
    rulings.take_down(held.settings, DATASET, "dhs-2021-07-guatemala-seed", BY, WHY)
    no_longer_waits(held)


def test_what_is_published_is_unchanged_though_the_same_was_rejected_since(held: Held) -> None:
    """A steward turned down the way back to 1.0.0; then 1.1.0 was taken down, and 1.0.0 stands again."""
    approve(held)
    edit(held.data, dict)
    ended, run_id = take(held.data, DATASET, DAY)
    assert ended.outcome == "Held"
    rulings.reject(held.settings, run_id, BY, WHY)
    assert take(held.data, DATASET, DAY)[0].outcome == "Rejected"
    rulings.take_down(held.settings, DATASET, "1.1.0", BY, WHY)
    assert take(held.data, DATASET, DAY)[0].outcome == "Unchanged"


def rows_of_the_verdict(held: Held) -> None:
    path = held.settings.run(DATASET, held.run_id) / "verdict" / "rows.jsonl"
    text = path.read_text(encoding="utf-8")
    assert MOVED in text
    path.write_text(text.replace(MOVED, "2021-07-01"), encoding="utf-8")


def a_row_that_is_lost(held: Held) -> None:
    path = held.settings.run(DATASET, held.run_id) / "verdict" / "rows.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")


def title_of_the_dataset(held: Held) -> None:
    path = held.data / "datasets" / f"{DATASET}.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"Official releases"', '"Other releases"'))


@pytest.mark.parametrize("change", [rows_of_the_verdict, a_row_that_is_lost, title_of_the_dataset])
def test_a_candidate_that_is_no_longer_what_was_judged_is_refused(held: Held, change: Callable[[Held], None]) -> None:
    change(held)
    stays(held, "is not what was judged")


def test_a_run_that_there_is_not_is_refused(held: Held) -> None:
    with pytest.raises(RulingError, match="there is no run 20260101T000000Z-00000000"):
        rulings.approve(held.settings, "20260101T000000Z-00000000", BY, WHY)


def test_a_second_decision_at_once_is_refused_and_changes_nothing(held: Held) -> None:
    with store.locked(held.settings.lock(DATASET)), pytest.raises(store.LockedError):
        approve(held)
    assert held.record.outcome == "Held"
    assert held.versions == ["1.0.0"]


# Reject


def test_rejected_content_is_not_offered_again(held: Held) -> None:
    rulings.reject(held.settings, held.run_id, BY, WHY)
    ended, _ = take(held.data, DATASET, DAY)
    assert (held.record.outcome, ended.outcome) == ("Rejected", "Rejected")
    assert held.versions == ["1.0.0"]


def test_who_rejected_and_why_is_kept_and_the_run_waits_no_longer(held: Held) -> None:
    content = held.record.content
    rulings.reject(held.settings, held.run_id, BY, WHY)
    told = log_of(held.data, DATASET)
    assert [(one["kind"], one["by"], one["reason"], one["content"]) for one in told] == [("reject", BY, WHY, content)]
    with pytest.raises(RulingError, match="does not wait: it ended Rejected"):
        approve(held)


def test_other_content_is_offered_after_a_rejection(held: Held) -> None:
    rulings.reject(held.settings, held.run_id, BY, WHY)
    edit(held.data, rename)
    assert str(published(held.data, DATASET, DAY).version) == "1.0.1"


# The command, and the flow with its form


def call(held: Held, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Return what the command line says, called by a user on the folder of the held run."""
    command = [str(Path(sys.executable).with_name("communique")), "--data", str(held.data), *arguments]
    env = os.environ | {"COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=300)


def test_a_steward_approves_by_command_after_looking_at_the_plan(held: Held) -> None:
    before = tree(held.data)
    looked = call(held, "approve", held.run_id, "--reason", WHY, "--dry-run")
    assert looked.returncode == 0, looked.stderr
    assert "would become 1.1.0 (minor) against 1.0.0" in looked.stdout
    assert MOVED in looked.stdout
    assert tree(held.data) == before
    done = call(held, "approve", held.run_id, "--reason", WHY, "--by", BY)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Published {DATASET} ")
    assert held.versions == ["1.0.0", "1.1.0"]


def test_a_command_that_is_refused_ends_1_and_says_why_without_a_traceback(held: Held) -> None:
    rejected = call(held, "reject", held.run_id, "--reason", WHY)
    again = call(held, "approve", held.run_id, "--reason", WHY)
    assert (rejected.returncode, again.returncode) == (0, 1)
    assert f"run {held.run_id} does not wait: it ended Rejected" in again.stderr
    assert "Traceback" not in again.stderr


def test_a_decision_without_a_reason_is_wrong_use(held: Held) -> None:
    told = call(held, "approve", held.run_id)
    assert told.returncode == 2
    assert "--reason" in told.stderr
    assert held.record.outcome == "Held"


@pytest.mark.parametrize(
    ("decision", "name", "versions"),
    [("approve", "Published", ["1.0.0", "1.1.0"]), ("reject", "Rejected", ["1.0.0"])],
)
def test_the_flow_of_the_form_decides_as_the_command_does(
    held: Held, monkeypatch: pytest.MonkeyPatch, decision: Literal["approve", "reject"], name: str, versions: list[str]
) -> None:
    from flows import pipeline  # noqa: PLC0415 - Prefect is paid for here

    monkeypatch.setenv("COMMUNIQUE_DATA", str(held.data))
    state = pipeline.approve_version.fn(held.run_id, WHY, BY, decision)
    assert (state.name, held.versions) == (name, versions)
    again = pipeline.approve_version.fn(held.run_id, WHY, BY, decision)
    assert (again.name, again.is_failed()) == ("Refused", True)


def test_the_form_wants_a_run_a_reason_and_a_name_and_offers_two_decisions() -> None:
    from flows import pipeline  # noqa: PLC0415 - Prefect is paid for here

    form = pipeline.approve_version.parameters
    assert form.required == ["run_id", "reason", "by"]
    assert form.properties["decision"]["enum"] == ["approve", "reject"]
    assert form.properties["reason"]["minLength"] == 1


# Take down


def standing(data: Path) -> list[str]:
    """Return the versions that still have their data."""
    found = package.versions(data / "packages" / MINISTRY)
    return [str(one.version) for one in found if not package.taken_down(one)]


def test_a_version_that_is_taken_down_leaves_its_papers_and_a_tombstone(own: Series) -> None:
    first = own.versions["2024-03"]
    papers = {name: (first.folder / name).read_bytes() for name in PAPERS}
    files = {path.name for path in first.folder.iterdir()}
    gone = rulings.take_down(Settings(data=own.data), MINISTRY, "1.0.0", BY, WHY).versions
    tombstone = read_json(first.folder / "TOMBSTONE.json")
    assert gone == [Version(1, 0, 0)]
    assert {path.name for path in first.folder.iterdir()} == PAPERS | {"TOMBSTONE.json"}
    assert {name: (first.folder / name).read_bytes() for name in PAPERS} == papers
    assert set(tombstone["removed"]) == files - PAPERS
    assert (tombstone["kind"], tombstone["version"], tombstone["by"], tombstone["reason"]) == (
        "takedown",
        "1.0.0",
        BY,
        WHY,
    )


def test_the_other_versions_keep_every_byte_when_one_is_taken_down(own: Series) -> None:
    """Also those of files that they share with it."""
    kept = [own.versions[month].folder for month in ("2024-03", "2024-05")]
    before = [tree(folder) for folder in kept]
    rulings.take_down(Settings(data=own.data), MINISTRY, "1.1.0", BY, WHY)
    assert [tree(folder) for folder in kept] == before


def test_the_index_says_that_a_version_was_taken_down_and_the_pointer_names_the_newest_that_stands(
    own: Series,
) -> None:
    rulings.take_down(Settings(data=own.data), MINISTRY, "1.2.0", BY, WHY)
    packages = own.data / "packages" / MINISTRY
    index = read_json(packages / "versions.json")["versions"]
    assert [one.get("taken_down") for one in index] == [None, None, WHY]
    assert read_json(packages / "latest.json")["version"] == "1.1.0"
    assert standing(own.data) == ["1.0.0", "1.1.0"]


def test_the_chain_of_manifests_stays_whole_over_a_version_that_was_taken_down(own: Series) -> None:
    rulings.take_down(Settings(data=own.data), MINISTRY, "1.2.0", BY, WHY)
    after = published(own.data, MINISTRY, date(2024, 6, 1))
    versions = package.versions(own.data / "packages" / MINISTRY)
    digests = [store.sha256_file(one.folder / "manifest.json") for one in versions]
    assert [package.manifest(one).previous for one in versions] == [None, *digests[:-1]]
    assert after.version > Version(1, 2, 0)
    assert read_json(after.folder / "diff.json")["before"] == "1.1.0"


def test_a_release_is_taken_down_in_every_version_that_has_it_and_left_out_of_the_next(own: Series) -> None:
    settings, new = Settings(data=own.data), "mer-2024-04-12-haugmoss-visit"
    gone = rulings.take_down(settings, MINISTRY, new, BY, WHY).versions
    assert gone == [Version(1, 1, 0), Version(1, 2, 0)]
    assert standing(own.data) == ["1.0.0"]
    after = published(own.data, MINISTRY, date(2024, 6, 1))
    mentioning = {name: [row for row in table(after, name) if new in " ".join(row.values())] for name in TABLES}
    assert not any(mentioning.values())
    assert new not in (after.folder / "quarantine.csv").read_text(encoding="utf-8")


def test_the_next_version_says_which_release_was_left_out_by_whom_and_why(own: Series) -> None:
    name = "mer-2024-05-22-callow-bridge-open"
    rulings.take_down(Settings(data=own.data), MINISTRY, name, BY, WHY)
    after = published(own.data, MINISTRY, date(2024, 6, 1))
    told = read_json(after.folder / "decisions.json")["takedowns"]
    assert [(one["release"], one["by"], one["reason"]) for one in told] == [(name, BY, WHY)]
    assert told == log_of(own.data, MINISTRY)


@pytest.mark.parametrize("what", ["7.0.0", "no-such-release", "1.0", "../1.0.0"])
def test_what_is_neither_a_version_nor_a_release_is_not_taken_down(own: Series, what: str) -> None:
    before = tree(own.data)
    with pytest.raises(RulingError, match=r"there are: 1\.0\.0, 1\.1\.0, 1\.2\.0"):
        rulings.take_down(Settings(data=own.data), MINISTRY, what, BY, WHY)
    assert tree(own.data) == before


def test_a_version_is_taken_down_once(own: Series) -> None:
    rulings.take_down(Settings(data=own.data), MINISTRY, "1.1.0", BY, WHY)
    with pytest.raises(RulingError, match=r"1\.1\.0 was taken down"):
        rulings.take_down(Settings(data=own.data), MINISTRY, "1.1.0", BY, WHY)


# Rebuild


def again(data: Path, dataset: str, folder: Path) -> list[str]:
    """Return the versions that a rebuild makes from raw bytes alone in an empty folder; all are as they were."""
    settings = Settings(data=folder)
    made = list(rebuild.rebuild(settings, dataset, data / "raw"))
    assert all(one.same for one in made)
    assert tree(folder / "packages") == tree(data / "packages")
    journals = [store.journal_path(one / "raw", dataset).read_bytes() for one in (data, folder)]
    assert journals[0] == journals[1]
    return [one.version for one in made]


def test_a_rebuild_right_after_an_approval_gives_the_approved_version_to_the_byte(held: Held, tmp_path: Path) -> None:
    approve(held)
    assert again(held.data, DATASET, tmp_path / "again") == ["1.0.0", "1.1.0"]


def test_a_rebuild_goes_over_what_nobody_approved_and_what_was_rejected(held: Held, tmp_path: Path) -> None:
    assert again(held.data, DATASET, tmp_path / "waiting") == ["1.0.0"]
    reject(held)
    assert again(held.data, DATASET, tmp_path / "rejected") == ["1.0.0"]
    edit(held.data, rename)
    published(held.data, DATASET, DAY)
    assert again(held.data, DATASET, tmp_path / "after") == ["1.0.0", "1.0.1"]
    shutil.copytree(held.data / "releases", tmp_path / "after" / "releases")
    edit(tmp_path / "after", move_day)
    assert take(tmp_path / "after", DATASET, DAY)[0].outcome == "Rejected"


def add_release(data: Path, name: str) -> None:
    """Put a second release beside the seed: the same document under another id."""
    document = json.loads(SEED.read_text(encoding="utf-8")) | {"id": name}
    (data / "releases" / f"{name}.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


@pytest.fixture
def two(waits: Held, tmp_path: Path) -> Settings:
    """Return the settings of a folder with 1.0.0, and 1.1.0 that added the release r-two."""
    data = shutil.copytree(waits.data, tmp_path / "two")
    edit(data, dict)
    add_release(data, "r-two")
    assert str(published(data, DATASET, DAY).version) == "1.1.0"
    return Settings(data=data)


def test_what_was_taken_down_is_not_in_a_rebuild(two: Settings, tmp_path: Path) -> None:
    """A release first, then a version; what follows has one row more, which tells who is missing and why."""
    rulings.take_down(two, DATASET, "r-two", BY, WHY)
    assert again(two.data, DATASET, tmp_path / "release") == ["1.0.0", "1.1.0"]
    edit(two.data, rename)
    assert str(published(two.data, DATASET, DAY).version) == "1.2.0"
    rulings.take_down(two, DATASET, "1.0.0", BY, WHY)
    assert again(two.data, DATASET, tmp_path / "version") == ["1.0.0", "1.1.0", "1.2.0"]
    assert "r-two" not in (tmp_path / "version/packages" / DATASET / "1.2.0/releases.csv").read_text(encoding="utf-8")


def test_a_run_on_the_day_of_a_takedown_is_told_in_the_journal(two: Settings, tmp_path: Path) -> None:
    rulings.take_down(two, DATASET, "dhs-2021-07-guatemala-seed", BY, WHY)
    assert str(published(two.data, DATASET, DAY).version) == "1.2.0"
    assert again(two.data, DATASET, tmp_path / "again") == ["1.0.0", "1.1.0", "1.2.0"]


def test_a_rebuild_makes_whole_what_was_pruned_and_leaves_the_same_tombstone(two: Settings, tmp_path: Path) -> None:
    whole = tree(two.data / "packages" / DATASET / "1.0.0")
    rulings.prune(two, DATASET, 1, dry_run=False)
    list(rebuild.rebuild(Settings(data=tmp_path / "whole"), DATASET, two.data / "raw"))
    assert tree(tmp_path / "whole/packages" / DATASET / "1.0.0") == whole
    rulings.take_down(two, DATASET, "1.0.0", BY, WHY)
    assert again(two.data, DATASET, tmp_path / "gone") == ["1.0.0", "1.1.0"]


def test_a_rebuild_makes_no_version_of_what_a_killed_run_received(two: Settings, tmp_path: Path) -> None:
    add_release(two.data, "r-three")
    steps.fetch(steps.begin(two, DATASET, DAY))
    add_release(two.data, "r-four")
    assert str(published(two.data, DATASET, DAY).version) == "1.2.0"
    assert again(two.data, DATASET, tmp_path / "again") == ["1.0.0", "1.1.0", "1.2.0"]


def test_a_version_whose_publisher_was_killed_before_the_journal_is_told_by_whoever_comes_next(
    held: Held, tmp_path: Path
) -> None:
    approve(held)
    journal = store.journal_path(held.data / "raw", DATASET)
    lines = journal.read_bytes().splitlines(keepends=True)
    assert b"published" in lines[-1]
    journal.write_bytes(b"".join(lines[:-1]))
    rulings.take_down(held.settings, DATASET, "1.0.0", BY, WHY)
    assert again(held.data, DATASET, tmp_path / "again") == ["1.0.0", "1.1.0"]


def test_a_rebuild_that_cannot_make_a_version_again_ends_1_and_says_which_and_why(held: Held, tmp_path: Path) -> None:
    approve(held)
    raw = shutil.copytree(held.data / "raw", tmp_path / "raw")
    journal = store.journal_path(raw, DATASET)
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(line for line in lines if b'"ruling"' not in line))
    told = call(held._replace(data=tmp_path / "again"), "rebuild", DATASET, "--raw", str(raw))
    assert told.returncode == 1
    assert told.stdout == f"rebuilt {DATASET} 1.0.0\n"
    assert f"of what was received on {DAY} came version 1.1.0; now it ends Held: a critical problem" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_rebuild_of_bytes_that_are_not_those_received_ends_1(held: Held, tmp_path: Path) -> None:
    raw = shutil.copytree(held.data / "raw", tmp_path / "raw")
    first = store.read_journal(raw, DATASET)[0].changed.popitem()[1].sha256
    store.blob(raw, first).write_bytes(b"{}")
    told = call(held._replace(data=tmp_path / "again"), "rebuild", DATASET, "--raw", str(raw))
    assert told.returncode == 1
    assert f"{store.blob(raw, first)} has not the bytes that were received" in told.stderr


def test_a_rebuild_into_a_folder_that_has_a_journal_is_wrong_use(held: Held) -> None:
    shutil.rmtree(held.data / "packages")
    before = tree(held.data / "raw")
    told = call(held, "rebuild", DATASET, "--raw", str(held.data / "raw"))
    assert told.returncode == 2
    assert "rebuild into another data folder" in told.stderr
    assert tree(held.data / "raw") == before


def test_a_rebuild_leaves_what_stewards_had_written_in_the_folder(held: Held, tmp_path: Path) -> None:
    mine = shutil.copytree(held.data / "datasets", tmp_path / "again" / "datasets") / f"{DATASET}.toml"
    mine.write_text(mine.read_text(encoding="utf-8") + "\n# mine\n", encoding="utf-8")
    list(rebuild.rebuild(Settings(data=tmp_path / "again"), DATASET, held.data / "raw"))
    assert mine.read_text(encoding="utf-8").endswith("# mine\n")


# Prune


def whole(one: Package) -> set[str]:
    return {path.name for path in one.folder.iterdir()}


def test_pruning_keeps_tables_papers_and_diff_of_old_versions_and_the_newest_whole(own: Series) -> None:
    before = {month: whole(one) for month, one in own.versions.items()}
    newest = tree(own.versions["2024-05"].folder)
    removed = rulings.prune(Settings(data=own.data), MINISTRY, 1, dry_run=False)
    for month in ("2024-03", "2024-04"):
        kept = whole(own.versions[month])
        assert {f"{name}.csv" for name in TABLES} < kept
        assert {"datapackage.json", "diff.json", "manifest.json", "quarantine.csv", "report.json"} < kept
        assert {path.name for path in removed if path.parent.name == str(own.versions[month].version)} == (
            before[month] - kept
        )
        assert {name.rpartition(".")[2] for name in before[month] - kept} == {"parquet", "sqlite", "xlsx", "jsonl"}
    assert tree(own.versions["2024-05"].folder) == newest


def test_pruning_says_in_the_version_what_it_removed(own: Series) -> None:
    first = own.versions["2024-03"]
    before = whole(first)
    rulings.prune(Settings(data=own.data), MINISTRY, 2, dry_run=False)
    told = read_json(first.folder / "PRUNED.json")
    assert set(told["removed"]) == before - whole(first)
    assert told["removed"]


def test_what_is_left_of_a_pruned_version_still_has_the_sums_of_its_papers(own: Series) -> None:
    first = own.versions["2024-03"]
    rulings.prune(Settings(data=own.data), MINISTRY, 1, dry_run=False)
    told = subprocess.run(
        ["sha256sum", "--quiet", "--ignore-missing", "-c", "SHA256SUMS"], cwd=first.folder, check=False
    )
    assert told.returncode == 0
    sums = {line.split("  ")[1] for line in (first.folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()}
    assert sums - whole(first) == set(read_json(first.folder / "PRUNED.json")["removed"])
    index = read_json(first.folder.parent / "versions.json")["versions"]
    assert [sorted(sums - whole(own.versions[month])) for month in own.versions] == [
        one.get("pruned", []) for one in index
    ]
    assert package.manifest(own.versions["2024-04"]).previous == store.sha256_file(first.folder / "manifest.json")


def test_pruning_keeps_the_version_whole_that_the_pointer_names_when_a_newer_one_was_taken_down(own: Series) -> None:
    rulings.take_down(Settings(data=own.data), MINISTRY, "1.2.0", BY, WHY)
    before = tree(own.versions["2024-04"].folder)
    removed = rulings.prune(Settings(data=own.data), MINISTRY, 1, dry_run=False)
    assert read_json(own.data / "packages" / MINISTRY / "latest.json")["version"] == "1.1.0"
    assert tree(own.versions["2024-04"].folder) == before
    assert {path.parent.name for path in removed} == {"1.0.0"}


def test_pruning_dry_removes_nothing_and_names_what_would_go(own: Series) -> None:
    before = tree(own.data / "packages")
    would = rulings.prune(Settings(data=own.data), MINISTRY, 1, dry_run=True)
    assert tree(own.data / "packages") == before
    assert rulings.prune(Settings(data=own.data), MINISTRY, 1, dry_run=False) == would


def test_pruning_again_removes_nothing_more(own: Series) -> None:
    rulings.prune(Settings(data=own.data), MINISTRY, 1, dry_run=False)
    before = tree(own.data / "packages")
    assert rulings.prune(Settings(data=own.data), MINISTRY, 1, dry_run=False) == []
    assert tree(own.data / "packages") == before


def test_pruned_versions_are_still_compared(own: Series) -> None:
    first, second = own.versions["2024-03"], own.versions["2024-04"]
    before = package.between(first, second)
    rulings.prune(Settings(data=own.data), MINISTRY, 1, dry_run=False)
    assert package.between(first, second) == before


def test_after_the_older_versions_were_pruned_the_next_version_is_whole(own: Series) -> None:
    files = whole(own.versions["2024-05"])
    rulings.prune(Settings(data=own.data), MINISTRY, 1, dry_run=False)
    path = own.data / "datasets" / f"{MINISTRY}.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"Press releases of a', '"The press releases of a'))
    after = published(own.data, MINISTRY, date(2024, 6, 1))
    assert (str(after.version), whole(after)) == ("1.2.1", files)


def test_content_that_a_steward_approved_is_not_held_again(tmp_path: Path) -> None:
    data = seeded(tmp_path / "data")
    path = data / "datasets" / f"{DATASET}.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("max_refused_share = 0.2", "max_refused_share = 0.0"))
    edit(data, lambda document: document["mentions"].append({"entity_id": "dhs", "start": 0, "end": 1, "name": "!"}))
    _, run_id = take(data, DATASET, DAY)
    rulings.approve(Settings(data=data), run_id, BY, WHY)
    job = steps.begin(Settings(data=data), DATASET, DAY)
    verdict = steps.judge(job, steps.build(job, steps.fetch(job)))
    assert str(getattr(steps.unchanged(job, verdict), "version", None)) == "1.0.0"
    ended, _ = take(data, DATASET, DAY)
    assert ended.outcome == "Unchanged"


def test_a_candidate_whose_report_or_refusals_were_changed_on_disk_is_refused(held: Held) -> None:
    verdict = held.settings.run(DATASET, held.run_id) / "verdict"
    report = read_json(verdict / "report.json") | {"problems": [], "valid": True}
    (verdict / "report.json").write_text(json.dumps(report), encoding="utf-8")
    (verdict / "refused.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(RulingError):
        rulings.approve(held.settings, held.run_id, BY, WHY)


def test_when_the_only_version_is_taken_down_no_pointer_leads_to_it(tmp_path: Path) -> None:
    data = seeded(tmp_path / "data")
    published(data, DATASET, DAY)
    rulings.take_down(Settings(data=data), DATASET, "1.0.0", BY, WHY)
    assert not (home(data) / "latest.json").exists()
    assert [one["taken_down"] for one in read_json(home(data) / "versions.json")["versions"]] == [WHY]


def test_a_release_that_is_only_in_the_quarantine_of_a_version_is_taken_down_too(own: Series) -> None:
    """The published quarantine.csv has its whole text."""
    name = "mer-2024-05-06-charter-day"
    rulings.take_down(Settings(data=own.data), MINISTRY, name, BY, WHY)
    assert not any(name in path.read_text(encoding="utf-8") for path in own.data.glob("packages/*/*/quarantine.csv"))


@pytest.mark.parametrize("pattern", ["*", "20*"])
def test_a_pattern_is_no_id_of_a_run(held: Held, pattern: str) -> None:
    with pytest.raises(RulingError, match="there is no run"):
        rulings.approve(held.settings, pattern, BY, WHY)


def test_the_form_explains_each_of_its_fields() -> None:
    for form in (pipeline.approve_version.parameters, pipeline.publish_releases.parameters):
        assert [name for name, told in form.properties.items() if not told.get("description")] in ([], ["decision"])


def test_a_reason_may_have_brackets(held: Held) -> None:
    rulings.take_down(held.settings, DATASET, "1.0.0", BY, "see letter [17] and [/x]")
    published_again = take(held.data, DATASET, DAY)
    told = call(held, "versions")
    assert published_again
    assert told.returncode == 0, told.stderr[-300:]
    assert "see letter [17] and [/x]" in told.stdout


def test_the_plan_of_a_held_run_needs_no_reason(held: Held) -> None:
    assert call(held, "approve", held.run_id, "--dry-run").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("versions", "nope"),
        ("quarantine", "list", "nope"),
        ("prune", "nope", "--keep", "1"),
        ("prune", DATASET, "--keep", "-1"),
        ("thresholds", DATASET, "--last", "0"),
        ("thresholds", DATASET, "--last", "-1"),
    ],
)
def test_a_dataset_that_there_is_not_and_a_number_below_none_are_wrong_use(
    held: Held, arguments: tuple[str, ...]
) -> None:
    assert call(held, *arguments).returncode == 2


@pytest.mark.parametrize("by", ["Ada\nSteward", ""])
def test_a_name_that_does_not_fit_a_decision_is_wrong_use_and_names_its_field(held: Held, by: str) -> None:
    before = log_of(held.data, DATASET)
    options = ("--reason", WHY, "--by", by)
    for arguments in (("approve", held.run_id), ("reject", held.run_id), ("takedown", DATASET, "1.0.0")):
        told = call(held, *arguments, *options)
        assert (told.returncode, "Traceback" in told.stderr) == (2, False), told.stderr
        assert told.stderr.startswith("by: ")
    assert log_of(held.data, DATASET) == before


def test_the_form_refuses_a_name_that_does_not_fit(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMUNIQUE_DATA", str(held.data))
    state = pipeline.approve_version.fn(held.run_id, WHY, "Ada\nSteward")
    assert (state.name, (state.message or "").partition(":")[0]) == ("Refused", "by")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become an account without a name")
def test_an_account_without_a_name_decides_by_its_number() -> None:
    code = "import os; from flows.cli.common import who; os.setuid(54321); print(who(None), who('Ada'))"
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env, cwd="/")
    assert (told.returncode, told.stdout) == (0, "uid 54321 Ada\n"), told.stderr
