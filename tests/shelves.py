"""Packages made by hand, cheap and small, and the site that serves them: what the tests of downloads share."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from flows import store
from flows.publish import package
from schemas.package import Code, FileEntry, Manifest, Package, Version, checksums
from tests.conftest import AS_OF
from tests.publishing import DATASET, wait_until

PEOPLE = b"person_id,name\nada-lind,Ada Lind\n"
ROLES = b"fact_id,title\nx/1,minister\n"
FILES = {
    "people.csv": PEOPLE,
    "people.parquet": b"PAR1 people",
    "roles.csv": ROLES,
    "roles.parquet": b"PAR1 roles",
    f"{DATASET}.sqlite": b"SQLite format 3\0" + bytes(range(256)) * 64,
    "releases.jsonl": b"{}\n",
    "quarantine.csv": b"table,key\n",
    "README.md": b"# Hand-made\n",
}


def put(home: Path, number: str, files: dict[str, bytes] | None = None) -> Package:
    """Put a version of a few small files in `home`, after those that lie there, and point to it."""
    contents = FILES | {"people.csv": PEOPLE + f"v,{number}\n".encode()} if files is None else files
    tables = [name.removesuffix(".csv") for name in contents if name.endswith(".csv") and name != "quarantine.csv"]
    schema = {"fields": [], "primaryKey": ["x"]}
    resources = [{"name": table, "path": f"{table}.csv", "schema": schema, "communique:rows": 1} for table in tables]
    contents = contents | {"datapackage.json": store.to_json({"version": number, "resources": resources})}
    folder = home / number
    folder.mkdir(parents=True)
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return seal(home, number)


def seal(home: Path, number: str) -> Package:
    """Give what lies in the folder of a version its papers, and point to it."""
    folder, last = home / number, package.newest(home)
    entries = {
        path.name: FileEntry(sha256=store.sha256_file(path), bytes=path.stat().st_size)
        for path in sorted(folder.iterdir())
    }
    previous = store.sha256_file(last.folder / "manifest.json") if last else None
    nothing = "0" * 64
    code = Code(communique="0", python="3", lock=None, schemas=nothing, rules=nothing)
    told = {"dataset": home.name, "version": number, "as_of": AS_OF, "content": nothing, "previous": previous}
    manifest = Manifest.model_validate(told | {"code": code, "inputs": [], "files": entries})
    write_manifest(folder, store.to_json(manifest.model_dump(mode="json")))
    package.point(home)
    return Package(home.name, Version.parse(number), folder)


def write_manifest(folder: Path, data: bytes) -> None:
    """Write the manifest of a version, and the checksums that go with it."""
    (folder / "manifest.json").write_bytes(data)
    (folder / "SHA256SUMS").unlink(missing_ok=True)
    (folder / "SHA256SUMS").write_bytes(checksums({path.name: store.sha256_file(path) for path in folder.iterdir()}))


class Serving(NamedTuple):
    """The site as a user runs it."""

    url: str
    process: "subprocess.Popen[str]"


@contextmanager
def serving(data: Path, *options: str) -> Iterator[Serving]:
    """Yield the site of the packages in a data folder, on a port that is free."""
    command = [str(Path(sys.executable).with_name("communique")), "--data", str(data), "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        assert process.stdout
        told = re.search(r"http://\S+/", process.stdout.readline())
        assert told
        yield Serving(told[0], process)
    finally:
        process.terminate()
        process.communicate()
        assert wait_until(lambda: process.poll() is not None)
