"""As frictionless writes its own report, so that its `Report.from_descriptor` takes it."""

import json
import re
from collections.abc import Iterator
from itertools import chain, count
from typing import Any, TextIO

from flows.validate.engine import reference
from flows.validate.engine.answers import Answer, message
from flows.validate.engine.faults import Fault, RowFaults
from flows.validate.engine.results import Result

BEYOND = "communique:beyondReference"
OTHER = re.compile("[^-a-z0-9._/]+")
"""Letters that may not stand in a name."""


def write(answer: Answer, out: TextIO) -> None:
    """Write `answer`, its errors one by one."""
    stats = {"tasks": len(answer.results), "errors": answer.total, "warnings": 0, "seconds": 0}
    head = {"valid": not answer.total, "stats": stats, "warnings": [], "errors": []}
    out.write(json.dumps(head, indent=2)[:-2] + ',\n  "tasks": [')
    left = answer.limit
    for number, (result, name) in enumerate(zip(answer.results, _names(answer.results), strict=True)):
        out.write(
            ("," if number else "")
            + "\n    "
            + json.dumps(_task(result, name, answer.count(result)), ensure_ascii=False)[:-1]
            + ', "errors": ['
        )
        for place, (row, one) in enumerate(result.errors()):
            if left is not None and left <= place:
                break
            out.write((",\n" if place else "\n") + json.dumps(_error(result, row, one), ensure_ascii=False))
        left = None if left is None else max(left - answer.count(result), 0)
        out.write("]}")
    out.write("\n  ]\n}\n")


def _error(result: Result, row: RowFaults | None, one: Fault) -> dict[str, Any]:
    """Return an error as frictionless writes it; marked where frictionless would not have found it."""
    told = reference.described(one, row)
    return told if result.extras.rule(one) is None else told | {"message": message(one, row), BEYOND: True}


def _names(results: list[Result]) -> Iterator[str]:
    """Yield a name for each table, as frictionless takes names and no two alike."""
    seen: set[str] = set()
    for result in results:
        name = OTHER.sub("-", str(result.name).lower()) or "table"
        alike = (f"{name}-{number}" for number in count(2))
        name = next(one for one in chain([name], alike) if one not in seen)
        seen.add(name)
        yield name


def _task(result: Result, name: str, errors: int) -> dict[str, Any]:
    stats: dict[str, Any] = {"errors": errors, "warnings": len(result.warnings), "seconds": 0}
    stats |= {"fields": len(result.names), "rows": result.rows} | ({"bytes": result.bytes} if result.bytes else {})
    return {
        "name": name,
        "type": "table",
        "valid": not errors,
        "place": result.place,
        "labels": result.labels,
        "stats": stats,
        "warnings": result.warnings,
    }
