"""The judges that are held side by side: each asked as much of the same Table Schemas as it knows, in its own fast way.

A judge is made by a function that imports what it needs and returns what judges a package and counts the errors, so
that imports are no part of what is measured. Judges of whole columns are given texts, as the engine is.
"""

import csv
import json
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

Judge = Callable[[Path], int | None]
DAY = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
SHAPES = {
    "integer": r"^-?\d+$",
    "number": r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$",
    "date": f"^{DAY}$",
    "datetime": rf"^{DAY}T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$",
    "year": r"^\d{4}$",
    "uri": r"^[a-zA-Z][a-zA-Z0-9+.-]*://\S+$",
    "email": r"^[^@\s]+@[^@\s]+\.[a-z]+$",
}
CHUNK = 10_000


class Asked(NamedTuple):
    """What judges of texts are asked of a column."""

    name: str
    required: bool
    unique: bool
    shape: str | None
    choices: list[str] | None
    least: Any


class Tabled(NamedTuple):
    """A table of a package."""

    path: Path
    fields: list[dict[str, Any]]
    asked: list[Asked]


def tables_of(package: Path) -> Iterator[Tabled]:
    """Yield the tables of a package that are CSV."""
    for one in json.loads(package.read_text(encoding="utf-8"))["resources"]:
        if Path(one["path"]).suffix == ".csv":
            key = one["schema"].get("primaryKey", [])
            alone = {key} if isinstance(key, str) else set(key if len(key) == 1 else ())
            fields = one["schema"]["fields"]
            yield Tabled(package.with_name(one["path"]), fields, [_asked(field, alone) for field in fields])


def _asked(field: dict[str, Any], keys: set[str]) -> Asked:
    rules = field.get("constraints", {})
    flag = ["true", "false"] if field["type"] == "boolean" else None
    choices = [str(one) for one in rules["enum"]] if "enum" in rules else flag
    unique = bool(rules.get("unique")) or field["name"] in keys
    return Asked(field["name"], bool(rules.get("required")), unique, _shape(field), choices, rules.get("minimum"))


def _shape(field: dict[str, Any]) -> str | None:
    rules = field.get("constraints", {})
    if "pattern" in rules:
        return f"^(?:{rules['pattern']})$"
    if {"minLength", "maxLength"} & set(rules):
        return f"(?s)^.{{{rules.get('minLength', 0)},{rules.get('maxLength', '')}}}$"
    return SHAPES.get(field.get("format", field["type"]), SHAPES.get(field["type"]))


def engine() -> Judge:
    """Return our own."""
    from flows.validate.engine import columns, reference, targets  # noqa: F401 - columns are imported for large files
    from flows.validate.engine.answers import Answer

    _whole(reference.system)

    def judge(package: Path) -> int | None:
        return Answer(list(targets.results(str(package), None, reference_only=False, remote=False))).total

    return judge


def frictionless() -> Judge:
    """Return the reference."""
    from flows.validate.engine import reference

    _whole(reference.system)
    return lambda package: sum(len(one.errors) for one in reference.judged(reference.Package(str(package))))


def _whole(system: Any) -> None:
    """Let frictionless import what it otherwise does when it meets the first name, address or schema."""
    from frictionless.platform import platform

    for name in ("slugify.slugify", "text_unidecode"):
        import_module(name)
    _ = system.plugins, platform.jsonschema, platform.rfc3986, platform.validators
    _ = platform.dateutil_parser, platform.isodate


def pydantic() -> Judge:
    """Return a model of a row, asked of ten thousand at once."""
    from pydantic import TypeAdapter, ValidationError

    def judge(package: Path) -> int | None:
        found = 0
        for table in tables_of(package):
            many: Any = list[_model(table)]  # type: ignore[misc] # made from a schema
            adapter = TypeAdapter(many)
            with table.path.open(encoding="utf-8", newline="") as file:
                rows = csv.DictReader(file)
                while chunk := [{name: cell or None for name, cell in row.items()} for row in islice(rows, CHUNK)]:
                    try:
                        adapter.validate_python(chunk)
                    except ValidationError as error:
                        found += error.error_count()
        return found

    return judge


def _model(table: Tabled) -> Any:
    from datetime import date, datetime
    from decimal import Decimal
    from typing import Annotated, Literal

    from pydantic import AnyUrl, Field
    from typing_extensions import TypedDict

    kinds = {"integer": int, "number": Decimal, "date": date, "datetime": datetime, "boolean": bool, "year": int}
    fields: dict[str, Any] = {}
    for field, asked in zip(table.fields, table.asked, strict=True):
        kind: Any = kinds.get(field["type"], str)
        least = kind.fromisoformat(asked.least) if kind in (date, datetime) and asked.least else asked.least
        if kind is str and asked.choices:
            kind = Literal[tuple(asked.choices)]
        elif field.get("format") == "uri":
            kind = AnyUrl
        elif kind is str and asked.shape:
            kind = Annotated[str, Field(pattern=asked.shape)]
        kind = kind if least is None else Annotated[kind, Field(ge=least)]
        fields[asked.name] = kind if asked.required else kind | None
    return TypedDict("Row", fields)  # type: ignore[operator] # the fields are those of a schema


