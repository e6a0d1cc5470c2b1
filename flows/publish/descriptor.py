"""`datapackage.json` and `README.md` of a version, derived from the schemas, the dataset's file and the files made."""

from typing import Any

from schemas.dataset import Dataset
from schemas.package import MEDIA_TYPES, FileEntry
from schemas.report import Report
from schemas.tables import TABLES
from schemas.tableschema import table_schema

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
DIALECT = {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True, "header": True}
"""Declared, for a reader that guesses is led astray by prose."""


def facts(dataset: Dataset) -> dict[str, Any]:
    """Return what a descriptor says of a dataset, whatever its version."""
    about = dataset.dataset
    found = {
        "name": dataset.name,
        "title": about.title,
        "description": about.description,
        "keywords": about.keywords,
        "homepage": about.homepage,
        "licenses": [licence.model_dump(exclude_none=True) for licence in dataset.licences],
        "contributors": [{"title": dataset.publisher.name, "path": dataset.publisher.url, "roles": ["publisher"]}],
        "sources": [{"title": source.title or source.name, "path": source.url} for source in dataset.sources],
        "communique:contact": about.contact,
        "communique:language": about.language,
        "communique:schedule": dataset.schedule.model_dump(mode="json") if dataset.schedule else None,
    }
    return {name: filled for name, value in found.items() if (filled := _filled(value)) not in (None, [])}


def descriptor(dataset: Dataset, version: str, files: dict[str, FileEntry], counts: dict[str, int]) -> dict[str, Any]:
    """Return the Data Package v2 descriptor of a version: its CSV tables as resources, its other files by name."""
    tables = [_resource(table, files[f"{table}.csv"], counts[table]) for table in TABLES]
    others = [
        {"path": name, "bytes": entry.bytes, "hash": f"sha256:{entry.sha256}", "mediatype": media}
        for name, entry in sorted(files.items())
        if not name.endswith(".csv") and (media := MEDIA_TYPES.get(name[name.rfind(".") :]))
    ]
    return {"$schema": PROFILE, **facts(dataset), "version": version, "resources": tables, "communique:files": others}


def readme(dataset: Dataset, version: str, report: Report) -> str:
    """Return the README of a version: what it is, its tables, what was checked, how to use it."""
    about = dataset.dataset
    tables = [
        f"| [{table}.csv]({table}.csv) | {(TABLES[table].__doc__ or '').strip()} | {count.out:,} | {count.refused:,} |"
        for table, count in report.counts.items()
    ]
    licences = ", ".join(licence.title or licence.name for licence in dataset.licences)
    passed, failed, skipped = (sum(check.outcome == outcome for check in report.checks) for outcome in OUTCOMES)
    return README.format(
        title=about.title,
        version=version,
        description=about.description.strip(),
        tables="\n".join(tables),
        checks=f"{passed} checks passed, {failed} failed, {skipped} had nothing to look at or were not asked",
        licences=licences,
        contact=about.contact or "the publisher",
        publisher=dataset.publisher.name,
        name=dataset.name,
    )


OUTCOMES = ("passed", "failed", "skipped")

README = """# {title}, version {version}

{description}

Every fact in these tables carries the words of the release that state it: `evidence` in the fact's row, and each
field's own words in `spans.csv`, counted in Unicode code points of the release's `body`.

| table | one row is | rows | refused |
| --- | --- | ---: | ---: |
{tables}

Quality: {checks}. `report.json` has each of them, `quarantine.csv` every row that was refused and why.

Whether a download is whole: `sha256sum -c SHA256SUMS`. Whether it is valid: `frictionless validate datapackage.json`.

```python
import pandas as pd

facts = pd.read_csv("commitments.csv").merge(pd.read_csv("releases.csv"), on="release_id")
```

Cite as: {publisher}, {title}, version {version}. Licence: {licences}. Report an error to {contact}.
"""


def _resource(table: str, entry: FileEntry, rows: int) -> dict[str, Any]:
    return {
        "name": table,
        "path": f"{table}.csv",
        "type": "table",
        "description": (TABLES[table].__doc__ or "").strip(),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": entry.bytes,
        "hash": f"sha256:{entry.sha256}",
        "dialect": DIALECT,
        "schema": table_schema(table),
        "communique:rows": rows,
    }


def _filled(value: Any) -> Any:
    """Return `value` without nulls and without what is empty because of them."""
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items() if item not in (None, [])}
    return [_filled(item) for item in value] if isinstance(value, list) else value
