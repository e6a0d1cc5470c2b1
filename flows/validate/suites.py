"""Suites by Great Expectations: rules about whole tables, as data in `expectations/<table>.json`.

A suite is a list of Great Expectations' own expectations, each with `meta.id`, `meta.reason`, and a `severity`:
critical holds the candidate, warning and info are published with it. `meta.refuses_rows` makes a failed expectation
refuse the rows that fail it. An argument written `{"of": PARAMETER, "times": …, "plus": …}` takes a value of the run
or of the version before; `meta.needs` names the parameter without which the rule is skipped. Nothing is dropped in
silence: an unknown type or severity is a fault of the suite.
"""

import logging
import math
import os
import re
import warnings
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.registry import list_registered_expectation_implementations

from flows import profile
from flows.validate import expectations
from flows.validate.expectations import FOLDER, SOURCE_TYPES, SOURCES, Expectation, SuiteFault
from flows.validate.judge import Asked, Finding
from schemas.dataset import Dataset
from schemas.package import Profile
from schemas.report import Check, Problem, Provenance, Record, Severity, shown
from schemas.tableschema import types

ROW_NUMBER = "__row__"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

for noisy in ("great_expectations", "great_expectations.data_context.types.base"):
    logging.getLogger(noisy).setLevel(logging.ERROR)

Rows = dict[str, list[Record]]


def load(*folders: Path) -> list[Expectation]:
    """Return the expectations of every suite in `folders`, else of those that every dataset is judged by.

    SuiteFault names the file and the entry that is wrong.
    """
    return expectations.load(folders or (FOLDER,), set(list_registered_expectation_implementations()))


