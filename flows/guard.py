"""Limits on everything untrusted: sizes, depth, text, where a path may lead, and which address may be asked."""

import gzip
import io
import ipaddress
import json
import socket
import zlib
from collections.abc import Callable, Collection
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urljoin, urlsplit

from flows import jsonplace

MAX_BYTES = 1 << 30
"""Largest file that is read, and most that a compressed one may become: 1 GiB."""
MAX_UNPACKED = 8 << 30
"""Most that the files of an archive may become, all of them: 8 GiB."""
MAX_FILES = 100_000
"""Most files of a folder that lies elsewhere, and members of an archive."""
MAX_ANSWER = 32 << 20
"""Largest answer of the web, as received and unpacked: 32 MiB."""
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


SYNTAX = {
    "Expecting value": "a value was expected",
    "Expecting property name enclosed in double quotes": "a name in double quotes was expected",
    "Expecting ':' delimiter": "a colon was expected after the name",
    "Expecting ',' delimiter": "a comma was expected, or the end of the list or object",
    "Unterminated string starting at": "a text begins and its closing quote is missing",
    "Invalid control character at": "a control character stands in a text, where an escape was expected",
    "Invalid \\escape": 'an escape was expected after the backslash: one of "\\/bfnrtu',
    "Invalid \\uXXXX escape": "four hexadecimal digits were expected after \\u",
    "Extra data": "something stands after the end of the value",
}
"""What is told of broken syntax, for the words of Python's own reader."""


def strict_json(text: str, *, exact: bool = True) -> Any:
    """Return the JSON value in `text`, fractions as Decimal if `exact`; BadInput for what RFC 8259 leaves or forbids.

    Refused beside broken syntax: a key given twice in an object, NaN and Infinity, a number beyond `MAX_DIGITS`, a
    lone surrogate, nesting deeper than Python's recursion limit. BadInput says where: line, and pointer in the value.
    """
    try:
        value = (EXACT if exact else NEAREST).decode(text)
        if LOOKS_ESCAPED in text:
            _whole_unicode(value)
    except json.JSONDecodeError as error:
        found = text[error.pos : error.pos + 20] or "the end"
        message = SYNTAX.get(error.msg, error.msg.removesuffix(" at"))
        raise BadInput("input.json", f"{message}, at column {error.colno}", line=error.lineno, value=found) from None
    except RecursionError:
        raise BadInput("input.size", "the document is nested too deep") from None
    except BadInput as bad:
        place = jsonplace.find(text, bad.rule)
        raise BadInput(bad.rule, bad.message, line=place.line, value=bad.value, pointer=place.pointer) from None
    return value


def inside(root: Path, path: Path) -> Path:
    """Return `path` resolved; BadInput when it is none, or leads out of `root` or in a circle, by `..` or by a link."""
    try:
        resolved = (root / path).resolve()
        circle = resolved.is_symlink()
    except (RuntimeError, OSError, ValueError):
        circle = True
    if circle:
        raise BadInput("input.link", f"{path.name!r} leads in a circle, or is no path")
    if not resolved.is_relative_to(root.resolve()):
        raise BadInput("input.link", f"{path} leads out of {root}")
    return resolved


def allowed(url: str, hosts: Collection[str]) -> str:
    """Return `url`; BadInput when it is none of the web, or leads to a host that is not among `hosts`."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise BadInput("input.address", f"this is no address: {error}", value=url) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise BadInput("input.address", "only http and https addresses, with no user in them, are asked", value=url)
    if parts.hostname not in hosts:
        message = f"{parts.hostname} is not among the hosts of the source ({', '.join(sorted(hosts))})"
        raise BadInput("input.address", message, value=url)
    return url


def joined(base: str, address: str) -> str:
    """Return the whole of an address that stands at `base`; BadInput when it is none."""
    try:
        return urljoin(base, address.strip())
    except ValueError as error:
        raise BadInput("input.address", f"this is no address: {error}", value=address[:200]) from None


HERE = ("file", "local")
"""Protocols of fsspec that are files of this machine."""
INSIDE = ("memory", "zip", "tar")
"""Protocols that lead nowhere by themselves."""
SERVERS = {"ftp": 21, "sftp": 22, "ssh": 22, "smb": 445}
"""Protocols whose address has a host to look at, and its usual port."""
BUCKETS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "oss", "oci", "hf")
"""Protocols whose address has a bucket; the server is that of the library's own configuration."""


