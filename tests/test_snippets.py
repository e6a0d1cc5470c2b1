"""The code on the page of a dataset, run as it stands against the package as it is served."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from selectolax.lexbor import LexborHTMLParser

from flows.site import model
from flows.site.faces.about import about
from flows.site.snippets import snippets
from flows.site.write import site
from schemas.package import Package
from tests import catalog
from tests.publishing import DATASET, published, table
from tests.shelves import serving


class Used(NamedTuple):
    """A version that is served, and the code of its page by name."""

    version: Package
    url: str
    code: dict[str, str]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Used]:
    """Yield the seed as it is served at an address that the site was told."""
    data = catalog.folder(tmp_path_factory.mktemp("snippets") / "data")
    version = published(data)
    with serving(data) as told:
        site(data / "packages", base=told.url)
        page = LexborHTMLParser((data / "packages" / DATASET / "index.html").read_bytes())
        code = {node.attributes["aria-label"] or "": node.text() for node in page.css("#_use ~ details pre")}
        yield Used(version, told.url, code)


def run(command: list[str], folder: Path) -> str:
    """Return what a command prints in a folder; the test fails where the command does."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def actions(used: Used) -> list[str]:
    return [row["action"] for row in table(used.version, "commitments")]


def test_the_page_has_code_for_every_way_that_is_promised(used: Used) -> None:
    assert list(used.code) == [
        "curl",
        "Python, pandas",
        "Python, polars",
        "Python, frictionless",
        "R",
        "Python, DuckDB, of the files that curl fetched",
        f"SQL, in {DATASET}.sqlite",
    ]


def test_curl_fetches_files_that_are_whole(used: Used, tmp_path: Path) -> None:
    assert run(["bash", "-e", "-c", used.code["curl"]], tmp_path) == ""
    fetched = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert fetched == {name: (used.version.folder / name).read_bytes() for name in fetched}
    assert len(fetched) == 5
    (tmp_path / "releases.csv").write_bytes(b"forged\n")
    check = used.code["curl"].splitlines()[-1]
    assert subprocess.run(["bash", "-c", check], cwd=tmp_path, capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("name", ["Python, pandas", "Python, frictionless"])
def test_python_prints_every_commitment(used: Used, tmp_path: Path, name: str) -> None:
    printed = run([sys.executable, "-W", "ignore", "-c", used.code[name]], tmp_path)
    assert actions(used)
    for action in actions(used):
        assert action[:20] in printed


def test_polars_counts_commitments_by_strength(used: Used, tmp_path: Path) -> None:
    printed = run([sys.executable, "-W", "ignore", "-c", used.code["Python, polars"]], tmp_path)
    rows = [row["strength"] for row in table(used.version, "commitments")]
    cells = [line.strip("│ ").split(" ┆ ") for line in printed.splitlines()]
    counted = {cell[0].strip(): cell[1].strip() for cell in cells if len(cell) == 2}
    assert {name: str(rows.count(name)) for name in set(rows)}.items() <= counted.items()


def test_duckdb_reads_what_curl_fetched(used: Used, tmp_path: Path) -> None:
    run(["bash", "-e", "-c", used.code["curl"]], tmp_path)
    code = used.code["Python, DuckDB, of the files that curl fetched"]
    printed = run([sys.executable, "-c", code], tmp_path)
    assert all(action in printed for action in actions(used))


def test_sql_finds_every_commitment_with_the_day_of_its_release(used: Used) -> None:
    with sqlite3.connect(f"file:{used.version.folder / f'{DATASET}.sqlite'}?mode=ro", uri=True) as database:
        found = database.execute(used.code[f"SQL, in {DATASET}.sqlite"]).fetchall()
    assert sorted(row[1] for row in found) == sorted(actions(used))


@pytest.mark.skipif(
    shutil.which("Rscript") is None, reason="there is no Rscript: `apt-get install r-base-core` brings it"
)
def test_r_prints_every_commitment(used: Used, tmp_path: Path) -> None:
    printed = run(["Rscript", "-e", used.code["R"]], tmp_path)
    assert all(action[:20] in printed for action in actions(used))


def test_a_version_without_a_format_has_no_code_for_it(used: Used, tmp_path: Path) -> None:
    version = shutil.copytree(used.version.folder, tmp_path / "1.0.0")
    for path in (*version.glob("*.parquet"), *version.glob("*.sqlite")):
        path.unlink()
    found = snippets(about(model.Edition(DATASET, "1.0.0", version)))
    assert [one.name for one in found] == ["curl", "Python, pandas", "Python, frictionless", "R"]
    assert "http://127.0.0.1:8000/" in found[0].code
