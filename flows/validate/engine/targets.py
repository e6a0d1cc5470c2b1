"""What a person names, as tables: a file with its schema, a resource, a whole Data Package."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flows.validate.engine import beyond, links, misdescribed, reference
from flows.validate.engine.beyond import Extras
from flows.validate.engine.comparing import by_reference
from flows.validate.engine.fetching import FETCHED_BYTES
from flows.validate.engine.links import BadTarget
from flows.validate.engine.naming import DESCRIPTOR, IN_YAML, package_of, refers
from flows.validate.engine.results import Others, Result
from flows.validate.engine.run import check

TABULAR = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".xlsx", ".xls", ".ods")
AS_CSV = ("", ".txt", ".psv", ".dat", ".data", ".tab", ".asc")
"""Endings that say nothing of how a table is written: it is read as CSV, by the delimiter that it has."""
READ = (*TABULAR, *filter(None, AS_CSV))
"""Endings of what is read."""
COMPRESSED = (".gz", ".zip")


class Named(NamedTuple):
    """A resource, what is known of it and the others of its package, and the file that its schema has of its own."""

    resource: Any
    others: Others
    schema: str = ""


class Faulty(Exception):  # noqa: N818 - it ends the target, not the program
    """A description, or a schema, that is not as the standard has it."""

    def __init__(self, *told: Result) -> None:
        """Keep what is told of it."""
        super().__init__(*told)
        self.told = told


def results(target: str, schema: str | None, *, reference_only: bool, remote: bool) -> Iterator[Result]:
    """Yield what is wrong with each table of `target`; BadTarget where it cannot be looked at at all."""
    with reference.system.use_context(trusted=True):
        try:
            found = named(target, schema, reference_only=reference_only, remote=remote)
        except RecursionError:
            raise BadTarget(f"{target}: its description is nested too deep") from None
        except Faulty as bad:
            yield from bad.told
            return
        for one in found:
            if isinstance(one, Result):
                yield one
                continue
            result = by_reference(one.resource) if reference_only else check(one.resource, others=one.others)
            result.schema = one.schema
            if schema is not None and "://" in target:
                result.place = target  # not the file that was fetched from there
            yield result


def named(target: str, schema: str | None, *, reference_only: bool, remote: bool) -> list[Named | Result]:
    """Return the resources of `target`, or what is wrong with the description of one; Faulty where nothing is judged.

    A table that a package beside it describes is judged by that, with its references to the other tables.
    """
    if links.is_remote(target) and not remote:
        if "://" in target:
            raise BadTarget(f"{target} is on another machine; --allow-remote fetches it")
        there = "is taken for an address, for the colon in its name: rename it"
        raise BadTarget(f"{target} {there}" if Path(target).exists() else f"{target}: there is no such file")
    path = Path(target)
    if not links.is_remote(target) and not path.exists():
        raise BadTarget(f"{target}: there is no such file")
    if path.name in IN_YAML:
        raise BadTarget(
            f"{target}: a package is described in {DESCRIPTOR}, and none is read from YAML: save it as JSON"
        )
    if schema and path.is_dir():
        raise BadTarget(f"{target} is a folder, and --schema is of tables: name the files in it, or leave --schema out")
    path = path / DESCRIPTOR if path.is_dir() else path
    package = None if schema or links.is_remote(target) else package_of(path)
    if package:
        return _described(package, str(package), path, reference_only=reference_only, remote=remote)
    if schema is not None or not (path.suffix == ".json" or links.is_remote(target)):
        return _file(target, schema, reference_only=reference_only, remote=remote)
    if links.is_remote(target):
        if _is_tabular(target):
            raise BadTarget(
                f"{target} is a table: add the --schema that it is judged by, or name the package that has it"
            )
        path = links.fetched(target, links.DESCRIPTOR_BYTES)
    return _described(path, target, None, reference_only=reference_only, remote=remote)


def _is_tabular(address: str) -> bool:
    """Return whether an address is that of a table by its ending."""
    return _ending(Path(urlsplit(address).path)) in READ


def _ending(path: Path) -> str:
    """Return the ending of a file, that of its compression aside."""
    return Path(path.stem if path.suffix.lower() in COMPRESSED else path.name).suffix.lower()


A_SCHEMA = 'an object with fields, as JSON or YAML, such as {"fields": [{"name": "id", "type": "integer"}]}'


def _schema(given: str | None, *, remote: bool) -> dict[str, Any] | None:
    if given is None:
        return None
    path = Path(given)
    if links.is_remote(given):
        if not remote:
            raise BadTarget(f"{given} is on another machine; --allow-remote fetches it")
        path = links.fetched(given, links.DESCRIPTOR_BYTES)
    if not path.is_file():
        raise BadTarget(f"{given}: there is no such file")
    try:
        told = links.read(path, given)
    except BadTarget as bad:
        raise BadTarget(f"{bad}. --schema names a Table Schema: {A_SCHEMA}") from None
    if isinstance(told, dict) and "resources" in told:
        raise BadTarget(f"{given} is a Data Package, and has the schemas of its tables: name it without --schema")
    if not isinstance(told, dict) or "fields" not in told:
        raise BadTarget(f"{given} is no Table Schema: {A_SCHEMA}")
    return told


def _file(target: str, schema: str | None, *, reference_only: bool, remote: bool) -> list[Named | Result]:
    told = _schema(schema, remote=remote)
    path = links.fetched(target, FETCHED_BYTES) if links.is_remote(target) else Path(target)
    descriptor = {"name": _name(path), "path": str(path)} | _format(path, target) | ({"schema": told} if told else {})
    try:
        return [_resource(descriptor, "", reference_only=reference_only)._replace(schema=schema or "")]
    except reference.FrictionlessException as error:
        bad = misdescribed.told(descriptor, "", target, schema or "", None)
        raise Faulty(bad or misdescribed.said(error, target, schema or "")) from None


def _format(path: Path, target: str) -> dict[str, str]:
    """Return the format of a table whose name says none; BadTarget where it is of another kind."""
    ending = _ending(path)
    if ending in TABULAR:
        return {}
    if ending in AS_CSV and path.suffix.lower() != ".zip":
        return {"format": "csv"}
    if path.suffix.lower() == ".zip":
        raise BadTarget(
            f"{target}: what is in it is not known; unpack it, or name it .csv.zip where it is one CSV file"
        )
    known = ", ".join(READ)
    raise BadTarget(f"{target}: no table is read from {ending}, only from {known}; give a CSV file the ending .csv")


def _name(path: Path) -> str:
    kept = "".join(letter if letter.isalnum() else "-" for letter in path.name.split(".")[0].lower())
    return "".join(letter for letter in kept if letter.isascii()).strip("-") or "table"


def _resource(descriptor: dict[str, Any], base: str, *, reference_only: bool) -> Named:
    """Return a resource; FrictionlessException where its description is none."""
    extras = Extras()
    if not reference_only:
        descriptor, extras = beyond.rewritten(descriptor)
    resource = reference.described_resource(descriptor, base)
    return Named(resource, Others({resource.name: extras}))


def _described(
    path: Path, target: str, table: Path | None, *, reference_only: bool, remote: bool
) -> list[Named | Result]:
    """Return the resources of a package or a resource, as its description has them; of a `table` its own."""
    place = target if links.is_remote(target) else str(path)
    told = links.read(path, place)
    if not isinstance(told, dict):
        raise BadTarget(f"{place} is no JSON object that describes data")
    base = target.rpartition("/")[0] if links.is_remote(target) else str(path.parent)
    whole = "resources" in told or (path.name == DESCRIPTOR and not {"path", "data"} & set(told))
    entries = told.get("resources", []) if whole else [told]
    if not isinstance(entries, list):
        raise BadTarget(f"{place}: resources is no list")
    if "resources" in told and not entries:
        raise BadTarget(f"{place}: its list of resources is empty, so that there is no table to judge")
    links.may_be_read([*entries, links.own(told)], path.parent, remote=remote)
    objects = all(isinstance(entry, dict) for entry in entries)
    filled = [links.filled(entry, base) for entry in entries] if objects and not reference_only else entries
    files = [_file_of(entry, base) for entry in entries]
    found: list[Named | Result] = []
    try:
        if whole:
            found += _package(told, filled, base, reference_only=reference_only)
        else:
            found += [_resource(filled[0], base, reference_only=reference_only)]
    except reference.FrictionlessException as error:
        package = told if whole else None
        some = zip(filled, files, strict=True) if objects else ()
        bad = [misdescribed.told(entry, base, place, file, package) for entry, file in some]
        if reference_only or not whole or not any(bad):
            raise Faulty(*(filter(None, bad) if any(bad) else [misdescribed.said(error, place)])) from None
        found = _rest(told, filled, bad, base, place)
    return [
        one._replace(schema=file) if isinstance(one, Named) else one
        for one, entry, file in zip(found, entries, files, strict=True)
        if table is None or refers(entry, path.parent.absolute(), table)
    ]


def _rest(
    told: dict[str, Any], entries: list[dict[str, Any]], bad: list[Result | None], base: str, place: str
) -> list[Named | Result]:
    """Return what is wrong with the bad ones of some resources, in their places among the others.

    Faulty where the package is wrong without them too. No key of the others is looked up in a bad one.
    """
    lost = {str(entry.get("name")) for entry, one in zip(entries, bad, strict=True) if one}
    good = [misdescribed.without_keys(entry, lost) for entry, one in zip(entries, bad, strict=True) if not one]
    try:
        _package(told, [], base, reference_only=False)
        found = _package(told, [entry for entry, _ in good], base, reference_only=False)
    except reference.FrictionlessException as error:
        raise Faulty(misdescribed.said(error, place)) from None
    for one, (_, faults) in zip(found, good, strict=True):
        one.others.extras[one.resource.name].refused += faults
    left = iter(found)
    return [one or next(left) for one in bad]


def _package(told: dict[str, Any], entries: list[Any], base: str, *, reference_only: bool) -> list[Named]:
    """Return the resources of a package; FrictionlessException where its description is none."""
    extras = [Extras() for _ in entries]
    if not reference_only and all(isinstance(entry, dict) for entry in entries):
        rewritten = [beyond.rewritten(entry, told.get("$schema")) for entry in entries]
        entries = [one for one, _ in rewritten]
        extras = [more for _, more in rewritten]
    told = told | ({"resources": entries} if "resources" in told else {})
    package = reference.described_package(told, base)
    others = Others({one.name: more for one, more in zip(package.resources, extras, strict=True)})
    return [Named(one, others) for one in package.resources]


def _file_of(entry: Any, base: str) -> str:
    """Return where the schema of a resource lies that has a file of its own; nothing of another."""
    link = entry.get("schema") if isinstance(entry, dict) else None
    return links.place_of(link, base) if isinstance(link, str) else ""
