"""What machines read of the catalog: a dataset as schema.org has it, the list of datasets, the site in Markdown.

All of it is derived from the descriptors; an address is relative, for the site does not know where it lies.
"""

import json
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from flows.site.model import Edition, Listing
from schemas.package import MEDIA_TYPES


def schema_org(edition: Edition) -> Markup:
    """Return a version as a Dataset of schema.org, as JSON that a page can hold whatever stands in it."""
    told = json.dumps(_dataset(edition), ensure_ascii=False, indent=1)
    for letter in "<>&\u2028\u2029":
        told = told.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(told)  # noqa: S704 - no letter is left that could end the element


def _dataset(edition: Edition) -> dict[str, Any]:
    described = edition.described
    publishers = [_agent(one) for one in described.get("contributors", [])]
    found = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": described["title"],
        "description": described.get("description"),
        "version": edition.version,
        "identifier": f"{edition.dataset}@{edition.version}",
        "datePublished": str(edition.manifest.as_of),
        "inLanguage": described.get("communique:language"),
        "keywords": described.get("keywords"),
        "license": [one.get("path") or one.get("title") or one["name"] for one in described.get("licenses", [])],
        "publisher": publishers[0] if publishers else None,
        "isAccessibleForFree": True,
        "variableMeasured": [one["name"] for one in described["resources"]],
        "distribution": [
            {
                "@type": "DataDownload",
                "name": name,
                "contentUrl": f"{edition.version}/{name}",
                "encodingFormat": media,
                "contentSize": f"{entry.bytes} B",
                "sha256": entry.sha256,
            }
            for name, entry in sorted(edition.manifest.files.items())
            if (media := MEDIA_TYPES.get(name[name.rfind(".") :])) and (edition.folder / name).is_file()
        ],
    }
    return {name: value for name, value in found.items() if value}


def _agent(one: dict[str, Any]) -> dict[str, Any]:
    agent = {"@type": "Organization", "name": one["title"]}
    return agent | ({"url": one["path"]} if one.get("path") else {})


def catalog(listings: Sequence[Listing]) -> bytes:
    """Return every dataset in short, as JSON."""
    return (json.dumps({"datasets": [_listed(one) for one in listings]}, ensure_ascii=False, indent=2) + "\n").encode()


def _listed(one: Listing) -> dict[str, Any]:
    told: dict[str, Any] = {"name": one.dataset, "path": f"{one.dataset}/", "version": one.latest}
    if one.latest is None:
        return told
    described = one.edition(one.latest).described
    last = next(version for version in one.versions if version["version"] == one.latest)
    return told | {
        "title": described["title"],
        "description": described.get("description"),
        "as_of": last["as_of"],
        "rows": last["rows"],
        "licenses": described.get("licenses", []),
        "datapackage": f"{one.dataset}/{one.latest}/datapackage.json",
        "manifest": last["manifest"],
    }


def llms(listings: Sequence[Listing]) -> bytes:
    """Return what the site is, in Markdown, for programs that read prose."""
    lines = [
        "# Open data catalog",
        "",
        "> Official press releases as tables. Every fact carries the words of the release that state it.",
        "",
        "## Datasets",
        "",
    ]
    for one in filter(lambda listing: listing.latest, listings):
        described = one.edition(one.latest or "").described
        home = f"{one.dataset}/{one.latest}"
        about = " ".join(described.get("description", "").split())
        lines += [
            f"- [{described['title']}]({one.dataset}/index.html): {about}",
            f"- [Description of its tables]({home}/datapackage.json): Data Package v2, fields, types and keys",
            f"- [Its releases, one a line]({home}/releases.jsonl): JSON Lines with all that each release states",
        ]
    return ("\n".join(lines) + "\n").encode()


def robots(base: str) -> bytes:
    """Return what robots may read, and where the map of the site is, if it has an address on the web."""
    return ("User-agent: *\nAllow: /\n" + (f"Sitemap: {base}sitemap.xml\n" if base else "")).encode()
