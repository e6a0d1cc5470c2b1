"""An HTML page as the fields of a release: by the source's selectors, else by what the page says of itself.

In order, for each field that the ones before did not give: the selectors of the source; JSON-LD, then RDFa and
OpenGraph, as extruct reads them; for the body alone, what trafilatura takes for the main text.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import webencodings
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from flows import guard

BLOCKS = """
address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer form h1
h2 h3 h4 h5 h6 header hgroup hr legend li listing main menu nav ol p pre search section summary table tbody tfoot thead
tr ul
"""
"""Elements that stand apart from the words before and after them."""
UNSEEN = "script style noscript template head iframe object svg math button select textarea"
"""Elements whose words no reader of the page sees as text."""
APART, NEVER = frozenset(BLOCKS.split()), frozenset(UNSEEN.split())
HIDDEN = "[hidden], dialog:not([open])"
"""What a page has and does not show."""
SPACE = re.compile(r"[ \t\r\n\f\u00a0\u2007\u202f]+")
"""White space of HTML and the no-break spaces that editors leave: each run is one blank."""
ARTICLES = ("NewsArticle", "Article", "ReportageNewsArticle", "GovernmentService", "WebPage", "BlogPosting")
STRUCTURED = {
    "headline": ("headline", "name"),
    "body": ("articleBody",),
    "published": ("datePublished",),
    "modified": ("dateModified",),
    "language": ("inLanguage",),
}
ASKED = ("headline", "body", "published")
"""Fields for whose sake a page is asked what it says of itself, which takes far longer than a selector."""
META = {
    "headline": ("dc:title", "og:title"),
    "published": ("article:published_time", "dc:date"),
    "modified": ("article:modified_time",),
}


def text_of(html: str) -> str:
    """Return what a reader sees of `html`: paragraphs with an empty line between, lines where `<br>` breaks them."""
    tree = LexborHTMLParser(html)
    return _text(tree.body or tree.root)


def read(
    data: bytes, declared: str | None, selectors: Mapping[str, str], wanted: Collection[str] = ASKED
) -> dict[str, Any]:
    """Return the fields of the page in `data`; BadInput when it cannot be read or has no text.

    `declared` is the server's Content-Type; `selectors` give by field a CSS selector, with `@name` for an attribute.
    What the page says of itself is read where the selectors leave out one that is `wanted`.
    """
    html = decoded(data, declared)
    tree = LexborHTMLParser(html)
    found = {field: value for field, selector in selectors.items() if (value := _selected(tree, selector, field))}
    if {*wanted} - found.keys():
        found = _structured(html, wanted) | found
    if "language" in wanted and (language := _selected(tree, "html@lang")):
        found.setdefault("language", language)
    if "body" not in found:
        found |= _main_text(html)
    if "body" not in found:
        asked = f"; the selector {selectors['body']!r} finds nothing" if "body" in selectors else ""
        raise guard.BadInput("input.page", f"the page has no text of a release{asked}")
    canonical = _canonical(tree)
    return found | ({"canonical": canonical} if canonical else {})


def _canonical(tree: LexborHTMLParser) -> str | None:
    """Return the address that a page names as its own, relative to the page."""
    told = _selected(tree, 'link[rel="canonical"]@href')
    try:
        return guard.joined(base(tree) or "", told) if told else None
    except guard.BadInput:
        return None


def base(tree: LexborHTMLParser) -> str | None:
    """Return what a page says that its links are relative to, if it says so."""
    return _selected(tree, "base@href")


CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)


def decoded(data: bytes, declared: str | None) -> str:
    """Return a page as text, in the encoding that its mark, its server, or itself declares; UTF-8 where none does.

    BadInput where the bytes are not of that encoding: a page in the wrong one is no text of a release.
    """
    named = CHARSET.search(declared or "") or re.search(
        rb"<meta[^>]+charset=[\"']?([\w.:-]+)", data[:4096], re.IGNORECASE
    )
    label = named[1] if named else b"utf-8"
    encoding = webencodings.lookup(label.decode("ascii", "replace") if isinstance(label, bytes) else label)
    if encoding is None:
        raise guard.BadInput("input.encoding", "the page declares an encoding that there is not", value=str(label))
    try:
        return str(webencodings.decode(data, encoding, errors="strict")[0])
    except UnicodeDecodeError as error:
        broken = data[error.start : error.start + 8].hex(" ")
        message = f"byte {error.start} is not {encoding.name}, which the page declares"
        raise guard.BadInput("input.encoding", message, value=broken) from None


def chosen(tree: LexborHTMLParser, css: str) -> list[LexborNode]:
    """Return the elements that a selector finds; BadInput when it is none."""
    try:
        return list(tree.css(css.strip()))
    except (ValueError, SelectolaxError) as error:
        raise guard.BadInput("input.page", f"{css!r} is no CSS selector: {error}", value=css) from None


def _selected(tree: LexborHTMLParser, selector: str, field: str = "") -> str | None:
    """Return what a selector finds first, on one line, or its attribute; of the body all, each element a paragraph."""
    css, _, attribute = selector.partition("@")
    nodes = chosen(tree, css)
    if attribute:
        return next((value.strip() for node in nodes if (value := node.attributes.get(attribute))), None)
    if field == "body":
        return "\n\n".join(filter(None, map(_text, _outermost(nodes)))) or None
    return next(filter(None, (" ".join(_text(node).split()) for node in nodes)), None)


def _outermost(nodes: list[LexborNode]) -> Iterator[LexborNode]:
    """Yield those of the nodes that lie within no other of them."""
    found = {node.mem_id for node in nodes}
    for node in nodes:
        above = node.parent
        while above is not None and above.mem_id not in found:
            above = above.parent
        if above is None:
            yield node


def _text(node: LexborNode | None) -> str:
    pieces = "".join(_pieces(node)) if node is not None else ""
    lines = (SPACE.sub(" ", line).strip() for line in pieces.split(LINE))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


LINE = "\x1e"
"""Marks the end of a line while white space is not yet folded; no HTML text can hold it."""


def _pieces(node: LexborNode) -> Iterator[str]:
    """Yield the text below `node` in order, with marks where a line or a paragraph ends; no recursion, for depth."""
    hidden = {one.mem_id for one in node.css(HIDDEN)} - {node.mem_id}
    kept = {text.mem_id for pre in node.css("pre") for text in pre.traverse(include_text=True)}
    stack: list[LexborNode | str] = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
        elif one.tag == "-text":
            text = (one.text_content or "").replace(LINE, "")
            yield text.replace("\n", LINE) if one.mem_id in kept else text
        elif one.tag == "br":
            yield LINE
        elif one.tag not in NEVER and one.mem_id not in hidden:
            apart = LINE * 2 if one.tag in APART else (" " if one.tag in ("td", "th") else "")
            yield apart
            stack.append(apart)
            stack.extend(reversed(list(one.iter(include_text=True))))


def _structured(html: str, wanted: Collection[str]) -> dict[str, Any]:
    """Return what the page says of itself as JSON-LD, else as RDFa or OpenGraph.

    RDFa takes thirty times as long as the others: it is read where they leave out something that is `wanted`.
    """
    import extruct  # noqa: PLC0415 - only a page without selectors for all pays for it

    told = extruct.extract(html, syntaxes=["json-ld", "opengraph"], uniform=False, errors="ignore")
    found: dict[str, Any] = {}
    for item in _articles(told.get("json-ld", ())):
        for field, names in STRUCTURED.items():
            value = next((item[name] for name in names if isinstance(item.get(name), str) and item[name]), None)
            if value:
                found.setdefault(field, text_of(value) if field == "body" else value.strip())
    if {*wanted} & {*META} - found.keys():
        told |= extruct.extract(html, syntaxes=["rdfa"], uniform=False, errors="ignore")
    said = dict(_properties(told))
    for field, names in META.items():
        if value := next((said[name] for name in names if said.get(name)), None):
            found.setdefault(field, value.strip())
    return found


def _articles(items: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield the items of JSON-LD that are an article, those inside a graph too."""
    for item in items:
        graph = item.get("@graph") if isinstance(item, dict) else None
        for one in graph if isinstance(graph, list) else [item]:
            kinds = one.get("@type") if isinstance(one, dict) else None
            if any(kind in ARTICLES for kind in (kinds if isinstance(kinds, list) else [kinds])):
                yield one


