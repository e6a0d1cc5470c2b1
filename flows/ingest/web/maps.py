"""How the fields of each kind of source are read where its steward says nothing else.

Each format names its fields in documents of its own: RSS 2.0, Atom (RFC 4287), JSON Feed 1.1, the WordPress REST API,
Drupal's JSON:API, the API of justice.gov, the Federal Register API v1, IPTC ninjs 1 to 3, sitemaps.org.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from flows.ingest.mapping import at
from flows.ingest.web import pages
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


NAMES = ("title", "text", "published", "modified", "language", "day")
COMMON = {
    "feed": Common(
        ("title",),
        ("page.body", "content", "content_html", "content_text", "summary"),
        ("published", "date_published", "page.published"),
        ("updated", "date_modified", "page.modified"),
        ("language", "page.language"),
        ("id", "guid", "url", "tags", "author", "authors", "media_content", "media_thumbnail"),
        latest=("updated", "date_modified"),
    ),
    "wordpress": Common(
        ("title",),
        ("page.body", "content", "excerpt"),
        ("date_gmt",),
        ("modified_gmt",),
        ("page.language",),
        (
            "id",
            "guid",
            "slug",
            "status",
            "type",
            "link",
            "author",
            "featured_media",
            "comment_status",
            "ping_status",
            "modified",
            "sticky",
            "template",
            "format",
            "meta",
            "categories",
            "tags",
            "class_list",
            "_links",
        ),
        day=("date", "date_gmt"),
    ),
    "drupal": Common(
        ("attributes.title",),
        ("page.body", "attributes.body"),
        ("attributes.created",),
        ("attributes.changed",),
        ("attributes.langcode",),
        (
            "type",
            "id",
            "links",
            "relationships",
            "meta",
            "attributes.path",
            "attributes.status",
            "attributes.promote",
            "attributes.sticky",
            "attributes.drupal_internal__nid",
            "attributes.drupal_internal__vid",
            "attributes.revision_timestamp",
            "attributes.default_langcode",
            "attributes.revision_log",
            "attributes.revision_translation_affected",
        ),
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
        ("page.body", "abstract"),
        ("publication_date",),
        (),
        ("page.language",),
        (
            "html_url",
            "pdf_url",
            "public_inspection_pdf_url",
            "body_html_url",
            "document_number",
            "type",
            "agencies",
            "excerpts",
        ),
    ),
    "ninjs": Common(
        ("headlines", "headline", "title"),
        ("bodies", "body_text", "body_html", "descriptions"),
        ("firstCreated", "firstcreated", "versionCreated", "versioncreated"),
        ("versionCreated", "versioncreated"),
        ("language",),
        (
            *("uri", "standard", "version", "profile", "pubStatus", "pubstatus", "urgency", "type", "slugline", "by"),
            *(
                "copyrightHolder",
                "copyrightNotice",
                "located",
                "edNote",
                "altIds",
                "associations",
                "representationType",
            ),
            *("organisations", "people", "places", "subjects", "genres", "events", "eventDetails"),
        ),
    ),
    "pages": Common(
        ("page.headline", "title"), ("page.body",), ("page.published",), ("page.modified",), ("page.language",)
    ),
    "sitemap": Common(
        ("page.headline", "title"),
        ("page.body",),
        ("page.published", "publication_date"),
        ("page.modified",),
        ("page.language", "language"),
        ("loc", "lastmod", "changefreq", "priority", "name"),
    ),
}
PLAIN = ("page.", "content_text", "body_text")
"""Fields whose text is no HTML."""


def common(kind: str, said: dict[str, Any], names: Iterable[str] = NAMES) -> dict[str, Any]:
    """Return what an item of `kind` says under `names` of `Common`, HTML made text.

    Asked for all of them, it takes the last change as the publication of an item that tells no other.
    """
    found: dict[str, Any] = {}
    for name in names:
        path, value = _first(said, getattr(COMMON[kind], name))
        if value is not None:
            html = name in ("title", "text") and not path.startswith(PLAIN)
            found[name] = pages.text_of(str(value)) if html else value
    if "title" in found:
        found["title"] = " ".join(found["title"].split())
    latest = _first(said, COMMON[kind].latest)[1] if names is NAMES else None
    return ({"published": latest} if latest else {}) | {name: value for name, value in found.items() if value != ""}


def _first(said: dict[str, Any], paths: tuple[str, ...]) -> tuple[str, Any]:
    """Return the first of `paths` that is filled, and its value; None where none is."""
    values = ((path, _value(at(said, tuple(path.split("."))))) for path in paths)
    return next(((path, value) for path, value in values if value), ("", None))


def _value(value: Any) -> Any:
    """Return the value itself of one that comes wrapped: rendered, processed, or the first with a role."""
    if isinstance(value, list):
        return _value(value[0]) if value else None
    if isinstance(value, dict):
        return next((value[name] for name in ("rendered", "processed", "value") if value.get(name)), None)
    return value


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
        "source": {"url": {"from": "address", "as": "url"}, "other_urls": {"from": "also", "as": "list"}},
        "ignore": [
            *read,
            *layout.ignore,
            "listed_at",
            "page.canonical",
            "page.headline",
            "page.modified",
            "page.published",
        ],
    }
    return Mapping.model_validate(told)


MAPS = {kind: _map(kind) for kind in COMMON}
"""By kind: the map of its fields, which the map of a source adds to."""
