"""What a feed, an API, a sitemap or a listing page names: entries, and where it goes on.

Pure functions over the bytes of one answer, but for the end of an embargo. An entry keeps every field that the source
gives, by the source's own names, for the mapping to take, ignore or report.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser

from flows import guard
from flows.ingest import moments
from flows.ingest.mapping import at, steps_of
from flows.ingest.web import feeds, pages
from schemas.dataset import SourceConfig


class Entry(NamedTuple):
    """A release as a listing names it."""

    address: str
    """Its address, made canonical."""
    listed: dict[str, Any]
    """What the listing says of it, plain JSON."""
    page: str | None
    """The address of the page with its text; None where the listing holds all."""


class Listing(NamedTuple):
    """One answer of a source."""

    entries: list[Entry]
    then: list[str]
    """Addresses where it goes on."""
    lacking: str | None = None
    """What is told of entries that have no address and of links that are none, if there are any."""
    total: int | None = None
    """How many releases the source says that it has, where it says so."""


class Api(NamedTuple):
    """How an API of JSON lays out its answers; each part is a path, with dots between names."""

    items: str
    """The list of items; empty where the answer is the list."""
    address: str
    page: str = ""
    """The address of an item's text, where the item does not hold it."""
    body: str = ""
    """The selector of the text on that page."""
    then: str = ""
    """The address of the next answer."""
    number: str = ""
    """The parameter that numbers the answers, where no next address is told."""
    total: str = ""
    """How many items there are in all."""
    first: int = 1
    embargo: str = ""
    """When an item is free to go out."""
    status: str = ""
    """What the publisher says of an item: free, or held and called back, which withdraws it."""
    query: tuple[tuple[str, str], ...] = ()
    """Parameters that are asked with, unless the address of the source has them."""


FIELDS = "title type abstract publication_date document_number html_url body_html_url"
"""What the Federal Register is asked for of a document."""
APIS = {
    "wordpress": Api("", "link", number="page", query=(("per_page", "100"), ("orderby", "modified"))),
    "drupal": Api(
        "data", "attributes.path.alias", then="links.next.href", total="meta.count", query=(("sort", "-changed"),)
    ),
    "doj": Api(
        "results",
        "url",
        number="page",
        first=0,
        total="metadata.resultset.count",
        query=(("pagesize", "50"), ("sort", "changed"), ("direction", "DESC")),
    ),
    "federal-register": Api(
        "results",
        "html_url",
        page="body_html_url",
        body="body",
        then="next_page_url",
        total="count",
        query=(
            ("order", "newest"),
            ("per_page", "100"),
            *(("fields[]", name) for name in FIELDS.split()),
        ),
    ),
    "ninjs": Api("", "uri", then="next", embargo="embargoed", status="pubstatus"),
}
"""By kind; the formats are those of the WordPress REST API, Drupal's JSON:API, the API of justice.gov, the Federal
Register API v1, and IPTC ninjs 1 to 3."""
GZIP = b"\x1f\x8b"
TRACKING = re.compile(r"(utm_\w+|fbclid|gclid|mc_[ce]id)(=|$)")


def canonical(address: str) -> str:
    """Return an address as releases are told apart by: no fragment, no tracking parameters, no slash at the end."""
    parts = urlsplit(address.strip())
    query = "&".join(part for part in parts.query.split("&") if not TRACKING.match(part))
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/"), query, ""))


def start(source: SourceConfig) -> str:
    """Return the address that a source is read from first, with what its API is asked with."""
    url = str(source.url)
    api = APIS.get(source.kind)
    if api is None:
        return url
    asked = (*api.query, (api.number, str(api.first))) if api.number else api.query
    return _with(url, asked, replace=False)


def read(source: SourceConfig, url: str, data: bytes, declared: str | None) -> Listing:
    """Return what the answer `data` of `url` names; BadInput when it is not of the source's kind, or names nothing."""
    reader: Callable[..., Listing] = READERS.get(source.kind, _api)
    listing = reader(source, url, data, declared)
    return listing._replace(entries=[one for one in listing.entries if _wanted(source, one.address)])


