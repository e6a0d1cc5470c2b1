"""An item of the web as a document: what was listed of a release, and what its page says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows import guard
from flows.ingest.mapping import mapped
from flows.ingest.web import listings, remembered
from flows.ingest.web.maps import MAPS, common
from schemas.dataset import SourceConfig
from schemas.mapping import Mapping

LISTED = {"headline": "title", "published": "published"}
"""Fields that a page need not be asked for where the listing has them, and their names there."""


def read(
    source: SourceConfig, data: bytes, load: Callable[[str], bytes], cache: Path | None = None
) -> dict[str, Any] | None:
    """Return what is said of a release, for the map of its source; None where there is none, or not any more.

    Beside the fields of the listing it has `address`, `page` with the fields of the page, and `common`: title, text,
    published, modified and language by these names, HTML made text. Where the page names another address as canonical,
    that is the `address`, and the one that was listed is `also`; `listed_at` is always the latter. `cache` is a folder
    where what pages say is remembered.
    """
    item = json.loads(data)
    if (item["asked"] and not item["page"]) or listings.called_back(source.kind, item["listed"]):
        return None
    if not item["asked"] and _pageless(source):
        raise guard.BadInput("input.page", f"the listing names no page with the text: {_pageless(source)} is empty")
    said = dict(item["listed"], address=item["address"], listed_at=item["address"])
    if item["page"]:
        selectors = _selectors(source)
        listed = common(source.kind, said, LISTED.values())
        wanted = {"body", *(field for field, name in LISTED.items() if name not in listed)}
        wanted |= set() if source.language else {"language"}
        said["page"] = remembered.read(cache, item["page"], load, selectors, wanted)
        said |= _canonical(source, item, said["page"].get("canonical"))
    return said | {"common": common(source.kind, said)}


def _pageless(source: SourceConfig) -> str:
    """Return the field with the address of an item's text, where there is no other text; else nothing."""
    api = listings.APIS.get(source.kind)
    return "" if api is None or (source.map and "body" in source.map.fields) else api.page


def _selectors(source: SourceConfig) -> dict[str, str]:
    """Return where a page has what: as the source says, else as its kind has it."""
    api = listings.APIS.get(source.kind)
    usual = {"body": api.body} if api and api.body else {}
    return usual | (source.page.selectors if source.page else {})


def _canonical(source: SourceConfig, item: dict[str, Any], told: str | None) -> dict[str, str]:
    """Return the address that a page names as its own, and the listed one beside it; nothing where they are the same.

    A page that names none has the address that its listed one led to. Only one on a host of the source counts, and no
    home page, which careless sites name on every page.
    """
    here = item["page"]["url"] or item["asked"]
    led = here if listings.canonical(item["asked"]) == item["address"] else None
    address = next(filter(None, (_own(source, here, found) for found in (told, led))), item["address"])
    return {} if address == item["address"] else {"address": address, "also": item["address"]}


def _own(source: SourceConfig, here: str, told: str | None) -> str | None:
    """Return the address that a page at `here` tells, made canonical; None where that is no release of the source."""
    try:
        address = listings.canonical(guard.joined(here, told or ""))
    except guard.BadInput:
        return None
    parts = urlsplit(address)
    fits = told and parts.scheme in ("http", "https") and parts.hostname in source.hosts and parts.path
    return address if fits else None


def called_back(source: SourceConfig, data: bytes) -> str | None:
    """Return the word by which its publisher calls a release back, or keeps it back; None where he does not."""
    return listings.called_back(source.kind, json.loads(data)["listed"])


def day(source: SourceConfig, data: bytes) -> str | None:
    """Return the day of publication that the listing alone states of a release."""
    item = json.loads(data)
    said = dict(item["listed"], address=item["address"])
    found = mapped(said | {"common": common(source.kind, said)}, mapping(source), source.name)[0].get("published_on")
    return found if isinstance(found, str) else None


def mapping(source: SourceConfig) -> Mapping:
    """Return how the fields of a source are read: as its kind has them, but for what the source says otherwise."""
    usual = MAPS[source.kind]
    if source.map is None:
        return usual
    return Mapping(fields=usual.fields | source.map.fields, ignore=[*usual.ignore, *source.map.ignore])
