"""`data.json`: the catalog as DCAT-US 1.1, which portals of the United States harvest.

Every address in it is whole, so that it is made only where the site has one. It knows no contact but mail.
"""

import json
from collections.abc import Sequence
from typing import Any

from flows.site.faces.about import About, filled
from schemas.package import DESCRIPTOR

SCHEMA = "https://project-open-data.cio.gov/v1.1/schema"
CONTEXT = f"{SCHEMA}/catalog.jsonld"
LONGEST = 10_000
"""Letters that a description may have."""


def data_json(told: Sequence[About], base: str) -> bytes:
    """Return the latest version of every dataset that is listed and has an address for mail."""
    found = {
        "@context": CONTEXT,
        "@id": f"{base}data.json",
        "@type": "dcat:Catalog",
        "conformsTo": SCHEMA,
        "describedBy": f"{SCHEMA}/catalog.json",
        "dataset": [_dataset(one) for one in told if one.mail],
    }
    return (json.dumps(found, ensure_ascii=False, indent=1) + "\n").encode()


def _dataset(told: About) -> dict[str, Any]:
    return filled(
        {
            "@type": "dcat:Dataset",
            "title": told.title,
            "description": told.description[:LONGEST],
            "keyword": told.keywords or ["press releases"],
            "modified": told.as_of,
            "publisher": {"@type": "org:Organization", "name": told.publisher.title or told.title},
            "contactPoint": {
                "@type": "vcard:Contact",
                "fn": told.publisher.title or told.contact,
                "hasEmail": told.mail,
            },
            "identifier": told.at(""),
            "accessLevel": "public",
            "license": next((one.path for one in told.licences if one.path), None),
            "language": [told.language] if told.language else None,
            "landingPage": told.at("index.html"),
            "describedBy": told.at(f"{told.version}/{DESCRIPTOR}"),
            "describedByType": "application/json",
            "distribution": [
                {
                    "@type": "dcat:Distribution",
                    "title": f"{one.name}, version {told.version}",
                    "description": f"{one.what} {one.bytes} bytes, SHA-256 {one.sha256}.",
                    "downloadURL": told.of(one),
                    "mediaType": one.media,
                }
                for one in told.data
            ],
        }
    )
