"""The page about downloads, executed: every command block is run, in order, after what the README leaves."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from flows.download import papers
from flows.download.findings import Kind
from flows.settings import PROJECT
from tests.publishing import published
from tests.test_docs import DOWNLOAD, section, table
from tests.test_readme import SECONDS, as_pattern, commands


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as the README leaves it: with the one version of the seed."""
    here = tmp_path_factory.mktemp("download")
    for part in ("datasets", "releases"):
        shutil.copytree(PROJECT / "data" / part, here / "data" / part)
    assert str(published(here / "data").version) == "1.0.0"
    return here


def test_every_command_block_does_what_the_page_shows_and_nothing_is_left(folder: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "COMMUNIQUE_"))}
    env = clean | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    found = commands(DOWNLOAD)
    assert len(found) == 7
    for block, shown in found:
        done = subprocess.run(
            ["bash", "-e", "-c", block.text],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stderr
        assert as_pattern(shown or "").search(done.stdout), done.stdout
    assert [path.name for path in folder.iterdir()] == ["data"]


def test_every_fault_that_is_told_apart_is_on_the_page() -> None:
    assert list(table(section(DOWNLOAD, "Verify"), "fault")) == list(get_args(Kind))


def test_what_a_download_keeps_is_on_the_page() -> None:
    told = table(section(DOWNLOAD, "Get a version"), "in the folder of the dataset")
    assert papers.SEEN in told
    assert f"`{papers.PARTIAL}`" in section(DOWNLOAD, "Get a version")
