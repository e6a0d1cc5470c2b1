"""The command line: builds Settings, calls one step, prints what came of it.

Exit: 0 done; 1 the data is invalid or held; 2 wrong use or configuration, a path that is not there;
4 another publisher holds the lock or won; 130 stopped by Ctrl-C.
"""

import logging
import os
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console

from schemas import __version__

DONE, INVALID, WRONG_USE, BUSY, STOPPED = 0, 1, 2, 4, 130
EXITS = {
    "Published": DONE,
    "Unchanged": DONE,
    "Held": INVALID,
    "Failed": INVALID,
    "Misconfigured": WRONG_USE,
    "Busy": BUSY,
}
"""The exit code of each state that a publishing run ends in."""

app = App(
    name="communique",
    help="Official releases in, open data out: press releases become validated, versioned open-data packages.",
    version=__version__,
    help_format="plaintext",
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Format = Literal["text", "json"]


def _day(_: Any, tokens: Any) -> date:
    return date.fromisoformat(tokens[0].value)


Day = Annotated[date | None, Parameter(converter=_day)]


@app.command
def run(*dataset: str, as_of: Day = None) -> int:
    """Publish datasets: fetch, build, judge, and make a version of what passed.

    Parameters
    ----------
    dataset
        Names of datasets; every dataset if left out.
    as_of
        The day that rules about time count from, YYYY-MM-DD; today in UTC if left out.
    """
    from flows import config, server  # noqa: PLC0415 - only this command needs them
    from flows.settings import Settings, given_by_environment  # noqa: PLC0415

    settings = Settings()
    names = list(dataset) or config.names(settings.datasets)
    if not names:
        err.print(f"there is no dataset in {settings.datasets}", style="red")
        return WRONG_USE
    for name in names:
        config.read(settings.datasets, name)
    _refuse_when_busy(settings, names)
    given = given_by_environment("PREFECT_API_URL")
    if given:
        os.environ.update(server.environment(settings.prefect_home, given))
        return _publish_all(names, as_of)
    err.print("starting Prefect's server …", style="dim")
    _warm()
    with server.serving(settings.prefect_home) as url:
        os.environ.update(server.environment(settings.prefect_home, url))
        return _publish_all(names, as_of)


@app.command
def validate(*target: str, as_of: Day = None, format: Format = "text") -> int:  # noqa: A002 - the option's name
    """Judge release documents or a dataset's sources as they are; nothing is kept or published.

    Parameters
    ----------
    target
        Files or folders of documents, or names of datasets. Suites are asked for datasets only.
    as_of
        The day that rules about time count from, YYYY-MM-DD; today in UTC if left out.
    format
        text for people, json for programs.
    """
    from flows import config, steps  # noqa: PLC0415 - not paid for by --help
    from flows.settings import Settings  # noqa: PLC0415

    settings = Settings()
    if not target:
        raise config.ConfigError("name a file, a folder or a dataset to validate")
    reports = {}
    for name in target:
        if Path(name).exists():
            reports[name] = steps.validate_files(Path(name), as_of)
        elif name in config.names(settings.datasets):
            reports[name] = steps.validate_dataset(settings, name, as_of)
        else:
            raise config.ConfigError(f"{name}: there is no such file, and no such dataset in {settings.datasets}")
    _tell(reports, format)
    return DONE if all(report.valid for report in reports.values()) else INVALID


@app.command
def schema(*, check: bool = False) -> int:
    """Write the generated schemas and pages, or say which are stale.

    Parameters
    ----------
    check
        Write nothing; exit 1 when a committed file is not what the models say.
    """
    from flows import generate  # noqa: PLC0415 - not paid for by --help

    stale = generate.stale()
    for path in stale:
        err.print(f"{path}: {'stale; run `communique schema`' if check else 'written'}")
    if not check:
        generate.write()
    return INVALID if check and stale else DONE


def _refuse_when_busy(settings: Any, names: list[str]) -> None:
    """Raise LockedError before a server is started, when another publisher is at work on one of the datasets."""
    from flows import store  # noqa: PLC0415

    for name in names:
        with store.locked(settings.lock(name)):
            pass


def _publish_all(names: list[str], as_of: date | None) -> int:
    """Publish each dataset in turn; return the worst of their exits."""
    from flows import pipeline  # noqa: PLC0415 - Prefect reads the environment at import

    _show_log()
    worst = DONE
    for name in names:
        ending = pipeline.publish(name, as_of)
        _tell_run(name, ending)
        worst = max(worst, EXITS.get(ending.name, INVALID))
    return worst


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


def _tell(reports: dict[str, Any], format: Format) -> None:  # noqa: A002 - the option's name
    if format == "json":
        import json  # noqa: PLC0415

        dumped = {name: report.model_dump(mode="json", by_alias=True) for name, report in reports.items()}
        print(json.dumps(dumped if len(dumped) > 1 else next(iter(dumped.values())), ensure_ascii=False, indent=2))  # noqa: T201 - the answer
        return
    from flows import tell  # noqa: PLC0415

    for name, report in reports.items():
        tell.report(out, report)
        out.print(f"{name}: {tell.verdict(report)}", style="bold green" if report.valid else "bold red")


def _show_log() -> None:
    """Print the steps' own log lines as they come."""
    logger = logging.getLogger("communique")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("  %(message)s"))
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.INFO)


def _warm() -> None:
    """Import what the judgment needs, on a thread, while the server starts."""
    import threading  # noqa: PLC0415

    threading.Thread(target=_import_heavy, daemon=True).start()


def _import_heavy() -> None:
    from flows.validate import suites, tables  # noqa: F401, PLC0415 - imported to be there in time


@app.meta.default
def launch(*tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)], data: Path | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    data
        The data folder; COMMUNIQUE_DATA, or ./data, if left out.
    """
    if data:
        os.environ["COMMUNIQUE_DATA"] = str(data)
    return int(app(tokens, exit_on_error=False, print_error=False, result_action="return_value") or DONE)


def _failures() -> dict[type[Exception], int]:
    """Return the exit code of each failure that is told without a traceback."""
    from flows import config, guard, ingest, server, store  # noqa: PLC0415

    return {
        CycloptsError: WRONG_USE,
        config.ConfigError: WRONG_USE,
        guard.BadInput: WRONG_USE,
        ingest.NoSource: WRONG_USE,
        store.LockedError: BUSY,
        server.ServerError: INVALID,
        OSError: WRONG_USE,
    }


def main() -> None:
    """Run the command line and exit."""
    sys.exit(_guarded(lambda: app.meta(exit_on_error=False, print_error=False, result_action="return_value")))


def _guarded(call: Callable[[], Any]) -> int:
    try:
        return int(call() or DONE)
    except KeyboardInterrupt:
        err.print("stopped")
        return STOPPED
    except Exception as error:
        code = next((code for kind, code in _failures().items() if isinstance(error, kind)), None)
        if code is None:
            raise
        err.print(str(error), style="red", markup=False)
        return code
