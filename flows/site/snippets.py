"""How to use a version from other programs: each piece of code runs as it stands, and a test runs it."""

from collections.abc import Iterator
from typing import NamedTuple

from flows.site.faces.about import About

LOCAL = "http://127.0.0.1:8000/"
"""Where `communique serve` has the site of one who did not say where it lies."""


class Snippet(NamedTuple):
    """A piece of code: what it is for, and the code."""

    name: str
    code: str


CURL = """curl -fsSL --remote-name-all "{at}/{{{files}}}"
sha256sum --quiet --ignore-missing -c SHA256SUMS"""
PANDAS = """import pandas as pd

at = "{at}"
releases = pd.read_csv(f"{{at}}/releases.csv").set_index("release_id")
commitments = pd.read_csv(f"{{at}}/commitments.csv").join(releases.published_on, on="release_id")
print(commitments[["published_on", "action", "quantity", "unit"]].to_string())"""
POLARS = """import polars as pl

commitments = pl.read_parquet("{at}/commitments.parquet")
print(commitments.group_by("strength").len().sort("strength"))"""
FRICTIONLESS = """from frictionless import Package

package = Package("{at}/datapackage.json")
for row in package.get_resource("commitments").read_rows():
    print(row["due_end"], row["action"])"""
DUCKDB = """import duckdb

found = duckdb.sql("SELECT action, quantity, unit FROM 'commitments.parquet' ORDER BY quantity DESC NULLS LAST")
print(found.fetchall())"""
SQL = """SELECT published_on, action, quantity, unit, evidence
FROM commitments JOIN releases USING (release_id)
ORDER BY published_on DESC;"""
R = """at <- "{at}"
commitments <- read.csv(paste0(at, "/commitments.csv"))
print(commitments[c("action", "quantity", "unit")])"""


def snippets(told: About) -> list[Snippet]:
    """Return the pieces of code for the formats that a version has, the downloading first."""
    return [Snippet(name, code) for name, code in _snippets(told)] if _has(told, "commitments.csv") else []


def _snippets(told: About) -> Iterator[tuple[str, str]]:
    at = f"{told.base or LOCAL}{told.dataset}/{told.version}"
    wanted = ("SHA256SUMS", "releases.csv", "commitments.csv", "commitments.parquet", f"{told.dataset}.sqlite")
    yield "curl", CURL.format(at=at, files=",".join(wanted[:1] + tuple(name for name in wanted if _has(told, name))))
    yield "Python, pandas", PANDAS.format(at=at)
    if _has(told, "commitments.parquet"):
        yield "Python, polars", POLARS.format(at=at)
    yield "Python, frictionless", FRICTIONLESS.format(at=at)
    yield "R", R.format(at=at)
    if _has(told, "commitments.parquet"):
        yield "Python, DuckDB, of the files that curl fetched", DUCKDB
    if _has(told, f"{told.dataset}.sqlite"):
        yield f"SQL, in {told.dataset}.sqlite", SQL


def _has(told: About, name: str) -> bool:
    return any(one.name == name for one in told.files)
