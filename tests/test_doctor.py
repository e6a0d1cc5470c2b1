"""What doctor finds, each broken for real, and the mend that it names."""

import http.server
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from flows import doctor, store
from flows.doctor import folders, servers
from flows.doctor.finding import Finding
from flows.settings import Settings
from flows.store import Fetched
from tests.conftest import Communique
from tests.publishing import DATASET

Found = Callable[[str], Finding]


@pytest.fixture
def found(settings: Settings) -> Found:
    """Return a function that examines the data folder and returns the first finding of a check that is not good."""

    def look(check: str) -> Finding:
        mine = [one for one in doctor.examine(settings) if one.check == check]
        return next((one for one in mine if one.outcome != "good"), mine[0])

    return look


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no server named."""
    for name in [name for name in os.environ if name.startswith(("PREFECT_", "COMMUNIQUE_"))]:
        monkeypatch.delenv(name)


def test_a_healthy_folder_exits_0_and_warns_of_what_nobody_does(communique: Communique) -> None:
    done = communique("doctor", "--format", "json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["good"] is True
    assert {one["check"] for one in found["findings"] if one["outcome"] == "warning"} <= {"schedules", "notify", "disk"}
    assert all(one["mend"] for one in found["findings"] if one["outcome"] in {"warning", "bad"})


def test_a_broken_dataset_file_is_bad_with_its_line_and_exits_1(communique: Communique, data: Path) -> None:
    path = data / "datasets" / f"{DATASET}.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("0 6 * * *", "61 6 * * *"), encoding="utf-8")
    done = communique("doctor")
    assert done.returncode == 1
    assert f"✗ schedules          {path}:" in done.stdout
    assert "mend" in done.stdout


def test_no_dataset_at_all_is_bad(settings: Settings, found: Found) -> None:
    for path in settings.datasets.iterdir():
        path.unlink()
    assert found("schedules").outcome == "bad"
    assert "communique init" in found("schedules").mend


def test_a_schedule_that_nobody_runs_is_a_warning(found: Found) -> None:
    assert found("schedules").outcome == "warning"
    assert "communique up" in found("schedules").mend


def test_a_server_that_does_not_answer_is_bad_and_its_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, found: Found
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://admin:s3cret-word@127.0.0.1:9/api")
    assert found("server").outcome == "bad"
    assert "127.0.0.1:9" in found("server").found
    assert "s3cret" not in found("server").found


class Answering(http.server.BaseHTTPRequestHandler):
    """A Prefect server that says what it is told to, by a clock that is wrong."""

    answers: ClassVar[dict[str, object]] = {}

    def do_GET(self) -> None:
        """Say it, or that there is nothing."""
        name = self.path.rpartition("/")[2]
        self.send_response(200 if name in self.answers else 404)
        self.end_headers()
        self.wfile.write(json.dumps(self.answers.get(name)).encode())

    def do_POST(self) -> None:
        """Say it too."""
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return a day that is not today."""
        return "Mon, 01 Jan 2001 00:00:00 GMT" if timestamp is None else super().date_time_string(timestamp)


@pytest.fixture
def deployed(settings: Settings) -> Iterator[str]:
    """Yield the address of the home's server, which knows the dataset; nobody has asked it for runs in a long while."""
    schedule = {"active": True, "schedule": {"cron": "0 6 * * *", "timezone": "America/New_York"}}
    Answering.answers = {
        "health": True,
        "settings": {"home": str(settings.prefect_home)},
        DATASET: {"paused": False, "schedules": [schedule], "status": "NOT_READY"},
    }
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/api"
    (settings.prefect_home).mkdir()
    (settings.prefect_home / "server.json").write_text(json.dumps({"url": url}), encoding="utf-8")
    yield url
    server.shutdown()


def schedule_of(settings: Settings) -> Finding:
    """Return what is found of the schedule of the dataset."""
    return next(one for one in doctor.examine(settings) if one.found.startswith(f"{DATASET}: "))


def test_a_schedule_that_our_own_server_knows_is_good_while_up_is_there(settings: Settings, deployed: str) -> None:
    assert deployed
    assert schedule_of(settings).outcome == "warning"
    assert "nobody runs it" in schedule_of(settings).found
    with store.locked(settings.prefect_home / "up.lock"):
        assert schedule_of(settings).outcome == "good"


@pytest.mark.parametrize(("status", "outcome"), [("NOT_READY", "warning"), ("READY", "good")])
def test_a_schedule_that_a_server_of_others_knows_is_good_while_somebody_asks_for_its_runs(
    settings: Settings, deployed: str, monkeypatch: pytest.MonkeyPatch, status: str, outcome: str
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", deployed)
    told = Answering.answers[DATASET]
    assert isinstance(told, dict)
    told["status"] = status
    assert schedule_of(settings).outcome == outcome


class Open(Answering):
    """A server that lets everyone in, sends telemetry and pickles."""

    def do_GET(self) -> None:
        """Tell settings that are wrong."""
        server = {"analytics_enabled": True, "api": {"cors_allowed_origins": "*"}}
        told = {"server": server, "results": {"default_serializer": "pickle"}}
        self._say(told if "settings" in self.path else True)

    def do_POST(self) -> None:
        """Answer anyone."""
        self._say(0)

    def _say(self, value: object) -> None:
        self.send_response(404 if "deployments" in self.path else 200)
        self.send_header("Date", "Mon, 01 Jan 2001 00:00:00 GMT")
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())


