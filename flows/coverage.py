"""The account of completeness: what each source named, month by month, against what is in the package.

A release that a source named at several addresses is one. What the account says is a function of the journal and of
the verdict, so that a rebuild gives the same; a row a month counts, and a row each names what is missing, with why.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from flows.profile import UNDATED
from schemas.report import Provenance, Record, Refused

TABLE = "coverage"
WHOLE = "all"
"""The entry of the row that counts a month."""
DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-\d{2}")
UNPRINTABLE = re.compile(r"[\x00-\x1f]+")


class Named(NamedTuple):
    """A release that a source named."""

    source: str
    entry: str
    """Its address, or its file and line."""
    day: str | None
    """The day of publication that is stated of it."""
    release_id: str | None = None
    """Its id, where it could be read."""
    rule: str | None = None
    why: str | None = None
    """What kept it from being read, or out; no rule where a steward decided."""


Reasons = dict[str, tuple[str, str]]
"""By release: a rule and why it was broken."""


def account(
    named: Iterable[Named],
    sources: Iterable[str],
    rows: Iterable[Record],
    refused: Iterable[Refused],
) -> list[Record]:
    """Return the rows of the table, given the releases that stand among `rows` and those that are refused.

    A source of `sources` that names nothing has a row too.
    """
    standing = {one.values["release_id"]: one.values["published_on"] for one in rows if one.table == "releases"}
    reasons = _reasons(refused)
    entries: dict[tuple[str, str], Named] = {}
    for one in map(_printable, named):
        entries.setdefault((one.source, one.entry), one)
    months: dict[tuple[str, str], list[Named]] = {}
    for one in entries.values():
        months.setdefault((one.source, _month(one, standing)), []).append(one)
    silent = set(sources) - {source for source, _ in months}
    months |= {(source, UNDATED): [] for source in silent}
    return [
        row
        for (source, month), ones in sorted(months.items())
        for row in _of_month(source, month, ones, standing, reasons)
    ]


def _printable(one: Named) -> Named:
    """Return what was named with an entry that can be printed, its unprintable letters as escapes, and is not WHOLE."""
    entry = UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), one.entry)
    return one._replace(entry=f"./{entry}" if entry == WHOLE else entry)


def _month(one: Named, standing: Mapping[str, str | None]) -> str:
    day = standing.get(one.release_id or "") or one.day
    return day[:7] if day and DAY.fullmatch(day) else UNDATED


def _of_month(
    source: str, month: str, ones: list[Named], standing: Mapping[str, str | None], reasons: Reasons
) -> Iterator[Record]:
    missing = [one for one in ones if one.release_id not in standing]
    counts = {"listed": len(ones), "ingested": len(ones) - len(missing), "missing": len(missing)}
    yield _row(source, month, WHOLE, **counts)
    for one in sorted(missing, key=lambda one: one.entry):
        rule, why = reasons.get(one.release_id or "") or (one.rule, one.why)
        yield _row(source, month, one.entry, rule=rule, why=why)


def _row(source: str, month: str, entry: str, **told: Any) -> Record:
    empty = dict.fromkeys(("listed", "ingested", "missing", "rule", "why"))
    return Record(TABLE, {"source": source, "month": month, "entry": entry} | empty | told, Provenance(file=entry))


def _reasons(refused: Iterable[Refused]) -> Reasons:
    """Return by release why it is refused: the first of its reasons."""
    found: Reasons = {}
    for item in refused:
        release = item.record.values.get("release_id")
        if item.record.table == "releases" and isinstance(release, str):
            reason = item.problem.rule, item.problem.message
            found[release] = min(found.get(release, reason), reason)
    return found
