"""A version: a folder that stands alone, that anybody can check and read, and that never changes."""

import copy
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pandas as pd
import pytest

from flows import rulings, store
from flows.publish import change
from flows.publish.package import versions
from flows.settings import PROJECT, Settings
from schemas.package import Level, Package, Version
from schemas.tables import TABLES
from schemas.tableschema import header, table_schema, types
from tests.conftest import AS_OF, SEED, Communique
from tests.publishing import DATASET, home, publish, published, read_json, table, tree

Document = dict[str, Any]
FORMATS = {f"{DATASET}.sqlite", f"{DATASET}.xlsx", "releases.jsonl"}
PAPERS = {"datapackage.json", "README.md", "manifest.json", "SHA256SUMS"}
PAPERS |= {"report.json", "quarantine.csv", "diff.json", "profile.json", "decisions.json"}
BIN = Path(sys.executable).parent


class Step(NamedTuple):
    """What was done to the data folder, how the run after it ended, and what lay there then."""

    done: str
    outcome: str
    package: Package | None
    versions: list[str]
    tree: dict[str, tuple[int, str]]


def edit_a_value(document: Document) -> None:
    document["commitments"][0]["action"] += ", soon"


def remove_a_row(document: Document) -> None:
    document["mentions"].pop()


def add_a_row(document: Document) -> None:
    document["organizations"].append({"id": "oas", "name": "Organization of American States"})


def turn_a_list(document: Document) -> None:
    document["statements"].reverse()


