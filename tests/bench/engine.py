"""The table engine beside other judges, in one run, as ratios: `make bench`.

Each judge runs in a process of its own, in turn, and again; the least processor time counts, so that a busy machine
does no harm to one alone. `python -m tests.bench.engine [ROWS… | FOLDER…]` measures other sizes, or packages of your own.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from flows.settings import PROJECT
from tests.bench import tables
from tests.bench.judges import JUDGES, tables_of

BAD = (0.0, 0.001, 0.01, 0.1)
OF_FRICTIONLESS = 20_000
"""Rows that frictionless is given: its time grows with the rows alone, beside what it takes for none."""
TIMES = 4
"""How often the engine, the reference and the floors are measured; the other judges, once."""
MANY = 1_000_000
FLOOR = ("polars, typed read", "duckdb, typed scan")
REFERENCE = "frictionless"
NOT_INSTALLED = 3


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


def _child(judge: str, package: str) -> None:
    """Judge `package` in this process, its libraries imported before, and print what it took."""
    try:
        ask = JUDGES[judge]()
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_INSTALLED)
    before = time.process_time()
    errors = ask(Path(package))
    print(json.dumps([time.process_time() - before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, errors]))


def measured(judge: str, package: Path, rows: int) -> Measured | str:
    """Return what `judge` took for `package`, its best of some times, or why it took nothing."""
    found = [_once(judge, package, rows) for _ in range(TIMES if judge in ("engine", REFERENCE, *FLOOR) else 1)]
    done = [one for one in found if isinstance(one, Measured)]
    return min(done, key=lambda one: one.processor) if done else found[0]


def _once(judge: str, package: Path, rows: int) -> Measured | str:
    start = time.perf_counter()
    command = [sys.executable, "-m", "tests.bench.engine", "--child", judge, str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)
    if done.returncode == NOT_INSTALLED:
        return "not installed"
    if done.returncode:
        return f"died: {done.stderr.strip().splitlines()[-1][:80]}"
    processor, peak, errors = json.loads(done.stdout.splitlines()[-1])
    return Measured(judge, rows, processor, time.perf_counter() - start, peak, errors)


def reference_for(few: Measured, none: Measured, rows: int) -> Measured:
    """Return what the reference takes for `rows`, from what it took for a few and for none: it grows with the rows."""
    processor, wall = (
        before + (after - before) * rows / few.rows
        for before, after in ((none.processor, few.processor), (none.wall, few.wall))
    )
    return few._replace(rows=rows, processor=processor, wall=wall)


@cache
def _package(folder: Path, rows: int, bad: float) -> Path:
    return tables.write(folder / f"{rows}-{bad}", rows, bad)


def generated(folder: Path, rows: int, bad: float, judges: list[str]) -> list[str]:
    """Return the lines of a table about a generated package."""

    def ask(judge: str) -> Measured | str:
        if judge != REFERENCE:
            return measured(judge, _package(folder, rows, bad), rows)
        few = measured(judge, _package(folder, OF_FRICTIONLESS, bad), OF_FRICTIONLESS)
        none = measured(judge, _package(folder, 0, 0.0), 0)
        return few if isinstance(few, str) or isinstance(none, str) else reference_for(few, none, rows)

    return told(f"{rows:,} rows, {bad:.1%} bad", {judge: ask(judge) for judge in judges})


def given(package: Path) -> list[str]:
    """Return the lines of a table about a package of one's own, judged whole."""
    rows = sum(_rows(table.path) for table in tables_of(package))
    return told(f"{package.parent.name}, {rows:,} rows", {one: measured(one, package, rows) for one in JUDGES})


