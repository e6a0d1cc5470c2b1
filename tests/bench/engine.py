"""The table engine beside other judges, in one run, as ratios: `make bench`.

Each judge runs in a process of its own, in turn, and again; the least processor time counts, so that a busy machine
does no harm to one alone. `python -m tests.bench.engine [ROWS [FOLDER…]]` measures other sizes, and packages of your own.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flows.settings import PROJECT
from tests.bench import tables

BAD = (0.0, 0.001, 0.01, 0.1)
OF_FRICTIONLESS = 20_000
"""Rows that the slow judges are given: their time grows with the rows alone."""
TIMES = 2
"""How often the engine and the floors are measured; the slow judges, once."""
MANY = 1_000_000


class Measured(NamedTuple):
    """What a judge took."""

    judge: str
    rows: int
    processor: float
    wall: float
    peak: int
    """Memory at most, in MB."""
    errors: int | None

    @property
    def speed(self) -> float:
        """Rows a second of processor time."""
        return self.rows / self.processor


def _engine(package: Path) -> int | None:
    from flows.validate.engine import targets  # noqa: PLC0415 - each judge pays for what it needs
    from flows.validate.engine.answers import Answer  # noqa: PLC0415

    return Answer(list(targets.results(str(package), None, reference_only=False, remote=False))).total


def _frictionless(package: Path) -> int | None:
    from flows.validate.engine import reference  # noqa: PLC0415

    told = reference.judged(reference.Package(str(package)))
    return sum(len(one.errors) for one in told)


def _pydantic(package: Path) -> int | None:
    import csv  # noqa: PLC0415
    from datetime import date, datetime  # noqa: PLC0415
    from decimal import Decimal  # noqa: PLC0415
    from typing import Annotated, Literal  # noqa: PLC0415

    from pydantic import AnyUrl, BaseModel, Field, ValidationError  # noqa: PLC0415

    class Row(BaseModel):
        id: int
        parent_id: int = Field(ge=1)
        code: Annotated[str, Field(pattern=r"^[A-Z]{2}-[0-9]{6}$")]
        status: Literal["active", "closed", "pending", "held"]
        day: date
        seen_at: datetime
        url: AnyUrl
        amount: Decimal = Field(ge=0)
        share: Decimal
        flag: bool
        name: str = Field(min_length=1, max_length=60)
        email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[a-z]+$")]

    found = 0
    with package.with_name("rows.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                Row.model_validate(row)
            except ValidationError as error:
                found += error.error_count()
    return found


def _great_expectations(package: Path) -> int | None:
    import great_expectations as gx  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    frame = pd.read_csv(package.with_name("rows.csv"), dtype=str)
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    core = gx.expectations.core
    shapes = {
        "id": r"^\d+$", "parent_id": r"^\d+$", "code": r"^[A-Z]{2}-\d{6}$", "day": r"^\d{4}-\d\d-\d\d$",
        "seen_at": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", "url": r"^https?://", "amount": r"^\d+(\.\d+)?$",
        "share": r"^\d+(\.\d+)?$", "name": r"^.{1,60}$", "email": r"^[^@\s]+@[^@\s]+$",
    }  # fmt: skip
    asked = [core.ExpectColumnValuesToMatchRegex(column=name, regex=shape) for name, shape in shapes.items()]
    asked += [core.ExpectColumnValuesToBeInSet(column="status", value_set=tables.STATES)]
    asked += [core.ExpectColumnValuesToBeInSet(column="flag", value_set=["true", "false"])]
    asked += [core.ExpectColumnValuesToBeUnique(column="id")]
    results = batch.validate(gx.ExpectationSuite(name="rows", expectations=asked)).results
    return sum(int(result.result.get("unexpected_count", 0)) for result in results)


TYPES = {"integer": "Int64", "date": "Date", "number": "Float64", "boolean": "Boolean", "datetime": "String"}


def _polars(package: Path) -> int | None:
    import polars as pl  # noqa: PLC0415

    types = {field["name"]: getattr(pl, TYPES.get(field["type"], "String")) for field in tables.SCHEMA["fields"]}
    pl.read_csv(package.with_name("rows.csv"), schema=types, ignore_errors=True)
    return None


def _duckdb(package: Path) -> int | None:
    import duckdb  # noqa: PLC0415

    kinds = {"integer": "BIGINT", "date": "DATE", "number": "DOUBLE", "boolean": "BOOLEAN", "datetime": "TIMESTAMPTZ"}
    types = {field["name"]: kinds.get(field["type"], "VARCHAR") for field in tables.SCHEMA["fields"]}
    counts = ", ".join(f"count({name})" for name in types)
    duckdb.connect().execute(
        f"SELECT {counts} FROM read_csv('{package.with_name('rows.csv')}', header=true, columns={types}, "
        "ignore_errors=true)"
    ).fetchall()
    return None


JUDGES: dict[str, Callable[[Path], int | None]] = {
    "engine": _engine,
    "frictionless": _frictionless,
    "pydantic": _pydantic,
    "great expectations on pandas": _great_expectations,
    "polars, typed read": _polars,
    "duckdb, typed scan": _duckdb,
}
SLOW = {"frictionless"}
FLOOR = ("polars, typed read", "duckdb, typed scan")


def _child(judge: str, package: str) -> None:
    """Judge `package` in this process, and print what it took: `rows.csv` whole, start-up in the wall time alone."""
    start, before = time.perf_counter(), time.process_time()
    errors = JUDGES[judge](Path(package))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(json.dumps([time.process_time() - before, time.perf_counter() - start, peak, errors]))


def measured(judge: str, package: Path, rows: int) -> Measured | None:
    """Return what `judge` took for `package`, its best of some times; None where it is not installed."""
    best: Measured | None = None
    for _ in range(TIMES if judge in ("engine", *FLOOR) else 1):
        start = time.perf_counter()
        command = [sys.executable, "-m", "tests.bench.engine", "--child", judge, str(package)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)
        if done.returncode:
            return None
        processor, _, peak, errors = json.loads(done.stdout.splitlines()[-1])
        one = Measured(judge, rows, processor, time.perf_counter() - start, peak, errors)
        best = one if best is None or one.processor < best.processor else best
    return best


@cache
def _package(folder: Path, rows: int, bad: float) -> Path:
    return tables.write(folder / f"{rows}-{bad}", rows, bad)


def table(folder: Path, rows: int, bad: float, judges: list[str]) -> list[str]:
    """Return the lines of a table: each judge, what it took, its ratio to frictionless and to the floor."""
    found = {}
    for judge in judges:
        count = min(rows, OF_FRICTIONLESS) if judge in SLOW else rows
        one = measured(judge, _package(folder, count, bad), count)
        if one:
            found[judge] = one
    slow, floor = found["frictionless"].speed, max(found[name].speed for name in FLOOR if name in found)
    lines = [f"### {rows:,} rows, {bad:.1%} bad", ""]
    lines += ["| judge | rows/s | times frictionless | floor over it | peak MB | wall s | errors |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for one in found.values():
        errors = "" if one.errors is None else f"{one.errors:,}"
        ratio, below = f"{one.speed / slow:.1f}", f"{floor / one.speed:.1f}"
        wall = f"{one.wall:.1f}" + (f" for {one.rows:,}" if one.rows != rows else "")
        lines.append(f"| {one.judge} | {one.speed:,.0f} | {ratio} | {below} | {one.peak} | {wall} | {errors} |")
    return [*lines, ""]


HEAD = """# Benchmarks