CHANGES: dict[str, Callable[[Document], None]] = {
    alter.__name__: alter for alter in (edit_a_value, turn_a_list, remove_a_row, add_a_row)
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the dataset and the seed release."""
    data = tmp_path_factory.mktemp("package")
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(SEED.parent, data / "releases")
    return data


@pytest.fixture(scope="module")
def history(folder: Path) -> dict[str, Step]:
    """Return what each run did: the first, one with nothing changed, and one after each change to the document."""
    document = json.loads(SEED.read_text(encoding="utf-8"))
    steps = {name: run(folder, name) for name in ("first", "nothing")}
    for name, alter in CHANGES.items():
        alter(document)
        (folder / "releases" / SEED.name).write_text(json.dumps(document), encoding="utf-8")
        steps[name] = run(folder, name)
    return steps


def run(data: Path, done: str) -> Step:
    outcome, latest = publish(data)
    lies = sorted(path.name for path in home(data).iterdir() if path.is_dir())
    return Step(done, outcome, latest, lies, tree(home(data)))


@pytest.fixture(scope="module")
def package(folder: Path, history: dict[str, Step]) -> Package:
    """Return the first version."""
    first = history["first"].package
    assert first == Package(DATASET, Version(1, 0, 0), home(folder) / "1.0.0")
    return first


# The files


def test_a_version_has_its_tables_in_every_format_and_its_papers_and_nothing_else(package: Package) -> None:
    tables = {f"{name}.{kind}" for name in TABLES for kind in ("csv", "parquet")}
    assert {path.name for path in package.folder.iterdir()} == tables | FORMATS | PAPERS


def test_sha256sum_verifies_every_file_of_a_version_but_the_sums_themselves(package: Package) -> None:
    told = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=package.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    verified = {line.removesuffix(": OK") for line in told.stdout.splitlines()}
    assert verified == {path.name for path in package.folder.iterdir()} - {"SHA256SUMS"}


def test_the_manifest_has_the_digest_and_size_of_every_file_that_is_no_proof_itself(package: Package) -> None:
    files = read_json(package.folder / "manifest.json")["files"]
    proven = [path for path in package.folder.iterdir() if path.name not in ("manifest.json", "SHA256SUMS")]
    assert files == {path.name: {"sha256": store.sha256_file(path), "bytes": path.stat().st_size} for path in proven}


def test_the_manifest_leads_back_to_the_bytes_that_went_in(folder: Path, package: Package) -> None:
    entry = read_json(package.folder / "manifest.json")["inputs"][0]
    assert entry["file"] == f"releases/{SEED.name}"
    assert entry["releases"] == {"dhs-2021-07-guatemala-seed": None}
    assert store.blob(folder / "raw", entry["sha256"]).read_bytes() == SEED.read_bytes()


def test_the_manifest_leads_back_to_the_text_beside_a_document_also_to_one_that_stands_in_for_its_newest(
    data: Path,
) -> None:
    sidecar = {"id": "beside", "issuer": "dhs", "language": "en", "source": {"name": "DHS"}, "dateline": "LIMA"}
    (data / "releases" / "beside.json").write_text(json.dumps(sidecar), encoding="utf-8")
    texts = ("LIMA – Ministers met.\r\n", "Ministers met.")  # noqa: RUF001 - a dash as releases have it
    for number, text in enumerate(texts):
        (data / "releases" / "beside.txt").write_bytes(text.encode())
        version = published(data, day=date.fromisoformat(AS_OF) + timedelta(days=number))
        found = {
            (one["file"], store.load(data / "raw", one["sha256"]).decode())
            for one in read_json(version.folder / "manifest.json")["inputs"]
            if "beside" in one["releases"]
        }
        assert found == {("releases/beside.json", json.dumps(sidecar)), ("releases/beside.txt", texts[0])}
    assert {row["body"] for row in table(version, "releases")} >= {"LIMA – Ministers met.\n"}  # noqa: RUF001 - as above


def test_frictionless_says_that_every_table_is_valid(package: Package) -> None:
    command = [str(BIN / "frictionless"), "validate", "datapackage.json", "--json"]
    told = subprocess.run(command, cwd=package.folder, capture_output=True, text=True, check=False)
    report = json.loads(told.stdout)
    assert [task["name"] for task in report["tasks"]] == list(TABLES)
    assert {task["valid"] for task in report["tasks"]} == {True}
    assert (report["valid"], told.returncode) == (True, 0)


def test_the_descriptor_has_the_hash_bytes_and_rows_of_every_table(package: Package) -> None:
    for resource in read_json(package.folder / "datapackage.json")["resources"]:
        path = package.folder / resource["path"]
        assert resource["hash"] == f"sha256:{store.sha256_file(path)}"
        assert resource["bytes"] == path.stat().st_size
        assert resource["communique:rows"] == len(table(package, resource["name"]))
        assert resource["schema"] == table_schema(resource["name"])


def test_the_descriptor_names_the_files_that_are_no_table_with_their_hash_and_size(package: Package) -> None:
    files = read_json(package.folder / "datapackage.json")["communique:files"]
    assert {entry["path"] for entry in files} == FORMATS | {f"{name}.parquet" for name in TABLES}
    for entry in files:
        path = package.folder / entry["path"]
        assert (entry["hash"], entry["bytes"]) == (f"sha256:{store.sha256_file(path)}", path.stat().st_size)


def test_the_profile_has_the_rows_and_the_filled_share_of_every_field(package: Package) -> None:
    profile = read_json(package.folder / "profile.json")
    for name in TABLES:
        frame = pd.read_csv(package.folder / f"{name}.csv", dtype=str)
        assert profile["tables"][name]["rows"] == len(frame)
        assert profile["tables"][name]["filled"] == frame.notna().mean().round(4).to_dict()
    assert profile["sources"] == {"releases": {"undated": 1}}


def test_a_version_that_no_steward_touched_has_no_decisions(package: Package) -> None:
    decisions = read_json(package.folder / "decisions.json")
    assert decisions == {"corrections": [], "waivers": [], "approval": None, "takedowns": []}


# Its readers


def rows_of(package: Package, name: str) -> int:
    """Return how many rows the descriptor of a version says that a table has."""
    resources = read_json(package.folder / "datapackage.json")["resources"]
    return int({resource["name"]: resource["communique:rows"] for resource in resources}[name])


@pytest.mark.parametrize("name", TABLES)
def test_pandas_reads_every_table_whole_from_csv_and_parquet(package: Package, name: str) -> None:
    for frame in (
        pd.read_csv(package.folder / f"{name}.csv"),
        pd.read_parquet(package.folder / f"{name}.parquet"),
    ):
        assert list(frame.columns) == header(name)
        assert len(frame) == rows_of(package, name) > 0


def ask(query: str) -> tuple[dict[str, str], list[tuple[Any, ...]]]:
    """Return DuckDB's answer: its columns with their types, and its rows."""
    with duckdb.connect() as connection:
        answer = connection.execute(query)
        columns = {column[0]: str(column[1]) for column in answer.description or ()}
        return columns, answer.fetchall()


@pytest.mark.parametrize("name", TABLES)
def test_duckdb_reads_every_table_whole_from_csv_and_parquet(package: Package, name: str) -> None:
    for path in (package.folder / f"{name}.csv", package.folder / f"{name}.parquet"):
        columns, rows = ask(f"SELECT * FROM '{path}'")
        assert list(columns) == header(name)
        assert len(rows) == rows_of(package, name) > 0


def test_duckdb_finds_the_words_of_every_span_at_its_place_in_the_text(package: Package) -> None:
    spans, facts, releases = (package.folder / f"{name}.parquet" for name in ("spans", "facts", "releases"))
    _, found = ask(f"""
        SELECT count(*), count(*) FILTER (substring(body, "start" + 1, "end" - "start") = text)
        FROM '{spans}' JOIN '{facts}' USING (fact_id) JOIN '{releases}' USING (release_id)
    """)
    rows = rows_of(package, "spans")
    assert found == [(rows, rows)]


DUCKDB = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DECIMAL(27,9)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP WITH TIME ZONE",
}
"""What DuckDB calls the types of Table Schema."""


