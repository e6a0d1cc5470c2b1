"""As one HTML page that asks for no other file: errors by rule, each rule in plain words, with its rows."""

from collections import defaultdict
from html import escape
from importlib.resources import files
from typing import TextIO

from flows.faces.rows import BLANK, all_by, blanks_shown, folded, marked
from flows.validate.engine.answers import Answer, Finding, Tally, identity, many, sentences, short, summary
from flows.validate.engine.expected import says_more
from flows.validate.engine.results import Result
from schemas.tablerules import CAUSES, rule_of

SHOWN = 50
"""Rows of a rule that are shown where no limit is given."""
FIRST, MOST = 3, 12
"""Columns that are shown of every row, and of those in which something is wrong."""
CELL, BRIEF = 60, 30
"""Letters of a cell that are shown, and that stand on one line."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write(answer: Answer, out: TextIO) -> None:
    """Write `answer` as a page."""
    title = "The data is as described" if answer.valid else "The data is not as described"
    style = files("flows.faces").joinpath("report.css").read_text(encoding="utf-8")
    out.write(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>\n{style}</style></head><body>\n'
    )
    kind = "good" if answer.valid else "bad"
    out.write(f'<header class="{kind}"><h1>{title}</h1>\n<p>{_verdict(answer)}</p></header><main>\n')
    out.write(_tables(answer))
    if answer.total:
        out.write(_contents(answer))
    results = {one.name: one for one in answer.results}
    out.writelines(_section(answer, rule, found, results) for rule, found in _by_rule(answer).items())
    out.write("</main></body></html>\n")


def _verdict(answer: Answer) -> str:
    rows = sum(one.rows for one in answer.results)
    looked_at = f"{many(rows, 'row')} in {many(len(answer.results), 'table')} were looked at"
    if not answer.total:
        return f"{looked_at}, and nothing is wrong with them."
    bad = sum(one.log.count for one in answer.results)
    kinds = f"{answer.tally.told} of {many(len(answer.rules), 'kind')} in {many(bad, 'row')}"
    told = f"{looked_at}: {kinds}."
    return f"{told} None is more than a warning." if answer.valid else told


def _tables(answer: Answer) -> str:
    rows = "".join(
        f'<tr><td>{escape(one.name)}</td><td class="file">{escape(one.place)}</td><td class="n">{one.rows:,}</td>'
        f'<td class="n {"bad" if tally.errors else "good"}">{tally.errors:,}</td><td class="n">{tally.refused:,}</td>'
        f'<td class="more">{_share(one, tally)}</td></tr>'
        for one, tally in zip(answer.results, answer.tallies, strict=True)
    )
    head = '<tr><th>table</th><th>file</th><th class="n">rows</th><th class="n">errors</th>'
    head += '<th class="n">rows with errors</th><th class="more">good rows</th></tr>'
    return f'<div class="wide" tabindex="0"><table class="list">{head}{rows}</table></div>\n'


def _share(one: Result, tally: Tally) -> str:
    """Return a bar: how much of a table is good."""
    good = 1.0 if not tally.errors else 1 - min(tally.refused / one.rows, 1) if one.rows else 0.0
    return f'<meter min="0" max="1" value="{good:.3f}" aria-label="{good:.1%} of the rows are good"></meter>'


def _contents(answer: Answer) -> str:
    lines = "".join(
        f'<li><a href="#{rule}">{escape(rule_of(rule).words)}</a> <span class="n">{many(times, "time")}</span></li>'
        for rule, times in _rules(answer)
    )
    return f'<nav aria-label="What is wrong"><h2>What is wrong</h2><ol>{lines}</ol></nav>\n'


def _rules(answer: Answer) -> list[tuple[str, int]]:
    """Return the rules and their counts: first those of no row, which are often the cause of others."""
    causes = {identity(one, fault) for one in answer.results for fault in (*one.first, *one.last)}
    return sorted(summary(answer.rules.items()), key=lambda entry: entry[0] not in causes)


def _by_rule(answer: Answer) -> dict[str, list[tuple[Finding, int]]]:
    """Return the errors of each rule that are shown, each with how many it stands for."""
    found: dict[str, list[tuple[Finding, int]]] = {rule: [] for rule, _ in _rules(answer)}
    most = SHOWN if answer.limit is None else answer.total
    for result in answer.results:
        for one, times in folded(result, answer.findings(result, most)):
            if len(found[one.rule]) < most:
                found[one.rule].append((one, times))
    return found


def _section(answer: Answer, named: str, shown: list[tuple[Finding, int]], results: dict[str, Result]) -> str:
    rule, times, found = rule_of(named), answer.rules[named], [one for one, _ in shown]
    left = times - sum(number for _, number in shown)
    by_table: dict[str, list[Finding]] = defaultdict(list)
    for one in found:
        by_table[one.table].append(one)
    beyond = ' <span class="tag">beyond Frictionless</span>' if any(one.beyond for one in found) else ""
    hints = {one.hint for one in found} - {""}
    hint = " ".join(sorted(hints)) if len(hints) == 1 or named in CAUSES else rule.hint
    rows = f" in {many(len(found), 'row')}" if len(found) < times and not left else ""
    spoken = bool(found) and all(one.said for one in found)
    parts = [
        f'<section id="{named}" class="{answer.worst(named)}">',
        f'<h2>{escape(rule.words)} <span class="times">{many(times, "time")}{rows}</span></h2>',
        f"<dl><dt>The rule</dt><dd>{escape(rule.reason)} <code>{named}</code>{beyond}</dd>",
        "</dl>" if spoken else f"<dt>To mend it</dt><dd>{escape(hint)}</dd></dl>",
    ]
    parts += [_rows(one, results[table], hint) for table, one in by_table.items()]
    if left > 0:
        parts.append(f'<p class="dim">and {left:,} more, which are not shown here; {all_by(answer)}</p>')
    return "\n".join([*parts, "</section>"]) + "\n"


def _rows(found: list[Finding], result: Result, hint: str) -> str:
    """Return the errors of a rule in a table; those that `hint` does not mend with their own."""
    place = f'<p class="file">{escape(found[0].place)}</p>'
    if not any(one.cells for one in found):
        told = (short(one.message) if one.hint in hint else sentences(one) for one in found)
        return f"{place}<ul>" + "".join(f"<li>{escape(one)}</li>" for one in told) + "</ul>"
    wrong = sorted({number for one in found for number in marked(result, one)})[:MOST]
    columns = {number: number in wrong for number in sorted({*range(1, len(result.names) + 1)[:FIRST], *wrong})}
    titles = [result.names[number - 1] if number <= len(result.names) else f"cell {number}" for number in columns]
    head = "".join(f"<th{_more(bad)}>{escape(title)}</th>" for title, bad in zip(titles, columns.values(), strict=True))
    lines = any(one.line not in (one.row, None) for one in found)
    body = "".join(_row(one, columns, marked(result, one), hint, lines=lines) for one in found)
    line = '<th class="n">line</th>' if lines else ""
    table = f'<table><tr>{line}<th class="n">row</th>{head}<th>expected</th></tr>{body}</table>'
    return f'{place}<div class="wide" tabindex="0">{table}</div>'


def _more(bad: bool) -> str:  # noqa: FBT001 - of a column
    """Return what marks a column that a narrow window leaves out: one in which nothing is wrong."""
    return "" if bad else ' class="more"'


def _row(one: Finding, columns: dict[int, bool], bad: set[int], hint: str, *, lines: bool) -> str:
    cells = "".join(f"<td{_more(wrong)}>{_cell(one, number, bad)}</td>" for number, wrong in columns.items())
    told = one.expected if one.expected and bad <= columns.keys() else "" if one.said else one.message
    said = one.said or (one.hint if one.hint not in hint and says_more(one.hint, told) else "")
    said = f"<p>{escape(short(said))}</p>" if said else ""
    kind = '<span class="tag">warning</span> ' if one.severity == "warning" else ""
    why = f'<td class="why" title="{escape(short(one.message))}">{kind}{escape(short(told))}{said}</td>'
    line = f'<td class="n">{one.line or ""}</td>' if lines else ""
    return f'<tr class="{one.severity}">{line}<td class="n">{one.row or ""}</td>{cells}{why}</tr>'


def _cell(one: Finding, number: int, bad: set[int]) -> str:
    text = one.cells[number - 1] if number <= len(one.cells) else ""
    title = f' title="{BLANK} is a blank"' if text != text.strip() else ""
    text = blanks_shown(text) if number in bad else text
    shown = escape(text if len(text) <= CELL else text[: CELL - 1] + "…")
    shown = f"<mark{title}>{shown or 'empty'}</mark>" if number in bad else shown
    return shown if len(text) > BRIEF else f'<span class="brief">{shown}</span>'
