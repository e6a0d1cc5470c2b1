"""The command that publishes: run."""

import logging
import os
import sys
import threading
from datetime import date
from typing import Any

from flows.cli.common import BUSY, DONE, INVALID, WRONG_USE, Day, Format, app, err, out, print_json

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
def run(*dataset: str, as_of: Day = None, dry_run: bool = False, format: Format = "text") -> int:  # noqa: A002
    """Publish datasets: fetch, build, judge, and make a version of what passed.

    Parameters
    ----------
    dataset
        Names of datasets; every dataset if left out.
    as_of
        The day that rules about time count from, YYYY-MM-DD; today in UTC if left out.
    dry_run
        Publish nothing and keep nothing: print the changes, the next version number, and what would be refused.
    format
        Of a dry run: text for people, json for programs.
    """
    from flows import config, server, store  # noqa: PLC0415 - not paid for by --help
    from flows.settings import Settings, given_by_environment  # noqa: PLC0415

    settings = Settings()
    names = list(dataset) or config.names(settings.datasets)
    if not names:
        raise config.ConfigError(f"there is no dataset in {settings.datasets}")
    for name in names:
        config.read(settings.datasets, name)
    if dry_run:
        return _preview(settings, names, as_of, format)
    for name in names:  # say so before a server is started, when another publisher is at work
        with store.locked(settings.lock(name)):
            pass
    given = given_by_environment("PREFECT_API_URL")
    if given and not server.healthy(given):
        raise config.ConfigError(f"PREFECT_API_URL names {given}, and no Prefect server answers there")
    if given:
        os.environ.update(server.environment(settings.prefect_home, given))
        return publish_all(names, as_of)
    err.print("starting Prefect's server …", style="dim")
    threading.Thread(target=_import_heavy, daemon=True).start()
    with server.serving(settings.prefect_home) as url:
        os.environ.update(server.environment(settings.prefect_home, url))
        return publish_all(names, as_of)


def publish_all(names: list[str], as_of: date | None) -> int:
    """Publish each dataset in turn; return the worst of their exits."""
    from flows import pipeline  # noqa: PLC0415 - Prefect reads the environment at import

    _show_log()
    worst = DONE
    for name in names:
        ending = pipeline.publish(name, as_of)
        _tell_run(name, ending)
        worst = max(worst, EXITS.get(ending.name, INVALID))
    return worst


def _preview(settings: Any, names: list[str], as_of: date | None, format: Format) -> int:  # noqa: A002
    """Print what a run of each dataset would do."""
    from flows import preview, tell  # noqa: PLC0415

    plans = [preview.plan(settings, name, as_of) for name in names]
    if format == "json":
        print_json({plan.dataset: plan.told() for plan in plans})
    else:
        for plan in plans:
            tell.plan(out, plan)
    return INVALID if any(plan.held for plan in plans) else DONE


def _tell_run(name: str, ending: Any) -> None:
    """Print what a run found, and what came of it."""
    from flows import tell  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415
    from schemas.report import Report  # noqa: PLC0415

    path = Settings().run(name, ending.run_id) / "report.json" if ending.run_id else None
    if path and path.exists():
        tell.report(out, Report.model_validate_json(path.read_bytes()))
        out.print(f"report    {path}", style="dim")
    good = EXITS.get(ending.name, INVALID) == DONE
    out.print(f"{ending.name:<9} {name} {ending.message}", style="bold green" if good else "bold red")


def _show_log() -> None:
    """Print the steps' own log lines as they come."""
    logger = logging.getLogger("communique")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("  %(message)s"))
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.INFO)


def _import_heavy() -> None:
    """Import what the judgment needs, on a thread, while the server starts."""
    from flows.validate import suites, tables  # noqa: F401, PLC0415 - imported to be there in time
