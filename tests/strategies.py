"""Hypothesis strategies: valid release documents, the same in another order, and with one thing wrong.

A document is written sentence by sentence. Each sentence states one fact, and the spans of the fact are cut from the
body while it is written, so that a document is valid by the way in which it is made. Words hold what trips offsets:
letters beyond the basic plane, combining marks, joined emoji, and line ends of two characters.

Beside them stands the way from documents to a verdict, in memory, with the project's own functions.
"""

import copy
import json
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple, get_args

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from flows import documents as stories
from flows import store, structure
from flows.documents import Built
from flows.store import Fetched, Kept, Key
from flows.validate import judge
from flows.validate.judge import Suites, Verdict
from schemas.dataset import Dataset
from schemas.release import PARTS, Fact
from schemas.report import Record
from schemas.tables import ENTITY_TABLES, FACT_TABLES, TABLES, ParticipantRole
from tests.conftest import AS_OF

Document = dict[str, Any]
Item = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]

settings.register_profile(
    "communique",
    derandomize=True,  # the same examples on every machine
    database=None,
    deadline=None,  # no test asserts a time
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],  # a document is a large value
)
settings.load_profile("communique")

DATASET = Dataset.model_validate(
    {
        "name": "drawn",
        "dataset": {"title": "Drawn", "description": "Documents that were drawn."},
        "publisher": {"name": "nobody"},
        "licences": [{"name": "CC0-1.0"}],
        "sources": [{"name": "drawn", "path": "."}],
    }
)


# From documents to a verdict.


def built(*given: Any) -> Built:
    """Return the rows of `given`, each the one document of a file, as a first run receives them."""
    blobs = {store.sha256(data): data for data in map(_bytes, given)}
    files: dict[Key, Kept] = {}
    for number, data in enumerate(map(_bytes, given)):
        files["drawn", file_of(number)] = Kept(store.sha256(data), len(data), AS_OF)
    return stories.structured(DATASET, [Fetched(AS_OF, files, [])], blobs.__getitem__)


def judged(*given: Any, max_refused_share: float = 1.0, suites: Suites | None = None) -> Verdict:
    """Return the verdict on `given` by records, evidence and tables, and by `suites` where they are given."""
    came = built(*given)
    return judge.judge(came.records, came.refused, came.noted, max_refused_share, suites)


def good_rows(*given: Any) -> judge.Rows:
    """Return the rows of documents in which nothing is wrong, by table."""
    verdict = judged(*given)
    assert not verdict.refused
    return verdict.rows


def file_of(number: int) -> str:
    """Return the name of the file that holds the document `number`."""
    return f"{number}.json"


def values_of(rows: judge.Rows, *but: str) -> dict[str, list[str]]:
    """Return the rows as sorted text, table by table, without the fields `but`: equal for equal rows."""
    return {table: sorted(written(record, *but) for record in records) for table, records in rows.items()}


def written(record: Record, *but: str) -> str:
    """Return the values of a row as text, without the fields `but`."""
    values = {name: value for name, value in record.values.items() if name not in but}
    return json.dumps(values, ensure_ascii=False, sort_keys=True, default=str)


def by_table(records: list[Record]) -> judge.Rows:
    """Return `records` by table, every table among them."""
    return {table: [record for record in records if record.table == table] for table in TABLES}


