"""As text: the rows with their bad cells marked, what was expected, how to mend it, then the count of each rule."""

import os
import shutil
from collections.abc import Iterator
from itertools import groupby, zip_longest
from typing import NamedTuple, TextIO

from rich.cells import cell_len, set_cell_size

from flows.faces.rows import all_by, blanks_shown, folded, marked
from flows.validate.engine.answers import Answer, Finding, Tally, many, short, summary, visible
from flows.validate.engine.results import Result

SHOWN = 20
"""Errors of a table that are shown where no limit is given; the rest are counted."""
CELL, BEFORE, MARGIN, BETWEEN = 24, 3, "  │ ", " │ "
WIDTH, NARROW = 100, 40
"""Cells of a line that a row has, where the answer goes into a file, and in the narrowest terminal."""
LETTERS = 10 * CELL
"""Letters of a cell that are looked at: some take no room."""
MOST = 15
"""Lines that a row takes, however many of its cells are bad."""
BEYOND = " (beyond Frictionless)"
STYLES = {"error": "31", "warning": "33", "good": "32", "bold": "1", "dim": "2"}


class Paint(NamedTuple):
    """Colours a text, on a terminal that wants them; a row is no wider there than `width`."""

    on: bool
    width: int

    def __call__(self, text: str, style: str) -> str:
        """Return `text` in a style."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.on and text else text


def write(answer: Answer, out: TextIO) -> None:
    """Write `answer` for a person."""
    width = shutil.get_terminal_size().columns - len(MARGIN) if out.isatty() else WIDTH
    paint = Paint(out.isatty() and not os.environ.get("NO_COLOR"), min(max(width, NARROW - len(MARGIN)), WIDTH))
    hidden = sum(_table(answer, *one, paint, out) for one in zip(answer.results, answer.tallies, strict=True))
    if answer.total:
        out.write("\n")
    out.writelines(f"{times:>9,}  {rule}\n" for rule, times in summary(answer.rules.items()))
    out.write(f"\n{hidden:,} of these {answer.total:,} are not shown; {all_by(answer)}\n" if hidden else "")


def _table(answer: Answer, result: Result, tally: Tally, paint: Paint, out: TextIO) -> int:
    """Write what is wrong with a table, and return how many of its errors are not shown."""
    left = tally.errors + tally.warnings
    for (row, _), found in groupby(_shown(answer, result), key=lambda one: (one[0].row, one[0].place)):
        some = list(found)
        out.write(_row(result, row, [one for one, _ in some], paint))
        left -= sum(times for _, times in some)
    if left > 0:
        out.write(f"… and {left:,} more\n\n")
    out.write(_verdict(result, tally, paint))
    return max(left, 0)


def _shown(answer: Answer, result: Result) -> Iterator[tuple[Finding, int]]:
    """Yield the errors of a table that are shown, each with how many it stands for."""
    told = 0
    for one, times in folded(result, answer.findings(result)):
        yield one, times
        told += times
        if told >= SHOWN and answer.limit is None:
            return


def _row(result: Result, row: int | None, found: list[Finding], paint: Paint) -> str:
    line = found[0].line
    place = visible(found[0].place) + (f":{line}" if line else "")
    lines = [paint(place, "bold") + (f"  row {row}" if row != line else "")]
    if found[0].cells:
        lines += _marked(result.names, found[0].cells, set().union(*(marked(result, one) for one in found)), paint)
    for one in found:
        rule = f"{one.rule}{BEYOND if one.beyond else ''}"
        lines.append(f"  {paint(one.severity, one.severity)} {rule}" + visible(f"  {one.field}" if one.field else ""))
        lines.append(f"    {visible(short(one.message))}")
        lines += [f"    expected: {visible(one.expected)}"] if one.expected else []
        lines += [f"    mend: {visible(one.hint)}"] if one.hint else []
    return "\n".join(lines) + "\n\n"


def _marked(names: list[str], cells: list[str], bad: set[int], paint: Paint) -> list[str]:
    """Return the names over a row, the row, and marks under its bad cells; of a long one the cells around each."""
    cells = [blanks_shown(cell) if number in bad else cell for number, cell in enumerate(cells, start=1)]
    columns = [(_short(name), _short(cell)) for name, cell in zip_longest(names, cells, fillvalue="")]
    widths = [max(cell_len(name), cell_len(cell), 1) for name, cell in columns]
    lines: list[str] = []
    first = 1
    left = sorted(number for number in bad if number <= len(columns)) or [1]
    while left and len(lines) < MOST:
        some = _around(widths, left[0], first, paint.width)
        lines += _panel({number: columns[number - 1] for number in some}, bad, paint)
        first = some.stop
        left = [number for number in left if number >= first]
    return lines


def _around(widths: list[int], bad: int, first: int, most: int) -> range:
    """Return the columns from `first` on that are shown with a bad one: some before it, and after it what has room."""
    before = (range(start, bad + 1) for start in range(max(bad - BEFORE, first), bad + 1))
    shown = next((some for some in before if _width(widths, some) <= most), range(bad, bad + 1))
    while shown.stop <= len(widths) and _width(widths, range(shown.start, shown.stop + 1)) <= most:
        shown = range(shown.start, shown.stop + 1)
    return shown


def _width(widths: list[int], some: range) -> int:
    """Return the cells of a terminal that some columns take."""
    return sum(widths[number - 1] + len(BETWEEN) for number in some) - len(BETWEEN)


def _panel(columns: dict[int, tuple[str, str]], bad: set[int], paint: Paint) -> list[str]:
    """Return some columns of a row, with their names over them and marks under those that are bad."""
    head, row, marks = [], [], []
    for number, (name, cell) in columns.items():
        width = max(cell_len(name), cell_len(cell), 1)
        mark = "^" * max(cell_len(cell), 1) if number in bad else ""
        head.append(set_cell_size(name, width))
        row.append(set_cell_size(cell, width))
        marks.append(mark.ljust(width))
    shown = [paint(f"{MARGIN}{BETWEEN.join(head).rstrip()}", "dim"), f"{MARGIN}{BETWEEN.join(row).rstrip()}"]
    under = (" " * len(BETWEEN)).join(marks).rstrip()
    return [*shown, " " * len(MARGIN) + paint(under, "error")] if under else shown


def _short(cell: str) -> str:
    """Return a cell as it is shown, no wider than `CELL` cells of a terminal, of which a Chinese letter takes two."""
    text = "".join(letter if letter.isprintable() else "·" for letter in cell[:LETTERS])
    return text if cell_len(text) <= CELL and len(cell) <= LETTERS else set_cell_size(text, CELL - 1) + "…"


def _verdict(result: Result, tally: Tally, paint: Paint) -> str:
    good = paint("valid", "good") + (f", {tally.told}" if tally.warnings else "")
    wrong = f"INVALID, {tally.told} in {many(result.log.count, 'row')}"
    told = paint(wrong, "error") if tally.errors else good
    told = f"{visible(result.place)}: {told}, {many(result.rows, 'row')} judged"
    handed = result.handed
    parts = [f"the file ({why})" for why in handed.files]
    parts += [f"the column {name}" for name in handed.columns]
    parts += [many(handed.rows, "row")] if handed.rows and not handed.columns else []
    return told + visible(f"; read by frictionless: {', '.join(parts)}" if parts else "") + "\n"