def test_whoever_changes_a_table_schema_changes_a_copy() -> None:
    before = table_schema("roles")
    changed = table_schema("roles")
    for field in changed["fields"]:
        field["type"] = "any"
        field.setdefault("constraints", {})["maximum"] = 0
    assert table_schema("roles") == before != changed


@pytest.mark.parametrize("name", TABLES)
def test_parquet_has_the_types_of_the_table_schema(package: Package, name: str) -> None:
    columns, _ = ask(f"SELECT * FROM '{package.folder / name}.parquet'")
    assert columns == {column: DUCKDB[kind] for column, kind in types(name).items()}


LEFT_OUT = {("releases", "*", "body"), ("revisions", "*", "body")}
"""What the workbook leaves out: the texts, which may be longer than a cell."""


@pytest.fixture(scope="module")
def sheets(package: Package) -> dict[str, pd.DataFrame]:
    """Return the sheets of the workbook, every cell as text."""
    path = package.folder / f"{DATASET}.xlsx"
    return pd.read_excel(path, sheet_name=None, engine="calamine", dtype=str, keep_default_na=False)


@pytest.mark.parametrize("name", TABLES)
def test_excel_has_every_table_whole_but_for_the_texts(
    package: Package, sheets: dict[str, pd.DataFrame], name: str
) -> None:
    wanted = pd.read_csv(package.folder / f"{name}.csv", dtype=str, keep_default_na=False)
    wanted = wanted.drop(columns=[field for of, _, field in LEFT_OUT if of == name])
    found = sheets[name].apply(_as_in_csv)
    pd.testing.assert_frame_equal(found, wanted)


def _as_in_csv(cells: "pd.Series[str]") -> "pd.Series[str]":
    """Return the cells of a column as CSV writes them: pandas gives days their midnight and booleans a capital."""
    return cells.str.removesuffix(" 00:00:00").replace({"True": "true", "False": "false"})


def test_excel_names_on_its_last_sheet_what_it_leaves_out_and_where_that_is(sheets: dict[str, pd.DataFrame]) -> None:
    assert list(sheets) == [*TABLES, "left out"]
    last = sheets["left out"]
    assert set(zip(last["table"], last["key"], last["field"], strict=True)) == LEFT_OUT
    assert list(last["look in"]) == [f"{name}.csv" for name in last["table"]]


def test_a_line_of_json_has_a_release_with_all_its_rows_in_every_table(package: Package) -> None:
    (line,) = (package.folder / "releases.jsonl").read_text(encoding="utf-8").splitlines()
    release = json.loads(line)
    assert release["release_id"] == SEED.stem
    parts = {name: len(rows) for name, rows in release.items() if name in TABLES}
    assert parts == {name: rows_of(package, name) for name in TABLES if name not in ("releases", "coverage")}


@pytest.fixture
def database(package: Package) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{package.folder / DATASET}.sqlite?mode=ro&immutable=1", uri=True)
    yield connection
    connection.close()


