"""A table that a Data Package beside it describes is judged by that, alone and with its references."""

import csv
import gzip
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pytest
import xlsxwriter
import yaml  # type: ignore[import-untyped]
from frictionless import Field, FrictionlessException, validate
from pyarrow import parquet

from flows import faces
from flows.settings import PROJECT
from flows.validate.engine import inputs, links, reference, results, run, targets
from flows.validate.engine.answers import Answer
from flows.validate.engine.reference import opening
from tests.conftest import Communique
from tests.publishing import published
from tests.site import Site, serving

FIELDS = [{"name": "n", "type": "integer"}]


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
    endings = (*targets.TABULAR, *filter(None, targets.AS_CSV), *targets.COMPRESSED, ".json", ".yaml", ".yml")
    assert [
        one
        for one in endings
        if not (re.search(hook["files"], f"t{one}") and re.search(hook["files"], f"T{one.upper()}"))
    ] == []
    assert not re.search(hook["files"], "README.md")
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


@pytest.mark.parametrize(
    "path", ["tables/t.csv", "./tables/t.csv", "tables/../tables//t.csv", ["tables/0.csv", "./tables/t.csv"]]
)
def test_a_table_is_found_in_a_package_however_it_is_written_and_wherever_one_stands(
    communique: Communique, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Any
) -> None:
    (tmp_path / "tables").mkdir()
    for name in ("0", "t"):
        (tmp_path / "tables" / f"{name}.csv").write_text("n\nx\n", encoding="utf-8")
    (tmp_path / "schema.yaml").write_text(json.dumps({"fields": FIELDS}), encoding="utf-8")
    entry = {"name": "t", "path": path, "schema": "schema.yaml"}
    (tmp_path / "datapackage.json").write_text(json.dumps({"name": "p", "resources": [entry]}), encoding="utf-8")
    for folder, name in (
        (tmp_path / "tables", "t.csv"),
        (tmp_path, "tables/t.csv"),
        (Path("/"), str(tmp_path / "tables/t.csv")),
    ):
        monkeypatch.chdir(folder)
        assert "table.type" in communique("validate", name).stdout
        assert "table.type" in communique("validate", "--packages", name).stdout
    assert "table.type" in communique("validate", "--packages", tmp_path / "schema.yaml").stdout


@pytest.mark.parametrize("name", ["datapackage.json", "s.json", "s.yaml", "t.csv", "t.csv.gz", "t.xlsx"])
def test_the_hook_is_run_where_what_a_package_names_is_changed(name: str) -> None:
    (hook,) = yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert re.search(hook["files"], f"data/{name}")


def test_the_step_on_github_judges_the_targets_of_all_lines() -> None:
    action = yaml.safe_load((PROJECT / "action.yml").read_text(encoding="utf-8"))
    script = action["runs"]["steps"][-1]["run"].splitlines()
    (reads,) = (line for line in script if line.startswith("read "))
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", f'{reads}\nprintf "%s\\n" "${{targets[@]}}"']
    told = subprocess.run(
        shell, env={"TARGETS": "a.csv b.csv\nc.csv\n\n  d/\n"}, capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines() == ["a.csv", "b.csv", "c.csv", "d/"]


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
    packages += [described(tmp_path / "package", {}, **more)] if name in links.PROFILES else []
    for package in packages:
        with pytest.raises(links.BadTarget, match=r"--allow-remote"):
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
    assert f"it refers to {address}, which is not in it" in told
    assert elsewhere.asked == []


@pytest.mark.parametrize("profile", ["/etc/hostname", "../other.json", "profile.json", "fiscal-data-package"])
def test_a_profile_that_frictionless_would_open_is_not_read(tmp_path: Path, profile: str) -> None:
    for package in (described(tmp_path, {"profile": profile}), described(tmp_path, {}, profile=profile)):
        with pytest.raises(links.BadTarget, match=r"the profile .* --allow-remote"):
            told_of(package)


def test_profiles_that_frictionless_has_are_no_links(tmp_path: Path) -> None:
    package = described(tmp_path, {"profile": "tabular-data-resource"}, profile="tabular-data-package")
    assert told_of(package) == []


def test_a_table_on_another_machine_without_a_schema_is_told_what_it_needs(elsewhere: Site) -> None:
    elsewhere.lay("/t.csv", "a\n1\n")
    with pytest.raises(links.BadTarget, match=rf"^{elsewhere.address}/t.csv is a table: add the --schema"):
        told_of(f"{elsewhere.address}/t.csv", remote=True)
    elsewhere.lay("/p.json", "no")
    with pytest.raises(links.BadTarget, match=rf"^{elsewhere.address}/p.json is no JSON that can be read"):
        told_of(f"{elsewhere.address}/p.json", remote=True)


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
    elsewhere.lay("/t.json", "a\n1\n")
    monkeypatch.setattr(links, "DESCRIPTOR_BYTES", 3)
    with pytest.raises(links.BadTarget, match="larger than the 3 bytes"):
        list(targets.results(f"{elsewhere.address}/t.json", None, reference_only=False, remote=True))


TABLE = b"n\n1\nx\n"


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize("size", [6, 99])
@pytest.mark.parametrize("by_link", [False, True], ids=["inline", "by link"])
def test_a_description_may_name_a_table_on_another_machine(
    tmp_path: Path, elsewhere: Site, *, packed: bool, size: int, by_link: bool
) -> None:
    name = "t.csv.gz" if packed else "t.csv"
    elsewhere.lay(f"/{name}", gzip.compress(TABLE) if packed else TABLE)
    (tmp_path / "s.json").write_text(json.dumps({"fields": FIELDS}), encoding="utf-8")
    entry = {"path": f"{elsewhere.address}/{name}", "bytes": size, "hash": f"sha256:{sha256(TABLE).hexdigest()}"}
    package = described(tmp_path, entry | {"schema": "s.json" if by_link else {"fields": FIELDS}})
    found = Answer(list(targets.results(package, None, reference_only=False, remote=True)))
    wrong = {"table.type"} | ({"table.byte-count"} if size == 99 and not packed else set())
    assert {one.rule for one in found.all()} == wrong
    assert {one.place for one in found.all()} == {f"{elsewhere.address}/{name}"}


@pytest.mark.parametrize("size", [5, 12, 20, 25])
@pytest.mark.parametrize("by_reference", [False, True])
def test_a_packed_file_that_is_cut_off_is_told(tmp_path: Path, size: int, *, by_reference: bool) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(TABLE * 3)[:size])
    package = described(tmp_path, {"path": "t.csv.gz", "schema": {"fields": FIELDS}})
    (result,) = targets.results(package, None, reference_only=by_reference, remote=False)
    (fault,) = result.first
    assert "ended before the end-of-stream marker was reached" in fault.note


