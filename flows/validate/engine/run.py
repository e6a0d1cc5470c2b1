"""A table from end to end: opened by frictionless, screened by columns, explained cell by cell."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from flows.validate.engine import progress, reference, rows
from flows.validate.engine.beyond import Extras
from flows.validate.engine.examples import examples
from flows.validate.engine.faults import Fault, Record
from flows.validate.engine.inputs import FORMATS, NotRead
from flows.validate.engine.lines import Lines
from flows.validate.engine.planning import There, planned, reader, source_of
from flows.validate.engine.reference import Opened
from flows.validate.engine.results import Broken, Others, Result
from flows.validate.engine.rows import Table
from flows.validate.engine.seen import Seen

MANY = 2000
"""Rows in memory from which on screening by columns pays."""
SMALL = 1 << 18
"""Bytes of a file below which reading every cell is faster than to load what screens by columns."""


def check(
    resource: Any,
    *,
    others: Others | None = None,
    linear: bool = True,
    fast: bool | None = None,
) -> Result:
    """Return what is wrong with the table of `resource`.

    `others` remembers, from table to table of one package, what is asked beyond the reference and the keys that are
    referred to. Without `linear`, patterns run in Python's own engine, as frictionless runs them. With `fast` off,
    frictionless reads every cell.
    """
    others = others or Others()
    extras = others.extras.get(resource.name, Extras())
    result = Result(resource.name, place_of(resource), resource.format or "", extras=extras)
    result.warnings += _warnings(resource)
    if not getattr(resource, "tabular", False) and resource.format not in FORMATS:
        return _not_a_table(resource, result, linear=linear)
    table = reference.opened(resource, linear=linear)
    if isinstance(table, list):
        result.first = table
        return result
    result.fields = list(table.resource.schema.field_names)
    result.names, result.labels = [one.name for one in table.fields], table.labels
    result.lines = Lines(table, resource)
    result.key = [result.names[place] for place in table.primary]
    table.faults[:0] = result.extras.refused + _without_fields(result.extras, result.names)
    digest = Digest(resource, table.file or (None if resource.remote else resource.normpath))
    try:
        fast = _large(table, resource) if fast is None else fast
        _judge(table, resource, result, others, linear=linear, fast=fast)
    except Broken as broken:
        return Result(result.name, result.place, first=broken.faults, warnings=result.warnings)
    finally:
        table.resource.close()
    result.first = table.faults
    result.bytes, hashes = digest.wait() if table.file or not resource.remote else reference.counted(table)
    result.last += reference.last_faults(table, result.rows, result.bytes, hashes, linear=linear)
    if result.log.count:
        reads = {one.name: reader(one, result.extras, linear=True) for one in table.fields}
        result.examples = {one.name: examples(one, reads[one.name]) for one in table.fields}
    return result


def _without_fields(extras: Extras, names: list[str]) -> list[Fault]:
    """Take out of `extras` the unique keys of fields that are not among `names`, and return what they are."""
    odd = [key for key in extras.keys if not set(key) <= set(names)]
    extras.keys = [key for key in extras.keys if key not in odd]
    return [
        Fault("constraint-refused", f"uniqueKeys: the table has no field {missing!r}", ", ".join(key))
        for key in odd
        for missing in key
        if missing not in names
    ]


def place_of(resource: Any) -> str:
    """Return where a table, or its first part, lies, seen from where one stands, so that it can be found and marked."""
    if not (resource.path and resource.normpath):
        return str(resource.place)
    return str(resource.normpath if resource.remote else Path(resource.normpath))


def _not_a_table(resource: Any, result: Result, *, linear: bool) -> Result:
    """Return what frictionless says of a file that is no table: its digest and its size; beyond it, of its schema."""
    for judged in reference.judged(resource):
        result.first += [one for _, _, one in judged.errors]
    if linear and resource.schema.fields:
        form = f'the format "{resource.format}"' if resource.format else "a file without an ending"
        note = f'its schema is not asked, for no table is read from {form}: state "format": "csv" if it is CSV'
        result.first.append(Fault("resource-error", f"{note}, or remove the schema"))
    result.handed.files.append("it is no table")
    return result


def _large(table: Opened, resource: Any) -> bool:
    """Return whether a table, or one that it refers to, is larger than is read row by row."""
    own = _many(table.source) if table.source and not table.resource.path else _large_file(table.resource)
    return own or any(_large_file(source_of(key, resource)) for key in table.foreign)


def _many(source: Callable[[], Iterator[list[Any]]]) -> bool:
    with suppress(NotRead):
        return sum(1 for _ in islice(source(), MANY)) == MANY
    return False


def _large_file(resource: Any) -> bool:
    path = resource.normpath
    return bool(path) and not resource.remote and Path(path).is_file() and Path(path).stat().st_size > SMALL


def _judge(  # noqa: PLR0913 - what a table is judged by
    table: Opened, resource: Any, result: Result, others: Others, *, linear: bool, fast: bool
) -> None:
    """Put what is wrong with the rows into `result`: by columns where that can be, else row by row."""
    if fast:
        from flows.validate.engine import columns  # noqa: PLC0415 - a small file does not pay for Arrow

        why = columns.judge(table, resource, result, others, linear=linear)
        if why is None:
            return
        result.handed.files.append(why)
    foreign = _lookups(table, resource, others, linear=linear)
    _read_whole(table, planned(table, foreign, result.extras, linear=linear), result)


def _warnings(resource: Any) -> list[str]:
    algorithm = reference.algorithm(resource.hash) if resource.hash else "md5"
    return [] if algorithm in ("md5", "sha256") else ["hash is ignored; supported algorithms: md5/sha256"]


def _read_whole(table: Opened, plan: Table, result: Result) -> None:
    """Read every row as frictionless reads it."""
    result.log.extend(_bad(table, plan, result))


def _bad(table: Opened, plan: Table, result: Result) -> Iterator[Record]:
    """Yield the rows in which something is wrong; where no further can be read, that is among the last errors."""
    seen = rows.memory(plan)
    for row in reference.rows(table):
        if isinstance(row, Fault):
            result.last.append(row)
            break
        number, cells = row
        result.rows += 1
        progress.rows(result.name, result.rows)
        faults = rows.judged(plan, rows.Suspect(number, cells), seen)
        if faults:
            yield rows.recorded(number, cells, faults)


class Digest:
    """The size and digests of a file, counted on another thread where they are declared."""

    def __init__(self, resource: Any, path: Path | str | None) -> None:
        """Begin to count the bytes of the file at `path`, if there is one."""
        self.path = path
        self.found: tuple[int | None, dict[str, str]] = (None, {})
        wanted = path and (resource.hash or resource.bytes)
        self.thread = threading.Thread(target=self._count, daemon=True) if wanted else None
        if self.thread:
            self.thread.start()

    def _count(self) -> None:
        digests = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
        size = 0
        with Path(self.path or "").open("rb") as file:
            while block := file.read(1 << 20):
                size += len(block)
                for one in digests.values():
                    one.update(block)
        self.found = size, {name: one.hexdigest() for name, one in digests.items()}

    def wait(self) -> tuple[int | None, dict[str, str]]:
        """Return the size and the digests."""
        if self.thread:
            self.thread.join()
        return self.found


def _lookups(table: Opened, resource: Any, others: Others, *, linear: bool) -> Iterator[tuple[reference.Key, There]]:
    """Yield each foreign key with what says whether a key is there."""
    for key in table.foreign:
        name = (key.table or resource.name, key.fields)
        if name not in others.keys:
            extras = others.extras.get(name[0], Extras())
            others.keys[name] = _keys(source_of(key, resource), key.fields, extras, linear=linear)
        yield key, others.keys[name].__contains__


def _keys(source: Any, fields: tuple[str, ...], extras: Extras, *, linear: bool) -> Seen:
    table = reference.opened(source, linear=linear)
    if isinstance(table, list):
        raise Broken(table)
    places = {one.name: place for place, one in enumerate(table.fields)}
    wanted = [places.get(name) for name in fields]
    readers = [None if place is None else reader(table.fields[place], extras, linear=linear) for place in wanted]
    found = Seen()
    for row in reference.rows(table):
        if isinstance(row, Fault):
            raise Broken([row])
        values = tuple(_value(row[1], place, read) for place, read in zip(wanted, readers, strict=True))
        if not all(value is None for value in values):
            found.last(values, row[0])
    table.resource.close()
    return found


def _value(cells: list[Any], place: int | None, read: reference.Reader | None) -> Any:
    if place is None or read is None:
        return None
    return read(cells[place] if place < len(cells) else None)[0]
