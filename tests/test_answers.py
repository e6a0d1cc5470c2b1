"""One judgment of tables as people, programs, other tools and a browser take it."""

import gzip
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import xlsxwriter
from axe_playwright_python.sync_playwright import Axe
from frictionless import Field, Report, Resource
from playwright.sync_api import Page, sync_playwright
from rich.cells import cell_len
from rich.console import Console

from flows import faces
from flows.cli import progress
from flows.validate.engine import progress as reading
from flows.validate.engine import run, targets
from flows.validate.engine.answers import Answer, Finding
from flows.validate.engine.beyond import SEVERITY, V2
from flows.validate.engine.expected import expected
from flows.validate.engine.faults import Fault, RowLog
from flows.validate.engine.results import Result
from tests.conftest import Communique
from tests.needs import CHROMIUM, EXPECTED

SCHEMA: dict[str, Any] = {
    "fields": [
        {"name": "id", "type": "integer"},
        {"name": "state", "type": "string", "categories": ["open", "closed"]},
        {"name": "day", "type": "date", "communique:severity": "warning"},
    ],
    "primaryKey": ["id"],
    "uniqueKeys": [["state", "day"]],
}
ROWS = "id,state,day\n1,open,2020-01-01\n2,<b>ajar,2020-01-01\n1,open,soon\n4,open,2020-01-01\n"
RULES = {"table.categories": True, "table.type": False, "table.primary-key": False, "table.unique-key": True}
"""The rules that the rows break, and whether frictionless would not have said so."""


@pytest.fixture
def files(tmp_path: Path) -> list[Path | str]:
    """Return what a user writes to have the table judged."""
    (tmp_path / "a table.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    return [tmp_path / "a table.csv", "--schema", tmp_path / "schema.json"]


@pytest.fixture
def answer(files: list[Path | str]) -> Answer:
    """Return the judgment of the table."""
    return Answer(list(targets.results(str(files[0]), str(files[2]), reference_only=False, remote=False)))


def written(answer: Answer, face: str) -> str:
    """Return an answer as a face has it."""
    out = io.StringIO()
    faces.write(face, answer, out)
    return out.getvalue()


def test_text_shows_the_row_with_the_cell_marked_what_was_expected_and_how_to_mend_it(answer: Answer) -> None:
    told = written(answer, "text").replace(answer.results[0].place, "a table.csv")
    assert told.startswith(
        "a table.csv:3\n"
        "  │ id │ state   │ day\n"
        "  │ 2  │ <b>ajar │ 2020-01-01\n"
        "         ^^^^^^^\n"
        "  error table.categories (beyond Frictionless)  state\n"
        '    The cell "<b>ajar" in row at position "3" and field "state" at position "2" does not conform to a '
        "constraint: constraint \"enum\" is \"['open', 'closed']\"\n"
        "    expected: one of open, closed\n"
        "    mend: Use one of the categories, or add this one to the schema.\n"
    )
    assert told.endswith(
        "a table.csv: INVALID, 3 errors and 1 warning in 3 rows, 4 rows judged\n\n"
        + "".join(f"        1  {rule}\n" for rule in sorted(RULES))
    )
    assert "  warning table.type  day\n" in told
    assert 'violates the unique key "state, day": the same as in the row at position 2' in told
    assert "\x1b" not in told


FIELDS = ["id", "a", "b", "c"]
RAGGED = "id,a,b,c\n1\n2,a,b,c,d,e\n3,a,b\n"


def test_a_row_too_short_or_too_long_is_shown_once_with_all_its_cells_and_counted_as_frictionless_counts(
    tmp_path: Path,
) -> None:
    (tmp_path / "t.csv").write_text(RAGGED, encoding="utf-8")
    (tmp_path / "s.json").write_text(json.dumps({"fields": [{"name": name} for name in FIELDS]}), encoding="utf-8")
    found = targets.results(str(tmp_path / "t.csv"), str(tmp_path / "s.json"), reference_only=False, remote=False)
    answer = Answer(list(found))
    text, html = written(answer, "text"), written(answer, "html")
    assert answer.rules == {"table.missing-cell": 4, "table.extra-cell": 2}
    assert "  │ id │ a │ b │ c\n  │ 1  │   │   │\n         ^   ^   ^\n  error table.missing-cell  a, b, c\n" in text
    assert 'has 3 missing cells, from position "2" on\n    expected: 3 cells here\n' in text
    assert 'has 2 extra values, from position "5" on\n    expected: no cells here\n' in text
    assert (text.count("  error table.missing-cell"), text.count("  error table.extra-cell")) == (2, 1)
    assert "  error table.missing-cell  c\n" in text
    assert not re.search(r"(…|>)\s?and \d+ more", text + html)
    assert (html.count("<mark>empty</mark>"), html.count('<td class="n">2</td>')) == (4, 1)


def test_rows_too_short_are_counted_whole_where_not_all_are_shown(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,a,b,c,d\n" + "1,2,3,4,5\n" * 100 + "1,x\n" * 60, encoding="utf-8")
    schema = {"fields": [{"name": name} for name in [*FIELDS, "d"]]}
    told = Resource.from_descriptor({"name": "t", "path": "t.csv", "schema": schema}, basepath=str(tmp_path))
    answer = Answer([run.check(told)])
    assert written(answer, "text").count("  error table.missing-cell  b, c, d\n") == 7
    assert "\n… and 159 more\n" in written(answer, "text")
    assert written(answer, "text").endswith("\n159 of these 180 are not shown; --limit 180 shows all\n")
    assert written(answer, "html").count("<mark>empty</mark>") == 17 * 3
    assert "and 129 more, which are not shown here; --limit 180 shows all" in written(answer, "html")
    assert "… and 130 more; --limit 180 shows all</failure>" in written(answer, "junit")


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        (None, {"text": 20, "html": 50, "junit": 50, "github": 60}),
        (7, {"text": 7, "html": 7, "junit": 7, "github": 7}),
        (55, {"text": 55, "html": 55, "junit": 55, "github": 55}),
        (60, {"text": 60, "html": 60, "junit": 60, "github": 60}),
    ],
)
def test_so_many_errors_are_told_as_are_asked_for_and_how_to_see_all_where_they_are_not(
    tmp_path: Path, limit: int | None, told: dict[str, int]
) -> None:
    (tmp_path / "t.csv").write_text("n\n" + "x\n" * 60, encoding="utf-8")
    schema = {"fields": [{"name": "n", "type": "integer"}]}
    table = Resource.from_descriptor({"name": "t", "path": "t.csv", "schema": schema}, basepath=str(tmp_path))
    answer = Answer([run.check(table)], limit)
    marks = {"text": "  error table.type", "html": "<mark>x</mark>", "junit": "Type error in", "github": "::error "}
    texts = {face: written(answer, face) for face in marks}
    assert {face: text.count(marks[face]) for face, text in texts.items()} == told
    hinted = [face for face, text in texts.items() if "--limit 60 shows all" in text]
    assert hinted == [face for face in ("text", "html", "junit") if told[face] < 60]