Made by `make bench`; do not edit. Twelve mixed columns, no two rows alike, with a primary key, a foreign key, a pattern,
an enum, dates, instants, URIs and addresses. Rows a second of processor time, a process each, in turn; of the engine and the floors the
best of {times}; ratios of one run may be compared, figures of two machines not. Wall times are whole, start-up
included. Frictionless is given {slow:,} rows: its time grows with the rows alone. The floor is a typed read that says
nothing of what is wrong. Pydantic and Great Expectations are asked for the same columns and, but for the key in Great
Expectations, for no keys; they find fewer errors for it.

"""


def main(rows: list[int]) -> None:
    """Measure, print and write `docs/benchmarks.md`."""
    lines = [HEAD.format(times=TIMES, slow=OF_FRICTIONLESS)]
    with tempfile.TemporaryDirectory() as name:
        for count in rows:
            for bad in BAD if count <= MANY else (0.0, 0.01, 0.1):
                judges = list(JUDGES) if count <= min(rows) else ["engine", "frictionless", *FLOOR]
                made = table(Path(name), count, bad, judges)
                print("\n".join(made), flush=True)
                lines += made
    (PROJECT / "docs" / "benchmarks.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(sys.argv[2], sys.argv[3])
    else:
        main([int(argument) for argument in sys.argv[1:]] or [200_000, 2_000_000])
