"""Flat release columns: a row of CSV, Excel or Parquet is a release document, and what is no row is told."""

import gzip
import io
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from flows import guard, ingest, preview
from flows.ingest import Document, flat
from schemas.report import Problem, Report
from tests.test_ingest import Told, received, told

NAMES = ("id", "headline", "source_name", "source_url")
ROWS = [("one", "A call", "DHS", "https://example.org/1"), ("two", "", "DHS", "")]
DOCUMENTS = [
    {"id": "one", "headline": "A call", "source": {"name": "DHS", "url": "https://example.org/1"}},
    {"id": "two", "source": {"name": "DHS"}},
]


def csv_of(mark: str = ",", rows: Sequence[Sequence[str]] = ROWS) -> bytes:
    """Return the rows as CSV with `mark` between the cells."""
    return "".join(f"{mark.join(row)}\n" for row in (NAMES, *rows)).encode()


def excel(rows: Sequence[Sequence[Any]], *more: str) -> bytes:
    """Return a workbook whose first sheet has `rows`, with a sheet for each name in `more`."""
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True})
    formats = {kind: book.add_format({"num_format": kind}) for kind in ("yyyy-mm-dd hh:mm", "hh:mm")}
    sheet = book.add_worksheet("releases")
    for line, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, date | time):
                shape = formats["hh:mm" if isinstance(cell, time) else "yyyy-mm-dd hh:mm"]
                sheet.write_datetime(line, column, cell, shape)
            else:
                sheet.write(line, column, cell)
    for name in more:
        book.add_worksheet(name)
    book.close()
    return sink.getvalue()


