"""A source as frictionless opens it: its header, its fields, its keys, its rows."""

import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

from frictionless import Dialect, FrictionlessException, Schema, helpers
from frictionless import errors as reference_errors
from frictionless.formats.csv.control import CsvControl
from frictionless.resources import TableResource

from flows.validate.engine import inputs
from flows.validate.engine.faults import Fault
from flows.validate.engine.fetching import FETCHED_BYTES, NotFetched, fetched
from flows.validate.engine.inputs import NotRead
from flows.validate.engine.reference.reading import refused
from flows.validate.engine.reference.wording import died, fault

Own = Callable[[], Iterator[list[Any]]]
"""Yields the rows of a source, the header among them."""


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
    source: Own | None = None
    """What yields its rows, the header among them, where frictionless has no reader for its format."""
    file: Path | None = None
    """The file that these are read from: what was fetched, of one that lies on another machine."""

    @property
    def dialect(self) -> Any:
        """The dialect, declared or found."""
        return self.resource.dialect


def opened(resource: Any, *, linear: bool) -> Opened | list[Fault]:
    """Return `resource`, opened without reading what its foreign keys refer to, or why it cannot be opened.

    With `linear`, constraints that frictionless would die of or hang in are taken out, and told among its faults.
    """
    try:
        source, file = own(resource)
        if source is None and not getattr(resource, "tabular", False):
            return [Fault("resource-error", f'"{resource.name}" is no table, and keys are of tables alone')]
        keys = resource.schema.foreign_keys if resource.schema else []
        if source:
            resource = inline(resource, list(islice(source(), SAMPLE)))
        else:
            resource.to_descriptor(validate=True)
            resource = alone(resource)
        taken_out = refused(resource.schema.fields) if linear and resource.schema else []
        resource.open()
        fields = resource.header.get_expected_fields()
    except FrictionlessException as exception:
        return [fault(error) for error in exception.to_errors()]
    except (NotRead, NotFetched, EOFError, zlib.error) as error:  # the last two of a packed file of a few bytes
        return [Fault("source-error", str(error))]
    except Exception as error:  # noqa: BLE001 - whatever frictionless dies of
        return [Fault("error", f"{died('open it', error)}. Look at its dialect, its encoding and its schema")]
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
        file,
    )


SAMPLE = 101
"""Rows that frictionless is shown of a source that is read here, the header among them."""


def of_rows(name: str, rows: Callable[[], Iterator[list[Any]]], schema: dict[str, Any]) -> Any:
    """Return a resource of rows in memory, the names of the columns first."""
    return TableResource(name=name, data=cast("Any", rows), schema=Schema.from_descriptor(schema))


def own(resource: Any) -> tuple[Own | None, Path | None]:
    """Return what reads a format that is read here, with the file that it reads; None for what frictionless reads.

    NotRead where it is packed or in parts, NotFetched where it cannot be had from another machine, and
    FrictionlessException where its dialect asks for a way of reading that is not known here.
    """
    if callable(resource.data):
        return cast("Own", resource.data), None
    form = str(resource.format)
    if form not in inputs.FORMATS or resource.data is not None:
        return None, None
    if resource.scheme not in HERE or resource.compression:
        raise NotRead(f"a table of {form} is read from one file that is not packed, here or at an address of http")
    dialect = resource.dialect.to_descriptor()
    _is_known(form, dialect)
    remote = helpers.is_remote_path(resource.normpath)
    file = fetched(resource.normpath, FETCHED_BYTES) if remote else Path(resource.normpath)
    if form in inputs.WORKBOOKS:
        filled = form != "ods" and bool(_control(dialect, "excel").get("fillMergedCells"))
        cells = cache(partial(inputs.sheet, file, _sheet(dialect), filled=filled))
        return lambda: inputs.excel(cells(), days=form == "ods"), file
    names = resource.schema.field_names if resource.schema else []
    return partial(inputs.READERS[form], file, names), file


HERE = ("file", "http", "https")
"""Schemes of what is read here: those of files, and those that are fetched."""
NOT_KNOWN = {
    "xlsx": ("excel", ("preserveFormatting", "stringified")),
    "parquet": ("parquet", ("columns", "filters")),
    "jsonl": ("json", ("keys",)),
    "ndjson": ("json", ("keys",)),
}
"""By format, ways of reading of frictionless's own that are not known here, and where a dialect has them."""


def _is_known(form: str, dialect: dict[str, Any]) -> None:
    """Raise FrictionlessException for a dialect that asks for a way of reading that is not known here."""
    place, names = NOT_KNOWN.get(form, ("", ()))
    for name in names:
        if _control(dialect, place).get(name):
            note = f'"{place}": its "{name}" is not known here, and a table that is read in another way is not judged'
            raise FrictionlessException(reference_errors.DialectError(note=note))


def _sheet(dialect: dict[str, Any]) -> str | int:
    """Return the sheet that a dialect names, as the standard or as frictionless has it; else the first."""
    for told in (dialect, _control(dialect, "excel"), _control(dialect, "ods")):
        for name in ("sheet", "sheetName", "sheetNumber"):
            if isinstance(told.get(name), str | int):
                return cast("str | int", told[name])
    return 1


def _control(dialect: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what a dialect says of one format alone."""
    told = dialect.get(name)
    return told if isinstance(told, dict) else {}


def inline(resource: Any, sample: list[list[Any]]) -> Any:
    """Return a table that frictionless opens in place of a file that it does not read, with rows of that."""
    schema = resource.schema.to_copy() if resource.schema else None
    if schema:
        schema.foreign_keys = []
    return TableResource(
        name=resource.name, data=sample or [[]], schema=schema, dialect=_dialect(resource, sample), hash=resource.hash,
        bytes=resource.bytes, rows=resource.rows, fields=resource.fields,
    )  # fmt: skip


OF_ROWS = ("header", "headerRows", "headerJoin", "headerCase", "commentChar", "commentRows", "skipBlankRows")
"""What a dialect says of rows, however a file is written."""


def _dialect(resource: Any, sample: list[list[Any]]) -> Any:
    """Return what the dialect of a resource says of rows; of the header too: else it is the first that is no comment.

    Frictionless looks for a header as wide as most rows, and those of JSON Lines that are read here may be wider.
    """
    told = {name: value for name, value in resource.dialect.to_descriptor().items() if name in OF_ROWS}
    dialect = Dialect.from_descriptor(told) if sample else Dialect()
    if not {"header", "headerRows"} & set(told):
        kept = dialect.create_comment_filter() or (lambda _, __: True)
        shown = enumerate(sample[: SAMPLE - 1], start=1)
        dialect.header_rows = [next((number for number, row in shown if kept(number, row)), 1)]
    return dialect


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


def csv_control(table: Opened) -> Any:
    """Return the settings of a CSV file as Python's csv module takes them."""
    return CsvControl.from_dialect(table.dialect).to_python()


def rows(table: Opened) -> Iterator[tuple[int, list[Any]] | Fault]:
    """Yield each row that frictionless reads, with its number; a fault where it can read no further."""
    try:
        stream = table.source() if table.source else table.resource.cell_stream
        for number, cells in table.dialect.read_enumerated_content_stream(stream):
            yield number, list(cells)
    except FrictionlessException as exception:
        yield fault(exception.error)
    except NotRead as error:
        yield Fault("source-error", str(error))
