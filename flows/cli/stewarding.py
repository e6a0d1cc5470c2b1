"""The commands of a steward: quarantine, approve, reject."""

import json
import shlex
from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from flows.cli.common import DONE, WRONG_USE, Day, Format, app, err, many, out, print_json, who

quarantine = App(name="quarantine", help="Look at the rows that were refused, and try them again.")
app.command(quarantine)
KEY, VALUE = 60, 50
"""Most letters of a key and of a value in a list; `--format json` and `show` have the whole."""

Reason = Annotated[str, Parameter(help="Why; kept and published.")]
Ruled = Annotated[str | None, Parameter(help="Why; kept and published. Required, but for a dry run.")]
By = Annotated[str | None, Parameter(help="Who decides; the name of the account if left out.")]


@quarantine.command(name="list")
def list_(*dataset: str, format: Format = "text") -> int:  # noqa: A002 - the option's name
    """List the rows that are refused now, and the runs that wait for a decision.

    Parameters
    ----------
    dataset
        Names of datasets; every dataset if left out.
    format
        text for people, json for programs.
    """
    from flows import config  # noqa: PLC0415 - not paid for by --help
    from flows.settings import Settings  # noqa: PLC0415

    settings = Settings()
    config.some(settings.datasets, settings.packages)
    names = [config.known(settings.datasets, settings.packages, name) for name in dataset]
    names = names or config.names(settings.datasets)
    found = {name: _refused(settings.quarantine(name)) for name in names}
    waiting = {name: _waiting(settings.root / "runs" / name) for name in names}
    if format == "json":
        print_json({name: {"refused": found[name], "waiting": waiting[name]} for name in names})
        return DONE
    for name, rows in found.items():
        _tell_refused(name, rows)
        for run in waiting[name]:
            out.print(f"  run {run} is held: communique approve {run} --reason …", style="yellow")
    return DONE


