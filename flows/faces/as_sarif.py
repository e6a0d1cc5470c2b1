"""As SARIF 2.1.0, which code hosts show beside the lines of a file."""

import json
from typing import Any, TextIO
from urllib.parse import quote

from flows.validate.engine.answers import Answer, Finding, sentences
from flows.validate.engine.fetching import OF_ADDRESSES
from schemas import __version__
from schemas.tablerules import rule_of

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def write(answer: Answer, out: TextIO) -> None:
    """Write `answer` as one run of one tool."""
    rules = [_rule(rule) for rule in sorted(answer.rules)]
    driver = {"name": "communique", "version": __version__, "rules": rules}
    head = json.dumps({"$schema": SCHEMA, "version": "2.1.0"})[:-1]
    out.write(f'{head}, "runs": [{{"tool": {json.dumps({"driver": driver})}, "results": [')
    results = (json.dumps(_result(found), ensure_ascii=False) for found in answer.all())
    out.writelines((",\n" if number else "\n") + text for number, text in enumerate(results))
    out.write("\n]}]}\n")


def _rule(identity: str) -> dict[str, Any]:
    rule = rule_of(identity)
    return {"id": identity, "shortDescription": {"text": rule.reason}, "help": {"text": rule.hint}}


def _result(found: Finding) -> dict[str, Any]:
    uri = quote(found.place, safe=OF_ADDRESSES if "://" in found.place else "/")
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if found.line:
        place["region"] = {"startLine": found.line}
    return {
        "ruleId": found.rule,
        "level": found.severity,
        "message": {"text": sentences(found)},
        "locations": [{"physicalLocation": place}],
    } | ({"properties": {"tags": ["beyond-reference"]}} if found.beyond else {})
