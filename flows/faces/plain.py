"""As text: the rows with their bad cells marked, what was expected, how to mend it, then the count of each rule."""

from itertools import groupby, islice
from typing import TextIO

from flows.validate.engine.answers import Answer, Finding, count, summary
from flows.validate.engine.run import Result

SHOWN = 20
"""Errors of a table that are shown; the rest are counted."""
WIDTH, CELL = 100, 24


def write(answer: Answer, out: TextIO) -> None:
    """Write `answer` for a person."""
    for result in answer.results:
        errors = count(result)
        rows = groupby(islice(answer.findings(result), SHOWN), key=lambda one: one.row)
        out.writelines(_row(result, row, list(found)) for row, found in rows)
        told = SHOWN if answer.limit is None else min(SHOWN, answer.limit)
        if errors > told:
            out.write(f"… and {errors - told:,} more\n\n")
        out.write(_verdict(result, errors))
    if answer.total:
        out.write("\n")
    out.writelines(f"{times:>9,}  {rule}\n" for rule, times in summary(answer.rules.items()))


def _row(result: Result, row: int | None, found: list[Finding]) -> str:
    where = f"{result.place}:{row}" if row else result.place
    lines = [where]
    if found[0].cells:
        lines += _marked(found[0].cells, {one.number for one in found})
    for one in found:
        lines.append(f"  {one.severity} {one.rule}" + (f"  {one.field}" if one.field else ""))
        lines.append(f"    {one.message}")
        lines.append(f"    mend: {one.hint}")
    return "\n".join(lines) + "\n\n"


def _marked(cells: list[str], bad: set[int]) -> list[str]:
    """Return a row and a line that marks its bad cells; the cells around them where it is long."""
    shown, marks = "", ""
    first = max(min(bad - {0}, default=1) - 3, 0)
    for number, cell in enumerate(cells[first:], start=first + 1):
        text = _short(cell)
        shown += ("" if number == first + 1 else " │ ") + text
        marks += ("" if number == first + 1 else "   ") + ("^" if number in bad else " ") * max(len(text), 1)
        shown += "" if text else " "
    lines = [f"  │ {shown[:WIDTH]}"]
    return [*lines, f"    {marks[:WIDTH].rstrip()}"] if marks.strip() else lines


def _short(cell: str) -> str:
    text = "".join(letter if letter.isprintable() else "·" for letter in cell)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def _verdict(result: Result, errors: int) -> str:
    told = f"{result.place}: {'valid' if result.valid else f'INVALID, {errors:,} errors in {result.log.count:,} rows'}"
    told += f", {result.rows:,} rows judged"
    handed = result.handed
    parts = [f"the file ({why})" for why in handed.files]
    parts += [f"the column {name}" for name in handed.columns]
    parts += [f"{handed.rows:,} rows"] if handed.rows and not handed.columns else []
    return told + (f"; read by frictionless: {', '.join(parts)}" if parts else "") + "\n"