def parquet(rows: list[dict[str, Any]]) -> bytes:
    """Return the rows as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def read(root: Path, name: str, data: bytes) -> list[Told]:
    """Return in short what is read of a file."""
    return [told(found) for found in received(root, {name: data})]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
def test_a_row_of_csv_is_a_document_whatever_stands_between_its_cells(tmp_path: Path, mark: str) -> None:
    assert read(tmp_path, "a.csv", csv_of(mark)) == [("a.csv", 2, DOCUMENTS[0]), ("a.csv", 3, DOCUMENTS[1])]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + csv_of(),
        csv_of().replace(b"\n", b"\r\n"),
        csv_of().replace(b"A call", b'"A call"').replace(b"id", b'"id"', 1),
        csv_of().removesuffix(b"\n"),
    ],
    ids=["byte order mark", "CRLF", "quoted", "no line end at the end"],
)
def test_csv_is_read_however_a_spreadsheet_writes_it(tmp_path: Path, data: bytes) -> None:
    assert [value for *_, value in read(tmp_path, "a.csv", data)] == DOCUMENTS


def test_gzipped_csv_excel_and_parquet_give_the_same_documents_with_the_line_of_each(tmp_path: Path) -> None:
    plain = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    files = {
        "a.csv.gz": (gzip.compress(csv_of(), mtime=0), 2),
        "a.xlsx": (excel([NAMES, *ROWS]), 2),
        "a.parquet": (parquet(plain), 1),
    }
    for name, (data, first) in files.items():
        expected = [(name, first, DOCUMENTS[0]), (name, first + 1, DOCUMENTS[1])]
        assert read(tmp_path / name, name, data) == expected


def test_a_cell_of_several_lines_is_one_cell_and_its_row_has_the_line_on_which_it_begins(tmp_path: Path) -> None:
    data = b'id,body\none,"First, he said:\n""No.""\n"\n\ntwo,Second\n'
    assert read(tmp_path, "a.csv", data) == [
        ("a.csv", 2, {"id": "one", "body": 'First, he said:\n"No."\n'}),
        ("a.csv", 6, {"id": "two", "body": "Second"}),
    ]


def test_a_row_that_is_longer_than_the_header_is_a_problem_of_its_own_and_the_rest_is_read(
    tmp_path: Path,
) -> None:
    data = b"id,body\none\ntwo,B\nthree,C,D\n"
    assert read(tmp_path, "a.csv", data) == [
        ("a.csv", 2, {"id": "one"}),
        ("a.csv", 3, {"id": "two", "body": "B"}),
        ("a.csv", 4, "input.table"),
    ]


BLANK = ["", "", ""]
SAVED: list[list[str]] = [BLANK, ["id", "headline", ""], ["one", "A call", "", ""], BLANK, ["two"], BLANK]
"""A sheet as a spreadsheet saves it: blank cells beyond the header, blank rows, a row that ends early."""


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
def test_blank_cells_and_rows_that_a_spreadsheet_saves_cost_nothing(tmp_path: Path, mark: str) -> None:
    data = "".join(f"{mark.join(row)}\r\n" for row in SAVED).encode()
    assert read(tmp_path, "a.csv", data) == [
        ("a.csv", 3, {"id": "one", "headline": "A call"}),
        ("a.csv", 5, {"id": "two"}),
    ]


def test_cells_of_excel_that_are_blank_beyond_the_header_cost_nothing(tmp_path: Path) -> None:
    """A remark far to the right of another row makes each row as wide as it is."""
    data = excel([["id", "headline"], ["one", "A call"], ["two", "Talks", "", "", "see the letter"]])
    (document, refused) = received(tmp_path, {"a.xlsx": data})
    assert told(document) == ("a.xlsx", 2, {"id": "one", "headline": "A call"})
    assert isinstance(refused, Problem)
    assert (refused.rule, refused.value) == ("input.table", "see the letter")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_text_beyond_the_header_refuses_its_row_and_names_the_cell(tmp_path: Path, kind: str) -> None:
    rows = [["id", "headline"], ["one", "A call", "", "x"], ["two", "Talks", ""]]
    data = "".join(",".join(row) + "\n" for row in rows).encode() if kind == "csv" else excel(rows)
    refused, document = received(tmp_path, {f"a.{kind}": data})
    assert isinstance(refused, Problem)
    assert (refused.rule, refused.value, refused.source and refused.source.line) == ("input.table", "x", 2)
    assert refused.message == "cell 4 of the row lies beyond the header, which has 2 columns"
    assert told(document) == (f"a.{kind}", 3, {"id": "two", "headline": "Talks"})


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_a_column_that_names_the_issuer_makes_it_an_organization(tmp_path: Path, kind: str) -> None:
    names, row = ["id", "issuer", "issuer_name"], ["one", "moh", "Ministry of Housing"]
    made = {
        "csv": f"{','.join(names)}\n{','.join(row)}\n".encode(),
        "xlsx": excel([names, row]),
        "parquet": parquet([dict(zip(names, row, strict=True))]),
    }
    issuer = {"id": "moh", "name": "Ministry of Housing"}
    assert read(tmp_path, f"a.{kind}", made[kind]) == [
        (f"a.{kind}", 2 if kind != "parquet" else 1, {"id": "one", "issuer": "moh", "organizations": [issuer]})
    ]


def test_the_issuer_is_named_beside_the_other_organizations_of_a_row(tmp_path: Path) -> None:
    other, issuer = {"id": "bank", "name": "Bank"}, {"id": "moh", "name": "Ministry"}
    row = {"id": "one", "issuer": "moh", "issuer_name": "Ministry", "organizations": [other]}
    (found,) = received(tmp_path, {"a.parquet": parquet([row])})
    assert isinstance(found, Document)
    assert found.value["organizations"] == [other, issuer]


GIVEN = {"id": "one", "issuer": "moh", "language": "en", "body": "A call.", "source_name": "Press room"}


def judged(path: Path, row: dict[str, str]) -> Report:
    """Return what is said of a CSV file with one row, given by hand."""
    path.write_text(f"{','.join(row)}\n{','.join(row.values())}\n", encoding="utf-8")
    return preview.validate_files(path, date(2026, 11, 24))


def test_a_flat_file_given_by_hand_is_valid_where_it_names_its_issuer(tmp_path: Path) -> None:
    report = judged(tmp_path / "a.csv", GIVEN | {"issuer_name": "Ministry of Housing"})
    assert (report.valid, report.counts["releases"].out, report.counts["organizations"].out) == (True, 1, 1)


def test_a_flat_file_that_does_not_name_its_issuer_is_told_how_to(tmp_path: Path) -> None:
    report = judged(tmp_path / "a.csv", GIVEN)
    (found,) = [one for one in report.problems if one.rule != "quarantine.dependant"]
    assert (found.rule, found.field, found.value) == ("table.foreign-key", "issuer_id", "moh")
    for way in ("organizations", "issuer_name", "[[issuers]]"):
        assert way in (found.hint or "")


@pytest.mark.parametrize("cell", [b'"B', b'"B" C'], ids=["never closed", "more behind the quotation mark"])
def test_a_broken_quotation_is_told_with_its_line_and_the_rows_before_it_are_read(tmp_path: Path, cell: bytes) -> None:
    found = read(tmp_path, "a.csv", b"id,body\none,A\ntwo," + cell + b"\n")
    assert found == [("a.csv", 2, {"id": "one", "body": "A"}), ("a.csv", 3, "input.table")]


HEADERS = [["id", "body", "id"], ["id", "", "body"]]


@pytest.mark.parametrize("names", HEADERS, ids=["one name twice", "no name"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_header_that_does_not_name_each_column_is_one_problem(tmp_path: Path, kind: str, names: list[str]) -> None:
    rows = [names, ["1", "2", "3"]]
    data = "".join(",".join(row) + "\n" for row in rows).encode() if kind == "csv" else excel(rows)
    assert read(tmp_path, f"a.{kind}", data) == [(f"a.{kind}", 1, "input.table")]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b""),
        ("a.csv", b"id,body\n"),
        ("a.xlsx", excel([])),
        ("a.xlsx", excel([["id", "body"]])),
        ("a.parquet", parquet([{"id": "one"}][:0])),
    ],
    ids=["empty CSV", "CSV header", "empty sheet", "sheet header", "Parquet without rows"],
)
def test_a_table_without_a_row_holds_no_release(tmp_path: Path, name: str, data: bytes) -> None:
    assert read(tmp_path, name, data) == [(name, None, "input.empty")]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.xlsx", b"id,body\n"),
        ("a.xlsx", excel([NAMES, *ROWS])[:-30]),
        ("a.parquet", b"id,body\n"),
        ("a.parquet", parquet([{"id": "one"}])[:-9]),
    ],
    ids=["CSV called Excel", "workbook cut off", "CSV called Parquet", "Parquet cut off"],
)
def test_a_file_that_is_not_what_its_name_says_is_one_problem(tmp_path: Path, name: str, data: bytes) -> None:
    assert read(tmp_path, name, data) == [(name, None, "input.table")]


def arrow(**columns: pa.Array) -> bytes:
    """Return the columns as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