def test_a_packed_file_that_is_spoilt_is_told(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(TABLE))
    whole[10:12] = b"\xff\xff"
    (tmp_path / "t.csv.gz").write_bytes(whole)
    (told,) = told_of(described(tmp_path, {"path": "t.csv.gz", "schema": {"fields": FIELDS}}))
    assert told.startswith("table.source ")


# What lies in files of its own


BEYOND: dict[str, Any] = {
    "fields": [{"name": "id", "type": "integer"}, {"name": "kind", "type": "string", "categories": ["a"]}],
    "uniqueKeys": [["kind"]],
}


@pytest.mark.parametrize("ending", ["json", "yaml"])
@pytest.mark.parametrize("whole", [True, False], ids=["package", "resource"])
def test_a_schema_and_a_dialect_in_files_of_their_own_are_asked_all_that_they_would_be_asked_inline(
    tmp_path: Path,
    ending: str,
    whole: bool,  # noqa: FBT001 - a case of the test
) -> None:
    (tmp_path / f"s.{ending}").write_text(json.dumps(BEYOND), encoding="utf-8")
    (tmp_path / f"d.{ending}").write_text('{"csv": {"nullSequence": "-"}}', encoding="utf-8")
    (tmp_path / "t.csv").write_text("id,kind\n-,a\n2,b\n3,b\n", encoding="utf-8")
    entry = {"name": "t", "path": "t.csv", "schema": f"s.{ending}", "dialect": f"d.{ending}"}
    description = tmp_path / "described.json"
    description.write_text(json.dumps({"name": "p", "resources": [entry]} if whole else entry), encoding="utf-8")
    rules = sorted(one.split()[0] for one in told_of(str(description)))
    assert rules == ["table.categories", "table.categories", "table.unique-key"]


def test_a_schema_beside_a_description_on_another_machine_is_asked_all_of_it(elsewhere: Site) -> None:
    entry = {"name": "t", "path": "t.csv", "schema": "s.json"}
    elsewhere.lay("/p/datapackage.json", json.dumps({"name": "p", "resources": [entry]}))
    elsewhere.lay("/p/s.json", json.dumps(BEYOND))
    elsewhere.lay("/p/t.csv", "id,kind\n1,b\n")
    (told,) = told_of(f"{elsewhere.address}/p/datapackage.json", remote=True)
    assert told.startswith("table.categories ")


@pytest.mark.parametrize("field", [{"type": "integr"}, {"type": "string", "constraints": {"minimum": 1}}])
def test_a_fault_of_a_schema_in_a_file_of_its_own_is_told_of_that_file(tmp_path: Path, field: dict[str, Any]) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"fields": [{"name": "o"} | field]}), encoding="utf-8")
    package = described(tmp_path, {"schema": "s.json"})
    (result,) = targets.results(package, None, reference_only=False, remote=False)
    assert (result.place, [one.type for one in result.first]) == (str(tmp_path / "s.json"), ["field-error"])


def test_a_schema_in_a_file_of_its_own_has_a_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = described(tmp_path, {"schema": "s.json"})
    (tmp_path / "s.json").write_text(json.dumps({"fields": []}) + " " * 1000, encoding="utf-8")
    monkeypatch.setattr(links, "DESCRIPTOR_BYTES", 1000)
    with pytest.raises(links.BadTarget, match=r"s\.json is larger than the 1,000 bytes"):
        told_of(package)


# What is no table


SCHEMA = {"fields": [{"name": "n", "type": "integer"}, {"name": "m", "type": "integer"}]}


def with_schema(path: Path, text: str) -> list[str]:
    """Write a file, and return its arguments with a schema of two numbers."""
    path.write_text(text, encoding="utf-8")
    schema = path.with_name("schema.json")
    schema.write_text(json.dumps(SCHEMA), encoding="utf-8")
    return [str(path), "--schema", str(schema)]


ENTRY = {"name": "t", "path": "t.csv", "schema": {"fields": FIELDS}}
UNLISTED = "is no table of releases"


@pytest.mark.parametrize(
    ("text", "told", "of_the_table"),
    [
        ("\ufeff" + json.dumps({"resources": [ENTRY]}), "begins with a byte order mark, which JSON has not", None),
        (json.dumps({"resources": [ENTRY]})[:-1] + ",}", "is no JSON that can be read", None),
        (json.dumps({"resources": []}), "its list of resources is empty", UNLISTED),
        (json.dumps({"resource": [ENTRY]}), "'resources' is a required property", UNLISTED),
    ],
    ids=["mark", "syntax", "empty", "misspelt"],
)
def test_a_description_that_is_none_is_told_and_not_taken_for_a_release(
    communique: Communique, tmp_path: Path, text: str, told: str, of_the_table: str | None
) -> None:
    (tmp_path / "datapackage.json").write_text(text, encoding="utf-8")
    (tmp_path / "t.csv").write_text("n\n1\n", encoding="utf-8")
    for name, wanted in (("", told), ("datapackage.json", told), ("t.csv", of_the_table or told)):
        found = communique("validate", tmp_path / name)
        said = found.stdout + found.stderr
        assert wanted in said
        assert f"{tmp_path / ('t.csv' if wanted == UNLISTED else 'datapackage.json')}" in said
        assert found.returncode == (1 if "required property" in wanted else 2)
    theirs = [error.note for error in validate(str(tmp_path / "datapackage.json")).errors]
    assert ("'resources' is a required property" in told) == (theirs == ["'resources' is a required property"])


