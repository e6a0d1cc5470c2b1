"""A backfill plays the days in order, and never before what was received."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from flows import server, steps, store
from flows.config import ConfigError
from flows.settings import Settings
from flows.store import Fetched
from tests.conftest import Communique
from tests.publishing import DATASET, read_json

DAY = date(2024, 3, 1)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a Prefect server that the runs of this file share."""
    with server.serving(tmp_path_factory.mktemp("server") / "home") as address:
        yield address


def test_the_days_are_played_in_order_with_both_ends(settings: Settings) -> None:
    assert steps.days(settings, DATASET, DAY, DAY + timedelta(days=2)) == [DAY + timedelta(days=n) for n in range(3)]
    assert steps.days(settings, DATASET, DAY, DAY) == [DAY]


def test_without_a_last_day_it_comes_to_today(settings: Settings) -> None:
    assert steps.days(settings, DATASET, steps.today(), None) == [steps.today()]


@pytest.mark.parametrize(
    ("since", "until"),
    [(DAY, DAY - timedelta(days=1)), (DAY, date(2999, 1, 1)), (date(2999, 1, 1), None)],
    ids=["backwards", "into the future", "from the future"],
)
def test_days_that_cannot_be_played_are_refused(settings: Settings, since: date, until: date | None) -> None:
    with pytest.raises(ConfigError, match="a backfill goes from --since"):
        steps.days(settings, DATASET, since, until)


def test_it_begins_where_the_journal_ends_and_not_before(settings: Settings) -> None:
    store.append_journal(settings.raw, DATASET, Fetched(str(DAY), {}, []))
    assert steps.days(settings, DATASET, DAY, DAY) == [DAY]
    with pytest.raises(ConfigError, match=rf"the journal of {DATASET} has come to {DAY}"):
        steps.days(settings, DATASET, DAY - timedelta(days=1), DAY)


def test_a_run_is_of_no_day_to_come_and_of_none_before_the_journal_ends(settings: Settings) -> None:
    store.append_journal(settings.raw, DATASET, Fetched(str(DAY), {}, []))
    assert steps.playable(settings, DATASET, DAY) == DAY
    assert steps.playable(settings, DATASET, steps.today()) == steps.today()
    with pytest.raises(ConfigError, match="2999-01-01 has not come yet"):
        steps.playable(settings, DATASET, date(2999, 1, 1))
    with pytest.raises(ConfigError, match=rf"the journal of {DATASET} has come to {DAY}"):
        steps.playable(settings, DATASET, DAY - timedelta(days=1))


def test_a_run_of_a_day_to_come_ends_2_and_keeps_nothing(communique: Communique, data: Path, url: str) -> None:
    done = communique("run", DATASET, "--as-of", "2999-01-01", PREFECT_API_URL=url)
    assert done.returncode == 2
    assert "2999-01-01 has not come yet" in done.stdout + done.stderr
    assert not (data / "packages").exists()


@pytest.mark.parametrize("more", [["--as-of", "2024-03-01"], ["--dry-run"]], ids=" ".join)
def test_a_backfill_has_no_day_of_its_own_and_no_dry_run(communique: Communique, more: list[str]) -> None:
    done = communique("run", DATASET, "--since", "2024-03-01", *more)
    assert done.returncode == 2
    assert "a backfill has a first day, --since" in done.stderr


def test_a_last_day_needs_a_first(communique: Communique) -> None:
    assert communique("run", DATASET, "--until", "2024-03-01").returncode == 2


def test_a_backfill_of_two_days_is_two_runs_told_in_order_and_one_version(
    communique: Communique, settings: Settings, url: str
) -> None:
    done = communique("run", DATASET, "--since", "2026-11-01", "--until", "2026-11-02", PREFECT_API_URL=url)
    assert done.returncode == 0, done.stderr
    days = [line.split()[:2] for line in done.stdout.splitlines() if line.startswith("2026-11-0")]
    assert days == [["2026-11-01", "Published"], ["2026-11-02", "Unchanged"]]
    assert "2 days, 2026-11-01 to 2026-11-02" in done.stdout.splitlines()[-1]
    records = sorted(settings.root.glob(f"runs/{DATASET}/*/run.json"), key=lambda path: read_json(path)["as_of"])
    assert [read_json(path)["as_of"] for path in records] == ["2026-11-01", "2026-11-02"]
    assert [fetched.day for fetched in store.read_journal(settings.raw, DATASET)] == [
        "2026-11-01", "2026-11-02",
    ]  # fmt: skip
    assert communique("run", DATASET, "--since", "2026-11-01").returncode == 2


def test_a_backfill_ends_with_the_day_that_is_held(communique: Communique, settings: Settings, url: str) -> None:
    done = communique("run", DATASET, "--since", "2021-07-05", "--until", "2021-07-08", PREFECT_API_URL=url)
    assert done.returncode == 1
    days = [line.day for line in store.read_journal(settings.raw, DATASET)]
    assert days == ["2021-07-05"]
