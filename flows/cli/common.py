"""What the commands share: consoles, exit codes, and the options that several have."""

import getpass
import os
import sys
from datetime import date
from typing import Annotated, Any, Literal, TextIO

from cyclopts import App, Parameter
from rich.console import Console

from schemas import __version__
from schemas.counting import noun

DONE, INVALID, WRONG_USE, UNREACHABLE, BUSY, STOPPED = 0, 1, 2, 3, 4, 130


class Terminal(Console):
    """A console whose reader may leave: what is printed after goes nowhere, and the command ends as it would have."""

    def on_broken_pipe(self) -> None:
        """Print no more."""
        self.quiet = True
        deaf(sys.stderr if self.stderr else sys.stdout)


def deaf(stream: TextIO) -> None:
    """Let what is still written to `stream`, and what it has not flushed yet, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


app = App(
    name="communique",
    help="Official releases in, open data out: press releases become validated, versioned open-data packages.",
    version=__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
    console=Terminal(),
)
app.register_install_completion_command(help="Have the shell complete commands and options.")
out = Terminal(highlight=False, soft_wrap=True, markup=False)
err = Terminal(stderr=True, highlight=False, soft_wrap=True, markup=False)

Format = Literal["text", "json"]


def _day(_: Any, tokens: Any) -> date:
    text = tokens[0].value
    if len(text) != len("2021-07-06"):
        raise ValueError(f"{text!r} is not a day: it is written YYYY-MM-DD")
    return date.fromisoformat(text)


Day = Annotated[date | None, Parameter(converter=_day)]


def many(number: int, name: str) -> str:
    """Return how many there are of what has that name."""
    return f"{number} {noun(number, name)}"


def who(by: str | None) -> str:
    """Return who decides: as told, else the name of the account, or its number where it has no name."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def print_json(value: Any) -> None:
    """Print `value` as JSON, for programs."""
    import json  # noqa: PLC0415 - not paid for by --help

    try:
        print(json.dumps(value, ensure_ascii=False, indent=2), flush=True)  # noqa: T201 - the answer
    except BrokenPipeError:
        deaf(sys.stdout)
