"""The steps as Prefect tasks and flows; the only module that knows Prefect.

Take the decorators away and it still works: every task is a plain function of `flows.steps`.
"""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple

from prefect import flow, task
from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.states import Completed, Failed
from pydantic import Field

from flows import handover, rulings, steps, store
from flows.config import ConfigError
from flows.guard import BadInput
from flows.ingest import NoSource
from flows.publish.audit import AuditError
from flows.rulings import RulingError
from flows.settings import Settings
from flows.steps import Job
from flows.steward import StewardFault
from flows.validate.expectations import SuiteFault
from schemas.package import Package
from schemas.report import Report

SETTLE_SECONDS = 10
FIRST_PROBLEMS = 50
"""Problems that the artifact shows; the report has all."""


def _may_pass(_task: object, _run: object, state: State[Any]) -> bool:
    """Return whether a fetch that failed may succeed when it is tried again: a fault of the disk or the network."""
    return isinstance(state.data, OSError)


fetch = task(
    name="fetch",
    retries=3,
    retry_delay_seconds=[1, 5, 20],
    retry_condition_fn=_may_pass,
    cache_policy=NO_CACHE,
    task_run_name="fetch {job.dataset.name}",
)(steps.fetch)
build = task(name="build", cache_policy=NO_CACHE, task_run_name="build {job.dataset.name}")(steps.build)
judge = task(name="judge", cache_policy=NO_CACHE, task_run_name="judge {job.dataset.name}")(steps.judge)
stage = task(name="stage", cache_policy=NO_CACHE, task_run_name="stage {job.dataset.name}")(steps.stage)
audit = task(name="audit", cache_policy=NO_CACHE, task_run_name="audit {staged.version}")(steps.audit)
commit = task(name="commit", cache_policy=NO_CACHE, task_run_name="commit {staged.version}")(steps.commit)


Given = Annotated[str, Field(min_length=1)]
"""Words that may not be left out; Prefect's form takes what a field means from the docstring of its flow."""


@flow(name="publish-releases", flow_run_name="publish {dataset}", validate_parameters=True)
async def publish_releases(dataset: Given, as_of: date | None = None) -> State[Any]:
    """Publish a dataset: fetch its sources, build rows, judge them, and make a version of what passed.

    Ends Published, Unchanged (the same content is published already), Held (a critical problem: a steward decides) or
    Failed; two runs of one dataset at once: the second ends Failed as Busy.

    Args:
        dataset: Name of the dataset: its file in data/datasets, without .toml.
        as_of: The day that rules about time count from; today in UTC where it is left out.
    """
    settings = Settings()
    try:
        with store.locked(settings.lock(dataset)):
            return await _publish(steps.begin(settings, dataset, as_of))
    except store.LockedError as busy:
        return Failed(name="Busy", message=str(busy))
    except ConfigError as wrong:
        return Failed(name="Misconfigured", message=str(wrong))


async def _publish(job: Job) -> State[Any]:
    """Take the job through its steps; what stops it is a state with its reason, kept in the run's record."""
    try:
        verdict = await _take(judge, job, await _take(build, job, await _take(fetch, job)))
        report = handover.report(verdict)
        await _show(job, report)
        ending = steps.ending(job, verdict)
        if ending:
            return _end(job, Completed, ending.name, ending.version, ending.why)
        published = await _take(commit, job, await _take(audit, await _take(stage, job, verdict)))
    except (NoSource, BadInput, SuiteFault) as wrong:
        return _end(job, Failed, "Misconfigured", None, str(wrong))
    except (AuditError, StewardFault, OSError) as fault:
        return _end(job, Failed, "Failed", None, f"{type(fault).__name__}: {fault}")
    state = _end(job, Completed, "Published", str(published.version), f"{published.folder}")
    await _link(published)
    return state


