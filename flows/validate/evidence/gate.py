"""What the gate finds, and what all of its rules need: places of words, and the days of a release."""

from collections import Counter
from datetime import date
from typing import Any

from flows.validate.parsers import Span
from schemas.report import Problem, Record, quoted
from schemas.rules import problem

Rows = dict[str, list[Record]]
Finding = tuple[Record, Problem]

NEAR = 200
"""Characters around a span in which its words are looked for where they do not stand at their place."""


class Gate:
    """The findings of the gate and how many values each rule looked at."""

    def __init__(self) -> None:
        """Begin with nothing looked at."""
        self.looked_at: Counter[str] = Counter()
        self.findings: list[Finding] = []

    def find(self, rule: str, record: Record, field: str, value: Any, message: str) -> None:
        """Add that `rule` is broken by the value of a field."""
        self.findings.append((record, problem(rule, message, record=record, field=field, value=value)))


def misplaced(body: str, start: int, end: int, words: str) -> str | None:
    """Return what stands at a place instead of its words, and where they stand, if that is near; None if they do."""
    if body[start:end] == words:
        return None
    at = body.find(words, max(0, start - NEAR), end + NEAR)
    found = f"; these words stand at {at} to {at + len(words)}" if at >= 0 else ""
    return f"at {start} to {end} the text says {quoted(body[start:end], words)}{found}"


def outside(body: str, start: int, end: int) -> str | None:
    """Return why a place is not in a text; None where it is."""
    if 0 <= start < end <= len(body):
        return None
    return f"characters {start} to {end} are not in a text of {len(body)}"


def anchor(release: dict[str, Any]) -> date | None:
    """Return the day that "this week" is seen from: publication, else the last day that the release reports."""
    return as_day(release["published_on"]) or as_day(release["event_end"]) or as_day(release["event_start"])


def reported(release: dict[str, Any]) -> Span | None:
    """Return the days that a release is said to report."""
    start, end = as_day(release["event_start"]), as_day(release["event_end"])
    return Span(start, end or start) if start else None


def within(start: date | None, end: date | None, span: Span | None) -> bool:
    """Return whether the days lie in a span."""
    first, last = start or end, end or start
    return bool(span and first and last and span.start <= first and last <= span.end)


def as_day(text: str | None) -> date | None:
    """Return the day that `text` writes."""
    return date.fromisoformat(text) if text else None
