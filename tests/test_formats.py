"""Flat tables in, a workbook and JSON Lines out: each holds what the CSV holds, and says what it leaves out."""

import csv
import io
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import python_calamine
import xlsxwriter

from flows import coverage, documents, ingest, judging, steps, store
from flows.publish import excel, jsonlines, package, parquet, writers
from flows.publish.audit import AuditError
from flows.publish.package import Staged
from flows.publish.typed import written
from flows.settings import PROJECT, Settings
from flows.validate.judge import Verdict
from schemas.dataset import Dataset
from schemas.tables import TABLES
from schemas.tableschema import header, types
from tests.conftest import AS_OF, SEED
from tests.publishing import DATASET, published, table
from tests.test_audit import sums_anew
from tests.test_series import MINISTRY, folder_of
from tests.test_steward import put as put_seed

DAY = date.fromisoformat(AS_OF)
RELEASE = "dhs-2021-07-guatemala-seed"
C1 = f"{RELEASE}/c1"

Rows = dict[str, list[dict[str, Any]]]


class Ready(NamedTuple):
    """The rows of a run, and the version that it has staged."""

    rows: Rows
    staged: Staged


def ready_of(data: Path, name: str, day: date) -> Ready:
    """Return what a run of the dataset has made ready to be published."""
    job = steps.begin(Settings(data=data), name, day)
    verdict = steps.judge(job, steps.build(job, steps.fetch(job)))
    candidate = steps.candidate(job, verdict)
    return Ready(candidate.rows, package.stage(candidate, job.home, job.settings.staging(name) / job.run_id))


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    data = tmp_path_factory.mktemp("formats") / "data"
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(SEED.parent, data / "releases")
    return ready_of(data, DATASET, DAY)


