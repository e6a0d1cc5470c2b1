"""All that is asked of frictionless 5.21, the reference: how to open a source, to read a cell, to word an error.

Nothing else of the engine knows frictionless.
"""

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from frictionless import Checklist, Detector, Dialect, FrictionlessException, Package, Resource, Schema, helpers, system
from frictionless import errors as reference_errors
from frictionless.formats.csv.control import CsvControl
from frictionless.resources import TableResource
from frictionless.schema import field as field_module

from flows.validate.engine.faults import Fault, RowFaults
from flows.validate.engine.inputs import READERS, NotRead, excel
from flows.validate.engine.patterns import PatternRefused, linear

NO_CAP = 1 << 31
Reader = Callable[[Any], tuple[Any, dict[str, str] | None]]
"""Reads a cell: its value, and what is wrong by the name of the rule."""
PLAIN = {"type", "title", "description", "message", "tags", "note", "fieldName", "fieldNumber", "cell", "label"}
PER_ROW = {"cells", "rowNumber"}


class Key(NamedTuple):
    """A foreign key: positions of the fields, their names, the table they refer to and its fields."""

    positions: tuple[int, ...]
    names: tuple[str, ...]
    table: str
    fields: tuple[str, ...]


class Opened(NamedTuple):
    """A source that frictionless has opened: what it found at the top, and what it expects below."""

    resource: Any
    labels: list[str]
    fields: list[Any]
    """The fields that are expected, in the order of the columns."""
    faults: list[Fault]
    """Errors of the header."""
    unique: tuple[int, ...]
    primary: tuple[int, ...]
    foreign: tuple[Key, ...]
    source: Callable[[], Iterator[list[Any]]] | None = None
    """What yields its rows, the header first, where frictionless has no reader for its format."""

    @property
    def dialect(self) -> Any:
        """The dialect, declared or found."""
        return self.resource.dialect


def opened(resource: Any, *, linear: bool) -> Opened | list[Fault]:
    """Return `resource`, opened without reading what its foreign keys refer to, or why it cannot be opened.

    With `linear`, constraints that frictionless would die of or hang in are taken out, and told among its faults.
    """
    source = _source(resource)
    try:
        keys = resource.schema.foreign_keys if resource.schema else []
        if source:
            resource = _inline(resource, list(islice(source(), SAMPLE)))
        else:
            resource.to_descriptor(validate=True)
            resource = alone(resource)
        taken_out = refused(resource.schema.fields) if linear and resource.schema else []
        resource.open()
        fields = resource.header.get_expected_fields()
    except FrictionlessException as exception:
        return [fault(error) for error in exception.to_errors()]
    except NotRead as error:
        return [Fault("source-error", str(error))]
    except (EOFError, zlib.error) as error:  # of a file of a few bytes; frictionless tells the same of larger ones
        return [Fault("source-error", str(error))]
    places = {field.name: place for place, field in enumerate(fields)}
    unique = tuple(place for place, field in enumerate(fields) if field.constraints.get("unique"))
    return Opened(
        resource,
        list(resource.labels),
        fields,
        taken_out + [fault(error) for error in _first_errors(resource)],
        unique,
        _primary(resource, places),
        tuple(_foreign(key, places) for key in keys if set(key["fields"]) <= set(places)),
        source,
    )


SAMPLE = 101
"""Rows that frictionless is shown of a source that is read here, the header among them."""


def of_rows(name: str, rows: Callable[[], Iterator[list[Any]]], schema: dict[str, Any]) -> Any:
    """Return a resource of rows in memory, the names of the columns first."""
    return TableResource(name=name, data=cast("Any", rows), schema=Schema.from_descriptor(schema))


def _source(resource: Any) -> Callable[[], Iterator[list[Any]]] | None:
    """Return what reads a format that is read here; None for those that frictionless reads."""
    if callable(resource.data):
        return cast("Callable[[], Iterator[list[Any]]]", resource.data)
    read = READERS.get(str(resource.format))
    if read is None or resource.data is not None or resource.scheme != "file" or resource.compression:
        return None
    names, place = resource.schema.field_names if resource.schema else [], Path(resource.normpath)
    if read is excel:
        sheet = _sheet(resource.dialect.to_descriptor())
        return lambda: excel(place, names, sheet)
    return lambda: read(place, names)


