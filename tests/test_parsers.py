"""What words say: numbers, days and deadlines read from the words themselves, and nothing where nothing is certain."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.validate import parsers
from flows.validate.parsers import Span
from tests.strategies import MONTHS, days, quantities, stated_days

WEDNESDAY = date(2021, 7, 7)
"""The day that the relative words below are seen from."""

QUANTITIES = [
    ("0", "0"),
    ("12", "12"),
    ("2.5", "2.5"),
    ("1,500,000", "1500000"),
    ("1,000.25", "1000.25"),
    ("1.5 million", "1500000"),
    ("1.5 Million", "1500000"),
    ("1.5million", "1500000"),
    ("3 hundred", "300"),
    ("40 thousand", "40000"),
    ("2 billion", "2000000000"),
    ("0.5 trillion", "500000000000"),
    ("5 dozen", "60"),
    ("$1.5 million", "1500000"),
    ("US$5", "5"),
    ("\N{EURO SIGN} 2,000", "2000"),
    ("\N{POUND SIGN}20", "20"),
    ("half a million", "500000"),
    ("half a dozen", "6"),
    ("a quarter million", "250000"),
    ("a quarter of a million", "250000"),
    ("a thousand", "1000"),
    ("an hundred", "100"),
    ("zero", "0"),
    ("seven", "7"),
    ("nineteen", "19"),
    ("seventy-two", "72"),
    ("Seventy two", "72"),
    ("one hundred", "100"),
    ("two hundred and fifty", "250"),
    ("two hundred and fifty thousand", "250000"),
    ("three million four hundred thousand and five", "3400005"),
    ("one hundred and five thousand and twelve", "105012"),
    ("two  hundred\n and fifty", "250"),
]

NO_QUANTITIES = [
    "",
    " ",
    "many",
    "several",
    "dozens",
    "hundreds of",
    "thousand",
    "and five",
    "five and",
    "five six",
    "twenty twenty",
    "twenty zero",
    "hundred hundred",
    "two hundred hundred",
    "million million",
    "ten five",
    "zero five",
    "one thousand two million",
    "two million three million",
    "three and million",
    "more than 5",
    "5 doses",
    "1-2 million",
    "1,5",
    "1 000",
    "1,00,000",
    "-5",
    "5%",
    "1e3",
    "0x10",
    "1.",
    ".5",
    "1.2.3",
    "NaN",
    "Infinity",
    "\N{VULGAR FRACTION ONE HALF}",
    "\N{SUPERSCRIPT TWO}",
]


@pytest.mark.parametrize(("words", "number"), QUANTITIES)
def test_a_quantity_is_the_number_that_all_of_its_words_say(words: str, number: str) -> None:
    assert parsers.quantity(words) == Decimal(number)


@pytest.mark.parametrize("words", NO_QUANTITIES)
def test_words_that_are_no_whole_number_word_say_no_quantity(words: str) -> None:
    assert parsers.quantity(words) is None


UNIT_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
UNITS, TENS = UNIT_WORDS.split(), TEN_WORDS.split()
SCALES = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"), (100, "hundred"))


def spelled(number: int) -> str:
    """Return `number` as English spells it, with a hyphen from twenty-one to ninety-nine."""
    if number < len(UNITS):
        return UNITS[number]
    for size, name in SCALES:
        if number >= size:
            rest = f" {'and ' if number % size < 100 else ''}{spelled(number % size)}" if number % size else ""
            return f"{spelled(number // size)} {name}{rest}"
    return TENS[number // 10 - 2] + (f"-{UNITS[number % 10]}" if number % 10 else "")


@settings(max_examples=300)
@given(st.integers(0, 10**12 - 1))
def test_a_number_is_read_back_from_its_figures_and_from_its_spelling(number: int) -> None:
    assert parsers.quantity(f"{number:,}") == parsers.quantity(spelled(number)) == number


@given(quantities())
def test_a_quantity_reads_the_same_in_capitals_and_with_other_blanks(drawn: tuple[str, str]) -> None:
    words, number = drawn
    assert parsers.quantity(words.upper()) == parsers.quantity(f" {words.replace(' ', '  ')}\n") == Decimal(number)


def span(first: str, last: str | None = None) -> Span:
    """Return the days from `first` to `last`, written as ISO 8601 has them."""
    return Span(date.fromisoformat(first), date.fromisoformat(last or first))


STATED = [
    ("July 6, 2021", [span("2021-07-06")]),
    ("July 6 2021", [span("2021-07-06")]),
    ("july 6th, 2021", [span("2021-07-06")]),
    ("6 July 2021", [span("2021-07-06")]),
    ("6th July, 2021", [span("2021-07-06")]),
    ("Sept. 5, 2021", [span("2021-09-05")]),
    ("2021-07-06", [span("2021-07-06")]),
    ("July 6-7, 2021", [span("2021-07-06", "2021-07-07")]),
    ("July 6\N{EN DASH}7, 2021", [span("2021-07-06", "2021-07-07")]),
    ("July 6 and 7, 2021", [span("2021-07-06", "2021-07-07")]),
    ("6 to 7 July 2021", [span("2021-07-06", "2021-07-07")]),
    ("July 30 - August 2, 2021", [span("2021-07-30", "2021-08-02")]),
    ("from July 30 through Aug. 2, 2021", [span("2021-07-30", "2021-08-02")]),
    ("December 30, 2021 to January 2, 2022", [span("2021-12-30", "2022-01-02")]),
    ("December 30 to January 2, 2022", [span("2021-12-30", "2022-01-02")]),
    ("July 2021", [span("2021-07-01", "2021-07-31")]),
    ("February, 2020", [span("2020-02-01", "2020-02-29")]),
    ("February 29, 2020", [span("2020-02-29")]),
    ("on July 6, 2021, and again on 2021-08-01", [span("2021-07-06"), span("2021-08-01")]),
]

NO_DAYS = [
    "",
    "it may rain",
    "they march in august company",
    "July",
    "July 6",
    "6 July",
    "2021",
    "7/6/2021",
    "July 32, 2021",
    "February 29, 2021",
    "February 30, 2021",
    "2021-02-30",
    "2021-13-01",
    "July 7-6, 2021",
    "December 30 to December 2, 2021",
    "on 31 June 2021",
    "a6 Julya 2021",
]


@pytest.mark.parametrize(("text", "found"), STATED)
def test_days_are_found_where_a_text_states_them(text: str, found: list[Span]) -> None:
    assert list(parsers.days(text, None)) == found


@pytest.mark.parametrize("text", NO_DAYS)
def test_no_day_is_found_where_a_text_states_none(text: str) -> None:
    assert list(parsers.days(text, None)) == []


@pytest.mark.parametrize(
    ("text", "anchor", "found"),
    [
        ("July 6", date(2021, 7, 8), span("2021-07-06")),
        ("July 6-7", date(2021, 7, 8), span("2021-07-06", "2021-07-07")),
        ("July 30 to August 2", date(2021, 7, 8), span("2021-07-30", "2021-08-02")),
        ("December 30 to January 2", date(2022, 1, 1), span("2021-12-30", "2022-01-02")),
        ("February 29", date(2025, 3, 1), span("2024-02-29")),
        ("December 30", date(2022, 1, 2), span("2021-12-30")),
        ("January 2", date(2021, 12, 30), span("2022-01-02")),
    ],
)
def test_a_day_without_a_year_is_the_one_nearest_to_its_anchor(text: str, anchor: date, found: Span) -> None:
    assert list(parsers.days(text, anchor)) == [found]


@settings(max_examples=300)
@given(stated_days())
def test_days_are_read_back_from_every_form_in_which_they_are_written(drawn: tuple[str, str, str]) -> None:
    words, first, last = drawn
    assert list(parsers.days(f"It was on {words}.", None)) == [span(first, last)]


DUE = [
    ("today", span("2021-07-07")),
    ("tomorrow", span("2021-07-08")),
    ("this week", span("2021-07-05", "2021-07-11")),
    ("This  Week.", span("2021-07-05", "2021-07-11")),
    ("next week", span("2021-07-12", "2021-07-18")),
    ("the coming week", span("2021-07-12", "2021-07-18")),
    ("this month", span("2021-07-01", "2021-07-31")),
    ("next month", span("2021-08-01", "2021-08-31")),
    ("this year", span("2021-01-01", "2021-12-31")),
    ("next year", span("2022-01-01", "2022-12-31")),
    ("by the end of the week", span("2021-07-07", "2021-07-11")),
    ("by the end of this month", span("2021-07-07", "2021-07-31")),
    ("before the end of next month", span("2021-07-07", "2021-08-31")),
    ("by the end of the year", span("2021-07-07", "2021-12-31")),
    ("within 30 days", span("2021-07-07", "2021-08-06")),
    ("within two weeks", span("2021-07-07", "2021-07-21")),
    ("in the next ten days", span("2021-07-07", "2021-07-17")),
    ("July 31, 2021", span("2021-07-31")),
    ("by July 31, 2021", span("2021-07-07", "2021-07-31")),
    ("no later than July 31", span("2021-07-07", "2021-07-31")),
    ("by the end of July 2021", span("2021-07-07", "2021-07-31")),
    ("in August 2021", span("2021-08-01", "2021-08-31")),
    ("in 2022", span("2022-01-01", "2022-12-31")),
    ("by 2022", span("2021-07-07", "2022-01-01")),
    ("by the end of 2022", span("2021-07-07", "2022-12-31")),
]

NOT_DUE = [
    "",
    "soon",
    "in the coming weeks",
    "in due course",
    "on Monday",
    "the week",
    "the year",
    "week",
    "within days",
    "within 0 days",
    "within many weeks",
    "in May",
    "2022",
    "after July 31, 2021",
    "three days after July 31, 2021",
    "not before July 31, 2021",
    "in 0000",
    "by July 1, 2021",
    "by 2021",
    "July 1, 2021, then August 1, 2021",
]


@pytest.mark.parametrize(("text", "days"), DUE)
def test_a_deadline_is_the_days_that_its_words_name(text: str, days: Span) -> None:
    assert parsers.due(text, WEDNESDAY) == days


@pytest.mark.parametrize("text", NOT_DUE)
def test_a_deadline_that_is_not_certain_or_lies_behind_is_none(text: str) -> None:
    assert parsers.due(text, WEDNESDAY) is None


@pytest.mark.parametrize(
    "text", ["today", "this week", "within 30 days", "by the end of the year", "July 31", "by 2022"]
)
def test_words_that_are_seen_from_a_day_name_none_without_it(text: str) -> None:
    assert parsers.due(text, None) is None


@pytest.mark.parametrize(("text", "days"), [("July 31, 2021", span("2021-07-31")), ("in 2022", DUE[-3][1])])
def test_words_that_name_their_year_need_no_day_to_be_seen_from(text: str, days: Span) -> None:
    assert parsers.due(text, None) == days


PIECES = (
    "by before until the end of this next coming within in a an half quarter and to week month year days today "
    "tomorrow hundred thousand million dozen twenty one zero - , . $ | \N{EN DASH} May Sept. 0 1 29 31 32 1999 2021 "
    "2021-02-30 6th 1,000 2.5 \N{ARABIC-INDIC DIGIT SIX}"
)
TOKENS = st.sampled_from([*PIECES.split(), *MONTHS, "\n"])
TEXTS = st.lists(TOKENS, max_size=12).map(" ".join) | st.lists(TOKENS, max_size=12).map("".join) | st.text()


@settings(max_examples=500)
@given(TEXTS, st.none() | days)
def test_no_text_stops_a_parser_and_what_it_yields_is_in_order(text: str, anchor: date | None) -> None:
    quantity, due = parsers.quantity(text), parsers.due(text, anchor)
    assert quantity is None or quantity >= 0
    assert all(found.start <= found.end for found in [*parsers.days(text, anchor), *filter(None, [due])])


@pytest.mark.parametrize("text", ["this week", "tomorrow", "within 5 days", "next year", "by the end of next month"])
def test_a_deadline_beyond_the_calendar_is_none(text: str) -> None:
    assert parsers.due(text, date(9999, 12, 31)) is None


def test_the_last_month_of_the_calendar_is_read() -> None:
    assert list(parsers.days("December 9999", None)) == [parsers.Span(date(9999, 12, 1), date(9999, 12, 31))]


@pytest.mark.parametrize("text", ["6 apr\u0131l 2021", "augu\u017ft 6, 2021"])
def test_a_letter_that_only_looks_like_one_of_a_month_is_none(text: str) -> None:
    assert list(parsers.days(text, None)) == []


@pytest.mark.parametrize("text", ["half a m\u0131llion", "5 m\u0131llion"])
def test_a_letter_that_only_looks_like_one_of_a_number_is_none(text: str) -> None:
    assert parsers.quantity(text) is None


def test_more_steps_than_any_deadline_has_are_none() -> None:
    assert parsers.due("within 999999999999 days", date(2021, 7, 7)) is None
