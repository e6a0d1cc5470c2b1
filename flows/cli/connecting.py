"""The Prefect server that a command works with: the one that PREFECT_API_URL names, or our own."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flows import logs, server
from flows.cli.common import err
from flows.config import ConfigError
from flows.redact import shown
from flows.settings import Settings, given_by_environment


@contextmanager
def connected(settings: Settings) -> Iterator[str]:
    """Yield the address of the server, the environment set to work with it; ConfigError when it is silent."""
    given = given_server(settings)
    if given:
        yield given
        return
    with own_server(settings) as url:
        yield url


def given_server(settings: Settings) -> str | None:
    """Return the server that PREFECT_API_URL names, the environment set to work with it; None where it names none."""
    given = given_by_environment("PREFECT_API_URL")
    if not given:
        return None
    try:
        server.ask(given, "health")
    except server.ServerError as silent:
        named = f"PREFECT_API_URL names {shown(given)}, and no Prefect server answers there"
        raise ConfigError(f"{named} ({silent})") from None
    os.environ.update(server.environment(settings.prefect_home, given))
    return given


@contextmanager
def own_server(settings: Settings, port: int | None = None) -> Iterator[str]:
    """Yield the address of our own server, the environment set to work with it."""
    if not logs.wants_json():
        err.print("starting Prefect's server …", style="dim")
    threading.Thread(target=_import_heavy, daemon=True).start()
    with server.serving(settings.prefect_home, port) as url:
        os.environ.update(server.environment(settings.prefect_home, url))
        yield url


def _import_heavy() -> None:
    """Import what the judgment needs, on a thread, while the server starts."""
    from flows.validate import suites, tables  # noqa: F401, PLC0415 - imported to be there in time
