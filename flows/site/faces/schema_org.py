"""A version as a Dataset of schema.org, as its page holds it."""

import json
from typing import Any

from markupsafe import Markup

from flows.site.faces.about import About, Agent, filled


def schema_org(told: About) -> Markup:
    """Return a version as JSON that a page can hold, whatever stands in it."""
    text = json.dumps(dataset(told, ""), ensure_ascii=False, indent=1)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704 - no letter is left that could end the element


def dataset(told: About, up: str) -> dict[str, Any]:
    """Return a version as a Dataset of schema.org; `up` leads to the folder of the dataset."""
    found = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": told.title,
        "description": told.description,
        "url": told.at("index.html", up) if told.base else None,
        "version": told.version,
        "identifier": f"{told.dataset}@{told.version}",
        "datePublished": told.as_of,
        "inLanguage": told.language,
        "keywords": told.keywords,
        "license": [one.path or one.title for one in told.licences],
        "publisher": agent(told.publisher) if told.publisher.title else None,
        "isAccessibleForFree": True,
        "variableMeasured": [one.name for one in told.tables],
        "distribution": [
            {
                "@type": "DataDownload",
                "name": one.name,
                "description": one.what,
                "contentUrl": told.of(one, up),
                "encodingFormat": one.media,
                "contentSize": f"{one.bytes} B",
                "sha256": one.sha256,
            }
            for one in told.data
        ],
    }
    return filled(found)


def agent(one: Agent) -> dict[str, Any]:
    """Return a publisher as schema.org has it."""
    return filled({"@type": "Organization", "name": one.title, "url": one.path})
