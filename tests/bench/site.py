"""What the catalog takes: pages of releases a second, and one publish among many datasets.

Run as `python -m tests.bench.site`, with a folder of packages or without; without one, the sample ministry is published.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from flows import store
from flows.publish import package
from flows.site import model, release, render
from flows.site.write import site
from tests import catalog

DATASETS, VERSIONS = 10, 20


def pages(packages: Path) -> None:
    """Print how many pages of releases are made in a second, by the clock and by the processor."""
    for listing in model.listings(packages):
        edition = listing.edition(listing.latest or "")
        releases = edition.releases
        wall, processor = time.perf_counter(), time.process_time()
        size = sum(
            len(render.render("release.html", "../../", edition=edition, **release.context(edition, one)))
            for one in releases
        )
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        facts = sum(len(one.facts) for one in releases)
        print(f"{listing.dataset}: {len(releases):,} releases with {facts:,} facts, {size / 1e6:.1f} MB of pages")
        print(f"  {len(releases) / wall:,.0f} pages a second, {len(releases) / processor:,.0f} a second of processor")


def many(packages: Path) -> None:
    """Print what the catalog takes after one publish among ten datasets of twenty versions."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        first = model.listings(packages)[0]
        for number in range(DATASETS):
            home = root / f"dataset-{number}"
            for version in range(VERSIONS):
                _copy(first.home / (first.latest or ""), home / f"1.{version}.0")
            _index(home)
        print(f"  all {DATASETS} x {VERSIONS}: {_timed(root)}")
        _copy(first.home / (first.latest or ""), root / "dataset-0" / f"1.{VERSIONS}.0")
        _index(root / "dataset-0")
        print(f"  after one publish: {_timed(root)}")


def _copy(version: Path, to: Path) -> None:
    shutil.copytree(version, to, copy_function=os.link)
    for name in ("manifest.json", "datapackage.json"):
        told = (to / name).read_text(encoding="utf-8").replace(f'"{version.name}"', f'"{to.name}"')
        (to / name).unlink()
        (to / name).write_text(told.replace(f'"{version.parent.name}"', f'"{to.parent.name}"'), encoding="utf-8")


def _index(home: Path) -> None:
    package.point(home)
    store.sync_folder(home)


def _timed(root: Path) -> str:
    wall, processor = time.perf_counter(), time.process_time()
    made = site(root)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return f"{wall:.2f} s, {processor:.2f} s of processor, {made.made:,} pages made, {made.kept:,} stand"


def main(packages: Path | None) -> None:
    """Measure the catalog of `packages`, or of three months of the sample ministry."""
    if packages:
        pages(packages)
        many(packages)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = catalog.folder(Path(folder) / "data")
        catalog.months(data)
        main(data / "packages")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else None)
