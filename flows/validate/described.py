"""Whether a dataset tells of itself what the catalog asks of those that it lists."""

from schemas.dataset import Dataset
from schemas.report import Check, Problem, Provenance
from schemas.rules import RULES, problem

RULE = "input.described"


def judge(dataset: Dataset) -> tuple[Check, list[Problem]]:
    """Return the check that a dataset has what the catalog asks for, and a problem for each part that it lacks."""
    about, rule = dataset.dataset, RULES[RULE]
    told = {
        "title": about.title,
        "description": about.description,
        "licence": dataset.licences,
        "source": dataset.sources,
        "contact": about.contact,
    }
    place = Provenance(file=f"datasets/{dataset.name}.toml")
    found = [
        problem(RULE, f"the catalog does not list the dataset: it has no {name}", field=name, source=place)
        for name, value in told.items()
        if not value
    ]
    check = Check(
        id=RULE,
        layer=rule.layer,
        severity=rule.severity,
        outcome="failed" if found else "passed",
        looked_at=len(told),
        failures=len(found),
        reason=rule.reason,
    )
    return check, found
