"""What an earlier life of `communique up` left on the server: runs that nobody runs any more, runs that were missed."""

import contextlib
import logging
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from cronsim import CronSim
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterTags,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Crashed, Scheduled

from flows import steps, store
from flows.pipeline.publishing import crashed
from flows.settings import Settings
from flows.site import write as catalog
from schemas.dataset import Dataset, Schedule

FLOWS = ["publish-releases", "validate-releases", "approve-version"]
AT_WORK = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
YOUNG = timedelta(seconds=30)
"""A run from the command line that is younger may not have come to its lock yet."""
ORPHAN = "its process is gone: it was ended from outside, or the machine stopped"
MISSED = "missed while `communique up` was down; one run catches up for all that were"
SHUTDOWN = "shutting down"
"""What Prefect's runner says of a run that it stopped because it was stopped itself."""
CATCH_UP = "catch-up"
PAGE = 200
log = logging.getLogger("communique")


def whole(settings: Settings, datasets: list[Dataset]) -> None:
    """Have pointer, index and catalog tell every version, also one whose publisher was killed before they did."""
    for dataset in datasets:
        steps.mend(settings, dataset.name)
    if settings.packages.exists():
        catalog.refresh(settings.packages, settings.base_url)


async def bury(client: PrefectClient, settings: Settings, names: set[str], *, own: bool) -> None:
    """Mark as Crashed every run that is told to be at work and is not, for its process is gone.

    A run that holds the lock of its dataset is alive. On a server that others use too, only runs that a deployment
    of one of the datasets `names` began are looked at, not those of a work pool.
    """
    wanted = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=AT_WORK)))
    for run in await client.read_flow_runs(flow_filter=_ours(), flow_run_filter=wanted, limit=PAGE):
        dataset = run.parameters.get("dataset")
        if _others(run, names, own=own) or (dataset and store.held(settings.lock(str(dataset)))):
            continue
        await client.set_flow_run_state(run.id, Crashed(message=ORPHAN), force=True)
        if dataset:
            crashed(settings, str(dataset), f"{run.name}: {ORPHAN}")
        else:
            log.warning("crashed: %s: %s", run.name, ORPHAN)


def _ours() -> FlowFilter:
    return FlowFilter(name=FlowFilterName(any_=FLOWS))


def _others(run: FlowRun, names: set[str], *, own: bool) -> bool:
    """Return whether a run is not ours to mend: of a work pool, or of a command line that may still be at work."""
    served = run.deployment_id is not None and run.parameters.get("dataset") in names
    if run.work_pool_name or not (own or served):
        return True
    since = run.state.timestamp if run.state else datetime.now(UTC)
    return run.deployment_id is None and datetime.now(UTC) - since < YOUNG


async def retire(client: PrefectClient, names: set[str]) -> None:
    """Remove the deployments of datasets whose file is gone."""
    wanted = DeploymentFilter(tags=DeploymentFilterTags(all_=["communique"]))
    for deployment in await client.read_deployments(flow_filter=_ours(), deployment_filter=wanted, limit=PAGE):
        if "dataset" in deployment.parameters and deployment.name not in names:
            await client.delete_deployment(deployment.id)
            log.info("no longer serving publish-releases/%s: its file is gone", deployment.name)


class Before(NamedTuple):
    """What the server has of a deployment from before."""

    since: datetime | None
    """When its last run was due, or when the deployment was made; None for a new one, and for one that is paused."""
    late: list[FlowRun]
    """Runs of its schedule that are late; one that a person asked for is nobody's to cancel."""
    paused: bool
    """Whether a steward paused it."""
    resting: bool
    """Whether a steward paused its schedule alone."""


async def left_behind(client: PrefectClient, name: str) -> Before:
    """Return what the server has of the deployment `name` from before."""
    try:
        deployment = await client.read_deployment_by_name(name)
    except ObjectNotFound:
        return Before(None, [], paused=False, resting=False)
    scheduled = [StateType.SCHEDULED]
    waiting = await client.read_flow_runs(flow_run_filter=_runs_of(deployment.id, any_=scheduled), limit=PAGE)
    now = datetime.now(UTC)
    late = [run for run in waiting if run.expected_start_time and run.expected_start_time < now and _of_schedule(run)]
    newest = FlowRunSort.EXPECTED_START_TIME_DESC
    unlike = [StateType.SCHEDULED, StateType.CRASHED]
    done = await client.read_flow_runs(
        flow_run_filter=_runs_of(deployment.id, not_any_=unlike), sort=newest, limit=PAGE
    )
    due = [run.expected_start_time for run in done if run.expected_start_time and not _undone(run)]
    since = max([*due, deployment.created or now])
    resting = bool(deployment.schedules) and not any(one.active for one in deployment.schedules)
    stands = deployment.paused or resting
    return Before(None if stands else since, late, paused=deployment.paused, resting=resting)


def _of_schedule(run: FlowRun) -> bool:
    return run.auto_scheduled or CATCH_UP in run.tags


def _runs_of(deployment: UUID, **types: Any) -> FlowRunFilter:
    return FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(**types)),
    )


def _undone(run: FlowRun) -> bool:
    """Return whether a run was stopped with `communique up`, or missed, and nobody cancelled it on purpose."""
    why = (run.state.message or "") if run.state and run.state.is_cancelled() else ""
    return SHUTDOWN in why or why == MISSED


async def catch_up(client: PrefectClient, deployment: UUID, schedule: Schedule, before: Before) -> None:
    """Schedule one run where a tick was missed since the last run, and cancel all that are late."""
    due = tick(schedule, datetime.now(ZoneInfo(schedule.timezone)), back=True)
    if before.since and due > before.since:
        run = await client.create_flow_run_from_deployment(deployment, state=Scheduled(), tags=[CATCH_UP])
        told = {"dataset": run.parameters.get("dataset")}
        log.info("a run was due %s and is caught up", f"{due:%Y-%m-%d %H:%M %Z}", extra=told)
    for late in before.late:
        with contextlib.suppress(ObjectNotFound):
            await client.set_flow_run_state(late.id, Cancelled(message=MISSED), force=True)


def tick(schedule: Schedule, now: datetime, *, back: bool) -> datetime:
    """Return when the schedule was last due before `now`, or is next."""
    return next(CronSim(schedule.cron, now.replace(second=0, microsecond=0) if not back else now, reverse=back))
