"""How the fields of each kind of source are read where its steward says nothing else.

Each format names its fields in documents of its own: RSS 2.0, Atom (RFC 4287), JSON Feed 1.1, the WordPress REST API,
Drupal's JSON:API, the API of justice.gov, the Federal Register API v1, IPTC ninjs 1 to 3, sitemaps.org.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from flows.ingest.mapping import at, steps_of
from flows.ingest.web import feeds, pages
from schemas.mapping import Mapping


class Common(NamedTuple):
    """What an item is first asked for: by name, the paths where it may stand, the first that is filled counts."""

    title: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    """What a release has no use for."""
    day: tuple[str, ...] = ()
    """The day of publication as the source states it, where that is another field than the instant."""
    latest: tuple[str, ...] = ()
    """What stands for the publication of an item that tells only when it was changed last."""
    plain: tuple[str, ...] = ()
    """Fields whose text is no HTML, unless the item itself says that it is."""


NAMES = ("title", "text", "published", "modified", "language", "day")
POST = """
id guid slug status type link author featured_media comment_status ping_status modified sticky template format meta
categories tags class_list _links
"""
NODE = """
type id links relationships meta attributes.path attributes.status attributes.promote attributes.sticky
attributes.drupal_internal__nid attributes.drupal_internal__vid attributes.revision_timestamp
attributes.default_langcode attributes.revision_log attributes.revision_translation_affected
"""
DOCUMENT = """
abstract html_url pdf_url public_inspection_pdf_url body_html_url document_number type agencies excerpts
"""
ITEM = """
uri standard version profile pubStatus pubstatus urgency type slugline by copyrightHolder copyrightNotice located
edNote altIds associations representationType organisations people places subjects genres events eventDetails
embargoed
"""
"""What a post of WordPress, a node of Drupal, a document of the Federal Register and a ninjs item have beside."""
COMMON = {
    "feed": Common(
        ("title",),
        ("page.body", "content", "content_html", "content_text", "summary"),
        ("published", "date_published", "page.published"),
        ("updated", "date_modified", "page.modified"),
        ("language", "page.language", feeds.LANGUAGE),
        ("id", "guid", "url", "tags", "author", "authors", "enclosures", "media_content", "media_thumbnail"),
        latest=("updated", "date_modified"),
        plain=("content_text",),
    ),
    "wordpress": Common(
        ("title",),
        ("page.body", "content", "excerpt"),
        ("date_gmt",),
        ("modified_gmt",),
        ("page.language",),
        tuple(POST.split()),
        day=("date", "date_gmt"),
    ),
    "drupal": Common(
        ("attributes.title",),
        ("page.body", "attributes.body"),
        ("attributes.created",),
        ("attributes.changed",),
        ("attributes.langcode",),
        tuple(NODE.split()),
        plain=("attributes.title",),
    ),
    "doj": Common(
        ("title",),
        ("page.body", "body"),
        ("date", "created"),
        ("changed",),
        ("page.language",),
        ("uuid", "url", "vuuid", "component", "topic", "teaser", "image", "attachments", "number", "location"),
    ),
    "federal-register": Common(
        ("title",),
        ("page.body",),
        ("publication_date",),
        (),
        ("page.language",),
        tuple(DOCUMENT.split()),
    ),
    "ninjs": Common(
        ("headlines", "headline", "title"),
        ("bodies", "body_text", "body_html", "descriptions"),
        ("firstCreated", "firstcreated", "versionCreated", "versioncreated"),
        ("versionCreated", "versioncreated"),
        ("language",),
        tuple(ITEM.split()),
        plain=("headlines", "headline", "title", "body_text"),
    ),
    "pages": Common(
        ("page.headline", "title"),
        ("page.body",),
        ("page.published",),
        ("page.modified",),
        ("page.language",),
        plain=("title",),
    ),
    "sitemap": Common(
        ("page.headline", "title"),
        ("page.body",),
        ("page.published", "publication_date"),
        ("page.modified",),
        ("page.language", "language"),
        ("loc", "lastmod", "changefreq", "priority", "name"),
        plain=("title",),
    ),
}


def common(kind: str, said: dict[str, Any], names: Iterable[str] = NAMES) -> dict[str, Any]:
    """Return what an item of `kind` says under `names` of `Common`, HTML made text.

    Asked for all of them, it takes the last change as the publication of an item that tells no other.
    """
    found: dict[str, Any] = {}
    for name in names:
        value, html = _first(said, getattr(COMMON[kind], name), COMMON[kind].plain)
        if value is not None:
            found[name] = pages.text_of(str(value)) if html and name in ("title", "text") else value
    if "title" in found:
        found["title"] = " ".join(str(found["title"]).split())
    latest, _ = _first(said, COMMON[kind].latest) if names is NAMES else (None, False)
    return ({"published": latest} if latest else {}) | {name: value for name, value in found.items() if value != ""}


def _first(said: dict[str, Any], paths: tuple[str, ...], plain: tuple[str, ...] = ()) -> tuple[Any, bool]:
    """Return the value of the first of `paths` that is filled, None where none is, and whether it may be HTML.

    An item says of a value which it is; else the paths in `plain` are no HTML, nor what is of a page.
    """
    for path in paths:
        told = _main(at(said, steps_of(path)))
        value = _value(told)
        if value:
            declared = str(told.get("contentType") or "") if isinstance(told, dict) else ""
            usual = path.startswith("page.") or path in (*plain, *(said.get(feeds.PLAIN_TEXT) or ()))
            return value, "html" in declared or not (usual or declared.startswith("text/plain"))
    return None, False


def _main(told: Any) -> Any:
    """Return of a list the item with the main role, the first where none has it; what is no list as it is."""
    if not isinstance(told, list):
        return told
    roles = (one for one in told if isinstance(one, dict) and one.get("role") == "main")
    return next(roles, told[0] if told else None)


def _value(told: Any) -> Any:
    """Return the value itself of one that comes wrapped, rendered or processed."""
    if isinstance(told, dict):
        return next((told[name] for name in ("rendered", "processed", "value") if told.get(name)), None)
    return told


def _map(kind: str) -> Mapping:
    layout = COMMON[kind]
    read = [path for name in NAMES for path in getattr(layout, name)]
    zone = {"zone": "UTC"} if kind == "wordpress" else {}
    told: dict[str, Any] = {
        "id": {"from": "address", "as": "address", "parts": 20},
        "headline": "common.title",
        "body": "common.text",
        "published_on": {"from": "common.day" if layout.day else "common.published", "as": "day"},
        "published_at": {"from": "common.published", "as": "moment"} | zone,
        "modified_at": {"from": "common.modified", "as": "moment", "not_before": "published_at"} | zone,
        "language": "common.language",
        "dateline": "page.dateline",
        "source": {"url": {"from": "address", "as": "url"}, "other_urls": {"from": "also", "as": "list"}},
        "ignore": [
            *read,
            *layout.ignore,
            "listed_at",
            feeds.PLAIN_TEXT,
            "page.canonical",
            "page.headline",
            "page.modified",
            "page.published",
        ],
    }
    return Mapping.model_validate(told)


MAPS = {kind: _map(kind) for kind in COMMON}
"""By kind: the map of its fields, which the map of a source adds to."""
