"""The site: addresses, and how each is answered.

A version never changes, so its files may be kept for ever; what may change (pointer, index, pages, and all of a
version that was taken down) is asked for again each time. A copy that a cache has of a version since taken down is
beyond our reach: docs/download.md says how to purge it.
"""

import asyncio
import gzip
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.serve import pages, shelf
from flows.serve.shelf import Shelf
from flows.store import sha256
from schemas.package import FILE_NAME, MEDIA_TYPES, PAGED, PRUNED

FOR_EVER, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
GONE, NOT_FOUND, NOT_MODIFIED, NO_CONTENT = 410, 404, 304, 204
MEDIA = MEDIA_TYPES | {".json": "application/json", ".md": "text/markdown", "": "text/plain"}
PAGES = {
    ".html": "text/html",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".xml": "application/atom+xml",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
HOME, MISSING = "index.html", "404.html"
LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
SECURITY = {
    "content-security-policy": f"default-src 'none'; style-src 'self' 'sha256-{pages.STYLE_HASH}'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": ASK_AGAIN,
}
"""On every answer that does not say otherwise."""
SCRIPTED = SECURITY["content-security-policy"] + "; script-src 'self'; connect-src 'self'"
SMALL = 1400
"""Bytes that a page comes in as they are: fewer would be one packet all the same."""
UNPACKS = re.compile(r"(?:^|[\s,])gzip(?!\s*;\s*q=0(\.0*)?\s*(,|$))")
SCRIPTED_PAGES = {HOME, "search.html"}
SCRIPTED_FOLDERS = {("tables",), ("versions",)}
"""Pages that may run the scripts of the site, and read it, by name and by folder."""


class Download(FileResponse):
    """A file, or a part of it, in blocks that keep a fast line busy."""

    chunk_size = 1 << 18


def site(root: Path, names: Iterable[str] = ()) -> ASGIApp:
    """Return the site of the packages under `root`; it answers to loopback and to the host names in `names`."""
    routes = [
        Route("/", _datasets),
        Route("/favicon.ico", _icon),
        Route("/{dataset}", _root_file),
        Route("/{dataset}/", _versions),
        Route("/{dataset}/latest", _to_folder),
        Route("/{dataset}/latest/{name:path}", _to_latest),
        Route("/{dataset}/{name}", _beside),
        Route("/{dataset}/{version}/", _files),
        Route("/{dataset}/{version}/{name}", _file),
    ]
    app = Starlette(routes=routes, exception_handlers={NOT_FOUND: _not_found})
    app.router.redirect_slashes = False  # it would name the host; ours lead on by relative addresses
    app.state.root = root
    # the Host header names us: a page elsewhere cannot read this site by pointing its own name at loopback
    return _secured(TrustedHostMiddleware(app, allowed_hosts=[*LOOPBACK, *names], www_redirect=False))


def _secured(app: ASGIApp) -> ASGIApp:
    """Return `app` with the headers of every answer."""

    async def secured(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
                message["headers"] = headers.raw
            await send(message)

        with suppress(asyncio.CancelledError):  # the site stops while somebody downloads
            await app(scope, receive, sending)

    return secured


def _page(request: Request, *parts: str) -> Response | None:
    """Return the answer with a page of the catalog, None where `communique site` has made none of this name."""
    data = shelf.page(_root(request), *parts)
    if data is None:
        return None
    headers = {"etag": f'"{sha256(data)}"', "vary": "accept-encoding"}
    if len(data) > SMALL and UNPACKS.search(request.headers.get("accept-encoding", "")):
        headers |= {"etag": f'"{sha256(data)}-gzip"', "content-encoding": "gzip"}
    if parts[-1] in SCRIPTED_PAGES or parts[1:2] in SCRIPTED_FOLDERS:
        headers["content-security-policy"] = SCRIPTED
    media = "application/xml" if parts[-1] == "sitemap.xml" else PAGES.get(Path(parts[-1]).suffix, "text/plain")
    unchanged = _unchanged(request, headers)
    if unchanged is None and "content-encoding" in headers:
        data = gzip.compress(data, compresslevel=5, mtime=0)
    return unchanged or Response(data, media_type=media, headers=headers)


async def _not_found(request: Request, fault: Exception) -> Response:
    """Say that there is nothing: to a reader by the page of the catalog, to a program in a line."""
    said = fault.detail if isinstance(fault, HTTPException) else ""
    made = shelf.page(_root(request), MISSING) if "text/html" in request.headers.get("accept", "") else None
    return HTMLResponse(made, NOT_FOUND) if made else PlainTextResponse(said, NOT_FOUND)


def _datasets(request: Request) -> Response:
    made = _page(request, HOME)
    if made:
        return made
    root = _root(request)
    found = [one for name in shelf.datasets(root) if (one := shelf.index(root, name))]
    return HTMLResponse(pages.datasets(found))


def _versions(request: Request) -> Response:
    dataset = request.path_params["dataset"]
    found = shelf.index(_root(request), dataset)
    if found is None:
        raise HTTPException(NOT_FOUND, "There is no such dataset.")
    made = _page(request, dataset, HOME)
    if made:
        return made
    return HTMLResponse(pages.versions(found, shelf.latest(_root(request), dataset)))


def _icon(request: Request) -> Response:
    """Answer browsers, which ask for it where a page names none, with the icon of the catalog; with nothing without."""
    return _page(request, "icon.svg") or Response(status_code=NO_CONTENT)


def _root_file(request: Request) -> Response:
    """Answer with a file that lies in the root, or lead from a dataset to its folder."""
    return _page(request, request.path_params["dataset"]) or _to_folder(request)


def _to_folder(request: Request) -> Response:
    """Lead from a dataset or a version to its folder."""
    dataset, here = request.path_params["dataset"], request.url.path.rpartition("/")[2]
    if shelf.index(_root(request), dataset) is None:
        raise HTTPException(NOT_FOUND, "There is no such dataset.")
    return RedirectResponse(f"{here}/")


def _to_latest(request: Request) -> Response:
    """Lead from `latest` to the version that it is now."""
    dataset, name = request.path_params["dataset"], request.path_params["name"]
    if shelf.index(_root(request), dataset) is None or (name and not re.fullmatch(FILE_NAME, name)):
        raise HTTPException(NOT_FOUND, "There is no such file.")
    latest = shelf.latest(_root(request), dataset)
    if latest is None:
        raise HTTPException(GONE, "Every version was taken down; versions.json says why.")
    return RedirectResponse(f"../{latest}/{name}")


def _beside(request: Request) -> Response:
    """Answer with the pointer or the index, in one piece: either may be replaced while it is read."""
    dataset, name = request.path_params["dataset"], request.path_params["name"]
    data = shelf.beside(_root(request), dataset, name)
    if data is not None:
        headers = {"etag": f'"{sha256(data)}"'}
        return _unchanged(request, headers) or Response(data, media_type=MEDIA[".json"], headers=headers)
    made = _page(request, dataset, name)
    if made:
        return made
    if shelf.version(_root(request), dataset, name):
        return RedirectResponse(f"{name}/")
    raise HTTPException(NOT_FOUND, "There is no such version or file.")


def _files(request: Request) -> Response:
    found = _shelf(request)
    page = pages.files(request.path_params["dataset"], found)
    return HTMLResponse(page, status_code=GONE if found.tombstone else 200)


def _file(request: Request) -> Response:
    """Answer with a file of a version, or the part of it that is asked for; or with a page of the catalog."""
    if request.path_params["version"] in PAGED:
        made = _page(request, *(request.path_params[part] for part in ("dataset", "version", "name")))
        if made:
            return made
    kept, name = _shelf(request), request.path_params["name"]
    found = shelf.file(kept, name)
    if found is None:
        return _missing(kept, name)
    lasting = not kept.tombstone and name != PRUNED
    headers = {"etag": f'"{found.digest}"', "cache-control": FOR_EVER if lasting else ASK_AGAIN}
    media = MEDIA.get(found.path.suffix, "application/octet-stream")
    try:
        told = found.path.stat()
    except FileNotFoundError:  # removed since it was found
        return _missing(kept, name)
    return _unchanged(request, headers) or Download(found.path, headers=headers, media_type=media, stat_result=told)


def _missing(kept: Shelf, name: str) -> Response:
    """Say that a file was taken down or pruned, and why; or that there never was one."""
    if name in kept.manifest.files and kept.tombstone:
        return PlainTextResponse(f"Taken down on {kept.tombstone.day}: {kept.tombstone.reason}\n", GONE)
    if name in kept.manifest.files and kept.pruned:
        return PlainTextResponse(f"Pruned on {kept.pruned.day}; the tables as CSV were kept.\n", GONE)
    raise HTTPException(NOT_FOUND, "There is no such file.")


def _unchanged(request: Request, headers: dict[str, str]) -> Response | None:
    """Return the answer to one who has these bytes already, or None."""
    asked = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return Response(status_code=NOT_MODIFIED, headers=headers) if {"*", headers["etag"]} & set(asked) else None


def _shelf(request: Request) -> Shelf:
    found = shelf.version(_root(request), request.path_params["dataset"], request.path_params["version"])
    if found is None:
        raise HTTPException(NOT_FOUND, "There is no such version.")
    return found


def _root(request: Request) -> Path:
    root: Path = request.app.state.root
    return root
