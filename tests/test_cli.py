"""The command line: what each command says, and how it ends."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows import preview
from flows.faces import FACES
from flows.settings import PROJECT, Settings
from flows.validate import tables
from schemas import __version__
from schemas.report import Report
from tests.conftest import AS_OF, SEED, Communique
from tests.publishing import DATASET, publish

PLANNED = (
    "init run validate up site serve versions diff verify get quarantine approve reject prune takedown schema doctor "
    "rebuild thresholds"
)
"""Every command of the design, and the two that a steward and a stranger wanted; `--help` has those that work."""


def listed(told: str) -> list[str]:
    """Return the commands that a help text lists."""
    return re.findall(r"^│ ([a-z]+) ", told, re.MULTILINE)


def test_help_lists_the_commands_of_the_design_that_work_and_no_other(communique: Communique) -> None:
    told = communique("--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert {"run", "validate", "schema"} <= set(listed(told.stdout)) <= set(PLANNED.split())


def test_no_command_shows_the_help(communique: Communique) -> None:
    assert communique().stdout == communique("--help").stdout


def test_every_command_that_is_listed_has_a_help_of_its_own(communique: Communique) -> None:
    for name in listed(communique("--help").stdout):
        told = communique(name, "--help")
        assert told.returncode == 0
        assert f"Usage: communique {name}" in told.stdout


def test_what_is_not_listed_is_no_command(communique: Communique) -> None:
    """So a command of the design that does not work yet is not half there."""
    refused = communique("publish")
    assert (refused.returncode, refused.stdout) == (2, "")
    available = re.search(r"Available commands: ([^.]*)", refused.stderr)
    assert available
    named = {name for name in available[1].split(", ") if name}
    assert named
    assert named <= set(listed(communique("--help").stdout))


def test_version_is_that_of_the_package(communique: Communique) -> None:
    assert communique("--version").stdout.strip() == __version__


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["validate"], "name a file, a folder or a dataset"),
        (["validate", "no/such/path.json"], "no/such/path.json"),
        (["validate", SEED, "--bogus"], "--bogus"),
        (["validate", SEED, "--format", "xml"], "xml"),
        (["validate", SEED, "--as-of", "2021-02-30"], "--as-of"),
        (["validate", SEED, "--as-of", "yesterday"], "--as-of"),
        (["run", "no-such-dataset"], "no-such-dataset"),
        (["schema", "--bogus"], "--bogus"),
        (["validate", SEED, "--limit", "1"], "--limit"),
        (["vaildate"], 'Did you mean "validate"?'),
        (["approve", "20260101T000000Z-00000000", "--reason", "why"], "there is no run 20260101T000000Z-00000000"),
    ],
)
def test_wrong_use_ends_2_and_says_what_is_wrong_without_a_traceback(
    communique: Communique, data: Path, arguments: list[str | Path], said: str
) -> None:
    before = sorted(data.rglob("*"))
    refused = communique(*arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert sorted(data.rglob("*")) == before


@pytest.mark.parametrize("words", ["versions", "quarantine list", "run", "serve", "versions letters"])
def test_a_data_folder_that_is_not_there_is_told_with_the_mend_and_is_not_made(
    communique: Communique, data: Path, words: str
) -> None:
    shutil.rmtree(data)
    told = communique(*words.split())
    assert (told.returncode, told.stdout) == (2, "")
    mend = "`communique init` makes one; --data names another folder"
    assert f"there is no dataset in {data / 'datasets'}: {mend}" in told.stderr
    assert not data.exists()


def test_a_data_folder_where_nothing_is_published_yet_says_so(communique: Communique) -> None:
    told = communique("versions")
    assert told.returncode == 0
    assert "yet: communique run publishes" in told.stderr


@pytest.fixture
def bad(seed: dict[str, Any], tmp_path: Path) -> Path:
    """Return the path of a document with one meeting of no known kind, to which nothing else refers."""
    seed["meetings"][8]["kind"] = "chat"
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(seed), encoding="utf-8")
    return path


def test_the_seed_is_valid(communique: Communique) -> None:
    told = communique("validate", SEED)
    assert (told.returncode, told.stderr) == (0, "")
    assert f"{SEED}: valid" in told.stdout
    assert "✗" not in told.stdout


def test_the_help_of_approve_says_that_a_reason_is_required(communique: Communique) -> None:
    told = " ".join(communique("approve", "--help").stdout.replace("│", "").split())
    assert "Why; kept and published. Required, but for a dry run." in told


def test_a_table_that_holds_no_release_is_told_of_schemas_in_one_line(communique: Communique, tmp_path: Path) -> None:
    (tmp_path / "trees.csv").write_text("id,height\noak,12\nelm,9\n", encoding="utf-8")
    told = communique("validate", tmp_path / "trees.csv")
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (2, "", 1)
    assert "no table of releases" in told.stderr
    assert "add --schema" in told.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "id,name\n1,Ada\n1,Bo\n"),
        ("t.csv", "id,name\n1,Ada\n2,Bo,x\n"),
        ("t.csv", "id,name\n2,Bo,x\n"),
        ("t.csv", 'id,name\n1,"A"da\n'),
        ("t.jsonl", '{"id": 1}\n{"id": 2}\n'),
    ],
)
def test_a_table_that_holds_no_release_is_told_so_whatever_else_is_wrong_with_it(
    communique: Communique, tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    told = communique("validate", tmp_path / name)
    assert (told.returncode, told.stdout) == (2, "")
    assert "add --schema" in told.stderr


@pytest.mark.parametrize("beside", ["", "u.csv", "s.json", "release.json"])
@pytest.mark.parametrize("letter", ["é".encode(), "é".encode("latin-1")], ids=["UTF-8", "Latin-1"])
def test_a_folder_of_tables_that_hold_no_release_is_refused_with_the_name_of_one(
    communique: Communique, tmp_path: Path, letter: bytes, beside: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "t.csv").write_bytes(b"id,name\n1,caf" + letter + b"\n")
    if beside:
        text = {"u.csv": "id\n1\n", "s.json": '{"fields": []}'}.get(beside) or SEED.read_text(encoding="utf-8")
        (folder / beside).write_text(text, encoding="utf-8")
    latin = len(letter) == 1
    for target in (folder, folder / "t.csv"):
        told = communique("validate", target)
        judged = target == folder and (beside == "release.json" or (latin and beside == "s.json"))
        assert told.returncode == (1 if judged else 2)
        assert (f"{folder / 't.csv'} is no table of releases" in told.stderr) == (not judged)
        assert ("add --schema" in told.stderr) == (not judged)
        assert ("is not UTF-8" in told.stdout + told.stderr) == latin


@pytest.mark.parametrize("output", ["none/x.txt", "."])
def test_an_answer_that_cannot_be_written_is_told_in_words(communique: Communique, tmp_path: Path, output: str) -> None:
    (tmp_path / "s.json").write_text('{"fields": [{"name": "n"}]}', encoding="utf-8")
    (tmp_path / "t.csv").write_text("n\n1\n", encoding="utf-8")
    named = ("--schema", tmp_path / "s.json", "--output", tmp_path / output)
    told = communique("validate", tmp_path / "t.csv", *named)
    assert (told.returncode, told.stdout) == (2, "")
    assert "--output names the file that the answer is written to" in told.stderr


@pytest.mark.parametrize("name", ["t.tsv", "t.ods", "t.xls", "t.csv"])
def test_a_table_of_a_kind_that_releases_never_are_is_told_of_schemas_too(
    communique: Communique, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("id\theight\n", encoding="utf-8")
    told = communique("validate", tmp_path / name)
    assert (told.returncode, told.stdout) == (2, "")
    assert "holds no release document" in told.stderr
    assert "add --schema" in " ".join(told.stderr.split())


@pytest.mark.parametrize("limit", ["-1", "-100"])
def test_fewer_errors_than_none_cannot_be_told(communique: Communique, tmp_path: Path, limit: str) -> None:
    (tmp_path / "s.json").write_text('{"fields": [{"name": "n"}]}', encoding="utf-8")
    (tmp_path / "t.csv").write_text("n\n1\n", encoding="utf-8")
    told = communique("validate", tmp_path / "t.csv", "--schema", tmp_path / "s.json", "--limit", limit)
    assert (told.returncode, told.stdout) == (2, "")
    assert "--limit" in told.stderr
    assert communique("validate", tmp_path / "t.csv", "--schema", tmp_path / "s.json", "--limit", "0").returncode == 0


def test_a_bad_document_ends_1_and_is_told_as_a_person_needs_it(communique: Communique, bad: Path) -> None:
    told = communique("validate", bad)
    assert (told.returncode, told.stderr) == (1, "")
    assert f"{bad}: INVALID: 1 error" in told.stdout
    for part in ("record.enum", "bad.json /meetings/8/kind", "kind = 'chat'", "Use a value of the list."):
        assert part in told.stdout


@pytest.mark.parametrize("which", ["good", "bad"])
def test_the_report_that_a_program_reads_is_the_report_of_the_judgment(
    communique: Communique, bad: Path, which: str
) -> None:
    path = {"good": SEED, "bad": bad}[which]
    told = communique("validate", path, "--format", "json", "--as-of", AS_OF)
    assert Report.model_validate_json(told.stdout) == preview.validate_files(path, date.fromisoformat(AS_OF))
    assert json.loads(told.stdout)["valid"] is (which == "good")
    assert told.stderr == ""


def test_several_targets_are_judged_each_for_itself_and_one_that_is_bad_ends_1(
    communique: Communique, bad: Path
) -> None:
    told = communique("validate", SEED, bad, "--format", "json")
    reports = {name: Report.model_validate(report, strict=False) for name, report in json.loads(told.stdout).items()}
    assert {name: report.valid for name, report in reports.items()} == {str(SEED): True, str(bad): False}
    assert told.returncode == 1


@pytest.mark.parametrize("face", ["text", "json"])
def test_a_target_that_cannot_be_judged_does_not_keep_the_others_from_it(
    communique: Communique, bad: Path, tmp_path: Path, face: str
) -> None:
    (tmp_path / "trees.csv").write_text("id,height\noak,12\n", encoding="utf-8")
    told = communique("validate", "no/such.json", bad, tmp_path / "trees.csv", "--format", face)
    assert told.returncode == 2
    assert "record.enum" in told.stdout
    assert [line.partition(" ")[0] for line in told.stderr.splitlines()] == [
        "no/such.json:",
        str(tmp_path / "trees.csv"),
    ]
    assert face == "text" or list(json.loads(told.stdout)) == [str(bad)]


@pytest.mark.parametrize("face", FACES)
def test_a_table_that_cannot_be_judged_does_not_keep_the_others_from_it(
    communique: Communique, tmp_path: Path, face: str
) -> None:
    (tmp_path / "s.json").write_text('{"fields": [{"name": "n", "type": "integer"}]}', encoding="utf-8")
    (tmp_path / "t.csv").write_text("n\nx\n", encoding="utf-8")
    gone, table, schema = tmp_path / "gone.csv", tmp_path / "t.csv", ("--schema", tmp_path / "s.json")
    told = communique("validate", gone, table, *schema, "--format", face)
    assert (told.returncode, told.stderr) == (2, f"{gone}: there is no such file\n")
    assert told.stdout == communique("validate", table, *schema, "--format", face).stdout != ""
    alone = communique("validate", gone, *schema, "--format", face, "--output", tmp_path / "answer")
    assert (alone.returncode, alone.stdout, (tmp_path / "answer").exists()) == (2, "", False)


def test_a_name_of_nothing_among_packages_is_told_of_itself(communique: Communique, tmp_path: Path) -> None:
    package = {"name": "p", "resources": [{"name": "t", "path": "t.csv", "schema": {"fields": [{"name": "n"}]}}]}
    (tmp_path / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    (tmp_path / "t.csv").write_text("n\n1\n", encoding="utf-8")
    told = communique("validate", tmp_path, tmp_path / "gone.csv")
    assert (told.returncode, told.stderr) == (2, f"{tmp_path / 'gone.csv'}: there is no such file\n")
    assert told.stdout == f"{tmp_path / 't.csv'}: valid, 1 row judged\n"
    mixed = communique("validate", tmp_path, SEED)
    assert (mixed.returncode, mixed.stdout) == (2, "")
    assert f"{SEED} is taken for documents" in mixed.stderr


def test_a_folder_is_judged_as_one(communique: Communique, data: Path, bad: Path) -> None:
    """The release lies in it twice, which only shows where both files are seen; the first by name is judged."""
    shutil.copy(bad, data / "releases")
    told = communique("validate", data / "releases", "--format", "json")
    found = Report.model_validate_json(told.stdout).problems
    assert [(problem.rule, problem.source and problem.source.file) for problem in found] == [
        ("record.duplicate", SEED.name),
        ("record.enum", bad.name),
    ]
    assert told.returncode == 1


def test_a_text_is_judged_with_its_sidecar(communique: Communique, seed: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "release.txt").write_text(seed.pop("body"), encoding="utf-8")
    (tmp_path / "release.json").write_text(json.dumps(seed), encoding="utf-8")
    told = communique("validate", tmp_path / "release.txt", "--format", "json")
    report = Report.model_validate_json(told.stdout)
    assert (report.valid, report.counts["mentions"].out) == (True, 57)


def test_the_day_of_a_run_is_the_day_that_the_suites_count_from(
    communique: Communique, write: Callable[[dict[str, Any]], Path], seed: dict[str, Any]
) -> None:
    """A release of the next day is ahead of its time."""
    write(seed | {"published_on": "2021-07-07"})
    told = communique("validate", "official-releases", "--as-of", "2021-07-06", "--format", "json")
    found = Report.model_validate_json(told.stdout).problems
    assert told.returncode == 1
    told_by_suites = {problem.rule for problem in found if problem.layer == "suite"}
    assert told_by_suites == {"suite.releases.not-published-ahead", "suite.releases.any-release"}


@pytest.mark.parametrize("dataset", [False, True])
def test_under_reference_frictionless_itself_is_asked_over_every_row(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    dataset: bool,  # noqa: FBT001 - a case of the test
) -> None:
    monkeypatch.setattr(tables, "SAMPLE", 1)
    for reference in (False, True):
        if dataset:
            settings, day = Settings(data=data), date.fromisoformat(AS_OF)
            report = preview.validate_dataset(settings, "official-releases", day, reference=reference)
        else:
            report = preview.validate_files(SEED, date.fromisoformat(AS_OF), reference=reference)
        (asked,) = (check for check in report.checks if check.id == "table.reference")
        rows = [count.in_ for count in report.counts.values()]
        assert asked.outcome == "passed"
        assert asked.looked_at == (sum(rows) if reference else len([count for count in rows if count]))


def test_the_data_folder_is_given_by_option_or_by_environment_or_is_below_where_one_stands(
    data: Path, tmp_path: Path
) -> None:
    """A name that is no dataset is told with the folder where it was looked for."""

    def looked_in(*option: str, **environment: str) -> str:
        command = [str(Path(sys.executable).with_name("communique")), *option, "validate", "nothing"]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("COMMUNIQUE_")}
        env = clean | environment
        done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path, check=False)
        return done.stderr.strip().rpartition(" ")[2]

    elsewhere = str(tmp_path / "elsewhere")
    assert looked_in() == str(data / "datasets")
    assert looked_in(COMMUNIQUE_DATA=elsewhere) == f"{elsewhere}/datasets"
    assert looked_in("--data", str(data), COMMUNIQUE_DATA=elsewhere) == str(data / "datasets")


def traced(*arguments: str | Path) -> tuple[str, set[str]]:
    """Return what the command line prints, and every module that it imports on the way."""
    script = Path(sys.executable).with_name("communique")
    command = [sys.executable, "-X", "importtime", str(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return done.stdout, {line.rpartition("|")[2].strip() for line in told}


def test_validating_a_document_pays_for_frictionless_and_for_neither_prefect_nor_great_expectations() -> None:
    _, modules = traced("validate", SEED)
    assert {"frictionless", "pydantic", "flows.steps"} <= modules
    assert modules.isdisjoint({"prefect", "great_expectations", "pandas", "flows.pipeline", "flows.validate.suites"})


def test_a_dataset_is_judged_by_the_suites_too_without_prefect_and_nothing_is_kept(data: Path) -> None:
    before = sorted(data.rglob("*"))
    told, modules = traced("--data", data, "validate", "official-releases", "--as-of", AS_OF, "--format", "json")
    report = Report.model_validate_json(told)
    assert report.valid
    assert {check.layer for check in report.checks} == {"input", "record", "evidence", "table", "suite"}
    assert "great_expectations" in modules
    assert modules.isdisjoint({"prefect", "flows.pipeline"})
    assert sorted(data.rglob("*")) == before


def test_help_pays_for_none_of_them() -> None:
    _, modules = traced("--help")
    assert "flows.cli" in modules
    heavy = {"prefect", "great_expectations", "frictionless", "pandas", "pyarrow", "pydantic", "flows.steps"}
    assert modules.isdisjoint(heavy)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the code and its generated files, the test's own."""
    for folder in ("flows", "schemas", "docs"):
        shutil.copytree(PROJECT / folder, tmp_path / "copy" / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy"


def generated(root: Path) -> dict[str, str]:
    """Return the generated files and what is in them."""
    found = [*root.glob("schemas/*.json"), root / "docs" / "data-dictionary.md"]
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in found if path.is_file()}