@pytest.mark.parametrize(
    ("cell", "cut"),
    [
        ("東京", ""),
        ("e\u0301te\u0301", ""),
        ("\N{ROCKET}\N{ROCKET}", ""),
        ("東" * 30, "東" * 11 + " …"),
        ("e\u0301" * 30, "e\u0301" * 23 + "…"),
    ],
)
def test_a_bad_cell_is_marked_where_a_terminal_shows_it(tmp_path: Path, cell: str, cut: str) -> None:
    (tmp_path / "t.csv").write_text(f"à,b,c\n{cell},1,x\n", encoding="utf-8")
    schema = {"fields": [{"name": "à"}, {"name": "b", "type": "integer"}, {"name": "c", "type": "integer"}]}
    table = Resource.from_descriptor({"name": "t", "path": "t.csv", "schema": schema}, basepath=str(tmp_path))
    head, row, marks = written(Answer([run.check(table)]), "text").splitlines()[1:4]
    assert row == f"  │ {cut or cell} │ 1 │ x"
    assert cell_len(head) == cell_len(row)
    assert marks == " " * (cell_len(row) - 1) + "^"


def test_each_bad_cell_of_a_wide_row_is_shown_and_marked_with_those_around_it(tmp_path: Path) -> None:
    names = [f"name-of-column-{number:06}" for number in range(40)]
    cells = ["x" * 20 if number in (1, 25, 26, 39) else f"{number}" for number in range(40)]
    (tmp_path / "t.csv").write_text(",".join(names) + "\n" + ",".join(cells) + "\n", encoding="utf-8")
    schema = {"fields": [{"name": name, "type": "integer"} for name in names]}
    table = Resource.from_descriptor({"name": "t", "path": "t.csv", "schema": schema}, basepath=str(tmp_path))
    lines = written(Answer([run.check(table)]), "text").splitlines()[1:]
    panels = [lines[start : start + 3] for start in range(0, 12, 3)]
    assert [line for panel in panels for line in panel if len(line) > 104] == []
    assert [head.split()[1] for head, *_ in panels] == [names[0], names[22], names[26], names[36]]
    assert [marks.count("^" * 20) for *_, marks in panels] == [1, 1, 1, 1]
    assert all(
        row[place : place + 20] == "x" * 20
        for _, row, marks in panels
        for place in (one.start() for one in re.finditer(r"\^+", marks))
    )
    assert lines[12].startswith("  error table.type")


@pytest.mark.parametrize("face", ["text", "html", "github", "junit", "sarif"])
def test_a_cell_as_long_as_a_book_is_told_in_a_few_lines(tmp_path: Path, face: str) -> None:
    (tmp_path / "t.csv").write_text("id,state,day\n" + "x" * 100_000 + ",open,\n", encoding="utf-8")
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    found = targets.results(str(tmp_path / "t.csv"), str(tmp_path / "s.json"), reference_only=False, remote=False)
    told = written(Answer(list(found)), face)
    assert "x" * 100 in told
    assert len(told) < 20_000


EVIL = "\x1b]2 pwned\x07\x9b2J\u202e"
"""What names a terminal's window, empties it, and turns a line around."""


@pytest.mark.parametrize("face", ["text", "github"])
def test_what_a_terminal_would_obey_reaches_none(tmp_path: Path, face: str) -> None:
    """It stands in a cell, in the header, in the name of the field, in its list, and in the name of the file."""
    table, schema = tmp_path / f"t{EVIL}.csv", tmp_path / "s.json"
    fields = [{"name": f"a{EVIL}", "constraints": {"enum": [EVIL]}}]
    fields += [{"name": "d", "type": "boolean", "trueValues": [EVIL]}]
    schema.write_text(json.dumps({"fields": fields}), encoding="utf-8")
    table.write_text(f"b{EVIL},d\nc{EVIL},x\n", encoding="utf-8")
    told = written(Answer(list(targets.results(str(table), str(schema), reference_only=False, remote=False))), face)
    assert "pwned" in told
    assert set(told) & {*"\x1b\x07\x9b\u202e"} == set()


def test_what_the_steward_has_said_is_told_in_every_face_without_our_own_hint(tmp_path: Path) -> None:
    field = {"name": "n", "type": "integer", "communique:message": "Ask the ministry."}
    (tmp_path / "t.csv").write_text("n\nx\n", encoding="utf-8")
    (tmp_path / "s.json").write_text(json.dumps({"fields": [field]}), encoding="utf-8")
    found = targets.results(str(tmp_path / "t.csv"), str(tmp_path / "s.json"), reference_only=False, remote=False)
    answer = Answer(list(found))
    told = {face: written(answer, face) for face in ("text", "html", "github", "junit", "sarif", "json")}
    assert [face for face, text in told.items() if "Ask the ministry." not in text] == []
    assert [face for face, text in told.items() if "Write it like" in text] == []
    assert "::Ask the ministry.\n" in told["github"]
    assert ">a whole number, like 42<p>Ask the ministry.</p></td>" in told["html"]
    assert "To mend it" not in told["html"]
    assert json.loads(told["json"])["problems"][0]["hint"] is None


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def test_text_has_colours_on_a_terminal_alone(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    faces.write("text", answer, out)
    assert "\x1b[31m" in out.getvalue()
    assert re.sub(r"\x1b\[\d+m", "", out.getvalue()) == written(answer, "text")


@pytest.mark.parametrize(("columns", "widest"), [(300, 104), (80, 80), (50, 50), (10, 40)])
def test_a_row_is_as_wide_as_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int, widest: int
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))
    names = [f"c{number:02}" for number in range(60)]
    (tmp_path / "t.csv").write_text(",".join(names) + "\n" + ",".join(["xxx"] * 60) + "\n", encoding="utf-8")
    schema = {"fields": [{"name": name, "type": "integer" if name == "c30" else "string"} for name in names]}
    table = Resource.from_descriptor({"name": "t", "path": "t.csv", "schema": schema}, basepath=str(tmp_path))
    out = Terminal()
    faces.write("text", Answer([run.check(table)]), out)
    shown = [line for line in out.getvalue().splitlines() if "│" in line]
    assert [widest - 6 < len(line) <= widest for line in shown] == [True, True]
    assert "c30" in shown[0]