def _sheet(dialect: dict[str, Any]) -> str | int:
    """Return the sheet that a dialect names, as the standard or as frictionless has it; else the first."""
    for told in (dialect, dialect.get("excel", {}), dialect.get("ods", {})):
        for name in ("sheet", "sheetName", "sheetNumber"):
            if isinstance(told, dict) and isinstance(told.get(name), str | int):
                return cast("str | int", told[name])
    return 1


def _inline(resource: Any, sample: list[list[Any]]) -> Any:
    """Return a table that frictionless opens in place of a file that it does not read."""
    schema = resource.schema.to_copy() if resource.schema else None
    if schema:
        schema.foreign_keys = []
    dialect = Dialect(header_rows=[1])
    return TableResource(
        name=resource.name, data=sample, schema=schema, dialect=dialect, hash=resource.hash, bytes=resource.bytes,
        rows=resource.rows, fields=resource.fields,
    )  # fmt: skip


def alone(resource: Any) -> Any:
    """Return a copy of `resource` that does not read other tables when it is opened."""
    copy = resource.to_copy()
    if copy.schema:
        copy.schema.foreign_keys = []
    return copy


def _first_errors(resource: Any) -> list[Any]:
    empty = not (resource.labels or resource.fragment)
    first = [reference_errors.SourceError(note="the source is empty")] if empty else []
    return first + list(resource.header.errors)


def _primary(resource: Any, places: dict[str, int]) -> tuple[int, ...]:
    """Return the positions of the primary key, in the order in which frictionless reads them."""
    key = resource.schema.primary_key
    if not key or not set(key) <= set(places):
        return ()
    if resource.dialect.header_case:
        return tuple(places[name] for name in key)
    lower = {name.lower() for name in key}
    return tuple(place for name, place in places.items() if name.lower() in lower)


def _foreign(key: Any, places: dict[str, int]) -> Key:
    names = tuple(key["fields"])
    return Key(
        tuple(places[name] for name in names), names, key["reference"]["resource"], tuple(key["reference"]["fields"])
    )


def fault(error: Any) -> Fault:
    """Return an error of frictionless as a fault."""
    told = error.to_descriptor()
    more = {name: value for name, value in told.items() if name not in PLAIN | PER_ROW}
    return Fault(
        error.type,
        error.note,
        told.get("fieldName", ""),
        told.get("fieldNumber", 0),
        told.get("cell", told.get("label", "")),
        tuple(sorted(more.items())),
    )


def described(one: Fault, row: RowFaults | None = None) -> dict[str, Any]:
    """Return a fault as frictionless writes it into its own report, message and all."""
    kind = _kind(one.type)
    told: dict[str, Any] = dict(one.more)
    properties = _properties(kind)
    if row is not None:
        told |= {"cells": row.cells, "rowNumber": row.row}
    given = {"fieldName": one.field, "fieldNumber": one.number, "cell": one.cell, "label": one.cell}
    told |= {name: value for name, value in given.items() if name in properties}
    told["note"] = one.note
    message = helpers.safe_format(kind.template, dict(told))
    fixed = {"type": kind.type, "title": kind.title, "description": kind.description, "message": message}
    return fixed | {"tags": list(kind.tags)} | told


STANDS_FOR = {
    "cell-error": reference_errors.ConstraintError,
    "constraint-refused": reference_errors.SchemaError,
    "error": reference_errors.Error,
    "reference": reference_errors.Error,
    "unique-key": reference_errors.PrimaryKeyError,
}
"""What stands for errors that frictionless does not know by their names."""


@cache
def _kind(name: str) -> Any:
    """Return the class of an error, the nearest for what frictionless does not know."""
    return STANDS_FOR.get(name) or system.select_error_class(name)


@cache
def _properties(kind: Any) -> frozenset[str]:
    patches = (vars(base).get("metadata_profile_patch", {}) for base in kind.__mro__)
    return frozenset(name for patch in patches for name in patch.get("properties", {}))