def test_the_generated_files_are_what_the_models_say(communique: Communique) -> None:
    told = communique("schema", "--check")
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_a_generated_file_that_is_stale_or_missing_is_told_and_only_written_anew_when_asked(
    communique: Communique, copy: Path
) -> None:
    good = generated(copy)
    stale = ["docs/data-dictionary.md", "schemas/meetings.tableschema.json", "schemas/release.jsonschema.json"]
    for name in stale:
        (copy / name).write_text(good[name].replace("release", "rumour", 1), encoding="utf-8")
    (copy / "schemas" / "spans.tableschema.json").unlink()
    left = generated(copy)
    told = communique("schema", "--check", PYTHONPATH=str(copy))
    assert told.returncode == 1
    paths = {line.partition(":")[0] for line in told.stderr.splitlines()}
    assert paths == {str(copy / name) for name in [*stale, "schemas/spans.tableschema.json"]}
    assert generated(copy) == left
    assert communique("schema", PYTHONPATH=str(copy)).returncode == 0
    assert generated(copy) == good


def test_a_model_that_changed_makes_its_generated_files_stale(communique: Communique, copy: Path) -> None:
    model = copy / "schemas" / "tables.py"
    text = model.read_text(encoding="utf-8")
    assert "Where it took place." in text
    model.write_text(text.replace("Where it took place.", "Where they met."), encoding="utf-8")
    told = communique("schema", "--check", PYTHONPATH=str(copy))
    assert told.returncode == 1
    assert {Path(line.partition(":")[0]).name for line in told.stderr.splitlines()} == {
        "release.jsonschema.json",
        "meetings.tableschema.json",
        "data-dictionary.md",
    }


