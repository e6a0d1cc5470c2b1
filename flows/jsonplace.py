"""Where in a JSON text a rule of the input layer is broken: read token by token, only when something is wrong."""

import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
DIGITS = 40


class Place(NamedTuple):
    """A line, from 1, and the JSON Pointer of the value there."""

    line: int | None
    pointer: str | None


class Token(NamedTuple):
    """A key or a value, where it is, and whether its object has the key already."""

    text: str
    at: int
    pointer: str
    is_key: bool
    again: bool


def find(text: str, rule: str) -> Place:
    """Return the first place in `text` where `rule` is broken; nothing where it cannot be told."""
    broken = BROKEN.get(rule, _nothing)
    found = next((token for token in _tokens(text) if broken(token)), None)
    return Place(text.count("\n", 0, found.at) + 1, found.pointer) if found else Place(None, None)


def _tokens(text: str) -> Iterator[Token]:
    """Yield the keys and scalar values of `text` with their pointers."""
    stack: list[dict[str, bool] | int] = []
    path: list[str] = []
    is_key = False
    for match in TOKEN.finditer(text):
        word, top = match[0], stack[-1] if stack else None
        if word in "{[":
            stack.append({} if word == "{" else 0)
            path.append("0")
            is_key = word == "{"
        elif word in "}]":
            stack, path, is_key = stack[:-1], path[:-1], False
        elif word == ",":
            is_key = isinstance(top, dict)
            if isinstance(top, int):
                stack[-1] = top + 1
                path[-1] = str(top + 1)
        elif word == ":":
            is_key = False
        elif is_key and isinstance(top, dict):
            path[-1] = _step(word)
            yield Token(word, match.start(), _pointer(path), is_key=True, again=path[-1] in top)
            top[path[-1]] = True
        else:
            yield Token(word, match.start(), _pointer(path), is_key=False, again=False)


def _step(word: str) -> str:
    try:
        return str(json.loads(word)).replace("~", "~0").replace("/", "~1")
    except ValueError:
        return word


def _pointer(path: list[str]) -> str:
    return "".join(f"/{step}" for step in path).encode("utf-8", "backslashreplace").decode()


def _nothing(_: Token) -> bool:
    return False


def _number(token: Token) -> bool:
    """Return whether the token is a number beyond any quantity, or none that JSON has."""
    text = token.text.lower().lstrip("-")
    if not text[:1].isdigit():
        return text in ("nan", "infinity")
    exponent = text.partition("e")[2].lstrip("+-").lstrip("0")
    return len(token.text) > DIGITS or len(exponent) > len(str(DIGITS)) or int(exponent or 0) > DIGITS


def _surrogate(token: Token) -> bool:
    if "\\u" not in token.text:
        return False
    try:
        str(json.loads(token.text)).encode()
    except ValueError:  # UnicodeEncodeError is one
        return True
    return False


BROKEN: dict[str, Callable[[Token], bool]] = {
    "input.duplicate-key": lambda token: token.again,
    "input.number": _number,
    "input.surrogate": _surrogate,
}
"""What a token is like that breaks a rule."""