def reader(field: Any, *, linear: bool) -> Reader:
    """Return what reads a cell of `field`; with `linear`, patterns run in time that grows with the cell alone."""
    if not linear:
        return cast("Reader", field.create_cell_reader())
    with _linear_patterns():
        read = cast("Reader", field.create_cell_reader())
    return _keeping(read) if field.type == "array" else read


def _keeping(read: Reader) -> Reader:
    """Return what reads as `read` does, and keeps a list as it is: frictionless puts what it has read into it."""
    return lambda cell: read(cell[:] if isinstance(cell, list) else cell)


def refused(fields: list[Any]) -> list[Fault]:
    """Take out of `fields` the constraints that frictionless would die of or hang in, and return what they are."""
    found = []
    for one in fields:
        for name, why in list(_refused(one)):
            found.append(Fault("constraint-refused", f'field "{one.name}", constraint "{name}": {why}', one.name))
            del one.constraints[name]
    return found


def _refused(one: Any) -> Iterator[tuple[str, str]]:
    for name, value in one.constraints.items():
        if name == "pattern" and name in one.supported_constraints:
            try:
                linear(str(value))
            except PatternRefused as error:
                yield name, str(error)
        if name in BOUNDS and name in one.supported_constraints and _unreadable(one, value):
            yield name, f"{value!r} is no {one.type}"


BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def _unreadable(one: Any, value: Any) -> bool:
    try:
        return one.create_value_reader()(value) is None
    except Exception:  # noqa: BLE001 - whatever frictionless dies of
        return True


@contextmanager
def _linear_patterns() -> Iterator[None]:
    """Let frictionless compile patterns, which it wraps in `^` and `$`, into such as run in linear time."""
    own = field_module.re
    field_module.re = SimpleNamespace(compile=lambda pattern: SimpleNamespace(match=linear(pattern[1:-1])))
    try:
        yield
    finally:
        field_module.re = own


def counted(table: Opened) -> tuple[int | None, dict[str, str]]:
    """Return the size and the digests of what frictionless has read; None and nothing of what came packed."""
    stats = table.resource.stats
    return stats.bytes, {"md5": stats.md5, "sha256": stats.sha256}


def last_faults(
    table: Opened, rows: int, size: int | None, hashes: dict[str, str], *, linear: bool = True
) -> list[Fault]:
    """Return what frictionless says at the end: digest, bytes, fields and rows against what is declared.

    With `linear`, nothing is said of the size of what came packed from another machine, which is not known.
    """
    resource, found = table.resource, []
    unknown = linear and resource.remote and size is None

    def differs(kind: Any, expected: Any, actual: Any) -> None:
        if expected != actual:
            found.append(fault(kind(note=f'expected is "{expected}" and actual is "{actual}"')))

    if resource.hash:
        algorithm, expected = helpers.parse_resource_hash_v1(resource.hash)
        if hashes.get(algorithm):
            differs(reference_errors.HashCountError, expected, hashes[algorithm])
    if resource.bytes and not unknown:
        differs(reference_errors.ByteCountError, resource.bytes, size)
    if resource.fields:
        differs(reference_errors.FieldCountError, resource.fields, len(resource.schema.fields))
    if resource.rows:
        differs(reference_errors.RowCountError, resource.rows, rows)
    return found


def algorithm(digest: str) -> str:
    """Return the name of the algorithm of a digest."""
    return str(helpers.parse_resource_hash_v1(digest)[0])


def csv_control(table: Opened) -> Any:
    """Return the settings of a CSV file as Python's csv module takes them."""
    return CsvControl.from_dialect(table.dialect).to_python()


def rows(table: Opened) -> Iterator[tuple[int, list[Any]] | Fault]:
    """Yield each row that frictionless reads, with its number; a fault where it can read no further."""
    if table.source:
        yield from _own_rows(table.source)
        return
    try:
        for number, cells in table.dialect.read_enumerated_content_stream(table.resource.cell_stream):
            yield number, list(cells)
    except FrictionlessException as exception:
        yield fault(exception.error)