def folder(address: str, root: Path, hosts: Collection[str], *, private: bool = False) -> str:
    """Return a folder's address for fsspec, each part looked at; BadInput when one leads where it may not.

    A file of this machine lies inside `root`; a host or bucket of the network is among `hosts`, and public.
    """
    return "::".join(_part(part, root, hosts, private=private) for part in address.split("::"))


def _part(part: str, root: Path, hosts: Collection[str], *, private: bool) -> str:
    protocol, mark, path = part.rpartition("://")
    if not mark or protocol in HERE:
        return f"file://{inside(root, Path(path))}"
    if protocol in INSIDE:
        return part
    parts = urlsplit(part)
    if protocol not in (*SERVERS, *BUCKETS) or not parts.hostname or parts.username is not None:
        message = f"{protocol} is not read as a folder here, or the address has a user in it"
        raise BadInput("input.address", message, value=part)
    if parts.hostname not in hosts:
        message = f"{parts.hostname} is not among the hosts of the source ({', '.join(sorted(hosts))})"
        raise BadInput("input.address", message, value=part)
    if protocol in SERVERS:
        resolved(part, private=private)
    return part


def resolved(url: str, *, private: bool) -> str:
    """Return the address in numbers that the host of `url` has now; BadInput when one of them is not public.

    Who connects must use this very number: the name may lead elsewhere a moment later. OSError when there is none.
    """
    parts = urlsplit(url)
    port = parts.port or ({"http": 80, "https": 443} | SERVERS)[parts.scheme]
    try:
        told = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise BadInput("input.address", f"this is no name of a host: {error}", value=url) from None
    found = [info[4][0] for info in told]
    hidden = [number for number in found if not _public(str(number))]
    if hidden and not private:
        where = hidden[0] if hidden[0] == parts.hostname else f"{parts.hostname} leads to {hidden[0]}, which"
        message = f"{where} is not a public address"
        raise BadInput("input.address", message, value=url)
    return str(found[0])


GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is public, by IANA's registry of address space; the rest is local, reserved, or wraps another."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses that a translator makes IPv4 of: RFC 6052."""
NEVER = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv6Network("3fff::/20"))
"""What IANA's registries of special-purpose addresses have beside what every version of `ipaddress` knows."""


def _public(number: str) -> bool:
    """Return whether an address belongs to the public network; one that wraps an old address is judged by that."""
    address = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        translated = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None
        address = address.ipv4_mapped or address.sixtofour or translated or address
    reached = address.version == 4 or address in GLOBAL_UNICAST  # noqa: PLR2004 - of IPv4, all that is not special
    return reached and address.is_global and not address.is_multicast and not any(address in one for one in NEVER)


def inflate(data: bytes, encoding: str, limit: int) -> bytes:
    """Return `data` as it was before a server encoded it; BadInput when broken, cut off or larger than `limit`."""
    if encoding in ("", "identity"):
        return data
    if encoding not in ("gzip", "x-gzip"):
        raise BadInput("input.compression", "the server answers in an encoding that was not asked for", value=encoding)
    return gunzip(data, limit)


def xml(data: bytes) -> Any:
    """Return the root element of `data`, well-formed XML without a document type; BadInput for all else."""
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415 - the name of an error, nothing is parsed

    from defusedxml import DefusedXmlException, ElementTree  # noqa: PLC0415 - only a source of XML pays for it

    try:
        return ElementTree.fromstring(data, forbid_dtd=True)
    except DefusedXmlException as danger:
        message = "XML with a document type or entities is refused"
        raise BadInput("input.xml", message, value=type(danger).__name__) from None
    except (ParseError, ValueError, LookupError) as error:
        line = getattr(error, "position", (None,))[0]
        raise BadInput("input.xml", f"this is no well-formed XML: {error}", line=line) from None


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


def _decoder(fraction: Callable[[str], Any]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_object, parse_constant=_constant, parse_float=fraction, parse_int=_integer
    )


EXACT, NEAREST = _decoder(_fraction), _decoder(lambda text: float(_fraction(text)))
"""What reads JSON, fractions as they are written or as the nearest float: made once, for there is a line a release."""


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