NOT_UTF8 = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(struct.pack("<2i", 0, 1)), pa.py_buffer(b"\xff")])
FAR = pa.array([1 << 53], pa.timestamp("s", "UTC"))
PAGE = parquet([{"id": "one"}])


@pytest.mark.parametrize(
    "data",
    [PAGE[:4] + b"\xff" * 8 + PAGE[12:], arrow(id=NOT_UTF8), arrow(id=FAR)],
    ids=["broken page", "text that is not UTF-8", "instant beyond the calendar"],
)
def test_parquet_that_is_broken_inside_is_one_problem_and_the_other_files_are_read(tmp_path: Path, data: bytes) -> None:
    found = received(tmp_path, {"a.parquet": data, "b.json": b'{"id": "two"}'})
    assert [told(one)[0] for one in found] == ["a.parquet", "b.json"]
    assert isinstance(found[0], Problem)


def test_blank_lines_above_the_header_of_csv_are_passed_over(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", b"\nid,body\none,A\n") == [("a.csv", 3, {"id": "one", "body": "A"})]


def test_a_column_source_beside_those_of_its_parts_is_told_and_not_passed_over(tmp_path: Path) -> None:
    data = b"id,source,source_name\none,press desk,DHS\n"
    assert read(tmp_path, "a.csv", data) == [("a.csv", 1, "input.table")]


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2021, 7, 6), "2021-07-06"),
        (datetime(2021, 7, 6), "2021-07-06"),  # noqa: DTZ001 - a cell of Excel knows no zone
        (datetime(2021, 7, 6, 10, 30), "2021-07-06T10:30:00"),  # noqa: DTZ001
    ],
)
def test_a_day_in_a_cell_of_excel_is_a_day_and_never_an_instant_with_a_zone(
    tmp_path: Path, day: date, text: str
) -> None:
    """An instant without its offset is refused when records are judged: nobody guesses the zone."""
    rows: list[list[Any]] = [["id", "published_on"], ["one", day]]
    assert read(tmp_path, "a.xlsx", excel(rows)) == [("a.xlsx", 2, {"id": "one", "published_on": text})]


