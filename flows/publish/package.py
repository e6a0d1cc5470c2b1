"""Stage and commit: a candidate becomes a version whole, or not at all.

The digest of every file is taken from the bytes as they were made, never from the disk, so that the audit of the
written files finds any byte that changed on the way.
"""

import csv
import io
import json
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from flows import store
from flows.publish import descriptor, diff, writers
from flows.publish.diff import Diff, State
from flows.publish.typed import written
from flows.publish.writers import Files, Rows
from schemas import __version__
from schemas.dataset import Dataset
from schemas.package import (
    DESCRIPTOR,
    FIRST,
    INDEX,
    MANIFEST,
    POINTER,
    PRUNED,
    QUARANTINE,
    SUMS,
    TOMBSTONE,
    Code,
    FileEntry,
    Level,
    Manifest,
    Package,
    Papers,
    Pointer,
    Version,
    checksums,
)
from schemas.report import Refused, Report
from schemas.tables import TABLES
from schemas.tableschema import table_schema

QUARANTINE_HEADER = (
    *("table", "key", "rule", "severity", "field", "value", "message"),
    *("file", "line", "pointer", "sha256", "row"),
)


class Candidate(NamedTuple):
    """What may become a version."""

    dataset: Dataset
    rows: Rows
    report: Report
    refused: list[Refused]
    papers: Papers
    lock: Path
    """Where the lock of the dependants lies, if anywhere."""


class Staged(NamedTuple):
    """A version made ready, not yet published."""

    folder: Path
    version: Version
    sums: str
    """Digest of SHA256SUMS as it was made."""


def content(candidate: Candidate) -> str:
    """Return the digest of what makes a version another one: tables, schemas, facts of the dataset."""
    made = writers.write_csv("", candidate.rows)
    return _content(candidate, {name: store.sha256(data) for name, data in made})


def _content(candidate: Candidate, tables: dict[str, str]) -> str:
    """Return the digest of a candidate whose tables, as CSV, have these digests.

    Of the account of completeness only which releases are missing counts: a server that refuses one in other words, or
    of which one more was named that is in the tables, is nothing new of its own.
    """
    missing = [[row[name] for name in TABLES["coverage"].key] for row in candidate.rows["coverage"]]
    parts = tables | {"coverage.csv": store.sha256(store.to_json(missing))}
    parts["schemas"] = _schemas_digest()
    parts["dataset"] = store.sha256(store.to_json(descriptor.facts(candidate.dataset)))
    parts["formats"] = ",".join(sorted(candidate.dataset.formats))
    return store.sha256(store.to_json(parts))


def has_release(package: Package, release_id: str) -> bool:
    """Return whether a version has anything of a release: among its inputs, or refused in its quarantine."""
    if any(release_id in entry.releases for entry in manifest(package).inputs):
        return True
    path = package.folder / QUARANTINE
    marks = (f'"release_id": "{release_id}"', f'"fact_id": "{release_id}/')
    return path.is_file() and any(mark in row["row"] for row in diff.read_rows(path) for mark in marks)


def versions(home: Path) -> list[Package]:
    """Return the published versions in `home`, oldest first: every folder that a version names and that has papers."""
    found = [Package(home.name, version, folder) for folder in _folders(home) if (version := _version(folder.name))]
    return sorted(found, key=lambda package: package.version)


def taken_down(package: Package) -> bool:
    """Return whether the data of a version was removed; its papers stand."""
    return (package.folder / TOMBSTONE).exists()


def newest(home: Path) -> Package | None:
    """Return the version with the highest number in `home`, None where there is none."""
    published = versions(home)
    return published[-1] if published else None


def standing(home: Path) -> Package | None:
    """Return the newest version in `home` that was not taken down, None where there is none."""
    return next((package for package in reversed(versions(home)) if not taken_down(package)), None)


def manifest(package: Package) -> Manifest:
    """Return the manifest of a published version."""
    return Manifest.model_validate_json((package.folder / MANIFEST).read_bytes())


def changes(candidate: Candidate, home: Path) -> Diff:
    """Return what the candidate changes against the newest version that stands in `home`."""
    refused = {(item.record.table, item.record.key) for item in candidate.refused}
    rows = {table: diff.keyed(table, values) for table, values in candidate.rows.items()}
    schemas = {table: table_schema(table) for table in TABLES}
    corrections = diff.by_release(one.model_dump(mode="json") for one in candidate.papers.decisions.corrections)
    after = State(None, schemas, rows, refused, candidate.papers.rules, corrections)
    base, last = standing(home), newest(home)
    if base:
        bodies = {row["body"] for row in candidate.rows["revisions"]}
        found = diff.compare(diff.from_folder(base.folder, manifest(base).code.rules, bodies), after)
    else:
        found = _alone(after, last)
    return found.model_copy(update={"after": str(last.version.next(found.level) if last else FIRST)})


