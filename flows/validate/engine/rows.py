"""The errors of one row, in the order in which frictionless finds them.

The order is that of its reading: unique fields first, then the primary key, then foreign keys, each read when it is
first asked for, then the rest from left to right. As soon as a key is found broken, all that is left is read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from flows.validate.engine.faults import Fault, Record, Told
from flows.validate.engine.reference import Key, Reader
from flows.validate.engine.seen import Seen

Notes = Mapping[str, str]
Known = dict[int, tuple[Notes, Any]]
"""By its place, what is wrong with a bad cell, and the cell."""
Value = Callable[[int], Any]
"""Returns the value of the cell at a place."""
GOOD = object()
"""The value of a cell that a mask has proven good, which nobody has read."""


class Table(NamedTuple):
    """What a row is read by."""

    names: list[str]
    readers: list[Reader]
    missing: list[frozenset[str]]
    unique: tuple[int, ...]
    primary: tuple[int, ...]
    foreign: tuple[tuple[Key, Callable[[tuple[Any, ...]], bool]], ...]
    """Each foreign key, and what says whether a key is there."""
    also: tuple[tuple[int, ...], ...]
    """Further keys that have to be met once, where all their fields have a value."""
    once: frozenset[int]
    """The positions of the fields that are part of a key to be met once."""
    keys: frozenset[int]
    """The positions of the fields that are part of any key."""


class Memory(NamedTuple):
    """The last row of each key that was seen."""

    unique: dict[int, Seen]
    primary: Seen
    also: list[Seen]


def memory(table: Table) -> Memory:
    """Return a memory of nothing."""
    return Memory({place: Seen() for place in table.unique}, Seen(), [Seen() for _ in table.also])


class Suspect(NamedTuple):
    """A row that is to be judged."""

    number: int
    cells: list[Any]
    known: dict[int, Notes] | None = None
    """What is wrong with each bad cell, where the others are proven good; None where no cell was looked at."""
    lost: tuple[int, ...] | None = None
    """Which foreign keys are known to lead nowhere; None where that is not known."""


def judged(table: Table, suspect: Suspect, seen: Memory | None) -> list[Fault]:
    """Return the errors of a row, in frictionless's order; without `seen`, its keys are known to be met once."""
    row = _Row(table, suspect, seen)
    broken = []
    for error in _of_keys(table, suspect, seen, row.value):
        row.errors()
        broken.append(error)
    return [*row.errors(), *broken, *_of_unique_keys(table, suspect, seen, row.value)]


def of_keys(table: Table, suspect: Suspect, seen: Memory | None) -> list[Fault]:
    """Return the errors of the keys of a row that has all its cells, those of its keys good, and a primary key.

    Only the cells whose values are told or compared are read.
    """
    wanted = _wanted(table, suspect, seen)

    def value(place: int) -> Any:
        return table.readers[place](suspect.cells[place])[0] if place in wanted else GOOD

    return [*_of_keys(table, suspect, seen, value), *_of_unique_keys(table, suspect, seen, value)]


def _of_keys(table: Table, suspect: Suspect, seen: Memory | None, value: Value) -> Iterator[Fault]:
    """Yield what is wrong with keys, in the order in which frictionless asks for the values of their cells."""
    for place in table.unique:
        alone = value(place)
        if alone is not None and seen and (last := seen.unique[place].last(alone, suspect.number)):
            yield Fault("unique-error", _as_in(last), table.names[place], place + 1, str(alone))
    if table.primary:
        values = tuple(map(value, table.primary))
        if all(one is None for one in values):
            yield Fault("primary-key", 'cells composing the primary keys are all "None"')
        elif seen and (last := seen.primary.last(values, suspect.number)):
            yield Fault("primary-key", _as_in(last))
    for order, (key, there) in enumerate(table.foreign):
        values = tuple(map(value, key.positions))
        if all(one is None for one in values):
            continue
        if order in suspect.lost if suspect.lost is not None else not there(values):
            yield _lost(key, values)


def _of_unique_keys(table: Table, suspect: Suspect, seen: Memory | None, value: Value) -> Iterator[Fault]:
    """Yield which keys that frictionless does not know were met before."""
    for places, met in zip(table.also, seen.also if seen else (), strict=False):
        values = tuple(map(value, places))
        if not any(one is None for one in values) and (last := met.last(values, suspect.number)):
            yield Fault("unique-key", _as_in(last), ", ".join(table.names[one] for one in places))


def _as_in(last: int) -> str:
    return f"the same as in the row at position {last}"