def test_only_the_first_sheet_is_read_and_the_others_are_told_by_name(tmp_path: Path) -> None:
    found = received(tmp_path, {"a.xlsx": excel([["id"], ["one"]], "notes", "old")})
    assert isinstance(found[0], Document)
    sheets = [one for one in found if isinstance(one, Problem)]
    assert [(one.rule, one.severity, one.value) for one in sheets] == [
        ("input.kind", "warning", "notes"),
        ("input.kind", "warning", "old"),
    ]


def test_a_column_of_parquet_may_hold_the_lists_of_a_release_as_they_are(tmp_path: Path, seed: dict[str, Any]) -> None:
    """What is null in a document is left out of a row, and so is a field that other items of a list have."""
    (found,) = received(tmp_path, {"a.parquet": parquet([seed])})
    assert isinstance(found, Document)
    assert found.value == _without_nulls(seed)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def test_days_and_instants_of_parquet_are_written_as_a_document_has_them(tmp_path: Path) -> None:
    at = datetime(2021, 7, 6, 10, 30, tzinfo=UTC)
    rows = [{"id": "one", "published_on": date(2021, 7, 6), "published_at": at}]
    (found,) = received(tmp_path, {"a.parquet": parquet(rows)})
    assert isinstance(found, Document)
    assert found.value == {"id": "one", "published_on": "2021-07-06", "published_at": "2021-07-06T10:30:00+00:00"}


def test_a_workbook_that_says_it_unpacks_beyond_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """A size in the directory at the end of the zip is what a bomb gives away first."""
    data = excel([["id"], ["one"]])
    entry = next(one for one in zipfile.ZipFile(io.BytesIO(data)).infolist() if one.filename.endswith("sheet1.xml"))
    directory = data.index(b"PK\x01\x02")
    honest, claimed = (struct.pack("<L", size) for size in (entry.file_size, guard.MAX_BYTES))
    bomb = data[:directory] + data[directory:].replace(honest, claimed, 1)
    assert bomb != data
    assert read(tmp_path, "a.xlsx", bomb) == [("a.xlsx", None, "input.size")]


def test_every_kind_that_is_read_is_named_where_the_reader_of_files_says_what_is_read() -> None:
    told_kinds = {kind for kind in ingest.READERS if not kind.endswith(".gz")} - {".ndjson"}
    assert {kind for kind in told_kinds if f"`{kind}`" in (ingest.__doc__ or "").replace("x.txt", ".txt")} == told_kinds


def _book(*written: tuple[int, int, str]) -> bytes:
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True})
    sheet = book.add_worksheet("releases")
    for line, at, text in written:
        sheet.write_string(line, at, text)
    book.close()
    return sink.getvalue()


def test_a_workbook_with_a_cell_in_the_farthest_corner_is_one_problem(tmp_path: Path) -> None:
    """In a process of its own, for the reader ends the process when it cannot have the memory."""
    (tmp_path / "a.xlsx").write_bytes(_book((0, 0, "id"), (1, 0, "one"), (1_048_575, 16_383, "x")))
    code = (
        "import sys, pathlib\nfrom flows import guard\nfrom flows.ingest import flat\n"
        "try:\n    list(flat.read_excel(pathlib.Path(sys.argv[1]).read_bytes()))\n"
        "except guard.BadInput as bad:\n    print(bad.rule)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.xlsx")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": "."},
    )
    assert (told.returncode, told.stdout.strip()) == (0, "input.size")


def test_a_row_of_a_workbook_has_the_line_that_it_has_in_excel_also_below_blank_ones() -> None:
    found = list(flat.read_excel(_book((3, 0, "id"), (5, 0, "one"))))
    assert found == [(6, {"id": "one"})]