def _alone(after: State, last: Package | None) -> Diff:
    """Return the changes of the first version, or of one before which all were taken down.

    What those held is gone, so that of what changed only the digest of the schemas tells: other ones may break.
    """
    if last is None:
        return diff.alone(after, "major", "first version")
    level: Level = "minor" if manifest(last).code.schemas == _schemas_digest() else "major"
    return diff.alone(after, level, f"every version up to {last.version} was taken down")


def stage(candidate: Candidate, home: Path, folder: Path) -> Staged:
    """Write every file of the next version to `folder`, emptied first, and make them last.

    A file that the version before has byte for byte is linked to it, not written again.
    """
    base = standing(home)
    put = partial(_put, store.empty_folder(folder), base, manifest(base).files if base else {})
    files: dict[str, FileEntry] = {}
    kinds = sorted({"csv", *candidate.dataset.formats})
    with ThreadPoolExecutor(1) as beside:  # SQLite does not hold Python up, and takes as long as all else together
        apart = {kind: beside.submit(_made, candidate, kind) for kind in kinds if kind == "sqlite"}
        changed = changes(candidate, home)
        version = Version.parse(str(changed.after))
        for kind in kinds:
            files |= put(apart[kind].result() if kind in apart else _made(candidate, kind))
    files |= put(_papers(candidate, version, changed, files).items())
    told = store.to_json(_manifest(candidate, version, newest(home), files).model_dump(mode="json"))
    sums = checksums({name: entry.sha256 for name, entry in (files | put([(MANIFEST, told)])).items()})
    put([(SUMS, sums)])
    store.sync_folder(folder)
    return Staged(folder, version, store.sha256(sums))


def _made(candidate: Candidate, kind: str) -> Files:
    return writers.WRITERS[kind](candidate.dataset.name, candidate.rows)


def _put(folder: Path, base: Package | None, there: dict[str, FileEntry], files: Files) -> dict[str, FileEntry]:
    """Write files into the staged folder, or link them to those of the version before; return what they must be."""
    entries: dict[str, FileEntry] = {}
    for name, data in files:
        entries[name] = entry = FileEntry(sha256=store.sha256(data), bytes=len(data))
        same = base is not None and there.get(name) == entry
        if not (same and base and _link(base.folder / name, folder / name, entry.sha256)):
            store.write_file(folder / name, data)
        del data  # before the next is made, for they are large
    return entries


def _link(existing: Path, path: Path, digest: str) -> bool:
    """Return whether `path` now is the file `existing`, which still has the bytes that its version was made with."""
    return existing.is_file() and store.sha256_file(existing) == digest and store.link_file(existing, path)


def commit(staged: Staged, home: Path) -> Package:
    """Make the staged folder a version by one rename, then point to it; the rename fails where the version exists."""
    final = store.make_folder(home) / str(staged.version)
    if final.exists():
        raise FileExistsError(f"{final} is published already")
    staged.folder.rename(final)
    store.sync_folder(staged.folder.parent)
    store.sync_folder(home)
    point(home)
    return Package(home.name, staged.version, final)


def point(home: Path) -> None:
    """Make `versions.json`, then `latest.json`, tell what lies in `home`, also after a kill that came before.

    In this order the pointer never names what the index does not have. Where none stands, there is none.
    """
    if not versions(home):
        return
    _write_if_new(home / INDEX, store.to_json({"dataset": home.name, "versions": index(home)}))
    latest = standing(home)
    if latest:
        digest = store.sha256_file(latest.folder / MANIFEST)
        pointer = Pointer(version=str(latest.version), path=f"{latest.version}/", sha256=digest)
        _write_if_new(home / POINTER, store.to_json(pointer.model_dump(mode="json")))
    else:
        (home / POINTER).unlink(missing_ok=True)
        store.sync_folder(home)


def index(home: Path) -> list[dict[str, Any]]:
    """Return what lies in `home`, version by version: day, rows, what changed and why, or that it was taken down."""
    return [_indexed(package) for package in versions(home)]