def great_expectations() -> Judge:
    """Return suites on frames of pandas."""
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig

    core = gx.expectations.core

    def asked_of(one: Asked) -> Iterator[Any]:
        if one.required:
            yield core.ExpectColumnValuesToNotBeNull(column=one.name)
        if one.unique:
            yield core.ExpectColumnValuesToBeUnique(column=one.name)
        if one.choices:
            yield core.ExpectColumnValuesToBeInSet(column=one.name, value_set=one.choices)
        elif one.shape:
            yield core.ExpectColumnValuesToMatchRegex(column=one.name, regex=one.shape)

    def judge(package: Path) -> int | None:
        context, found = gx.get_context(mode="ephemeral"), 0
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        for number, table in enumerate(tables_of(package)):
            frame = pd.read_csv(table.path, dtype=str, keep_default_na=False, na_values=[""])
            asset = context.data_sources.add_pandas(str(number)).add_dataframe_asset("rows")
            batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
            suite = gx.ExpectationSuite(
                name=str(number), expectations=[e for one in table.asked for e in asked_of(one)]
            )
            found += sum(int(one.result.get("unexpected_count", 0)) for one in batch.validate(suite).results)
        return found

    return judge


def _texts(path: Path) -> Any:
    import polars as pl

    return pl.read_csv(path, infer_schema=False)


def _at_least(one: Asked, column: Any) -> Any:
    """Return whether texts of polars are numbers, or days, from a least one on, or none at all."""
    import polars as pl

    number = isinstance(one.least, int | float)
    return ((column.cast(pl.Float64, strict=False) if number else column) >= one.least).fill_null(value=True)


def pandera() -> Judge:
    """Return schemas of pandera on frames of polars."""
    import pandera.polars as pa
    import polars as pl
    from pandera.errors import SchemaErrors

    def column(one: Asked) -> Any:
        checks = [pa.Check.str_matches(one.shape)] if one.shape and not one.choices else []
        checks += [pa.Check.isin(one.choices)] if one.choices else []
        if one.least is not None:
            checks.append(pa.Check(lambda data: data.lazyframe.select(_at_least(one, pl.col(data.key)))))
        return pa.Column(str, checks, nullable=not one.required, unique=one.unique)

    def judge(package: Path) -> int | None:
        found = 0
        for table in tables_of(package):
            try:
                pa.DataFrameSchema({one.name: column(one) for one in table.asked}).validate(
                    _texts(table.path), lazy=True
                )
            except SchemaErrors as error:
                found += len(error.failure_cases)
        return found

    return judge


def pointblank() -> Judge:
    """Return plans of pointblank on frames of polars."""
    import pointblank as pb
    import polars as pl

    def asked_of(plan: Any, one: Asked) -> Any:
        plan = plan.col_vals_not_null(one.name) if one.required else plan
        plan = plan.rows_distinct([one.name]) if one.unique else plan
        if one.choices:
            plan = plan.col_vals_in_set(one.name, [*one.choices, *([] if one.required else [None])])
        elif one.shape:
            plan = plan.col_vals_regex(one.name, one.shape, na_pass=True)
        return plan if one.least is None else plan.col_vals_expr(_at_least(one, pl.col(one.name)))

    def judge(package: Path) -> int | None:
        found = 0
        for table in tables_of(package):
            plan = pb.Validate(_texts(table.path))
            for one in table.asked:
                plan = asked_of(plan, one)
            found += sum(plan.interrogate(collect_extracts=False, collect_tbl_checked=False).n_failed().values())
        return found

    return judge


def dataframely() -> Judge:
    """Return schemas of dataframely on frames of polars."""
    import dataframely as dy

    def column(one: Asked) -> Any:
        check = {}
        if one.least is not None:
            check["least"] = lambda col: _at_least(one, col)
        if one.choices:
            check["choices"] = lambda col: col.is_in(one.choices)
        regex = None if one.choices else one.shape
        return dy.String(nullable=not one.required, unique=one.unique, regex=regex, check=check or None)

    def judge(package: Path) -> int | None:
        found = 0
        for table in tables_of(package):
            schema: Any = type("Rows", (dy.Schema,), {one.name: column(one) for one in table.asked})
            found += sum(schema.filter(_texts(table.path))[1].counts().values())
        return found

    return judge


TYPES = {"integer": "Int64", "date": "Date", "number": "Float64", "boolean": "Boolean", "year": "Int64"}


def polars() -> Judge:
    """Return a typed read by polars, which says nothing."""
    import polars as pl

    def judge(package: Path) -> int | None:
        for table in tables_of(package):
            types = {field["name"]: getattr(pl, TYPES.get(field["type"], "String")) for field in table.fields}
            pl.read_csv(table.path, schema=types, ignore_errors=True)
        return None

    return judge


KINDS = {"integer": "BIGINT", "date": "DATE", "number": "DOUBLE", "boolean": "BOOLEAN", "datetime": "TIMESTAMPTZ"}


def duckdb() -> Judge:
    """Return a typed scan by duckdb, which says nothing."""
    import duckdb as db

    def judge(package: Path) -> int | None:
        for table in tables_of(package):
            types = {field["name"]: KINDS.get(field["type"], "VARCHAR") for field in table.fields}
            counts = ", ".join(f'count("{name}")' for name in types)
            db.connect().execute(
                f"SELECT {counts} FROM read_csv('{table.path}', header=true, columns={types}, ignore_errors=true)"
            ).fetchall()
        return None

    return judge


JUDGES: dict[str, Callable[[], Judge]] = {
    "engine": engine,
    "frictionless": frictionless,
    "pydantic": pydantic,
    "great expectations on pandas": great_expectations,
    "pandera on polars": pandera,
    "pointblank on polars": pointblank,
    "dataframely": dataframely,
    "polars, typed read": polars,
    "duckdb, typed scan": duckdb,
}