@pytest.mark.parametrize("name", TABLES)
def test_sqlite_has_every_table_with_its_rows_and_its_keys(
    package: Package, database: sqlite3.Connection, name: str
) -> None:
    columns = database.execute(f"PRAGMA table_info({name})").fetchall()
    assert [column[1] for column in columns] == header(name)
    assert [column[1] for column in sorted(columns, key=lambda column: column[5]) if column[5]] == list(
        TABLES[name].key
    )
    keys = {(key[3], (key[2], key[4])) for key in database.execute(f"PRAGMA foreign_key_list({name})")}
    assert keys == set(TABLES[name].references.items())
    assert database.execute(f"SELECT count(*) FROM {name}").fetchone() == (rows_of(package, name),)


def test_sqlite_finds_its_own_pages_and_foreign_keys_in_order(database: sqlite3.Connection) -> None:
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize(
    ("words", "found"),
    [("biometric", 1), ("BIOMETRIC", 1), ('"letter of intent"', 1), ("vaccine AND roundtable", 1), ("zeppelin", 0)],
)
def test_the_full_text_index_finds_the_releases_that_have_the_words(
    database: sqlite3.Connection, words: str, found: int
) -> None:
    query = """
        SELECT release_id FROM releases JOIN releases_text ON releases.rowid = releases_text.rowid
        WHERE releases_text MATCH ?
    """
    assert database.execute(query, (words,)).fetchall() == [("dhs-2021-07-guatemala-seed",)] * found


# One version after another


@pytest.mark.parametrize(
    ("done", "outcome", "number"),
    [
        ("first", "Published", "1.0.0"),
        ("nothing", "Unchanged", "1.0.0"),
        ("edit_a_value", "Published", "1.0.1"),
        ("turn_a_list", "Unchanged", "1.0.1"),
        ("remove_a_row", "Published", "1.1.0"),
        ("add_a_row", "Published", "1.2.0"),
    ],
)
def test_the_change_decides_whether_there_is_a_new_version_and_its_number(
    history: dict[str, Step], done: str, outcome: str, number: str
) -> None:
    step = history[done]
    assert step.package
    assert (step.outcome, str(step.package.version)) == (outcome, number)
    assert step.versions[-1] == number


@pytest.mark.parametrize("done", ["nothing", "turn_a_list"])
def test_unchanged_content_leaves_the_packages_as_they_were_to_the_byte(history: dict[str, Step], done: str) -> None:
    order = list(history)
    assert history[done].tree == history[order[order.index(done) - 1]].tree


def test_a_published_version_never_changes_its_bytes_whatever_comes_after(history: dict[str, Step]) -> None:
    for step in history.values():
        for later in history.values():
            for path in step.tree.keys() & later.tree.keys() - {"latest.json", "versions.json"}:
                assert later.tree[path] == step.tree[path], path
    assert all(history["first"].tree.keys() <= step.tree.keys() for step in history.values())


def test_the_new_row_is_in_the_new_version_and_the_old_version_is_without_it(
    package: Package, history: dict[str, Step]
) -> None:
    newest = history["add_a_row"].package
    assert newest
    added = {row["entity_id"] for row in table(newest, "entities")} - {
        row["entity_id"] for row in table(package, "entities")
    }
    assert added == {"oas"}


@pytest.mark.usefixtures("history")
def test_the_pointer_names_the_newest_version_and_the_digest_of_its_manifest(folder: Path) -> None:
    digest = store.sha256_file(home(folder) / "1.2.0" / "manifest.json")
    assert read_json(home(folder) / "latest.json") == {"version": "1.2.0", "path": "1.2.0/", "sha256": digest}


@pytest.mark.usefixtures("history")
def test_the_index_lists_every_version_oldest_first_with_its_rows(folder: Path) -> None:
    index = read_json(home(folder) / "versions.json")
    assert index["dataset"] == DATASET
    assert [entry["version"] for entry in index["versions"]] == ["1.0.0", "1.0.1", "1.1.0", "1.2.0"]
    assert [entry["rows"]["mentions"] for entry in index["versions"]] == [57, 57, 56, 56]
    assert [entry["rows"]["entities"] for entry in index["versions"]] == [28, 28, 28, 29]
    for entry in index["versions"]:
        papers = home(folder) / entry["path"] / "manifest.json"
        assert (entry["manifest"], entry["content"]) == (store.sha256_file(papers), read_json(papers)["content"])