def _bytes(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


# Words, numbers and days, each with its words and what they say.

PLAIN = (
    "agency border customs delegation envoy forest group harbor island justice kitchen lantern minister nation office"
)
ODD = (
    "Cafe\N{COMBINING ACUTE ACCENT}",
    "\N{PASSPORT CONTROL}",
    "\N{WOMAN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}\N{ZERO WIDTH JOINER}\N{STAFF OF AESCULAPIUS}",
    "\N{CJK UNIFIED IDEOGRAPH-6761}\N{CJK UNIFIED IDEOGRAPH-7D04}",
    "\N{MATHEMATICAL SCRIPT CAPITAL X}",
    "\N{LATIN CAPITAL LETTER U WITH DIAERESIS}bung",
    "o'clock",
    '"so-called"',
    "no\N{NO-BREAK SPACE}break",
)
SERIAL_WORDS = "alder birch cedar dogwood elm fir ginkgo hazel iroko juniper kapok larch maple neem oak pine"
MONTH_WORDS = "January February March April May June July August September October November December"
SERIAL, MONTHS = SERIAL_WORDS.split(), MONTH_WORDS.split()
COUNTED = (("twelve", "12"), ("two hundred and fifty", "250"), ("a dozen", "12"), ("half a million", "500000"))

words = st.sampled_from([*PLAIN.split(), *ODD])
phrases = st.lists(words, min_size=1, max_size=3).map(" ".join)
days = st.dates(min_value=date(2001, 1, 1), max_value=date(2026, 11, 1))
origins = st.sampled_from(["source", "steward", "extractor-1"])
reviews = st.sampled_from(["unreviewed", "accepted", "corrected"])


def coded(table: str, field: str) -> st.SearchStrategy[str]:
    """Return a strategy for the values that a coded field of `table` may have."""
    return st.sampled_from(choices(TABLES[table].model_fields[field].annotation))


def choices(annotation: Any) -> list[str]:
    """Return the values that an annotation lists, those of `Literal[...] | None` too."""
    options = get_args(annotation)
    found = [option for option in options if isinstance(option, str)]
    return found or [choice for option in options for choice in choices(option)]


@st.composite
def quantities(draw: Draw) -> tuple[str, str]:
    """Draw the words of a number and the number in plain digits."""
    whole = draw(st.integers(0, 10**9))
    tenths = draw(st.integers(1, 9))
    forms = [
        (str(whole), str(whole)),
        (f"{whole:,}", str(whole)),
        (f"{whole}.{tenths} million", str((10 * whole + tenths) * 10**5)),
        (f"{whole} dozen", str(12 * whole)),
        *COUNTED,
    ]
    return forms[draw(st.integers(0, len(forms) - 1))]


@st.composite
def stated_days(draw: Draw, *, single: bool = False) -> tuple[str, str, str]:
    """Draw the words of a day, or of some days of one month, and the first and the last of them."""
    first: date = draw(days)
    month, year = MONTHS[first.month - 1], first.year
    last = first if single else first.replace(day=draw(st.integers(first.day, 28))) if first.day < 28 else first
    if last == first:
        form = draw(st.sampled_from(["{month} {day}, {year}", "{day} {month} {year}", "{iso}"]))
    else:
        form = draw(st.sampled_from(["{month} {day}-{end}, {year}", "{day} to {end} {month} {year}"]))
    told = form.format(month=month, day=first.day, end=last.day, year=year, iso=first)
    return told, str(first), str(last)


# The body while it is written, and those who take part.


class Body:
    """A body as it is written; remembers in code points where each stretch of it stands."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.text = ""

    def write(self, said: str) -> Item:
        """Add `said`; return where it stands."""
        start = len(self.text)
        self.text += said
        return {"start": start, "end": len(self.text), "text": said}

    def since(self, place: Item) -> Item:
        """Return the stretch from `place` to the end of what is written."""
        start = place["start"]
        return {"start": start, "end": len(self.text), "text": self.text[start:]}


class Cast(NamedTuple):
    """The entities that documents tell of."""

    people: list[Item]
    organizations: list[Item]
    places: list[Item]


@st.composite
def casts(draw: Draw, prefix: str = "") -> Cast:
    """Draw some people, organizations and places; an organization and a place may lie in an earlier one."""
    cast = Cast([], [], [])
    for table, letter in zip(Cast._fields, "pol", strict=True):
        told: list[Item] = getattr(cast, table)
        for number in range(draw(st.integers(1, 3))):
            entity = {"id": f"{prefix}{letter}{number}", "name": f"{draw(phrases)} {SERIAL[number]}"}
            entity["other_names"] = draw(st.lists(phrases, max_size=2))
            if table != "people":
                entity |= {"country_code": draw(st.sampled_from(["GT", "US", None])), "classification": draw(phrases)}
                entity["parent_id"] = draw(st.sampled_from([None, *(other["id"] for other in told)]))
            told.append(entity)
    return cast


class Page(NamedTuple):
    """A document while it is written."""

    body: Body
    cast: Cast
    document: Document

    def name(self, entity: Item) -> Item:
        """Write the name of `entity` and note the mention; return where it stands."""
        place = self.body.write(entity["name"])
        mention = {"entity_id": entity["id"], "start": place["start"], "end": place["end"], "name": place["text"]}
        self.document["mentions"].append(mention)
        return place

    def ids(self, table: str) -> list[str]:
        """Return the local ids of the facts of `table` so far."""
        return [fact["id"] for fact in self.document[table] if "id" in fact]


def span(field: str, place: Item) -> Item:
    """Return the span that `place` is behind `field`."""
    return {"field": field, **place}


# A sentence a fact.

Sentence = Callable[[Draw, Page, str], Item]


def _role(draw: Draw, page: Page, serial: str) -> Item:
    person = draw(st.sampled_from(page.cast.people))
    title = page.body.write(f"{draw(phrases)} {serial}")
    page.body.write(" ")
    page.name(person)
    spans = [span("evidence", page.body.since(title)), span("title", title)]
    page.body.write(" spoke.")
    organization = draw(st.sampled_from([None, *(one["id"] for one in page.cast.organizations)]))
    return {
        "person_id": person["id"],
        "title": title["text"],
        "organization_id": organization,
        "country_code": draw(st.sampled_from([None, "GT"])),
        "spans": spans[: draw(st.integers(1, 2))],
    }


def _meeting(draw: Draw, page: Page, serial: str) -> Item:
    top = page.body.write(f"{serial.capitalize()}: ")
    guests = draw(st.lists(st.sampled_from(page.cast.people), min_size=1, unique_by=lambda one: one["id"]))
    for guest in guests:
        page.name(guest)
        page.body.write(" and ")
    nameless = page.body.write(draw(phrases))
    page.body.write(" met in ")
    place = draw(st.sampled_from(page.cast.places))
    page.name(place)
    told, first, last = draw(stated_days())
    stated = draw(st.sampled_from(["not", "in the sentence", "in spans"]))
    page.body.write(" on ")
    when = page.body.write(told)
    fact: Item = {
        "kind": draw(coded("meetings", "kind")),
        "status": draw(coded("meetings", "status")),
        "place_id": place["id"],
        "topics": draw(st.lists(phrases, max_size=3)),
        "parent_id": draw(st.sampled_from([None, *page.ids("meetings")])),
        "agreement_id": draw(st.sampled_from([None, *page.ids("agreements")])),
        "participants": [{"role": "attendee", "entity_id": guest["id"]} for guest in guests]
        + [{"role": "attendee", "text": nameless["text"]}, {"role": "host", "entity_id": place["id"]}],
        "spans": [span("evidence", page.body.since(top))],
    }
    if stated != "not":
        fact |= {"start_on": first, "end_on": last}
        fact["spans"] += [span("start_on", when)] if stated == "in spans" else []
    return fact


def _agreement(draw: Draw, page: Page, serial: str) -> Item:
    top = page.body.write("They signed the ")
    title = page.body.write(f"{draw(phrases)} {serial}")
    page.body.write(" to ")
    purpose = page.body.write(draw(phrases))
    told, first, last = draw(stated_days())
    page.body.write(f" on {told}")
    fact: Item = {
        "title": title["text"],
        "kind": draw(coded("agreements", "kind")),
        "status": draw(coded("agreements", "status")),
        "purpose": purpose["text"],
        "participants": [{"role": "party", "entity_id": one["id"]} for one in page.cast.organizations],
        "spans": [span("evidence", page.body.since(top)), span("title", title), span("purpose", purpose)],
    }
    return fact | ({"signed_start": first, "signed_end": last} if draw(st.booleans()) else {})


def _commitment(draw: Draw, page: Page, serial: str) -> Item:
    top = page.body.write("It gives ")
    qualifier = page.body.write(draw(st.sampled_from(["up to", "more than"])))
    page.body.write(" ")
    said, number = draw(quantities())
    quantity = page.body.write(said)
    page.body.write(" ")
    unit = page.body.write(draw(words))
    page.body.write(" of ")
    item = page.body.write(draw(phrases))
    page.body.write(" on ")
    told, first, last = draw(stated_days(single=True))
    due = page.body.write(told)
    fact: Item = {
        "action": f"give {serial}",
        "item": item["text"],
        "strength": draw(coded("commitments", "strength")),
        "status": draw(st.sampled_from([None, *choices(TABLES["commitments"].model_fields["status"].annotation)])),
        "spans": [span("evidence", page.body.since(top)), span("item", item)],
    }
    if draw(st.booleans()):
        fact |= {"quantity": number, "quantity_text": said, "unit": unit["text"], "qualifier": qualifier["text"]}
        fact["spans"] += [span("quantity_text", quantity), span("unit", unit), span("qualifier", qualifier)]
    if draw(st.booleans()):
        fact |= {"due_text": told, "due_start": first, "due_end": last}
        fact["spans"].append(span("due_text", due))
    return fact


def _quote(draw: Draw, page: Page, serial: str) -> Item:
    page.body.write("\N{LEFT DOUBLE QUOTATION MARK}")
    first = page.body.write(f"{draw(phrases)} {serial}")
    page.body.write("\N{RIGHT DOUBLE QUOTATION MARK} ")
    speaker = draw(st.sampled_from(page.cast.people))
    said = page.body.write("said ")
    page.name(speaker)
    attribution = page.body.since(said)
    page.body.write(" \N{LEFT DOUBLE QUOTATION MARK}")
    second = page.body.write(draw(phrases))
    page.body.write("\N{RIGHT DOUBLE QUOTATION MARK}")
    return {
        "text": f"{first['text']} {second['text']}",
        "attribution": attribution["text"],
        "participants": [{"role": "speaker", "entity_id": speaker["id"]}],
        "spans": [span("text", first), span("text", second), span("attribution", attribution)],
    }


def _statement(draw: Draw, page: Page, serial: str) -> Item:
    top = page.body.write(f"{draw(phrases)} {serial} ")
    addressee = page.body.write(draw(phrases))
    place = page.body.since(top)
    page.body.write(".")
    role = draw(st.sampled_from(choices(ParticipantRole)))
    return {
        "verb": draw(st.sampled_from(["thank", "praise"])),
        "text": place["text"],
        "participants": draw(st.sampled_from([[], [{"role": role, "text": addressee["text"]}]])),
        "spans": [span(draw(st.sampled_from(["evidence", "text"])), place)],
    }


SENTENCES: dict[str, Sentence] = {
    "roles": _role,
    "meetings": _meeting,
    "agreements": _agreement,
    "commitments": _commitment,
    "quotes": _quote,
    "statements": _statement,
}


@st.composite
def documents(draw: Draw, release_id: str = "drawn", cast: Cast | None = None) -> Document:
    """Draw a valid document of one to eight facts; no two of its facts are of the same words."""
    cast = cast or draw(casts())
    document: Document = {"id": release_id, "issuer": cast.organizations[0]["id"]} | copy.deepcopy(cast._asdict())
    document |= {table: [] for table in (*SENTENCES, "mentions")}
    page = Page(Body(), cast, document)
    dateline = page.body.write(draw(phrases).strip())["text"]
    for number, table in enumerate(draw(st.lists(st.sampled_from([*SENTENCES]), min_size=1, max_size=8))):
        page.body.write(draw(st.sampled_from([" ", "\n", "\n\n"])))
        fact = SENTENCES[table](draw, page, SERIAL[number])
        fact |= {"origin": draw(origins), "review": draw(reviews), "note": draw(st.sampled_from([None, "looked at"]))}
        if draw(st.booleans()):
            fact["id"] = f"f{number}"
        document[table].append(fact)
    return document | _head(draw, page.body.text, dateline)


def _head(draw: Draw, text: str, dateline: str) -> Document:
    """Draw what a document says of itself; the days that it reports lie near its publication."""
    head: Document = {
        "language": draw(st.sampled_from(["en", "en-US"])),
        "source": {"name": draw(phrases), "url": draw(st.sampled_from([None, "https://example.org/a?b=c"]))},
        "headline": draw(st.none() | phrases),
        "dateline": draw(st.sampled_from([None, dateline])),
        "text_sha256": draw(st.sampled_from([None, structure.digest(text)])),
        "body": text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))),
    }
    if draw(st.booleans()):
        published: date = draw(days)
        before = timedelta(days=draw(st.integers(0, 20)))
        head |= {"published_on": str(published), "event_start": str(published - before), "event_end": str(published)}
        head |= {"published_at": f"{published}T08:00:00+02:00", "modified_at": f"{published}T07:30:00Z"}
    return head


@st.composite
def batches(draw: Draw) -> list[Document]:
    """Draw one to three documents that tell of the same entities."""
    cast = draw(casts())
    return [draw(documents(f"drawn-{number}", cast)) for number in range(draw(st.integers(1, 3)))]


@st.composite
def shelves(draw: Draw) -> list[Document]:
    """Draw four documents, each with entities of its own."""
    return [draw(documents(f"drawn-{number}", draw(casts(f"d{number}-")))) for number in range(4)]


# The same in another order.


def shuffle(value: Any, order: random.Random) -> Any:
    """Return `value` with every list and every object in it in another order, at any depth."""
    if isinstance(value, list):
        items = [shuffle(item, order) for item in value]
        order.shuffle(items)
        return items
    if isinstance(value, dict):
        names = list(value)
        order.shuffle(names)
        return {name: shuffle(value[name], order) for name in names}
    return value


def shuffled(value: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for `value` in another order."""
    return st.randoms(use_true_random=False).map(lambda order: shuffle(value, order))


# One thing wrong.


class Spoiled(NamedTuple):
    """A document with one item of its lists spoiled, and the rule that the item breaks."""

    document: Document
    table: str
    number: int
    rule: str

    @property
    def pointer(self) -> str:
        """The place of the item."""
        return f"/{self.table}/{self.number}"


Spoil = Callable[[str, Item], Item | None]
"""Returns an item of a table with one thing wrong, or None where the item has nothing that may go wrong so."""


def _unknown(_: str, item: Item) -> Item | None:
    return item | {"nonsense": 1}


def _no_object(_: str, item: Item) -> Any:
    return json.dumps(item)


def _without_required(table: str, item: Item) -> Item | None:
    needed = next(name for name, field in PARTS[table].model_fields.items() if field.is_required())
    return {name: value for name, value in item.items() if name != needed}


def _no_choice(table: str, item: Item) -> Item | None:
    field = next((name for name in item if choices(PARTS[table].model_fields[name].annotation)), None)
    return item | {field: "nonsense"} if field else None


def _empty(table: str, item: Item) -> Item | None:
    field = {"mentions": "name"}.get(table, "note")
    return item | {field: ""}


def _backwards(table: str, item: Item) -> Item | None:
    pairs = getattr(PARTS[table], "ordered", ())
    pair = next((pair for pair in pairs if item.get(pair[0]) is not None), None)
    if pair is None:
        return None
    early = "1990-01-01" if isinstance(item[pair[0]], str) else item[pair[0]] - 1
    return item | {pair[1]: early} if early != -1 else None


READ: dict[str, Spoil] = {
    "record.unknown-field": _unknown,
    "record.type": _no_object,
    "record.required": _without_required,
    "record.enum": _no_choice,
    "record.min-length": _empty,
    "record.order": _backwards,
}
"""What keeps an item from being read at all."""


def _other_words(table: str, item: Item) -> Item | None:
    if table == "mentions":
        return item | {"name": item["name"] + "x"}
    if table not in FACT_TABLES.values():
        return None
    first, *others = item["spans"]
    return item | {"spans": [first | {"text": first["text"] + "x"}, *others]}


def _beyond(table: str, item: Item) -> Item | None:
    if table not in FACT_TABLES.values():
        return None
    first, *others = item["spans"]
    return item | {"spans": [first | {"end": first["end"] + 10**6}, *others]}


def _nothing_there(table: str, item: Item) -> Item | None:
    if table == "mentions":
        return None  # it would tell those who take part in another order
    field = next((name for name in TABLES[table].references if name in item), None)
    return item | {field: "nobody"} if field else None


JUDGED: dict[str, Spoil] = {
    "evidence.words": _other_words,
    "evidence.offset": _beyond,
    "table.foreign-key": _nothing_there,
}
"""What is read, and refused when it is judged."""


def _only_an_attribute(table: str, item: Item, bad: Any) -> bool:
    """Return whether an entity was spoiled in an attribute alone, which costs it the attribute and no more."""
    names = ("id", "name")
    return table in ENTITY_TABLES.values() and isinstance(bad, dict) and all(bad.get(n) == item[n] for n in names)


def ways(document: Document, kinds: dict[str, Spoil]) -> Iterator[Spoiled]:
    """Yield the document with one item spoiled, for each item and each way of `kinds` that can spoil it."""
    for table in PARTS:
        for number, item in enumerate(document.get(table, ())):
            for rule, spoil in kinds.items():
                bad = spoil(table, item)
                if bad is not None and not _only_an_attribute(table, item, bad):
                    items = [*document[table]]
                    items[number] = bad
                    yield Spoiled(document | {table: items}, table, number, rule)


def spoiled(document: Document, kinds: dict[str, Spoil]) -> st.SearchStrategy[Spoiled]:
    """Return a strategy for `document` with one item spoiled in one of the ways of `kinds`."""
    return st.sampled_from(list(ways(document, kinds)))


@st.composite
def spoiled_often(draw: Draw, document: Document) -> Document:
    """Draw `document` with up to three of its items spoiled, each in one way."""
    some: list[Spoiled] = draw(st.lists(st.sampled_from(list(ways(document, READ | JUDGED))), max_size=3))
    lists = {table: list(document[table]) for table in PARTS if table in document}
    for one in some:
        lists[one.table][one.number] = one.document[one.table][one.number]
    return document | lists


ODD_TEXTS = ("", " ", "\x00", "a|b", "a\nb", "x", "2021-02-30")
ODD_VALUES: tuple[Any, ...] = (None, True, -1, 0, 10**30, 1.5, [], {}, [[None]], {"a": 1}, *ODD_TEXTS)


def steps(value: Any, *above: str | int) -> Iterator[tuple[str | int, ...]]:
    """Yield the steps to every value inside `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield (*above, name)
        yield from steps(part, *above, name)


@st.composite
def with_odd_values(draw: Draw, document: Document) -> Document:
    """Draw `document` with an odd value in the place of one to three others, at any depth."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(list(steps(document))))
        place: Any = document
        for step in way:
            place = place[step]
        place[last] = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))
    return document


def is_fact(table: str) -> bool:
    """Return whether the items of `table` are facts."""
    return issubclass(PARTS[table], Fact)
