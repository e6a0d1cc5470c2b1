"""The pages about a dataset: what it holds, its downloads, its quality, its versions."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from flows import store
from flows.site import told
from flows.site.model import Edition, Listing, Row
from schemas.dataset import Schedule
from schemas.package import DESCRIPTOR, FORMATS, MANIFEST, QUARANTINE, SUMS
from schemas.tables import FACT_TABLES

SHOWN_REFUSED = 200
REVIEWED = ("accepted", "corrected")
"""What is said of a row that a person has looked at and let stand."""
WHOLE = {
    ".xlsx": ("Excel", "a sheet a table"),
    ".sqlite": ("SQLite", "with full-text search"),
    ".jsonl": ("JSON Lines", "one a line"),
}
"""Files that hold every table, by the end of their name."""
PAPERS = {
    DESCRIPTOR: "what the tables are: fields, types, keys (Data Package v2)",
    "report.json": "every check and what it found",
    QUARANTINE: "the rows that were refused, each with its reason",
    "decisions.json": "what stewards decided",
    "profile.json": "how many rows, and how full each column is",
    "diff.json": "what this version changed, row by row",
    MANIFEST: "every file's hash, what went in, what made it",
    SUMS: "for sha256sum -c",
    "README.md": "the same in words",
}


class File(NamedTuple):
    """A file to download."""

    name: str
    what: str
    bytes: int
    sha256: str
    rows: int | None = None
    """Rows that it holds; null for what holds no table."""


class Table(NamedTuple):
    """A table and its files."""

    name: str
    what: str
    rows: int
    files: list[File]


class Quality(NamedTuple):
    """What the checks of a version said."""

    outcomes: dict[str, int]
    failed: list[dict[str, Any]]
    skipped: list[dict[str, Any]]
    passed: list[dict[str, Any]]
    rows: int
    refused: int
    badge: str
    word: str


def downloads(edition: Edition) -> dict[str, Any]:
    """Return the files of a version by what they are: whole packages, tables, papers; only those that are there."""
    files = {
        name: File(name, "", entry.bytes, entry.sha256)
        for name, entry in sorted(edition.manifest.files.items())
        if (edition.folder / name).is_file()
    }
    for name in (MANIFEST, SUMS):  # which the manifest does not list
        if (edition.folder / name).is_file():
            files[name] = File(name, "", (edition.folder / name).stat().st_size, "")
    tables = [
        Table(
            one["name"],
            one.get("description", ""),
            one["communique:rows"],
            [
                files[name]._replace(rows=one["communique:rows"])
                for end in FORMATS.values()
                if end not in WHOLE and (name := f"{one['name']}{end}") in files
            ],
        )
        for one in edition.described["resources"]
    ]
    held = dict.fromkeys(WHOLE, rows(edition)) | {".jsonl": tables[0].rows}
    whole = [
        (files[name]._replace(rows=held[end]), *WHOLE[end]) for end in WHOLE for name in files if name.endswith(end)
    ]
    papers = [files[name]._replace(what=what) for name, what in PAPERS.items() if name in files]
    return {"whole": whole, "tables": tables, "papers": papers}


def rows(edition: Edition) -> int:
    """Return how many rows all tables of a version have."""
    return sum(one["communique:rows"] for one in edition.described["resources"])


def quality(edition: Edition) -> Quality:
    """Return what the checks of a version said, in short and one by one."""
    checks, counts = edition.report["checks"], edition.report["counts"].values()
    by = {outcome: [one for one in checks if one["outcome"] == outcome] for outcome in ("passed", "failed", "skipped")}
    refused, came = sum(one["refused"] for one in counts), sum(one["in"] for one in counts)
    grave = any(one["severity"] == "critical" for one in by["failed"])
    badge, word = (
        ("bad", "published with reservations")
        if grave
        else ("warn", "bad rows left out")
        if refused
        else ("good", "every row passed")
    )
    outcomes = {outcome: len(found) for outcome, found in by.items()}
    return Quality(outcomes, by["failed"], by["skipped"], by["passed"], came, refused, badge, word)


def trust(edition: Edition) -> list[tuple[str, int, int, str]]:
    """Return of every table of facts how many rows there are, how many a person looked at, and that in a sentence."""
    found = []
    for table in FACT_TABLES.values():
        rows = edition.table(table)
        if rows:
            seen = sum(row["review"] in REVIEWED for row in rows)
            found.append((table, len(rows), seen, _trusted(rows, seen)))
    return found


def _trusted(rows: Sequence[Row], seen: int) -> str:
    origins = Counter(row["origin"] for row in rows)
    made = " and ".join(
        {"source": "their source", "steward": "a steward"}.get(one, f"the program {one}")
        for one, _ in origins.most_common()
    )
    if seen == len(rows):
        return f"Structured by {made}; a person has looked at every row."
    if not seen:
        checked = "The words are those of the releases, checked letter by letter."
        return f"Structured by {made}; nobody has looked at these rows yet. {checked}"
    return f"Structured by {made}; a person has looked at {100 * seen // len(rows)} % of the rows."


def reviewed(edition: Edition) -> str:
    """Return how many of the facts a person has looked at, in words; nothing where there is none."""
    rows = [row for table in FACT_TABLES.values() for row in edition.table(table)]
    seen = sum(row["review"] in REVIEWED for row in rows)
    if not rows:
        return ""
    if not seen:
        return "no fact reviewed by a person yet"
    return (
        "every fact reviewed by a person"
        if seen == len(rows)
        else f"{_share(seen, len(rows))} of facts reviewed by a person"
    )


def _share(part: int, whole: int) -> str:
    """Return a share in per cent that is neither none nor all."""
    return f"{max(1, 100 * part // whole)} %" if 100 * part >= whole else "less than 1 %"


def scheduled(edition: Edition) -> str:
    """Return when the next version is due, in words; nothing where the version says nothing that is understood."""
    try:
        return Schedule.model_validate(edition.described.get("communique:schedule")).said
    except ValidationError:
        return ""


def refused(edition: Edition) -> list[Row]:
    """Return the refused rows that were refused for a reason of their own, the gravest part of the quarantine."""
    return edition.refused_itself[:SHOWN_REFUSED]


def cite(edition: Edition) -> list[tuple[str, str]]:
    """Return how to cite a version, in each form that is asked for."""
    described, day = edition.described, edition.manifest.as_of
    publisher = next((one["title"] for one in described.get("contributors", []) if one.get("title")), "")
    title, url = described["title"], _address(edition)
    where = url or unplaced(edition)
    digest = manifest_digest(edition)
    proof = f"SHA-256 of manifest.json: {digest}"
    said = f"{publisher} ({day.year}). {title}, version {edition.version} of {told.day(str(day))} [data set]."
    bibtex = (
        f"@misc{{{edition.dataset}-{edition.version},\n  author = {{{{{publisher}}}}},\n  title = {{{title}}},\n"
        f"  version = {{{edition.version}}},\n"
        f"  year = {{{day.year}}},\n  month = {{{day.month}}},\n  day = {{{day.day}}},\n"
        + (f"  url = {{{url}}},\n" if url else f"  howpublished = {{{where}}},\n")
        + f"  note = {{Data set. {proof}}}\n}}"
    )
    cff = (
        f'cff-version: 1.2.0\nmessage: Please cite this data set as below.\ntype: dataset\ntitle: "{_quoted(title)}"\n'
        f'version: "{edition.version}"\ndate-released: "{day}"\n'
        + (f'url: "{url}"\n' if url else "")
        + f'identifiers:\n  - type: other\n    value: "{digest}"\n    description: SHA-256 of manifest.json\n'
        + f'authors:\n  - name: "{_quoted(publisher)}"'
    )
    return [
        ("As text", f"{said} {where} {proof}."),
        ("BibTeX", bibtex),
        ("CITATION.cff", cff),
        ("CSL-JSON", _csl(edition, publisher, f"{proof}.")),
    ]


def unplaced(edition: Edition) -> str:
    """Return where a version is, as it is cited on a site that was not told its address."""
    return f"Page {path(edition)} of its site."


def path(edition: Edition) -> str:
    """Return where the version's page lies on its site."""
    return f"{edition.dataset}/versions/{edition.version}.html"


