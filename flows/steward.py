"""What a steward decides about documents and rows: corrections of a source, and which decisions are out of date."""

from collections.abc import Iterable
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.dataset import Dataset
from schemas.decisions import Correction, Waiver
from schemas.release import PARTS, Fact


class StewardFault(Exception):  # noqa: N818 - a state of the decisions
    """A waiver or correction is out of date; the message says which, why, and what to do."""


def corrected(value: Any, corrections: Iterable[Correction], *, newest: bool) -> Any:
    """Return a document with the corrections of its release made.

    In its newest document each must find what it expects, else StewardFault; in an older one it is left out.
    """
    mine = [one for one in corrections if isinstance(value, dict) and one.release == value.get("id")]
    changed = deepcopy(value) if mine else value
    for one in mine:
        holder, step = _find(changed, one)
        found = holder[step] if step is not None else None
        if step is not None and found == _exact(one.expect):
            _mark(changed, one)
            holder[step] = _exact(one.value)
        elif newest:
            raise StewardFault(_out_of_date(one, found))
    return changed


def needed(dataset: Dataset, made: Iterable[Correction], waived: Iterable[Waiver]) -> None:
    """Raise StewardFault unless every correction was made and every waiver let a row pass."""
    corrections, waivers = list(made), list(waived)
    idle = [
        f"the correction {_named(one)} met no such release" for one in dataset.corrections if one not in corrections
    ]
    idle += [f"the waiver of {_waiver(one)} let nothing pass" for one in dataset.waivers if one not in waivers]
    if idle:
        raise StewardFault("no longer needed, so remove: " + "; ".join(idle))


def in_force(waivers: Iterable[Waiver], as_of: date) -> list[Waiver]:
    """Return `waivers`; StewardFault when the last day of one is past."""
    waivers = list(waivers)
    past = [f"{_waiver(one)}, until {one.until}" for one in waivers if one.until < as_of]
    if past:
        raise StewardFault(
            f"waivers past their day: {'; '.join(past)}. Mend the row, or give it a new day and a reason"
        )
    return waivers


def _find(value: Any, one: Correction) -> tuple[Any, Any]:
    """Return what holds the value that `one` points to, and the key or index in it; None where it leads nowhere."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in one.pointer.lstrip("/").split("/")]
    for step in steps[:-1]:
        value = _step(value, step)[1]
    return (value, _step(value, steps[-1])[0]) if isinstance(value, dict | list) else (None, None)


def _step(value: Any, step: str) -> tuple[Any, Any]:
    """Return the key or index that `step` is in `value`, and what lies there; an item of a list also by its id."""
    if isinstance(value, dict):
        return step, value.setdefault(step, None)
    if isinstance(value, list):
        by_id = [number for number, item in enumerate(value) if isinstance(item, dict) and item.get("id") == step]
        number = by_id[0] if by_id else int(step) if step.isdigit() and int(step) < len(value) else None
        return (number, value[number]) if number is not None else (None, None)
    return None, None


def _exact(value: Any) -> Any:
    """Return a value as a document has it: a fraction as the exact decimal that was written."""
    return Decimal(str(value)) if isinstance(value, float) else value


def _mark(value: Any, one: Correction) -> None:
    """Mark the fact that was corrected as such."""
    name, _, rest = one.pointer.lstrip("/").partition("/")
    if name in PARTS and issubclass(PARTS[name], Fact):
        fact = _step(value.get(name), rest.partition("/")[0])[1]
        if isinstance(fact, dict):
            fact["review"] = "corrected"


def _out_of_date(one: Correction, found: Any) -> str:
    where = f"the correction {_named(one)}"
    if found == _exact(one.value):
        return f"{where} is out of date: the source says {found!r} itself now. Remove it"
    return f"{where} expects {one.expect!r}, and the source says {found!r}. Look at the source, then renew or remove it"


def _named(one: Correction) -> str:
    return f"of {one.release} at {one.pointer}"


def _waiver(one: Waiver) -> str:
    return f"{one.rule} for {one.table} {one.key}"
