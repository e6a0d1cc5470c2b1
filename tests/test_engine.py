"""The table engine says what frictionless says: the same errors, in the same order, of tables good, bad and odd."""

import csv
import io
import json
import re
import subprocess
import sys
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from frictionless import Error, Report, errors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.validate.engine import (
    cells,
    comparing,
    delimited,
    links,
    masks,
    reference,
    references,
    results,
    run,
    screen,
    targets,
)
from flows.validate.engine.answers import Answer
from flows.validate.engine.beyond import V2
from flows.validate.engine.blocks import Block
from flows.validate.engine.digests import PARTS, SIZE, Digests
from flows.validate.engine.faults import Fault, RowLog
from flows.validate.engine.masks import asked, numbers, texts, times
from flows.validate.engine.patterns import linear
from schemas.tablerules import TABLE_RULES, TableRule, rule_id
from tests import random_tables
from tests.bench import tables
from tests.random_tables import FORMATS, GOOD_BOUNDS, MISSING, PATTERNS, POOLS, STRING_POOLS, Case

FIXED = 300
"""Seeds that every run of the tests judges; `make fuzz` judges twenty thousand."""


def table(cells: list[list[str]], *fields: dict[str, Any], block: int = 1 << 16, **more: Any) -> Case:
    """Return a case of `fields` with rows of `cells`."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([[field["name"] for field in fields], *cells])
    schema = {"fields": list(fields)} | more
    descriptor = {"name": "table", "path": "table.csv", "schema": schema, "encoding": "utf-8", "dialect": {}}
    return Case(out.getvalue().encode(), descriptor, block)


def column(field: dict[str, Any], cells: list[str], **more: Any) -> Case:
    """Return a case of one column with a good one beside it, so that no row is blank."""
    return table([[cell, "x"] for cell in cells], field, {"name": "beside", "type": "string"}, **more)


@pytest.mark.parametrize("seed", range(FIXED))
def test_a_random_table_is_judged_as_frictionless_judges_it(tmp_path: Path, seed: int) -> None:
    assert random_tables.difference(tmp_path, random_tables.case(Random(1_000_000 + seed))) is None


@pytest.mark.parametrize("seed", range(FIXED))
def test_random_values_are_judged_as_frictionless_judges_them(tmp_path: Path, seed: int) -> None:
    assert random_tables.difference(tmp_path, random_tables.values(Random(2_000_000 + seed))) is None


def test_a_list_is_told_as_it_came(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"f": [1, 2]}\n', encoding="utf-8")
    fields = [{"name": "f", "type": "array", "arrayItem": {"type": "string"}}]
    described = {"name": "t", "path": "t.jsonl", "schema": {"fields": fields}}
    (error,) = results.told(run.check(reference.Resource.from_descriptor(described, basepath=str(tmp_path))))
    assert (error[1], error[2].cell) == (["[1, 2]"], "[1, 2]")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False, note_method_calls=False))
def test_a_table_that_hypothesis_makes_is_judged_as_frictionless_judges_it(tmp_path: Path, random: Random) -> None:
    assert random_tables.difference(tmp_path, random_tables.case(random)) is None


TYPES = [(kind, form) for kind in POOLS for form in FORMATS.get(kind, ["default"]) if form != "wkt"]
"""Every type and format; what reads WKT is no part of frictionless as it is installed."""


@cache
def corpus(kind: str, form: str) -> list[Case]:
    """Return the ways in which a field of a type and format is asked: those that nothing dies of side by side."""
    pool = STRING_POOLS.get(form, POOLS[kind]) if kind == "string" else POOLS[kind]
    cells = [cell for cell in ["", *pool, *pool[:4], " ", "x", "NA"] if cell != "sNaN"]
    base: dict[str, Any] = {"name": "f", "type": kind} | ({} if form == "default" else {"format": form})
    asked: list[dict[str, Any]] = [{}, {"required": True}]
    asked += [] if kind == "list" else [{"enum": pool[:3]}]
    if kind in ("string", "array", "object", "list"):
        asked += [{"minLength": 2}, {"maxLength": 2}]
    if kind == "string":
        asked += [{"pattern": pattern} for pattern in PATTERNS]
    fields: list[dict[str, Any]] = [base | {"constraints": rules} for rules in asked]
    fields += [base | options for options in OPTIONS.get(kind, ())]
    fields += [base | {"missingValues": one} for one in MISSING]
    fields = [field | {"name": f"f{place}"} for place, field in enumerate(fields)]
    side_by_side = table([[cell] * len(fields) for cell in cells], *fields)
    return [side_by_side, *bounded(kind, base, cells)]


def bounded(kind: str, base: dict[str, Any], cells: list[str]) -> list[Case]:
    """Return a case for each bound, of cells that frictionless can compare with it, and one that asks for no repeats."""
    read = reference.Schema.from_descriptor({"fields": [base]}).fields[0].create_value_reader()
    found = []
    bounds = [
        bound
        for bound in [*GOOD_BOUNDS.get(kind, ()), *BOUNDS_BY_FORM.get(base.get("format", ""), ())]
        if read(bound) is not None
    ]
    for rule, bound in ((rule, bound) for rule in asked.BOUND_NAMES for bound in bounds):
        zone = getattr(read(bound), "tzinfo", None) is None
        there = [
            cell
            for cell in cells
            if ("nan" not in cell.lower() and (getattr(read(cell), "tzinfo", None) is None) == zone)
            or read(cell) is None
        ]
        case = column(base | {"constraints": {rule: bound}}, there)
        found.append(case._replace(descriptor={"$schema": f"{V2}dataresource.json"} | case.descriptor))
    unique = kind not in ("array", "object", "geojson", "list")
    return found + ([column(base | {"constraints": {"unique": True}}, cells)] if unique else [])


BOUNDS_BY_FORM = {
    "%d/%m/%Y": ["31/12/2020"],
    "%d.%m.%Y": ["02.01.2020"],
    "%Y%m%d": ["20200102"],
    "%b %d %Y": ["Jan 5 2020"],
    "%d/%m/%Y %H:%M:%S": ["31/01/2020 10:20:30"],
    "%Y-%m-%d %H:%M:%S": ["2020-01-31 10:20:30"],
    "%H:%M": ["10:20"],
    "%H.%M.%S": ["10.20.30"],
}
"""Bounds that are written as a format has it."""
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "boolean": [{"trueValues": ["yes", "ja"], "falseValues": ["no"]}],
    "integer": [{"bareNumber": False}],
    "list": [{"itemType": "integer", "delimiter": ";"}, {"itemType": "date"}, {"itemType": "boolean"}],
    "number": [
        {"bareNumber": False},
        {"decimalChar": ","},
        {"decimalChar": ""},
        {"groupChar": ","},
        {"decimalChar": ",", "groupChar": "."},
        {"floatNumber": True},
        {"floatNumber": True, "constraints": {"enum": ["0.3"]}},
    ],
    "array": [{"arrayItem": {"type": "integer"}}],
}


@pytest.mark.parametrize(("kind", "form"), TYPES)
def test_every_type_and_format_is_judged_as_frictionless_judges_it(tmp_path: Path, kind: str, form: str) -> None:
    assert [told for case in corpus(kind, form) if (told := random_tables.difference(tmp_path, case, alive=True))] == []


# A mask that is broken on purpose is found out.


def letting_all_pass(_: Any) -> asked.Mask:
    """Return a mask that proves nothing and passes everything."""
    return lambda _: (None, None)


def first_found(folder: Path, *kinds: str) -> str | None:
    """Return the first difference that the corpora of some types show."""
    cases = (case for of, form in TYPES if of in kinds for case in corpus(of, form))
    return next((told for case in cases if (told := random_tables.difference(folder, case))), None)


@pytest.mark.parametrize("kind", masks.MASKS)
def test_a_mask_that_passes_what_it_should_not_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setitem(masks.MASKS, kind, letting_all_pass)
    assert first_found(tmp_path, kind)


def nothing_wrong(*_: Any) -> None:
    """Return that no cell is suspect."""


def every(values: Any, _: Any) -> Any:
    """Return that every value is within a bound."""
    return values == values  # noqa: PLR0124 - an array of truth


BROKEN: list[tuple[tuple[ModuleType, str], Any, str]] = [
    ((masks, "_required"), lambda screen: screen, "integer"),
    *(((numbers, "outside"), nothing_wrong, kind) for kind in ("integer", "year")),
    *(((times, "outside"), nothing_wrong, kind) for kind in ("date", "datetime")),
    ((numbers, "_beyond"), nothing_wrong, "number"),
    ((texts, "_length"), nothing_wrong, "string"),
    ((numbers, "_short"), lambda column: cells.lengths(column) >= 0, "number"),
    ((numbers, "int_enum"), lambda values: None if values is None else cells.integers(np.arange(1000)), "integer"),
    ((numbers, "int_enum"), lambda values: None if values is None else cells.integers(np.arange(3000)), "year"),
    ((times, "TIME"), "", "time"),
    ((times, "YEARMONTH"), "", "yearmonth"),
    ((times, "DURATION"), "", "duration"),
    ((times, "DURATION_PART"), "", "duration"),
    ((texts, "GEOPOINT"), "", "geopoint"),
    ((texts, "EMAIL_BYTES"), 1 << 20, "string"),
    ((times, "FIRST_DAY"), -(1 << 40), "date"),
    ((times, "_by_format"), letting_all_pass, "date"),
    ((times, "_by_format"), letting_all_pass, "datetime"),
    ((times, "_by_format"), letting_all_pass, "time"),
]
"""A part of a mask, what it is broken into, and a type whose cells show it."""


@pytest.mark.parametrize(("part", "broken_part", "kind"), BROKEN)
def test_a_part_of_a_mask_that_is_broken_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: tuple[ModuleType, str], broken_part: Any, kind: str
) -> None:
    monkeypatch.setattr(*part, broken_part)
    assert first_found(tmp_path, kind)


@pytest.mark.parametrize("name", asked.COMPARE)
def test_a_bound_that_is_not_looked_at_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(asked.COMPARE, name, every)
    assert first_found(tmp_path, "integer")


@pytest.mark.parametrize("form", texts.FORMATS)
def test_a_format_that_is_not_looked_at_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setitem(texts.FORMATS, form, nothing_wrong)
    assert any(random_tables.difference(tmp_path, case) for case in corpus("string", form))


SHAPES = [
    *(numbers.INTEGER, numbers.NUMBER, texts.GEOPOINT, times.DAY, times.INSTANT, times.LOCAL, times.TIME),
    *(times.YEARMONTH, times.DURATION),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_that_lets_anything_through_is_found_out_or_only_opens_what_is_cast_next(shape: str) -> None:
    """A shape that is cast afterwards only spares work; the others are all there is between a cell and a pass."""
    assert re.compile(shape.replace(r"\z", r"\Z")).match("anything, and more") is None


# Where blocks end


ODD_ENDS = b'id,name\r\n1,"a\r\nb"\r\n\r\n2,c\r\n"3","d""e"\r\n4\r\n5,f,g\r\n6,"x,y"\r\n7,\xc3\xa9\r\n8,"'


@pytest.mark.parametrize("block", range(1, len(ODD_ENDS) + 1))
def test_where_a_block_ends_changes_nothing(tmp_path: Path, block: int) -> None:
    schema = {"fields": [{"name": "id", "type": "integer"}, {"name": "name", "type": "string"}], "primaryKey": ["id"]}
    descriptor = {"name": "t", "path": "table.csv", "schema": schema, "encoding": "utf-8", "dialect": {}}
    assert random_tables.difference(tmp_path, Case(ODD_ENDS, descriptor, block)) is None


@pytest.mark.parametrize(
    "declared", ["ascii", "us-ascii", "utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le"]
)
@pytest.mark.parametrize("written", ["ascii", "utf-8", "utf-8-sig", "latin-1", "utf-16"])
@pytest.mark.parametrize("block", [7000, 1 << 20])
def test_a_file_of_another_encoding_than_it_says_is_judged_as_by_frictionless(
    tmp_path: Path, declared: str, written: str, block: int
) -> None:
    rows = "".join(f"{one},name {one}\n" for one in range(2000)) + ("" if written == "ascii" else "2000,ä\n")
    schema = {"fields": [{"name": "id", "type": "integer"}, {"name": "name", "type": "string"}]}
    descriptor = {"name": "t", "path": "table.csv", "schema": schema, "encoding": declared, "dialect": {}}
    assert random_tables.difference(tmp_path, Case(f"id,name\n{rows}".encode(written), descriptor, block)) is None


# Keys


def test_keys_that_python_holds_equal_are_met_twice_however_they_are_written(tmp_path: Path) -> None:
    number = column({"name": "f", "type": "number", "constraints": {"unique": True}}, ["1", "1.0", "1e0", "01", "nan", "nan", "inf", "1e400", "1e401"])  # fmt: skip
    integer = column({"name": "f", "type": "integer", "constraints": {"unique": True}}, ["1", " 1", "+1", "٣", "3", "1_0", "10", "99999999999999999999", "99999999999999999999"])  # fmt: skip
    moment = column({"name": "f", "type": "datetime", "constraints": {"unique": True}}, ["2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", "2020-01-01T00:00:00"])  # fmt: skip
    assert [random_tables.difference(tmp_path, case) for case in (number, integer, moment)] == [None] * 3


def test_keys_that_go_to_disk_are_met_twice_as_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.validate.engine.keys.IN_MEMORY", 7)
    random = Random(3)
    fields = [{"name": name, "type": kind} for name, kind in (("a", "integer"), ("b", "string"))]
    rows = [[str(random.randrange(40)), random.choice("abcd")] for _ in range(200)]
    assert random_tables.difference(tmp_path, table(rows, *fields, block=64, primaryKey=["a", "b"])) is None


@pytest.mark.parametrize("seed", range(20))
def test_keys_that_are_read_row_by_row_go_to_disk_and_are_told_apart_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("flows.validate.engine.seen.IN_MEMORY", 3)
    random = Random(seed)
    kinds = random.choice([("number", "date"), ("integer", "string"), ("boolean", "datetime"), ("duration", "time")])
    fields: list[dict[str, Any]] = [
        {"name": "a", "type": kinds[0], "constraints": {"unique": True}},
        {"name": "b", "type": kinds[1]},
    ]
    cells = [[cell for cell in POOLS[kind] if cell != "sNaN"] for kind in kinds]
    rows = [[random.choice(cells[0]), random.choice(cells[1])] for _ in range(60)]
    keys = [{"fields": ["b"], "reference": {"resource": "", "fields": ["b"]}}]
    make = random_tables.resource(tmp_path, table(rows, *fields, primaryKey=["a", "b"], foreignKeys=keys))
    assert random_tables.engine(make, 100, fast=False)[0] == random_tables.frictionless(make)
    assert random_tables.engine(make, 100, fast=True)[0] == random_tables.frictionless(make)


@pytest.mark.parametrize("names", [["id"], ["code"], ["id", "code"]])
def test_keys_that_are_referred_to_go_to_disk_and_are_found_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    monkeypatch.setattr(references, "IN_MEMORY", 200)
    random = Random(5)
    fields = [
        {"name": name, "type": "integer" if "id" in name else "string"} for name in ("id", "code", "aid", "acode")
    ]
    rows = [[str(random.randint(-9, 999)), random.choice("abcdef")] for _ in range(400)]
    rows = [[*row, *random.choice([*rows[:300], ["5000", "a"], ["", ""], ["7", ""]])] for row in rows]
    keys = [{"fields": [f"a{name}" for name in names], "reference": {"resource": "", "fields": names}}]
    case = table(rows, *fields, block=500, foreignKeys=keys)
    assert random_tables.difference(tmp_path, case) is None
    told, _ = random_tables.engine(random_tables.resource(tmp_path, case), 500)
    assert bool(told) == (names != ["code"])


def test_a_key_on_disk_is_looked_up_without_reading_the_part_that_it_is_in() -> None:
    keys = Digests([pa.int64()])
    keys.add([cells.integers(np.arange(1_000_000))])
    there = references.there(keys.finish())
    found = [there((7,)), there((1_000_000,)), there((1 << 64,))]
    tracemalloc.start()
    found.append(there((999_999,)))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [True, False, False, True]
    assert most < 1_000_000 * SIZE / PARTS / 10


def test_a_foreign_key_of_numbers_that_no_column_holds_is_judged_as_frictionless_judges_it(tmp_path: Path) -> None:
    fields = [{"name": "id", "type": "integer"}, {"name": "parent", "type": "integer"}]
    keys = [{"fields": ["parent"], "reference": {"resource": "", "fields": ["id"]}}]
    rows = [["1", "9223372036854775808"], ["2", "1"], ["3", "5"]]
    assert random_tables.difference(tmp_path, table(rows, *fields, foreignKeys=keys)) is None


ODD = 0.2
"""How often a package has a ragged row, or a number that no column holds."""
PACKAGE_FIELDS = [{"name": "id", "type": "integer"}, {"name": "code", "type": "string"}]


@pytest.mark.parametrize("in_memory", [references.IN_MEMORY, 0])
@pytest.mark.parametrize("seed", range(25))
def test_keys_between_the_tables_of_a_package_are_judged_as_frictionless_judges_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, in_memory: int
) -> None:
    monkeypatch.setattr(references, "IN_MEMORY", in_memory)
    random = Random(seed)
    names = random.sample(["id", "code"], random.randint(1, 2))
    keys = [{"fields": names, "reference": {"resource": "parents", "fields": names}}]
    schemas = {"parents": {"fields": PACKAGE_FIELDS}, "children": {"fields": PACKAGE_FIELDS, "foreignKeys": keys}}
    resources = []
    for name, schema in schemas.items():
        rows = [[random.choice(["1", "2", " 3", "x", "", "9"]), random.choice(["a", "b", "", "é"])] for _ in range(9)]
        rows += [row for row in (["4"], ["5", "c", "d"], ["9223372036854775808", "e"]) if random.random() < ODD]
        text = "id,code\n" + "".join(",".join(row) + "\n" for row in rows)
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        resources.append({"name": name, "path": f"{name}.csv", "schema": schema, "dialect": {}, "encoding": "utf-8"})

    def make() -> Any:
        return reference.Package.from_descriptor({"resources": resources}, basepath=str(tmp_path))

    theirs = random_tables.frictionless(make)
    for fast in (False, True):
        for others in (None, results.Others()):
            found = [
                one for each in make().resources for one in results.told(run.check(each, fast=fast, others=others))
            ]
            assert found == theirs


def test_ragged_rows_that_two_threads_look_up_at_once_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.validate.engine.delimited.BLOCK", 1 << 16)
    many, fields = 400_000, [{"name": "id", "type": "integer"}, {"name": "of", "type": "integer"}]
    keys = [{"fields": ["of"], "reference": {"resource": "parents", "fields": ["id"]}}]
    (tmp_path / "parents.csv").write_text("id,of\n" + "".join(f"{one},\n" for one in range(many)), encoding="utf-8")
    ragged = ["1,5\n" * 20_000, *["1,5,x\n" + "1,6\n" * 20_000] * 6]
    (tmp_path / "children.csv").write_text("id,of\n" + "".join(ragged), encoding="utf-8")
    resources = [
        {"name": "parents", "path": "parents.csv", "schema": {"fields": fields}},
        {"name": "children", "path": "children.csv", "schema": {"fields": fields, "foreignKeys": keys}},
    ]
    package = reference.Package.from_descriptor({"resources": resources}, basepath=str(tmp_path))
    result = run.check(package.get_resource("children"))
    assert (result.handed.files, [one.type for _, one in result.errors()]) == ([], ["extra-cell"] * 6)


GOOD_LINES = b'{"n": 1}\n' * 3000
BAD_LINES = {
    "a line that is no JSON": b'{"n": \n',
    "a byte that is no text": b'{"n": "\xff"}\n',
    "half a letter": b'{"n": "\\ud800"}\n',
    "half a letter in a name": b'{"n": 1, "\\ud800": 1}\n',
    "a line that is deep": b'{"n": ' + b"[" * 100_000 + b"\n",
    "a line that is no object": b"[1]\n",
}


@pytest.mark.parametrize("many", [0, 200, 3000])
@pytest.mark.parametrize("what", BAD_LINES)
def test_a_line_of_json_lines_that_cannot_be_read_is_told_as_an_error_of_the_source(
    tmp_path: Path, what: str, many: int
) -> None:
    good = GOOD_LINES[: many * 9]
    (tmp_path / "t.jsonl").write_bytes(good + BAD_LINES[what] + GOOD_LINES)
    described = {"name": "t", "path": "t.jsonl", "schema": {"fields": [{"name": "n", "type": "any"}]}}
    result = run.check(reference.Resource.from_descriptor(described, basepath=str(tmp_path)))
    (told,) = result.errors()
    assert (told[1].type, f"line {many + 1} " in told[1].note) == ("source-error", True)


@pytest.mark.parametrize("name", ["t.jsonl", "t.parquet", "t.xlsx"])
def test_a_file_that_is_missing_costs_its_own_table_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "u.csv").write_text("n\n1\n", encoding="utf-8")
    schema = {"fields": [{"name": "n", "type": "integer"}]}
    resources = [{"name": path[0], "path": path, "schema": schema} for path in (name, "u.csv")]
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": resources}), encoding="utf-8")
    results = targets.results(str(tmp_path), None, reference_only=False, remote=False)
    assert [[one.type for one in result.first] for result in results] == [["source-error"], []]


def wide(rows: list[list[Any]], *names: str) -> Callable[[], Iterator[list[Any]]]:
    """Return a source of rows in memory."""
    return lambda: iter([list(names), *rows])


@pytest.mark.parametrize("in_memory", [references.IN_MEMORY, 0])
@pytest.mark.parametrize("parents", [int, str, float])
def test_keys_of_any_type_are_told_apart_in_rows_of_pythons_values(
    monkeypatch: pytest.MonkeyPatch, in_memory: int, parents: type
) -> None:
    monkeypatch.setattr(references, "IN_MEMORY", in_memory)
    fields = [{"name": "id", "type": "any"}, {"name": "of", "type": "any"}]
    keys = [{"fields": ["of"], "reference": {"resource": "", "fields": ["id"]}}]
    rows = [[parents(number), parents(number // 2)] for number in range(2500)] + [[parents(3), 4]]
    rows += [["3", 2500.5], ["1", 1, "x"], [None, "2499"], [parents(2500), ["2500"]], [parents(2501), "2501"]]
    for more in ({"primaryKey": ["id"]}, {"foreignKeys": keys}):
        make = partial(reference.of_rows, "t", wide(rows, "id", "of"), {"fields": fields} | more)
        slow, quick = (results.told(run.check(make(), fast=fast)) for fast in (False, True))
        assert quick == slow
        assert quick


def test_keys_of_json_lines_without_a_type_are_met_once_and_found(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text("".join(f'{{"id": {one}}}\n' for one in range(2500)), encoding="utf-8")
    (tmp_path / "c.jsonl").write_text("".join(f'{{"of": {one}}}\n' for one in range(2501)), encoding="utf-8")
    key = {"fields": ["of"], "reference": {"resource": "p", "fields": ["id"]}}
    resources = [
        {"name": "p", "path": "p.jsonl", "schema": {"fields": [{"name": "id"}], "primaryKey": ["id"]}},
        {"name": "c", "path": "c.jsonl", "schema": {"fields": [{"name": "of"}], "foreignKeys": [key]}},
    ]
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": resources}), encoding="utf-8")
    results = targets.results(str(tmp_path), None, reference_only=False, remote=False)
    assert [[(row.row if row else None, one.type) for row, one in result.errors()] for result in results] == [
        [], [(2502, "foreign-key")]
    ]  # fmt: skip


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(
    ("lines", "again"),
    [
        (["[1]", '"[1]"', '{"x": 1}', '"{\\"x\\": 1}"', "[[1]]", '[{"x": 1}]', "[]", "{}"], []),
        (["[1]", "[1.0]", '{"x": [1], "y": 2}', '{"y": 2.0, "x": [1]}', "[true]", "[[], 1]", "[[1]]"], [3, 5, 6]),
    ],
)  # fmt: skip
def test_lists_and_objects_are_met_twice_where_python_holds_them_equal_and_are_no_texts(
    tmp_path: Path,
    lines: list[str],
    again: list[int],
    fast: bool,  # noqa: FBT001 - a case of the test
) -> None:
    (tmp_path / "t.jsonl").write_text("".join(f'{{"a": {one}}}\n' for one in lines), encoding="utf-8")
    schema = {"fields": [{"name": "a", "type": "any", "constraints": {"unique": True}}]}
    (tmp_path / "s.json").write_text(json.dumps(schema), encoding="utf-8")
    with reference.system.use_context(trusted=True):
        (one,) = targets.named(str(tmp_path / "t.jsonl"), str(tmp_path / "s.json"), reference_only=False, remote=False)
        assert isinstance(one, targets.Named)
        result = run.check(one.resource, others=one.others, fast=fast)
    assert [(row.row if row else None, one.type) for row, one in result.errors()] == [
        (row, "unique-error") for row in again
    ]
    assert not result.handed.files


@pytest.mark.parametrize("target", ["datapackage.json", "children.csv", "parents.csv"])
@pytest.mark.parametrize("fast", [False, True])
def test_a_number_whose_digits_are_grouped_is_found_by_those_who_refer_to_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    fast: bool,  # noqa: FBT001 - a case of the test
) -> None:
    monkeypatch.setattr(run, "SMALL", 0 if fast else run.SMALL)
    number = {"type": "integer", "groupChar": ","}
    fields = [number | {"name": "id"}, number | {"name": "of"}]
    keys = [[{"fields": ["of"], "reference": {"resource": name, "fields": ["id"]}}] for name in ("", "parents")]
    resources = [
        {"name": name, "path": f"{name}.csv", "schema": {"fields": fields, "foreignKeys": key}}
        for name, key in zip(("parents", "children"), keys, strict=True)
    ]
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": resources}), encoding="utf-8")
    (tmp_path / "parents.csv").write_text('id,of\n"1,000",1000\n1001,"1,000"\n', encoding="utf-8")
    (tmp_path / "children.csv").write_text('id,of\n1,"1,000"\n2,1000\n3,"1,001"\n4,1002\n', encoding="utf-8")
    results = list(targets.results(str(tmp_path / target), None, reference_only=False, remote=False))
    wrong = {result.name: [row.row if row else None for row, _ in result.errors()] for result in results}
    assert wrong == {name: told for name, told in (("parents", []), ("children", [5])) if name in wrong}
    assert wrong


# Every rule


def broken(folder: Path, rule: TableRule) -> tuple[Path, Path]:
    """Return the smallest file that breaks a rule, and its schema."""
    data, schema = folder / "table.csv", folder / "schema.json"
    data.write_bytes(rule.data.encode("utf-8", "surrogateescape"))
    schema.write_text(json.dumps(rule.schema), encoding="utf-8")
    return data, schema


DESCRIPTIONS = (
    "field-error", "schema-error", "resource-error", "dialect-error", "control-error", "package-error", "metadata-error",
)  # fmt: skip
"""What frictionless calls faults of a description: no row is looked at then."""
BREAKABLE = [rule for rule in TABLE_RULES.values() if not rule.unbroken]
ASKED = [rule for rule in BREAKABLE if not rule.beyond and rule.error not in DESCRIPTIONS]
OF_DESCRIPTIONS = [rule for rule in BREAKABLE if not rule.beyond and rule.error in DESCRIPTIONS]
BEYOND_RULES = [rule for rule in BREAKABLE if rule.beyond]


@pytest.mark.parametrize("rule", ASKED, ids=lambda rule: rule.id)
def test_the_smallest_file_that_breaks_a_rule_breaks_it_alone_and_as_frictionless_says(
    tmp_path: Path, rule: TableRule
) -> None:
    broken(tmp_path, rule)
    told: dict[str, Any] = {"name": "t", "path": "table.csv", "schema": rule.schema, "encoding": "utf-8", **rule.more}

    def make() -> Any:
        return reference.described_resource(told, str(tmp_path))

    for fast in (False, True):
        result = run.check(make(), fast=fast)
        assert {rule_id(fault.type, fault.note) for _, fault in result.errors()} == {rule.id}
        assert {fault.type for _, fault in result.errors()} == {rule.error}
        assert results.told(result) == random_tables.frictionless(make)


@pytest.mark.parametrize("rule", OF_DESCRIPTIONS, ids=lambda rule: rule.id)
def test_the_smallest_description_that_breaks_a_rule_breaks_it_alone(tmp_path: Path, rule: TableRule) -> None:
    broken(tmp_path, rule)
    told = {"name": "t", "path": "table.csv", "schema": rule.schema, **rule.more}
    told = {"resources": [told], **rule.whole} if rule.whole else told
    (tmp_path / "resource.json").write_text(json.dumps(told), encoding="utf-8")
    for by_reference in (False, True):
        found = targets.results(str(tmp_path / "resource.json"), None, reference_only=by_reference, remote=True)
        faults = [fault for result in found for _, fault in result.errors()]
        assert {fault.type for fault in faults} == {rule.error}
        assert {rule_id(fault.type, fault.note) for fault in faults} == {rule.id}


@pytest.mark.parametrize("rule", BEYOND_RULES, ids=lambda rule: rule.id)
def test_the_smallest_file_that_breaks_a_rule_beyond_frictionless_breaks_it_alone_and_is_told_so(
    tmp_path: Path, rule: TableRule
) -> None:
    data, schema = map(str, broken(tmp_path, rule))
    answer = Answer(list(targets.results(data, schema, reference_only=False, remote=False)))
    assert {(found.rule, found.beyond) for found in answer.all()} == {(rule.id, True)}
    by_reference = Answer(list(targets.results(data, schema, reference_only=True, remote=False)))
    assert rule.id not in by_reference.rules


OF_NO_TABLE = {
    "blank-header",  # frictionless takes an empty first line for a header of no columns, of which it says nothing
    "cell-error", "data-error", "file-error", "header-error", "label-error", "row-error", "table-error",  # kinds of errors
    "ascii-value", "deviated-cell", "deviated-value", "duplicate-row", "forbidden-value", "required-value",
    "row-constraint", "sequential-value", "table-dimensions", "truncated-value",  # checks that one has to ask for
    "catalog-error", "check-error", "checklist-error", "dataset-error", "detector-error", "inquiry-error",
    "inquiry-task-error", "pipeline-error", "report-error", "report-task-error", "stats-error", "step-error",
}  # fmt: skip
"""Errors of frictionless that it says of no table, or of no description of one."""


def test_every_error_that_frictionless_says_of_a_table_has_a_page() -> None:
    known = {one.type for one in vars(errors).values() if isinstance(one, type(Error)) and issubclass(one, Error)}
    assert known == OF_NO_TABLE | {rule.error for rule in TABLE_RULES.values() if rule.error}


def test_a_difference_from_frictionless_is_told_by_a_rule_that_has_a_page(tmp_path: Path) -> None:
    resource = random_tables.resource(tmp_path, table([["x"]], INTEGERS))()
    result = run.check(resource)
    result.log = RowLog()  # as if the engine had not found the bad cell
    result.last += comparing.compared(result, resource)
    (told,) = Answer([result]).all()
    assert (told.rule, told.hint) == ("table.reference", TABLE_RULES["table.reference"].hint)
    assert "the engine says nothing more, frictionless says type-error in row 2" in told.message


# What is handed over


GOOD_CELLS: dict[str, str] = {
    "any": "x", "boolean": "true", "date": "2020-01-31", "datetime": "2020-01-31T10:20:30Z", "duration": "P1D",
    "geopoint": "1,2", "integer": "42", "list": "a,b", "number": "1.5", "string": "é", "time": "10:20:30",
    "year": "2020", "yearmonth": "2020-01",
}  # fmt: skip


def test_a_clean_file_of_known_types_is_handed_over_nowhere(tmp_path: Path) -> None:
    fields: list[dict[str, Any]] = [{"name": kind, "type": kind} for kind in GOOD_CELLS]
    fields += [{"name": form, "type": "string", "format": form} for form in ("uri", "email", "uuid", "binary")]
    fields += [{"name": "least", "type": "number", "constraints": {"minimum": 0}}]
    row = [*GOOD_CELLS.values(), "https://a.b/c", "a@b.co", STRING_POOLS["uuid"][0], "YQ==", "0.0"]
    case = table([row, row], *fields)
    _, result = random_tables.engine(random_tables.resource(tmp_path, case), 1 << 16)
    assert (list(result.errors()), result.rows, result.handed) == ([], 2, results.Handed())


def test_what_is_handed_over_is_told(tmp_path: Path) -> None:
    case = table([["{}", "1"], ["{}", "x"]], {"name": "o", "type": "object"}, {"name": "i", "type": "integer"})
    _, result = random_tables.engine(random_tables.resource(tmp_path, case), 1 << 16)
    assert list(result.handed.columns) == ["o"]
    assert result.handed.rows == 2
    sparse = case._replace(descriptor=case.descriptor | {"dialect": {"skipBlankRows": True}})
    _, result = random_tables.engine(random_tables.resource(tmp_path, sparse), 1 << 16)
    assert result.handed.files == ["its dialect leaves rows out"]


# Beyond the reference


def told_beyond(folder: Path, descriptor: dict[str, Any], data: str) -> list[tuple[str, int | None, str]]:
    """Return the rules that a resource breaks, with row and field."""
    (folder / "table.csv").write_text(data, encoding="utf-8", newline="")
    (folder / "resource.json").write_text(json.dumps({"name": "t", "path": "table.csv"} | descriptor), encoding="utf-8")
    results = targets.results(str(folder / "resource.json"), None, reference_only=False, remote=False)
    return [(found.rule, found.row, found.field) for found in Answer(list(results)).all()]


INTEGERS: dict[str, Any] = {"name": "n", "type": "integer"}
BEYOND: dict[str, tuple[dict[str, Any], str, list[tuple[str, int | None, str]]]] = {
    "unique keys": (
        {"schema": {"fields": [INTEGERS, INTEGERS | {"name": "m"}], "uniqueKeys": [["n", "m"]]}},
        "n,m\n1,1\n1,2\n1,1\n1,\n1,\n",
        [("table.unique-key", 4, "n, m")],
    ),
    "a unique key of a field that is not there": (
        {"schema": {"fields": [INTEGERS, INTEGERS | {"name": "m"}], "uniqueKeys": [["n", "x"], "m"]}},
        "n,m\n1,1\n1,1\n",
        [("table.constraint-refused", None, "n, x"), ("table.unique-key", 3, "m")],
    ),
    "categories": (
        {"schema": {"fields": [{"name": "s", "type": "string", "categories": ["a", {"value": "b", "label": "B"}]}]}},
        "s\na\nb\nc\n",
        [("table.categories", 4, "s")],
    ),
    "categories and a list of values": (
        {
            "schema": {
                "fields": [
                    {"name": "s", "type": "string", "categories": ["a", "b"], "constraints": {"enum": ["b", "c"]}},
                    INTEGERS | {"categories": [{"value": 1, "label": "one"}], "constraints": {"enum": [1, 2]}},
                ]
            }
        },
        "s,n\nb,1\na,1\nc,2\n,\n",
        [
            ("table.constraint.enum", 3, "s"),
            ("table.categories", 4, "s"),
            ("table.categories", 4, "n"),
            ("table.blank-row", 5, ""),
        ],
    ),
    "the groups of an integer": (
        {"schema": {"fields": [INTEGERS | {"groupChar": ","}]}},
        'n\n"1,000"\n"1.000"\n',
        [("table.type", 3, "n")],
    ),
    "the groups of an integer and missing values": (
        {
            "schema": {
                "fields": [
                    INTEGERS | {"groupChar": ",", "constraints": {"minimum": "-9,000"}},
                    INTEGERS | {"name": "m", "groupChar": ",", "constraints": {"enum": ["1,000", 2]}},
                    INTEGERS | {"name": "k"},
                ],
                "missingValues": ["", "-9,999", "-7"],
                "primaryKey": "n",
            }
        },
        'n,m,k\n"1,000",1000,1\n",",2,1\n"-9,999",2,1\n"-9,998",2,1\n-9999,3,1\n"-,7",2,1\n"10,00",2,1\n',
        [
            ("table.type", 3, "n"),
            ("table.primary-key", 3, "n"),
            ("table.primary-key", 4, "n"),
            ("table.constraint.minimum", 5, "n"),
            ("table.constraint.minimum", 6, "n"),
            ("table.constraint.enum", 6, "m"),
            ("table.primary-key", 8, "n"),
        ],
    ),
    "a null sequence": (
        {"schema": {"fields": [INTEGERS, INTEGERS | {"name": "m"}]}, "dialect": {"csv": {"nullSequence": "\\N"}}},
        "n,m\n1,\\N\n2,N\n",
        [("table.type", 3, "m")],
    ),
    "a null sequence beside missing values with labels": (
        {
            "schema": {
                "fields": [INTEGERS, INTEGERS | {"name": "m", "missingValues": [{"value": "-"}, {"value": "\\N"}]}],
                "missingValues": [{"value": "NA", "label": "not asked"}],
            },
            "dialect": {"nullSequence": "\\N"},
        },
        "n,m\n1,\\N\n\\N,-\nNA,1\n\\N,NA\n",
        [("table.blank-row", 3, ""), ("table.type", 5, "m")],
    ),
    "a JSON Schema": (
        {"schema": {"fields": [{"name": "o", "type": "object", "constraints": {"jsonSchema": {"required": ["a"]}}}]}},
        'o\n"{""a"": 1}"\n{}\n',
        [("table.constraint.jsonSchema", 3, "o")],
    ),
    "a JSON Schema that refers to itself and to a standard, with properties called as its keywords are": (
        {
            "schema": {
                "fields": [
                    {
                        "name": "o",
                        "type": "object",
                        "constraints": {
                            "jsonSchema": {
                                "$id": "https://example.org/s.json",
                                "properties": {
                                    "pattern": {"$ref": "s.json#/$defs/text"},
                                    "$ref": {"$ref": "#text"},
                                    "is": {"$ref": "https://json-schema.org/draft/2020-12/schema"},
                                },
                                "$defs": {"text": {"$anchor": "text", "type": "string"}},
                            }
                        },
                    }
                ]
            }
        },
        'o\n"{""pattern"": ""a"", ""$ref"": ""b"", ""is"": {}}"\n"{""pattern"": 1}"\n"{""$ref"": 1}"\n"{""is"": 1}"\n',
        [("table.constraint.jsonSchema", row, "o") for row in (3, 4, 5)],
    ),
    "bounds of a duration": (
        {"schema": {"fields": [{"name": "d", "type": "duration", "constraints": {"maximum": "P1D"}}]}},
        "d\nPT24H\nPT25H\n",
        [("table.constraint.maximum", 3, "d")],
    ),
    "a field without a type": ({"schema": {"fields": [{"name": "x"}]}}, "x\n1\n", []),
    "a list of a list": (
        {"schema": {"fields": [{"name": "l", "type": "list", "constraints": {"enum": [["a", "b"]], "unique": True}}]}},
        'l\n"a,b"\na\n"a,b"\n',
        [("table.constraint.enum", 3, "l"), ("table.unique", 4, "l")],
    ),
    "a list as it is written": (
        {"schema": {"fields": [{"name": "l", "type": "list", "constraints": {"enum": ["a,b", ["c"]]}}]}},
        'l\n"a,b"\nc\n"b,a"\n',
        [("table.constraint.enum", 4, "l")],
    ),
    "a list of numbers": (
        {
            "schema": {
                "fields": [{"name": "l", "type": "list", "itemType": "number", "constraints": {"enum": [[1.5, 2]]}}]
            }
        },
        'l\n"1.5,2"\n"1.50,2.0"\n"2,1.5"\n',
        [("table.constraint.enum", 4, "l")],
    ),
    "a list of instants": (
        {
            "schema": {
                "fields": [
                    {
                        "name": "l",
                        "type": "list",
                        "itemType": "datetime",
                        "constraints": {"enum": [["2020-01-01T00:00:00Z"]]},
                    }
                ]
            }
        },
        "l\n2020-01-01T00:00:00Z\n2020-01-01T00:00:00\n",
        [("table.constraint.enum", 3, "l")],
    ),
    "categories of numbers that are written as text": (
        {
            "schema": {
                "fields": [
                    INTEGERS | {"categories": ["01"], "constraints": {"enum": [1, 2]}},
                    INTEGERS | {"name": "m", "categories": ["01"]},
                ]
            }
        },
        "n,m\n1,1\n2,2\n",
        [("table.categories", 3, "n"), ("table.categories", 3, "m")],
    ),
    "exclusive bounds": (
        {"schema": {"fields": [INTEGERS | {"constraints": {"exclusiveMinimum": 1}}]}},
        "n\n2\n1\n",
        [("table.constraint.minimum", 3, "n")],
    ),
    "unique arrays": (
        {"schema": {"fields": [{"name": "a", "type": "array", "constraints": {"unique": True}}]}},
        'a\n[1]\n"[1, 2]"\n[ 1]\n',
        [("table.unique", 4, "a")],
    ),
    "a bound that is none": (
        {"schema": {"fields": [INTEGERS | {"constraints": {"minimum": "low"}}]}},
        "n\n1\n",
        [("table.constraint-refused", None, "n")],
    ),
    "a bound of another kind of time": (
        {"schema": {"fields": [{"name": "t", "type": "datetime", "constraints": {"minimum": "2020-01-01T00:00:00"}}]}},
        "t\n2021-01-01T00:00:00\n2021-01-01T00:00:00Z\n",
        [("table.cell-error", 3, "t")],
    ),
    "a signalling NaN": (
        {"schema": {"fields": [{"name": "x", "type": "number", "constraints": {"unique": True}}]}},
        "x\nsNaN\nsNaN\n1\n",
        [],
    ),
    "a pattern that cannot be read": (
        {"schema": {"fields": [{"name": "s", "type": "string", "constraints": {"pattern": "(a"}}]}},
        "s\na\n",
        [("table.constraint-refused", None, "s")],
    ),
    "a pattern that repeats too often in all": (
        {"schema": {"fields": [{"name": "s", "type": "string", "constraints": {"pattern": "(?:[a-z]{60}){60}"}}]}},
        "s\na\n",
        [("table.constraint-refused", None, "s")],
    ),
    "a pattern that is too large": (
        {"schema": {"fields": [{"name": "s", "type": "string", "constraints": {"pattern": r"\w{1,500}"}}]}},
        "s\na\n",
        [("table.constraint-refused", None, "s")],
    ),
    "a pattern in a JSON Schema that Python's engine would not end with": (
        {
            "schema": {
                "fields": [
                    {"name": "o", "type": "array", "constraints": {"jsonSchema": {"items": {"pattern": "^(a+)+$"}}}}
                ]
            }
        },
        f'o\n"[""{"a" * 999}""]"\n"[""{"a" * 999}!""]"\n',
        [("table.constraint.jsonSchema", 3, "o")],
    ),
    "a JSON Schema with patterns of names": (
        {
            "schema": {
                "fields": [
                    {"name": "o", "type": "object", "constraints": {"jsonSchema": {"patternProperties": {"a": {}}}}}
                ]
            }
        },
        "o\n{}\n",
        [("table.constraint-refused", None, "o")],
    ),
    "a JSON Schema with data that looks like patterns": (
        {
            "schema": {
                "fields": [
                    {
                        "name": "o",
                        "type": "object",
                        "constraints": {
                            "jsonSchema": {
                                "properties": {"patternProperties": {"type": "string"}, "pattern": {"type": "string"}},
                                "default": {"patternProperties": {}},
                                "not": {"enum": [{"pattern": "(?=x)"}]},
                            }
                        },
                    }
                ]
            }
        },
        'o\n"{""pattern"": ""(""}"\n"{""patternProperties"": 1}"\n',
        [("table.constraint.jsonSchema", 3, "o")],
    ),
    "a row that breaks a unique key and two fields": (
        {"schema": {"fields": [INTEGERS, INTEGERS | {"name": "m"}, INTEGERS | {"name": "k"}], "uniqueKeys": [["k"]]}},
        "n,m,k\n1,2,3\nx,y,3\n",
        [("table.type", 3, "n"), ("table.type", 3, "m"), ("table.unique-key", 3, "k")],
    ),
    "a pattern that looks ahead": (
        {"schema": {"fields": [{"name": "s", "type": "string", "constraints": {"pattern": "(?=a)a"}}]}},
        "s\na\n",
        [("table.constraint-refused", None, "s")],
    ),
}


def asking(kind: str, **constraints: Any) -> dict[str, Any]:
    """Return a description of a field with constraints."""
    return {"schema": {"fields": [{"name": "f", "type": kind, "constraints": constraints}]}}


ODD_ASKS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a bound that is no duration": (asking("duration", minimum="abc"), ["table.constraint-refused"]),
    "a list that is none": (asking("list", enum=5), ["table.constraint-refused"]),
    "a JSON Schema that is text": (asking("object", jsonSchema="x"), ["table.constraint-refused"]),
    "a JSON Schema of no type": (asking("array", jsonSchema={"type": 5}), ["table.constraint-refused"]),
    "a JSON Schema of a schema that is none": (
        asking("array", jsonSchema={"$schema": []}),
        ["table.constraint-refused"],
    ),
    "a JSON Schema that refers elsewhere": (
        asking("array", jsonSchema={"items": {"$ref": "https://example.org/x.json"}}),
        ["table.constraint-refused"],
    ),
    "a JSON Schema that refers to what is not in it": (
        asking("array", jsonSchema={"items": {"$ref": "#/$defs/no"}, "$defs": {"a": {"$ref": "#no"}}}),
        ["table.constraint-refused"],
    ),
    "unique keys that are numbers": (
        {"schema": {"fields": [{"name": "f"}], "uniqueKeys": [5, [5], ["f"]]}},
        ["table.constraint-refused", "table.constraint-refused"],
    ),
    "unique keys that are no list": (
        {"schema": {"fields": [{"name": "f"}], "uniqueKeys": 5}},
        ["table.constraint-refused"],
    ),
    "a unique key of no field": (
        {"schema": {"fields": [{"name": "f"}], "uniqueKeys": [[], ["f"]]}},
        ["table.constraint-refused"],
    ),
    "a severity that is none": (
        {"schema": {"fields": [{"name": "f", "communique:severity": "warn"}]}},
        ["table.field"],
    ),
    "a severity that is a list": (
        {"schema": {"fields": [{"name": "f", "communique:severity": ["error"]}]}},
        ["table.field"],
    ),
    "a message that is no text": (
        {"schema": {"fields": [{"name": "f", "communique:message": {"en": "No."}}]}},
        ["table.field"],
    ),
    "categories that are no list": (
        {"schema": {"fields": [{"name": "f", "type": "string", "categories": "x"}]}},
        ["table.field"],
    ),
    "categories without a value": (
        {"schema": {"fields": [{"name": "f", "type": "string", "categories": [{"label": "X"}]}]}},
        ["table.field"],
    ),
    "categories of another type": (
        {"schema": {"fields": [{"name": "f", "type": "integer", "categories": ["a"], "constraints": {"enum": [1]}}]}},
        ["table.field"],
    ),
    "a list of lists of another type": (
        {"schema": {"fields": [{"name": "f", "type": "list", "itemType": "date", "constraints": {"enum": [["a"]]}}]}},
        ["table.constraint-refused"],
    ),
    "missing values that are none": (
        {
            "schema": {"fields": [{"name": "f", "missingValues": None}], "missingValues": None},
            "dialect": {"nullSequence": "-"},
        },
        ["table.schema", "table.field"],
    ),
    "a type that is a list": (
        asking("string") | {"schema": {"fields": [{"name": "f", "type": ["x"]}]}},
        ["table.field"],
    ),
}


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("what", ODD_ASKS)
def test_what_cannot_be_asked_is_told_once_and_ends_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    fast: bool,  # noqa: FBT001 - a case of the test
) -> None:
    monkeypatch.setattr(run, "SMALL", 0 if fast else run.SMALL)
    descriptor, expected = ODD_ASKS[what]
    told = told_beyond(tmp_path, descriptor, "f\n[]\n{}\n")
    assert [rule for rule, _, _ in told if rule != "table.type"] == expected


@pytest.mark.parametrize("deep", [600, 200_000])
def test_a_description_that_is_nested_too_deep_is_no_description(tmp_path: Path, deep: int) -> None:
    schema = '{"fields": [{"name": "f"}], "more": ' + "[" * deep + "]" * deep + "}"
    for name in ("datapackage.json", "resource.json"):
        text = f'{{"name": "t", "path": "table.csv", "schema": {schema}}}'
        text = f'{{"resources": [{text}]}}' if name == "datapackage.json" else text
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / "table.csv").write_text("f\n1\n", encoding="utf-8")
        with pytest.raises(links.BadTarget, match=r"nested too deep|no JSON object"):
            list(targets.results(str(tmp_path / name), None, reference_only=False, remote=False))


def test_a_resource_that_is_no_object_is_handed_to_frictionless(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("f\n1\n", encoding="utf-8")
    entries = [5, {"name": "t", "path": "t.csv", "schema": {"fields": [{"name": "f"}]}}]
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": entries}), encoding="utf-8")
    (result,) = targets.results(str(tmp_path), None, reference_only=False, remote=False)
    assert [one.type for one in result.first] == ["package-error"]


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("what", BEYOND)
def test_what_the_standard_has_beyond_frictionless_is_judged(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    fast: bool,  # noqa: FBT001 - a case of the test
) -> None:
    monkeypatch.setattr(run, "SMALL", 0 if fast else run.SMALL)
    descriptor, data, expected = BEYOND[what]
    assert told_beyond(tmp_path, descriptor, data) == expected


def test_beyond_the_reference_nothing_is_asked_under_reference(tmp_path: Path) -> None:
    descriptor, data, _ = BEYOND["unique keys"]
    told_beyond(tmp_path, descriptor, data)
    results = list(targets.results(str(tmp_path / "resource.json"), None, reference_only=True, remote=False))
    assert [list(result.errors()) for result in results] == [[]]


@pytest.mark.parametrize("what", ["unique arrays", "a bound of another kind of time", "a pattern that cannot be read"])
def test_under_reference_what_frictionless_dies_of_is_told(tmp_path: Path, what: str) -> None:
    descriptor, data, _ = BEYOND[what]
    told_beyond(tmp_path, descriptor, data)
    (result,) = targets.results(str(tmp_path / "resource.json"), None, reference_only=True, remote=False)
    assert [one.note.partition(", for")[0] for one in result.first] == ["frictionless cannot judge it"]


def test_a_schema_that_is_none_is_told_as_an_error_of_the_data(tmp_path: Path) -> None:
    descriptor = {"schema": {"fields": [{"name": "s", "type": "nonsense"}]}}
    assert told_beyond(tmp_path, descriptor, "s\na\n") == [("table.field", None, "s")]


@pytest.mark.parametrize("fast", [False, True])
def test_a_pattern_cannot_hang_the_engine(tmp_path: Path, fast: bool) -> None:  # noqa: FBT001 - a case of the test
    field = {"name": "s", "type": "string", "constraints": {"pattern": "^(a+)+$"}}
    make = random_tables.resource(tmp_path, column(field, ["a" * 5000, "a" * 5000 + "!"]))
    told, _ = random_tables.engine(make, 1 << 16, fast=fast)
    assert [(row, fault.type) for row, _, fault in told] == [(3, "constraint-error")]


@pytest.mark.parametrize("pattern", [r"[A-Z][\w-]*(\s[\w-]+)*", r"(\w+ ){1,200}\w+", r"(\w+\.)+\w+"])
def test_a_pattern_is_made_ready_once_for_all_cells(tmp_path: Path, pattern: str) -> None:
    field = {"name": "s", "type": "string", "constraints": {"pattern": pattern}}
    make = random_tables.resource(tmp_path, column(field, [f"-{number}" for number in range(2000)]))
    linear.cache_clear()
    told, _ = random_tables.engine(make, 1 << 16, fast=False)
    assert (len(told), linear.cache_info().misses) == (2000, 1)


def test_a_steward_says_how_bad_an_error_is_and_what_to_tell(tmp_path: Path) -> None:
    field: dict[str, Any] = INTEGERS | {"communique:severity": "warning", "communique:message": "Ask the ministry."}
    (tmp_path / "table.csv").write_text("n\nx\n", encoding="utf-8")
    (tmp_path / "schema.json").write_text(json.dumps({"fields": [field]}), encoding="utf-8")
    results = targets.results(
        str(tmp_path / "table.csv"), str(tmp_path / "schema.json"), reference_only=False, remote=False
    )
    answer = Answer(list(results))
    assert [(found.severity, found.message) for found in answer.all()] == [("warning", "Ask the ministry.")]
    assert answer.valid


def test_there_is_no_cap_on_errors_and_the_last_checks_are_made(tmp_path: Path) -> None:
    case = column(INTEGERS, ["x"] * 1500)
    capped = case._replace(descriptor=case.descriptor | {"rows": 3})
    told, _ = random_tables.engine(random_tables.resource(tmp_path, capped), 1 << 16)
    assert len(told) == 1501
    assert told[-1][2] == Fault("row-count", 'expected is "3" and actual is "1500"')


# The report as frictionless has it


@pytest.mark.parametrize("seed", range(12))
def test_the_report_is_one_that_frictionless_opens_and_would_have_written(tmp_path: Path, seed: int) -> None:
    from flows import faces  # noqa: PLC0415 - the layer above

    make = random_tables.resource(tmp_path, random_tables.case(Random(seed)))
    theirs = random_tables.frictionless(make)
    if isinstance(theirs, random_tables.Crashed):
        pytest.skip("frictionless dies of this table")
    out = io.StringIO()
    faces.write("frictionless", Answer([run.check(make(), linear=False)]), out)
    report = Report.from_descriptor(json.loads(out.getvalue()))
    own = make().validate(limit_errors=1 << 31)
    assert [error.to_descriptor() for error in report.tasks[0].errors] == [
        error.to_descriptor() for task in own.tasks for error in task.errors
    ]


def test_a_small_table_is_judged_without_arrow_pandas_or_prefect(tmp_path: Path) -> None:
    data, schema = broken(tmp_path, TABLE_RULES["table.constraint.pattern"])
    program = (
        "import sys; from flows.cli import app\n"
        f"code = app(['validate', {str(data)!r}, '--schema', {str(schema)!r}], result_action='return_value')\n"
        "heavy = {'pyarrow', 'numpy', 'pandas', 'polars', 'prefect', 'great_expectations'}\n"
        "assert code == 1 and not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("in_memory", [references.IN_MEMORY, 0])
def test_a_large_table_is_judged_without_pandas(tmp_path: Path, in_memory: int) -> None:
    package = tables.write(tmp_path, 3000, 0.3)
    program = (
        "import sys; from flows.validate.engine import references, targets\n"
        f"references.IN_MEMORY = {in_memory}\n"
        f"found = list(targets.results({str(package)!r}, None, reference_only=False, remote=False))\n"
        "assert list(found[1].errors()) and not found[1].handed.files and 'pyarrow' in sys.modules\n"
        "assert 'pandas' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_block_is_let_go_before_the_next_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns: list[weakref.ref[Any]] = []
    alive: list[int] = []

    def block_of(*given: Any) -> Block:
        block = read_block(*given)
        columns.append(weakref.ref(block.columns[0]))
        return block

    def pieces(*given: Any) -> Iterator[Any]:
        for piece in read(*given):
            alive.append(sum(one() is not None for one in columns))
            yield piece

    read, read_block = delimited.pieces, delimited.read
    monkeypatch.setattr(delimited, "pieces", pieces)
    monkeypatch.setattr(delimited, "read", block_of)
    monkeypatch.setattr(screen, "AHEAD", 0)
    random_tables.engine(random_tables.resource(tmp_path, column(INTEGERS, ["1"] * 1000)), 100)
    assert (len(columns) > 20, 0 in alive[1:]) == (True, True)


def test_rows_that_are_wrong_and_have_a_key_again_are_told_as_frictionless_tells_them(tmp_path: Path) -> None:
    package = tables.write(tmp_path, 3000, 0.6)
    ours = [one for told in reference.Package(str(package)).resources for one in results.told(run.check(told))]
    assert ours == [one for told in reference.judged(reference.Package(str(package))) for one in told.errors]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("texts", [["a", "b"], ["a", 'b"c'], ["a", "b\nc"], ["a", ""]])
def test_a_row_whose_key_is_met_again_is_found_where_it_stands(tmp_path: Path, end: bytes, texts: list[str]) -> None:
    random = Random(5)
    fields = [{"name": "id", "type": "integer"}, {"name": "text", "type": "string"}]
    rows = [[str(random.randrange(300)), random.choice(texts)] for _ in range(200)]
    case = table([*rows, ["7"], ["", ""], ["7", "x", "y"]], *fields, block=256, primaryKey=["id"])
    assert random_tables.difference(tmp_path, case._replace(data=case.data.replace(b"\n", end)), alive=True) is None


def test_a_line_break_in_a_cell_is_no_end_of_a_record_where_records_end_in_another(tmp_path: Path) -> None:
    case = column(INTEGERS | {"constraints": {"unique": True}}, [])
    data = b'n,beside\r5,"\n\n"\r5,x\r'
    assert random_tables.difference(tmp_path, case._replace(data=data), alive=True) is None


def test_a_small_table_that_refers_to_a_large_one_is_judged_as_frictionless_judges_it(tmp_path: Path) -> None:
    package = tables.write(tmp_path, 60, 0.6)
    assert (tmp_path / "rows.csv").stat().st_size < run.SMALL < (tmp_path / "parents.csv").stat().st_size
    ours = [one for told in reference.Package(str(package)).resources for one in results.told(run.check(told))]
    assert ours == [one for told in reference.judged(reference.Package(str(package))) for one in told.errors]
    assert "foreign-key" in {one.type for _, _, one in ours}


def test_a_number_is_held_to_both_a_minimum_and_an_exclusive_one(tmp_path: Path) -> None:
    rules = {"exclusiveMinimum": 0, "minimum": "3.5", "exclusiveMaximum": 99, "maximum": 9}
    for found in (["1", "5"], ["5", "20"]):
        case = column({"name": "f", "type": "number", "constraints": rules}, found)
        case.descriptor["$schema"] = "https://datapackage.org/profiles/2.0/dataresource.json"
        theirs = random_tables.frictionless(random_tables.resource(tmp_path, case))
        assert not isinstance(theirs, random_tables.Crashed)
        assert theirs
        assert random_tables.difference(tmp_path, case) is None
