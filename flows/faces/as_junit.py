"""As JUnit XML, which build servers show: a suite a table, a case a rule."""

from collections import Counter, defaultdict
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from flows.faces.rows import all_by
from flows.validate.engine.answers import Answer, Finding, many, sentences
from flows.validate.engine.results import Result
from schemas.tablerules import TABLE_RULES

TOLD = 50
"""Errors of a rule that are told in a case where no limit is given."""


def write(answer: Answer, out: TextIO) -> None:
    """Write `answer`, a case for each rule, passed or failed."""
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="communique">\n')
    out.writelines(_suite(answer, *one) for one in zip(answer.results, answer.found, answer.broken, strict=True))
    out.write("</testsuites>\n")


def _suite(answer: Answer, result: Result, there: Counter[str], errors: Counter[str]) -> str:
    told: dict[str, list[Finding]] = defaultdict(list)
    for found in answer.findings(result, TOLD if answer.limit is None else None):
        told[found.rule].append(found)
    asked = (rule.id for rule in TABLE_RULES.values() if not rule.unbroken)
    rules = sorted({*asked, *there})
    name, failures = quoteattr(_legal(result.name)), len(errors)
    cases = "".join(
        f"    <testcase classname={name} name={quoteattr(rule)}"
        + _case(told[rule], errors[rule], _left(answer, there[rule] - len(told[rule])))
        for rule in rules
    )
    return f'  <testsuite name={name} tests="{len(rules)}" failures="{failures}">\n{cases}  </testsuite>\n'


def _left(answer: Answer, left: int) -> list[str]:
    """Return in a line how many errors and warnings are not told, if any."""
    return [f"… and {left:,} more; {all_by(answer)}"] if left else []


def _case(found: list[Finding], errors: int, left: list[str]) -> str:
    """Return the rest of a case: its errors, before its warnings."""
    if not (found or errors or left):
        return "/>\n"
    lines = [_line(one) for one in sorted(found, key=_errors_first)]
    text = escape(_legal("\n".join([*lines, *left])))
    if not errors:
        return f">\n      <system-out>{text}</system-out>\n    </testcase>\n"
    beyond = ", beyond Frictionless" if any(one.beyond for one in found) else ""
    message = quoteattr(f"{many(errors, 'error')}{beyond}")
    return f">\n      <failure message={message}>{text}</failure>\n    </testcase>\n"


def _line(one: Finding) -> str:
    return f"{one.place}{f':{one.line}' if one.line else ''} {sentences(one)}"


def _errors_first(one: Finding) -> bool:
    return one.severity != "error"


def _legal(text: str) -> str:
    """Return `text` without the letters that XML has no place for."""
    return "".join(letter if letter in "\t\n" or " " <= letter not in "\ufffe\uffff" else "\ufffd" for letter in text)
