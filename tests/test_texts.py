"""Signs of a text that was spoilt on its way: what is told, and what sound texts of many sorts are not taken for."""

import gzip
import json
import random

import pytest

from flows.ingest.texts import faults
from flows.settings import PROJECT

CORPUS = PROJECT.parent / "shared" / "releases" / "white-house-2021-2022.jsonl.gz"


def signs(text: str) -> list[str]:
    return [rule for rule, _, _ in faults(text)]


def misread(text: str, as_written: str, as_read: str) -> str:
    return text.encode(as_written).decode(as_read, "replace").replace("\ufffd", "")


SPANISH, RUSSIAN = "José Núñez llegó mañana.", "Министр приехал вчера вечером."
SPOILT = {
    "UTF-8 read as Latin-1": (misread(SPANISH, "utf-8", "latin-1"), "input.mojibake"),
    "UTF-8 read as Windows-1252": (misread("The “plan” \u2013 at last.", "utf-8", "cp1252"), "input.mojibake"),
    "Russian read as Latin-1": (misread(RUSSIAN, "utf-8", "latin-1"), "input.mojibake"),
    "Russian read as Windows-1251": (misread(RUSSIAN, "utf-8", "cp1251"), "input.mojibake"),
    "letters become question marks": ("Jos? N??ez met the Pe?a family and Mu?oz.", "input.lost-characters"),
    "words become question marks": ("????? ?????? met the minister.", "input.lost-characters"),
    "letters that could not be read": ("Jos\ufffd met the minister.", "input.lost-characters"),
    "letters that were dropped": ("Americas ministers say they dont know where Pea lives.", "input.lost-characters"),
    "letters that became spaces": ("Guatemala s minister doesn t know.", "input.lost-characters"),
    "in the middle of a sentence": ("The minister said it. We will build the new harbour with", "input.cut-off"),
    "in the middle of a word": (
        "They met in the town. The two ministers spoke at length about the harb",
        "input.cut-off",
    ),
    "the extract of a feed": ("We will build two hundred homes […]", "input.cut-off"),
    "a link to the rest": ("We will build two hundred homes. Read more", "input.cut-off"),
    "in a quotation": ("She said: “Homes", "input.cut-off"),
}


@pytest.mark.parametrize(("text", "rule"), SPOILT.values(), ids=SPOILT)
def test_a_text_that_was_spoilt_is_told(text: str, rule: str) -> None:
    assert signs(text) == [rule]


SOUND = {
    "capitals before quotation marks": "Das „SPAß“ und «CAFÉ» und “IRMÔ.",
    "Cyrillic": "Ещё Россия, Сербия, Рязань и Сочи.",
    "accents": "Él Âge naïve Ångström Ñandú à â ã ä.",
    "questions": "What??? And who? “Why?”",
    "addresses": "See https://example.org/a?b=c&d=e or www.example.org/x?y and https://example.org/p?q=r for more.",
    "a signature": "The plan stands.\n\nJosé Núñez\nMinister of Homes",
    "a list of names": "Present were:\n- Ada Lind, Minister of the homes and the people of all towns",
    "the mark of the end": "We will build.\n\n###",
    "an apostrophe, and a slip": "It's what dont means.",
    "letters of a list": "Ministers A to S are here, and S are told.",
    "nothing": "",
}


@pytest.mark.parametrize("text", SOUND.values(), ids=SOUND)
def test_a_sound_text_has_no_sign(text: str) -> None:
    assert signs(text) == []


@pytest.mark.skipif(not CORPUS.is_file(), reason="the real corpus, ../shared/releases, is not here")
def test_six_thousand_real_releases_have_no_sign_and_most_that_are_cut_have_one() -> None:
    with gzip.open(CORPUS, "rt", encoding="utf-8") as file:
        bodies = [json.loads(line)["body"] for line in file]
    assert [signs(body) for body in bodies if signs(body)] == []
    choose = random.Random(1)  # noqa: S311 - the same places on every run
    long = [body for body in bodies if len(body) > 400]
    cut = [signs(body[: choose.randrange(len(body) // 2, len(body) - 5)]) for body in long]
    assert sum("input.cut-off" in found for found in cut) > 0.6 * len(long)
    read = [signs(misread(body, "utf-8", "cp1252")) for body in bodies if not body.isascii()]
    assert sum("input.mojibake" in found for found in read) > 0.99 * len(read)
    dropped = [signs(body.encode("ascii", "ignore").decode()) for body in bodies]
    assert sum("input.lost-characters" in found for found in dropped) > 0.3 * len(dropped)