@pytest.mark.parametrize("name", ["s.yaml", "s.json"])
def test_a_schema_may_be_yaml_and_is_told_in_words_where_it_cannot_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "t.csv").write_text("n\nx\n", encoding="utf-8")
    schema = tmp_path / name

    def told() -> list[str]:
        found = targets.results(str(tmp_path / "t.csv"), str(schema), reference_only=False, remote=False)
        return [one.rule for one in Answer(list(found)).all()]

    text = json.dumps({"fields": FIELDS}) if name == "s.json" else yaml.safe_dump({"fields": FIELDS})
    schema.write_text(text, encoding="utf-8")
    assert told() == ["table.type"]
    schema.write_text("[1", encoding="utf-8")
    with pytest.raises(links.BadTarget, match=r"is no (JSON|YAML) that can be read"):
        told()
    schema.write_text("[1]", encoding="utf-8")
    with pytest.raises(links.BadTarget, match=r"is no (Table Schema|YAML that can be read: it is no object)"):
        told()
    schema.write_text("\ufeff" + text, encoding="utf-8")
    if name == "s.json":
        with pytest.raises(links.BadTarget, match=r"s.json begins with a byte order mark, which JSON has not: save it"):
            told()
    else:
        assert told() == ["table.type"]
    schema = schema.with_name("s.yml")
    schema.write_text(yaml.safe_dump({"fields": FIELDS}), encoding="utf-8")
    with pytest.raises(links.BadTarget, match=r"give a file of YAML the ending \.yaml"):
        told()


A_PACKAGE = "is a Data Package, and has the schemas of its tables: name it without --schema"
FIRST = "is no JSON that can be read: Expecting value: line 1 column 1 (char 0)"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("datapackage.json", json.dumps({"resources": [ENTRY]}), A_PACKAGE),
        ("t.csv", "n\n1\n", f"{FIRST}. --schema names a Table Schema: {targets.A_SCHEMA}"),
        ("e.json", "", f"{FIRST}. --schema names a Table Schema: {targets.A_SCHEMA}"),
        ("n.json", "{}", f"is no Table Schema: {targets.A_SCHEMA}"),
    ],
)
def test_what_is_given_for_a_schema_and_is_none_is_told_what_one_is(
    communique: Communique, tmp_path: Path, name: str, text: str, why: str
) -> None:
    (tmp_path / "t.csv").write_text("n\n1\n", encoding="utf-8")
    (tmp_path / name).write_text(text, encoding="utf-8")
    told = communique("validate", tmp_path / "t.csv", "--schema", tmp_path / name, COLUMNS="900")
    assert (told.returncode, told.stdout, told.stderr) == (2, "", f"{tmp_path / name} {why}\n")


@pytest.mark.parametrize("name", ["datapackage.yaml", "datapackage.yml"])
def test_a_package_in_yaml_is_told_what_is_read(communique: Communique, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(yaml.safe_dump({"resources": [ENTRY]}), encoding="utf-8")
    told = communique("validate", tmp_path / name, COLUMNS="900")
    assert (told.returncode, told.stdout) == (2, "")
    assert "a package is described in datapackage.json, and none is read from YAML: save it as JSON" in told.stderr


def test_a_schema_in_a_package_that_has_the_ending_yml_is_told_the_ending_that_is_read(tmp_path: Path) -> None:
    (tmp_path / "s.yml").write_text(yaml.safe_dump({"fields": FIELDS}), encoding="utf-8")
    package = described(tmp_path, {"schema": "s.yml"})
    (found,) = Answer(list(targets.results(package, None, reference_only=False, remote=False))).all()
    assert (found.rule, found.hint[:39]) == ("table.schema", "Give a file of YAML the ending .yaml, h")


@pytest.mark.parametrize("name", ["t.txt", "t.psv", "t.TXT", "t.tab", "t", "t.csv"])
def test_a_table_whose_ending_says_nothing_is_read_as_csv(communique: Communique, tmp_path: Path, name: str) -> None:
    told = communique("validate", *with_schema(tmp_path / name, "n|m\n1|2\n3|4\n5|x\n6|7\n"))
    assert (told.returncode, told.stdout.count("table.type  m")) == (1, 1)
    assert told.stdout.startswith(f"{tmp_path / name}:4")


@pytest.mark.parametrize("name", ["t.json", "t.yaml", "t.zip", "t.pdf", "t.csv.bz2"])
def test_a_file_that_is_no_table_is_not_judged_by_a_schema(communique: Communique, tmp_path: Path, name: str) -> None:
    told = communique("validate", *with_schema(tmp_path / name, "[]"))
    assert (told.returncode, told.stdout) == (2, "")
    assert ("unpack it" if name == "t.zip" else f"no table is read from {Path(name).suffix}") in told.stderr


def test_a_name_with_a_colon_is_no_address(
    communique: Communique, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("n\n1\n", encoding="utf-8")
    (tmp_path / "ab:c.csv").write_text("n\n1\n", encoding="utf-8")
    for name, why in (
        ("t.csv:3", "t.csv:3: there is no such file"),
        ("ab:c.csv", "ab:c.csv is taken for an address, for the colon in its name: rename it"),
        ("http://localhost/t.csv", "http://localhost/t.csv is on another machine; --allow-remote fetches it"),
    ):
        told = communique("validate", name)
        assert (told.returncode, told.stdout, told.stderr) == (2, "", f"{why}\n")


def test_a_folder_is_not_judged_by_a_schema(communique: Communique, tmp_path: Path) -> None:
    told = communique("validate", tmp_path, *with_schema(tmp_path / "t.csv", "n,m\n1,2\n")[1:])
    assert (told.returncode, told.stdout) == (2, "")
    assert "is a folder" in told.stderr


@pytest.mark.parametrize(("name", "form"), [("t.txt", 'the format "txt"'), ("t", "a file without an ending")])
def test_a_schema_of_a_resource_that_is_no_table_is_told(tmp_path: Path, name: str, form: str) -> None:
    package = described(tmp_path, {"path": name})
    (tmp_path / name).write_text("o\n1\n", encoding="utf-8")
    (told,) = told_of(package)
    assert told.startswith("table.resource ")
    assert f"no table is read from {form}" in told
    assert [one.split()[0] for one in told_of(described(tmp_path, {"path": name, "format": "csv"}))] == ["table.type"]
    assert told_of(described(tmp_path, {"path": name, "schema": None})) == []


# What is malformed


MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"fields": FIELDS, "foreignKeys": 5}, "foreignKeys: 5 is no list of objects"),
    ({"fields": FIELDS, "foreignKeys": True}, "foreignKeys: True is no list of objects"),
    ({"fields": FIELDS, "foreignKeys": [{"reference": [[]]}]}, "foreignKeys: the reference [[]] is no object"),
    ({"fields": FIELDS, "foreignKeys": [{"reference": None}]}, "foreignKeys: the reference None is no object"),
    ({"fields": [1.5]}, "fields: 1.5 is no object with a name"),
    ({"fields": [["n"]], "missingValues": ["-"]}, "fields: ['n'] is no object with a name"),
]


