"""As one HTML page that asks for no other file: errors by rule, each rule in plain words, with its rows."""

from collections import defaultdict
from html import escape
from typing import TextIO

from flows.validate.engine.answers import Answer, Finding, summary
from flows.validate.engine.run import Result
from schemas.tablerules import rule_of

SHOWN = 50
"""Rows of a rule that are shown."""
CELLS, CELL = 8, 60
STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #b3261e; --good: #1b6e3c; --mark: #ffd7d5; --dim: #6b6b6b }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #7bd8a0; --mark: #5c1f1b; --dim: #a5a5a5 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin: 2.2rem 0 .3rem } p { margin: .3rem 0 }
table { border-collapse: collapse; font-size: .9rem } td, th { border: 1px solid var(--line); padding: .25rem .5rem;
text-align: left; vertical-align: top;
overflow-wrap: break-word; max-width: 22rem } th { font-weight: 600; white-space: nowrap } .wide { overflow-x: auto }
.bad { color: var(--bad) } .good { color: var(--good) } .dim { color: var(--dim) } mark { background: var(--mark);
color: inherit; padding: 0 .15rem } code { font-size: .9em } td.n, th.n { text-align: right }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write(answer: Answer, out: TextIO) -> None:
    """Write `answer` as a page."""
    title = "Valid" if answer.valid else f"{answer.total:,} errors"
    out.write(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>\n'
    )
    kind = "good" if answer.valid else "bad"
    out.write(f'<h1>Is the data as described? <span class="{kind}">{"Yes" if answer.valid else "No"}</span></h1>\n')
    out.write(_tables(answer))
    if answer.total:
        out.write(_contents(answer))
    results = {one.name: one for one in answer.results}
    out.writelines(_section(rule, answer.rules[rule], found, results) for rule, found in _by_rule(answer).items())
    out.write("</body></html>\n")


def _tables(answer: Answer) -> str:
    rows = "".join(
        f'<tr><td>{escape(one.name)}</td><td><code>{escape(one.place)}</code></td><td class="n">{one.rows:,}</td>'
        f'<td class="n {"bad" if one.log.count else "good"}">{one.log.count:,}</td></tr>'
        for one in answer.results
    )
    head = '<tr><th>table</th><th>file</th><th class="n">rows</th><th class="n">rows with errors</th></tr>'
    return f'<div class="wide"><table>{head}{rows}</table></div>\n'


def _contents(answer: Answer) -> str:
    lines = "".join(
        f'<tr><td class="n">{times:,}</td><td><a href="#{rule}">{escape(rule_of(rule).words)}</a></td></tr>'
        for rule, times in summary(answer.rules.items())
    )
    return f'<h2>What is wrong</h2><table><tr><th class="n">times</th><th>what</th></tr>{lines}</table>\n'


def _by_rule(answer: Answer) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {rule: [] for rule, _ in summary(answer.rules.items())}
    for one in answer.all():
        if len(found[one.rule]) < SHOWN:
            found[one.rule].append(one)
    return found


def _section(identity: str, times: int, found: list[Finding], results: dict[str, Result]) -> str:
    rule = rule_of(identity)
    by_table: dict[str, list[Finding]] = defaultdict(list)
    for one in found:
        by_table[one.table].append(one)
    parts = [
        f'<h2 id="{identity}">{escape(rule.reason)} <span class="bad">Broken {times:,} times.</span></h2>',
        f"<p>{escape(rule.words)}</p><p>To mend it: {escape(found[0].hint if found else rule.hint)}</p>",
        f'<p class="dim">Rule <code>{identity}</code></p>',
    ]
    parts += [_rows(one, results[table]) for table, one in by_table.items()]
    if times > len(found):
        parts.append(f'<p class="dim">and {times - len(found):,} more</p>')
    return "\n".join(parts) + "\n"


def _rows(found: list[Finding], result: Result) -> str:
    if not any(one.cells for one in found):
        return "<ul>" + "".join(f"<li>{escape(one.message)}</li>" for one in found) + "</ul>"
    names = result.names[:CELLS]
    marked = sorted({one.number for one in found if one.number > CELLS})[:4]
    columns = [*range(1, len(names) + 1), *marked]
    titles = [result.names[number - 1] if number <= len(result.names) else f"cell {number}" for number in columns]
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "".join(_row(one, columns) for one in found)
    table = f'<table><tr><th class="n">row</th>{head}<th>why</th></tr>{body}</table>'
    return f'<p><code>{escape(result.place)}</code></p><div class="wide">{table}</div>'


def _row(one: Finding, columns: list[int]) -> str:
    cells = "".join(f"<td>{_cell(one, number)}</td>" for number in columns)
    return f'<tr><td class="n">{one.row or ""}</td>{cells}<td>{escape(one.message)}</td></tr>'


def _cell(one: Finding, number: int) -> str:
    text = one.cells[number - 1] if number <= len(one.cells) else ""
    short = escape(text if len(text) <= CELL else text[: CELL - 1] + "…")
    return f"<mark>{short or '(empty)'}</mark>" if number == one.number else short
