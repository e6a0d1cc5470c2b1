"""The flow `publish-releases`, and a run of it from the command line."""

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, NamedTuple, cast

from prefect import Flow, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun, State
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.states import Completed, Failed
from pydantic import Field

from flows import config, handover, memory, notify, runs, server, steps, store
from flows.config import ConfigError
from flows.guard import BadInput
from flows.ingest import NoSource
from flows.pipeline import showing
from flows.publish.audit import AuditError
from flows.runs import Told
from flows.settings import Settings
from flows.site import write as catalog
from flows.steps import Job
from flows.steward import StewardFault
from flows.validate.expectations import SuiteFault

SETTLE_SECONDS = 10
GOOD = ("Published", "Unchanged")
STOPPED = "cancelled by the runtime environment"
"""What Prefect says of a run that was told to stop, by Ctrl-C or with its machine."""
stopping = threading.Event()
"""Whether `communique up` was told to stop: then a run that ends is no news."""
log = logging.getLogger("communique")


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


def _leave_with_parent() -> None:
    """End with `communique up` where it started this process, for no run may hold its lock with nobody to tell."""
    parent = multiprocessing.parent_process()
    if parent:
        server.die_with_parent(signal.SIGKILL)
        if os.getppid() != parent.pid:
            os.kill(os.getpid(), signal.SIGKILL)


_leave_with_parent()  # before Prefect tells the server that a run is at work, which nobody would take back


Given = Annotated[str, Field(min_length=1)]
"""Words that may not be left out; Prefect's form takes what a field means from the docstring of its flow."""


class Day(NamedTuple):
    """How a run ended, or one day of a backfill."""

    day: str | None
    name: str
    message: str
    run_id: str | None = None
    version: str | None = None
    stale: str | None = None


