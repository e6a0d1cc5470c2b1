"""The evidence gate: each rule, broken on purpose, is told by id, field and value, and nothing beside it."""

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from flows.validate import evidence
from flows.validate.evidence import gate
from flows.validate.judge import Rows
from schemas.rules import RULES
from schemas.tables import FACT_TABLES
from tests.strategies import Body, Document, Item, built, by_table, span

Change = Callable[[Document], Any]
Told = tuple[str, str, str | None, str | None]
"""Rule, key of the row without its release, field and value."""

TITLE = "Minister of \N{MATHEMATICAL SCRIPT CAPITAL X}"
TREATY = "Treaty of \N{CJK UNIFIED IDEOGRAPH-6761}\N{CJK UNIFIED IDEOGRAPH-7D04}"


def page() -> Document:
    """Return a document in which each kind of fact is stated, after and among letters that trip offsets."""
    body = Body()
    body.write("GENEVA \N{PASSPORT CONTROL} Cafe\N{COMBINING ACUTE ACCENT}, July 6, 2021\n")
    title = body.write(TITLE)
    body.write(" ")
    name = body.write("Ann Lee")
    role = body.since(title)
    body.write(" spoke.\n")
    meeting = body.write(f"On July 6, 2021 the {TITLE} and two guards met Bea in Geneva.")
    body.write("\n")
    signed = body.write(f"They signed the {TREATY} to end all tolls on 5 July 2021.")
    body.write("\n")
    given = body.write("It gives twelve boxes of rice this week, and many more later.")
    body.write("\n\N{LEFT DOUBLE QUOTATION MARK}")
    first = body.write("We agree,")
    body.write("\N{RIGHT DOUBLE QUOTATION MARK} ")
    said = body.write("said Ann Lee")
    body.write(". \N{LEFT DOUBLE QUOTATION MARK}")
    second = body.write("We always did.")
    body.write("\N{RIGHT DOUBLE QUOTATION MARK}\n")
    thanked = body.write("Ann Lee thanked the two guards.")
    return {
        "id": "page",
        "issuer": "dhs",
        "language": "en",
        "dateline": "GENEVA",
        "published_on": "2021-07-07",
        "event_start": "2021-07-06",
        "event_end": "2021-07-06",
        "source": {"name": "A press office"},
        "body": body.text.replace("\n", "\r\n"),
        "people": [{"id": "ann", "name": "Ann Lee"}, {"id": "bea", "name": "Bea"}],
        "organizations": [{"id": "dhs", "name": "Homeland Security"}],
        "mentions": [{"entity_id": "ann", "start": name["start"], "end": name["end"], "name": "Ann Lee"}],
        "roles": [
            {"id": "r", "person_id": "ann", "title": TITLE, "spans": [span("evidence", role), span("title", title)]}
        ],
        "meetings": [
            {
                "id": "m",
                "kind": "bilateral meeting",
                "status": "happened",
                "start_on": "2021-07-06",
                "end_on": "2021-07-06",
                "participants": [{"role": "guest", "entity_id": "bea"}, {"role": "guest", "text": "two guards"}],
                "spans": [span("evidence", meeting)],
            }
        ],
        "agreements": [
            {
                "id": "a",
                "title": TREATY,
                "kind": "treaty",
                "status": "signed",
                "signed_start": "2021-07-05",
                "signed_end": "2021-07-05",
                "purpose": "end all tolls",
                "spans": [span("evidence", signed), span("title", within(signed, TREATY))],
            }
        ],
        "commitments": [
            {
                "id": "c",
                "action": "give rice",
                "item": "rice",
                "quantity": 12,
                "quantity_text": "twelve",
                "unit": "boxes",
                "due_text": "this week",
                "due_start": "2021-07-05",
                "due_end": "2021-07-11",
                "strength": "concrete",
                "spans": [span("evidence", given), span("unit", within(given, "boxes"))],
            }
        ],
        "quotes": [
            {
                "id": "q",
                "text": "We agree, We always did.",
                "attribution": "said Ann Lee",
                "spans": [span("text", first), span("text", second), span("attribution", said)],
            }
        ],
        "statements": [
            {
                "id": "s",
                "verb": "thank",
                "text": "Ann Lee thanked the two guards.",
                "spans": [span("evidence", thanked)],
            }
        ],
    }


