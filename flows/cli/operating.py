"""The commands that set up and keep publishing: init, up, doctor."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from flows.cli.common import DONE, INVALID, Format, app, out, print_json

if TYPE_CHECKING:
    from flows.cli.site import Site

COLOURS = {"good": "green", "warning": "yellow", "bad": "bold red", "skipped": "dim"}
MARKS = {"good": "✓", "warning": "!", "bad": "✗", "skipped": "·"}
PORTS = 5
"""Ports that are tried where each is taken by somebody else in the moment of a start."""
log = logging.getLogger("communique")


@app.command
def init(folder: Path = Path(), /) -> int:
    """Make a project with one sample dataset.

    Parameters
    ----------
    folder
        Where; the current folder if left out.
    """
    from flows import project  # noqa: PLC0415 - not paid for by --help

    made = project.make(folder)
    for path in made:
        out.print(f"made {path}")
    readme = next(path for path in made if path.name == "README.md")
    out.print(f"The sample has mistakes on purpose, to be found by judging it: {readme} tells of them.")
    data = readme.parent.parent
    where = f"cd {folder} && " if folder != Path() else ""
    named = "" if data.parent == folder and data.name == "data" else f"--data {data} "
    out.print(f"Publish it: {where}communique {named}run sample-ministry", style="bold green")
    return DONE


@app.command
def doctor(*, format: Format = "text") -> int:  # noqa: A002 - the option's name
    """Say what would keep datasets from being published well here, each finding with its mend.

    Parameters
    ----------
    format
        text for people, json for programs.
    """
    from flows import doctor as doctors  # noqa: PLC0415 - not paid for by --help
    from flows.settings import Settings  # noqa: PLC0415

    found = doctors.examine(Settings())
    told = doctors.as_json(found)
    if format == "json":
        print_json(told)
        return DONE if told["good"] else INVALID
    for one in told["findings"]:
        out.print(f"{MARKS[one['outcome']]} {one['check']:<18} {one['found']}", style=COLOURS[one["outcome"]])
        if one["mend"]:
            out.print(f"  {'mend':<18} {one['mend']}")
    return DONE if told["good"] else INVALID


@app.command
def up(
    *,
    port: int | None = None,
    site: int | None = None,
    name: Annotated[list[str] | None, Parameter(negative="")] = None,
) -> int:
    """Publish every dataset on the schedule of its file, until Ctrl-C; Prefect's pages show and start runs.

    What is published can be downloaded from a plain site beside it.

    Parameters
    ----------
    port
        Port of Prefect's own server on 127.0.0.1; 4200, or another where that is taken; 0 takes any that is
        free. Without meaning where PREFECT_API_URL names a server.
    site
        Port of the download site on 127.0.0.1; 8000, or another where that is taken; 0 takes any that is free.
    name
        A host name that the site answers to besides loopback, as one behind a proxy; give it again for each.
    """
    from flows import config, logs, store  # noqa: PLC0415 - not paid for by --help
    from flows.cli.site import Site  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    settings = Settings()
    names = config.names(settings.datasets)
    if not names:
        raise config.ConfigError(f"there is no dataset in {settings.datasets}: {config.NONE}")
    wrong = [fault for one in names if (fault := config.fault(settings.datasets, one))]
    if len(wrong) == len(names):  # else the others are served, and people are told
        raise wrong[0]
    os.environ["COMMUNIQUE_DATA"] = str(settings.root)  # for the processes of its runs
    logs.to_terminal()
    with store.locked(settings.prefect_home / "up.lock"):
        beside = Site(settings.root, site, name or [])
        try:
            serve(settings, port, beside)
        finally:
            beside.stop()
    return DONE


def serve(settings: Any, port: int | None, beside: "Site") -> None:
    """Serve until told to stop; our own server is started again where it is gone."""
    from flows import server  # noqa: PLC0415
    from flows.cli.connecting import given_server, own_server  # noqa: PLC0415

    given = given_server(settings)
    if given:
        _serve_with(settings, given, beside, own=False)
        return
    server.alone(settings.prefect_home)
    taken, left = server.port_for(port, server.PORT, "Prefect's server"), PORTS
    while True:
        try:
            with own_server(settings, taken) as url:
                _serve_with(settings, url, beside, own=True)
                return
        except server.PortTaken:  # by another folder's, which was started in the same moment
            left -= 1
            if port or not left:
                raise
            log.warning("somebody listens on %s:%d already: another port is tried", server.LOOPBACK, taken)
            taken = server.free_port()
        except server.ServerGone as gone:
            log.warning("%s; it is started again", gone)


def _serve_with(settings: Any, url: str, beside: "Site", *, own: bool) -> None:
    from flows.pipeline import deploy  # noqa: PLC0415 - Prefect reads the environment at import
    from flows.redact import shown  # noqa: PLC0415

    out.print(f"Prefect's pages: {shown(url).removesuffix('/api')}  (Ctrl-C stops all of it)")
    deploy.up(settings, url, beside.keep, own=own)
    beside.ask_to_stop()  # while the server stops
