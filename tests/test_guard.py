"""The guard: what it lets in, what it refuses, and where its limits lie."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest

from flows import guard
from flows.guard import BadInput

ASTRAL = "\U0001f600"
"""A character that UTF-16 writes as a pair of surrogates."""


def refused(text: str) -> BadInput:
    """Return what `strict_json` says against `text`."""
    with pytest.raises(BadInput) as caught:
        guard.strict_json(text)
    return caught.value


@pytest.mark.parametrize("text", ["null", "true", "[]", "{}", '"a"', "-0", "12", '{"a": {"a": [1, "é"]}}', " [1]\n"])
def test_json_that_the_rfc_defines_is_read_as_the_standard_library_reads_it(text: str) -> None:
    assert guard.strict_json(text) == json.loads(text)


@pytest.mark.parametrize("text", ["0.1", "1.50", "1e3", "2.5E-7"])
def test_a_fraction_is_kept_digit_by_digit(text: str) -> None:
    value = guard.strict_json(text)
    assert isinstance(value, Decimal)
    assert value.as_tuple() == Decimal(text).as_tuple()


@pytest.mark.parametrize(
    ("text", "line", "value"),
    [
        ("", 1, "the end"),
        ('{"a": 1', 1, "the end"),
        ('{\n"a": 1,\n}', 3, "}"),
        ("[1,\n2] 3", 2, "3"),
        ("{'a': 1}", 1, "'a': 1}"),
        ('"a\tb"', 1, '\tb"'),
        ("[01]", 1, "1]"),
        ("[1, // one\n2]", 1, "// one\n2]"),
        ("[.5]", 1, ".5]"),
        ("\ufeff{}", 1, "\ufeff{}"),
    ],
)
def test_broken_syntax_is_told_with_its_line_and_what_stands_there(text: str, line: int, value: str) -> None:
    bad = refused(text)
    assert (bad.rule, bad.line, bad.value, bad.pointer) == ("input.json", line, value, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, ]", "a value was expected, at column 5"),
        ("{a: 1}", "a name in double quotes was expected, at column 2"),
        ('{"a" 1}', "a colon was expected after the name, at column 6"),
        ("[1 2]", "a comma was expected, or the end of the list or object, at column 4"),
        ('["a', "a text begins and its closing quote is missing, at column 2"),
        ('["a\tb"]', "a control character stands in a text, where an escape was expected, at column 4"),
        (r'["\x"]', 'an escape was expected after the backslash: one of "\\/bfnrtu, at column 3'),
        (r'["\u12"]', "four hexadecimal digits were expected after \\u, at column 4"),
        ("{} {}", "something stands after the end of the value, at column 4"),
    ],
)
def test_broken_syntax_is_told_in_words(text: str, message: str) -> None:
    assert refused(text).message == message


@pytest.mark.parametrize(("text", "column"), [("[01]", 3), ('{\n  "a": 1,\n}', 1), ('{"é": .5}', 7)])
def test_the_column_of_broken_syntax_is_counted_in_characters_from_one(text: str, column: int) -> None:
    assert refused(text).message.endswith(f" at column {column}")


@pytest.mark.parametrize(
    ("text", "line", "pointer"),
    [
        ('{"a": 1,\n"b": 2,\n"a": 3}', 3, "/a"),
        ('[{"x": 1},\n{"x": {"y": 1,\n"z": 2, "y": 3}}]', 3, "/1/x/y"),
        ('{"issuer": "me", "quantity": 1,\n"list": [1, 2, 1e999]}', 2, "/list/2"),
        ('{"a": "1e999 or \\"NaN\\"",\n"NaN": [],\n"b": NaN}', 3, "/b"),
        ('{"a/b": {"c~d": -Infinity}}', 1, "/a~1b/c~0d"),
        ("[[], {}, [[]], " + "9" * 41 + "]", 1, "/3"),
        (r'{"a": ["b", "\ud800"]}', 1, "/a/1"),
        (r'{"a": {"b\ud800": 1}}', 1, r"/a/b\ud800"),
        ("1e999", 1, ""),
    ],
)
def test_a_value_that_breaks_a_rule_is_told_with_its_line_and_its_pointer(text: str, line: int, pointer: str) -> None:
    bad = refused(text)
    assert (bad.line, bad.pointer) == (line, pointer)


@pytest.mark.parametrize(
    "text", ['{"a": 1, "b": 2, "a": 1}', '[{"x": {"a": null, "a": null}}]', r'{"a": 1, "\u0061": 2}']
)
def test_a_key_given_twice_in_one_object_is_refused_however_it_is_written(text: str) -> None:
    bad = refused(text)
    assert (bad.rule, bad.value) == ("input.duplicate-key", "a")


def test_the_same_key_in_two_objects_is_no_duplicate() -> None:
    assert guard.strict_json('[{"a": 1}, {"a": {"a": 2}}]') == [{"a": 1}, {"a": {"a": 2}}]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_json_number_is_refused_by_its_name(text: str) -> None:
    bad = refused(f'{{"a": [{text}]}}')
    assert (bad.rule, bad.value) == ("input.number", text)


@pytest.mark.parametrize("text", ["1e999", "-1e999", "1e-999", "1e41", "9" * 41, "9" * 5000, "0." + "1" * 40])
def test_a_number_beyond_any_quantity_is_refused(text: str) -> None:
    bad = refused(f'{{"a": {text}}}')
    assert bad.rule == "input.number"
    assert text.startswith(bad.value or "?")


@pytest.mark.parametrize("text", ["9" * 40, "1e40", "-1e40", "0." + "1" * 38])
def test_the_longest_number_within_the_limit_is_read(text: str) -> None:
    assert guard.strict_json(text) == Decimal(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud83d"', r"\ud83d"),
        (r'"a\uDE00b"', r"a\ude00b"),
        (r'{"a": [{"b": "\ude00\ud83d"}]}', r"\ude00\ud83d"),
        (r'{"\udfff": 1}', r"\udfff"),
    ],
)
def test_half_of_a_surrogate_pair_is_refused_wherever_it_stands(text: str, value: str) -> None:
    bad = refused(text)
    assert (bad.rule, bad.value) == ("input.surrogate", value)


def test_a_whole_surrogate_pair_is_the_character_that_it_writes() -> None:
    assert guard.strict_json(r'{"\ud83d\ude00": "\ud83d\ude00"}') == {ASTRAL: ASTRAL}


def test_an_escaped_backslash_before_a_u_is_no_surrogate() -> None:
    assert guard.strict_json(r'"\\ud83d"') == r"\ud83d"


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_without_end_is_refused_and_not_a_crash(opening: str, closing: str) -> None:
    assert refused(opening * 100_000 + "1" + closing * 100_000).rule == "input.size"


def test_decoded_text_is_the_text_without_its_byte_order_mark() -> None:
    assert guard.decode(b"\xef\xbb\xbfSe\xc3\xb1or\r\n") == "Señor\r\n"


@pytest.mark.parametrize(
    ("data", "line", "value"),
    [
        (b"\xff", 1, "ff"),
        (b"one\ntwo\nth\xe9", 3, "e9"),
        (b"a\xc3(", 1, "c3 28"),
        (b"\xed\xa0\x80", 1, "ed a0 80"),
        (b"\n\xf8aaaaaaaaaaaa", 2, "f8 61 61 61 61 61 61 61"),
        (b"\xff\xfe\xe9\x00", 1, "ff fe e9 00"),
    ],
)
def test_bytes_that_are_not_utf8_are_told_with_their_line_and_in_hexadecimal(
    data: bytes, line: int, value: str
) -> None:
    with pytest.raises(BadInput) as caught:
        guard.decode(data)
    assert (caught.value.rule, caught.value.line, caught.value.value) == ("input.encoding", line, value)


def test_a_file_of_just_the_limit_is_read_and_one_byte_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert guard.read_bytes(path, limit=5) == b"12345"
    with pytest.raises(BadInput) as caught:
        guard.read_bytes(path, limit=4)
    assert caught.value.rule == "input.size"


@pytest.mark.parametrize("parts", [[b"a" * 100], [b"one", b"two", b""], [b""]])
def test_every_gzip_member_is_decompressed_up_to_just_the_limit(parts: list[bytes]) -> None:
    whole = b"".join(parts)
    assert guard.gunzip(b"".join(map(gzip.compress, parts)), limit=len(whole)) == whole


@pytest.mark.parametrize("parts", [[b"a" * 101], [b"a" * 60, b"a" * 41], [b"a" * 100, b"b"], [bytes(10_000_000)]])
def test_what_grows_beyond_the_limit_when_decompressed_is_refused(parts: list[bytes]) -> None:
    """The last of them is a small bomb: ten thousand bytes that become ten million."""
    with pytest.raises(BadInput) as caught:
        guard.gunzip(b"".join(map(gzip.compress, parts)), limit=100)
    assert caught.value.rule == "input.size"


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


WHOLE = gzip.compress(b"The minister met the mayor.", mtime=0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not gzip at all",
        WHOLE[:-1],
        WHOLE[:12],
        WHOLE + WHOLE[:-9],
        _flipped(WHOLE, -8),
        _flipped(WHOLE, -1),
        WHOLE + b"more",
    ],
    ids=[
        "nothing",
        "no gzip",
        "cut in the length",
        "cut in the words",
        "second member cut",
        "wrong sum",
        "wrong length",
        "more after",
    ],
)
def test_gzip_that_is_broken_or_cut_off_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        guard.gunzip(data)
    assert caught.value.rule == "input.compression"


@pytest.mark.parametrize("path", ["a", "a/b.json", ".", "a/../b", "not/there/yet"])
def test_a_path_inside_its_root_is_resolved(tmp_path: Path, path: str) -> None:
    assert guard.inside(tmp_path, Path(path)) == (tmp_path / path).resolve()


@pytest.mark.parametrize("path", ["..", "../secret", "a/../../secret", "/etc/passwd", "a\0b"])
def test_a_path_that_leads_out_of_its_root_or_is_none_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(BadInput) as caught:
        guard.inside(tmp_path / "root", Path(path))
    assert caught.value.rule == "input.link"


def test_a_sibling_whose_name_begins_like_the_root_is_outside(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        guard.inside(tmp_path / "root", tmp_path / "root-of-another" / "a")


def test_a_link_that_stays_inside_its_root_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x", encoding="utf-8")
    (tmp_path / "link").symlink_to("real")
    assert guard.inside(tmp_path, Path("link")) == (tmp_path / "real").resolve()


@pytest.mark.parametrize("target", ["../outside", "/etc/passwd", "../not-there", "link"])
def test_a_link_that_leads_out_of_its_root_or_in_a_circle_is_refused(tmp_path: Path, target: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").write_text("x", encoding="utf-8")
    (root / "link").symlink_to(target)
    with pytest.raises(BadInput) as caught:
        guard.inside(root, Path("link"))
    assert caught.value.rule == "input.link"
