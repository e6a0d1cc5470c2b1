"""The page about downloads, executed: every command block is run, in order, where a dataset has two versions."""

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
from tests.conftest import SEED
from tests.publishing import published
from tests.test_docs import DOWNLOAD, section, table
from tests.test_readme import as_pattern, commands


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `data/packages`: the seed, and the seed with another headline."""
    here = tmp_path_factory.mktemp("download")
    for part in ("datasets", "releases"):
        shutil.copytree(PROJECT / "data" / part, here / "data" / part)
    published(here / "data")
    seed = here / "data" / "releases" / SEED.name
    seed.write_text(
        seed.read_text(encoding="utf-8").replace('"headline": null', '"headline": "A visit"'), encoding="utf-8"
    )
    assert str(published(here / "data").version) == "1.0.1"
    return here


def test_every_command_block_does_what_the_page_shows(folder: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COMMUNIQUE_")}
    env = clean | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    found = commands(DOWNLOAD)
    assert len(found) == 5
    for block, shown in found:
        done = subprocess.run(
            ["bash", "-e", "-c", block.text],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, ""), block
        assert shown is not None
        assert as_pattern(shown).search(done.stdout), done.stdout


def test_every_fault_that_is_told_apart_is_on_the_page() -> None:
    assert list(table(section(DOWNLOAD, "Verify"), "fault")) == list(get_args(Kind))


def test_what_a_download_keeps_is_on_the_page() -> None:
    told = table(section(DOWNLOAD, "Get a version"), "in the folder of the dataset")
    assert papers.SEEN in told
    assert f"`{papers.PARTIAL}`" in section(DOWNLOAD, "Get a version")
