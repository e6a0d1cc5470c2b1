"""The server: whether it answers, keeps strangers out, keeps to itself, and runs what the datasets' files say."""

import os
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from flows import config, server, store
from flows.doctor.finding import UNREADABLE, Case, Finding
from flows.redact import shown
from schemas.dataset import Dataset

START = "Start `communique up`."
SKEW = timedelta(seconds=30)
"""How much the clocks of server and machine may differ."""


def answers(case: Case) -> Iterator[Finding]:
    """Whether the server answers."""
    if case.url is None:
        yield Finding("server", "good", "none runs; `communique run` and `up` start their own")
    elif case.alive:
        yield Finding("server", "good", f"{shown(case.alive)} answers")
    else:
        found = f"PREFECT_API_URL names {shown(case.url)}, and no Prefect server answers there"
        yield Finding("server", "bad", found, "Start it, or unset PREFECT_API_URL to have one of our own.")


def _not_asked(check: str) -> Finding:
    return Finding(check, "skipped", "not asked, for no server runs")


def strangers(case: Case) -> Iterator[Finding]:
    """Whether strangers can start and stop runs."""
    if case.alive is None:
        yield _not_asked("open to the world")
        return
    parts = urlsplit(case.alive)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    hosts = _addresses() if server.is_loopback(parts.hostname or "") else {parts.hostname or ""}
    for host in sorted(hosts):
        if _lets_in(f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}{parts.path}"):
            found = f"{host}:{port} lets anyone in who reaches it: they can start, change and stop runs"
            mend = "Bind it to 127.0.0.1, or set PREFECT_SERVER_API_AUTH_STRING; see docs/deploy.md."
            yield Finding("open to the world", "bad", found, mend)
            return
    yield Finding("open to the world", "good", "the server lets nobody in from outside without a password")


def _addresses() -> set[str]:
    """Return the addresses of this machine that others reach it by."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)}
    except OSError:
        found = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent: it says which address would be used
            found.add(probe.getsockname()[0])
        except OSError:
            pass
    return {host for host in found if not server.is_loopback(host)}


def _lets_in(url: str) -> bool:
    """Return whether a server answers more than its health to one who brings no key."""
    hidden = {name: os.environ.pop(name, None) for name in ("PREFECT_API_KEY", "PREFECT_API_AUTH_STRING")}
    try:
        server.ask(url, "flows/count", {})
    except server.ServerError:
        return False
    finally:
        os.environ.update({name: value for name, value in hidden.items() if value is not None})
    return True


def pages(case: Case) -> Iterator[Finding]:
    """Whether the pages of any site that a steward visits can use the server."""
    if case.alive is None:
        yield _not_asked("foreign pages")
        return
    try:
        told = _of(server.ask(case.alive, "admin/settings"), "server", "api")
    except server.ServerError as fault:
        yield Finding("foreign pages", "warning", str(fault), "Ask who runs the server which pages may use it.")
        return
    allowed = _of(told, "cors_allowed_origins")
    if allowed is None or "*" in str(allowed).split(",") or _of(told, "csrf_protection_enabled") is not True:
        found = "any page that a steward visits can use the server: start, change and stop runs"
        mend = (
            "Start the server with PREFECT_SERVER_CORS_ALLOWED_ORIGINS=http://127.0.0.1:4200, its own address, "
            "and PREFECT_SERVER_CSRF_PROTECTION_ENABLED=true."
        )
        yield Finding("foreign pages", "bad", found, mend)
    else:
        yield Finding("foreign pages", "good", f"only pages of {allowed} can use the server")


def keeps_to_itself(case: Case) -> Iterator[Finding]:
    """Whether the server keeps to itself, and results are JSON."""
    if not case.given and case.alive is None:
        yield from map(_not_asked, ("telemetry", "serializer"))
        return
    try:
        settings = server.ask(case.url or "", "admin/settings")
    except server.ServerError as fault:
        yield Finding("telemetry", "warning", str(fault), "Ask who runs the server whether it sends telemetry.")
        return
    yield from _kept(_of(settings, "server", "analytics_enabled"), _of(settings, "results", "default_serializer"))


def _kept(analytics: object, serializer: object) -> Iterator[Finding]:
    """Return what is found of a server with these settings."""
    if analytics is not False:
        mend = "Start the server with PREFECT_SERVER_ANALYTICS_ENABLED=false and DO_NOT_TRACK=1."
        yield Finding("telemetry", "bad", "the server sends telemetry", mend)
    else:
        yield Finding("telemetry", "good", "the server sends none")
    if serializer == "json":
        yield Finding("serializer", "good", "results are kept as JSON")
    else:
        mend = "Set PREFECT_RESULTS_DEFAULT_SERIALIZER=json for the server and every worker: a pickle runs code."
        yield Finding("serializer", "bad", f"results are kept as {serializer}", mend)


def _of(value: Any, *names: str) -> Any:
    """Return a value deep in what a server answered, or None where it is not there."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def schedules(case: Case) -> Iterator[Finding]:
    """Whether every dataset's file can be read, and the server runs it as the file says."""
    for name in config.names(case.settings.datasets):
        try:
            dataset = config.read(case.settings.datasets, name)
        except config.ConfigError as wrong:
            yield Finding("schedules", "bad", str(wrong), "Mend the dataset's file.")
            continue
        yield _schedule(case, dataset)
    if not config.names(case.settings.datasets):
        mend = "`communique init` makes one; --data names another folder."
        yield Finding("schedules", "bad", f"there is no dataset in {case.settings.datasets}", mend)


