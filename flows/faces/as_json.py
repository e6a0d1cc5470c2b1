"""As JSON: a `communique-report/1`, written as it is found, so that a million errors need no memory."""

import json
from typing import Any, TextIO

from flows.validate.engine.answers import Answer, Finding
from flows.validate.engine.results import Result
from schemas.tablerules import rule_of


def write(answer: Answer, out: TextIO) -> None:
    """Write `answer` as a report; problems stand in the order of their tables and rows."""
    head: dict[str, Any] = {
        "format": "communique-report/1",
        "valid": answer.valid,
        "counts": {
            one.name: _counts(one, tally.refused) for one, tally in zip(answer.results, answer.tallies, strict=True)
        },
        "checks": [_check(rule, times, answer) for rule, times in sorted(answer.rules.items())],
        "handed_over": {one.name: _handed(one) for one in answer.results},
        "asked_beyond_reference": {one.name: one.extras.asked() for one in answer.results},
        "total": answer.total,
        "errors": answer.tally.errors,
        "warnings": answer.tally.warnings,
    }
    out.write(json.dumps(head, ensure_ascii=False, indent=2)[:-2] + ',\n  "problems": [')
    problems = (json.dumps(_problem(found), ensure_ascii=False) for found in answer.all())
    out.writelines(("," if number else "") + "\n    " + text for number, text in enumerate(problems))
    out.write("\n  ]\n}\n")


def _counts(result: Result, refused: int) -> dict[str, int]:
    return {"in": result.rows, "out": result.rows - refused, "refused": refused}


def _handed(result: Result) -> dict[str, Any]:
    return {"files": result.handed.files, "columns": result.handed.columns, "rows": result.handed.rows}


def _check(rule: str, times: int, answer: Answer) -> dict[str, Any]:
    looked_at = sum(result.rows for result in answer.results)
    return {
        "id": rule,
        "layer": "table",
        "severity": answer.worst(rule),
        "outcome": "failed",
        "looked_at": max(looked_at, times),
        "failures": times,
        "reason": rule_of(rule).reason,
    }


def _problem(found: Finding) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "layer": "table",
        "severity": found.severity,
        "table": found.table,
        "row": found.row,
        "field": found.field or None,
        "value": found.value or None,
        "message": found.message,
        "expected": found.expected or None,
        "hint": found.hint or None,
        "source": {"file": found.place, "line": found.line},
        "beyond_reference": found.beyond,
    }
