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
    out.writelines(_suite(answer, *one) for one in zip(answer.results, answer.broken, strict=True))
    out.write("</testsuites>\n")


def _suite(answer: Answer, result: Result, errors: Counter[str]) -> str:
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for found in answer.findings(result, TOLD if answer.limit is None else None):
        by_rule[found.rule].append(found)
    asked = (rule.id for rule in TABLE_RULES.values() if not rule.unbroken)
    rules = sorted({*asked, *by_rule, *errors})
    cases = "".join(_case(answer, result.name, rule, by_rule.get(rule, []), errors[rule]) for rule in rules)
    name, failures = quoteattr(_legal(result.name)), len(errors)
    return f'  <testsuite name={name} tests="{len(rules)}" failures="{failures}">\n{cases}  </testsuite>\n'


def _case(answer: Answer, table: str, rule: str, found: list[Finding], errors: int) -> str:
    head = f"    <testcase classname={quoteattr(_legal(table))} name={quoteattr(rule)}"
    if not found and not errors:
        return head + "/>\n"
    text = "\n".join(f"{one.place}{f':{one.line}' if one.line else ''} {sentences(one)}" for one in found)
    left = errors - sum(one.severity == "error" for one in found)
    text += f"\n… and {left:,} more; {all_by(answer)}" if left > 0 else ""
    beyond = ", beyond Frictionless" if any(one.beyond for one in found) else ""
    message = quoteattr(f"{many(errors, 'error')}{beyond}")
    if not errors:
        return f"{head}>\n      <system-out>{escape(_legal(text))}</system-out>\n    </testcase>\n"
    return f"{head}>\n      <failure message={message}>{escape(_legal(text))}</failure>\n    </testcase>\n"


def _legal(text: str) -> str:
    """Return `text` without the letters that XML has no place for."""
    return "".join(letter if letter in "\t\n" or " " <= letter not in "\ufffe\uffff" else "\ufffd" for letter in text)
