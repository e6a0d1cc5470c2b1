"""What can be judged by columns, and how: the form of a file, a lane for each field, the keys that it refers to."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa

from flows.validate.engine import delimited, lanes, progress, reference, references, screen, typed
from flows.validate.engine.beyond import Extras
from flows.validate.engine.blocks import Block
from flows.validate.engine.delimited import Form, Piece, Unreadable
from flows.validate.engine.digests import Digests
from flows.validate.engine.inputs import NotRead
from flows.validate.engine.lanes import Lane
from flows.validate.engine.parts import Exact, Plan, exact
from flows.validate.engine.planning import missing_values, planned, reader, source_of
from flows.validate.engine.reference import Key, Opened, Reader
from flows.validate.engine.references import Inexact, Known
from flows.validate.engine.results import Broken, Handed, Others, Result
from flows.validate.engine.screen import Source


def judge(table: Opened, resource: Any, result: Result, others: Others, *, linear: bool) -> str | None:
    """Put what is wrong with the rows of `table` into `result`; return why, where that cannot be done by columns."""
    why = _refused(table)
    if why:
        return why
    try:
        foreign = list(_foreign(table, resource, others, linear=linear))
        referred = _referred(table, resource, others)
        plan = _plan(table, foreign, referred, result.extras, linear=linear)
        outcome = screen.screened(_source(table, result.extras.groups), plan)
    except Unreadable:
        return "it is not text in its encoding, or not of records that can be told apart"
    except (Inexact, NotRead) as why_not:
        return str(why_not)
    result.log, result.rows = outcome.log, outcome.rows
    _tell(result.handed, plan, outcome.read)
    for fields, keys in zip(referred, outcome.referred, strict=True):
        with suppress(Inexact):
            if keys:
                others.columns[resource.name, fields] = keys.known()
    return None


def _referred(table: Opened, resource: Any, others: Others) -> list[tuple[str, ...]]:
    """Return the fields of the keys that other tables of the package refer to, and that are not known yet."""
    tables = resource.package.resources if resource.package else []
    keys = [key["reference"] for one in tables if one.schema for key in one.schema.foreign_keys]
    found = {tuple(key["fields"]): None for key in keys if key["resource"] == resource.name}
    names = {one.name for one in table.fields}
    return [fields for fields in found if set(fields) <= names and (resource.name, fields) not in others.columns]


def _tell(handed: Handed, plan: Plan, read: int) -> None:
    handed.rows = read
    for lane in plan.lanes:
        if lane.mask is None:
            handed.columns[lane.field.name] = f"{lane.field.type}/{lane.field.format} has no mask for what it asks"


def _refused(table: Opened) -> str | None:
    """Return why a source cannot be read in blocks, if so."""
    one, dialect = table.resource, table.dialect
    if dialect.comment_char or dialect.comment_rows or dialect.skip_blank_rows:
        return "its dialect leaves rows out"
    if not all(isinstance(row, int) for row in dialect.header_rows):
        return "its header rows are no whole numbers"
    if table.source:
        own = [missing_values(field) == [""] for field in table.fields]
        return None if own and all(own) else "it has values of its own for what is missing"
    if one.format not in ("csv", "tsv") or one.scheme != "file" or one.compression or one.extrapaths:
        return f"a source of format {one.format} is read row by row"
    return None if table.fields else "it has no fields"


def _source(table: Opened, groups: Collection[str]) -> Source:
    """Return the records of a table; `groups` are its fields whose digits a letter groups, by the standard alone."""
    first = table.dialect.create_first_content_row()
    if table.source:
        kinds = [{str, typed.NOTHING} if one.name in groups else typed.plain(one) for one in table.fields]
        rows = table.source
        return Source(lambda: nullcontext(typed.pieces(rows)), partial(typed.read, kinds), typed.taken, first)
    form = _form(table)
    return Source(partial(_text, table, form), partial(delimited.read, form), partial(delimited.taken, form), first)


@contextmanager
def _text(table: Opened, form: Form) -> Iterator[Iterator[Piece]]:
    """Open a file of delimited records."""
    path = Path(table.resource.normpath)
    with path.open("rb") as file:
        told = progress.watched(file, path.name, path.stat().st_size)
        yield delimited.pieces(told, table.resource.encoding, form)


def _empty_is_missing(table: Opened) -> bool:
    return all("" in missing_values(one) for one in table.fields)


def _form(table: Opened) -> Form:
    empty = _empty_is_missing(table)
    return Form(reference.csv_control(table), len(table.fields), empty, table.resource.format != "csv")


def _plan(
    table: Opened,
    foreign: list[tuple[Key, Known | Digests]],
    referred: list[tuple[str, ...]],
    extras: Extras,
    *,
    linear: bool,
) -> Plan:
    plan = planned(table, ((key, references.there(known)) for key, known in foreign), extras, linear=linear)
    plan = plan._replace(readers=[_one_at_a_time(read) for read in plan.readers])
    places = {one.name: place for place, one in enumerate(table.fields)}
    keys = tuple(tuple(places[name] for name in fields) for fields in referred)
    asked = plan.keys.union(*keys)
    found = [_lane(table, place, read, extras, key=place in asked) for place, read in enumerate(plan.readers)]
    return Plan(plan, found, tuple(references.lost(known, key.positions) for key, known in foreign), keys)


def _lane(table: Opened, place: int, read: Reader, extras: Extras, *, key: bool) -> Lane:
    one = table.fields[place]
    plain = one.name not in extras.asks and one.name not in extras.groups
    missing, empty = frozenset(missing_values(one)), _empty_is_missing(table)
    return Lane(one, read, missing, empty_is_missing=empty, key=key, plain=plain)


def _one_at_a_time(read: Reader) -> Reader:
    """Return a reader that many threads may call: that of a format may keep its place between calls."""
    lock = Lock()

    def locked(cell: Any) -> tuple[Any, dict[str, str] | None]:
        with lock:
            return read(cell)

    return locked


def _foreign(table: Opened, resource: Any, others: Others, *, linear: bool) -> Iterator[tuple[Key, Known | Digests]]:
    """Yield each foreign key with the keys that it refers to."""
    read = others.columns
    for key in table.foreign:
        name = (key.table or resource.name, key.fields)
        if name not in read:
            extras = others.extras.get(name[0], Extras())
            read[name] = _known(source_of(key, resource), key.fields, extras, linear=linear)
        _comparable(table, key, read[name])
        yield key, read[name]


def _comparable(table: Opened, key: Key, known: Known | Digests) -> None:
    for place, kind in zip(key.positions, known.kinds, strict=True):
        whole = table.fields[place].type in ("integer", "year")
        if whole != pa.types.is_int64(kind) or table.fields[place].type not in lanes.EXACT:
            raise Inexact(f"the foreign key {', '.join(key.names)} is not of whole numbers or texts on both sides")


def _known(source: Any, fields: tuple[str, ...], extras: Extras, *, linear: bool) -> Known | Digests:
    """Return the keys of a table that another refers to."""
    table = reference.opened(source, linear=linear)
    if isinstance(table, list):
        raise Broken(table)
    try:
        return _keys(table, fields, extras, linear=linear)
    finally:
        table.resource.close()


def _keys(table: Opened, fields: tuple[str, ...], extras: Extras, *, linear: bool) -> Known | Digests:
    why = _refused(table)
    places = {one.name: place for place, one in enumerate(table.fields)}
    if why or not set(fields) <= set(places):
        raise Inexact(f"the table that is referred to: {why or 'it has not the fields'}")
    wanted = [
        (place, _lane(table, place, reader(table.fields[place], extras, linear=linear), extras, key=True))
        for place in (places[name] for name in fields)
    ]
    gathered = references.Gathered()
    source = _source(table, extras.groups)
    with source.pieces() as pieces:
        above = source.first - 1
        for piece in pieces:
            for columns in _of_block(source.read(piece, above), wanted, above):
                gathered.add(columns)
            above = 0
    return gathered.known()


def _of_block(block: Block, wanted: list[tuple[int, Lane]], above: int) -> Exact:
    """Return the values of a key in a block; Inexact where they are no whole numbers or texts."""
    skipped = max(above - sum(place < above for place, _ in block.ragged), 0)
    screened = [lane.screened(block.columns[place].slice(skipped)) for place, lane in wanted]
    return exact(wanted, screened, [row for place, row in block.ragged if place >= above])