def _lost(key: Key, values: tuple[Any, ...]) -> Fault:
    """Return that what a foreign key refers to is not there."""
    note = (
        f'for "{", ".join(key.names)}": values "{", ".join(map(str, values))}" not found in the lookup table '
        f'"{key.table}" as "{", ".join(key.fields)}"'
    )
    more = {
        "fieldCells": ["" if value is None else str(value) for value in values],
        "fieldNames": list(key.names),
        "referenceFieldNames": list(key.fields),
        "referenceName": key.table,
    }
    return Fault("foreign-key", note, more=tuple(sorted(more.items())))


def _wanted(table: Table, suspect: Suspect, seen: Memory | None) -> frozenset[int]:
    """Return the fields whose values are wanted: of foreign keys that lead nowhere, and of keys to be met once."""
    once = table.once if seen else frozenset()
    return once.union(*(table.foreign[order][0].positions for order in suspect.lost or ()))


def is_missing(texts: frozenset[str], cell: Any) -> bool:
    """Return whether a cell stands for no value."""
    return cell is None or (cell if type(cell) is str else str(cell)) in texts


def of_cells(table: Table, known: Known) -> list[Told]:
    """Return the errors of a row of which nothing is wrong but the cells that are `known`, none of them in a key."""
    return [
        (KIND.get(rule, CONSTRAINT), note, table.names[place], place + 1, str(cell), ())
        for place, (notes, cell) in known.items()
        for rule, note in (notes.items() if len(notes) == 1 else sorted(notes.items(), key=_type_first))
    ]


KIND, CONSTRAINT = {"type": "type-error", "cell": "cell-error"}, "constraint-error"


def _type_first(entry: tuple[str, str]) -> bool:
    return entry[0] != "type"


class _Row:
    """A row while it is read."""

    def __init__(self, table: Table, suspect: Suspect, seen: Memory | None) -> None:
        self.table, self.cells, self.known = table, suspect.cells, suspect.known
        self.wanted = table.keys if suspect.lost is None else _wanted(table, suspect, seen)
        self.values: dict[int, Any] = {}
        self.found: list[Fault] = []
        self.blanks = 0
        self.done = False

    def value(self, place: int) -> Any:
        """Return the value of a cell, reading it if nobody has."""
        if place not in self.values:
            self._read(place)
        return self.values[place]

    def _read(self, place: int) -> None:
        source = self.cells[place] if place < len(self.cells) else None
        if self.known is None or place in self.wanted:
            value, notes = self.table.readers[place](source)
        else:
            notes = dict(self.known[place]) if place in self.known else None
            value = (
                None
                if is_missing(self.table.missing[place], source) or (notes and not KIND.keys().isdisjoint(notes))
                else GOOD
            )
        self.values[place] = value
        if notes:
            self._note(place, source, notes)
        if value is None and (not notes or KIND.keys().isdisjoint(notes)):
            self.blanks += 1

    def _note(self, place: int, source: Any, notes: Notes) -> None:
        for rule, note in sorted(notes.items(), key=_type_first):
            kind = KIND.get(rule, CONSTRAINT)
            self.found.append(Fault(kind, note, self.table.names[place], place + 1, str(source)))

    def errors(self) -> list[Fault]:
        """Return the errors of the cells, all of them read."""
        if not self.done:
            self.done = True
            for place in self._unread():
                self.value(place)
            if self.blanks == len(self.table.names):
                self.found = [Fault("blank-row", "")]
            else:
                self.found += _ragged(self.table.names, self.cells)
        return self.found

    def _unread(self) -> Iterable[int]:
        """Return the cells that are to be read: all, or the bad ones where some other has a value."""
        everything = range(len(self.table.names))
        if self.known is None or all(map(is_missing, self.table.missing, self.cells)):
            return everything
        return sorted(self.known)


def _ragged(names: list[str], cells: list[Any]) -> Iterable[Fault]:
    width = len(names)
    for number, cell in enumerate(cells[width:], start=width + 1):
        yield Fault("extra-cell", "", "", number, str(cell))
    for number, name in enumerate(names[len(cells) :], start=len(cells) + 1):
        yield Fault("missing-cell", "", name, number, "")


def recorded(number: int, cells: list[Any], faults: list[Fault]) -> Record:
    """Return a row with its errors as they are kept."""
    return number, texts(cells), [tuple(one) for one in faults]


def texts(cells: list[Any]) -> list[str]:
    """Return the cells of a row as text."""
    return [cell if type(cell) is str else "" if cell is None else str(cell) for cell in cells]
