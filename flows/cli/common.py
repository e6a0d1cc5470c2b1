"""What the commands share: consoles, exit codes, and the options that several have."""

from datetime import date
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.console import Console

from schemas import __version__

DONE, INVALID, WRONG_USE, UNREACHABLE, BUSY, STOPPED = 0, 1, 2, 3, 4, 130

app = App(
    name="communique",
    help="Official releases in, open data out: press releases become validated, versioned open-data packages.",
    version=__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)
out = Console(highlight=False, soft_wrap=True, markup=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

Format = Literal["text", "json"]


def _day(_: Any, tokens: Any) -> date:
    text = tokens[0].value
    if len(text) != len("2021-07-06"):
        raise ValueError(f"{text!r} is not a day: it is written YYYY-MM-DD")
    return date.fromisoformat(text)


Day = Annotated[date | None, Parameter(converter=_day)]


def print_json(value: Any) -> None:
    """Print `value` as JSON, for programs."""
    import json  # noqa: PLC0415 - not paid for by --help

    print(json.dumps(value, ensure_ascii=False, indent=2))  # noqa: T201 - the answer
