"""A bar on the terminal for what takes longer than a second; nothing where nobody looks."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from flows.validate.engine.progress import WATCH

PATIENCE = 1.0
"""Seconds before a bar is shown."""


class Bar:
    """A bar for each file that is read."""

    def __init__(self, console: Console) -> None:
        """Begin to wait."""
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
        self.progress = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
        self.since = time.monotonic()
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, name: str, done: int, size: int) -> None:
        """Show how far the reading of a file is, once it has taken a second."""
        if time.monotonic() - self.since < PATIENCE:
            return
        if name not in self.tasks:
            self.progress.start()
            self.tasks[name] = self.progress.add_task(name, total=size or None, told="")
        told = f"{done / size:.0%}" if size else f"{done:,} rows"
        self.progress.update(self.tasks[name], completed=done, told=told)


@contextmanager
def bar(console: Console) -> Iterator[None]:
    """Show how far the reading of files is, on a terminal."""
    if not console.is_terminal:
        yield
        return
    shown = Bar(console)
    token = WATCH.set(shown)
    try:
        yield
    finally:
        WATCH.reset(token)
        shown.progress.stop()
