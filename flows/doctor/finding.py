"""What doctor finds, and what it looks at."""

from typing import Literal, NamedTuple

from flows.settings import Settings

UNREADABLE = (OSError, ValueError, KeyError, TypeError)
"""What reading a journal ends in that is none."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    check: str
    outcome: Literal["good", "warning", "bad", "skipped"]
    found: str
    mend: str = ""


class Case(NamedTuple):
    """What is looked at."""

    settings: Settings
    url: str | None
    """The server: the one that PREFECT_API_URL names, our own where it runs, or None."""
    given: bool
    """Whether PREFECT_API_URL names it."""
    alive: str | None
    """The server where it answers, else None."""
