"""A table that a Data Package beside it describes is judged by that, alone and with its references."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from flows.settings import PROJECT
from tests.conftest import Communique
from tests.publishing import published


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the version that the seed makes."""
    data = tmp_path_factory.mktemp("made") / "data"
    for name in ("datasets", "releases"):
        shutil.copytree(PROJECT / "data" / name, data / name)
    return published(data).folder


@pytest.fixture
def version(made: Path, tmp_path: Path) -> Path:
    """Return the same, the test's own to change."""
    return shutil.copytree(made, tmp_path / "version")


def without(path: Path, field: str, value: str) -> None:
    """Remove the rows of a CSV file whose `field` is `value`."""
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(row for row in rows if row[field] != value)


def test_tables_of_a_published_version_are_judged_by_their_package(communique: Communique, version: Path) -> None:
    told = communique("validate", version / "people.csv", version / "mentions.csv")
    assert told.returncode == 0
    people, mentions = version / "people.csv", version / "mentions.csv"
    assert told.stdout == f"{people}: valid, 10 rows judged\n{mentions}: valid, 57 rows judged\n"


def test_the_packages_that_describe_files_are_judged_whole_and_once_as_the_hook_asks(
    communique: Communique, version: Path, tmp_path: Path
) -> None:
    (hook,) = yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, *command = hook["entry"].split()
    files = [version / "people.csv", version / "datapackage.json", tmp_path / "other.csv"]
    files[2].write_text("a\n1\n", encoding="utf-8")
    assert program == "communique"
    assert all(re.search(hook["files"], str(path)) for path in files)
    told = communique(*command, *files)
    resources = json.loads((version / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    assert (told.returncode, len(told.stdout.splitlines())) == (0, len(resources))
    nothing = communique(*command, files[2])
    assert (nothing.returncode, nothing.stdout) == (0, "")


def test_a_table_is_judged_by_the_package_in_a_folder_above_it(communique: Communique, tmp_path: Path) -> None:
    schema = {"fields": [{"name": "n", "type": "integer"}]}
    described = {"name": "p", "resources": [{"name": "t", "path": "tables/t.csv", "schema": schema}]}
    (tmp_path / "tables").mkdir()
    (tmp_path / "datapackage.json").write_text(json.dumps(described), encoding="utf-8")
    (tmp_path / "tables" / "t.csv").write_text("n\nx\n", encoding="utf-8")
    told = communique("validate", tmp_path / "tables" / "t.csv", "--format", "github")
    assert told.returncode == 1
    assert told.stdout.startswith(f"::error file={tmp_path / 'tables' / 't.csv'},line=2,title=table.type::")


def test_a_table_is_judged_with_its_references_to_the_others(communique: Communique, version: Path) -> None:
    without(version / "entities.csv", "entity_id", "dhs")
    told = communique("validate", version / "mentions.csv")
    assert told.returncode == 1
    assert "table.foreign-key  entity_id" in told.stdout
    assert 'values "dhs" not found in the lookup table "entities"' in told.stdout


def test_a_table_that_was_changed_is_told_so_with_what_to_do(communique: Communique, version: Path) -> None:
    without(version / "entities.csv", "entity_id", "dhs")
    told = communique("validate", version / "entities.csv")
    assert told.returncode == 1
    assert "Fetch the file again, or write its new hash into the description." in told.stdout
