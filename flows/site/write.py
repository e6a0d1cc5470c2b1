"""The site on disk: pages that changed are written, one by one and whole; pages of what is gone are removed."""

import fcntl
import json
import logging
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from flows import store
from flows.site import model, pages
from flows.site.pages import Page
from schemas.package import INDEX, PAGED, POINTER

STATE, LOCK = ".site.json", ".site.lock"
"""Beside the pages: what each was made from, and who makes them now."""
Made = dict[str, str]
"""The key of every page, by its path."""
BESIDE = tuple(path for name in ("*.html", "feed.xml", "sitemap.xml", "search.json") for path in (name, f".{name}.*"))
"""What pages are called, whole or half made, beside the versions of a dataset."""
NAMES = "search.html"
"""The page of the root that has names of every dataset."""
LATEST = "latest"
log = logging.getLogger("communique")


class Rendered(NamedTuple):
    """What came of making the site."""

    made: int
    kept: int
    removed: int


def site(packages: Path, to: Path | None = None, base: str = "") -> Rendered:
    """Make the pages of what lies in `packages`, in `to` or beside the packages, and return how many changed.

    A page that is made from the same as before stays as it is; a page of what is no longer there is removed. `base` is
    the address of the site on the web, where it has one.
    """
    root = store.make_folder(to or packages)
    with _alone(root):
        state = _state(root)
        listings = model.listings(packages, base)
        whole = {one.dataset: pages.key(one.digest) for one in listings}
        after, count = _take(root, {}, state.get("", {}), pages.of_root(listings, base))
        sites: dict[str, Made] = {"": after}
        there = _there(root, {*whole, *state} - {""})
        for one in listings:
            before = state.get(one.dataset, {})
            if before.get("") == whole[one.dataset] and before.keys() - {""} <= there:
                sites[one.dataset] = before
                continue
            sites[one.dataset], fresh = _take(root, {"": whole[one.dataset]}, before, pages.of_dataset(one))
            count += fresh
        there |= {path for path in state.get("", {}) if (root / path).is_file()}
        gone = there - {path for made in sites.values() for path in made}
        for path in gone:
            (root / path).unlink(missing_ok=True)
        _write(root / STATE, store.to_json(sites))
    total = sum(len(made) - ("" in made) for made in sites.values())
    return Rendered(count, total - count, len(gone))


def refresh(packages: Path, base: str = "") -> bool:
    """Return whether the site beside the packages says what is published now; a failure is logged and harms nothing."""
    try:
        made = site(packages, base=base)
    except Exception as fault:  # noqa: BLE001 - the site is derived: whatever is wrong with it, a version is published
        log.warning("the catalog could not be made, `communique site` tries again: %s: %s", type(fault).__name__, fault)
        return False
    log.debug("catalog: %d pages made, %d stand, %d removed", *made)
    return True


@contextmanager
def withdrawn(packages: Path, dataset: str, base: str = "") -> Iterator[None]:
    """Keep no page of the dataset while something is taken down; they are made again after, or none is there."""
    _remove(packages, dataset)
    try:
        yield
    finally:
        if not refresh(packages, base):
            _remove(packages, dataset)


def _remove(root: Path, dataset: str) -> None:
    if not (root / dataset).is_dir():
        return
    with _alone(root):
        for path in (*_there(root, [dataset]), NAMES):
            (root / path).unlink(missing_ok=True)


def bring(packages: Path, to: Path) -> None:
    """Put the packages beside the site in `to`: files that are there already stay, those that are gone go.

    `latest` is the newest version once more, for a server that cannot lead from one address to another.
    """
    for one in model.listings(packages):
        for version in one.versions:
            _mirror(one.home / version["version"], store.make_folder(to / one.dataset / version["version"]))
        _swap(one.home / one.latest if one.latest else None, to / one.dataset / LATEST)
        for name in (INDEX, POINTER):  # as a publisher does: the pointer never names what is not listed
            if (one.home / name).is_file():
                store.replace_file(to / one.dataset / name, (one.home / name).read_bytes())
            else:
                (to / one.dataset / name).unlink(missing_ok=True)


def _swap(folder: Path | None, to: Path) -> None:
    """Put the files of `folder` in the place of what is in `to`, once all are there; nothing where there is none."""
    fresh, old = to.with_name(f".{to.name}.new"), to.with_name(f".{to.name}.old")
    for left in (fresh, old):  # by one that was killed
        shutil.rmtree(left, ignore_errors=True)
    if folder:
        _mirror(folder, store.make_folder(fresh))
    if to.exists():
        to.rename(old)
    if folder:
        fresh.rename(to)
    shutil.rmtree(old, ignore_errors=True)


def _mirror(folder: Path, to: Path) -> None:
    there = {path.name: path.stat().st_size for path in folder.iterdir()}
    for path in to.iterdir():
        if there.get(path.name) != path.stat().st_size:
            path.unlink()
    for name in there:
        if not (to / name).exists():
            try:
                os.link(folder / name, to / name)
            except OSError:
                shutil.copyfile(folder / name, to / name)


def _take(root: Path, made: Made, before: Made, found: Iterable[Page]) -> tuple[Made, int]:
    """Return the keys of the pages that are there now, and how many were written."""
    count = 0
    for page in found:
        made[page.path] = page.key
        path = root / page.path
        if before.get(page.path) != page.key or not path.is_file():
            _write(path, page.make())
            count += 1
    return made, count


def _there(root: Path, datasets: Iterable[str]) -> set[str]:
    """Return the pages of datasets that lie in `root`, whoever made them, and what an interrupted make left of some."""
    found: set[str] = set()
    for home in (root / name for name in datasets):
        paths = [path for name in BESIDE for path in home.glob(name)]
        paths += [
            path for name, end in PAGED.items() for what in (f"*{end}", ".*") for path in (home / name).glob(what)
        ]
        found |= {path.relative_to(root).as_posix() for path in paths if not path.is_dir()}
    return found


def _state(root: Path) -> dict[str, Made]:
    """Return what is known of the pages that lie in `root`; nothing where it cannot be read."""
    try:
        found: dict[str, Made] = json.loads((root / STATE).read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def _write(path: Path, data: bytes) -> None:
    """Put `data` in the place of the page `path` in one step. It is derived: that it lasts is not waited for."""
    fresh = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    try:
        fresh.write_bytes(data)
    except FileNotFoundError:
        store.make_folder(path.parent)
        fresh.write_bytes(data)
    fresh.chmod(store.FILE_MODE)
    fresh.replace(path)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Wait until nobody else makes the site in `root`."""
    with (root / LOCK).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
