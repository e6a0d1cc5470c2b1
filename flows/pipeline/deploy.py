"""The flows as deployments, served: on the schedule of each dataset's file, and by hand from Prefect's pages."""

import asyncio
import contextlib
import logging
import multiprocessing
import signal
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from prefect import Flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.runner import Runner
from prefect.types.entrypoint import EntrypointType

from flows import config, runs, server, steps
from flows.config import ConfigError
from flows.pipeline import mending, showing
from flows.pipeline.approving import approve_version
from flows.pipeline.mending import Before
from flows.pipeline.publishing import misconfigured, publish_releases, settle, stopping
from flows.pipeline.validating import validate_releases
from flows.server import ServerGone
from flows.settings import Settings
from schemas.dataset import Dataset, Schedule

TAGS = ["communique"]
LOOK_SECONDS = 2
"""How often the server is asked whether it is there."""
SILENT = 5
"""Questions without an answer after which the server is gone."""
GRACE_SECONDS = 2
"""How long a run may take to stop; then its process is ended, which harms nothing."""
STOP_SECONDS = 1
"""How long each other part of the runner may take, so that all of it is gone within ten."""
log = logging.getLogger("communique")


class Served(Runner):
    """Prefect's runner, told to stop by an event; a stop is no reason to pause a deployment."""

    def __init__(self) -> None:
        """Make a runner that nobody has asked to stop."""
        super().__init__(name="communique", pause_on_shutdown=False)
        self.stop_asked = asyncio.Event()

    def handle_sigterm(self, *_: Any, **__: Any) -> None:
        """Ask for the stop."""
        self.stop_asked.set()


def up(settings: Settings, url: str, look: Callable[[], None], *, own: bool) -> None:
    """Serve every dataset until SIGINT, SIGTERM or SIGHUP; ServerGone when the server falls silent.

    `look` is called every few seconds, to keep what stands beside. `own` says that the server is ours alone, where
    deployments of datasets that are gone are ours to remove.
    """
    asyncio.run(_up(settings, url, look, own=own))
    settle(STOP_SECONDS)


async def _up(settings: Settings, url: str, look: Callable[[], None], *, own: bool) -> None:
    stopping.clear()
    runner = Served()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, runner.stop_asked.set)
    if not await _before_stop(runner, _registered(runner, settings, url, own=own)):
        return
    serving = asyncio.create_task(runner.start())
    try:
        await _until_stopped(runner, serving, settings, url, look)
    except ServerGone:
        await _drop(serving)
        if not runner.stop_asked.is_set():
            raise
    else:
        await _stop(runner, serving)