async def _take(step: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a step returns; on a thread, so that Ctrl-C stops the run before the next one."""
    return await asyncio.to_thread(step, *arguments)


def _end(job: Job, kind: Any, name: str, version: str | None, message: str) -> State[Any]:
    """Write the run's record, tell Prefect's events, and return the state.

    Held is a Completed state: the flow did its work, and the event is what a steward's automation waits for.
    """
    steps.finish(job, name, version, message)
    resource = {
        "prefect.resource.id": f"communique.dataset.{job.dataset.name}",
        "prefect.resource.name": job.dataset.name,
    }
    emit_event(
        f"communique.dataset.{name.lower()}",
        resource,
        payload={"run_id": job.run_id, "version": version, "message": message},
    )
    state: State[Any] = kind(name=name, message=message, data={"run_id": job.run_id, "version": version})
    return state


async def _show(job: Job, report: Report) -> None:
    """Put the report where Prefect's pages show it: a summary, and the first problems as a table."""
    key = job.dataset.name
    await acreate_markdown_artifact(
        summary(job, report), key=f"{key}-summary", description=f"What run {job.run_id} found"
    )
    rows = [
        problem.model_dump(mode="json", include={"severity", "rule", "table", "key", "field", "value", "message"})
        for problem in report.problems
    ]
    await acreate_table_artifact(
        rows[:FIRST_PROBLEMS], key=f"{key}-problems", description=f"The first {FIRST_PROBLEMS} of {len(rows)} problems"
    )


async def _link(published: Package) -> None:
    await acreate_link_artifact(
        published.folder.as_uri(),
        link_text=f"{published.dataset} {published.version}",
        key=f"{published.dataset}-version",
    )


def summary(job: Job, report: Report) -> str:
    """Return the report as Markdown: rows of each table, checks by outcome."""
    rows = "\n".join(
        f"| {table} | {count.in_} | {count.out} | {count.refused} |" for table, count in report.counts.items()
    )
    asked = {
        outcome: sum(check.outcome == outcome for check in report.checks) for outcome in ("passed", "failed", "skipped")
    }
    checks = ", ".join(f"{number} {outcome}" for outcome, number in asked.items())
    head = f"# {job.dataset.dataset.title}\n\nChecks: {checks}.\n\n"
    return f"{head}| table | in | out | refused |\n| --- | ---: | ---: | ---: |\n{rows}\n"


@flow(name="approve-version", flow_run_name="{decision} {run_id}", validate_parameters=True)
def approve_version(
    run_id: Given, reason: Given, by: Given, decision: Literal["approve", "reject"] = "approve"
) -> State[Any]:
    """Decide about a held candidate: publish it as it was judged, or turn it down for good.

    Refused when what is published, or the candidate, moved since it was judged.

    Args:
        run_id: Id of the held run, as `communique quarantine list` shows it.
        reason: Why; kept and published with the version.
        by: Who decides; kept and published with the version.
        decision: Approve publishes the candidate; reject turns down this content for good.
    """
    settings = Settings()
    try:
        if decision == "reject":
            rulings.reject(settings, run_id, by, reason)
            return Completed(name="Rejected", message=f"{by} rejected {run_id}: {reason}")
        published = rulings.approve(settings, run_id, by, reason)
    except (ConfigError, RulingError, store.LockedError, AuditError) as refused:
        return Failed(name="Refused", message=str(refused))
    return Completed(name="Published", message=str(published.folder))


class Ending(NamedTuple):
    """How a publishing run ended."""

    name: str
    message: str
    run_id: str | None


def publish(dataset: str, as_of: date | None) -> Ending:
    """Run the flow here and return how it ended, whatever that is."""
    try:
        return asyncio.run(_ending(dataset, as_of))
    finally:
        _settle()


async def _ending(dataset: str, as_of: date | None) -> Ending:
    state: State[Any] = await publish_releases(dataset, as_of, return_state=True)
    told = await state.aresult(raise_on_failure=False)
    return Ending(state.name or "", state.message or "", told.get("run_id") if isinstance(told, dict) else None)


def _settle() -> None:
    """Have Prefect send the log lines and events that it still holds, for the server may stop next."""
    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=SETTLE_SECONDS, at_exit=False)