def _feed(source: SourceConfig, url: str, data: bytes, declared: str | None) -> Listing:
    """RSS, Atom or JSON Feed."""
    if data.lstrip()[:1] == b"{" or "json" in (declared or ""):
        return _json_feed(source, url, data)
    feed = feeds.read(data, declared)
    beside = {feeds.LANGUAGE: feed.language} if feed.language and source.language is None else {}
    return _listing(url, [_entry(source, url, one | beside, address) for one, address in feed.entries], feed.following)


def _json_feed(source: SourceConfig, url: str, data: bytes) -> Listing:
    told = guard.strict_json(guard.decode(data), exact=False)
    items = told.get("items") if isinstance(told, dict) else told
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise guard.BadInput("input.format", "this JSON is no JSON Feed: it has no list of items", value=url)
    then = told.get("next_url") if isinstance(told, dict) else None
    told_plain = (feeds.in_plain_text(item, ("title", "summary")) for item in items)
    entries = [_entry(source, url, item, item.get("url") or item.get("id")) for item in told_plain]
    return _listing(url, entries, [then] if isinstance(then, str) else [])


def _listing(url: str, entries: list[Entry | None], links: Iterable[str]) -> Listing:
    """Return what the answer of `url` names, with what is told of entries that have no address, and of bad links."""
    found = [one for one in entries if one]
    lost = len(entries) - len(found)
    then, told = [], [f"{lost} of {len(entries)} entries have no address"] if lost else []
    for link in links:
        try:
            then.append(guard.joined(url, link))
        except guard.BadInput:
            told.append(f"it goes on at {link[:200]!r}, which is no address")
    return Listing(found, then, "; ".join(told) or None)


def _entry(source: SourceConfig, url: str, listed: dict[str, Any], address: Any) -> Entry | None:
    """Return an entry, its page asked for where the source says so; None where it has no address."""
    if not isinstance(address, str) or not address.strip():
        return None
    try:
        whole = guard.joined(url, address)
    except guard.BadInput:
        return None
    return Entry(canonical(whole), listed, whole if source.page is not None else None)


def _api(source: SourceConfig, url: str, data: bytes, _: str | None) -> Listing:
    """JSON of an API."""
    api = APIS[source.kind]
    told = guard.strict_json(guard.decode(data), exact=False)
    items = at(told, steps_of(api.items))
    if isinstance(items, dict) and not api.items:
        items = items.get("items", [items] if at(items, steps_of(api.address)) else None)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        where = api.items or "the answer"
        raise guard.BadInput(
            "input.format", f"this is no answer of {source.kind}: {where} is no list of items", value=url
        )
    held = [item for item in items if _held(api, item)]
    entries = [_of_api(source, api, url, item) for item in items if item not in held]
    listing = _listing(url, entries, _then(api, url, told, items))
    total = count(at(told, steps_of(api.total))) if api.total else None
    later = [f"{at(item, steps_of(api.address))} is embargoed until {at(item, steps_of(api.embargo))}" for item in held]
    return listing._replace(lacking="; ".join(filter(None, [listing.lacking, *later])) or None, total=total)


def count(told: Any) -> int | None:
    """Return a number of releases as a source tells it, None where it is none."""
    return int(told) if str(told).isdecimal() and len(str(told)) <= guard.MAX_DIGITS else None


def _held(api: Api, item: dict[str, Any]) -> bool:
    """Return whether an item may not go out yet, nor while its embargo cannot be read."""
    told = at(item, steps_of(api.embargo)) if api.embargo else None
    if not told:
        return False
    until = moments.read(str(told))
    return until is None or until.replace(tzinfo=until.tzinfo or UTC) > datetime.now(UTC)


CALLED_BACK = ("canceled", "withheld")


def called_back(kind: str, listed: dict[str, Any]) -> str | None:
    """Return the word by which a listing says that an item is not to be published, or no longer; None where it may."""
    status = APIS[kind].status if kind in APIS else ""
    said = (told for name, told in listed.items() if status and name.lower() == status)
    return next((told for told in said if told in CALLED_BACK), None)


