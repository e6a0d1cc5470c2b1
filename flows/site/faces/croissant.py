"""A version as Croissant 1.0: its files, and in each table its fields, so that a program can read the rows."""

import json
from typing import Any

from flows.site.faces.about import About, File, Table, filled
from flows.site.faces.schema_org import agent

TYPES = {
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "datetime": "sc:DateTime",
}
"""The type of schema.org of each of Table Schema; every other is text."""
OWN = (
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format"),
    *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
"""The words that are Croissant's own."""
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
} | {name: f"cr:{name}" for name in OWN}
"""What the words mean; the standard wants all of it, used or not."""


def croissant(told: About) -> bytes:
    """Return a version as Croissant."""
    found = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": told.title,
        "description": told.description,
        "url": told.at("index.html"),
        "version": told.version,
        "datePublished": told.as_of,
        "inLanguage": told.language,
        "keywords": told.keywords,
        "license": [one.path or one.title for one in told.licences],
        "creator": agent(told.publisher) if told.publisher.title else None,
        "publisher": agent(told.publisher) if told.publisher.title else None,
        "citeAs": cited(told),
        "isLiveDataset": False,
        "distribution": [_file(told, one) for one in told.data],
        "recordSet": [_records(one) for one in told.tables if one.files],
    }
    return (json.dumps(filled(found), ensure_ascii=False, indent=1) + "\n").encode()


def cited(told: About) -> str:
    """Return how a version is cited, in a line."""
    return f"{told.publisher.title} ({told.as_of[:4]}). {told.title}, version {told.version} [data set]."


def _file(told: About, one: File) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": one.name,
        "name": one.name,
        "description": one.what,
        "contentUrl": told.of(one),
        "encodingFormat": "application/x-parquet" if one.name.endswith(".parquet") else one.media,
        "contentSize": f"{one.bytes} B",
        "sha256": one.sha256,
    }


def _records(table: Table) -> dict[str, Any]:
    file = table.files.get("parquet") or table.files["csv"]
    return filled(
        {
            "@type": "cr:RecordSet",
            "@id": table.name,
            "name": table.name,
            "description": file.what,
            "key": [{"@id": f"{table.name}/{name}"} for name in table.key],
            "field": [_field(table.name, file, one) for one in table.fields],
        }
    )


def _field(table: str, file: File, one: dict[str, Any]) -> dict[str, Any]:
    return filled(
        {
            "@type": "cr:Field",
            "@id": f"{table}/{one['name']}",
            "name": one["name"],
            "description": one.get("description", ""),
            "dataType": TYPES.get(one["type"], "sc:Text"),
            "source": {"fileObject": {"@id": file.name}, "extract": {"column": one["name"]}},
        }
    )