@pytest.mark.parametrize(("schema", "why"), MALFORMED)
@pytest.mark.parametrize("how", ["inline", "package", "reference", "--schema"])
def test_a_schema_that_frictionless_dies_of_is_told(
    communique: Communique, tmp_path: Path, how: str, schema: dict[str, Any], why: str
) -> None:
    (tmp_path / "s.json").write_text(json.dumps(schema), encoding="utf-8")
    package = described(tmp_path, {"schema": schema if how in ("inline", "reference") else "s.json"})
    asked = [tmp_path / "t.csv", "--schema", tmp_path / "s.json"] if how == "--schema" else [package]
    told = communique("validate", *asked, *(["--reference"] if how == "reference" else []))
    assert (told.returncode, told.stderr) == (1, "")
    resource = 'resource "t": ' if how in ("inline", "reference") else ""
    assert f"error table.schema\n    Schema is not valid: {resource}{why}" in told.stdout
    assert told.stdout.startswith(f"{package if how in ('inline', 'reference') else tmp_path / 's.json'}\n")


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "a", "type": "intger"}, 'field "a"', '; did you mean "integer"?'),
    ({"name": "b", "type": "String"}, 'field "b"', '; did you mean "string"?'),
    ({"name": "c", "type": "float"}, 'field "c"', ""),
    ({"name": "d", "type": "string", "constraints": {"requird": True}}, 'field "d"', ""),
    ({"type": "string"}, 'field at position "6"', ""),
    ({"name": "f", "type": "string", "constraints": {"required": "yes"}}, 'field "f"', ""),
]
"""Fields that are none, how they are named, and what is told beside frictionless's own words."""


@pytest.mark.parametrize("how", ["inline", "package", "--schema", "--reference"])
def test_what_is_wrong_with_fields_is_told_of_each_by_its_name(tmp_path: Path, how: str) -> None:
    schema = {"fields": [WRONG[0][0], {"name": "good"}, *(one for one, _, _ in WRONG[1:])], "primaryKey": ["good"]}
    (tmp_path / "s.json").write_text(json.dumps(schema), encoding="utf-8")
    package = described(tmp_path, {"schema": "s.json" if how == "package" else schema})
    target, given = (str(tmp_path / "t.csv"), str(tmp_path / "s.json")) if how == "--schema" else (package, None)
    found = list(targets.results(target, given, reference_only=how == "--reference", remote=False))
    wanted = []
    for one, named, more in WRONG:
        with pytest.raises(FrictionlessException) as told:
            Field.from_descriptor(one)
        resource = 'resource "t": ' if how in ("inline", "--reference") else ""
        wanted.append(f"{resource}{named}: {told.value.to_errors()[0].note}{more}")
    assert [one.note for result in found for one in result.first] == wanted
    hints = {one.hint for one in Answer(found).all() if "field type" in one.message}
    assert hints == {f"Write one of the types {', '.join(reference.TYPES)}."}


def test_a_bad_description_of_a_table_costs_that_table_alone(tmp_path: Path) -> None:
    key = {"fields": ["n"], "reference": {"resource": "bad", "fields": ["n"]}}
    own = key | {"reference": {"resource": "", "fields": ["m"]}}
    fields = [{"name": "n", "type": "integer"}, {"name": "m", "type": "integer"}]
    resources = [
        {"name": "odd", "path": "t.csv", "bytes": "x"},
        {"name": "good", "path": "good.csv", "schema": {"fields": fields, "foreignKeys": [key, own]}},
        {"name": "bad", "path": "t.csv", "schema": {"fields": [{"name": "n", "type": "intger"}]}},
    ]
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": resources}), encoding="utf-8")
    (tmp_path / "t.csv").write_text("n\n7\n", encoding="utf-8")
    (tmp_path / "good.csv").write_text("n,m\n1,x\n2,1\n", encoding="utf-8")
    lost = 'no key can be looked up in the resource "bad", for its description is wrong'
    wanted = [
        ("odd", "table.resource", """resource "odd": 'x' is not of type 'integer' at property 'bytes'"""),
        ("good", "table.constraint-refused", lost),
        ("good", "table.type", 'field "m"'),
        ("good", "table.foreign-key", '"2"'),
        ("bad", "table.field", 'resource "bad": field "n": field type "intger" is not supported'),
    ]

    def said(target: str) -> list[tuple[str, str, str]]:
        found = list(Answer(list(targets.results(target, None, reference_only=False, remote=False))).all())
        return [(one.table, one.rule, one.message) for one in found]

    for target, tables in (
        ("datapackage.json", {"odd", "good", "bad"}),
        ("good.csv", {"good"}),
        ("t.csv", {"odd", "bad"}),
    ):
        found, some = said(str(tmp_path / target)), [one for one in wanted if one[0] in tables]
        assert [one[:2] for one in found if one[1] != "table.foreign-key"] == [
            one[:2] for one in some if one[1] != "table.foreign-key"
        ]
        assert all(any(told in message for _, rule, message in found if rule == broken) for _, broken, told in some)
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": resources, "created": 5}), encoding="utf-8")
    assert [rule for _, rule, _ in said(str(tmp_path))] == ["table.package"]


