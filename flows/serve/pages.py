"""The pages of the site: what lies in a folder, as one plain table that needs no script and asks for nothing else."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader
from rich.filesize import decimal

from flows.serve.shelf import Shelf
from schemas.package import INDEX, POINTER, Index, Listed

STYLE = (
    "body{background:#fff;color:#000}a{color:#1c4e80}"
    "@media screen and (prefers-color-scheme:dark){"
    ":root{color-scheme:dark}body{background:#16181b;color:#e9e6df}a{color:#93c1f2}}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid GrayText}"
    "td,h1,p{overflow-wrap:anywhere}"
    "th{white-space:nowrap}"
    "td:first-child{min-width:7rem}"
    "td:nth-child(2){white-space:nowrap}"
)
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
"""What the site's policy lets through: this style and nothing else."""
PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)


class Row(NamedTuple):
    """A line of the table; its first cell leads to `link`, if anywhere."""

    cells: Sequence[str]
    link: str | None = None


def datasets(found: Sequence[Index]) -> str:
    """Return the page of the datasets that are published."""
    rows = [Row((one.dataset, one.versions[-1].version, str(len(one.versions))), f"{one.dataset}/") for one in found]
    told = ["Each dataset has a folder; each version of it stands alone, and never changes."]
    return _page(
        "Packages", [], told if rows else ["Nothing is published yet."], ("dataset", "newest", "versions"), rows
    )


def versions(index: Index, latest: str | None) -> str:
    """Return the page of a dataset: its versions, newest first."""
    told = [f"The latest version is {latest}." if latest else "Every version was taken down."]
    rows = [Row(("latest/", "", f"leads to {latest}"), "latest/")] if latest else []
    rows += [
        Row((f"{one.version}/", str(one.as_of), _about(one)), f"{one.version}/") for one in reversed(index.versions)
    ]
    rows += [Row((name, "", "for programs"), name) for name in ((POINTER, INDEX) if latest else (INDEX,))]
    return _page(index.dataset, [("Packages", "../")], told, ("name", "day", "what it is"), rows)


def files(dataset: str, shelf: Shelf) -> str:
    """Return the page of a version: its files, with size and SHA-256; of one that was taken down, why."""
    above = [("Packages", "../../"), (dataset, "../")]
    told = [f"Dataset {dataset}, {shelf.manifest.as_of}."]
    if shelf.tombstone:
        told.append(f"This version was taken down on {shelf.tombstone.day}: {shelf.tombstone.reason}")
    elif shelf.pruned:
        told.append(f"Pruned on {shelf.pruned.day}: tables as CSV, papers and diff were kept.")
    rows = [_file(shelf, name) for name in shelf.names]
    return _page(f"{dataset} {shelf.manifest.version}", above, told, ("name", "size", "SHA-256"), rows)


def _file(shelf: Shelf, name: str) -> Row:
    path, entry = shelf.folder / name, shelf.manifest.files.get(name)
    if not path.is_file() or (entry and shelf.tombstone):
        return Row((name, "removed", ""))
    return Row((name, decimal(path.stat().st_size), entry.sha256 if entry else ""), name)


def _about(one: Listed) -> str:
    if one.taken_down is not None:
        return f"taken down: {one.taken_down}"
    return f"{one.rows.get('releases', 0):,} releases, {sum(one.rows.values()):,} rows"


def _page(
    title: str, above: Sequence[tuple[str, str]], told: Sequence[str], columns: Sequence[str], rows: Sequence[Row]
) -> str:
    template = PAGES.get_template("listing.html")
    return template.render(title=title, above=above, told=told, columns=columns, rows=rows, style=STYLE)
