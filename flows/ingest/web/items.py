"""An item of the web as a release document: what was listed and what the page says, through the source's map."""

import json
from collections.abc import Callable
from typing import Any

from flows.ingest.mapping import Untaken as LeftOut
from flows.ingest.mapping import mapped
from flows.ingest.web import pages
from flows.ingest.web.maps import MAPS, common
from schemas.dataset import SourceConfig
from schemas.mapping import Mapping


def read(
    source: SourceConfig, data: bytes, load: Callable[[str], bytes]
) -> tuple[dict[str, Any], list[LeftOut]] | None:
    """Return the document of an item and what of it was left out; None while its page was never had."""
    item = json.loads(data)
    if item["asked"] and not item["page"]:
        return None
    said = dict(item["listed"], address=item["address"])
    if item["page"]:
        selectors = source.page.selectors if source.page else {}
        said["page"] = pages.read(load(item["page"]["sha256"]), item["page"]["kind"], selectors)
    said["common"] = common(source.kind, said)
    document, left_out = mapped(said, mapping(source), source.title or source.name)
    return _completed(document, source), left_out


def mapping(source: SourceConfig) -> Mapping:
    """Return how the fields of a source are read: as its kind has them, but for what the source says otherwise."""
    usual = MAPS[source.kind]
    if source.map is None:
        return usual
    return Mapping(fields=usual.fields | source.map.fields, ignore=[*usual.ignore, *source.map.ignore])


def _completed(document: dict[str, Any], source: SourceConfig) -> dict[str, Any]:
    """Return a document with the issuer and language of its source, where it has none of its own."""
    found = {"language": source.language} | document
    if source.issuer and "issuer" not in found:
        found["issuer"] = source.issuer.id
        found["organizations"] = [
            *found.get("organizations", []),
            source.issuer.model_dump(mode="json", exclude_none=True),
        ]
    return found
