"""The command line: builds Settings, calls one step, prints what came of it.

Exit: 0 done; 1 the data is invalid or held; 2 wrong use or configuration, a path that is not there; 3 no
source could be reached; 4 another publisher holds the lock or won; 130 stopped by Ctrl-C.
"""

import gc
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import CycloptsError, Parameter

from flows import memory
from flows.cli import (  # noqa: F401 - each adds its commands
    catalog,
    downloads,
    judging,
    operating,
    publishing,
    stewarding,
    versions,
)
from flows.cli.common import BUSY, DONE, INVALID, STOPPED, UNREACHABLE, WRONG_USE, app, err


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


def main() -> None:
    """Run the command line and exit; what the terminal has no letters for is printed as a question mark."""
    memory.settle()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    code = _guarded(lambda: app.meta(exit_on_error=False, print_error=False, result_action="return_value"))
    gc.freeze()  # else Python looks once more through all that was imported, for more than a second
    sys.exit(code)


def _guarded(call: Callable[[], Any]) -> int:
    try:
        return int(call() or DONE)
    except KeyboardInterrupt:
        err.print("stopped")
        return STOPPED
    except Exception as error:
        code, told = _told(error)
        if code is None:
            raise
        err.print(told, style="red", markup=False)
        return code


def _told(error: Exception) -> tuple[int | None, str]:
    """Return the exit code of a failure and what is said of it, without secrets; no code for what is a bug."""
    from pydantic import ValidationError  # noqa: PLC0415 - not paid for by --help

    from flows.redact import redact  # noqa: PLC0415

    if isinstance(error, ValidationError) and error.title == "Settings":
        wrong = error.errors(include_url=False, include_input=False)
        return WRONG_USE, "\n".join(f"COMMUNIQUE_{str(one['loc'][0]).upper()}: {one['msg']}" for one in wrong)
    code = next((code for kind, code in _failures().items() if isinstance(error, kind)), None)
    return code, redact(str(error))


def _failures() -> dict[type[Exception], int]:
    """Return the exit code of each failure that is told without a traceback."""
    from flows import config, guard, ingest, rebuild, rulings, server, steward, store  # noqa: PLC0415 - not paid for by --help
    from flows.download import source  # noqa: PLC0415
    from flows.publish.audit import AuditError  # noqa: PLC0415
    from flows.validate.expectations import SuiteFault  # noqa: PLC0415

    return {
        CycloptsError: WRONG_USE,
        config.ConfigError: WRONG_USE,
        guard.BadInput: WRONG_USE,
        ingest.NoSource: WRONG_USE,
        rulings.NoSuch: WRONG_USE,
        rulings.RulingError: INVALID,
        rebuild.RebuildError: WRONG_USE,
        rebuild.Astray: INVALID,
        steward.StewardFault: INVALID,
        AuditError: INVALID,
        SuiteFault: WRONG_USE,
        store.LockedError: BUSY,
        server.PortTaken: WRONG_USE,
        server.ServerError: INVALID,
        source.Unreachable: UNREACHABLE,
        source.Absent: WRONG_USE,
        source.Untrue: INVALID,
        OSError: WRONG_USE,
    }