def test_junit_fails_a_rule_whose_errors_are_beyond_the_limit(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\nx,1\n1,y\n", encoding="utf-8")
    (tmp_path / "s.json").write_text(
        json.dumps(
            {
                "fields": [
                    {"name": "a", "type": "integer"},
                    {"name": "b", "type": "integer", "constraints": {"minimum": 9}},
                ]
            }
        ),
        encoding="utf-8",
    )
    found = targets.results(str(tmp_path / "t.csv"), str(tmp_path / "s.json"), reference_only=False, remote=False)
    told = written(Answer(list(found), limit=1), "junit")
    assert told.count("<failure") == 2
    assert told.count("t.csv:") == 1


def test_junit_tells_errors_before_warnings_and_counts_both(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("w,e\n" + "x,1\n" * 60 + "1,x\n" * 5, encoding="utf-8")
    fields = [{"name": "w", "type": "integer", SEVERITY: "warning"}, {"name": "e", "type": "integer"}]
    (tmp_path / "s.json").write_text(json.dumps({"fields": fields}), encoding="utf-8")
    found = targets.results(str(tmp_path / "t.csv"), str(tmp_path / "s.json"), reference_only=False, remote=False)
    (suite,) = ET.fromstring(written(Answer(list(found)), "junit"))  # noqa: S314 - written above
    (told,) = (case[0] for case in suite if len(case))
    first, *_, last = str(told.text).splitlines()
    assert (told.get("message"), last) == ("5 errors", "… and 10 more; --limit 65 shows all")
    assert "t.csv:62 " in first


def test_junit_has_a_case_for_a_rule_that_failed_though_no_error_is_told(tmp_path: Path) -> None:
    package = tmp_path / "resource.json"
    package.write_text('{"name": "t", "path": "t.zzz", "type": "table", "format": "zzz"}', encoding="utf-8")
    (tmp_path / "t.zzz").write_text("a", encoding="utf-8")
    found = targets.results(str(package), None, reference_only=False, remote=False)
    told = written(Answer(list(found), limit=0), "junit")
    assert 'failures="1"' in told
    assert told.count("<failure") == 1


def test_what_else_is_read_as_the_standard_has_it_is_told_as_asked(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n-,x\n", encoding="utf-8")
    told = {
        "name": "t",
        "path": "t.csv",
        "dialect": {"csv": {"nullSequence": "-"}},
        "schema": {"fields": [{"name": "a", "type": "integer"}, {"name": "b"}]},
    }
    (tmp_path / "resource.json").write_text(json.dumps(told), encoding="utf-8")
    found = list(targets.results(str(tmp_path / "resource.json"), None, reference_only=False, remote=False))
    asked = json.loads(written(Answer(found), "json"))["asked_beyond_reference"]
    assert asked == {"t": ["b, without a type, as any", "nullSequence '-'"]}


@pytest.mark.parametrize(
    "field", [{"name": "a", "type": "integr"}, {"name": "a", "type": "string", "constraints": {"minimum": 1}}]
)
def test_a_fault_of_a_schema_is_told_of_its_own_file(tmp_path: Path, field: dict[str, Any]) -> None:
    table, schema = tmp_path / "t.csv", tmp_path / "s.json"
    table.write_text("a\n1\n", encoding="utf-8")
    schema.write_text(json.dumps({"fields": [field]}), encoding="utf-8")
    (found,) = targets.results(str(table), str(schema), reference_only=False, remote=False)
    assert (found.name, found.place, [one.type for one in found.first]) == ("s.json", str(schema), ["field-error"])


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (
            {"fields": [{"name": "a", "type": "string", "constraints": {"pattern": "("}}, {"name": "b"}]},
            ("table.constraint-refused", "Mend the constraint in the schema"),
        ),
        (
            {"fields": [{"name": "a"}, {"name": "b"}], "uniqueKeys": [["c"]]},
            ("table.constraint-refused", "Name fields of the table in each unique key"),
        ),
        (
            {
                "fields": [{"name": "a"}],
                "foreignKeys": [{"fields": "a", "reference": {"resource": "o", "fields": "a"}}],
            },
            ("table.resource", "Describe the table and those that it refers to in a datapackage.json"),
        ),
    ],
    ids=["pattern", "unique key", "foreign key"],
)
@pytest.mark.parametrize("described", [False, True])
def test_what_cannot_be_asked_of_a_table_is_told_of_the_file_of_its_schema(
    tmp_path: Path, schema: dict[str, Any], told: tuple[str, str], *, described: bool
) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "s.json").write_text(json.dumps(schema), encoding="utf-8")
    entry = {"name": "t", "path": "t.csv", "schema": "s.json"}
    (tmp_path / "r.json").write_text(json.dumps(entry), encoding="utf-8")
    named = (str(tmp_path / "r.json"), None) if described else (str(tmp_path / "t.csv"), str(tmp_path / "s.json"))
    answer = Answer(list(targets.results(*named, reference_only=False, remote=False)))
    first, *others = answer.all()
    assert (first.place, first.rule) == (str(tmp_path / "s.json"), told[0])
    assert first.hint.startswith(told[1])
    assert "{fk}" not in first.message
    assert {one.place for one in others} <= {str(tmp_path / "t.csv")}
    for face in ("text", "html", "junit", "github"):
        assert str(tmp_path / "s.json") in written(answer, face)


def test_json_says_what_is_beyond_frictionless_and_what_was_asked(answer: Answer) -> None:
    told = json.loads(written(answer, "json"))
    assert {one["rule"]: one["beyond_reference"] for one in told["problems"]} == RULES
    assert told["asked_beyond_reference"] == {"a-table": ["uniqueKeys of state, day", "categories of state"]}
    assert {one["id"]: one["severity"] for one in told["checks"]}["table.type"] == "warning"


def test_frictionless_opens_a_report_with_errors_that_it_does_not_know(answer: Answer) -> None:
    told = json.loads(written(answer, "frictionless"))
    report = Report.from_descriptor(told)
    assert [one.type for one in report.tasks[0].errors] == [
        "constraint-error",
        "type-error",
        "primary-key",
        "primary-key",
    ]
    marks = ["communique:beyondReference" in one for one in told["tasks"][0]["errors"]]
    assert marks == [True, False, False, True]


