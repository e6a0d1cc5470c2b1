"""What Prefect's pages and events are told of a run: artifacts, links, events."""

from typing import Any, get_args

from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact, acreate_table_artifact
from prefect.events import emit_event

from flows import notify
from flows.runs import Told
from schemas.package import Package
from schemas.report import Problem, Report, Severity
from schemas.rules import DEPENDANT

FIRST_PROBLEMS = 50
"""Problems that the artifact shows; the report has all."""
GRAVEST = get_args(Severity)
SHOWN = {"severity", "rule", "table", "key", "field", "value", "message", "hint"}


async def report(key: str, title: str, told: str, found: Report) -> None:
    """Put a report where Prefect's pages show it: a summary, and the first problems as a table, the gravest first."""
    await acreate_markdown_artifact(summary(title, found), key=f"{key}-summary", description=told)
    own_first = sorted(found.problems, key=lambda one: (one.rule == DEPENDANT, GRAVEST.index(one.severity)))
    rows = [_row(problem) for problem in own_first[:FIRST_PROBLEMS]]
    description = f"The first {len(rows)} of {len(found.problems)} problems"
    await acreate_table_artifact(rows, key=f"{key}-problems", description=description)


def _row(problem: Problem) -> dict[str, Any]:
    place = str(problem.source) if problem.source else None
    return {**problem.model_dump(mode="json", include=SHOWN), "at": place}


async def link(published: Package) -> None:
    """Put a link to a version where Prefect's pages show it."""
    await acreate_link_artifact(
        published.folder.as_uri(),
        link_text=f"{published.dataset} {published.version}",
        key=f"{published.dataset}-version",
    )


def ended(told: Told, **more: Any) -> None:
    """Emit an event for an end, named by the condition that it is or by its own name, and for what else is news."""
    name = notify.CONDITIONS.get(told.outcome, told.outcome.lower())
    event(name, told.dataset, outcome=told.outcome, message=told.text, **more)
    for one in told.fresh:
        if one.condition in {"stale", "recovered"}:  # held and failed are what the end itself was
            event(one.condition, told.dataset, message=one.text)


def lasting(told: Told) -> None:
    """Emit an event for each condition that people were told of on a day without a run."""
    for one in told.fresh:
        event(one.condition, told.dataset, message=one.text)


def event(name: str, dataset: str, **payload: Any) -> None:
    """Emit `communique.dataset.<name>`, for automations to wait for."""
    resource = {"prefect.resource.id": f"communique.dataset.{dataset}", "prefect.resource.name": dataset}
    emit_event(f"communique.dataset.{name}", resource, payload=payload)


def summary(title: str, found: Report) -> str:
    """Return the report as Markdown: rows of each table, checks by outcome."""
    rows = "\n".join(
        f"| {table} | {count.in_} | {count.out} | {count.refused} |" for table, count in found.counts.items()
    )
    asked = {
        outcome: sum(check.outcome == outcome for check in found.checks) for outcome in ("passed", "failed", "skipped")
    }
    checks = ", ".join(f"{number} {outcome}" for outcome, number in asked.items())
    head = f"# {title}\n\nChecks: {checks}.\n\n"
    return f"{head}| table | in | out | refused |\n| --- | ---: | ---: | ---: |\n{rows}\n"