def _rows(path: Path) -> int:
    import csv

    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def told(title: str, found: dict[str, Measured | str]) -> list[str]:
    """Return the lines of a table: each judge, what it took, its ratio to frictionless and to the floor."""
    there = {name: one for name, one in found.items() if isinstance(one, Measured)}
    floor = max((there[name].speed for name in FLOOR if name in there), default=0.0)
    lines = [f"### {title}", ""]
    lines += ["| judge | rows/s | times frictionless | floor over it | peak MB | wall s | errors |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for name, one in found.items():
        lines.append(f"| {name} | {one} | | | | | |" if isinstance(one, str) else _line(one, there[REFERENCE], floor))
    return [*lines, ""]


def _line(one: Measured, slow: Measured, floor: float) -> str:
    errors = "" if one.errors is None else f"{one.errors:,}"
    ratio, below = f"{one.speed / slow.speed:.1f}", f"{floor / one.speed:.1f}"
    return f"| {one.judge} | {one.speed:,.0f} | {ratio} | {below} | {one.peak} | {one.wall:.1f} | {errors} |"


HEAD = """# Benchmarks

Made by `make bench`; do not edit. Twelve mixed columns, no two rows alike, with a primary key, a foreign key to 50,000
parents, a pattern, an enum, dates, instants, URIs and addresses. Every judge imports its libraries first; then rows a
second of processor time are measured, a process each, in turn; of the engine, Frictionless and the floors the best of {times}. Ratios of one run
may be compared, figures of two machines not. Wall times are whole: start-up and imports are in them, and whatever
else the machine does.

Frictionless is given no rows and {slow:,}; the line tells what that makes for all of them, and its errors are those of {slow:,}. The
floor is a typed read that says nothing of what is wrong. The other judges are asked for types by their shape, for
patterns, lists, bounds and single keys as far as each knows them, for no foreign keys, and tell no row as frictionless
does; so they find another number of errors. A judge that is not installed, or dies, is told as such.

"""


NOTE = """## What holds the rest back

Of the time of a clean row, two fifths go into telling cells apart (Arrow's reader of CSV), two fifths into the masks and a
twelfth into reading the file. Of the masks, a third is the regular expression of addresses (links and codes are proven by
their bytes), and a quarter is numbers and days, which are cast. A typed read has the first, the last and little else.

Every run of this package also pays about 0.07 s that does not grow with its rows: frictionless checks the description and
sniffs two files, and the 50,000 parents are judged. At 200,000 rows that is a third of all.

A bad row costs about 20 microseconds, some 28 times what a clean one does: its cells are taken out of the columns, named,
written to disk and counted in Python. A block with one bad cell in a column of whole numbers or days is cast again
without it. Where a key is met again, the lines with it are read once more.
"""


def main(arguments: list[str]) -> None:
    """Measure, print and write `docs/benchmarks.md`; packages of one's own are printed alone."""
    rows = [int(one) for one in arguments if one.isdecimal()]
    packages = [Path(one) / "datapackage.json" for one in arguments if not one.isdecimal()]
    with tempfile.TemporaryDirectory() as name:
        made = printed([partial(given, one) for one in packages] or _sizes(Path(name), rows or [200_000, 2_000_000]))
    if not packages:
        head = HEAD.format(times=TIMES, slow=OF_FRICTIONLESS)
        (PROJECT / "docs" / "benchmarks.md").write_text(
            "\n".join([head, *made, NOTE]).rstrip() + "\n", encoding="utf-8"
        )


def _sizes(folder: Path, rows: list[int]) -> list[Callable[[], list[str]]]:
    few = ["engine", REFERENCE, *FLOOR]
    return [
        partial(generated, folder, count, bad, few if count > MANY or bad not in (BAD[0], BAD[2]) else list(JUDGES))
        for count in rows
        for bad in BAD
    ]


def printed(parts: Iterable[Callable[[], list[str]]]) -> list[str]:
    """Return the lines of all parts, each printed when it is there."""
    lines: list[str] = []
    for part in parts:
        made = part()
        print("\n".join(made), flush=True)
        lines += made
    return lines


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(sys.argv[2], sys.argv[3])
    else:
        main(sys.argv[1:])
