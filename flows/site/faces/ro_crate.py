"""A version as an RO-Crate 1.1: saved as `ro-crate-metadata.json` in its folder, it makes a crate of the download.

A version's own folder never changes; so this lies beside it, and what it names is named as seen from that folder.
"""

import json
from typing import Any

from flows.site.faces.about import About, Agent, File, Licence, filled

SPECIFICATION = "https://w3id.org/ro/crate/1.1"
CONTEXT = [f"{SPECIFICATION}/context", {"sha256": "https://schema.org/sha256"}]


def ro_crate(told: About) -> bytes:
    """Return the metadata of the crate that a version is."""
    descriptor = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "conformsTo": {"@id": SPECIFICATION},
        "about": {"@id": "./"},
    }
    licences = [_licence(one) for one in told.licences]
    publisher, contact = _agent(told.publisher), _contact(told)
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": told.title,
        "description": told.description,
        "version": told.version,
        "identifier": f"{told.dataset}@{told.version}",
        "datePublished": told.as_of,
        "inLanguage": told.language,
        "keywords": ", ".join(told.keywords),
        "url": told.at("index.html") if told.base else None,
        "license": _alone([{"@id": one["@id"]} for one in licences]),
        "publisher": {"@id": publisher["@id"]},
        "author": {"@id": publisher["@id"]},
        "contactPoint": {"@id": contact["@id"]} if told.contact else None,
        "hasPart": [{"@id": one.name} for one in told.files],
    }
    more = [publisher | filled({"contactPoint": root["contactPoint"]}), *([contact] if told.contact else []), *licences]
    graph = [descriptor, filled(root), *(_file(one) for one in told.files), *more]
    return (json.dumps({"@context": CONTEXT, "@graph": graph}, ensure_ascii=False, indent=1) + "\n").encode()


def _alone(found: list[dict[str, str]]) -> Any:
    """Return the values of a property as a crate has them: one stands without a list."""
    return found[0] if len(found) == 1 else found


def _file(one: File) -> dict[str, Any]:
    return filled(
        {
            "@id": one.name,
            "@type": "File",
            "name": one.name,
            "description": one.what,
            "encodingFormat": one.media,
            "contentSize": str(one.bytes),
            "sha256": one.sha256,
        }
    )


def _licence(one: Licence) -> dict[str, Any]:
    return {
        "@id": one.path or f"#licence-{one.name}",
        "@type": "CreativeWork",
        "name": one.title,
        "description": one.title,
    }


def _agent(one: Agent) -> dict[str, Any]:
    return filled(
        {"@id": one.path or "#publisher", "@type": "Organization", "name": one.title or "unknown", "url": one.path}
    )


def _contact(told: About) -> dict[str, Any]:
    return {
        "@id": told.mail or told.contact or "#contact",
        "@type": "ContactPoint",
        "contactType": "errors in the data",
        "email" if told.mail else "url": told.contact,
    }
