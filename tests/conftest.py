"""What the tests share: the seed release, folders of data, the command line as a user calls it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.settings import PROJECT, Settings
from tests.site import Site, serving

SEED = PROJECT / "data" / "releases" / "dhs-2021-07-guatemala-seed.json"
AS_OF = "2026-11-24"
"""The day of every run in the tests, so that they say the same on every day."""


SLOWEST = ("up", "rulings", "readme", "work_pool", "series", "init", "steward", "pipeline", "docs", "recovery", "diff")
"""The files that take longest, `test_…` each, longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin first, so that none is left to one process alone when all others are done."""
    order = {f"test_{name}": place for place, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture
def seed() -> dict[str, Any]:
    """Return the seed document, the test's own to change."""
    document: dict[str, Any] = json.loads(SEED.read_text(encoding="utf-8"))
    return document


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with the dataset and the seed release, the test's own."""
    folder = tmp_path / "data"
    shutil.copytree(PROJECT / "data" / "datasets", folder / "datasets")
    shutil.copytree(PROJECT / "data" / "releases", folder / "releases")
    shutil.copytree(PROJECT / "data" / "ministry", folder / "ministry")
    return folder


@pytest.fixture
def settings(data: Path) -> Settings:
    """Return the settings of the test's own data folder."""
    return Settings(data=data)


@pytest.fixture
def write(data: Path) -> Callable[[dict[str, Any]], Path]:
    """Return a function that puts a document in the place of the seed in the data folder."""

    def put(document: dict[str, Any]) -> Path:
        path = data / "releases" / SEED.name
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        return path

    return put


@pytest.fixture
def site() -> Iterator[Site]:
    """Return a web site of the test's own, served on the loopback."""
    with serving(Site()) as served:
        yield served


Communique = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def communique(data: Path) -> Communique:
    """Return the command line as a user calls it, on the test's own data folder; its output as text."""

    def call(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        command = [str(Path(sys.executable).with_name("communique")), "--data", str(data), *map(str, arguments)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "COMMUNIQUE_"))}
        env = clean | {"COLUMNS": "200"} | environment
        return subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=300)

    return call
