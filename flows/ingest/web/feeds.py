"""An RSS or Atom feed as it comes: its entries as plain JSON, by the names that feedparser has for their fields."""

import codecs
import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from flows import guard
from flows.ingest.web import pages


class Feed(NamedTuple):
    """What a feed tells."""

    entries: list[tuple[dict[str, Any], Any]]
    """The fields of each entry, and its address, if it has one."""
    following: list[str]
    """Where it goes on."""
    language: str | None
    """That of all its entries, where it tells one."""


def read(data: bytes, declared: str | None) -> Feed:
    """Return what the feed in `data` tells; BadInput where it is none. `declared` is the server's Content-Type."""
    import feedparser  # noqa: PLC0415 - only a feed pays for it

    data = whole(data, declared)
    guard.xml(data)
    parsed = feedparser.parse(data, sanitize_html=False, resolve_relative_uris=False)
    if not parsed.version:
        raise guard.BadInput("input.format", "this XML is neither RSS nor Atom")
    entries = [(_plain(one), one.get("link") or one.get("id")) for one in parsed.entries]
    following = [link.href for link in parsed.feed.get("links", ()) if link.get("rel") == "next"]
    return Feed(entries, following, parsed.feed.get("language"))


def whole(data: bytes, declared: str | None) -> bytes:
    """Return XML from its first mark on, in the encoding that its server declares where it declares none itself."""
    data = data.removeprefix(codecs.BOM_UTF8).lstrip()
    if pages.CHARSET.search(declared or "") and not data.startswith(UTF_16) and not XML_ENCODING.match(data):
        return pages.decoded(data, declared).encode()
    return data


XML_ENCODING = re.compile(rb"<\?xml[^>]*\sencoding\s*=")
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
DERIVED = re.compile(r".*_(detail|parsed)|links?|guidislink|xml_.*|authors|base")
"""What feedparser makes of the fields that the feed has; the fields themselves stand beside it."""
LANGUAGE = "channel_language"
"""The language that a feed tells of all its entries, where the source tells none."""
PLAIN_TEXT = "in_plain_text"
"""Names the fields of an entry that are no HTML, though they look like some."""


def _plain(entry: Any) -> dict[str, Any]:
    """Return the fields of a feed's entry as plain JSON, without what feedparser derives from them."""
    found = {name: value for name, value in entry.items() if not DERIVED.fullmatch(name) and value not in ("", [], {})}
    if "content" in found:
        found["content"] = "".join(part.value for part in found["content"])
    if enclosures := [one.href for one in entry.get("enclosures", ()) if one.get("href")]:
        found["enclosures"] = enclosures
    if "tags" in found:
        found["tags"] = [tag.term for tag in found["tags"] if tag.get("term")]
    plain = [name for name in ("title", "content", "summary") if _is_plain(entry, name)]
    return dict(json.loads(json.dumps(in_plain_text(found, plain), default=str)))


def _is_plain(entry: Any, name: str) -> bool:
    """Return whether a field of a feed's entry is told to be plain text."""
    parts = entry.content if name == "content" and "content" in entry else [entry.get(f"{name}_detail") or {}]
    return all(part.get("type") == "text/plain" for part in parts)


def in_plain_text(entry: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return an entry that says which of the fields in `names`, all plain text, would be another text as HTML."""
    filled = ((name, entry[name]) for name in names if isinstance(entry.get(name), str))
    plain = [name for name, value in filled if pages.text_of(value) != value.strip()]
    return entry | ({PLAIN_TEXT: plain} if plain else {})