async def _before_stop(runner: Served, work: Coroutine[Any, Any, None]) -> bool:
    """Return whether `work` came to its end before the stop was asked for; the next start ends what was begun."""
    working, stop = asyncio.create_task(work), asyncio.create_task(runner.stop_asked.wait())
    await asyncio.wait([working, stop], return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not working.done():
        working.cancel()
        return False
    working.result()
    return True


async def _apart(work: Callable[..., Any], *given: Any) -> None:
    """Do some work on a thread that nobody waits for where the stop is asked for meanwhile."""
    done: Future[Any] = Future()
    done.set_running_or_notify_cancel()  # so that who waits no more takes nothing from the thread

    def run() -> None:
        try:
            done.set_result(work(*given))
        except Exception as fault:  # noqa: BLE001 - handed to who waits
            done.set_exception(fault)

    threading.Thread(target=run, daemon=True).start()
    await asyncio.wrap_future(done)


async def _registered(runner: Served, settings: Settings, url: str, *, own: bool) -> None:
    """Serve what there is to serve; ServerGone where the server falls silent before all of it is."""
    try:
        async with get_client() as client:
            await _serve_all(client, runner, settings, own=own)
    except Exception as fault:
        if await asyncio.to_thread(server.healthy, url):
            raise
        raise ServerGone(f"Prefect's server is gone ({type(fault).__name__})") from fault


async def _serve_all(client: PrefectClient, runner: Served, settings: Settings, *, own: bool) -> None:
    """Mend what an earlier life left behind, then serve the deployments of every dataset and the two by hand.

    A dataset whose file is wrong is told of, and served by the first start after its file is mended.
    """
    names = config.names(settings.datasets)
    datasets = _readable(settings, names)
    await _apart(mending.whole, settings, datasets)
    await mending.bury(client, settings, {*names}, own=own)
    if own:
        await mending.retire(client, {*names})
    for dataset in datasets:
        told: dict[str, Any] = {"parameters": {"dataset": dataset.name}}
        told["description"] = f"{dataset.dataset.title}\n\n{publish_releases.description}"
        before, deployment = await _serve(client, runner, publish_releases, dataset.name, dataset.schedule, **told)
        log.info("serving %s/%s, %s", publish_releases.name, dataset.name, _when(dataset, before))
        if dataset.schedule:
            await mending.catch_up(client, deployment, dataset.schedule, before)
    for by_hand, name in ((validate_releases, "validate"), (approve_version, "approve")):
        await _serve(client, runner, by_hand, name)
        log.info("serving %s/%s, by hand", by_hand.name, name)


def _readable(settings: Settings, names: list[str]) -> list[Dataset]:
    """Return the datasets whose file can be read; of the others people are told."""
    found = []
    for name in names:
        try:
            dataset = config.read(settings.datasets, name)
            _cron(dataset.schedule)
            found.append(dataset)
        except (ConfigError, ValueError) as wrong:  # Prefect reads a schedule more strictly
            misconfigured(settings, name, str(wrong))
    return found


def _cron(schedule: Schedule | None) -> list[CronSchedule]:
    return [CronSchedule(cron=schedule.cron, timezone=schedule.timezone)] if schedule else []


async def _serve(
    client: PrefectClient,
    runner: Served,
    flow: Flow[..., Any],
    name: str,
    schedule: Schedule | None = None,
    **told: Any,
) -> tuple[Before, UUID]:
    """Return what there was of the deployment, and its id, now brought up to date; what a steward paused stays so."""
    before = await mending.left_behind(client, f"{flow.name}/{name}")
    crons = [DeploymentScheduleCreate(schedule=cron, active=not before.resting) for cron in _cron(schedule)]
    kind = EntrypointType.MODULE_PATH
    served = await runner.aadd_flow(
        flow, name=name, tags=TAGS, entrypoint_type=kind, paused=before.paused, schedules=crons, **told
    )
    return before, served


def _when(dataset: Dataset, before: Before) -> str:
    """Return when a dataset is published, for people."""
    if not dataset.schedule:
        return "by hand: its file has no schedule"
    if before.paused or before.resting:
        return "paused: `prefect deployment schedule resume` or Prefect's pages go on with it"
    zone = ZoneInfo(dataset.schedule.timezone)
    following = mending.tick(dataset.schedule, datetime.now(zone), back=False)
    return f"{dataset.schedule.cron} {dataset.schedule.timezone}, next {following:%Y-%m-%d %H:%M %Z}"


def _remind(settings: Settings, day: date) -> None:
    """Tell people what lasts, dataset by dataset, however seldom its runs are."""
    for name in config.names(settings.datasets):
        with contextlib.suppress(ConfigError, OSError):  # of that people were told at the start, or are by the next run
            showing.lasting(runs.remind(settings, config.read(settings.datasets, name), day))


async def _until_stopped(
    runner: Served, serving: "asyncio.Task[None]", settings: Settings, url: str, look: Callable[[], None]
) -> None:
    """Return when the stop is asked for; ServerGone when the server is silent, or what ended the runner."""
    silent, day = 0, None
    while not runner.stop_asked.is_set():
        look()
        if day != steps.today():
            day = steps.today()
            threading.Thread(target=_remind, args=(settings, day), daemon=True).start()
        if serving.done():
            serving.result()
            raise ServerGone("Prefect's runner stopped by itself")
        silent = 0 if await asyncio.to_thread(server.healthy, url) else silent + 1
        if silent == SILENT:
            raise ServerGone("Prefect's server is gone")
        try:
            await asyncio.wait_for(runner.stop_asked.wait(), LOOK_SECONDS)
        except TimeoutError:
            continue


async def _stop(runner: Served, serving: "asyncio.Task[None]") -> None:
    """Stop the runner and the runs that it has; a run that takes too long is ended."""
    stopping.set()
    log.info("stopping: runs at work are ended, and nothing half-made is published")
    ending = asyncio.get_running_loop().call_later(GRACE_SECONDS, _end_runs)
    if runner.started:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(runner.astop(), GRACE_SECONDS + STOP_SECONDS)
    ending.cancel()
    await _drop(serving)


async def _drop(serving: "asyncio.Task[None]") -> None:
    """End the runner and its runs without asking the server, which may be gone; the next start mends the rest."""
    stopping.set()
    _end_runs()
    serving.cancel()
    await asyncio.wait([serving], timeout=STOP_SECONDS)
    _end_runs()


def _end_runs() -> None:
    for child in multiprocessing.active_children():
        child.kill()
