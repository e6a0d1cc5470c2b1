"""A table that a Data Package beside it describes is judged by that, alone and with its references."""

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from flows import faces
from flows.settings import PROJECT
from flows.validate.engine import targets
from flows.validate.engine.answers import Answer
from tests.conftest import Communique
from tests.publishing import published
from tests.site import Site, serving


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


# What leads elsewhere


@pytest.fixture
def elsewhere() -> Iterator[Site]:
    """Return a server that has a schema and a profile that nothing meets, and keeps what it is asked."""
    with serving(Site()) as site:
        site.lay("/deny.json", json.dumps({"required": ["nothing"]}), "application/json")
        yield site


def described(folder: Path, resource: dict[str, Any], **package: Any) -> str:
    """Write a Data Package of one table, and return its description."""
    folder.mkdir(exist_ok=True)
    (folder / "t.csv").write_text('o\n"{""a"": 1}"\n', encoding="utf-8")
    entry = {"name": "t", "path": "t.csv", "schema": {"fields": [{"name": "o", "type": "object"}]}} | resource
    told = {"name": "p", "resources": [{name: value for name, value in entry.items() if value}]} | package
    (folder / "datapackage.json").write_text(json.dumps(told), encoding="utf-8")
    return str(folder / "datapackage.json")


def told_of(package: str, *, remote: bool = False) -> list[str]:
    """Return what is told of a package, by rule and message."""
    results = targets.results(package, None, reference_only=False, remote=remote)
    return [f"{one.rule} {one.message}" for one in Answer(list(results)).all()]


@pytest.mark.parametrize("name", ["profile", "profiles", "path", "extrapaths", "schema", "url"])
def test_nothing_is_fetched_that_was_not_allowed(tmp_path: Path, elsewhere: Site, name: str) -> None:
    address = f"{elsewhere.address}/deny.json"
    more: dict[str, Any] = {name: [address] if name in ("profiles", "extrapaths") else address}
    packages = [described(tmp_path / "resource", ({"path": None} if name == "url" else {}) | more)]
    packages += [described(tmp_path / "package", {}, **more)] if name in targets.PROFILES else []
    for package in packages:
        with pytest.raises(targets.BadTarget, match=r"--allow-remote"):
            told_of(package)
    assert elsewhere.asked == []


@pytest.mark.parametrize("level", ["resource", "package"])
def test_a_profile_is_read_where_it_is_allowed(tmp_path: Path, elsewhere: Site, level: str) -> None:
    profile = {"profile": f"{elsewhere.address}/deny.json"}
    package = described(tmp_path, profile) if level == "resource" else described(tmp_path, {}, **profile)
    (told,) = told_of(package, remote=True)
    assert "'nothing' is a required property" in told


@pytest.mark.parametrize("where", ["remote", "local"])
def test_a_schema_of_json_refers_to_nothing_elsewhere(tmp_path: Path, elsewhere: Site, where: str) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"const": "hunter2"}), encoding="utf-8")
    address = f"{elsewhere.address}/deny.json" if where == "remote" else secret.as_uri()
    field = {"name": "o", "type": "object", "constraints": {"jsonSchema": {"$ref": address}}}
    (told,) = told_of(described(tmp_path, {"schema": {"fields": [field]}}))
    assert "hunter2" not in told
    assert f"it cannot be judged: Unresolvable: {address}" in told
    assert elsewhere.asked == []


@pytest.mark.parametrize("profile", ["/etc/hostname", "../other.json", "profile.json", "fiscal-data-package"])
def test_a_profile_that_frictionless_would_open_is_not_read(tmp_path: Path, profile: str) -> None:
    for package in (described(tmp_path, {"profile": profile}), described(tmp_path, {}, profile=profile)):
        with pytest.raises(targets.BadTarget, match=r"the profile .* --allow-remote"):
            told_of(package)


def test_profiles_that_frictionless_has_are_no_links(tmp_path: Path) -> None:
    package = described(tmp_path, {"profile": "tabular-data-resource"}, profile="tabular-data-package")
    assert told_of(package) == []


def test_what_is_fetched_is_gone_in_the_end(communique: Communique, tmp_path: Path, elsewhere: Site) -> None:
    elsewhere.lay("/t.csv", "a\n1\n")
    elsewhere.lay("/s.json", json.dumps({"fields": [{"name": "a"}]}))
    (tmp_path / "temporary").mkdir()
    told = communique(
        "validate", f"{elsewhere.address}/t.csv", "--schema", f"{elsewhere.address}/s.json", "--allow-remote",
        TMPDIR=str(tmp_path / "temporary"),
    )  # fmt: skip
    assert (told.returncode, list((tmp_path / "temporary").iterdir())) == (0, [])


@pytest.mark.parametrize("reference_only", [False, True])
def test_a_table_that_was_fetched_is_told_by_its_address(elsewhere: Site, *, reference_only: bool) -> None:
    elsewhere.lay("/t.csv", "a\nx\n")
    elsewhere.lay("/s.json", json.dumps({"fields": [{"name": "a", "type": "integer"}]}))
    url, schema = f"{elsewhere.address}/t.csv", f"{elsewhere.address}/s.json"
    answer = Answer(list(targets.results(url, schema, reference_only=reference_only, remote=True)))
    assert {one.place for one in answer.all()} == {url}
    out = io.StringIO()
    faces.write("sarif", answer, out)
    assert f'"uri": "{url}"' in out.getvalue()


def test_a_table_that_nobody_can_fetch_is_told_by_its_address(tmp_path: Path) -> None:
    schema = {"fields": [{"name": "a", "type": "integer"}]}
    told = {"name": "t", "path": "gopher://example.org/t.csv", "schema": schema}
    (tmp_path / "resource.json").write_text(json.dumps(told), encoding="utf-8")
    found = targets.results(str(tmp_path / "resource.json"), None, reference_only=False, remote=True)
    (one,) = Answer(list(found)).all()
    assert (one.place, one.hint) == ("gopher://example.org/t.csv", "Write a path, or an address of http or https.")


def test_a_table_in_parts_is_told_by_the_path_of_the_first(tmp_path: Path, elsewhere: Site) -> None:
    schema = {"fields": [{"name": "a", "type": "integer"}]}
    told = json.dumps({"name": "t", "path": ["d/1.csv", "d/2.csv"], "schema": schema})
    (tmp_path / "d").mkdir()
    for name in ("1", "2"):
        (tmp_path / "d" / f"{name}.csv").write_text("a\nx\n", encoding="utf-8")
        elsewhere.lay(f"/d/{name}.csv", "a\nx\n")
    (tmp_path / "resource.json").write_text(told, encoding="utf-8")
    elsewhere.lay("/resource.json", told)
    for base in (str(tmp_path), elsewhere.address):
        found = targets.results(f"{base}/resource.json", None, reference_only=False, remote=True)
        assert {(one.place, one.line) for one in Answer(list(found)).all()} == {(f"{base}/d/1.csv", None)}


def test_what_is_fetched_has_a_limit(monkeypatch: pytest.MonkeyPatch, elsewhere: Site) -> None:
    elsewhere.lay("/t.csv", "a\n1\n")
    monkeypatch.setattr(targets, "DESCRIPTOR_BYTES", 3)
    with pytest.raises(targets.BadTarget, match="larger than the 3 bytes"):
        list(targets.results(f"{elsewhere.address}/t.csv", None, reference_only=False, remote=True))