def _crashed(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001 - as Prefect calls it
    """Tell people of a run whose process was ended from outside; not of one that was told to stop."""
    if stopping.is_set() or STOPPED in (state.message or ""):
        log.warning("stopped before its end", extra={"dataset": flow_run.parameters.get("dataset")})
        return
    crashed(Settings(), str(flow_run.parameters.get("dataset")), state.message or "the run was ended from outside")


def crashed(settings: Settings, dataset: str, why: str) -> None:
    """Mend what a run of a dataset that crashed left visible, and tell people."""
    steps.mend(settings, dataset)
    log.error("crashed: %s", why, extra={"dataset": dataset})
    _tell(settings, dataset, Day(None, "Crashed", why))


def _tell(settings: Settings, dataset: str, end: Day) -> None:
    """Tell people, and Prefect's events, how a run ended, or the last day of a backfill."""
    told = runs.tell(settings, dataset, end.name, end.message, end.stale)
    showing.ended(told, run_id=end.run_id, version=end.version)


@flow(name="publish-releases", flow_run_name="publish {dataset}", validate_parameters=True, on_crashed=[_crashed])
async def publish_releases(
    dataset: Given,
    as_of: date | None = None,
    since: date | None = None,
    until: date | None = None,
    *,
    reference: bool = False,
) -> State[Any]:
    """Publish a dataset: fetch its sources, build rows, judge them, and make a version of what passed.

    Ends Published, Unchanged (the same content is published already), Held (a critical problem: a steward decides) or
    Failed; two runs of one dataset at once: the second ends Failed as Busy.

    Args:
        dataset: Name of the dataset: its file in data/datasets, without .toml.
        as_of: The day that rules about time count from; today in UTC where it is left out.
        since: First day of a backfill, which plays a run on each of its days in order, over the sources as they are,
            up to the first that is held or failed. It may not lie before the last day of what was received.
        until: Last day of a backfill; today in UTC where it is left out.
        reference: Ask Frictionless itself over every row, not over a sample; where it says another thing, the run
            is held.
    """
    memory.settle()
    settings = Settings()
    try:
        config.named(settings.datasets, dataset)
        played = _days(settings, dataset, as_of, (since, until))
    except ConfigError as wrong:  # of who asked, not of the dataset: no news
        return _state([_refused(dataset, "Misconfigured", str(wrong))])
    try:
        with store.locked(settings.lock(dataset)):
            ended = [await _publish(steps.begin(settings, dataset, played[0], reference=reference))]
            for day in played[1:]:
                if ended[-1].name not in GOOD:
                    break
                showing.ended(Told(dataset, ended[-1].name, ended[-1].message, []), run_id=ended[-1].run_id)
                ended.append(await _publish(steps.begin(settings, dataset, day, reference=reference)))
            await _close(settings, dataset, ended[-1])  # with the lock, which says that the run is alive
            return _state(ended)
    except store.LockedError as busy:
        end = _refused(dataset, "Busy", f"{busy} (exit 4)")
    except ConfigError as wrong:
        end = _refused(dataset, "Misconfigured", str(wrong))
    except Exception as fault:
        crashed(settings, dataset, f"{type(fault).__name__}: {fault}")
        raise
    await _close(settings, dataset, end)
    return _state([end])


async def _close(settings: Settings, dataset: str, end: Day) -> None:
    """Tell people how a run ended, and bring the catalog up to date, which could not be made before, perhaps."""
    _tell(settings, dataset, end)
    if settings.packages.exists():
        await _take(catalog.refresh, settings.packages, settings.base_url)


def misconfigured(settings: Settings, dataset: str, why: str) -> None:
    """Log that a dataset cannot be served, and tell people."""
    _tell(settings, dataset, _refused(dataset, "Misconfigured", why))


def _refused(dataset: str, name: str, why: str) -> Day:
    """Return the end of a run that did not begin, and log it."""
    log.warning("%s: %s", name.lower(), why, extra={"dataset": dataset, "outcome": name})
    return Day(None, name, why)


def _days(
    settings: Settings, dataset: str, as_of: date | None, span: tuple[date | None, date | None]
) -> list[date | None]:
    """Return the days to play: the one asked for, or those of a backfill."""
    since, until = span
    if since is None and until is None:
        return [steps.playable(settings, dataset, as_of) if as_of else None]
    if since is None or as_of is not None:
        raise ConfigError("a backfill has a first day, --since, and no --as-of")
    return [*steps.days(settings, dataset, since, until)]


async def _publish(job: Job) -> Day:
    """Take the job through its steps; what stops it is an end with its reason, kept in the run's record."""
    stale = None
    try:
        verdict = await _take(judge, job, await _take(build, job, await _take(fetch, job)))
        report = handover.report(verdict)
        stale = notify.stale(report)
        name = job.dataset.name
        await showing.report(name, job.dataset.dataset.title, f"What run {job.run_id} found", report)
        ending = steps.ending(job, verdict)
        if ending:
            return _end(job, ending.name, ending.version, ending.why, stale)
        published = await _take(commit, job, await _take(audit, await _take(stage, job, verdict)))
    except (NoSource, BadInput, SuiteFault) as wrong:
        return _end(job, "Misconfigured", None, str(wrong), stale)
    except (AuditError, StewardFault, OSError) as fault:
        return _end(job, "Failed", None, f"{type(fault).__name__}: {fault}", stale)
    except Exception as fault:  # a fault of ours: recorded, then told by what called us
        steps.finish(job, "Crashed", None, f"{type(fault).__name__}: {fault}")
        raise
    end = _end(job, "Published", str(published.version), f"{published.folder}", stale)
    await showing.link(published)
    return end


async def _take(step: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a step returns; on a thread, so that Ctrl-C stops the run before the next one."""
    return await asyncio.to_thread(step, *arguments)


def _end(job: Job, name: str, version: str | None, message: str, stale: str | None) -> Day:
    """Write the run's record, and return how it ended."""
    steps.finish(job, name, version, message)
    dataset = job.dataset.name
    told = {"dataset": dataset, "run_id": job.run_id, "outcome": name, "version": version, "as_of": str(job.as_of)}
    log.info("%s: %s", name.lower(), message, extra=told)
    return Day(str(job.as_of), name, message, job.run_id, version, stale)


def _state(ended: list[Day]) -> State[Any]:
    """Return the state of a run: that of its last day.

    Held and Rejected are Completed states: the flow did its work, and the event is what a steward's automation waits
    for.
    """
    last = ended[-1]
    kind = Failed if last.name in {"Failed", "Misconfigured", "Busy"} else Completed
    several = f"{len(ended)} days, {ended[0].day} to {last.day}; the last: " if len(ended) > 1 else ""
    data = {"run_id": last.run_id, "version": last.version, "days": [list(day) for day in ended]}
    state: State[Any] = cast("Any", kind)(name=last.name, message=several + last.message, data=data)
    return state


class Ending(NamedTuple):
    """How a publishing run ended, and each of its days."""

    name: str
    message: str
    days: list[Day]


def publish(
    dataset: str,
    as_of: date | None = None,
    since: date | None = None,
    until: date | None = None,
    *,
    reference: bool = False,
) -> Ending:
    """Run the flow here and return how it ended, whatever that is."""
    try:
        return asyncio.run(_ending(dataset, as_of, since, until, reference=reference))
    finally:
        settle()


async def _ending(*asked: Any, reference: bool) -> Ending:
    state: State[Any] = await publish_releases(*asked, reference=reference, return_state=True)
    told = await state.aresult(raise_on_failure=False)
    days = [Day(*day) for day in told["days"]] if isinstance(told, dict) else []
    return Ending(state.name or "", state.message or "", days)


def settle(seconds: float = SETTLE_SECONDS) -> None:
    """Have Prefect send the log lines and events that it still holds, for the server may stop next."""
    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=seconds, at_exit=False)