def between(before: Package, after: Package) -> Diff:
    """Return what one published version changes against another."""
    states = [diff.from_folder(one.folder, manifest(one).code.rules) for one in (before, after)]
    return diff.compare(*states).model_copy(update={"after": str(after.version)})


def _write_if_new(path: Path, data: bytes) -> None:
    if not path.exists() or path.read_bytes() != data:
        store.replace_file(path, data)


def _indexed(package: Package) -> dict[str, Any]:
    """Return a version as the index tells it; of one that was taken down, that it was and why."""
    papers = manifest(package)
    digest = store.sha256_file(package.folder / MANIFEST)
    told: dict[str, Any] = {"version": str(package.version), "path": f"{package.version}/"}
    told |= {"as_of": str(papers.as_of), "manifest": digest}
    if taken_down(package):
        return told | {"taken_down": json.loads((package.folder / TOMBSTONE).read_bytes())["reason"]}
    rows = json.loads((package.folder / DESCRIPTOR).read_bytes())["resources"]
    told |= {"content": papers.content, "rows": {resource["name"]: resource["communique:rows"] for resource in rows}}
    if (package.folder / PRUNED).exists():
        told |= {"pruned": json.loads((package.folder / PRUNED).read_bytes())["removed"]}
    path = package.folder / "diff.json"
    if not path.is_file():  # a version of the first code, which made none
        return told | {"note": None, "level": None, "tables": {}, "causes": {}, "schema_changes": []}
    changed = Diff.model_validate_json(path.read_bytes())
    return told | {
        "note": changed.note,
        "level": changed.level,
        "tables": changed.tables,
        "causes": changed.causes,
        "schema_changes": [one.model_dump(mode="json") for one in changed.schema_changes],
    }


def _papers(candidate: Candidate, version: Version, changed: Diff, entries: dict[str, FileEntry]) -> dict[str, bytes]:
    """Return what a version says of its tables, whose files are `entries`; its manifest aside."""
    files: dict[str, bytes] = {}
    counts = {table: len(rows) for table, rows in candidate.rows.items()}
    described = descriptor.descriptor(candidate.dataset, str(version), entries, counts)
    files[DESCRIPTOR] = store.readable(described)
    files["report.json"] = store.readable(candidate.report.model_dump(mode="json", by_alias=True))
    files["diff.json"] = store.readable(changed.model_dump(mode="json"))
    files["profile.json"] = store.readable(candidate.papers.profile.model_dump(mode="json"))
    files["decisions.json"] = store.readable(candidate.papers.decisions.model_dump(mode="json"))
    files[QUARANTINE] = quarantine(candidate.refused)
    files["README.md"] = descriptor.readme(candidate.dataset, str(version), candidate.report).encode()
    return files


def quarantine(refused: Iterable[Refused]) -> bytes:
    """Return the refused rows as CSV: a line for each reason, with the whole row as JSON."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(QUARANTINE_HEADER)
    writer.writerows(sorted(_refusal(item) for item in refused))
    return text.getvalue().encode()


def _refusal(item: Refused) -> list[str]:
    found, place = item.problem, item.problem.source or item.record.source
    whole = json.dumps(item.record.values, ensure_ascii=False, sort_keys=True, default=str)
    cells = (item.record.table, item.record.key, found.rule, found.severity, found.field, found.value, found.message)
    return [written(cell) for cell in (*cells, place.file, place.line, place.pointer, place.sha256, whole)]


def _manifest(candidate: Candidate, version: Version, latest: Package | None, files: dict[str, FileEntry]) -> Manifest:
    return Manifest(
        dataset=candidate.dataset.name,
        version=str(version),
        as_of=candidate.papers.as_of,
        content=_content(candidate, {name: files[name].sha256 for name in (f"{table}.csv" for table in TABLES)}),
        previous=store.sha256_file(latest.folder / MANIFEST) if latest else None,
        code=Code(
            communique=__version__,
            python=".".join(map(str, sys.version_info[:3])),
            lock=store.sha256_file(candidate.lock) if candidate.lock.is_file() else None,
            schemas=_schemas_digest(),
            rules=candidate.papers.rules,
        ),
        inputs=candidate.papers.inputs,
        files=dict(sorted(files.items())),
    )


def _schemas_digest() -> str:
    return store.sha256(store.to_json({table: table_schema(table) for table in TABLES}))


def _folders(home: Path) -> list[Path]:
    return [path for path in home.iterdir() if (path / MANIFEST).is_file()] if home.is_dir() else []


def _version(name: str) -> Version | None:
    try:
        return Version.parse(name)
    except ValueError:
        return None
