"""The command that publishes: run."""

from datetime import date
from typing import Any

from flows.cli.common import BUSY, DONE, INVALID, WRONG_USE, Day, Format, app, err, many, out, print_json

EXITS = {
    "Published": DONE,
    "Unchanged": DONE,
    "Held": INVALID,
    "Rejected": INVALID,
    "Failed": INVALID,
    "Misconfigured": WRONG_USE,
    "Busy": BUSY,
}
"""The exit code of each state that a publishing run ends in."""


@app.command
def run(  # noqa: PLR0913 - a command has as many options as it takes
    *dataset: str,
    as_of: Day = None,
    since: Day = None,
    until: Day = None,
    dry_run: bool = False,
    reference: bool = False,
    format: Format = "text",  # noqa: A002 - the option's name
) -> int:
    """Publish datasets: fetch, build, judge, and make a version of what passed.

    With --since it is a backfill: a run on each of the days in order, over the sources as they are now, as if it had
    been started on that day, up to the first that is held or failed. What was received is told by a journal that only
    grows, so a backfill begins where that ends, or later.

    Parameters
    ----------
    dataset
        Names of datasets; every dataset if left out.
    as_of
        The day that rules about time count from, YYYY-MM-DD; today in UTC if left out.
    since
        First day of a backfill, YYYY-MM-DD.
    until
        Last day of a backfill, YYYY-MM-DD; today in UTC if left out.
    dry_run
        Publish nothing and keep nothing: print the changes, the next version number, and what would be refused.
    reference
        Ask frictionless itself over every row, not over a sample; where it says another thing, the run is held.
    format
        Of a dry run: text for people, json for programs.
    """
    from flows import config, steps, store  # noqa: PLC0415 - not paid for by --help
    from flows.cli.connecting import connected  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    settings = Settings()
    if (since or until) and (as_of or dry_run or not since):
        raise config.ConfigError("a backfill has a first day, --since, and neither --as-of nor --dry-run")
    if format == "json" and not dry_run:
        raise config.ConfigError("--format json is of a dry run: add --dry-run, or read the report.json of the run")
    names = list(dataset) or config.names(settings.datasets)
    if not names:
        raise config.ConfigError(f"there is no dataset in {settings.datasets}: {config.NONE}")
    for name in names:
        config.read(settings.datasets, name)
        if since:
            steps.days(settings, name, since, until)
    if dry_run:
        return _preview(settings, names, as_of, format, reference=reference)
    for name in names:  # say so before a server is started, when another publisher is at work
        with store.locked(settings.lock(name)):
            pass
    with connected(settings):
        return publish_all(names, as_of, since, until, reference=reference)


def publish_all(
    names: list[str],
    as_of: date | None,
    since: date | None = None,
    until: date | None = None,
    *,
    reference: bool = False,
) -> int:
    """Publish each dataset in turn; return the worst of their exits."""
    from flows import logs, pipeline  # noqa: PLC0415 - Prefect reads the environment at import

    worst = DONE
    for name in names:
        with logs.of_one_run(err, name):
            ending = pipeline.publish(name, as_of, since, until, reference=reference)
        _tell_run(name, ending)
        worst = max(worst, EXITS.get(ending.name, INVALID))
    return worst


def _preview(settings: Any, names: list[str], as_of: date | None, format: Format, *, reference: bool) -> int:  # noqa: A002
    """Print what a run of each dataset would do."""
    from flows import preview, tell  # noqa: PLC0415

    plans = [preview.plan(settings, name, as_of, reference=reference) for name in names]
    if format == "json":
        print_json({plan.dataset: plan.told() for plan in plans})
    else:
        for plan in plans:
            tell.plan(out, plan)
    return INVALID if any(plan.held for plan in plans) else DONE


def _tell_next(name: str, outcome: str, run_id: str, refused: int) -> None:
    """Print what a steward can do now: look at the rows that were refused, decide on a run that is held."""
    if outcome == "Held":
        out.print(f"publish   communique approve {run_id} --reason …")
        out.print(f"turn down communique reject {run_id} --reason …")
    elif refused:
        out.print(f"refused   {many(refused, 'row')}: communique quarantine list {name}", style="yellow")


def _tell_run(name: str, ending: Any) -> None:
    """Print what a run found, and what came of it; of a backfill, the last day, after a line for each."""
    from flows import tell  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415
    from schemas.report import Report  # noqa: PLC0415

    settings, run_id = Settings(), ending.days[-1].run_id if ending.days else None
    path = settings.run(name, run_id) / "report.json" if run_id else None
    if path and path.exists():
        found = Report.model_validate_json(path.read_bytes())
        tell.report(out, found)
        out.print(f"report    {path}", style="dim")
        _tell_next(name, ending.name, str(run_id), sum(count.refused for count in found.counts.values()))
    page = settings.packages / name / "index.html"
    if page.exists():
        out.print(f"catalog   {page}", style="dim")
    for day in ending.days if len(ending.days) > 1 else ():
        out.print(f"{day.day}  {day.name:<9} {day.message}")
    good = EXITS.get(ending.name, INVALID) == DONE
    out.print(f"{ending.name:<9} {name} {ending.message}", style="bold green" if good else "bold red")
