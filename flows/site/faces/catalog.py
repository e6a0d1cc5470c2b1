"""The list of datasets as JSON, the site in Markdown, and what robots are told."""

import json
from collections.abc import Sequence
from typing import Any

from flows.site.faces.about import About
from flows.site.model import Listing
from schemas.package import DESCRIPTOR


def catalog(listings: Sequence[Listing], told: Sequence[About]) -> bytes:
    """Return every dataset that is listed in short, as JSON; of one whose versions were all taken down, that it is."""
    by = {one.dataset: one for one in told}
    found = [
        _listed(one, by[one.dataset]) if one.dataset in by else _gone(one)
        for one in listings
        if one.dataset in by or one.latest is None
    ]
    return (json.dumps({"datasets": found}, ensure_ascii=False, indent=2) + "\n").encode()


def _gone(one: Listing) -> dict[str, Any]:
    return {"name": one.dataset, "path": f"{one.dataset}/", "version": None}


def _listed(one: Listing, told: About) -> dict[str, Any]:
    last = next(version for version in one.versions if version["version"] == one.latest)
    return {
        "name": told.dataset,
        "path": f"{told.dataset}/",
        "version": told.version,
        "title": told.title,
        "description": told.description,
        "as_of": told.as_of,
        "rows": {table.name: table.rows for table in told.tables},
        "licenses": [{name: value for name, value in licence._asdict().items() if value} for licence in told.licences],
        "files": [{"name": file.name, "bytes": file.bytes, "sha256": file.sha256} for file in told.data],
        "datapackage": f"{told.dataset}/{told.version}/{DESCRIPTOR}",
        "manifest": last["manifest"],
        "croissant": f"{told.dataset}/croissant/{told.version}.json",
        "dcat": f"{told.dataset}/dcat/{told.version}.jsonld",
        "ro-crate": f"{told.dataset}/ro-crate/{told.version}.json",
    }


def llms(told: Sequence[About], base: str) -> bytes:
    """Return what the site is, in Markdown, for programs that read prose."""
    lines = [
        "# Open data catalog",
        "",
        "> Official press releases as tables. Every fact carries the words of the release that state it.",
        "",
        "## Datasets",
        "",
    ]
    for one in told:
        home = f"{base}{one.dataset}/{one.version}"
        lines += [
            f"- [{one.title}]({base}{one.dataset}/index.html): {one.description}",
            f"- [Description of its tables]({home}/datapackage.json): Data Package v2, fields, types and keys",
        ]
        if any(file.name == "releases.jsonl" for file in one.files):
            lines += [
                f"- [Its releases, one a line]({home}/releases.jsonl): JSON Lines with all that each release states"
            ]
    return ("\n".join(lines) + "\n").encode()


def robots(base: str) -> bytes:
    """Return what robots may read, and where the map of the site is, if it has an address on the web."""
    return ("User-agent: *\nAllow: /\n" + (f"Sitemap: {base}sitemap.xml\n" if base else "")).encode()