NOT_READ: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"hash": 5}, {}, "Look at its property 'hash' in the resource 'bad'"),
    ({"dialect": {"csv": "x", "delimiter": ","}}, {}, "Look at its property 'dialect' in the resource 'bad'"),
    ({"dialect": {"type": "delimited"}}, {}, "Look at its property 'dialect' in the resource 'bad'"),
    ({}, {"$schema": 5}, "Look at its property '$schema'"),
]
"""Properties of a resource and of its package that frictionless dies of, before it looks at any table."""


@pytest.mark.parametrize(("more", "whole", "where"), NOT_READ)
def test_a_description_that_frictionless_dies_of_is_told_with_the_property_to_look_at(
    communique: Communique, tmp_path: Path, more: dict[str, Any], whole: dict[str, Any], where: str
) -> None:
    (tmp_path / "t.csv").write_text("n\nx\n", encoding="utf-8")
    table = {"path": "t.csv", "schema": {"fields": FIELDS}}
    resources = [table | {"name": "bad"} | more]
    (tmp_path / "bad.json").write_text(json.dumps({"resources": resources} | whole), encoding="utf-8")
    (tmp_path / "good.json").write_text(json.dumps(table | {"name": "good"}), encoding="utf-8")
    for how in ([], ["--reference"]):
        told = communique("validate", tmp_path / "bad.json", tmp_path / "good.json", *how)
        assert (told.returncode, told.stderr) == (1, "")
        assert "error table.error\n    frictionless cannot read the description, for it ends with " in told.stdout
        assert where in told.stdout
        assert "error table.type  n\n" in told.stdout


@pytest.mark.parametrize("formats", [("jsonl", "csv"), ("csv", "jsonl"), ("xlsx", "csv")])
def test_reference_tells_no_difference_of_keys_from_or_to_rows_that_are_read_here(
    communique: Communique, tmp_path: Path, formats: tuple[str, str]
) -> None:
    rows: dict[str, list[Any]] = {"a": [1, 9, "x"], "b": [1]}
    for (name, values), form in zip(rows.items(), formats, strict=True):
        path = tmp_path / f"{name}.{form}"
        if form == "xlsx":
            with xlsxwriter.Workbook(path) as book:
                book.add_worksheet().write_column(0, 0, ["n", *values])
        else:
            lines = ["n\n", *(f"{one}\n" for one in values)]
            objects = [json.dumps({"n": one}) + "\n" for one in values]
            path.write_text("".join(lines if form == "csv" else objects), encoding="utf-8")
    key: dict[str, Any] = {"fields": ["n"], "reference": {"resource": "b", "fields": ["n"]}}
    tables = [
        {"name": name, "path": f"{name}.{form}", "type": "table", "schema": {"fields": FIELDS, "foreignKeys": keys}}
        for name, form, keys in zip("ab", formats, ([key], []), strict=True)
    ]
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": tables}), encoding="utf-8")
    told = communique("validate", tmp_path, "--reference")
    assert told.returncode == 1
    assert re.findall(r"^ +\d+  (.*)$", told.stdout, re.MULTILINE) == ["table.foreign-key", "table.type"]


def test_a_link_that_no_file_can_have_ends_its_own_target_alone(communique: Communique, tmp_path: Path) -> None:
    for name, schema in (("bad", "a" * 300), ("good", {"fields": FIELDS})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.csv").write_text("n\nx\n", encoding="utf-8")
        table = {"name": name, "path": "t.csv", "schema": schema}
        (tmp_path / name / "datapackage.json").write_text(json.dumps({"resources": [table]}), encoding="utf-8")
    told = communique("validate", tmp_path / "bad", tmp_path / "good")
    assert (told.returncode, "table.type" in told.stdout) == (2, True)
    assert f"{tmp_path / 'bad'}: File name too long" in told.stderr.replace("\n", "")


KEY_OF_A_FILE = {"fields": ["n"], "reference": {"resource": "file", "fields": ["n"]}}
ODD: tuple[Any, ...] = ("1", None, {}, [])
NOT_OPENED: list[tuple[dict[str, Any], str]] = [
    *(({"dialect": {"headerRows": [odd]}}, "table.error frictionless cannot open it, for it ends with") for odd in ODD),
    ({"encoding": "\0"}, "table.error frictionless cannot open it, for it ends with ValueError"),
    (
        {"schema": {"fields": FIELDS, "foreignKeys": [KEY_OF_A_FILE]}},
        'table.resource The data resource has an error: "file" is no table',
    ),
]


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(("more", "why"), NOT_OPENED)
def test_a_table_that_frictionless_dies_of_is_told_and_the_others_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], why: str, *, fast: bool
) -> None:
    monkeypatch.setattr(run, "SMALL", 0 if fast else run.SMALL)
    (tmp_path / "t.csv").write_text("n\nx\n", encoding="utf-8")
    (tmp_path / "o.json").write_text("{}", encoding="utf-8")
    table = {"path": "t.csv", "schema": {"fields": FIELDS}}
    tables = [table | {"name": "bad"} | more, {"name": "file", "path": "o.json"}, table | {"name": "good"}]
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": tables}), encoding="utf-8")
    bad, *others = told_of(str(tmp_path))
    assert bad.startswith(why)
    assert [one.split()[0] for one in others] == ["table.type"]


def test_a_header_row_whose_number_is_a_fraction_is_judged_alike_in_small_and_large_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv").write_text("n\n1\nx\n", encoding="utf-8")
    key = {"fields": ["n"], "reference": {"resource": "there", "fields": ["n"]}}
    there = {"name": "there", "path": "t.csv", "schema": {"fields": FIELDS}, "dialect": {"headerRows": [1e99]}}
    here = {"name": "here", "path": "t.csv", "schema": {"fields": FIELDS, "foreignKeys": [key]}}
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": [there, here]}), encoding="utf-8")
    small = told_of(str(tmp_path))
    monkeypatch.setattr(run, "SMALL", 0)
    assert told_of(str(tmp_path)) == small
    assert [one.split()[0] for one in small] == ["table.source", "table.foreign-key", "table.type"]