def parameters(
    dataset: Dataset, as_of: date, before: Profile | None, source_of: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the values of the run that a suite may name; `before` is the profile of the version before.

    as_of: the day of the run. oldest_allowed: that day less the dataset's max_age. previous: the version before.
    `source_of` names the source of each file.
    """
    values: dict[str, Any] = {"as_of": as_of, "source_of": source_of or {}}
    if dataset.freshness.max_age:
        values["oldest_allowed"] = as_of - timedelta(days=dataset.freshness.max_age)
    return values | ({"previous": before} if before else {})


def judge(rows: Rows, asking: list[Expectation], values: dict[str, Any]) -> Asked:
    """Return what the suites say of `rows`: rows to refuse, problems of tables, and a check for each expectation."""
    asked = Asked([], [], [])
    frames = _frames()
    for table, records in [*rows.items(), (SOURCES, _sources(rows["releases"], values))]:
        suite = [one for one in asking if one.table == table]
        ready = [one for one in suite if _ready(one, records, values, asked)]
        if ready:
            batch = frames.get_batch({"dataframe": _frame(table, records, ready)})
            _ask(batch, ready, records, values, asked)
    asked.checks.sort(key=lambda one: one.id)
    return asked


def _frames() -> Any:
    """Return what makes a batch of one frame after another: an asset for each would be 20 ms of configuration."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("all")


def _sources(releases: list[Record], values: dict[str, Any]) -> list[Record]:
    """Return a row a source and month that the version before has: its releases then and now, and the share kept."""
    before: Profile | None = values.get("previous")
    now = profile.months(releases, values.get("source_of", {}))
    return [
        Record(
            SOURCES,
            {
                "source": source,
                "month": month,
                "before": count,
                "releases": now.get(source, {}).get(month, 0),
                "kept": now.get(source, {}).get(month, 0) / count,
            },
            Provenance(file=source),
        )
        for source, counts in (before.sources if before else {}).items()
        for month, count in counts.items()
    ]


def _ready(one: Expectation, records: list[Record], values: dict[str, Any], asked: Asked) -> bool:
    """Return whether `one` can be asked; note why it is skipped where it cannot."""
    looked_at = _looked_at(one, records)
    need = one.meta.get("needs")
    if need and need not in values:
        asked.checks.append(_check(one, "skipped", 0, 0, f"{one.meta['without']} {one.meta['reason']}"))
    elif not looked_at:
        asked.checks.append(_check(one, "skipped", 0, 0, f"nothing to look at. {one.meta['reason']}"))
    return looked_at > 0 and not (need and need not in values)


def _looked_at(one: Expectation, records: list[Record]) -> int:
    """Return how many rows `one` looks at: all, or those where its column is filled; a count looks at the table."""
    if one.type.startswith("expect_table_"):
        return 1
    column = one.kwargs.get("column")
    if column is None or one.type in COUNTS_NULLS:
        return len(records)
    return sum(record.values.get(column) is not None for record in records)


COUNTS_NULLS = {"expect_column_values_to_not_be_null", "expect_column_values_to_be_null"}


def _ask(batch: Any, suite: list[Expectation], records: list[Record], values: dict[str, Any], asked: Asked) -> None:
    options = {"result_format": "COMPLETE", "unexpected_index_column_names": [ROW_NUMBER]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = gx.ExpectationSuite(name=suite[0].table, expectations=[_made(one, values) for one in suite])
        if len(made.expectations) != len(suite):
            raise SuiteFault(f"{suite[0].file}: two expectations are the same")
        results = batch.validate(made, result_format=options).results
    answers = {result.expectation_config.meta["id"]: result for result in results}
    for one in suite:
        _answer(one, answers[one.meta["id"]], records, asked)


def _made(one: Expectation, values: dict[str, Any]) -> Any:
    kwargs = {name: _value(one, value, values) for name, value in one.kwargs.items()}
    expectation = gx.expectations.core.__dict__[_class_name(one.type)]
    try:
        return expectation(**kwargs, meta={"id": one.meta["id"]}, severity=one.severity)
    except (ValueError, TypeError) as error:
        raise SuiteFault(f"{one.file}: {one.meta['id']}: {' '.join(str(error).split())}") from None


def _class_name(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split("_"))


def _value(one: Expectation, value: Any, values: dict[str, Any]) -> Any:
    """Return an argument as Great Expectations compares it: parameters as their values, days as instants."""
    if isinstance(value, dict) and "of" in value:
        found = _parameter(one, value["of"], values)
        value = found if isinstance(found, date) else max(found * value.get("times", 1) + value.get("plus", 0), 0)
        value = math.ceil(value) if isinstance(found, int) else value
    if isinstance(value, str) and DAY.fullmatch(value):
        value = date.fromisoformat(value)
    return datetime(value.year, value.month, value.day) if type(value) is date else value  # noqa: DTZ001 - as pandas


def _parameter(one: Expectation, name: str, values: dict[str, Any]) -> Any:
    """Return the value of a parameter: of the run, or of this table and column in the version before."""
    before: Profile | None = values.get("previous")
    if before and name == "previous_rows":
        return before.tables[one.table].rows
    if before and name == "previous_filled":
        return before.tables[one.table].filled.get(one.kwargs["column"], 0)
    if name in values:
        return values[name]
    raise SuiteFault(f"{one.file}: {one.rule} names {name!r}, which the run does not have; say so in meta.needs")


def _answer(one: Expectation, result: Any, records: list[Record], asked: Asked) -> None:
    if any(info.get("raised_exception") for info in _exceptions(result.exception_info)):
        raise SuiteFault(f"{one.file}: {one.rule} cannot be asked: {result.exception_info}")
    seen = result.result
    looked_at = (
        seen["element_count"] - seen.get("missing_count", 0) if "element_count" in seen else _looked_at(one, records)
    )
    if not looked_at:
        asked.checks.append(_check(one, "skipped", 0, 0, f"nothing to look at. {one.meta['reason']}"))
        return
    if result.success:
        asked.checks.append(_check(one, "passed", looked_at, 0, one.meta["reason"]))
        return
    found = seen.get("unexpected_index_list") or []
    numbers = sorted({entry[ROW_NUMBER] for entry in found})
    asked.checks.append(_check(one, "failed", looked_at, max(len(numbers), 1), one.meta["reason"]))
    if one.meta.get("refuses_rows") and numbers:
        asked.findings.extend(_finding(one, records[number]) for number in numbers)
    else:
        asked.problems.append(_problem(one, None, one.severity, _observed(one, result, len(numbers))))


def _exceptions(info: dict[str, Any]) -> list[dict[str, Any]]:
    return [info] if "raised_exception" in info else list(info.values())


def _finding(one: Expectation, record: Record) -> Finding:
    return record, _problem(one, record, "error", one.meta["reason"])


def _problem(one: Expectation, record: Record | None, severity: Severity, message: str) -> Problem:
    field = one.kwargs.get("column") or ", ".join(one.kwargs.get("column_list", ())) or one.kwargs.get("column_A")
    return Problem(
        rule=one.rule,
        layer="suite",
        severity=severity,
        table=one.table,
        key=record.key if record else None,
        field=field,
        value=shown(record.values.get(field)) if record and field else None,
        message=message,
        hint=one.meta.get("hint"),
        source=record.source if record else None,
    )


def _observed(one: Expectation, result: Any, failed: int) -> str:
    seen = str(result.result.get("observed_value")).removesuffix(" 00:00:00")  # a day, as it is measured
    what = f"{failed} rows fail" if failed else f"observed {seen}"
    return f"{what}. {one.meta['reason']}"


def _check(one: Expectation, outcome: str, looked_at: int, failures: int, reason: str) -> Check:
    severity = "error" if one.meta.get("refuses_rows") else one.severity
    return Check(
        id=one.rule,
        layer="suite",
        severity=severity,
        outcome=cast("Any", outcome),
        looked_at=looked_at,
        failures=failures,
        reason=reason,
    )


def _frame(table: str, records: list[Record], suite: list[Expectation]) -> pd.DataFrame:
    """Return the records as a frame: days and instants as such, numbers as numbers, and the row number.

    A column is in it where the suite names it, or asks about the columns of the table, for each is hashed.
    """
    kinds = dict(SOURCE_TYPES if table == SOURCES else types(table))
    if not any(one.type.startswith("expect_table_column") for one in suite):
        told = str([one.kwargs for one in suite])
        kinds = {name: kind for name, kind in kinds.items() if name in told}
    columns: dict[str, Any] = {name: [record.values.get(name) for record in records] for name in kinds}
    frame = pd.DataFrame({name: _column(values, kinds[name]) for name, values in columns.items()})
    frame[ROW_NUMBER] = range(len(records))
    return frame


def _column(values: list[Any], kind: str) -> Any:
    if kind in ("date", "datetime"):
        return pd.to_datetime(pd.Series(values, dtype="object"), utc=kind == "datetime", format="ISO8601")
    if kind in ("integer", "number"):
        return pd.to_numeric(pd.Series(values, dtype="object"))
    return pd.Series(values, dtype="object")


__all__ = ["SOURCES", "Expectation", "SuiteFault", "judge", "load", "parameters"]