def test_frictionless_opens_a_report_whatever_the_tables_are_called(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"fields": [{"name": "id", "type": "integer"}]}', encoding="utf-8")
    (tmp_path / "Bad (1).json").write_text('{"fields": [{"name": "id", "type": "nope"}]}', encoding="utf-8")
    asked = []
    for folder, schema in (
        ("Mein Ordner", "s.json"),
        ("mein ordner", "s.json"),
        ("y", "s.json"),
        ("y", "Bad (1).json"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "t.csv").write_text("id\nx\n", encoding="utf-8")
        asked.append((tmp_path / folder / "t.csv", tmp_path / schema))
    resources = [{"name": name, "path": "y/t.csv"} for name in ("Größe", "Grüße", "表")]
    description = {"$schema": f"{V2}datapackage.json", "resources": resources}
    (tmp_path / "p.json").write_text(json.dumps(description), encoding="utf-8")
    ways = [*((str(path), str(schema)) for path, schema in asked), (str(tmp_path / "p.json"), None)]
    answer = Answer([one for way in ways for one in targets.results(*way, reference_only=False, remote=False)])
    report = Report.from_descriptor(json.loads(written(answer, "frictionless")))
    assert [one.place for one in report.tasks] == [one.place for one in answer.results]
    assert len({one.name for one in report.tasks}) == len(report.tasks)
    assert [one.name for one in report.tasks][3:] == ["bad-1-.json", "gr-e", "gr-e-2", "-"]


def test_sarif_names_the_rule_the_file_and_the_line_of_each_error(answer: Answer) -> None:
    (run,) = json.loads(written(answer, "sarif"))["runs"]
    assert [one["id"] for one in run["tool"]["driver"]["rules"]] == sorted(RULES)
    assert {
        one["ruleId"]: "beyond-reference" in one.get("properties", {}).get("tags", ()) for one in run["results"]
    } == RULES
    assert [one["level"] for one in run["results"]] == ["error", "warning", "error", "error"]
    (where,) = run["results"][0]["locations"]
    assert where["physicalLocation"]["region"] == {"startLine": 3}
    assert where["physicalLocation"]["artifactLocation"]["uri"].endswith("/a%20table.csv")
    assert run["results"][0]["message"]["text"].endswith(". Use one of the categories, or add this one to the schema.")


def test_sarif_writes_an_address_as_one() -> None:
    place = "http://example.org/the täble 1.csv?a=b"
    answer = Answer([Result("t", place, first=[Fault("source-error", "")])])
    (run,) = json.loads(written(answer, "sarif"))["runs"]
    (where,) = run["results"][0]["locations"]
    uri = where["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "http://example.org/the%20t%C3%A4ble%201.csv?a=b"


def test_junit_fails_a_case_for_each_rule_that_is_broken_but_for_warnings(answer: Answer) -> None:
    (suite,) = ET.fromstring(written(answer, "junit"))  # noqa: S314 - written above
    failed = {case.get("name"): case[0].get("message") for case in suite if case.find("failure") is not None}
    assert failed == {
        "table.categories": "1 error, beyond Frictionless",
        "table.primary-key": "1 error",
        "table.unique-key": "1 error, beyond Frictionless",
    }
    assert suite.get("failures") == "3"
    assert "table.reference" not in {case.get("name") for case in suite}


def test_github_marks_the_lines_of_the_file(answer: Answer) -> None:
    first, second, *_ = written(answer, "github").splitlines()
    assert first.startswith(
        f"::error file={answer.results[0].place},line=3,title=table.categories (beyond Frictionless)::"
    )
    assert second.startswith(f"::warning file={answer.results[0].place},line=4,title=table.type::")


def test_a_row_is_told_by_the_line_in_which_it_begins(tmp_path: Path, files: list[Path | str]) -> None:
    text = 'id,state,day\n1,"open",\n2,"a\nb\r\n",\n\nx,open,\n'
    Path(files[0]).write_bytes(text.encode())
    found = targets.results(str(files[0]), str(files[2]), reference_only=False, remote=False)
    answer = Answer(list(found))
    told = [(one.rule, one.row, one.line) for one in answer.all()]
    assert told[0] == ("table.categories", 3, 3)
    assert ("table.blank-row", 4, 6) in told
    assert told[-1][1:] == (5, 7)
    assert f"{tmp_path / 'a table.csv'}:7  row 5\n" in written(answer, "text")
    assert ",line=7,title=table.type" in written(answer, "github")
    assert '<th class="n">line</th><th class="n">row</th>' in written(answer, "html")
    assert '<td class="n">7</td><td class="n">5</td>' in written(answer, "html")


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(
    ("name", "data", "line"),
    [
        ("t.jsonl", b'{"id": 1}\n\n{"id": "x"}\n', 3),
        ("t.ndjson", b'{"id": "x"}\n', 1),
        ("t.tsv", b'id\ttext\n1\t"a\nb"\nx\tc\n', 4),
        ("t.csv.gz", gzip.compress(b"id\n1\nx\n", mtime=0), None),
    ],
)
def test_a_line_is_one_of_the_file_and_none_where_the_file_has_no_lines(
    tmp_path: Path, name: str, data: bytes, line: int | None, *, fast: bool
) -> None:
    (tmp_path / name).write_bytes(data)
    schema = {"fields": [{"name": "id", "type": "integer"}], "fieldsMatch": "superset"}
    told = Resource.from_descriptor({"name": "t", "path": name, "schema": schema}, basepath=str(tmp_path))
    answer = Answer([run.check(told, fast=fast)])
    assert {one.line for one in answer.all() if one.rule == "table.type"} == {line}


def test_a_row_of_a_workbook_is_told_without_a_line(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"fields": [{"name": "id", "type": "integer"}]}', encoding="utf-8")
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        book.add_worksheet().write_column(0, 0, ["id", 1, "x"])
    found = targets.results(str(tmp_path / "t.xlsx"), str(tmp_path / "s.json"), reference_only=False, remote=False)
    answer = Answer(list(found))
    assert written(answer, "text").startswith(f"{tmp_path / 't.xlsx'}  row 3\n")
    assert written(answer, "github").startswith(f"::error file={tmp_path / 't.xlsx'},title=table.type::")
    (run,) = json.loads(written(answer, "sarif"))["runs"]
    assert "region" not in run["results"][0]["locations"][0]["physicalLocation"]


@pytest.mark.parametrize(("encoding", "end"), [("utf-8", "\n"), ("utf-16", "\n"), ("latin-1", "\r"), ("utf-8", "\r\n")])
@pytest.mark.parametrize("cell", ["a", "'b'", '"c\n"', "é"])
def test_a_line_is_told_right_in_any_encoding_and_with_any_line_end(
    tmp_path: Path, encoding: str, end: str, cell: str
) -> None:
    text = f"id,text\n1,{cell}\n\n2,b\nx,c\n"
    (tmp_path / "t.csv").write_bytes(text.replace("\n", end).encode(encoding))
    schema = {"fields": [{"name": "id", "type": "integer"}, {"name": "text", "type": "string"}]}
    told = Resource.from_descriptor(
        {"name": "t", "path": "t.csv", "schema": schema, "encoding": encoding}, basepath=str(tmp_path)
    )
    found = [one.line for one in Answer([run.check(told, fast=True)]).all() if one.rule == "table.type"]
    assert found == [5 + cell.count("\n")]


@pytest.fixture
def page() -> Iterator[Page]:
    """Yield a page of a browser; the test fails where the page asks for anything but itself."""
    if CHROMIUM is None and not EXPECTED:
        pytest.skip("there is no Chromium: `apt-get install chromium` brings it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        yield page
        browser.close()
    assert {url.rpartition("/")[2] for url in asked} == {"answer.html"}


def test_html_is_one_page_that_a_browser_shows_and_everybody_can_use(
    answer: Answer, page: Page, tmp_path: Path
) -> None:
    (tmp_path / "answer.html").write_text(written(answer, "html"), encoding="utf-8")
    page.goto((tmp_path / "answer.html").as_uri())
    assert page.locator("h1").inner_text() == "The data is not as described"
    assert page.locator("section").count() == len(RULES)
    assert page.locator("section:has(dl .tag)").count() == list(RULES.values()).count(True)
    assert page.locator("[id='table.categories'] mark").all_inner_texts() == ["<b>ajar"]
    assert page.locator("[id='table.primary-key'] mark").all_inner_texts() == ["1"]
    assert page.locator("[id='table.type'] .why").all_inner_texts() == ["warning a day, like 2021-07-26"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "best-practice"]}})
    assert [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]] == []