def _of_api(source: SourceConfig, api: Api, url: str, item: dict[str, Any]) -> Entry | None:
    address = at(item, steps_of(api.address)) or at(item, steps_of("links.self.href"))
    entry = _entry(source, url, item, address)
    page = at(item, steps_of(api.page)) if api.page else None
    if not entry or not isinstance(page, str):
        return entry
    try:
        return entry._replace(page=guard.joined(url, page))
    except guard.BadInput:
        return None


def _then(api: Api, url: str, told: Any, items: list[Any]) -> Iterator[str]:
    """Yield the address of the next answer, if there is one; an empty answer is the last."""
    following = at(told, steps_of(api.then)) if api.then else None
    if isinstance(following, str) and following:
        yield following
    elif api.number and items:
        here = dict(parse_qsl(urlsplit(url).query)).get(api.number, str(api.first))
        yield _with(url, ((api.number, str(int(here) + 1)),), replace=True)


def _sitemap(source: SourceConfig, url: str, data: bytes, declared: str | None) -> Listing:
    """A sitemap, or an index of sitemaps, either of them gzipped or not."""
    root = guard.xml(feeds.whole(guard.gunzip(data, guard.MAX_ANSWER) if data.startswith(GZIP) else data, declared))
    kind = _local(root.tag)
    if kind not in ("urlset", "sitemapindex"):
        raise guard.BadInput("input.format", f"this XML is no sitemap, but {kind}", value=url)
    told = [dict(_leaves(child)) for child in root]
    if kind == "sitemapindex":
        return _listing(url, [], [one["loc"] for one in told if "loc" in one])
    return _listing(url, [_entry(source, url, one, one.get("loc")) for one in told], [])


def _leaves(element: Any) -> Iterator[tuple[str, str]]:
    """Yield the text of each element below, by its local name."""
    for one in element.iter():
        if len(one) == 0 and one.text and one.text.strip():
            yield _local(one.tag), one.text.strip()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _pages(source: SourceConfig, url: str, data: bytes, declared: str | None) -> Listing:
    """A page that lists pages: the links that the source's selector finds."""
    tree = LexborHTMLParser(pages.decoded(data, declared))
    base = _base(tree, url)
    found = {href: title for href, title in _links(tree, source.links or "a") if source.links or _of_web(base, href)}
    if not found:
        asked = f"the selector {source.links!r} finds" if source.links else "there is"
        raise guard.BadInput("input.format", f"{asked} no link on the page", value=url)
    entries = [_entry(source, base, {"title": title}, href) for href, title in found.items()]
    return _listing(base, entries, [href for href, _ in _links(tree, source.next)] if source.next else [])


def _of_web(base: str, href: str) -> bool:
    """Return whether a link leads to the web, and not to a mailbox or into a script; a broken one is told later."""
    try:
        return urlsplit(guard.joined(base, href)).scheme in ("http", "https")
    except guard.BadInput:
        return True


def _base(tree: LexborHTMLParser, url: str) -> str:
    """Return what the links of the page at `url` are relative to."""
    try:
        return guard.joined(url, pages.base(tree) or "")
    except guard.BadInput:
        return url


def _links(tree: LexborHTMLParser, selector: str) -> Iterable[tuple[str, str]]:
    for node in pages.chosen(tree, selector):
        if href := node.attributes.get("href"):
            yield href, pages.SPACE.sub(" ", node.text()).strip()


def _wanted(source: SourceConfig, address: str) -> bool:
    """Return whether a listing's address is of a release, as the source's `only` says."""
    return source.only is None or urlsplit(address).path.startswith(source.only)


READERS = {"feed": _feed, "sitemap": _sitemap, "pages": _pages}


def _with(url: str, asked: tuple[tuple[str, str], ...], *, replace: bool) -> str:
    """Return `url` with parameters, those that it has already kept or replaced; others may stand there twice."""
    parts = urlsplit(url)
    there = parse_qsl(parts.query, keep_blank_values=True)
    names = {name for name, _ in (asked if replace else there)}
    kept = [pair for pair in there if not (replace and pair[0] in names)]
    more = [pair for pair in asked if replace or pair[0] not in names]
    return urlunsplit(parts._replace(query=urlencode([*kept, *more], safe="[]"))) if more else url
