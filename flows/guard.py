"""Limits on everything untrusted: sizes, depth, text, and where a path may lead."""

import gzip
import io
import json
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from flows import jsonplace

MAX_BYTES = 1 << 30
"""Largest file that is read, and most that a compressed one may become: 1 GiB."""
MAX_DIGITS = 40
"""Longest number, in characters, and largest power of ten."""
LOOKS_ESCAPED = "\\u"


class BadInput(Exception):  # noqa: N818 - it is the input's fault, not an error of ours
    """The input breaks a rule of the input layer."""

    def __init__(
        self, rule: str, message: str, *, line: int | None = None, value: str | None = None, pointer: str | None = None
    ) -> None:
        """Keep the rule, what is wrong, the line within the text, the value, and its JSON Pointer."""
        super().__init__(message)
        self.rule, self.message, self.line, self.value, self.pointer = rule, message, line, value, pointer


def regular(path: Path) -> Path:
    """Return `path`; BadInput when it is a folder, a pipe or a device: what cannot be read to an end."""
    if path.exists() and not path.is_file():
        raise BadInput("input.link", f"{path.name} is no file, but a folder, a pipe or a device")
    return path


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Return the bytes of the file at `path`; BadInput when it is larger than `limit` bytes."""
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise BadInput("input.size", f"the file is larger than {limit:,} bytes")
    return data


def gunzip(data: bytes, limit: int = MAX_BYTES) -> bytes:
    """Return what the gzip members in `data` hold; BadInput when broken, cut off or larger than `limit` bytes."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            whole = file.read(limit + 1)
    except EOFError:
        raise BadInput("input.compression", "the gzip stream is cut off") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BadInput("input.compression", f"the gzip stream is broken: {error}") from None
    if not whole and not data:
        raise BadInput("input.compression", "the file is empty, so no gzip stream")
    within(len(whole), limit)
    return whole


def within(size: int, limit: int = MAX_BYTES) -> None:
    """Raise BadInput when what a file unpacks to, `size` bytes, is larger than `limit`."""
    if size > limit:
        raise BadInput("input.size", f"the file grows beyond {limit:,} bytes when unpacked")


def decode(data: bytes) -> str:
    """Return `data` as text without a byte order mark; BadInput with the line when it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        broken = data[error.start : error.start + 8].hex(" ")
        raise BadInput(
            "input.encoding", f"byte {error.start} is not UTF-8 ({error.reason})", line=line, value=broken
        ) from None


def strict_json(text: str) -> Any:
    """Return the JSON value in `text`, fractions as Decimal; BadInput for what RFC 8259 leaves open or forbids.

    Refused beside broken syntax: a key given twice in an object, NaN and Infinity, a number beyond `MAX_DIGITS`, a
    lone surrogate, nesting deeper than Python's recursion limit. BadInput says where: line, and pointer in the value.
    """
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_fraction, parse_int=_integer
        )
        if LOOKS_ESCAPED in text:
            _whole_unicode(value)
    except json.JSONDecodeError as error:
        found = text[error.pos : error.pos + 20] or "the end"
        message = f"{error.msg} at column {error.colno}"
        raise BadInput("input.json", message, line=error.lineno, value=found) from None
    except RecursionError:
        raise BadInput("input.size", "the document is nested too deep") from None
    except BadInput as bad:
        place = jsonplace.find(text, bad.rule)
        raise BadInput(bad.rule, bad.message, line=place.line, value=bad.value, pointer=place.pointer) from None
    return value


def inside(root: Path, path: Path) -> Path:
    """Return `path` resolved; BadInput when it leads out of `root`, by `..` or by a link."""
    resolved = (root / path).resolve()
    if not resolved.is_relative_to(root.resolve()):
        raise BadInput("input.link", f"{path} leads out of {root}")
    return resolved


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise BadInput("input.duplicate-key", f"the key {twice!r} is given twice in one object", value=twice)
    return value


def _constant(name: str) -> NoReturn:
    raise BadInput("input.number", f"{name} is not a JSON number", value=name)


def _fraction(text: str) -> Decimal:
    if len(text) > MAX_DIGITS or abs(Decimal(text.lower().partition("e")[2] or 0)) > MAX_DIGITS:
        raise BadInput("input.number", "the number is beyond any quantity", value=text[:MAX_DIGITS])
    return Decimal(text)


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise BadInput("input.number", "the number is beyond any quantity", value=text[:MAX_DIGITS])
    return int(text)


def _whole_unicode(value: Any) -> None:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack += item.keys()
            stack += item.values()
        elif isinstance(item, list):
            stack += item
        elif isinstance(item, str) and not _encodes(item):
            shown = item.encode("utf-8", "backslashreplace").decode()
            raise BadInput("input.surrogate", "a string has half of a surrogate pair", value=shown)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