def test_html_shows_what_is_wrong_and_what_was_expected_in_a_narrow_window_too(
    answer: Answer, page: Page, tmp_path: Path
) -> None:
    (tmp_path / "answer.html").write_text(written(answer, "html"), encoding="utf-8")
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto((tmp_path / "answer.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert page.locator("[id='table.categories'] th:visible").all_inner_texts() == ["row", "state", "expected"]
    for shown in ("mark", ".why"):
        box = page.locator(f"[id='table.categories'] {shown}").bounding_box()
        assert box is not None
        assert box["x"] + box["width"] < 400


def test_html_marks_the_bad_cell_of_each_row_of_a_wide_table_or_says_in_words_where_it_is(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(20)]
    rows = [f"{'1,' * number}x{',1' * (19 - number)}" for number in range(1, 20)]
    (tmp_path / "t.csv").write_text(",".join(names) + "\n" + "\n".join(rows) + "\n", encoding="utf-8")
    schema = {"fields": [{"name": name, "type": "integer"} for name in names]}
    (tmp_path / "s.json").write_text(json.dumps(schema), encoding="utf-8")
    found = targets.results(str(tmp_path / "t.csv"), str(tmp_path / "s.json"), reference_only=False, remote=False)
    told = re.findall("<tr class=.*?</tr>", written(Answer(list(found)), "html"))
    assert ["<mark>x</mark>" in row for row in told] == [True] * 12 + [False] * 7
    in_words = [row.rpartition('">')[2].startswith("Type error in the cell") for row in told]
    assert in_words == [False] * 12 + [True] * 7


def test_html_names_the_file_of_what_is_wrong_with_no_row(tmp_path: Path) -> None:
    table = {"path": "t.csv", "schema": {"fields": [{"name": "id", "type": "integer"}]}, "bytes": 9}
    package = {"resources": [table | {"name": name, "path": f"{name}.csv"} for name in ("a", "b")]}
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("id\n1\n", encoding="utf-8")
    (tmp_path / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    found = targets.results(str(tmp_path), None, reference_only=False, remote=False)
    told = written(Answer(list(found)), "html")
    assert [f'<p class="file">{tmp_path / name}.csv</p><ul><li>' in told for name in ("a", "b")] == [True, True]
    assert told.count('<td class="n bad">1</td><td class="n">0</td>') == 2


def test_html_tells_how_to_mend_what_is_not_mended_as_the_others_of_its_rule(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("c,a,b,d\n2023-02-30,x,1,\n", encoding="utf-8")
    fields = [{"name": "a", "type": "date"}, {"name": "b", "type": "integer"}, {"name": "c", "type": "integer"}]
    (tmp_path / "s.json").write_text(json.dumps({"fields": fields}), encoding="utf-8")
    found = targets.results(str(tmp_path / "t.csv"), str(tmp_path / "s.json"), reference_only=False, remote=False)
    told = written(Answer(list(found)), "html")
    assert "<dd>Write the cell in the form named.</dd>" in told
    assert "a day, like 2021-07-26<p>There is no such day: mend the numbers" in told
    assert "a whole number, like 42</td>" in told
    assert "field name in the schema. The field &quot;a&quot; is in the schema at position 1: put" in told
    assert "<dd>Remove the column, or add its field to the schema.</dd>" in told


@pytest.mark.parametrize(
    ("name", "data", "hint"),
    [
        ("t.jsonl", '{"id": 1, "nmae": "x", "of": 2}', "The object has a name that is no field of the schema: mend"),
        ("t.ndjson", '{"id": 1, "nmae": "x"}', "The object has a name that is no field of the schema: mend"),
        ("t.csv", "id,name\n1,x,y", "Remove the cell, or put the one before it into quotes"),
    ],
)
def test_a_value_too_many_is_mended_as_its_format_is_written(tmp_path: Path, name: str, data: str, hint: str) -> None:
    (tmp_path / name).write_text(f"{data}\n", encoding="utf-8")
    schema = {"fields": [{"name": "id", "type": "integer"}, {"name": "name", "type": "string"}]}
    (tmp_path / "s.json").write_text(json.dumps(schema), encoding="utf-8")
    found = targets.results(str(tmp_path / name), str(tmp_path / "s.json"), reference_only=False, remote=False)
    told = [one.hint for one in Answer(list(found)).all() if one.rule == "table.extra-cell"]
    assert told
    assert all(one.startswith(hint) for one in told)


@pytest.mark.parametrize(
    ("field", "cell", "shown", "hint"),
    [
        ({"constraints": {"enum": ["open"]}}, "open ", "open␣", "The cell ends with a blank, which may be all"),
        ({"categories": ["open"]}, " open", "␣open", "The cell begins with a blank, which may be all"),
        ({"constraints": {"pattern": "[a-z]+"}}, "  a\xa0", "␣␣a␣", "The cell begins and ends with a blank, which"),
        ({"type": "date"}, "2021-01-01 ", "2021-01-01␣", "The cell ends with a blank, which may be all that is wrong."),
        ({"type": "date"}, " ", "␣", "Write it like"),
        ({"constraints": {"enum": ["open"]}}, "o pen", "o pen", "Use a value of the list."),
        ({"constraints": {"minLength": 9}}, "open ", "open␣", "Write the whole of it."),
    ],
    ids=str,
)
def test_a_blank_around_a_bad_cell_is_shown_and_told(
    tmp_path: Path, field: dict[str, Any], cell: str, shown: str, hint: str
) -> None:
    fields = [{"name": "n", "type": "string"}, {"name": "a", "type": "string"} | field]
    (tmp_path / "t.csv").write_text(f"n,a\n x ,{cell}\n", encoding="utf-8")
    (tmp_path / "s.json").write_text(json.dumps({"fields": fields}), encoding="utf-8")
    found = targets.results(str(tmp_path / "t.csv"), str(tmp_path / "s.json"), reference_only=False, remote=False)
    answer = Answer(list(found))
    (one,) = answer.all()
    assert one.hint.startswith(hint)
    assert f"  │  x  │ {shown}\n{' ' * 10}{'^' * len(shown)}\n" in written(answer, "text")
    title = ' title="␣ is a blank"' if "␣" in shown else ""
    assert f"<mark{title}>{shown}</mark>" in written(answer, "html")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("[A-", "unterminated character set at position 0"),
        ("a)", "unbalanced parenthesis at position 1"),
        ("a{2}{3}", "multiple repeat at position 4"),
        ("a(?i)", "global flags not at the start of the expression at position 1"),
        ("(?i)a", "global flags not at the start of the expression at position 1"),
    ],
)
def test_a_pattern_that_cannot_be_read_is_told_as_it_is_written(tmp_path: Path, pattern: str, why: str) -> None:
    field = {"type": "string", "constraints": {"pattern": pattern}}
    (found,) = judged_alone(tmp_path, field, "a")
    assert found.message.endswith(f"the pattern {pattern!r} cannot be read: {why}")


def test_html_tells_first_what_is_wrong_with_the_header_or_the_file_then_with_most_rows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,x,c\n" + "1,2,2\n" * 3 + "1,2\n", encoding="utf-8")
    fields = [{"name": "a", "type": "date"}, {"name": "b", "type": "integer"}]
    table = {"name": "t", "path": "t.csv", "schema": {"fields": fields}, "bytes": 9}
    (tmp_path / "resource.json").write_text(json.dumps(table), encoding="utf-8")
    found = targets.results(str(tmp_path / "resource.json"), None, reference_only=False, remote=False)
    told = written(Answer(list(found)), "html")
    rules = ["byte-count", "extra-label", "incorrect-label", "type", "missing-cell"]
    assert re.findall('<section id="table.([a-z-]+)"', told) == rules
    assert re.findall('<a href="#table.([a-z-]+)"', told) == rules


def test_every_face_is_written_into_a_file_and_a_valid_table_is_told_in_each(
    communique: Communique, files: list[Path | str], tmp_path: Path
) -> None:
    Path(files[0]).write_text("id,state,day\n1,open,2020-01-01\n", encoding="utf-8")
    for face in ("html", "junit"):
        told = communique("validate", *files, "--format", face, "--output", tmp_path / face)
        assert (told.returncode, told.stdout, told.stderr) == (0, "", f"{files[0]}: valid; told in {tmp_path / face}\n")
    assert "nothing is wrong with them" in (tmp_path / "html").read_text(encoding="utf-8")


def test_what_is_no_more_than_a_warning_refuses_nothing_in_any_face(
    communique: Communique, files: list[Path | str], tmp_path: Path
) -> None:
    Path(files[0]).write_text("id,state,day\n1,open,soon\n2,open,2020-01-01\n", encoding="utf-8")
    told = {face: communique("validate", *files, "--format", face) for face in ("text", "json", "html", "github")}
    assert {one.returncode for one in told.values()} == {0}
    assert f"{files[0]}: valid, 1 warning, 2 rows judged\n" in told["text"].stdout
    found = json.loads(told["json"].stdout)
    assert found["counts"] == {"a-table": {"in": 2, "out": 2, "refused": 0}}
    assert (found["total"], found["errors"], found["warnings"]) == (1, 0, 1)
    assert "2 rows in 1 table were looked at: 1 warning of 1 kind in 1 row." in told["html"].stdout
    assert '<td class="n good">0</td>' in told["html"].stdout
    assert told["github"].stdout.splitlines()[-1] == "valid, 1 warning"
    kept = communique("validate", *files, "--output", tmp_path / "kept.txt")
    assert (kept.returncode, kept.stderr) == (0, f"{files[0]}: valid, 1 warning; told in {tmp_path / 'kept.txt'}\n")
    twice = communique("validate", files[0], *files, "--output", tmp_path / "kept.txt")
    assert twice.stderr == f"2 tables: valid, 2 warnings; told in {tmp_path / 'kept.txt'}\n"


def test_tables_of_one_name_are_told_apart_by_their_places(files: list[Path | str], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = shutil.copy(files[0], tmp_path / "other" / "a table.csv")
    asked = {"reference_only": False, "remote": False}
    found = [one for path in (files[0], other) for one in targets.results(str(path), str(files[2]), **asked)]
    told = json.loads(written(Answer(found), "json"))
    assert list(told["counts"]) == [str(files[0]), str(other)]


class Watched(RowLog):
    """A log that counts how often it is read, with its cells and without."""

    reads = counts = 0

    def __iter__(self) -> Iterator[Any]:
        self.reads += 1
        return super().__iter__()

    def faults(self) -> Iterator[Any]:
        """Yield what the log does."""
        self.counts += 1
        return super().faults()


@pytest.mark.parametrize("face", ["text", "json", "frictionless"])
def test_the_errors_of_a_table_are_read_once_without_cells_to_be_counted_and_once_to_be_told(
    files: list[Path | str], face: str
) -> None:
    asked = {"reference_only": False, "remote": False}
    found = [one for _ in range(4) for one in targets.results(str(files[0]), str(files[2]), **asked)]
    logs = [Watched() for _ in found]
    for result, log in zip(found, logs, strict=True):
        log.extend(result.log)
        result.log = log
    written(Answer(found), face)
    assert [(log.counts, log.reads) for log in logs] == [(1, 1)] * 4


def test_an_answer_does_not_take_the_place_of_what_is_judged(communique: Communique, files: list[Path | str]) -> None:
    for output in (files[0], files[2]):
        before = Path(output).read_bytes()
        told = communique("validate", *files, "--output", output)
        assert (told.returncode, Path(output).read_bytes()) == (2, before)
        assert "the answer would take its place" in told.stderr


@pytest.mark.parametrize("named", ["", "datapackage.json", "a.csv"])
@pytest.mark.parametrize("output", ["a.csv", "datapackage.json", "other.csv", "tables/schema.json"])
def test_an_answer_takes_the_place_of_no_file_of_a_package_of_which_one_is_named(
    communique: Communique, tmp_path: Path, named: str, output: str
) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "schema.json").write_text('{"fields": [{"name": "id"}]}', encoding="utf-8")
    for name in ("a.csv", "other.csv"):
        (tmp_path / name).write_text("id\n1\n", encoding="utf-8")
    tables = [{"name": name, "path": f"{name}.csv", "schema": "tables/schema.json"} for name in ("a", "other")]
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": tables}), encoding="utf-8")
    before = (tmp_path / output).read_bytes()
    told = communique("validate", tmp_path / named, "--output", tmp_path / output)
    assert (told.returncode, (tmp_path / output).read_bytes()) == (2, before)
    assert "the answer would take its place" in told.stderr
    assert communique("validate", tmp_path / named, "--output", tmp_path / "answer.txt").returncode == 0


@pytest.mark.parametrize(
    ("kind", "note", "told"),
    [
        ("type-error", 'type is "integer/default"', "a whole number"),
        ("type-error", 'type is "date/%d.%m.%Y"', "a day, in the form %d.%m.%Y"),
        ("type-error", 'type is "date/any"', "a day"),
        ("type-error", 'type is "string/email"', "an address of mail"),
        ("constraint-error", "constraint \"enum\" is \"['a', 'b']\"", "one of a, b"),
        ("constraint-error", 'constraint "pattern" is "[A-Z]{2}"', "the form [A-Z]{2}"),
        ("constraint-error", 'constraint "minimum" is "1"', "at least 1"),
        ("constraint-error", 'constraint "required" is "True"', "a value"),
        ("type-error", 'array item type is "integer/default"', "in each item of the list, a whole number"),
        ("type-error", 'expected item type is "integer"', "a list"),
        ("constraint-error", 'array item constraint "minimum" is "1"', "in each item of the list, at least 1"),
        ("foreign-key", 'for "a": values "1" not found in the lookup table "t" as "id"', "a row of t with this id"),
        (
            "foreign-key",
            'for "a": values "1" not found in the lookup table "" as "id"',
            "a row of this table with this id",
        ),
        ("unique-error", "the same as in the row at position 2", "other than in row 2"),
        ("source-error", "the source is empty", ""),
    ],
)
def test_what_was_expected_is_said_in_plain_words(kind: str, note: str, told: str) -> None:
    assert expected(Fault(kind, note), []) == told


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ({"type": "integer"}, "a whole number, like 42"),
        ({"type": "integer", "constraints": {"minimum": 100}}, "a whole number, like 100"),
        ({"type": "integer", "constraints": {"enum": [7, 8]}}, "a whole number, like 7"),
        ({"type": "integer", "constraints": {"minimum": 9, "maximum": 1}}, "a whole number"),
        ({"type": "integer", "missingValues": ["42"]}, "a whole number"),
        ({"type": "number"}, "a number, like 3.14"),
        ({"type": "number", "decimalChar": ","}, "a number, like 3,14"),
        ({"type": "number", "decimalChar": ",", "groupChar": "."}, "a number, like 3,14"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "boolean", "trueValues": ["ja"], "falseValues": ["nein"]}, "ja or nein"),
        ({"type": "boolean", "trueValues": ["ja"]}, "ja or false"),
        ({"type": "date"}, "a day, like 2021-07-26"),
        ({"type": "date", "format": "any"}, "a day, like 2021-07-26"),
        ({"type": "date", "format": "%d/%m/%Y"}, "a day, like 26/07/2021"),
        ({"type": "date", "format": "%Q"}, "a day, in the form %Q"),
        ({"type": "date", "constraints": {"minimum": "2024-02-01"}}, "a day, like 2024-02-01"),
        ({"type": "datetime"}, "a day with its time, like 2021-07-26T14:30:00Z"),
        ({"type": "datetime", "format": "any"}, "a day with its time, like 2021-07-26T14:30:00Z"),
        ({"type": "datetime", "format": "%Y%m%d"}, "a day with its time, like 20210726"),
        ({"type": "datetime", "format": "%d.%m.%y %H:%M %z"}, "a day with its time, like 26.07.21 14:30 +0000"),
        (
            {"type": "datetime", "constraints": {"minimum": "2020-01-01T00:00:00"}},
            "a day with its time, like 2020-01-01T00:00:00",
        ),
        ({"type": "time"}, "a time of day, like 14:30:00"),
        ({"type": "time", "format": "any"}, "a time of day, like 14:30:00"),
        ({"type": "time", "format": "%H.%M"}, "a time of day, like 14.30"),
        ({"type": "year"}, "a year, like 2021"),
        ({"type": "yearmonth"}, "a month of a year, like 2021-07"),
        ({"type": "duration"}, "a length of time, like P1DT2H"),
        ({"type": "geopoint"}, "a longitude and a latitude, like -90.5,14.6"),
        ({"type": "geopoint", "format": "array"}, "a longitude and a latitude, like [-90.5, 14.6]"),
        (
            {"type": "geopoint", "format": "object"},
            'a longitude and a latitude, like {"lon": -90.5, "lat": 14.6}',
        ),
        ({"type": "geojson"}, 'a shape in GeoJSON, like {"type": "Point", "coordinates": [-90.5, 14.6]}'),
        (
            {"type": "geojson", "format": "topojson"},
            'a shape in TopoJSON, like {"type": "Topology", "objects": {}, "arcs": []}',
        ),
        ({"type": "object"}, 'a JSON object, like {"a": 1}'),
        ({"type": "array"}, "a JSON list, like [1, 2]"),
        ({"type": "array", "arrayItem": {"type": "date", "format": "%d/%m/%Y"}}, 'a JSON list, like ["26/07/2021"]'),
        ({"type": "list", "itemType": "boolean"}, "a list, like true,true"),
        ({"type": "duration", "constraints": {"minimum": "P10D"}}, "a length of time"),
        ({"type": "list", "itemType": "integer", "constraints": {"enum": ["1,2"]}}, "a list"),
        ({"type": "object", "constraints": {"jsonSchema": {"required": ["b"]}}}, "a JSON object"),
        ({"type": "string", "format": "email"}, "an address of mail, like name@example.org"),
        ({"type": "string", "format": "uri"}, "an address of the web, like https://example.org/page"),
        ({"type": "string", "format": "uuid"}, "a UUID, like 123e4567-e89b-12d3-a456-426614174000"),
        ({"type": "list", "itemType": "date", "delimiter": ";"}, "a list, like 2021-07-26;2021-07-26"),
    ],
    ids=str,
)
def test_what_is_shown_as_an_example_is_read_by_the_field(tmp_path: Path, field: dict[str, Any], told: str) -> None:
    (tmp_path / "t.csv").write_text("a\n!\n", encoding="utf-8")
    (tmp_path / "s.json").write_text(json.dumps({"fields": [{"name": "a"} | field]}), encoding="utf-8")
    (one,) = Answer(
        list(targets.results(str(tmp_path / "t.csv"), str(tmp_path / "s.json"), reference_only=False, remote=False))
    ).all()
    assert one.expected == told
    _, like, example = told.partition(", like ")
    shown = [example] if like else told.split(" or ") if " or " in told else []
    read = [Field.from_descriptor({"name": "a"} | field).read_cell(text) for text in shown]
    assert [(value is None, notes) for value, notes in read] == [(False, None)] * len(shown)
    form = f"like {example}" if like else f"as {told}"
    assert one.hint == (f"Write it {form}." if shown else "Write the cell in the form named.")


