"""What a run and a report look like to a person: text for a terminal."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.preview import Plan
from flows.publish.diff import Diff, RowChange
from schemas.counting import noun
from schemas.report import Check, Outcome, Problem, Report, Severity, quoted
from schemas.rules import DEPENDANT

ROWS = 40
"""Rows of a diff that are shown."""
CUT = 100
CHANGES = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
SHOWN = 20
"""Problems that are shown in full; the rest are counted by rule."""
COLOURS: dict[Severity, str] = {"critical": "bold red", "error": "red", "warning": "yellow", "info": "cyan"}
MARKS: dict[Outcome, tuple[str, str]] = {"passed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("·", "dim")}


def report(console: Console, found: Report) -> None:
    """Print a report: rows of each table, checks by layer, problems with their place and how to mend them."""
    console.print(_counts(found))
    console.print(_checks(found.checks))
    own = [problem for problem in found.problems if problem.rule != DEPENDANT]
    for problem in own[:SHOWN]:
        console.print(_problem(problem))
    if len(own) > SHOWN:
        rest = Counter(problem.rule for problem in own[SHOWN:])
        console.print(
            f"… and {len(own) - SHOWN} more: " + ", ".join(f"{rule} ({count})" for rule, count in rest.most_common())
        )
    dependants = len(found.problems) - len(own)
    if dependants:
        kept = "1 row is kept back because its" if dependants == 1 else f"{dependants} rows are kept back because their"
        console.print(f"{kept} parent is refused.", style="yellow")


def verdict(found: Report) -> str:
    """Return one line that says how it went."""
    worst = Counter(problem.severity for problem in found.problems if problem.rule != DEPENDANT)
    told = ", ".join(_many(worst[severity], severity) for severity in COLOURS if worst[severity])
    return f"{'valid' if found.valid else 'INVALID'}{': ' + told if told else ''}"


def _many(number: int, severity: Severity) -> str:
    """Return how many problems there are of a severity; `critical` and `info` have no plural."""
    return f"{number} {noun(number, severity, None if severity in ('error', 'warning') else severity)}"


def _counts(found: Report) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("table")
    for name in ("in", "out", "refused"):
        table.add_column(name, justify="right")
    for name, count in ((name, count) for name, count in found.counts.items() if count.in_):
        refused = Text(str(count.refused), style="red" if count.refused else "dim")
        table.add_row(name, str(count.in_), str(count.out), refused)
    return table


def _checks(checks: Iterable[Check]) -> Text:
    """Return the checks by layer: how many of each outcome, then those that failed or were not asked."""
    checks = list(checks)
    text = Text()
    for layer in dict.fromkeys(check.layer for check in checks):
        outcomes = Counter(check.outcome for check in checks if check.layer == layer)
        text.append(f"\n{layer:<9}", style="bold")
        for outcome, (mark, colour) in MARKS.items():
            if outcomes[outcome]:
                text.append(f" {mark} {outcomes[outcome]} {outcome}", style=colour)
    for check in checks:
        if check.outcome == "failed":
            text.append(f"\n  ✗ {check.id}", style="red")
            text.append(f"  {check.failures} of {check.looked_at}: {check.reason}")
    for why, ids in _skipped(checks).items():
        text.append(f"\n  · {why}: {', '.join(ids)}", style="dim")
    return text.append("\n")


def _skipped(checks: list[Check]) -> dict[str, list[str]]:
    """Return the checks of the suites that were not asked, by why not: the first sentence of their reason."""
    found: dict[str, list[str]] = {}
    for check in checks:
        if check.outcome == "skipped" and check.layer == "suite":
            found.setdefault(check.reason.partition(". ")[0], []).append(check.id.removeprefix("suite."))
    return found


def _problem(problem: Problem) -> Text:
    """Return a problem: severity, rule, place; then field and value, what is wrong, how to mend it."""
    text = Text()
    text.append(f"{problem.severity} ", style=COLOURS[problem.severity])
    text.append(problem.rule, style="bold")
    where = " ".join(part for part in (problem.table, problem.key) if part)
    text.append(f"  {where}\n" if where else "\n")
    if problem.source:
        text.append(f"  at    {problem.source}\n")
    if problem.field:
        value = f" = {problem.value!r}" if problem.value is not None else ""
        text.append(f"  field {problem.field}{value}\n")
    text.append(f"  wrong {problem.message}\n")
    if problem.hint:
        text.append(f"  mend  {problem.hint}\n", style="green")
    return text


def plan(console: Console, found: Plan) -> None:
    """Print what publishing would do: version number, changes, what would be refused."""
    if found.same:
        console.print(
            f"{found.dataset}: nothing would change; {found.diff.before} has this content", style="bold green"
        )
    else:
        against = found.diff.before or f"nothing: {found.diff.note}"
        console.print(
            f"{found.dataset}: would become {found.diff.after} ({found.diff.level}) against {against}", style="bold"
        )
        diff(console, found.diff)
    report(console, found.report)
    if found.held:
        console.print("A critical problem would hold this candidate.", style="bold red")


def diff(console: Console, found: Diff) -> None:
    """Print what changed: schemas, rows by table and cause, then the rows with their fields."""
    for change in found.schema_changes:
        console.print(
            f"  schema {change.change} {change.table}{'.' + change.field if change.field else ''}", style="magenta"
        )
    for table, counts in found.tables.items():
        console.print(f"  {table:<13} " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
    for cause, count in found.causes.items():
        console.print(f"  {count:>5} {cause}", style="dim")
    for row in found.rows[:ROWS]:
        console.print(_row(row))
    if len(found.rows) > ROWS:
        console.print(f"  … and {len(found.rows) - ROWS} more rows", style="dim")


def _row(row: RowChange) -> Text:
    mark, colour = CHANGES[row.change]
    text = Text(f"  {mark} {row.table} {' '.join(row.key)}", style=colour)
    moved = f", {row.quarantine} quarantine" if row.quarantine else ""
    text.append(f"  {row.cause}{moved}", style="dim")
    for name, value in row.fields.items():
        text.append(f"\n      {name}: ")
        text.append(quoted(value.old or "", value.new, CUT), style="red")
        text.append(" → ")
        text.append(quoted(value.new or "", value.old, CUT), style="green")
    return text


def versions(console: Console, dataset: str, index: list[dict[str, Any]], *, schema: bool) -> None:
    """Print the versions of a dataset, newest first."""
    console.print(dataset, style="bold")
    for told in reversed(index):
        if "taken_down" in told:
            console.print(f"  {told['version']:<8} {told['as_of']}  taken down: {told['taken_down']}", style="yellow")
        elif schema:
            changed = [f"{one['change']} {one['table']}.{one['field'] or '*'}" for one in told["schema_changes"]]
            console.print(f"  {told['version']:<8} {told['as_of']}  {', '.join(changed) or 'no change of the schemas'}")
        else:
            causes = (
                ", ".join(f"{count} {cause}" for cause, count in told["causes"].items())
                or told["note"]
                or "no change of rows"
            )
            releases, pruned = told["rows"]["releases"], "  (pruned)" if "pruned" in told else ""
            what = noun(releases, "release")
            console.print(
                f"  {told['version']:<8} {told['as_of']}  {releases:>6} {what:<8}  {told['level']:<6} {causes}{pruned}"
            )
