"""What is asked of each fact: each rule is a function of one fact and its words that yields what is wrong."""

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from flows.validate import parsers
from flows.validate.evidence.gate import Gate, Rows, anchor, as_day, misplaced, outside, reported, within
from schemas.report import Record, quoted
from schemas.tables import FACT_TABLES, TABLES
from schemas.values import plain

DAY_FIELDS = {"meetings": ("start_on", "end_on"), "agreements": ("signed_start", "signed_end")}

KINDS: dict[str, dict[str, str]] = {
    table: {
        name: str(extra["communique:evidence"])
        for name, field in model.model_fields.items()
        if isinstance(extra := field.json_schema_extra, dict) and "communique:evidence" in extra
    }
    for table, model in TABLES.items()
}
"""How each field of each table answers for its words."""


class Stated(NamedTuple):
    """A fact, the spans behind its fields, and the release that states it."""

    fact: Record
    spans: list[Record]
    release: dict[str, Any]

    @property
    def body(self) -> str:
        """The text that the offsets count in."""
        return str(self.release["body"])

    @property
    def places(self) -> list[tuple[str, int, int, str]]:
        """The field, start, end and text of every span, then those of the evidence."""
        fact, spans = self.fact.values, (span.values for span in self.spans)
        own = [(span["field"], span["start"], span["end"], span["text"]) for span in spans]
        return [*own, ("evidence", fact["evidence_start"], fact["evidence_end"], fact["evidence"])]

    def behind(self, field: str) -> list[dict[str, Any]]:
        """Return the spans behind `field`, in the order of the text."""
        return sorted((span.values for span in self.spans if span.values["field"] == field), key=lambda s: s["part"])


def judge(rows: Rows, releases: dict[str, dict[str, Any]], gate: Gate) -> None:
    """Put into `gate` what is wrong with the facts of releases that are there."""
    spans: dict[str, list[Record]] = {}
    for span in rows["spans"]:
        spans.setdefault(span.values["fact_id"], []).append(span)
    for fact in (fact for table in FACT_TABLES.values() for fact in rows[table]):
        release = releases.get(fact.values["release_id"])
        if release is not None:
            _judge(Stated(fact, spans.get(fact.values["fact_id"], []), release), gate)


def _judge(stated: Stated, gate: Gate) -> None:
    for rule, ask in RULES.items():
        for wrong in ask(stated, gate.looked_at):
            gate.find(rule, stated.fact, *wrong)


Wrong = tuple[str, Any, str]
"""A field, its value, and what is wrong with it."""


def _missing(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    looked_at["evidence.missing"] += 1
    if not stated.spans:
        yield "evidence", None, "no span states this fact"


def _offset(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    for field, start, end, _ in stated.places:
        looked_at["evidence.offset"] += 1
        if message := outside(stated.body, start, end):
            yield field, f"{start}-{end}", message


def _words(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    for field, start, end, text in stated.places:
        looked_at["evidence.words"] += 1
        message = None if outside(stated.body, start, end) else misplaced(stated.body, start, end, text)
        if message:
            yield field, text, message


def _field(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    for span in stated.spans:
        looked_at["evidence.field"] += 1
        field = span.values["field"]
        if field in ("fact_id", "release_id") or stated.fact.values.get(field) is None:
            yield field, span.values["text"], f"{stated.fact.table} rows have no {field!r}, or it is empty"


def _cover(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    fact = stated.fact.values
    for span in stated.spans:
        looked_at["evidence.cover"] += 1
        if not fact["evidence_start"] <= span.values["start"] <= span.values["end"] <= fact["evidence_end"]:
            yield span.values["field"], span.values["text"], "these words lie outside the evidence"


def _verbatim(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    """Say what is not word for word: a field against its span, or in the evidence where it has no span of its own."""
    for field, kind in KINDS[stated.fact.table].items():
        value, spans = stated.fact.values.get(field), stated.behind(field)
        if value is None or kind not in ("verbatim", "worded"):
            continue
        looked_at["evidence.verbatim"] += 1
        said = " ".join(span["text"] for span in spans)
        if spans and value != said:
            yield field, value, f"its span says {quoted(said, value)}"
        if not spans and kind == "verbatim" and value not in stated.fact.values["evidence"]:
            yield field, value, f"the evidence does not say so: {quoted(stated.fact.values['evidence'])}"


def _quantity(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    fact = stated.fact.values
    if stated.fact.table != "commitments" or (fact["quantity"] is None and fact["quantity_text"] is None):
        return
    looked_at["evidence.quantity"] += 1
    said = parsers.quantity(fact["quantity_text"]) if fact["quantity_text"] and _reads(stated) else None
    if (None if fact["quantity"] is None else Decimal(fact["quantity"])) != said:
        what = "no number" if said is None else plain(said)
        yield "quantity", fact["quantity"], f"{_or_none(fact['quantity_text'])} says {what}"


def _due(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    fact = stated.fact.values
    if stated.fact.table != "commitments" or not any(fact[field] for field in ("due_text", "due_start", "due_end")):
        return
    looked_at["evidence.due"] += 1
    said = parsers.due(fact["due_text"], anchor(stated.release)) if fact["due_text"] and _reads(stated) else None
    told = f"{_or_none(fact['due_text'])} says {f'{said.start} to {said.end}' if said else 'no day'}"
    for field, day in (("due_start", said and said.start), ("due_end", said and said.end)):
        if fact[field] != (str(day) if day else None):
            yield field, fact[field], told


def _day(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    """Say which days neither the fact's words state nor the release reports."""
    first, last = DAY_FIELDS.get(stated.fact.table, ("", ""))
    start, end = as_day(stated.fact.values.get(first)), as_day(stated.fact.values.get(last))
    if start is None and end is None:
        return
    looked_at["evidence.day"] += 1
    own = [span["text"] for field in (first, last) for span in stated.behind(field)]
    stated_days = [
        span for text in own or [stated.fact.values["evidence"]] for span in parsers.days(text, anchor(stated.release))
    ]
    told = [] if own else [reported(stated.release)]
    if not any(within(start, end, span) for span in [*stated_days, *told]):
        days = f"{start} to {end}" if start and end else str(start or end)
        yield first if start else last, days, "neither the words of the fact nor the days of the release say so"


RULES: dict[str, Callable[[Stated, Counter[str]], Iterator[Wrong]]] = {
    "evidence.missing": _missing,
    "evidence.offset": _offset,
    "evidence.words": _words,
    "evidence.field": _field,
    "evidence.cover": _cover,
    "evidence.verbatim": _verbatim,
    "evidence.quantity": _quantity,
    "evidence.due": _due,
    "evidence.day": _day,
}
"""What is asked of each fact."""


def _reads(stated: Stated) -> bool:
    return str(stated.release["language"]).split("-")[0] in parsers.LANGUAGES


def _or_none(text: str | None) -> str:
    return repr(text) if text else "no text"