def _address(edition: Edition) -> str:
    """Return where the version's page is on the web; nothing where nobody said."""
    return f"{edition.base}{path(edition)}" if edition.base else ""


def _csl(edition: Edition, publisher: str, proof: str) -> str:
    """Return a version as an item of CSL-JSON, which reference managers read."""
    day = edition.manifest.as_of
    item = {
        "id": f"{edition.dataset}-{edition.version}",
        "type": "dataset",
        "title": edition.described["title"],
        "version": edition.version,
        "author": [{"literal": publisher}],
        "publisher": publisher,
        "issued": {"date-parts": [[day.year, day.month, day.day]]},
        "URL": _address(edition),
        "note": proof,
    }
    return json.dumps([{name: value for name, value in item.items() if value}], ensure_ascii=False, indent=2)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def manifest_digest(edition: Edition) -> str:
    """Return the digest of a version's manifest: it proves all of the version, and all before it."""
    return store.sha256_file(edition.folder / MANIFEST)


def history(listing: Listing) -> list[dict[str, Any]]:
    """Return the versions, newest first, each with what it changed in words."""
    return [one | {"said": _said(one)} for one in reversed(listing.versions)]


def _said(one: dict[str, Any]) -> str:
    """Return what a version changed and why, in a sentence."""
    if one.get("taken_down"):
        return f"Taken down: {one['taken_down']}"
    if one.get("note"):
        return str(one["note"])[:1].upper() + str(one["note"])[1:]
    tally: Counter[str] = Counter()
    for counts in one.get("tables", {}).values():
        tally.update(counts)
    rows = ", ".join(f"{count:,} {what}" for what, count in sorted(tally.items())) or "no row changed"
    causes = sorted(one.get("causes", {}).items(), key=lambda pair: -pair[1])
    why = "; ".join(f"{told.CAUSES.get(cause, cause)} ({count:,})" for cause, count in causes)
    return f"Rows: {rows}." + (f" Why: {why}." if why else "")