def _properties(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the properties that RDFa and OpenGraph give a page, under their short names."""
    for page in told.get("opengraph", ()):
        yield from ((name, value) for name, value in page.get("properties", ()) if isinstance(value, str))
    for item in told.get("rdfa", ()):
        for name, values in item.items():
            if not name.startswith("@") and values and isinstance(values[0], dict) and "@value" in values[0]:
                yield _short(name), str(values[0]["@value"])


def _short(name: str) -> str:
    """Return a property's name with the prefix that people know it by."""
    for base, prefix in (("http://purl.org/dc/terms/", "dc:"), ("http://purl.org/dc/elements/1.1/", "dc:")):
        if name.startswith(base):
            return prefix + name.removeprefix(base)
    return name


def _main_text(html: str) -> dict[str, str]:
    """Return what trafilatura takes for the main text of a page, however short: else all of it is one paragraph."""
    import trafilatura  # noqa: PLC0415 - the last resort
    from trafilatura.settings import use_config  # noqa: PLC0415 - as above

    config = use_config()
    config.set("DEFAULT", "min_extracted_size", "1")
    tree = trafilatura.extract(
        html, output_format="html", include_comments=False, include_formatting=False, config=config
    )
    text = text_of(tree) if tree else ""
    return {"body": text} if text else {}