def judged_alone(tmp_path: Path, field: dict[str, Any], cell: str) -> list[Finding]:
    """Return what is wrong with a table that has one cell."""
    (tmp_path / "t.csv").write_text(f"a\n{cell}\n", encoding="utf-8")
    (tmp_path / "s.json").write_text(json.dumps({"fields": [{"name": "a"} | field]}), encoding="utf-8")
    asked = {"reference_only": False, "remote": False}
    return list(Answer(list(targets.results(str(tmp_path / "t.csv"), str(tmp_path / "s.json"), **asked))).all())


@pytest.mark.parametrize(
    ("kind", "form", "mended", "cell"),
    [
        ("date", "DD/MM/YYYY", "%d/%m/%Y", "02/05/1971"),
        ("date", "yyyy-mm-dd", "%Y-%m-%d", "1971-05-02"),
        ("date", "D MMM YY", "%d %b %y", "2 May 71"),
        ("date", "Day, then month", "%Y-%m-%d", "1971-05-02"),
        ("time", "HH:MM:SS", "%H:%M:%S", "14:30:00"),
        ("datetime", "YYYY-MM-DDTHH:mm:ssZ", "%Y-%m-%dT%H:%M:%SZ", "1971-05-02T14:30:00Z"),
        ("datetime", "YYYYMMDD", "%Y%m%d", "19710502"),
    ],
)
def test_a_format_without_a_directive_is_mended_in_the_schema_and_is_no_example(
    tmp_path: Path, kind: str, form: str, mended: str, cell: str
) -> None:
    field = {"name": "a", "type": kind, "format": form}
    (found,) = judged_alone(tmp_path, field, cell)
    assert found.hint.startswith(f'Mend the schema: the format "{form}" has no directive, such as %')
    assert found.hint.endswith(f'; write it as "{mended}".')
    assert form not in found.expected
    assert "like" not in found.expected
    assert Field.from_descriptor(field).read_cell(cell)[1] is not None
    assert Field.from_descriptor(field | {"format": mended}).read_cell(cell)[1] is None