@pytest.fixture
def open_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a server on every address of this machine that does all that it should not."""
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Open)  # noqa: S104 - what doctor is to find
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{server.server_port}/api")
    yield
    server.shutdown()


@pytest.mark.parametrize("check", ["telemetry", "serializer", "clock", "open to the world", "foreign pages"])
@pytest.mark.usefixtures("open_server")
def test_a_server_that_does_what_it_should_not_is_bad(found: Found, check: str) -> None:
    if check == "open to the world" and not servers._addresses():  # noqa: SLF001 - whether there is an outside
        pytest.skip("this machine has no address but loopback")
    assert found(check).outcome == "bad"
    assert found(check).mend


@pytest.mark.parametrize("check", ["telemetry", "serializer", "open to the world", "foreign pages"])
def test_where_no_server_runs_none_is_asked_and_that_is_said(found: Found, check: str) -> None:
    assert found(check) == Finding(check, "skipped", "not asked, for no server runs")


def test_a_data_folder_that_is_not_there_is_bad_with_its_mend_and_is_not_made(
    communique: Communique, data: Path
) -> None:
    shutil.rmtree(data)
    told = communique("doctor")
    assert told.returncode == 1
    assert f"✗ rights             {data} is not there" in told.stdout
    assert "communique init" in told.stdout
    assert f"· lock               not tried, for {data} is not there" in told.stdout
    assert not data.exists()


def test_a_clock_that_went_back_is_bad(settings: Settings, found: Found) -> None:
    store.append_journal(settings.raw, DATASET, Fetched("2999-01-01", {}, []))
    assert found("clock").outcome == "bad"
    assert "2999-01-01" in found("clock").found


def test_the_clock_of_our_own_server_is_not_asked_for_it_is_that_of_this_machine(found: Found, deployed: str) -> None:
    assert deployed
    assert found("clock").outcome == "good"


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"as_of": "2026-11-24", "changed": 1}'])
def test_a_journal_that_cannot_be_read_is_bad_and_all_else_is_looked_at(
    communique: Communique, settings: Settings, line: str
) -> None:
    store.append_journal(settings.raw, DATASET, Fetched("2026-11-24", {}, []))
    path = store.journal_path(settings.raw, DATASET)
    path.write_text(f"{line}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    done = communique("doctor")
    assert (done.returncode, done.stderr) == (1, "")
    assert f"✗ journal            {path} " in done.stdout
    assert "✓ clock" in done.stdout
    assert "✓ rights" in done.stdout


def test_a_check_that_comes_to_no_end_is_bad_and_the_others_are_told(settings: Settings, found: Found) -> None:
    (settings.packages / DATASET / "1.0.0").mkdir(parents=True)
    (settings.packages / DATASET / "1.1.0").symlink_to("1.1.0")
    assert found("disk").outcome == "bad"
    assert "OSError" in found("disk").found
    assert found("rights").outcome == "good"


def test_a_publisher_at_work_is_named(settings: Settings, found: Found) -> None:
    with store.locked(settings.lock(DATASET)):
        assert f"at work now: {DATASET}" in found("lock").found
    assert "at work" not in found("lock").found


def test_a_folder_that_cannot_be_written_is_bad(settings: Settings, found: Found) -> None:
    settings.packages.write_text("a file in the place of the folder", encoding="utf-8")
    assert found("rights").outcome == "bad"
    assert str(settings.packages) in found("rights").found


@pytest.mark.parametrize("place", [f"runs/{DATASET}", f"packages/{DATASET}", "raw/sha256/ab"])
def test_a_folder_further_down_that_cannot_be_written_is_bad(settings: Settings, found: Found, place: str) -> None:
    """As those that a run of root left behind."""
    closed = settings.root / place
    closed.parent.mkdir(parents=True, exist_ok=True)
    closed.write_text("a file in the place of the folder", encoding="utf-8")
    assert found("rights").outcome == "bad"
    assert str(closed) in found("rights").found


def test_too_little_room_is_told(monkeypatch: pytest.MonkeyPatch, found: Found) -> None:
    monkeypatch.setattr(folders, "ENOUGH", 1 << 60)
    assert found("disk").outcome == "warning"
    monkeypatch.setattr(folders, "LEAST", 1 << 60)
    assert found("disk").outcome == "bad"
    assert "prune" in found("disk").mend


def test_an_address_of_no_service_is_told_by_its_number_alone(monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    monkeypatch.setenv("COMMUNIQUE_NOTIFY", "json://x.example nothing://s3cret-word")
    mine = [one for one in doctor.examine(Settings(data=data)) if one.check == "notify"]
    assert [(one.outcome, "address 2 of 2" in one.found) for one in mine] == [("bad", True)]
    assert "s3cret" not in mine[0].found


def test_examining_leaves_nothing_behind(data: Path, settings: Settings) -> None:
    before = sorted(path for path in data.rglob("*") if path.is_file())
    doctor.examine(settings)
    assert sorted(path for path in data.rglob("*") if path.is_file()) == before
