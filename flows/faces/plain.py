"""As text: the rows with their bad cells marked, what was expected, how to mend it, then the count of each rule."""

import os
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple, TextIO

from flows.faces.rows import folded, marked
from flows.validate.engine.answers import Answer, Finding, Tally, many, short, summary, visible
from flows.validate.engine.results import Result

SHOWN = 20
"""Errors of a table that are shown; the rest are counted."""
WIDTH, CELL, BEFORE = 100, 24, 3
BEYOND = " (beyond Frictionless)"
STYLES = {"error": "31", "warning": "33", "good": "32", "bold": "1", "dim": "2"}


class Paint(NamedTuple):
    """Colours a text, on a terminal that wants them."""

    on: bool

    def __call__(self, text: str, style: str) -> str:
        """Return `text` in a style."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.on and text else text


def write(answer: Answer, out: TextIO) -> None:
    """Write `answer` for a person."""
    paint = Paint(out.isatty() and not os.environ.get("NO_COLOR"))
    for result, tally in zip(answer.results, answer.tallies, strict=True):
        shown = list(_shown(answer, result))
        rows = groupby((one for one, _ in shown), key=lambda one: one.row)
        out.writelines(_row(result, row, list(found), paint) for row, found in rows)
        left = tally.errors + tally.warnings - sum(times for _, times in shown)
        if left > 0:
            out.write(f"… and {left:,} more\n\n")
        out.write(_verdict(result, tally, paint))
    if answer.total:
        out.write("\n")
    out.writelines(f"{times:>9,}  {rule}\n" for rule, times in summary(answer.rules.items()))


def _shown(answer: Answer, result: Result) -> Iterator[tuple[Finding, int]]:
    """Yield the errors of a table that are shown, each with how many it stands for."""
    told = 0
    for one, times in folded(result, answer.findings(result)):
        yield one, times
        told += times
        if told >= SHOWN:
            return


def _row(result: Result, row: int | None, found: list[Finding], paint: Paint) -> str:
    line = found[0].line
    place = visible(result.place) + (f":{line}" if line else "")
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
    """Return the names over a row, the row, and what marks its bad cells; the cells around them where it is long."""
    lines = ["", "", ""]
    for number in range(max(min(bad, default=1) - BEFORE, 1), max(len(names), len(cells)) + 1):
        name = _short(names[number - 1] if number <= len(names) else "")
        cell = _short(cells[number - 1] if number <= len(cells) else "")
        width = max(len(name), len(cell), 1)
        if lines[0] and len(lines[0]) + width > WIDTH:
            break
        between = (" │ ", " │ ", "   ") if lines[0] else ("", "", "")
        parts = (name, cell, "^" * max(len(cell), 1) if number in bad else "")
        lines = [line + gap + part.ljust(width) for line, gap, part in zip(lines, between, parts, strict=True)]
    head, row, marks = (line.rstrip() for line in lines)
    shown = [paint(f"  │ {head}", "dim"), f"  │ {row}"]
    return [*shown, f"    {paint(marks, 'error')}"] if marks else shown


def _short(cell: str) -> str:
    text = "".join(letter if letter.isprintable() else "·" for letter in cell)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


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
