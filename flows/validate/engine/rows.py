"""The errors of one row, in the order in which frictionless finds them.

The order is that of its reading: unique fields first, then the primary key, then foreign keys, each read when it is
first asked for, then the rest from left to right. As soon as a key is found broken, all that is left is read.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from flows.validate.engine.faults import Fault, RowFaults
from flows.validate.engine.reference import Key, Reader
from flows.validate.engine.seen import Seen

Notes = Mapping[str, str]
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
    keys: frozenset[int]
    """The positions of the fields that are part of a key."""
    also: tuple[tuple[int, ...], ...] = ()
    """Further keys that have to be met once, where all their fields have a value."""


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


def judged(table: Table, suspect: Suspect, seen: Memory | None) -> list[Fault]:  # noqa: C901 - a key after the other
    """Return the errors of a row, in frictionless's order; without `seen`, its keys are known to be met once."""
    row = _Row(table, suspect, seen)
    for place in table.unique:
        value = row.value(place)
        if value is not None and seen:
            row.repeated(seen.unique[place].last(value, suspect.number), place, value)
    if table.primary:
        values = tuple(row.value(place) for place in table.primary)
        if all(value is None for value in values):
            row.late('cells composing the primary keys are all "None"')
        elif seen:
            row.repeated(seen.primary.last(values, suspect.number))
    for order, (key, there) in enumerate(table.foreign):
        values = tuple(row.value(place) for place in key.positions)
        if all(value is None for value in values):
            continue
        if order in suspect.lost if suspect.lost is not None else not there(values):
            row.lost(key, values)
    found = row.errors()
    for order, places in enumerate(table.also if seen else ()):
        values = tuple(row.value(place) for place in places)
        if seen and not any(value is None for value in values):
            row.repeated(seen.also[order].last(values, suspect.number), key=places)
    return [*found, *row.of_keys]


def is_missing(texts: frozenset[str], cell: Any) -> bool:
    """Return whether a cell stands for no value."""
    return cell is None or (cell if type(cell) is str else str(cell)) in texts


def of_cells(table: Table, cells: list[Any], known: dict[int, Notes]) -> list[Fault]:
    """Return the errors of a row of which nothing is wrong but the cells that are `known`, none of them in a key."""
    return [
        Fault(KIND.get(rule, CONSTRAINT), note, table.names[place], place + 1, str(cells[place]))
        for place, notes in known.items()
        for rule, note in (notes.items() if len(notes) == 1 else sorted(notes.items(), key=_type_first))
    ]


KIND, CONSTRAINT = {"type": "type-error", "cell": "cell-error"}, "constraint-error"


def _type_first(entry: tuple[str, str]) -> bool:
    return entry[0] != "type"


class _Row:
    """A row while it is read."""

    def __init__(self, table: Table, suspect: Suspect, seen: Memory | None) -> None:
        self.table, self.cells, self.known = table, suspect.cells, suspect.known
        self.wanted = table.keys if suspect.lost is None else _told(table, suspect.lost, once=seen is not None)
        self.values: dict[int, Any] = {}
        self.found: list[Fault] = []
        self.of_keys: list[Fault] = []
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

    def late(self, note: str) -> None:
        """Add an error of the primary key."""
        self.errors()
        self.of_keys.append(Fault("primary-key", note))

    def repeated(
        self, last: int | None, place: int | None = None, value: Any = None, key: tuple[int, ...] = ()
    ) -> None:
        """Add that a key was seen before, in row `last`: of the unique field at `place`, a unique key, the primary."""
        if last is None:
            return
        self.errors()
        note = f"the same as in the row at position {last}"
        if key:
            names = ", ".join(self.table.names[one] for one in key)
            self.of_keys.append(Fault("unique-key", note, names))
        elif place is None:
            self.of_keys.append(Fault("primary-key", note))
        else:
            self.of_keys.append(Fault("unique-error", note, self.table.names[place], place + 1, str(value)))

    def lost(self, key: Key, values: tuple[Any, ...]) -> None:
        """Add that what a foreign key refers to is not there."""
        self.errors()
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
        self.of_keys.append(Fault("foreign-key", note, more=tuple(sorted(more.items()))))


def _told(table: Table, lost: tuple[int, ...], *, once: bool) -> frozenset[int]:
    """Return the fields whose values are told: of foreign keys that lead nowhere, and of keys to be met once."""
    found = [place for order in lost for place in table.foreign[order][0].positions]
    if once:
        found += [*table.unique, *table.primary, *(place for key in table.also for place in key)]
    return frozenset(found)


def _ragged(names: list[str], cells: list[Any]) -> Iterable[Fault]:
    width = len(names)
    for number, cell in enumerate(cells[width:], start=width + 1):
        yield Fault("extra-cell", "", "", number, str(cell))
    for number, name in enumerate(names[len(cells) :], start=len(cells) + 1):
        yield Fault("missing-cell", "", name, number, "")


def told(number: int, cells: list[Any], faults: list[Fault]) -> RowFaults:
    """Return a row with its errors as they are kept: every cell as text."""
    return RowFaults(
        number, [cell if type(cell) is str else "" if cell is None else str(cell) for cell in cells], faults
    )
