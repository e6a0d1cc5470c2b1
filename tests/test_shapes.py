"""What is proven without a regular expression is what the expression matches, and it is what files are full of."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.validate.engine import cells, patterns, shapes
from flows.validate.engine.masks import numbers, times
from flows.validate.engine.masks.texts import EMAIL, URI

CODES = [
    "[A-Z]{2}-[0-9]{6}",
    r"^\d{4}-\d\d$",
    "x",
    "(?:[a-f][0-9]){9}",
    "[!-~]{8}",
    "\x00[\x00-\x7f]{3}",
    "a{3}b{5}c{8}d",
]
NO_CODES = [
    "[a-z]+",
    "a|b",
    "[^a]{3}",
    "[ab]{2}",
    "é{2}",
    r"\w{3}",
    "a{65}",
    "",
    "[a-é]",
    r"a\b",
    "(?:a|b){2}",
    "a?",
]


def column(texts: Sequence[str | None]) -> Any:
    """Return a column of the texts, in the middle of a larger one."""
    return cells.texts(["a@b.co", *texts, "https://x"]).slice(1, len(texts))


def almost(good: st.SearchStrategy[str], letters: str) -> st.SearchStrategy[str]:
    """Return texts of which one letter may be another, or be left out."""
    return st.tuples(good, st.integers(0, 40), st.sampled_from([*letters, ""])).map(
        lambda one: one[0][: one[1]] + one[2] + one[0][one[1] + 1 :]
    )


LINKS = almost(
    st.sampled_from(["https://example.org/a", "http://www.example.org", "http://example.org", "ftp://x.y"]),
    "hw:/.?#[] é\n",
)


def holds(texts: list[str | None], sure: shapes.Sure, pattern: str) -> None:
    """Every cell that is proven matches; whichever way is taken, the same cells do."""
    cells_of = column(texts)
    proven, matched = sure(cells_of), cells.matches(cells_of, pattern)
    assert not (proven & ~matched).any(), [text for text, bad in zip(texts, proven & ~matched, strict=True) if bad]
    assert shapes.matches(cells_of, pattern, sure).tolist() == matched.tolist()


@given(st.lists(st.none() | LINKS, max_size=9))
def test_a_link_that_is_proven_is_one(texts: list[str | None]) -> None:
    holds(texts, shapes.uri, URI)


MAILS = almost(
    st.sampled_from(
        ["u1@mail.example.org", "a.b@c.de", "ab@c.d1.info", "a@b.co", "a@@b.co", "a@.co", "@b.co", "a@b.museum"]
    ),
    "a1.@-_+A \n",
)


@given(st.lists(st.none() | MAILS | st.text("a1.@", max_size=9), max_size=9))
def test_an_address_of_mail_that_is_proven_is_one(texts: list[str | None]) -> None:
    holds(texts, shapes.mail, EMAIL)


def test_common_addresses_of_mail_are_proven_beside_others() -> None:
    common = {"u1@mail.example.org", "a.b@c.de", "x9@y.info"}
    texts = ["u1@mail.example.org", "", "none", "a.b@c.de", None, "a@b@c.info", "x9@y.info"]
    assert shapes.mail(column(texts)).tolist() == [text in common for text in texts]


DAYS = st.sampled_from(["2020-01-28", "2020-12-31", "2021-02-29", "0000-10-01", "9999-06-30"])


def test_the_days_that_are_proven_are_those_that_there_are() -> None:
    years = (1, 4, 100, 400, 1900, 1999, 2000, 2023, 2024, 9999)
    texts = [f"{year:04}-{month:02}-{day:02}" for year in years for month in range(14) for day in range(33)]

    def there(text: str) -> bool:
        try:
            return bool(date.fromisoformat(text))
        except ValueError:
            return False

    assert shapes.day(column(texts)).tolist() == [there(text) for text in texts]
    instants = [f"{text}T10:20:30Z" for text in texts]
    assert shapes.instant(column(instants)).tolist() == [there(text) for text in texts]


CLOCKS = st.sampled_from(["T00:00:00", "T23:59:59", "T24:00:00", "T19:60:09", " 10:20:30"])


@given(st.lists(st.none() | almost(DAYS, "0123é-"), max_size=9))
def test_a_day_that_is_proven_is_one(texts: list[str | None]) -> None:
    holds(texts, shapes.day, times.DAY)


@given(st.lists(st.none() | almost(st.builds(str.__add__, DAYS, CLOCKS), "012569é:T"), max_size=9))
def test_an_instant_that_is_proven_is_one(texts: list[str | None]) -> None:
    holds(texts, shapes.local, times.LOCAL)
    holds([None if text is None else f"{text}Z" for text in texts], shapes.instant, times.INSTANT)


@pytest.mark.parametrize("pattern", CODES)
@given(data=st.data())
def test_a_text_of_fixed_letters_that_is_proven_follows_its_pattern(pattern: str, data: st.DataObject) -> None:
    texts = st.lists(
        almost(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True), "aZ9-é\n\x7f\x80"), max_size=9
    )
    sure = shapes.fixed(pattern)
    assert sure
    holds(list(data.draw(texts)), sure, patterns.translated(pattern))


@pytest.mark.parametrize("pattern", NO_CODES)
def test_a_pattern_of_another_kind_is_left_to_its_engine(pattern: str) -> None:
    assert shapes.fixed(pattern) is None


def test_what_files_are_full_of_is_proven() -> None:
    assert shapes.uri(column(["https://example.org/r/1?p=2", "http://www.example.org", "https://1.de"])).all()
    assert [
        bool((sure := shapes.fixed(code)) and sure(column([text])).all())
        for code, text in zip(
            CODES,
            ("GT-000123", "2020-12", "x", "a1b2c3d4e5f6a7b8c9", "!a~b~c~d", "\x00\x7f\x00a", "aaabbbbbccccccccd"),
            strict=True,
        )
    ] == [True] * 7


@pytest.mark.parametrize(
    "text", ["https://", "https:///x", "https://?x", "https://#", "http://", "http:/x", "ttps://x", "https://é"]
)
def test_what_is_no_link_is_not_proven_whatever_stands_beside_it(text: str) -> None:
    assert shapes.uri(column(["https://x", text, "https://x"])).tolist() == [True, False, True]


@pytest.mark.parametrize(
    "text",
    [
        "GT-00012",
        "GT-0001234",
        "Gt-000123",
        "GT_000123",
        "GT-00012a",
        "[T-000123",
        "@T-000123",
        "GT-00012:",
        "GT-00012/",
        "GÉ-00012",
        "",
    ],
)
def test_a_letter_out_of_its_range_is_not_proven_whatever_stands_beside_it(text: str) -> None:
    sure = shapes.fixed(CODES[0])
    assert sure and sure(column(["GT-000123", text, "GT-000123"])).tolist() == [True, False, True]  # noqa: PT018


def test_a_pattern_of_more_letters_than_are_looked_at_is_left_to_its_engine_at_once() -> None:
    assert shapes.fixed("(?:" * 5 + "a" + "{60})" * 5) is None


def test_where_the_first_cells_are_not_proven_the_pattern_is_asked_about_all() -> None:
    sure = shapes.fixed(CODES[0])
    texts: list[str | None] = [*["no"] * shapes.FIRST, "GT-000123", "GT-00012x"]
    assert shapes.matches(column(texts), patterns.translated(CODES[0]), sure).tolist()[-2:] == [True, False]


KINDS = {
    "integer": (pa.int64(), numbers.INTEGERS, b"0123456789-", b"xX"),
    "number": (pa.float64(), numbers.NUMBERS, b"0123456789-+.", b"nNiIeE"),
    "year": (pa.int64(), numbers.YEARS, b"0123456789", b"xX-"),
    "day": (pa.date32(), times.DAYS, b"", b""),
    "instant": (pa.timestamp("us", "UTC"), times.INSTANTS, b"", b" "),
    "local": (pa.timestamp("us"), times.LOCALS, b"", b" "),
}
SIZES = {"instant": len("2020-01-31T00:00:00Z"), "local": len("2020-01-31T00:00:00")}
NUMBERS = ["1", "-20", "007", "2021", "1.5", "9223372036854775807", "99999999999999999999", "1e5", "nan"]
MOMENTS = ["2020-02-29", "2021-02-29", "2020-02-29T10:20:30Z", "2020-02-29T10:20:30", "2020-02-30T10:20:30Z"]
VALUES = st.sampled_from([*NUMBERS, *MOMENTS])


@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(st.none() | almost(VALUES, "019xXeE+-. _T:Z,\t"), min_size=1, max_size=5))
def test_what_was_read_before_does_not_change_what_is_read_of_cells(kind: str, texts: list[str | None]) -> None:
    if kind in SIZES:  # others are sorted out before
        texts = [text for text in texts if text is None or (len(text) == SIZES[kind] and text[10] == "T")]
    fresh, used = (cells.casting(*KINDS[kind]) for _ in range(2))
    used(column(["~"]))
    (values, bad), (again, odd) = fresh(column(texts)), used(column(texts))
    assert values.equals(again)
    assert repr(bad) == repr(odd)
