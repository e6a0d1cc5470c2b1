"""A version, and the catalog, as DCAT-AP 3, which portals of the European Union harvest; as JSON-LD."""

import json
from collections.abc import Sequence
from typing import Any

from flows.site.faces.about import About, Agent, File, filled

IANA = "https://www.iana.org/assignments/media-types/"
SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
LANGUAGES = "http://id.loc.gov/vocabulary/iso639-1/"
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
TITLE, ABOUT = "Open data catalog", "Official press releases as tables; every fact with the words that state it."


def version(told: About) -> bytes:
    """Return a version as a dataset of DCAT-AP."""
    return _written({"@context": CONTEXT} | _dataset(told, "../"))


def catalog(told: Sequence[About], base: str) -> bytes:
    """Return the catalog with the latest version of every dataset that is listed."""
    publishers = [one.publisher for one in told if one.publisher.title]
    found = {
        "@context": CONTEXT,
        "@id": f"{base}dcat.jsonld",
        "@type": "dcat:Catalog",
        "dct:title": TITLE,
        "dct:description": ABOUT,
        "dct:publisher": _agent(publishers[0]) if publishers else {"@type": "foaf:Agent", "foaf:name": TITLE},
        "dcat:dataset": [_dataset(one, f"{one.dataset}/") for one in told],
    }
    return _written(filled(found))


def _written(found: dict[str, Any]) -> bytes:
    return (json.dumps(found, ensure_ascii=False, indent=1) + "\n").encode()


def _dataset(told: About, up: str) -> dict[str, Any]:
    contact = {"vcard:hasEmail": {"@id": told.mail}} if told.mail else {"vcard:hasURL": {"@id": told.contact}}
    name = {"vcard:fn": told.publisher.title or told.contact}
    return filled(
        {
            "@id": told.at(f"versions/{told.version}.html", up),
            "@type": "dcat:Dataset",
            "dct:identifier": f"{told.dataset}@{told.version}",
            "dct:title": _text(told.title, told.language),
            "dct:description": _text(told.description, told.language),
            "dcat:version": told.version,
            "dcat:keyword": [_text(one, told.language) for one in told.keywords],
            "dct:issued": {"@type": "xsd:date", "@value": told.as_of},
            "dct:language": _language(told.language),
            "dct:publisher": _agent(told.publisher) if told.publisher.title else None,
            "dcat:contactPoint": {"@type": "vcard:Kind"} | name | contact if told.contact else None,
            "dcat:landingPage": {"@id": told.at("index.html", up), "@type": "foaf:Document"},
            "dcat:distribution": [_distribution(told, one, up) for one in told.data],
        }
    )


def _distribution(told: About, one: File, up: str) -> dict[str, Any]:
    address = told.of(one, up)
    return {
        "@id": f"{address}#distribution",
        "@type": "dcat:Distribution",
        "dct:title": one.name,
        "dct:description": _text(one.what, "en"),
        "dcat:accessURL": {"@id": address},
        "dcat:downloadURL": {"@id": address},
        "dcat:mediaType": {"@id": IANA + one.media, "@type": "dct:MediaType"},
        "dcat:byteSize": {"@type": "xsd:nonNegativeInteger", "@value": str(one.bytes)},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": SHA256, "@type": "spdx:ChecksumAlgorithm"},
            "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": one.sha256},
        },
    } | _licence(told)


def _licence(told: About) -> dict[str, Any]:
    """Return the licence of a file: the first, for there may be one, with the names of all."""
    if not told.licences:
        return {}
    path = next((one.path for one in told.licences if one.path), "")
    names = "; ".join(one.title for one in told.licences)
    found = {"@type": "dct:LicenseDocument", "dct:title": names}
    return {"dct:license": found | ({"@id": path} if path else {})}


def _text(words: str, language: str) -> dict[str, str]:
    return {"@value": words, "@language": language or "en"}


def _language(language: str) -> dict[str, str] | None:
    short = language.partition("-")[0].lower()
    two = len("en")
    return {"@id": LANGUAGES + short, "@type": "dct:LinguisticSystem"} if len(short) == two else None


def _agent(one: Agent) -> dict[str, Any]:
    found = {"@type": "foaf:Agent", "foaf:name": one.title}
    return found | ({"foaf:homepage": {"@id": one.path}} if one.path else {})