def _schedule(case: Case, dataset: Dataset) -> Finding:
    wanted = dataset.schedule
    if wanted is None:
        return Finding("schedules", "good", f"{dataset.name} is published by hand: its file has no [schedule]")
    said = f"{dataset.name}: {wanted.cron} {wanted.timezone}"
    found = _deployment(case, dataset.name)
    if found is None:
        return Finding("schedules", "warning", f"{said}, and nobody runs it", START)
    running = [one["schedule"] for one in _of(found, "schedules") or () if one["active"]]
    if _of(found, "paused") or not running:
        return Finding("schedules", "warning", f"{said}, and it is paused", "Resume it on Prefect's pages.")
    if (running[0].get("cron"), running[0].get("timezone")) != (wanted.cron, wanted.timezone):
        there = f"{running[0].get('cron')} {running[0].get('timezone')}"
        return Finding("schedules", "bad", f"{said}, but the server runs it {there}", "Start `communique up` again.")
    if not _is_run(case, found):
        return Finding("schedules", "warning", f"{said}, and nobody runs it, though the server knows it", START)
    return Finding("schedules", "good", said)


def _deployment(case: Case, name: str) -> Any:
    """Return what the server says of the dataset's deployment, None where it knows none."""
    try:
        return server.ask(case.alive, f"deployments/name/publish-releases/{name}") if case.alive else None
    except server.ServerError:
        return None


def _is_run(case: Case, deployment: Any) -> bool:
    """Return whether somebody asks for the due runs: our own `up` by its lock, another's as its server saw it last."""
    if case.given:
        return bool(_of(deployment, "status") == "READY")
    return store.held(case.settings.prefect_home / "up.lock")


def clock(case: Case) -> Iterator[Finding]:
    """Whether the clock runs forward, and as that of a server of others does."""
    today = datetime.now(UTC).date()
    ahead = {name: day for name in config.names(case.settings.datasets) if (day := _last_day(case, name)) > today}
    theirs = _clock_of(case.alive) if case.given and case.alive else None
    if ahead:
        told = ", ".join(f"{name} on {day}" for name, day in ahead.items())
        yield Finding("clock", "bad", f"today is {today}, and there are runs of later days: {told}", "Set the clock.")
    elif theirs and abs(datetime.now(UTC) - theirs) > SKEW:
        mend = "Set both clocks by NTP: schedules run by the server's."
        yield Finding("clock", "bad", f"the server's clock says {theirs:%Y-%m-%d %H:%M:%S} UTC", mend)
    else:
        yield Finding("clock", "good", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")


def _last_day(case: Case, name: str) -> date:
    """Return the day of the last run; the first of all days where there was none, or its journal cannot be read."""
    try:
        journal = store.read_journal(case.settings.raw, name)
        return date.fromisoformat(journal[-1].day) if journal else date.min
    except UNREADABLE:
        return date.min


def _clock_of(url: str) -> datetime | None:
    try:
        return parsedate_to_datetime(server.date_of(url) or "")
    except (server.ServerError, ValueError, TypeError):
        return None