def within(place: Item, words: str) -> Item:
    """Return where `words` stand in the stretch `place`."""
    start = place["start"] + place["text"].index(words)
    return {"start": start, "end": start + len(words), "text": words}


def told(rows: Rows) -> set[Told]:
    """Return all that the gate finds in `rows`."""
    found = evidence.judge(rows).findings
    assert all(record.key == problem.key and record.table == problem.table for record, problem in found)
    return {(one.rule, str(one.key).removeprefix("page/"), one.field, one.value) for _, one in found}


def rows_of(document: Document) -> Rows:
    """Return the rows of a document, all of which can be read."""
    came = built(document)
    assert not came.refused
    return by_table(came.records)


def test_the_gate_finds_nothing_in_a_page_that_is_right() -> None:
    assert told(rows_of(page())) == set()


class Case(NamedTuple):
    """A change of one fact, and all that the gate then says of the whole page."""

    table: str
    more: Item
    told: set[Told]


def bad(rule: str, key: str, field: str, value: str | None) -> Told:
    """Return a finding of the gate, the rule without its layer."""
    return f"evidence.{rule}", key, field, value


UNSAID = {bad("due", "c", "due_start", "2021-07-05"), bad("due", "c", "due_end", "2021-07-11")}
"""What is told of a deadline that no words say."""


def moved(table: str, number: int, **more: Any) -> Item:
    """Return the spans of the fact in `table` with `more` in the span `number`."""
    spans: list[Item] = copy.deepcopy(page()[table][0]["spans"])
    spans[number] |= more
    return {"spans": spans}


def added(table: str, field: str, words: str) -> Item:
    """Return the spans of the fact in `table` and one more, behind `field`, at `words` in its evidence."""
    spans: list[Item] = page()[table][0]["spans"]
    return {"spans": [*spans, span(field, within(spans[0], words))]}


LENGTH = len(page()["body"].replace("\r\n", "\n"))
ROLE, MEETING, GIVEN = (page()[table][0]["spans"][0] for table in ("roles", "meetings", "commitments"))
ELSEWHERE = within(MEETING, TITLE)