@pytest.mark.usefixtures("history")
def test_every_manifest_has_the_digest_of_the_one_before_back_to_the_first(folder: Path) -> None:
    papers = [home(folder) / version / "manifest.json" for version in ("1.0.0", "1.0.1", "1.1.0", "1.2.0")]
    assert [read_json(path)["previous"] for path in papers] == [None, *map(store.sha256_file, papers[:-1])]


@pytest.mark.parametrize("name", ["1.3.0", "01.0.0", "draft"])
def test_a_folder_without_papers_or_with_another_name_is_no_version(folder: Path, package: Package, name: str) -> None:
    stray = shutil.copytree(package.folder, home(folder) / name)
    try:
        if name == "1.3.0":
            (stray / "manifest.json").unlink()
        assert stray not in [one.folder for one in versions(home(folder))]
    finally:
        shutil.rmtree(stray)


def test_facts_about_the_dataset_alone_make_a_patch(data: Path) -> None:
    first = published(data)
    path = data / "datasets" / f"{DATASET}.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("Official releases", "Letters"), encoding="utf-8")
    second = published(data)
    assert (str(first.version), str(second.version)) == ("1.0.0", "1.0.1")
    assert read_json(second.folder / "datapackage.json")["title"] == "Letters"


def publish_two(data: Path) -> Package:
    """Return a first version that has a second release, r-two."""
    document = json.loads(SEED.read_text(encoding="utf-8")) | {"id": "r-two"}
    (data / "releases" / "r-two.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return published(data)


def test_the_version_after_all_were_taken_down_is_a_minor_one_and_says_why_none_is_before_it(
    data: Path, communique: Communique
) -> None:
    publish_two(data)
    rulings.take_down(Settings(data=data), DATASET, "r-two", "Ada Steward", "A letter.")
    after = published(data)
    told, why = read_json(after.folder / "diff.json"), "every version up to 1.0.0 was taken down"
    assert (str(after.version), told["level"], told["before"], told["note"]) == ("1.1.0", "minor", None, why)
    listed = communique("versions", DATASET).stdout
    assert why in listed
    assert "first version" not in listed


def test_the_version_after_all_were_taken_down_is_a_major_one_where_the_schemas_were_others(data: Path) -> None:
    path = publish_two(data).folder / "manifest.json"
    papers = json.loads(path.read_text(encoding="utf-8"))
    papers["code"]["schemas"] = "0" * 64
    path.write_text(json.dumps(papers), encoding="utf-8")
    rulings.take_down(Settings(data=data), DATASET, "r-two", "Ada Steward", "A letter.")
    assert str(published(data).version) == "2.0.0"


# How much a change of the schemas is


def field(schemas: change.Schemas, name: str) -> Any:
    """Return a field `table.name` of `schemas`, to be changed."""
    of, _, wanted = name.partition(".")
    return next(one for one in schemas[of]["fields"] if one["name"] == wanted)


def limit(name: str, **constraints: Any) -> Callable[[change.Schemas], None]:
    """Return a change of the constraints of a field; one that is None goes."""

    def alter(schemas: change.Schemas) -> None:
        found = field(schemas, name).setdefault("constraints", {})
        found.update(constraints)
        for rule in [rule for rule, value in found.items() if value is None]:
            del found[rule]

    return alter


def drop_table(schemas: change.Schemas) -> None:
    del schemas["quotes"]


def add_table(schemas: change.Schemas) -> None:
    schemas["letters"] = schemas["quotes"]


def drop_field(schemas: change.Schemas) -> None:
    schemas["people"]["fields"].remove(field(schemas, "people.note"))


def add_field(schemas: change.Schemas) -> None:
    schemas["people"]["fields"].append({"name": "born_on", "type": "date"})


def retype_field(schemas: change.Schemas) -> None:
    field(schemas, "people.note")["type"] = "integer"


def change_key(schemas: change.Schemas) -> None:
    schemas["mentions"]["primaryKey"] = ["release_id", "start", "end"]


def change_reference(schemas: change.Schemas) -> None:
    schemas["mentions"]["foreignKeys"].pop()


def describe_anew(schemas: change.Schemas) -> None:
    field(schemas, "people.note")["description"] = "Other words."


def add_and_drop(schemas: change.Schemas) -> None:
    add_field(schemas)
    drop_field(schemas)


STATUS = ["happened", "planned", "referenced"]
SCHEMA_CHANGES: list[tuple[str, Level, Callable[[change.Schemas], None]]] = [
    ("a table goes", "major", drop_table),
    ("a field goes", "major", drop_field),
    ("a field is retyped", "major", retype_field),
    ("a key changes", "major", change_key),
    ("a reference goes", "major", change_reference),
    ("an enum narrows", "major", limit("meetings.status", enum=STATUS[:2])),
    ("an enum swaps a value", "major", limit("meetings.status", enum=[*STATUS[:2], "called off"])),
    ("an enum is set", "major", limit("people.note", enum=["a", "b"])),
    ("a lower bound rises", "major", limit("revisions.revision", minimum=2)),
    ("a lower bound is set", "major", limit("people.note", minLength=2)),
    ("an upper bound falls", "major", limit("people.person_id", maxLength=10)),
    ("an upper bound is set", "major", limit("people.note", maxLength=10)),
    ("a pattern changes", "major", limit("people.person_id", pattern="^a")),
    ("a field becomes required", "major", limit("people.note", required=True)),
    ("one field comes and another goes", "major", add_and_drop),
    ("a table comes", "minor", add_table),
    ("a field comes", "minor", add_field),
    ("an enum widens", "minor", limit("meetings.status", enum=[*STATUS, "called off"])),
    ("an enum goes", "minor", limit("meetings.status", enum=None)),
    ("a lower bound falls", "minor", limit("revisions.revision", minimum=0)),
    ("an upper bound rises", "minor", limit("people.person_id", maxLength=400)),
    ("a field need not be given any more", "minor", limit("people.name", required=None)),
    ("a field is described anew", "patch", describe_anew),
    ("nothing changes", "patch", lambda _: None),
]


@pytest.mark.parametrize(("wanted", "alter"), [step[1:] for step in SCHEMA_CHANGES], ids=[s[0] for s in SCHEMA_CHANGES])
def test_a_change_of_the_schemas_is_as_large_as_what_it_does_to_readers(
    wanted: Level, alter: Callable[[change.Schemas], None]
) -> None:
    before = {name: table_schema(name) for name in TABLES}
    after = copy.deepcopy(before)
    alter(after)
    keys: change.Keys = {name: set() for name in TABLES}
    assert change.level(before, after, keys, keys) == wanted


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ({("a",)}, {("a",), ("b",)}, "minor"),
        ({("a",), ("b",)}, {("a",)}, "minor"),
        ({("a",)}, {("b",)}, "minor"),
        ({("a",)}, {("a",)}, "patch"),
    ],
)
def test_rows_that_come_or_go_are_a_minor_change_and_values_a_patch(
    before: set[tuple[str, ...]], after: set[tuple[str, ...]], wanted: Level
) -> None:
    schemas = {name: table_schema(name) for name in TABLES}
    assert change.level(schemas, schemas, {"people": before}, {"people": after}) == wanted


@pytest.mark.parametrize(("level", "number"), [("major", "3.0.0"), ("minor", "2.10.0"), ("patch", "2.9.8")])
def test_the_next_number_counts_up_at_its_level_and_starts_anew_below(level: Level, number: str) -> None:
    assert str(Version.parse("2.9.7").next(level)) == number


def test_versions_are_in_the_order_of_their_numbers_not_of_their_letters() -> None:
    assert sorted(map(Version.parse, ["1.10.0", "1.9.0", "1.2.10"])) == [(1, 2, 10), (1, 9, 0), (1, 10, 0)]


@pytest.mark.parametrize("text", ["1.0", "1.0.0.0", "1.0.x", "", "1..0", "-1.0.0", "\u0661.0.0", "v1.0.0", "1.0.0-rc1"])
def test_a_folder_that_is_not_named_by_three_numbers_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="three numbers"):
        Version.parse(text)


def test_a_version_has_one_name_only() -> None:
    with pytest.raises(ValueError, match=r"it is written 1\.0\.0"):
        Version.parse("1.00.0")
