"""Values as people read them: days, numbers, names, the sentence that a fact makes."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from flows.site.model import Entity, Fact, Participant, Row

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
KIND_NAMES = {
    "commitment": "commitments",
    "agreement": "agreements",
    "meeting": "meetings",
    "quote": "quotes",
    "statement": "statements",
    "role": "roles",
}
"""The kinds of fact in the order in which a reader asks for them, and their plural."""
CAUSES = {
    "source added": "new at the source",
    "source withdrawn": "withdrawn at the source",
    "source restored": "back at the source",
    "source edited": "edited at the source",
    "extractor": "read anew by a program",
    "rule": "changed by a rule",
    "schema": "of a changed table",
    "steward": "mended by a steward",
}
"""The causes of changes, in words."""
OWN = ("fact_id", "release_id", "participant_names", "evidence", "evidence_start", "evidence_end")
"""Fields of a fact that its page shows in another way."""
DASH, STOPS = "\N{EN DASH}", " ,;:-\N{EN DASH}\N{EM DASH}\n"
SENTENCE_END = re.compile(r"(?<=[a-z]{3}[.!?]) (?=[A-Z])")
CLIP, QUOTED = 180, 120
"""Letters of a line, and of words that stand in the text beside it."""
AFTER = ("more", "additional", "further")
"""Words beside a number that stand after it."""
BEGINS = ("from ", "since ", "starting ", "as of ")
"""How the words begin for a day on which something starts, and is not due."""
WHOLE = ("text", "purpose")
"""Fields whose words are most of their evidence: they do not stand out in it."""


class Told(NamedTuple):
    """A fact in short: what it is, and what else is worth a line."""

    title: str
    lines: list[str]


def day(text: str) -> str:
    """Return a day as people write it; what is none is left as it is."""
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        return text
    return f"{found.day} {MONTHS[found.month - 1]} {found.year}"


def days(first: str, last: str) -> str:
    """Return a stretch of days as people write it."""
    if not first or not last or first == last:
        return day(first or last)
    start, end = day(first).split(), day(last).split()
    if len(start) != len(end):
        return f"{day(first)} {DASH} {day(last)}"
    shared = 0
    while start[-1 - shared :] == end[-1 - shared :]:
        shared += 1
    return " ".join([*start[: len(start) - shared], DASH, *end])


def number(text: str) -> str:
    """Return a plain decimal with commas between thousands."""
    whole, _, rest = text.partition(".")
    return (f"{int(whole):,}" if whole.isdigit() else whole) + (f".{rest}" if rest else "")


def clip(text: str, length: int = CLIP) -> str:
    """Return the beginning of a text, cut between words."""
    short = " ".join(text[: 4 * length].split())
    if len(short) <= length:
        return short
    cut = short[:length].rpartition(" ")[0]
    return (cut if len(cut) > length // 2 else short[:length]).rstrip(STOPS) + " …"


def sentence(text: str) -> str:
    """Return the first sentence of a text; a stop after a capital or a short form ends none."""
    return clip(SENTENCE_END.split(text, maxsplit=1)[0], 320)


def title_of(row: Row) -> str:
    """Return what a release is called on its page: its headline, else how its text begins."""
    opening = row["body"].removeprefix(row["dateline"]).lstrip(STOPS) if row["dateline"] else row["body"]
    return row["headline"] or clip(opening or row["body"], 110)


def names(found: Sequence[Participant], *roles: str) -> str:
    """Return the names of those who take part in these roles."""
    return ", ".join(one.name for one in found if one.role in roles)


Entities = dict[str, Entity]


def _name(entities: Entities, entity_id: str) -> str:
    return entities[entity_id].name if entity_id in entities else ""


def _role(fact: Fact, entities: Entities) -> Told:
    row = fact.row
    of = _name(entities, row["organization_id"]) or row["country_code"]
    return Told(_name(entities, row["person_id"]), [row["title"], *([of] if of and of not in row["title"] else [])])


def _meeting(fact: Fact, entities: Entities) -> Told:
    row = fact.row
    where = ", ".join(filter(None, (_name(entities, row["place_id"]), days(row["start_on"], row["end_on"]))))
    status = "" if row["status"] == "happened" else f" ({row['status']})"
    return Told(row["kind"].capitalize() + status, [where, _list(row["topics"])])


def _agreement(fact: Fact, _: Entities) -> Told:
    row = fact.row
    signed = days(row["signed_start"], row["signed_end"])
    return Told(row["title"], [" · ".join(filter(None, (row["kind"], row["status"], signed))), row["purpose"]])


def _commitment(fact: Fact, _: Entities) -> Told:
    row = fact.row
    many = [row["qualifier"], number(row["quantity"]) or row["quantity_text"]]
    amount = " ".join(filter(None, [*(many[::-1] if row["qualifier"].casefold() in AFTER else many), row["unit"]]))
    title = row["action"][:1].upper() + row["action"][1:]
    told = " · ".join(filter(None, (amount, _due(row))))
    return Told(title, [told, " · ".join(filter(None, (row["strength"], row["status"])))])


def _due(row: Row) -> str:
    """Return when something is due, or from when on it is given."""
    stated, words = days(row["due_start"], row["due_end"]), row["due_text"]
    begins = words.casefold().startswith(BEGINS)
    if not stated:
        return words if begins or not words else f"due {words}"
    return f"{'from' if begins else 'due'} {stated}"


def _quote(fact: Fact, _: Entities) -> Told:
    """Return a quotation, its parts apart where something stands between them."""
    spans = [span for span in fact.spans if span.field == "text"]
    gaps = ["", *(" … " if after.start - before.end > 1 else " " for before, after in pairwise(spans))]
    words = "".join(gap + span.text.strip() for gap, span in zip(gaps, spans, strict=False))
    return Told(f"“{clip(words or fact.row['text'], QUOTED)}”", [fact.row["attribution"]])


def _statement(fact: Fact, _: Entities) -> Told:
    return Told(clip(fact.row["text"], QUOTED), [fact.row["verb"]])


TELL: dict[str, Callable[[Fact, Entities], Told]] = {
    "role": _role,
    "meeting": _meeting,
    "agreement": _agreement,
    "commitment": _commitment,
    "quote": _quote,
    "statement": _statement,
}


def tell(fact: Fact, entities: Entities) -> Told:
    """Return a fact in short."""
    title, lines = TELL[fact.kind](fact, entities)
    return Told(title, [clip(line) for line in lines if line])


def _list(text: str) -> str:
    return ", ".join(filter(None, text.split("|")))


def day_of_fact(fact: Fact, release_day: str) -> str:
    """Return the day that a fact is filed under: its own where it has one, else that of its release."""
    own = (fact.row.get(field, "") for field in ("start_on", "signed_start"))
    return next(filter(None, own), release_day)


def fields(row: Row) -> list[tuple[str, str]]:
    """Return the fields of a fact's row that are filled and that its page shows nowhere else."""
    return [(name, value) for name, value in row.items() if value and name not in OWN]


def size(count: int) -> str:
    """Return a number of bytes as people read it."""
    amount, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004 - units of a thousand
            break
        amount, unit = amount / 1000, larger
    return f"{amount:,.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:,.1f} {unit}"  # noqa: PLR2004 - three digits


def saved(name: str, dataset: str, version: str) -> str:
    """Return what a file is called once it is downloaded: two versions do not lie under one name."""
    return (
        f"{dataset}-{version}{name.removeprefix(dataset)}"
        if name.startswith(f"{dataset}.")
        else f"{dataset}-{version}-{name}"
    )
