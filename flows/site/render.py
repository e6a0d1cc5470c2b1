"""A page as bytes: its template, filled; everything that comes from a release is escaped."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from flows.site import charts, told
from flows.site.text import visible
from schemas.counting import noun
from schemas.package import SCRIPTS

HERE = Path(__file__).parent
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
"""What a page may load: the style sheet and the icon that lie beside it, and nothing else."""
SCRIPTED = POLICY.replace("style-src", "script-src 'self'; connect-src 'self'; style-src")
"""What a page with a script may load besides: the scripts of this site, and what they read of it."""
ASSETS = {name: HERE / "templates" / name for name in ("style.css", "icon.svg", "search.js", "table.js", "copy.js")}
PACKAGES = HERE / "browser" / "node_modules"
"""Where `make browser` puts what reads Parquet in a browser."""


def _shown(value: Any) -> Any:
    """Return what is printed of a value: letters that nobody sees are named, null is nothing."""
    if isinstance(value, Markup):
        return value
    return "" if value is None else visible(value) if isinstance(value, str) else value


PAGES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=_shown,
    auto_reload=False,
)
PAGES.globals |= {"policy": POLICY, "kinds": told.KIND_NAMES}
PAGES.filters |= {
    "day": told.day,
    "number": lambda value: told.number(str(value)),
    "size": told.size,
    "clip": told.clip,
    "sentence": told.sentence,
    "plural": lambda count, one, many=None: f"{count:,} {noun(count, one, many)}",
    "saved": told.saved,
    "bars": charts.bars,
    "columns": charts.columns,
    "timeline": charts.timeline,
}


@cache
def scripts() -> dict[str, Path]:
    """Return what reads Parquet in a browser, by its path on the site; nothing where it was not installed."""
    reader, inflater = PACKAGES / "hyparquet" / "src", PACKAGES / "fzstd" / "esm" / "index.mjs"
    if not (reader / "index.js").is_file() or not inflater.is_file():
        return {}
    found = {path.name: path for path in sorted(reader.glob("*.js")) if path.name != "node.js"}
    return {f"{SCRIPTS}/{name}": path for name, path in (found | {"fzstd.js": inflater}).items()}


@cache
def code() -> str:
    """Return the digest of all that makes pages: another one makes every page anew."""
    digest = hashlib.sha256()
    for path in sorted(HERE.rglob("*")):
        if path.suffix in {".py", ".html", ".xml", ".css", ".svg", ".js"} and PACKAGES not in path.parents:
            digest.update(path.name.encode() + path.read_bytes())
    for name, path in scripts().items():
        digest.update(name.encode() + path.read_bytes())
    return digest.hexdigest()


def render(template: str, up: str, **values: Any) -> bytes:
    """Return a page; `up` leads from it to the root of the site, empty or with a `/` at its end."""
    return PAGES.get_template(template).render(up=up, **values).encode()