def _own_rows(source: Callable[[], Iterator[list[Any]]]) -> Iterator[tuple[int, list[Any]] | Fault]:
    try:
        for number, cells in enumerate(source(), start=1):
            if number > 1:
                yield number, cells
    except NotRead as error:
        yield Fault("source-error", str(error))


def resource(path: Path | str, schema: Any = None, **options: Any) -> Any:
    """Return the resource of a file, with a Table Schema where one is given."""
    given = {"schema": Schema.from_descriptor(schema)} if schema is not None else {}
    return TableResource(path=str(path), basepath=os.path.curdir, **given, **options)


def described_resource(descriptor: dict[str, Any], base: str) -> Any:
    """Return the resource that `descriptor` describes; FrictionlessException where it describes none."""
    _has_its_shape(descriptor)
    return _where_it_is(Resource.from_descriptor(descriptor, basepath=base))


def described_package(descriptor: dict[str, Any], base: str) -> Any:
    """Return the package that `descriptor` describes; FrictionlessException where it describes none."""
    for entry in descriptor["resources"]:
        _has_its_shape(entry)
    package = Package.from_descriptor(descriptor, basepath=base)
    package.to_descriptor(validate=True)
    for one in package.resources:
        _where_it_is(one)
    return package


def _where_it_is(resource: Any) -> Any:
    """Return a resource that is remote where its path is: frictionless looks at the place of its description alone."""
    if resource.path and helpers.is_remote_path(resource.path):
        resource.schema, resource.dialect = resource.schema, resource.dialect  # read from beside the description
        resource.basepath = resource.path.rpartition("/")[0]
    return resource


def _has_its_shape(entry: Any) -> None:
    """Raise FrictionlessException for a schema of a shape that frictionless dies of before it looks at it."""
    schema = entry.get("schema") if isinstance(entry, dict) else None
    for note in _odd(schema) if isinstance(schema, dict) else ():
        raise FrictionlessException(reference_errors.SchemaError(note=note))


def _odd(schema: dict[str, Any]) -> Iterator[str]:
    fields, keys = schema.get("fields"), schema.get("foreignKeys")
    for one in fields if isinstance(fields, list) else ():
        if not isinstance(one, dict):
            yield f"fields: {one!r} is no object with a name"
    if keys and not isinstance(keys, list):
        yield f"foreignKeys: {keys!r} is no list of objects"
    for key in keys if isinstance(keys, list) else ():
        refers = key.get("reference", {}) if isinstance(key, dict) else {}
        if not isinstance(refers, dict):
            yield f"foreignKeys: the reference {refers!r} is no object with a resource and fields"


def retrieved(path: str) -> dict[str, Any]:
    """Return a description that lies in a file of JSON or YAML; FrictionlessException where there is none."""
    return cast("dict[str, Any]", Schema.metadata_retrieve(path))


class Judged(NamedTuple):
    """What frictionless itself says of a table: errors at the top, of rows, at the end, all in order."""

    name: str
    errors: list[tuple[int | None, list[str] | None, Fault]]


def judged(resource: Any) -> list[Judged]:
    """Return what frictionless says of a resource or a package, reading all of it, with no cap on errors."""
    report = resource.validate(Checklist(), limit_errors=NO_CAP)
    whole = [Judged("", [_judged(error) for error in report.errors])] if report.errors else []
    return whole + [Judged(task.name, [_judged(error) for error in task.errors]) for task in report.tasks]


def judged_again(resource: Any) -> list[tuple[int | None, list[str] | None, Fault]]:
    """Return what frictionless itself says of one table, which has been judged here."""
    source = _source(resource)
    try:
        one = _inline(resource, list(source())) if source else resource
    except NotRead as error:
        return [(None, None, Fault("source-error", str(error)))]
    return [error for told in judged(one) for error in told.errors]


def _judged(error: Any) -> tuple[int | None, list[str] | None, Fault]:
    return getattr(error, "row_number", None), getattr(error, "cells", None), fault(error)


__all__ = ["Detector", "FrictionlessException", "Package", "Resource", "Schema", "TableResource", "system"]