@pytest.mark.parametrize("link", ["\ud800", "a\0b"])
@pytest.mark.parametrize("name", ["dialect", "schema", "path"])
def test_a_link_that_can_be_no_name_of_a_file_is_told(tmp_path: Path, name: str, link: str) -> None:
    with pytest.raises(links.BadTarget, match=r"can be the name of no file|no JSON that can be read: .*surrogates"):
        told_of(described(tmp_path, {name: link}))


def test_half_a_letter_in_a_schema_of_its_own_is_told(tmp_path: Path) -> None:
    package = described(tmp_path, {"schema": "s.json"})
    (tmp_path / "s.json").write_text(json.dumps({"fields": [], "missingValues": ["\ud800"]}), encoding="utf-8")
    with pytest.raises(links.BadTarget, match=r"s\.json cannot be read: .*surrogates not allowed"):
        told_of(package)


# Workbooks and JSON Lines


def workbook(path: Path) -> None:
    """Write a workbook of two sheets; what is wrong is in the second."""
    with xlsxwriter.Workbook(path) as book:
        for name, cell in (("one", 1), ("two", "x")):
            sheet = book.add_worksheet(name)
            sheet.write(0, 0, "n")
            sheet.write(1, 0, cell)


@pytest.mark.parametrize("wanted", ["two", 2])
@pytest.mark.parametrize("how", ["excel", "sheet", "standard"])
def test_the_sheet_that_a_dialect_names_is_judged(tmp_path: Path, how: str, wanted: str | int) -> None:
    standard = "sheetName" if wanted == "two" else "sheetNumber"
    dialect = {"excel": {"excel": {"sheet": wanted}}, "sheet": {"sheet": wanted}, "standard": {standard: wanted}}[how]
    entry = {"path": "t.xlsx", "type": "table", "schema": {"fields": FIELDS}}
    workbook(tmp_path / "t.xlsx")
    assert told_of(described(tmp_path, entry)) == []
    (told,) = told_of(described(tmp_path, entry | {"dialect": dialect}))
    assert told.startswith("table.type ")


@pytest.mark.parametrize("wanted", ["three", 3, 0, -1])
def test_a_sheet_that_a_workbook_has_not_is_told(tmp_path: Path, wanted: str | int) -> None:
    workbook(tmp_path / "t.xlsx")
    entry = {"path": "t.xlsx", "type": "table", "schema": {"fields": FIELDS}, "dialect": {"excel": {"sheet": wanted}}}
    found = targets.results(described(tmp_path, entry), None, reference_only=False, remote=False)
    (one,) = Answer(list(found)).all()
    assert one.rule == "table.source"
    assert f"it has no sheet {wanted!r}: its sheets are one, two" in one.message
    assert one.hint.startswith('Name one of its sheets in the dialect as "sheetName"')


@pytest.mark.parametrize("name", ["t.jsonl", "t.ndjson", "t.csv"])
@pytest.mark.parametrize("text", ["", "\n"])
def test_a_table_that_is_empty_is_told_in_whatever_format(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "data").mkdir()
    entry = {"path": f"data/{name}", "type": "table", "schema": {"fields": FIELDS}}
    package = described(tmp_path, entry)
    (tmp_path / "data" / name).write_text(text, encoding="utf-8")
    (told,) = told_of(package)
    assert told.startswith("table.source ") or (name, text) == ("t.csv", "\n")