@pytest.fixture(scope="module")
def ministry(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    """Return the same of the ministry, whose releases are many."""
    return ready_of(folder_of(tmp_path_factory.mktemp("ministry") / "data"), MINISTRY, date(2024, 5, 31))


@pytest.fixture
def rows(ready: Ready) -> Rows:
    """Return the rows of the seed, the test's own to change."""
    return {table: [dict(row) for row in found] for table, found in ready.rows.items()}


def row_of(rows: Rows, table: str, key: str) -> dict[str, Any]:
    return next(row for row in rows[table] if row[TABLES[table].key[0]] == key)


def sheets(data: bytes) -> dict[str, list[list[Any]]]:
    """Return the cells of every sheet, read by another library than the one that wrote them."""
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def cells(data: bytes, table: str) -> dict[str, dict[str, Any]]:
    """Return the rows of a sheet by the first field of their key."""
    head, *found = sheets(data)[table]
    return {row[head.index(TABLES[table].key[0])]: dict(zip(head, row, strict=True)) for row in found}


def read_csv(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def as_csv_has_it(cell: Any, kind: str) -> str:
    """Return a cell of Excel in the form in which the CSV has a value of this kind."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        assert kind in ("integer", "number")
        return format(Decimal(str(cell)), "f").removesuffix(".0")
    return cell.isoformat() if isinstance(cell, date | datetime) else str(cell)


# Excel


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("made", ["ready", "ministry"])
def test_a_sheet_read_back_has_the_rows_of_the_csv(made: str, table: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(made).staged.folder
    (book,) = folder.glob("*.xlsx")
    kinds = excel.columns(table)
    head, *found = sheets(book.read_bytes())[table]
    truth = [[row[name] for name in kinds] for row in read_csv(folder, table)]
    assert head == list(kinds)
    assert [
        [as_csv_has_it(cell, kind) for cell, kind in zip(row, kinds.values(), strict=True)] for row in found
    ] == truth


def test_the_workbook_has_a_sheet_a_table_in_their_order_and_a_last_one_for_what_is_left_out(ready: Ready) -> None:
    assert list(sheets((ready.staged.folder / f"{DATASET}.xlsx").read_bytes())) == [*TABLES, "left out"]


def test_bodies_are_left_out_of_every_sheet_and_named_on_the_last(ready: Ready) -> None:
    found = sheets((ready.staged.folder / f"{DATASET}.xlsx").read_bytes())
    with_body = [table for table in TABLES if "body" in types(table)]
    assert with_body == ["releases", "revisions"]
    assert not any("body" in rows[0] for name, rows in found.items() if name in TABLES)
    assert found["left out"] == [
        ["table", "key", "field", "look in"],
        *([table, "*", "body", f"{table}.csv"] for table in with_body),
    ]


FORMULAS = ["=1+1", '=HYPERLINK("https://example.org","here")', "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "{=1}"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_that_looks_like_a_formula_is_text(rows: Rows, text: str) -> None:
    row_of(rows, "releases", RELEASE)["headline"] = text
    book = excel.workbook(rows)
    assert cells(book, "releases")[RELEASE]["headline"] == text
    assert not formulas(book)


def formulas(book: bytes) -> list[str]:
    """Return the names of the sheets in which a cell has a formula, as their XML says."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        found = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        assert len(found) == len(TABLES) + 1
        return [name for name in found if re.search(rb"<f[ >/]", archive.read(name))]


def test_no_cell_of_a_version_is_a_formula(ministry: Ready) -> None:
    assert formulas((ministry.staged.folder / f"{MINISTRY}.xlsx").read_bytes()) == []


@pytest.mark.parametrize(
    "text",
    ["007", "1e5", "TRUE", "2021-07-06", "https://example.org/", "mailto:a@b.example", " a ", "a\tb", "a\nb", "Ⅷ 🕊 é"],
)
def test_a_text_that_looks_like_something_else_stays_that_text(rows: Rows, text: str) -> None:
    row_of(rows, "commitments", C1)["note"] = text
    assert cells(excel.workbook(rows), "commitments")[C1]["note"] == text


LONGEST = 32_767
"""Characters of the longest cell that Excel takes."""


def test_a_cell_as_long_as_excel_takes_is_whole(rows: Rows) -> None:
    text = "é" * LONGEST
    row_of(rows, "commitments", C1)["note"] = text
    book = excel.workbook(rows)
    assert cells(book, "commitments")[C1]["note"] == text
    assert not [line for line in sheets(book)["left out"] if line[2] == "note"]


def test_a_cell_longer_than_excel_takes_is_named_on_the_last_sheet_with_the_file_that_has_it(rows: Rows) -> None:
    row_of(rows, "commitments", C1)["note"] = "é" * (LONGEST + 1)
    assert ["commitments", C1, "note", "commitments.csv"] in sheets(excel.workbook(rows))["left out"]


def test_rows_beyond_the_last_that_excel_takes_are_left_out_and_their_table_is_named(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "LONGEST_SHEET", 3)
    book = excel.workbook(rows)
    assert len(rows["commitments"]) > 3
    assert len(cells(book, "commitments")) == 3
    assert ["commitments", "*", "*", "commitments.csv"] in sheets(book)["left out"]
    assert ["agreements", "*", "*", "agreements.csv"] not in sheets(book)["left out"]


@pytest.mark.parametrize(
    ("day", "cell"),
    [("1900-03-01", date(1900, 3, 1)), ("1900-02-28", "1900-02-28"), ("1687-05-04", "1687-05-04")],
)
def test_a_day_that_excels_calendar_has_wrong_is_text(rows: Rows, day: str, cell: Any) -> None:
    row_of(rows, "commitments", C1)["due_start"] = day
    assert cells(excel.workbook(rows), "commitments")[C1]["due_start"] == cell


@pytest.mark.parametrize(
    ("quantity", "cell"),
    [
        ("1500000", 1_500_000.0),
        ("0.1", 0.1),
        ("123456789012345", 123_456_789_012_345.0),
        ("1234567890123456", "1234567890123456"),
        ("0.123456789", 0.123456789),
        ("123456789.123456789", "123456789.123456789"),
    ],
)
def test_a_number_of_more_digits_than_excel_keeps_is_text(rows: Rows, quantity: str, cell: Any) -> None:
    row_of(rows, "commitments", C1)["quantity"] = quantity
    assert cells(excel.workbook(rows), "commitments")[C1]["quantity"] == cell


def test_an_instant_is_text_in_utc(rows: Rows) -> None:
    row_of(rows, "releases", RELEASE)["published_at"] = "2021-07-08T12:00:00Z"
    assert cells(excel.workbook(rows), "releases")[RELEASE]["published_at"] == "2021-07-08T12:00:00Z"


def test_the_same_rows_give_the_same_workbook_with_no_clock_in_it(ready: Ready) -> None:
    book = excel.workbook(ready.rows)
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        stamps = {entry.date_time for entry in archive.infolist()}
        properties = archive.read("docProps/core.xml").decode()
    assert excel.workbook(ready.rows) == book == (ready.staged.folder / f"{DATASET}.xlsx").read_bytes()
    assert stamps == {(1980, 1, 1, 0, 0, 0)}
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", properties)) == {"2000-01-01T00:00:00Z"}


# Parquet and SQLite


def many_mentions(ready: Ready) -> list[dict[str, Any]]:
    """Return five thousand rows in the order of their keys."""
    row = ready.rows["mentions"][0]
    return [row | {"start": number, "name": f"name {number % 7}"} for number in range(5000)]


def test_parquet_has_the_same_bytes_however_many_rows_are_made_columns_at_once(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    mentions = many_mentions(ready)
    assert len(mentions) > 2 * parquet.BATCH
    in_batches = parquet.table("mentions", mentions)
    monkeypatch.setattr(parquet, "BATCH", len(mentions))
    assert parquet.table("mentions", mentions) == in_batches


def test_sqlite_has_every_row_in_order_where_they_are_more_than_a_statement_takes(ready: Ready, tmp_path: Path) -> None:
    mentions = many_mentions(ready)
    ((_, data),) = writers.write_sqlite("many", {"mentions": mentions, "releases": ready.rows["releases"]})
    (tmp_path / "many.sqlite").write_bytes(data)
    with sqlite3.connect(tmp_path / "many.sqlite") as database:
        names = ", ".join(f'"{name}"' for name in header("mentions"))
        found = database.execute(f"SELECT {names} FROM mentions ORDER BY rowid").fetchall()
    database.close()
    assert found == [tuple(row[name] for name in header("mentions")) for row in mentions]


def test_a_database_for_which_there_is_no_room_is_a_fault_of_the_disk() -> None:
    code = (
        "import resource; from flows.publish.writers import write_sqlite\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        "try: write_sqlite('letters', {})\n"
        "except OSError as fault: print(fault.strerror)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("letters.sqlite cannot be made in ")


# releases.jsonl


@pytest.mark.parametrize("table", [table for table in TABLES if table != coverage.TABLE])
@pytest.mark.parametrize("made", ["ready", "ministry"])
def test_the_lines_hold_the_rows_of_the_csv(made: str, table: str, request: pytest.FixtureRequest) -> None:
    """An entity stands in the line of each release that names it."""
    folder = request.getfixturevalue(made).staged.folder
    told = [json.loads(line) for line in (folder / "releases.jsonl").read_text(encoding="utf-8").splitlines()]
    lines = told if table == "releases" else [row for line in told for row in line[table]]
    found = {json.dumps([written(row[name]) for name in header(table)]) for row in lines}
    truth = {json.dumps([row[name] for name in header(table)]) for row in read_csv(folder, table)}
    assert found <= truth
    assert table in jsonlines.ENTITIES or found == truth


def test_there_is_a_line_a_release_with_nothing_but_what_is_its_own(ministry: Ready) -> None:
    lines = (ministry.staged.folder / "releases.jsonl").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    names = [row["release_id"] for row in ministry.rows["releases"]]
    assert [line["release_id"] for line in told] == names
    assert len(names) > 40
    for line in told:
        own = [row for table in (*jsonlines.OF_RELEASE, *jsonlines.OF_FACT) for row in line[table]]
        assert {(row.get("release_id") or row["fact_id"]).partition("/")[0] for row in own} == {line["release_id"]}


def test_a_line_has_every_entity_that_its_release_names_and_no_other(ministry: Ready) -> None:
    for line in map(json.loads, (ministry.staged.folder / "releases.jsonl").read_bytes().splitlines()):
        fields = ("entity_id", "person_id", "organization_id", "place_id")
        tables = ("mentions", "participants", "roles", "meetings")
        named = {row[name] for table in tables for row in line[table] for name in fields if row.get(name)}
        assert {row["entity_id"] for row in line["entities"]} == named | {line["issuer_id"]}


def test_a_text_with_every_kind_of_line_end_stays_on_one_line(rows: Rows) -> None:
    text = "a\nb\rc\u2028d\u2029e\x85f\x0cg"
    row_of(rows, "commitments", C1)["note"] = text
    data = jsonlines.lines(rows)
    (line,) = data.splitlines()
    assert row_of(json.loads(line), "commitments", C1)["note"] == text
    assert list(jsonlines.rows_of(data)) == list(jsonlines.rows_of(line))


def test_the_same_rows_give_the_same_lines(ready: Ready) -> None:
    lines = jsonlines.lines(ready.rows)
    assert jsonlines.lines(ready.rows) == lines == (ready.staged.folder / "releases.jsonl").read_bytes()


# The audit reads both back, by value


@pytest.fixture
def staged(ready: Ready, tmp_path: Path) -> Staged:
    """Return the staged version, the test's own to change."""
    return ready.staged._replace(folder=shutil.copytree(ready.staged.folder, tmp_path / "staged"))


def another_value(rows: Rows) -> str:
    row_of(rows, "commitments", C1)["unit"] = "vials"
    return "commitments"


def another_number(rows: Rows) -> str:
    row_of(rows, "commitments", C1)["quantity"] = "1500001"
    return "commitments"


def another_day(rows: Rows) -> str:
    row_of(rows, "meetings", f"{RELEASE}/m1")["start_on"] = "2021-07-05"
    return "meetings"


def another_truth(rows: Rows) -> str:
    row = row_of(rows, "releases", RELEASE)
    row["newer_refused"] = not row["newer_refused"]
    return "releases"


def a_row_less(rows: Rows) -> str:
    rows["spans"].pop()
    return "spans"


def a_value_that_was_null(rows: Rows) -> str:
    row_of(rows, "releases", RELEASE)["headline"] = "A headline"
    return "releases"


def a_null_that_was_a_value(rows: Rows) -> str:
    row_of(rows, "commitments", C1)["unit"] = None
    return "commitments"


CHANGES = [
    another_value,
    another_number,
    another_day,
    another_truth,
    a_row_less,
    a_value_that_was_null,
    a_null_that_was_a_value,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["excel", "jsonl"])
def test_a_file_with_the_right_sums_that_tells_another_thing_fails_the_audit_by_its_name(
    staged: Staged, rows: Rows, kind: str, change: Callable[[Rows], str]
) -> None:
    table = change(rows)
    ((name, data),) = writers.WRITERS[kind](DATASET, rows)
    assert (staged.folder / name).read_bytes() != data
    (staged.folder / name).write_bytes(data)
    with pytest.raises(AuditError, match=f"(?m)^{name}: does not hold what {table}.csv holds$") as told:
        steps.audit(sums_anew(staged))
    assert str(told.value).count("does not hold") == 1


def test_both_as_they_were_made_pass_the_audit(staged: Staged) -> None:
    assert steps.audit(staged) == staged


def test_a_dataset_has_the_formats_that_its_file_asks_for_and_csv(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(SEED.parent, data / "releases")
    path = data / "datasets" / f"{DATASET}.toml"
    path.write_text('formats = ["jsonl"]\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    found = {one.name.rpartition(".")[2] for one in ready_of(data, DATASET, DAY).staged.folder.iterdir()}
    assert found == {"csv", "jsonl", "json", "md", "SHA256SUMS"}


# Flat releases in: the same rows whichever format they came in, and the issuer that the dataset's file describes

COLUMNS = ("id", "issuer", "language", "published_on", "headline", "source_name", "source_url", "body")
FLAT = [
    ("visit", "dhs", "en", "2021-07-06", "A visit", "DHS", "https://example.org/1", "A visit.\n\nIn two lines; so."),
    ("call", "dhs", "en", "2021-07-07", "", "DHS", "", 'A "call", with commas.'),
]


def flat_csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, *rows])
    return text.getvalue().encode()


def flat_excel(rows: Sequence[Sequence[str]]) -> bytes:
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True, "strings_to_urls": False})
    sheet, day = book.add_worksheet("releases"), book.add_format({"num_format": "yyyy-mm-dd"})
    for line, row in enumerate([COLUMNS, *rows]):
        for at, cell in enumerate(row):
            if line and COLUMNS[at] == "published_on":
                sheet.write_datetime(line, at, datetime.fromisoformat(cell), day)
            else:
                sheet.write_string(line, at, cell)
    book.close()
    return sink.getvalue()


def flat_parquet(rows: Sequence[Sequence[str]]) -> bytes:
    sink = io.BytesIO()
    columns = {name: [row[at] or None for row in rows] for at, name in enumerate(COLUMNS)}
    days = [date.fromisoformat(str(day)) for day in columns["published_on"]]
    pq.write_table(pa.table(columns | {"published_on": pa.array(days, pa.date32())}), sink)
    return sink.getvalue()


FLATTEN = {"csv": flat_csv, "xlsx": flat_excel, "parquet": flat_parquet}
ISSUER = {"id": "dhs", "name": "Department of Homeland Security", "country_code": "US"}


def judged(tmp_path: Path, kind: str, issuers: list[dict[str, Any]]) -> Verdict:
    """Return what three layers say of the flat releases in a file of a kind."""
    (tmp_path / "flat").mkdir(exist_ok=True)
    (tmp_path / "flat" / f"releases.{kind}").write_bytes(FLATTEN[kind](FLAT))
    told = {"name": "flat", "issuers": issuers, "sources": [{"name": "files", "path": f"flat/releases.{kind}"}]}
    about = {"dataset": {"title": "Flat", "description": "Flat."}, "publisher": {"name": "Nobody"}}
    dataset = Dataset.model_validate(told | about | {"licences": [{"name": "CC0-1.0"}]})
    memory: dict[str, bytes] = {}

    def keep(data: bytes) -> str:
        memory[store.sha256(data)] = data
        return store.sha256(data)

    files = steps.sources(dataset, tmp_path)
    journal = [ingest.received(files, tmp_path, {}, AS_OF, keep)]
    made = documents.structured(dataset, journal, memory.__getitem__)
    case = judging.Case(dataset, DAY, None, journal)
    return judging.judged(case, made, lambda _: made, suites=False)[0]


@pytest.mark.parametrize("kind", FLATTEN)
def test_flat_releases_pass_with_the_issuer_of_the_datasets_file(tmp_path: Path, kind: str) -> None:
    verdict = judged(tmp_path, kind, [ISSUER])
    assert verdict.report.valid
    assert [record.values["name"] for record in verdict.rows["organizations"]] == [ISSUER["name"]]
    assert [record.values["issuer_id"] for record in verdict.rows["releases"]] == ["dhs", "dhs"]


def test_csv_excel_and_parquet_of_the_same_releases_make_the_same_rows(tmp_path: Path) -> None:
    rows = [
        {table: [record.values for record in found] for table, found in judged(tmp_path, kind, [ISSUER]).rows.items()}
        for kind in FLATTEN
    ]
    bodies = {row["release_id"]: (row["headline"], row["body"]) for row in rows[0]["releases"]}
    assert rows[0] == rows[1] == rows[2]
    assert bodies == {"visit": ("A visit", FLAT[0][-1]), "call": (None, FLAT[1][-1])}


@pytest.mark.parametrize("kind", FLATTEN)
def test_flat_releases_whose_issuer_nobody_describes_are_refused_for_the_missing_entity(
    tmp_path: Path, kind: str
) -> None:
    verdict = judged(tmp_path, kind, [])
    found = {
        (item.record.key, item.problem.rule, item.problem.field)
        for item in verdict.refused
        if item.record.table == "releases"
    }
    assert found == {(name, "table.foreign-key", "issuer_id") for name in ("visit", "call")}


def test_a_cell_longer_than_excel_takes_is_left_out(rows: dict[str, Any]) -> None:
    row_of(rows, "commitments", C1)["note"] = "é" * 32_768
    assert cells(excel.workbook(rows), "commitments")[C1]["note"] == ""


@pytest.mark.parametrize("note", ["a\rb", "\ufffe", "_x005F_x000D_", "é" * 32_768, "\U0001f600" * 20_000])
def test_a_version_is_published_whatever_stands_in_a_text(data: Path, note: str) -> None:
    put_seed(data, lambda document: document.update(note=note))
    made = published(data, DATASET, DAY)
    assert [row["note"] for row in table(made, "releases")] == [note]
