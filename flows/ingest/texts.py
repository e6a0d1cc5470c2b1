"""What is wrong with a text that can still be read: letters lost or spoilt on the way, an end that is missing.

Each is a sign, no proof, so that it warns and refuses nothing. The signs are those that a corpus of 6,081 sound
releases has none of; a general detector of spoilt encodings took a second for each megabyte of it.
"""

import re
from collections.abc import Iterator


def _second(encoding: str, leave_out: str = "") -> str:
    """Return the second bytes of letters in UTF-8 as they look in another encoding, as a class of characters."""
    found = bytes(range(0x80, 0xC0)).decode(encoding, "ignore") + "".join(map(chr, range(0x80, 0xA0)))
    return f"[{''.join(sorted(set(found) - set(leave_out)))}]"


QUOTES = "\xab\xbb\u2018\u2019\u201c\u201d"
LATIN, CYRILLIC = _second("cp1252"), _second("cp1251")
SPOILT = re.compile(
    f"[\xc3\xc2]{_second('cp1252', QUOTES)}|\xe2{LATIN}{{2}}"
    f"|(?:[\xd0\xd1]{LATIN}){{3}}|(?:[\u0420\u0421]{CYRILLIC}){{3}}"
)
"""UTF-8 that was read as Windows-1252 or Latin-1, Cyrillic as Windows-1251 too."""
LEADS = "\xc3\xc2\xe2\xd0\xd1\u0420\u0421"
"""What such a text has, looked for first: most texts have none of them."""
MARKS = re.compile(r"\?(?:\?{2,}|(?<=\w\?)(?=\w))")
"""Question marks that stand for a word whose letters were lost, or one inside a word."""
LEAST_WORDS = 2
"""Words with a question mark inside, in one text, before that is a sign: one may be a slip."""
APOSTROPHES = "'\u2019\u02bc\uff07\u00b4`\u2018"
JOINED = """
dont doesnt didnt isnt arent wasnt werent havent hasnt hadnt wouldnt couldnt shouldnt
theyre theyve theyll youre youve youll weve thats whats whos heres theres
"""
WORDS = [form for word in JOINED.split() for form in (word, word.capitalize())]
TELLING = (" s ", " t ", " re ", " ve ", " ll ", *WORDS)
"""What `UNJOINED` finds has one of them, looked for first: most texts have none."""
UNJOINED = re.compile(rf"(?<=[a-z]) (?:s|t|re|ve|ll)(?= [a-z])|\b(?:{'|'.join(WORDS)})\b")
"""English words that have an apostrophe, without it or with a space for it: in a text with none at all, letters that
are not of ASCII were dropped. Of the 6,081 sound texts none shows it; without these letters 2,216 do, and 4,785 where
spaces stand for them."""
SMALL = """
a an and are as at be but by for from had has have her his in is its of on or our that the their these this to was were
will with de del du el en et la las le les los par pour que un una une y der die das und von zu mit
"""
"""Words that end no sentence."""
BROKEN_OFF = re.compile(r"(?:[,;(\u2013\u2014]|(?:…|\.\.\.|\b(?:read more|continue reading))\W*)$", re.IGNORECASE)
LONGEST_END = 2000
ITEM = re.compile(r"^\W*(?:[-•*·]|\d+[.)]|[A-Z]\.)\s| - |•|\d\.  ")
"""An item of a list, which ends as it likes."""
SENTENCE = re.compile(r"(?<=[a-z][.!?])[”\"]?\s+")
LEAST_OF_SENTENCE = 6
PLAIN_SHARE = 0.6


def faults(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with a text: the rule, in words, and what of the text shows it."""
    if any(lead in text for lead in LEADS) and (spoilt := SPOILT.search(text)):
        yield "input.mojibake", "the text was read in another encoding than it was written in", _around(text, spoilt)
    if lost := _lost(text):
        yield "input.lost-characters", "characters of the text were lost on the way", lost
    end = text.rstrip()[-LONGEST_END:].rpartition("\n")[2].strip()
    if _cut(end):
        yield "input.cut-off", "the text ends in the middle of a sentence", end[-60:]


def _around(text: str, found: re.Match[str]) -> str:
    return text[max(0, found.start() - 20) : found.end() + 20]


def _lost(text: str) -> str | None:
    """Return what shows that characters were lost: the mark of one that could not be read, question marks, a gap."""
    if "\ufffd" in text:
        at = text.index("\ufffd")
        return text[max(0, at - 20) : at + 20]
    inside = []
    for found in MARKS.finditer(text):
        before, after = text[max(0, found.start() - 1) : found.start()], text[found.end() : found.end() + 1]
        if len(found[0]) > 1 and not before.strip('“"( \n'):
            return _around(text, found)
        if found[0] == "?" and before.isalpha() and after.isalpha() and not _in_address(text, found.start()):
            inside.append(_around(text, found))
    if len(inside) >= LEAST_WORDS:
        return inside[0]
    if any(mark in text for mark in APOSTROPHES) or not any(part in text for part in TELLING):
        return None
    dropped = UNJOINED.search(text)
    return _around(text, dropped) if dropped else None


def _in_address(text: str, at: int) -> bool:
    """Return whether a place of a text lies in an address of the web."""
    word = text[max(0, at - 200) : at].rsplit(maxsplit=1)[-1]
    return "/" in word or "www." in word


def _cut(end: str) -> bool:
    """Return whether a text that ends in this line is cut off."""
    words = end.split()
    if not words or BROKEN_OFF.search(end) or words[-1] in SMALL.split():
        return bool(words)
    open_ends = end.count("“") > end.count("”") or end.count("(") > end.count(")")
    return (end[-1].isalnum() and open_ends) or _sentence(end)


def _sentence(end: str) -> bool:
    """Return whether a line ends in a sentence that has begun: words of prose, no list, no address, no full stop."""
    words = SENTENCE.split(end)[-1].split()
    plain = [word for word in words if word[0].islower()]
    prose = len(words) >= LEAST_OF_SENTENCE and len(plain) >= PLAIN_SHARE * len(words)
    return prose and end[-1].islower() and not ITEM.search(end) and "://" not in words[-1]