@pytest.mark.parametrize("more", [{"path": ["t.jsonl", "u.jsonl"]}, {"path": "t.jsonl.gz"}])
def test_a_table_of_another_format_that_is_packed_or_in_parts_is_told_as_such(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    for name in ("t.jsonl", "u.jsonl", "t.jsonl.gz"):
        (tmp_path / name).write_bytes(gzip.compress(b'{"n": 1}\n') if name.endswith(".gz") else b'{"n": 1}\n')
    (told,) = told_of(described(tmp_path, {"type": "table", "schema": {"fields": FIELDS}} | more))
    assert told.startswith("table.source")
    assert "a table of jsonl is read from one file that is not packed" in told


def test_a_sheet_whose_cells_lie_too_far_apart_is_told_and_not_held(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        sheet = book.add_worksheet()
        for place in ((0, 0), (1, 0), (1_048_575, 16_383)):
            sheet.write(*place, "n")
    (told,) = told_of(described(tmp_path, {"path": "t.xlsx", "type": "table", "schema": {"fields": FIELDS}}))
    assert told.startswith("table.source")
    assert "reach to column 16,384 and row 1,048,576" in told


@pytest.mark.parametrize("last", [False, True], ids=["inside", "alone in the last row and column"])
@pytest.mark.parametrize("error", ["#DIV/0!", "#N/A", "#REF!"])
def test_an_error_of_a_formula_is_no_missing_value(tmp_path: Path, error: str, *, last: bool) -> None:
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        book.add_worksheet("one").write(0, 0, "other")
        sheet = book.add_worksheet("two & more")
        sheet.write_row(0, 0, ["n", "m"])
        for row in range(1, 30_000):  # more than is looked at together
            sheet.write_row(row, 0, [row, row])
        sheet.write_formula(30_000, 1, "=1/0", None, error)
        if not last:
            sheet.write_row(30_001, 0, [1, 1])
    schema = {"fields": [*FIELDS, {"name": "m", "type": "number"}]}
    entry = {"path": "t.xlsx", "type": "table", "schema": schema, "dialect": {"sheetNumber": 2}}
    (told,) = told_of(described(tmp_path, entry))
    assert told.startswith(f'table.type Type error in the cell "{error}" in row "30001" and field "m"')


def test_a_workbook_without_errors_is_read_as_it_was(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        book.add_worksheet().write_column(0, 0, ["s", '<c r="A9" t="e"><v>#N/A</v></c>', "b"])
    entry = {"path": "t.xlsx", "type": "table", "schema": {"fields": [{"name": "s", "type": "string"}]}}
    assert told_of(described(tmp_path, entry)) == []


REMOTE = ["t.jsonl", "t.parquet", "t.xlsx", "the table.jsonl", "ñ.jsonl"]


@pytest.mark.parametrize("by_reference", [False, True])
@pytest.mark.parametrize("relative", [False, True], ids=["local description", "remote description"])
@pytest.mark.parametrize("name", REMOTE)
def test_a_table_on_another_machine_is_judged_in_whatever_format(
    tmp_path: Path, elsewhere: Site, name: str, *, relative: bool, by_reference: bool
) -> None:
    if name.endswith(".jsonl"):
        (tmp_path / name).write_text('{"n": "1"}\n{"n": "x"}\n', encoding="utf-8")
    else:
        lay(tmp_path / name, [["n"], ["1"], ["x"]])
    data = (tmp_path / name).read_bytes()
    elsewhere.lay(f"/d/{quote(name)}", data)
    entry = {
        "name": "t", "path": f"d/{name}" if relative else f"{elsewhere.address}/d/{name}", "bytes": len(data) + 1,
        "hash": f"sha256:{sha256(data).hexdigest()}", "schema": {"fields": FIELDS},
    }  # fmt: skip
    package = described(tmp_path / "package", entry)
    elsewhere.lay("/datapackage.json", Path(package).read_text(encoding="utf-8"))
    package = f"{elsewhere.address}/datapackage.json" if relative else package
    found = list(Answer(list(targets.results(package, None, reference_only=by_reference, remote=True))).all())
    assert [one.rule for one in found] == ["table.type", "table.byte-count"]
    assert {one.place for one in found} == {f"{elsewhere.address}/d/{name}"}


@pytest.mark.parametrize("name", REMOTE[:3])
@pytest.mark.parametrize("what", ["gone", "too large"])
def test_a_table_on_another_machine_that_cannot_be_had_costs_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: Site, name: str, what: str
) -> None:
    monkeypatch.setattr(opening, "FETCHED_BYTES", 3)
    elsewhere.lay(f"/{name}" if what == "too large" else "/other", "more")
    entry = {"path": f"{elsewhere.address}/{name}", "schema": {"fields": FIELDS}}
    (one,) = Answer(list(targets.results(described(tmp_path, entry), None, reference_only=False, remote=True))).all()
    assert (one.rule, one.place) == ("table.source", entry["path"])
    assert {"gone": "HTTP Error 404", "too large": "is larger than the 3 bytes that are fetched"}[what] in one.message
    assert one.hint == "See that the address leads to the file, and that anybody may have it."


def lay(path: Path, rows: list[list[Any]]) -> None:
    """Write rows into a workbook or a Parquet file; of the latter, the first are the names of the columns."""
    if path.suffix == ".parquet":
        columns = zip(*rows[1:], strict=True)
        parquet.write_table(pa.table(dict(zip(rows[0], map(pa.array, columns), strict=True))), path)
        return
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)


def compared(path: Path, rows: list[list[Any]], more: dict[str, Any], *, fast: bool) -> tuple[Any, Any]:
    """Return what is told of a file that has `rows`, and what frictionless tells of them in memory."""
    lay(path, rows)
    described = {"name": "t", "path": path.name, **more}
    ours = run.check(reference.Resource.from_descriptor(described, basepath=str(path.parent)), fast=fast)
    told = reference.judged(reference.Resource.from_descriptor({"name": "t", "data": rows, **more}))
    return results.told(ours), [error for one in told for error in one.errors]


OF_ROWS: list[dict[str, Any]] = [
    {}, {"header": False}, {"headerRows": [2]}, {"headerRows": [1, 2], "headerJoin": "-"}, {"headerRows": []},
    {"headerCase": False}, {"headerRows": [2], "headerCase": False}, {"commentChar": "#"}, {"commentChar": "N"},
    {"commentRows": [1]}, {"commentRows": [6], "headerRows": [2]}, {"skipBlankRows": True},
]  # fmt: skip


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("dialect", OF_ROWS, ids=str)
@pytest.mark.parametrize("name", ["t.xlsx", "t.parquet"])
def test_what_a_dialect_says_of_rows_holds_in_whatever_format(
    tmp_path: Path,
    name: str,
    dialect: dict[str, Any],
    fast: bool,  # noqa: FBT001 - a case of the test
) -> None:
    schema = {"fields": [{"name": "n", "type": "integer"}, {"name": "s", "type": "string"}], "primaryKey": ["n"]}
    rows: list[list[Any]] = [["N", "s"], ["n", "S"], ["1", "a"], ["#x", "b"], [None, None], ["x", "c"], ["1", "d"]]
    ours, theirs = compared(tmp_path / name, rows, {"schema": schema, "dialect": dialect}, fast=fast)
    assert ours == theirs
    assert ours


@pytest.mark.parametrize(("comments", "errors"), [(99, 1), (100, 3)])
def test_a_header_is_looked_for_below_as_many_comments_as_frictionless_looks_at(
    tmp_path: Path, comments: int, errors: int
) -> None:
    rows: list[list[Any]] = [*([["#"]] * comments), ["n"], ["x"], [2]]
    more = {"schema": {"fields": FIELDS}, "dialect": {"commentChar": "#"}}
    ours, theirs = compared(tmp_path / "t.xlsx", rows, more, fast=False)
    assert ours == theirs
    assert len(ours) == errors


MIDNIGHT = datetime(2021, 7, 6)  # noqa: DTZ001 - no workbook has a zone


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("kind", ["date", "datetime", "string", "any"])
def test_a_midnight_of_a_workbook_is_an_instant_and_the_day_that_it_begins(
    tmp_path: Path,
    kind: str,
    fast: bool,  # noqa: FBT001 - a case of the test
) -> None:
    fields = [{"name": "when", "type": kind, "constraints": {"unique": True}}, {"name": "at", "type": "time"}]
    cells = [
        MIDNIGHT,
        MIDNIGHT.replace(hour=12),
        MIDNIGHT.replace(day=7),
        MIDNIGHT,
        "2021-07-06",
        "2021-07-07T00:00:00",
    ]
    rows: list[list[Any]] = [["when", "at"], *([cell, time(12)] for cell in [*cells, "x", None])]
    ours, theirs = compared(tmp_path / "t.xlsx", rows, {"schema": {"fields": fields}}, fast=fast)
    assert ours == theirs
    assert ours


def test_a_year_may_be_the_name_of_a_column_of_a_workbook(tmp_path: Path) -> None:
    fields = [{"name": "country", "type": "string"}, {"name": "2019", "type": "integer"}, {"name": "", "type": "any"}]
    rows: list[list[Any]] = [["country", 2019, MIDNIGHT, None], ["x", 1, 2, 3]]
    ours, theirs = compared(tmp_path / "t.xlsx", rows, {"schema": {"fields": fields}}, fast=False)
    assert ours == theirs
    assert {one.field for _, _, one in ours} == {""}


def test_a_workbook_is_read_once_however_often_its_rows_are_asked_for(tmp_path: Path) -> None:
    workbook(tmp_path / "t.xlsx")
    described = {"name": "t", "path": "t.xlsx", "schema": {"fields": FIELDS}}
    table = reference.opened(reference.Resource.from_descriptor(described, basepath=str(tmp_path)), linear=True)
    assert isinstance(table, reference.Opened)
    (tmp_path / "t.xlsx").unlink()
    assert [list(reference.rows(table)) for _ in range(2)] == [[(2, [1])]] * 2


FILLED = {"excel": {"fillMergedCells": True}}


def merged(path: Path) -> list[list[Any]]:
    """Write a workbook in which cells are merged, also beyond all others; return its rows with those filled."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["n", "s"])
        sheet.write_column(1, 1, ["a", "b"])
        sheet.merge_range(1, 0, 2, 0, 1)
        sheet.merge_range(3, 1, 4, 2, "c")
    return [["n", "s", None], [1, "a", None], [1, "b", None], [None, "c", "c"], [None, "c", "c"]]


@pytest.mark.parametrize("fast", [False, True])
def test_cells_that_are_merged_have_the_value_of_the_first_where_a_dialect_asks_for_it(
    tmp_path: Path,
    fast: bool,  # noqa: FBT001 - a case of the test
) -> None:
    rows = merged(tmp_path / "t.xlsx")
    fields = [{"name": "n", "type": "integer", "constraints": {"unique": True}}, {"name": "s", "type": "string"}]
    more: dict[str, Any] = {"name": "t", "schema": {"fields": fields}}
    entry = {"path": "t.xlsx", "dialect": FILLED} | more
    ours = run.check(reference.Resource.from_descriptor(entry, basepath=str(tmp_path)), fast=fast)
    (theirs,) = reference.judged(reference.Resource.from_descriptor({"data": rows} | more))
    assert results.told(ours) == theirs.errors
    assert [one.type for _, _, one in theirs.errors] == ["extra-label", "unique-error"]


def test_merged_cells_that_reach_too_far_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "LARGEST", 14)
    entry = {"path": "t.xlsx", "type": "table", "schema": {"fields": FIELDS}, "dialect": FILLED}
    package = described(tmp_path, entry)
    merged(tmp_path / "t.xlsx")
    (told,) = told_of(package)
    assert "its merged cells reach over 5 rows and 3 columns, too many to be filled" in told


@pytest.mark.parametrize("by_reference", [False, True])
@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("t.xlsx", {"excel": {"preserveFormatting": True}}),
        ("t.xlsx", {"excel": {"stringified": True}}),
        ("t.parquet", {"parquet": {"columns": ["n"]}}),
        ("t.jsonl", {"json": {"keys": ["n"]}}),
    ],
)
def test_a_way_of_reading_that_is_not_known_is_told_and_nothing_is_judged(
    tmp_path: Path, name: str, dialect: dict[str, Any], *, by_reference: bool
) -> None:
    package = described(tmp_path, {"path": name, "schema": {"fields": FIELDS}, "dialect": dialect})
    if name == "t.jsonl":
        (tmp_path / name).write_text('{"n": 1}\n', encoding="utf-8")
    else:
        lay(tmp_path / name, [["n"], [1]])
    (one,) = Answer(list(targets.results(package, None, reference_only=by_reference, remote=False))).all()
    assert (one.rule, one.hint) == (
        "table.dialect", "Take the property out of the dialect, or save the table as CSV as it is meant to be read."
    )  # fmt: skip


@pytest.mark.parametrize("unique", [False, True])
def test_an_instant_whose_zone_is_off_by_seconds_is_read_by_columns_too(*, unique: bool) -> None:
    zone, same = timezone(timedelta(hours=-4, minutes=-56, seconds=-2)), datetime(1850, 1, 1, tzinfo=UTC)
    rows: list[list[Any]] = [["when"], [same.astimezone(zone)], [same.replace(year=1851)], [same], ["x"]]
    fields = [{"name": "when", "type": "datetime", "constraints": {"unique": unique}}]
    told = [
        results.told(run.check(reference.of_rows("t", lambda: iter(rows), {"fields": fields}), fast=fast))
        for fast in (False, True)
    ]
    assert told[0] == told[1]
    assert [(row, one.type) for row, _, one in told[0]] == [(4, "unique-error")] * unique + [(5, "type-error")]


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (pa.array([0]).view(pa.timestamp("us", "Mars/Phobos")), "timestamp[us, tz=Mars/Phobos], cannot be read"),
        (pa.array([1 << 62]).view(pa.timestamp("us")), "timestamp[us], cannot be read: date value out of range"),
        (pa.array([1 << 30], pa.int32()).view(pa.date32()), "date32[day], cannot be read: days=1073741824"),
    ],
)
def test_a_value_of_parquet_that_python_cannot_have_is_told_with_its_column(
    tmp_path: Path, column: Any, why: str
) -> None:
    package = described(tmp_path, {"path": "t.parquet", "schema": {"fields": [{"name": "when", "type": "date"}]}})
    parquet.write_table(pa.table({"when": column}), tmp_path / "t.parquet")
    (one,) = Answer(list(targets.results(package, None, reference_only=False, remote=False))).all()
    assert one.rule == "table.source"
    assert f'a value of its column "when", {why}' in one.message
    assert one.hint.startswith("Save the column so that Python can read it")
