"""What a person reads where a value does not fit: our words, and the name that was meant."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.validate import records
from schemas.report import Provenance, Refused, quoted


def told(document: dict[str, Any]) -> list[str]:
    """Return the messages of what is refused of a document."""
    place = Provenance(file="x.json", pointer="")
    refused: list[Refused] = records.read_document("x", document, place, ())[1]
    return [one.problem.message for one in refused]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("headline", 3, "a text was expected, in quotes"),
        ("body", "", "the text is empty"),
        ("meetings", "none", "a list was expected: [ … ]"),
        ("source", "a feed", "an object was expected, with names and values"),
        ("id", "has blank", "small letters, digits and single hyphens were expected, as in ministry-of-housing"),
        ("headlin", "A headline", "there is no such name here; headline is the nearest"),
        ("zzz", 1, "there is no such name here"),
    ],
)
def test_a_value_that_does_not_fit_is_told_in_words(
    seed: dict[str, Any], field: str, value: object, message: str
) -> None:
    assert told(seed | {field: value}) == [message]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("many", "a number was expected"),
        ([], "a number was expected"),
        ("NaN", "a number was expected"),
        ("1.0000000001", "9 digits after the point are the most"),
        ("12345678901234567", "15 digits are the most"),
    ],
)
def test_a_quantity_that_does_not_fit_is_told_in_words(seed: dict[str, Any], value: object, message: str) -> None:
    seed["commitments"][0]["quantity"] = value
    assert told(seed)[0] == message


def test_the_nearest_name_of_an_item_is_one_of_its_own_list(seed: dict[str, Any]) -> None:
    seed["commitments"][0]["quantty"] = 5
    assert told(seed) == ["there is no such name here; quantity is the nearest"]


def test_a_misspelt_key_of_a_dataset_is_told_with_its_line_and_the_nearest_name(data: Path) -> None:
    path = data / "datasets" / "official-releases.toml"
    text = path.read_text(encoding="utf-8").replace("max_refused_share", "max_refused_shares")
    path.write_text(text, encoding="utf-8")
    line = next(at for at, one in enumerate(text.splitlines(), 1) if "max_refused_shares" in one)
    command = [str(Path(sys.executable).with_name("communique")), "--data", str(data), "run", "official-releases"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert f"{path}:{line}: gate.max_refused_shares: there is no such name here; max_refused_share is" in done.stderr


def test_a_list_where_a_text_was_expected_is_shown_as_the_document_has_it(seed: dict[str, Any]) -> None:
    place = Provenance(file="x.json", pointer="")
    ((_, found),) = records.read_document("x", seed | {"headline": ["A", None, {"b": True}]}, place, ())[1]
    assert found.value == '["A", null, {"b": true}]'


def test_a_long_quotation_shows_the_word_that_differs() -> None:
    said, written = (
        f"{'so ' * 100}2.5 million doses{' and so' * 100}",
        f"{'so ' * 100}1.5 million doses{' and so' * 100}",
    )
    shown = quoted(said, written)
    assert "2.5 million doses" in shown
    assert shown[:2] + shown[-2:] == "'……'"


def test_a_long_quotation_beside_nothing_or_its_own_beginning_shows_where_it_goes_on() -> None:
    said = "so " * 100
    assert quoted(said).startswith("'so so ")
    assert quoted(f"{said}and more", said).endswith("and more'")


def test_a_short_quotation_is_whole() -> None:
    assert quoted("2.5 million", "1.5 million") == "'2.5 million'"