def _tell_refused(name: str, rows: list[dict[str, str]]) -> None:
    """Print the refused rows of a dataset in columns, how often each rule was broken, and how to look at one."""
    from schemas.rules import DEPENDANT  # noqa: PLC0415 - not paid for by --help

    own = [row for row in rows if row["rule"] != DEPENDANT]
    refused = {(row["table"], row["key"], row["row"]) for row in own}
    kept_back = {(row["table"], row["key"], row["row"]) for row in rows} - refused
    reasons = f" for {len(own)} reasons" if len(own) > len(refused) else ""
    counted = f"{many(len(refused), 'row')} refused{reasons}"
    out.print(f"{name}: {counted}, {len(kept_back)} kept back with them", style="bold")
    cells = [
        [row["table"], cut(shlex.quote(row["key"]), KEY), row["rule"], row["field"], cut(row["value"], VALUE)]
        for row in own
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        out.print(
            "  " + " ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip(), markup=False
        )
    by_rule = Counter(row["rule"] for row in own)
    for rule, count in by_rule.most_common() if len(own) > len(by_rule) > 1 else ():
        out.print(f"  {count:>5} {rule}", style="dim")
    if own:
        out.print(
            f"  look at one: communique quarantine show {name} {shlex.quote(own[0]['key'])}", style="dim", markup=False
        )


def cut(text: str, most: int) -> str:
    """Return `text` with at most `most` letters, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


@quarantine.command
def show(dataset: str, key: str, /) -> int:
    """Show a refused row whole: where it came from, why, how to mend it, and its values; in each table that has it.

    Parameters
    ----------
    dataset
        Name of the dataset.
    key
        Key of the row, as the list shows it; in quotes where it has blanks.
    """
    from flows import config  # noqa: PLC0415 - not paid for by --help
    from flows.settings import Settings  # noqa: PLC0415
    from flows.validate import expectations  # noqa: PLC0415
    from schemas.rules import RULES  # noqa: PLC0415

    settings = Settings()
    refused = _refused(settings.quarantine(config.known(settings.datasets, settings.packages, dataset)))
    rows = [row for row in refused if row["key"] == key]
    if not rows:
        near = get_close_matches(key, {row["key"] for row in refused}, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else f": communique quarantine list {dataset}"
        err.print(f"{dataset} has no refused row with the key {key!r}{meant}", style="red", markup=False)
        return WRONG_USE
    hints = expectations.hints((expectations.FOLDER, settings.expectations(dataset)))
    hints |= {rule.id: rule.hint for rule in RULES.values()}
    for number, reasons in enumerate(_by_row(rows)):
        for place, row in enumerate(reasons):
            if number or place:
                out.print()
            out.print(f"{row['severity']} {row['rule']}  {row['table']} {row['key']}", style="bold")
            out.print(f"  at    {row['file']}{':' + row['line'] if row['line'] else ''} {row['pointer']}")
            if row["field"]:
                out.print(f"  field {row['field']} = {row['value']!r}")
            out.print(f"  wrong {row['message']}")
            if hints.get(row["rule"]):
                out.print(f"  mend  {hints[row['rule']]}", style="green", markup=False)
        own = {name: value for name, value in json.loads(reasons[0]["row"]).items() if value not in (None, "")}
        out.print(json.dumps(own, ensure_ascii=False, indent=2))
    return DONE


@quarantine.command
def retry(dataset: str, /, *, as_of: Day = None) -> int:
    """Run a dataset again and tell which rows got out of the quarantine.

    Parameters
    ----------
    dataset
        Name of the dataset.
    as_of
        The day that rules about time count from, YYYY-MM-DD; today in UTC if left out.
    """
    from flows.cli.publishing import run  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    folder = Settings().quarantine(dataset)
    before = {(row["table"], row["key"]) for row in _refused(folder)}
    code = run(dataset, as_of=as_of)
    after = {(row["table"], row["key"]) for row in _refused(folder)}
    for table, key in sorted(before - after):
        out.print(f"out   {table} {key}", style="green", markup=False)
    out.print(f"{len(before - after)} of {len(before)} rows got out, {len(after)} are refused")
    return code


@app.command
def approve(run: str, /, *, reason: Ruled = None, by: By = None, dry_run: bool = False) -> int:
    """Publish the candidate of a held run as it was judged, if what is published has not moved since.

    Parameters
    ----------
    run
        Id of the run.
    dry_run
        Publish nothing: print what approving would change.
    """
    from flows import rulings, tell  # noqa: PLC0415 - not paid for by --help
    from flows.settings import Settings  # noqa: PLC0415
    from flows.site import write as catalog  # noqa: PLC0415

    settings = Settings()
    if dry_run:
        tell.plan(out, rulings.held_plan(settings, run))
        return DONE
    published = rulings.approve(settings, run, who(by), reason or "")
    catalog.refresh(settings.packages, settings.base_url)
    out.print(f"Published {published.dataset} {published.folder}", style="bold green")
    return DONE


@app.command
def reject(run: str, /, *, reason: Reason, by: By = None) -> int:
    """Turn down the candidate of a held run; the same content is not offered again.

    Parameters
    ----------
    run
        Id of the run.
    """
    from flows import rulings  # noqa: PLC0415 - not paid for by --help
    from flows.settings import Settings  # noqa: PLC0415

    rulings.reject(Settings(), run, who(by), reason)
    out.print(f"Rejected {run}", style="bold yellow")
    return DONE


def _refused(folder: Path) -> list[dict[str, str]]:
    from flows.publish.diff import read_rows  # noqa: PLC0415 - not paid for by --help

    path = folder / "quarantine.csv"
    return list(read_rows(path)) if path.is_file() else []


def _by_row(refused: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    """Return the reasons of each row, its own before that of a parent; rows with one of their own come first."""
    from schemas.rules import DEPENDANT  # noqa: PLC0415 - not paid for by --help

    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for one in sorted(refused, key=lambda one: one["rule"] == DEPENDANT):
        found.setdefault((one["table"], one["row"]), []).append(one)
    return list(found.values())


def _waiting(runs: Path) -> list[str]:
    found = (path for path in sorted(runs.glob("*/run.json")) if json.loads(path.read_bytes())["outcome"] == "Held")
    return [path.parent.name for path in found]
