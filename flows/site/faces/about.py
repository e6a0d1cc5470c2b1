"""`About`: what every face tells of a version, read once from its descriptor and its manifest."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from flows.site.model import Edition, Listing
from schemas.counting import noun
from schemas.package import FORMATS, MANIFEST, MEDIA_TYPES, SUMS

MEDIA = MEDIA_TYPES | {".json": "application/json", ".md": "text/markdown", "": "text/plain"}
"""By the end of its name, what any file of a version is."""
WHOLE = {
    ".xlsx": "Every table as a sheet of a workbook; texts of releases are left out.",
    ".sqlite": "Every table as one database, with full-text search.",
    ".jsonl": "A release a line, with all that it states.",
}
"""Files that hold every table, by the end of their name."""


class File(NamedTuple):
    """A file of a version."""

    name: str
    media: str
    bytes: int
    sha256: str
    what: str

    @property
    def is_data(self) -> bool:
        """Whether it holds data: whole tables, and not what is told of them."""
        return bool(self.what)


class Table(NamedTuple):
    """A table of a version: what a row is, how many there are, its fields, its files by format."""

    name: str
    what: str
    rows: int
    fields: list[dict[str, Any]]
    key: list[str]
    files: dict[str, File]


class Licence(NamedTuple):
    """A licence: its short name, its name for people, and its text, empty where nobody said."""

    name: str
    title: str
    path: str


class Agent(NamedTuple):
    """A publisher or a source: its name, and its page, empty where nobody said."""

    title: str
    path: str


class About(NamedTuple):
    """What is told of a version, whatever the standard."""

    dataset: str
    version: str
    title: str
    description: str
    keywords: list[str]
    language: str
    homepage: str
    contact: str
    as_of: str
    licences: list[Licence]
    publisher: Agent
    sources: list[Agent]
    tables: list[Table]
    files: list[File]
    base: str

    @property
    def data(self) -> list[File]:
        """The files that hold data."""
        return [one for one in self.files if one.is_data]

    @property
    def mail(self) -> str:
        """The address of mail to the contact; empty where the contact is none, or a page."""
        return f"mailto:{self.contact}" if "@" in self.contact and "://" not in self.contact else ""

    @property
    def lacks(self) -> list[str]:
        """What is missing of what the catalog asks of a dataset that it lists."""
        asked = ("title", "description", "licences", "sources", "contact")
        return [name for name in asked if not getattr(self, name)]

    def at(self, path: str, up: str = "../") -> str:
        """Return the address of what lies at `path` of the dataset; `up` leads there where the site has no address."""
        return f"{self.base}{self.dataset}/{path}" if self.base else f"{up}{path}"

    def of(self, file: File, up: str = "../") -> str:
        """Return the address of a file of the version."""
        return self.at(f"{self.version}/{file.name}", up)


def about(edition: Edition) -> About:
    """Return what is told of a version; files that were pruned are left out."""
    described, rows = edition.described, {one["name"]: one for one in edition.described["resources"]}
    files = {
        name: File(name, MEDIA.get(_end(name), ""), entry.bytes, entry.sha256, _what(name, rows))
        for name, entry in sorted(edition.manifest.files.items())
        if name not in {MANIFEST, SUMS} and (edition.folder / name).is_file()
    }
    publishers = [Agent(one["title"], one.get("path", "")) for one in described.get("contributors", [])]
    return About(
        dataset=edition.dataset,
        version=edition.version,
        title=described.get("title", ""),
        description=" ".join(described.get("description", "").split()),
        keywords=described.get("keywords", []),
        language=described.get("communique:language", ""),
        homepage=described.get("homepage", ""),
        contact=described.get("communique:contact", ""),
        as_of=str(edition.manifest.as_of),
        licences=[
            Licence(one["name"], one.get("title") or one["name"], one.get("path", ""))
            for one in described.get("licenses", [])
        ],
        publisher=next(iter(publishers), Agent("", "")),
        sources=[Agent(one["title"], one.get("path", "")) for one in described.get("sources", [])],
        tables=[_table(one, files) for one in rows.values()],
        files=list(files.values()),
        base=edition.base,
    )


def listed(listings: Sequence[Listing]) -> list[About]:
    """Return what is told of the latest version of every dataset that the catalog lists."""
    found = [about(one.edition(one.latest)) for one in listings if one.latest]
    return [one for one in found if not one.lacks]


def filled(told: dict[str, Any]) -> dict[str, Any]:
    """Return what is told without what nobody said."""
    return {name: value for name, value in told.items() if value not in (None, "", [], {})}


def _end(name: str) -> str:
    return name[name.rfind(".") :] if "." in name else ""


def _what(name: str, tables: dict[str, dict[str, Any]]) -> str:
    """Return what a file that holds data holds, in a sentence; nothing of one that holds none."""
    table = tables.get(name.rpartition(".")[0])
    if table and _end(name) in FORMATS.values():
        rows = table["communique:rows"]
        return f"One row is: {table.get('description', table['name'])} {rows} {noun(rows, 'row')}."
    return WHOLE.get(_end(name), "")


def _table(one: dict[str, Any], files: dict[str, File]) -> Table:
    mine = {kind: files[name] for kind, end in FORMATS.items() if (name := f"{one['name']}{end}") in files}
    schema = one["schema"]
    return Table(
        one["name"],
        one.get("description", ""),
        one["communique:rows"],
        schema["fields"],
        schema.get("primaryKey", []),
        mine,
    )
