"""The same input gives the same bytes: in any folder, zone, locale, umask and order."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flows import store
from flows.settings import PROJECT
from schemas.release import PARTS
from tests import publishing
from tests.conftest import SEED
from tests.publishing import home, read_json, tree

SECOND = {
    "id": "a-second-release",
    "issuer": "dhs",
    "language": "en",
    "source": {"name": "written for this test"},
    "body": "Ministers met in Lima. They will meet again, and again, until it is done – and said.",  # noqa: RUF001
    "organizations": [
        {
            "id": "dhs",
            "name": "U.S. Department of Homeland Security",
            "classification": "government department",
            "country_code": "US",
            "acronym": "DHS",
        }
    ],
    "places": [{"id": "lima", "name": "Lima", "classification": "city", "country_code": "PE"}],
    "mentions": [{"entity_id": "lima", "start": 17, "end": 21, "name": "Lima"}],
}
"""Another release, so that the order of files matters."""


class Run(NamedTuple):
    """A run in a process of its own: what is about it that must not matter."""

    folder: str
    environment: dict[str, str]
    umask: int
    order: Sequence[str]


FILES = {SEED.name: SEED.read_text(encoding="utf-8"), "second.json": json.dumps(SECOND, ensure_ascii=False)}
HERE = Run("here", {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}, 0o022, list(FILES))
THERE = Run(
    "another folder/far away",
    {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "4321", "PYTHONUTF8": "0", "LANG": "tr_TR"},
    0o077,
    list(reversed(FILES)),
)


def shuffled(value: Any, chance: random.Random) -> Any:
    """Return a JSON value with every list in it in another order, the lists inside lists too."""
    if isinstance(value, dict):
        return {name: shuffled(item, chance) for name, item in value.items()}
    if not isinstance(value, list):
        return value
    items = [shuffled(item, chance) for item in value]
    chance.shuffle(items)
    return items


def lay(data: Path, files: dict[str, str], order: Iterable[str]) -> Path:
    """Return `data`, a data folder with `files`, written in an order."""
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    (data / "releases").mkdir()
    for name in order:
        (data / "releases" / name).write_text(files[name], encoding="utf-8")
    return data


def publish(root: Path, run: Run) -> Path:
    """Publish as `run` says, in a process of its own; return the folder of the version."""
    data = lay(root / run.folder, FILES, run.order)
    told = subprocess.run(
        [sys.executable, "-m", "tests.publishing", data],
        cwd=PROJECT,
        env=os.environ | run.environment,
        umask=run.umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout == "Published\n", told.stderr
    return home(data) / "1.0.0"


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the version that each run made: here, there, and in this process from turned lists."""
    root = tmp_path_factory.mktemp("same")
    chance = random.Random(20261124)  # noqa: S311 - an order, no secret
    turned = {name: json.dumps(shuffled(json.loads(text), chance), ensure_ascii=False) for name, text in FILES.items()}
    with ThreadPoolExecutor(2) as pool:
        made = {name: pool.submit(publish, root, run) for name, run in {"here": HERE, "there": THERE}.items()}
        made_here = publishing.published(lay(root / "más allá", turned, reversed(FILES)))
        return {"turned": made_here.folder} | {name: future.result() for name, future in made.items()}


def differing(one: Path, other: Path) -> set[str]:
    """Return the files of two folders that are not of the same bytes and mode in both."""
    before, after = tree(one), tree(other)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_a_version_is_the_same_to_the_byte_wherever_and_however_it_is_made(versions: dict[str, Path]) -> None:
    assert len(tree(versions["here"])) > 30
    assert differing(versions["here"], versions["there"]) == set()


def test_the_order_of_a_documents_lists_changes_no_file_but_the_proof_of_what_came_in(
    versions: dict[str, Path],
) -> None:
    assert differing(versions["here"], versions["turned"]) == {"manifest.json", "SHA256SUMS"}


def test_the_proof_of_what_came_in_differs_by_the_digest_and_size_of_the_inputs_alone(
    versions: dict[str, Path],
) -> None:
    papers = {name: read_json(versions[name] / "manifest.json") for name in ("here", "turned")}
    for name, manifest in papers.items():
        for entry in manifest["inputs"]:
            came = (versions[name].parents[2] / entry["file"]).read_bytes()
            assert (entry.pop("sha256"), entry.pop("bytes")) == (store.sha256(came), len(came))
    assert papers["here"] == papers["turned"]


def test_the_sums_differ_by_the_line_of_the_manifest_alone(versions: dict[str, Path]) -> None:
    here, turned = (set((versions[name] / "SHA256SUMS").read_text().splitlines()) for name in ("here", "turned"))
    assert {line.split()[1] for line in here ^ turned} == {"manifest.json"}


def test_turning_a_document_changes_the_order_of_its_long_lists_and_loses_nothing() -> None:
    chance = random.Random(20261124)  # noqa: S311 - an order, no secret
    before = json.loads(SEED.read_text(encoding="utf-8"))
    after = shuffled(before, chance)
    long = [name for name in PARTS if len(before[name]) > 2]
    assert long
    assert all(before[name] != after[name] for name in long)
    assert {name: len(before[name]) for name in PARTS} == {name: len(after[name]) for name in PARTS}