@pytest.mark.parametrize(
    ("field", "cell", "hint"),
    [
        (
            {"type": "date"},
            "2023-02-30",
            "There is no such day: mend the numbers, which are to stand as in 2021-07-26.",
        ),
        ({"type": "date", "format": "any"}, "1980-13-01", "There is no such day"),
        ({"type": "date", "format": "%d.%m.%Y"}, "31.02.2023", "There is no such day"),
        ({"type": "date"}, "31.02.2023", "Write it like 2021-07-26."),
        ({"type": "date"}, "2023-2-30", "Write it like 2021-07-26."),
        ({"type": "datetime"}, "2023-02-28T24:30:00Z", "There is no such day or time"),
        ({"type": "time"}, "12:60:00", "There is no such time"),
        ({"type": "yearmonth"}, "2023-13", "There is no such month"),
        ({"type": "integer"}, "4_", "Write it like 42."),
    ],
    ids=str,
)
def test_a_cell_that_is_written_as_it_should_be_is_told_that_there_is_no_such_day(
    tmp_path: Path, field: dict[str, Any], cell: str, hint: str
) -> None:
    (found,) = judged_alone(tmp_path, field, cell)
    assert found.rule == "table.type"
    assert found.hint.startswith(hint)


@pytest.mark.parametrize(
    ("header", "hints"),
    [
        ("a,c", {"c": 'The field "c" is in the schema at position 3: put the columns in the order of the schema'}),
        ("a,,b,c", {"c": 'The field "c" is in the schema at position 3: '}),
        ("a,b,new,c", {"c": 'The field "c" is in the schema at position 3: ', "new": "Rename the column, or put"}),
        ("c,b", {"c": 'The field "c" is in the schema at position 3: '}),
        ("a,b,c,new", {"new": "Remove the column, or add its field to the schema."}),
        ("a,b,c,a", {"a": "Remove the column, or add its field to the schema."}),
        ("a,b", {}),
    ],
)
def test_a_column_in_another_place_is_told_where_the_schema_has_its_field(
    tmp_path: Path, header: str, hints: dict[str, str]
) -> None:
    (tmp_path / "t.csv").write_text(header + "\n", encoding="utf-8")
    (tmp_path / "s.json").write_text('{"fields": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}', encoding="utf-8")
    found = targets.results(str(tmp_path / "t.csv"), str(tmp_path / "s.json"), reference_only=False, remote=False)
    told = list(Answer(list(found)).all())
    of_label = {one.value: one.hint for one in told if one.rule in ("table.extra-label", "table.incorrect-label")}
    assert [label for label, hint in hints.items() if not of_label[label].startswith(hint)] == []
    missing = {one.field: one.hint for one in told if one.rule == "table.missing-label"}
    assert {field for field, hint in missing.items() if "is in the header at position" in hint} == (
        missing.keys() & set(header.split(","))
    )