def planned(communique: Communique) -> tuple[int, dict[str, Any]]:
    """Return how a dry run of the dataset ends, and what it tells a program."""
    told = communique("run", DATASET, "--dry-run", "--as-of", AS_OF, "--format", "json")
    plan: dict[str, Any] = json.loads(told.stdout)[DATASET]
    return told.returncode, plan


def test_a_dry_run_tells_a_program_that_nothing_would_change(communique: Communique, data: Path) -> None:
    publish(data)
    code, plan = planned(communique)
    assert (code, plan["same"], plan["held"]) == (0, True, False)
    assert (plan["before"], plan["after"], plan["level"], plan["rows"]) == ("1.0.0", None, None, [])


def test_a_dry_run_tells_a_program_the_next_version_and_what_would_be_refused(
    communique: Communique, data: Path, write: Callable[[dict[str, Any]], Path], seed: dict[str, Any]
) -> None:
    publish(data)
    seed["meetings"][8]["kind"] = "chat"
    write(seed | {"headline": "Another"})
    code, plan = planned(communique)
    report = Report.model_validate(plan["report"], strict=False)
    assert (code, plan["same"], plan["after"]) == (0, False, "1.1.0")
    assert report == preview.plan(Settings(data=data), DATASET, date.fromisoformat(AS_OF)).report
    assert [found.rule for found in report.problems if found.layer == "record"] == ["record.enum"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["validate", "--help"], 0),
        (["--version"], 0),
        (["validate", SEED], 0),
        (["validate", SEED, "--format", "json"], 0),
        (["validate", SEED.with_name("none.json")], 2),
    ],
)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_has_seen_enough_changes_nothing_and_is_told_nothing(
    stream: str, arguments: list[str | Path], code: int
) -> None:
    """As in `communique --help | head -1`: nobody reads the pipe any more."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [str(Path(sys.executable).with_name("communique")), *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: writing}
    done = subprocess.run(command, check=False, text=True, **streams)  # type: ignore[call-overload]
    os.close(writing)
    assert done.returncode == code
    assert "Traceback" not in (done.stderr or "")
    assert "BrokenPipe" not in (done.stderr or "")


def test_json_is_asked_of_a_dry_run_only(communique: Communique, data: Path) -> None:
    done = communique("run", DATASET, "--format", "json")
    assert done.returncode == 2
    assert "add --dry-run" in done.stderr
    assert not (data / "packages").exists()
