"""How the log is written: lines for people, or JSON for machines (`COMMUNIQUE_LOG=json`); no secret in either."""

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flows.redact import redact

CONFIG = Path(__file__).with_name("logging.yml")
"""The logging of a process that Prefect starts, as Prefect reads it."""
STEPS = ("fetch", "build", "judge", "stage", "audit", "commit")
OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""What every record has; all else was given by who wrote the line."""


class Lines(logging.Formatter):
    """Lines for people, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; of what Prefect tells in many lines, with a traceback, the first."""
        if record.name.startswith("prefect"):
            why = record.exc_info[1] if record.exc_info else None
            first = record.getMessage().strip().partition("\n")[0]
            return redact(f"Prefect: {first}" + (f" ({type(why).__name__}: {why})" if why else ""))
        return redact(super().format(record))


class Dated(Lines):
    """Lines with the second in UTC and the dataset, for a log of many runs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        second = f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%SZ}"
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        dataset = f"{dataset} " if (dataset := getattr(record, "dataset", "")) else ""
        return redact(f"{second} {level}{dataset}") + super().format(record)


class Json(logging.Formatter):
    """A JSON object a line: time, level, logger, message, and what the line is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": " ".join(record.getMessage().split()),
            **{name: value for name, value in _given(record).items() if _plain(value)},
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        # redact the values, not the line, where a secret may be written with escapes
        hushed = {name: redact(value) if isinstance(value, str) else value for name, value in told.items()}
        return json.dumps(hushed, ensure_ascii=False)


def _given(record: logging.LogRecord) -> Mapping[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in OWN}


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def wants_json() -> bool:
    """Return whether the log is asked for as JSON, as `Settings.log` is: a process of Prefect has no settings yet."""
    return os.environ.get("COMMUNIQUE_LOG") == "json"


def formatter() -> logging.Formatter:
    """Return the formatter of a log of many runs, as the environment asks for it."""
    return Json() if wants_json() else Dated("%(message)s")


def to_terminal() -> None:
    """Write the log of many runs to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter())
    _only(handler)


@contextmanager
def of_one_run(console: Console, name: str) -> Iterator[None]:
    """Write the steps' lines as they come; on a terminal, with a bar that says how far the run is."""
    if wants_json() or not console.is_terminal:
        handler: logging.Handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(Json() if wants_json() else Lines("  %(message)s"))
        handler.addFilter(_of_a_step if not wants_json() else lambda _: True)
        _only(handler)
        yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        _only(_Bar(progress, name))
        yield


def _of_a_step(record: logging.LogRecord) -> bool:
    """Return whether a line is about a step or worse; how a run ended is printed after its report."""
    return hasattr(record, "step") or (record.levelno > logging.INFO and not hasattr(record, "outcome"))


def _only(handler: logging.Handler) -> None:
    """Have the project's lines go to `handler`, and to Prefect's server, which has its own."""
    logger = logging.getLogger("communique")
    logger.handlers = [kept for kept in logger.handlers if type(kept).__module__.startswith("prefect.")] + [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)


class _Bar(logging.Handler):
    """Prints each line above a bar, and moves the bar on when a line ends a step."""

    def __init__(self, progress: Progress, name: str) -> None:
        super().__init__()
        self.setFormatter(Lines("  %(message)s"))
        self.addFilter(_of_a_step)
        self.progress, self.name = progress, name
        self.bar = progress.add_task(f"{name}: {STEPS[0]}", total=len(STEPS))

    def emit(self, record: logging.LogRecord) -> None:
        """Print the line."""
        self.progress.console.print(self.format(record), markup=False, highlight=False, soft_wrap=True)
        step = getattr(record, "step", None)
        if step in STEPS:
            done = STEPS.index(step) + 1
            following = STEPS[done] if done < len(STEPS) else "done"
            self.progress.update(self.bar, completed=done, description=f"{self.name}: {following}")