CASES = {
    "a span ends beyond the text": Case(
        "quotes",
        moved("quotes", 2, end=LENGTH + 1),
        {
            bad("offset", "q", "attribution", f"{page()['quotes'][0]['spans'][2]['start']}-{LENGTH + 1}"),
            bad("offset", "q", "evidence", f"{page()['quotes'][0]['spans'][0]['start']}-{LENGTH + 1}"),
        },
    ),
    "a span is empty": Case(
        "commitments",
        moved("commitments", 1, end=within(GIVEN, "boxes")["start"]),
        {bad("offset", "c", "unit", f"{within(GIVEN, 'boxes')['start']}-{within(GIVEN, 'boxes')['start']}")},
    ),
    "the text has other words than the span": Case(
        "statements", moved("statements", 0, text="Ann Lee"), {bad("words", "s", "evidence", "Ann Lee")}
    ),
    "the span is one place to the right": Case(
        "roles",
        moved("roles", 1, start=ROLE["start"] + 1, end=ROLE["start"] + 1 + len(TITLE)),
        {bad("words", "r", "title", TITLE)},
    ),
    "a span is behind a field that is not there": Case(
        "statements", added("statements", "nonsense", "Ann"), {bad("field", "s", "nonsense", "Ann")}
    ),
    "a span is behind a field that is empty": Case(
        "commitments", added("commitments", "qualifier", "more"), {bad("field", "c", "qualifier", "more")}
    ),
    "the evidence does not cover a span": Case(
        "roles", {"spans": [span("evidence", ROLE), span("title", ELSEWHERE)]}, {bad("cover", "r", "title", TITLE)}
    ),
    "a verbatim field is not its span": Case(
        "roles", {"title": "minister"}, {bad("verbatim", "r", "title", "minister")}
    ),
    "a verbatim field without a span is not in the evidence": Case(
        "agreements", {"purpose": "end tolls"}, {bad("verbatim", "a", "purpose", "end tolls")}
    ),
    "a verbatim field without a span is in the evidence in another case": Case(
        "commitments", {"item": "Rice"}, {bad("verbatim", "c", "item", "Rice")}
    ),
    "a worded field is not its span": Case("commitments", {"unit": "bags"}, {bad("verbatim", "c", "unit", "bags")}),
    "the parts of a quotation are joined by more than a blank": Case(
        "quotes", {"text": "We agree,  We always did."}, {bad("verbatim", "q", "text", "We agree,  We always did.")}
    ),
    "an attribution is in another case": Case(
        "quotes", {"attribution": "Said Ann Lee"}, {bad("verbatim", "q", "attribution", "Said Ann Lee")}
    ),
    "a quantity is not what its words say": Case(
        "commitments", {"quantity": 13}, {bad("quantity", "c", "quantity", "13")}
    ),
    "a quantity is left out though its words say it": Case(
        "commitments", {"quantity": None}, {bad("quantity", "c", "quantity", None)}
    ),
    "a quantity has no words": Case("commitments", {"quantity_text": None}, {bad("quantity", "c", "quantity", "12")}),
    "a quantity has words that say none": Case(
        "commitments", {"quantity_text": "many"}, {bad("quantity", "c", "quantity", "12")}
    ),
    "a deadline begins on another day": Case(
        "commitments", {"due_start": "2021-07-06"}, {bad("due", "c", "due_start", "2021-07-06")}
    ),
    "a deadline ends on another day": Case(
        "commitments", {"due_end": "2021-07-12"}, {bad("due", "c", "due_end", "2021-07-12")}
    ),
    "a deadline has no words": Case("commitments", {"due_text": None}, UNSAID),
    "a deadline has words that are not certain": Case("commitments", {"due_text": "later"}, UNSAID),
    "a deadline is left out though its words say it": Case(
        "commitments",
        {"due_start": None, "due_end": None},
        {bad("due", "c", "due_start", None), bad("due", "c", "due_end", None)},
    ),
    "a meeting was on a day that nothing states": Case(
        "meetings",
        {"start_on": "2021-07-20", "end_on": "2021-07-20"},
        {bad("day", "m", "start_on", "2021-07-20 to 2021-07-20")},
    ),
    "a meeting ended after the days that are stated": Case(
        "meetings", {"end_on": "2021-07-07"}, {bad("day", "m", "start_on", "2021-07-06 to 2021-07-07")}
    ),
    "a day is not what its own span says though the evidence says it": Case(
        "agreements",
        added("agreements", "signed_start", "on 5 July 2021")
        | {"signed_start": "2021-07-06", "signed_end": "2021-07-06"},
        {bad("day", "a", "signed_start", "2021-07-06 to 2021-07-06")},
    ),
    "an agreement was signed on a day that nothing states": Case(
        "agreements",
        {"signed_start": "2021-07-04"},
        {bad("day", "a", "signed_start", "2021-07-04 to 2021-07-05")},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fact_that_breaks_a_rule_is_told_by_rule_field_and_value_and_no_other_is(name: str) -> None:
    table, more, expected = CASES[name]
    document = page()
    document[table][0] |= more
    assert told(rows_of(document)) == expected


def of_itself(**more: Any) -> Change:
    """Return a change of what the document says of itself."""
    return lambda document: document.update(more)


def mention(**more: Any) -> Change:
    """Return a change of the one mention."""
    return lambda document: document["mentions"][0].update(more)


def guest(text: str) -> Change:
    """Return a change of the words for those who have no name."""
    return lambda document: document["meetings"][0]["participants"][1].update(text=text)


def stranger(document: Document) -> None:
    """Let one take part whom the text does not name."""
    document["people"].append({"id": "bo-berg", "name": "Bo Berg"})
    document["meetings"][0]["participants"][0]["entity_id"] = "bo-berg"


START = page()["mentions"][0]["start"]
OTHERS: dict[str, tuple[Change, set[Told]]] = {
    "a name ends beyond the text": (
        mention(end=LENGTH + 1),
        {bad("offset", f"page {START}", "start", f"{START}-{LENGTH + 1}")},
    ),
    "a name begins beyond the text": (
        mention(start=LENGTH, end=LENGTH + 7),
        {bad("offset", f"page {LENGTH}", "start", f"{LENGTH}-{LENGTH + 7}")},
    ),
    "the text has another name": (mention(name="Ann Lea"), {bad("words", f"page {START}", "name", "Ann Lea")}),
    "the name is one place to the right": (
        mention(start=START + 1, end=START + 8),
        {bad("words", f"page {START + 1}", "name", "Ann Lee")},
    ),
    "the evidence does not tell of one without a name": (
        guest("three guards"),
        {bad("verbatim", "m guest 1", "text", "three guards")},
    ),
    "the text has none of the names of who takes part": (
        stranger,
        {bad("named", "m guest 2", "entity_id", "bo-berg")},
    ),
    "the text opens in another place": (of_itself(dateline="BASEL"), {bad("verbatim", "page", "dateline", "BASEL")}),
    "the place stands further down only": (
        of_itself(dateline="We always did."),
        {bad("verbatim", "page", "dateline", "We always did.")},
    ),
    "the text does not state the days that it is said to report": (
        of_itself(event_start="2021-05-06", event_end="2021-05-06"),
        {bad("day", "page", "event_start", "2021-05-06 to 2021-05-06")},
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_name_or_a_release_that_breaks_a_rule_is_told_alike(name: str) -> None:
    change, expected = OTHERS[name]
    document = page()
    change(document)
    assert told(rows_of(document)) == expected


@pytest.mark.parametrize("table", FACT_TABLES.values())
def test_a_fact_without_any_span_is_told(table: str) -> None:
    rows = rows_of(page())
    (fact,) = rows[table]
    rows["spans"] = [record for record in rows["spans"] if record.values["fact_id"] != fact.key]
    key = fact.key.removeprefix("page/")
    assert bad("missing", key, "evidence", None) in told(rows)
    assert {one[1] for one in told(rows)} == {key}


def test_every_rule_of_the_gate_is_broken_above() -> None:
    broken = {one[0] for case in CASES.values() for one in case.told} | {
        one[0] for _, found in OTHERS.values() for one in found
    }
    unbroken = {rule.id for rule in RULES.values() if rule.layer == "evidence"} - broken
    assert unbroken == {
        "evidence.missing",  # a document cannot say it; rows can, just above
        "evidence.text-changed",  # tests/test_structure.py
    }


def test_all_that_is_wrong_with_a_fact_is_told_at_once() -> None:
    document = page()
    document["commitments"][0] |= {"quantity": 13, "due_start": "2021-07-06", "item": "wheat"}
    assert {one[0] for one in told(rows_of(document))} == {"evidence.quantity", "evidence.due", "evidence.verbatim"}


# Where a rule holds back.


@pytest.mark.parametrize(
    ("days", "seen_from"),
    [
        ({"published_on": "2021-07-07"}, "2021-07-07"),
        ({"published_on": None, "event_start": "2021-07-06", "event_end": "2021-07-06"}, "2021-07-06"),
        ({"published_on": None, "event_start": "2021-07-05", "event_end": "2021-07-06"}, "2021-07-06"),
        ({"published_on": None, "event_end": None}, "2021-07-06"),
        ({"published_on": None, "event_start": None, "event_end": None}, None),
    ],
)
def test_this_week_is_seen_from_publication_else_from_what_the_release_reports(
    days: Item, seen_from: str | None
) -> None:
    found = told(rows_of(page() | days))
    assert ({one for one in found if one[0] == "evidence.due"} == set()) is (seen_from is not None)
    anchor = gate.anchor({"published_on": None} | rows_of(page() | days)["releases"][0].values)
    assert (str(anchor) if anchor else None) == seen_from


def test_a_text_in_a_language_that_is_not_read_carries_no_quantity_and_no_deadline() -> None:
    spanish = page() | {"language": "es-GT"}
    assert (
        told(rows_of(spanish))
        == {
            bad("quantity", "c", "quantity", "12"),
        }
        | UNSAID
    )
    spanish["commitments"][0] |= {"quantity": None, "due_start": None, "due_end": None}
    assert told(rows_of(spanish)) == set()


def test_a_meeting_may_be_on_a_day_that_the_release_reports_where_its_own_words_state_none() -> None:
    document = page()
    thanks = document["statements"][0]["spans"]
    document["meetings"][0] |= {"spans": thanks, "participants": []}
    assert told(rows_of(document)) == set()


def test_a_release_may_report_days_near_its_publication_that_its_text_does_not_state() -> None:
    near, far = ({"event_start": day, "event_end": day} for day in ("2021-06-06", "2021-06-05"))
    assert told(rows_of(page() | near)) == set()
    assert {one[0] for one in told(rows_of(page() | far))} == {"evidence.day"}


@pytest.mark.parametrize(
    ("days", "field", "value"),
    [
        ({"start_on": "2031-01-01"}, "start_on", "2031-01-01"),
        ({"start_on": "2031-01-01", "end_on": "2031-01-02"}, "start_on", "2031-01-01 to 2031-01-02"),
    ],
)
def test_a_day_that_nothing_states_is_told_as_it_was_given(days: dict[str, str], field: str, value: str) -> None:
    document = page()
    document["meetings"][0] |= {"start_on": None, "end_on": None} | days
    assert {one[2:] for one in told(rows_of(document)) if one[0] == "evidence.day"} == {(field, value)}


def test_what_has_no_release_is_left_to_the_keys() -> None:
    rows = rows_of(page())
    rows["releases"] = []
    assert told(rows) == set()


# Code points, not bytes.


def counted(document: Document, measure: Callable[[str], int], text: str) -> Document:
    """Return `document` with every place in `text` measured in another unit."""
    document = copy.deepcopy(document)
    facts = [fact for table in FACT_TABLES.values() for fact in document[table]]
    for one in [*document["mentions"], *(one for fact in facts for one in fact["spans"])]:
        one["start"], one["end"] = measure(text[: one["start"]]), measure(text[: one["end"]])
    return document


MEASURES: dict[str, Callable[[str], int]] = {
    "UTF-8 bytes": lambda text: len(text.encode()),
    "UTF-16 units": lambda text: len(text.encode("utf-16-le")) // 2,
    "line ends of two characters": lambda text: len(text) + text.count("\n"),
    "composed letters": lambda text: len(text) - text.count("\N{COMBINING ACUTE ACCENT}"),
}


def test_places_are_counted_in_code_points_and_a_line_end_is_one() -> None:
    document = page()
    text = document["body"].replace("\r\n", "\n")
    assert counted(document, len, text) == document
    assert told(rows_of(document)) == set()


@pytest.mark.parametrize("unit", MEASURES)
def test_places_counted_in_another_unit_are_refused_for_every_fact(unit: str) -> None:
    document = page()
    text = document["body"].replace("\r\n", "\n")
    found = told(rows_of(counted(document, MEASURES[unit], text)))
    facts = {document[table][0]["id"] for table in FACT_TABLES.values()}
    assert {one[1] for one in found if one[0] in ("evidence.words", "evidence.offset")} >= facts