def test_columns_in_another_order_are_good_where_the_schema_says_what_the_hint_says(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("b,a\n1,2\n", encoding="utf-8")
    schema: dict[str, Any] = {"fields": [{"name": "a"}, {"name": "b"}]}
    counts = []
    for more in ({}, {"fieldsMatch": ["equal"]}):
        (tmp_path / "s.json").write_text(json.dumps(schema | more), encoding="utf-8")
        found = targets.results(str(tmp_path / "t.csv"), str(tmp_path / "s.json"), reference_only=False, remote=False)
        counts.append([one.hint.partition("write ")[2] for one in Answer(list(found)).all()])
    assert counts == [['"fieldsMatch": ["equal"] into the schema where the order does not matter.'] * 2, []]


def test_a_list_is_told_as_it_stands_in_the_file_and_what_is_asked_of_its_items_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"a": [1, 2]}\n', encoding="utf-8")
    schema = {"fields": [{"name": "a", "type": "array", "arrayItem": {"type": "object"}}]}
    (tmp_path / "s.json").write_text(json.dumps(schema), encoding="utf-8")
    (found,) = Answer(
        list(targets.results(str(tmp_path / "t.jsonl"), str(tmp_path / "s.json"), reference_only=False, remote=False))
    ).all()
    assert (found.value, found.cells) == ("[1, 2]", ["[1, 2]"])
    assert found.message.startswith('Type error in the cell "[1, 2]" in row "2"')
    assert found.expected == 'in each item of the list, a JSON object, like {"a": 1}'
    assert found.hint == 'Write each item like {"a": 1}.'


MENDED = {
    "empty.csv": "Put a header and rows into the file.",
    "gone.xlsx": "Put the file where its description says, or mend the path.",
    "gone.parquet": "Put the file where its description says, or mend the path.",
    "gone.jsonl": "Put the file where its description says, or mend the path.",
    "bad.xlsx": "Save the table anew in the format that the name of the file says.",
    "bad.parquet": "Save the table anew in the format that the name of the file says.",
    "bad.jsonl": "Write one JSON object into each line.",
}
"""How to mend a file that has no table in it, or is none."""


@pytest.mark.parametrize("name", MENDED)
def test_a_file_without_a_table_is_mended_as_its_cause_asks(tmp_path: Path, name: str) -> None:
    if not name.startswith("gone"):
        (tmp_path / name).write_text("" if name.startswith("empty") else "no", encoding="utf-8")
    told = {"name": "t", "path": name, "schema": {"fields": [{"name": "a", "type": "integer"}]}}
    (tmp_path / "resource.json").write_text(json.dumps(told), encoding="utf-8")
    found = list(targets.results(str(tmp_path / "resource.json"), None, reference_only=False, remote=False))
    assert [(one.rule, one.hint) for one in Answer(found).all()] == [("table.source", MENDED[name])]


@pytest.mark.parametrize(
    ("field", "cell", "hint"),
    [
        ({"type": "duration", "constraints": {"minimum": "P5D"}}, "P1D", "Mend the value."),
        (
            {"type": "object", "constraints": {"jsonSchema": {"$ref": "https://example.org/no.json"}}},
            "{}",
            "Write what the JSON Schema refers to into it; nothing is fetched.",
        ),
        (
            {"type": "datetime", "constraints": {"minimum": "2020-01-01T00:00:00"}},
            "2021-01-01T00:00:00Z",
            "Write the cell and the bound in one way: both with a time zone, or both without.",
        ),
    ],
    ids=["duration", "reference", "time zone"],
)
def test_a_cell_is_mended_as_its_cause_asks(tmp_path: Path, field: dict[str, Any], cell: str, hint: str) -> None:
    (tmp_path / "t.csv").write_text(f"a\n{cell}\n", encoding="utf-8")
    (tmp_path / "s.json").write_text(json.dumps({"fields": [{"name": "a"} | field]}), encoding="utf-8")
    found = targets.results(str(tmp_path / "t.csv"), str(tmp_path / "s.json"), reference_only=False, remote=False)
    answer = Answer(list(found))
    assert [one.hint for one in answer.all()] == [hint]
    assert written(answer, "github").splitlines()[0].endswith(f". {hint}")


class Walked(list[Result]):
    """Tables that count how often they are walked through."""

    walks = 0

    def __iter__(self) -> Iterator[Result]:
        self.walks += 1
        return super().__iter__()


@pytest.mark.parametrize("number", [2, 200])
def test_an_answer_of_many_tables_is_told_in_a_time_that_grows_with_their_number(number: int) -> None:
    tables = Walked(Result(f"t{one}", f"t{one}.csv", last=[Fault("row-count", "")]) for one in range(number))
    answer = Answer(tables, limit=1)
    assert [one.table for one in answer.all()] == ["t0"]
    assert written(answer, "frictionless").count('"valid": false') == number + 1
    assert tables.walks < 10


# The bar


def shown(*, terminal: bool) -> str:
    """Return what a console shows of a file that is being read."""
    out = io.StringIO()
    with progress.bar(Console(file=out, force_terminal=terminal, width=80)):
        file = reading.watched(io.BytesIO(b"x" * 100), "table.csv", 100)
        file.read(50)
        reading.rows("other.gz", 3000)
    return out.getvalue()


def test_a_bar_tells_how_far_a_file_is_read_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0)
    assert "table.csv" in shown(terminal=True)
    assert "50%" in shown(terminal=True)
    assert "3,000 rows" in shown(terminal=True)
    assert shown(terminal=False) == ""


def test_what_is_read_at_once_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 3600)
    assert shown(terminal=True) == ""
