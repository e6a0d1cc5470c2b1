"""What a release says of itself: its dateline, and the days that it reports."""

from datetime import timedelta
from typing import Any

from flows.validate import parsers
from flows.validate.evidence.gate import Gate, as_day, reported, within
from schemas.report import Record, quoted

DATELINE_WITHIN = 200
"""Characters from the top of a body in which its dateline stands."""
REPORTED_WITHIN = timedelta(days=31)
"""How far from its publication a release may report, where its text states no day."""


def judge(releases: list[Record], gate: Gate) -> None:
    """Put into `gate` what the texts of releases do not say."""
    for record in releases:
        _judge_dateline(record, gate)
        _judge_days(record, gate)


def _judge_dateline(record: Record, gate: Gate) -> None:
    dateline, body = record.values["dateline"], record.values["body"]
    if dateline is None:
        return
    gate.looked_at["evidence.verbatim"] += 1
    if dateline not in body[:DATELINE_WITHIN]:
        gate.find("evidence.verbatim", record, "dateline", dateline, f"the text opens with {quoted(body)}")


def _judge_days(record: Record, gate: Gate) -> None:
    release = record.values
    if release["event_start"] is None:
        return
    gate.looked_at["evidence.day"] += 1
    if not _reports(release):
        days = f"{release['event_start']} to {release['event_end']}"
        gate.find("evidence.day", record, "event_start", days, "the text does not state these days")


def _reports(release: dict[str, Any]) -> bool:
    """Return whether the text states the days that the release is said to report, or they lie near its publication."""
    said, published = reported(release), as_day(release["published_on"])
    stated = parsers.days(release["body"], published or said.start) if said else ()
    if said and any(within(said.start, said.end, span) for span in stated):
        return True
    return bool(said and published and max(abs(day - published) for day in said) <= REPORTED_WITHIN)
