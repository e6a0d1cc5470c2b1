"""The log: lines for people, JSON for machines, a bar on a terminal, and no secret in any."""

import io
import json
import logging

import pytest
from pydantic import ValidationError
from rich.console import Console

from flows import logs, redact
from flows.settings import Settings
from tests.conftest import Communique

SECRETS = {
    "COMMUNIQUE_NOTIFY": "json://steward:s3cret-hook@x.example/p slack://s3cret-slack/b/c",
    "PREFECT_API_KEY": "pnu_s3cret_key",
    "PREFECT_API_AUTH_STRING": "admin:s3cret-pair",
    "PREFECT_API_URL": "https://admin:s3cret%2Furl@prefect.example/api",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://prefect:s3cret-db@db.example/prefect",
}
TELLING = [
    "sent to json://steward:s3cret-hook@x.example/p",
    "key pnu_s3cret_key was refused",
    "401 for admin:s3cret-pair",
    "the password s3cret-pair is wrong",
    "no answer of https://admin:s3cret%2Furl@prefect.example/api",
    "decoded: s3cret/url",
    'dsn postgresql+asyncpg://prefect:s3cret-db@db.example/prefect "quoted"',
]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have secrets in the environment."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def record(message: str, **told: object) -> logging.LogRecord:
    made = logging.getLogger("communique").makeRecord("communique", logging.ERROR, __file__, 1, message, (), None)
    vars(made).update(told)
    return made


@pytest.mark.parametrize(
    "formatter", [logs.Lines("%(message)s"), logs.Dated("%(message)s"), logs.Json()], ids=["lines", "dated", "json"]
)
@pytest.mark.parametrize("said", TELLING)
def test_no_secret_of_the_environment_is_in_a_line(formatter: logging.Formatter, said: str) -> None:
    line = formatter.format(record(said, dataset=said))
    assert "s3cret" not in line
    assert redact.HIDDEN in line


@pytest.mark.parametrize("formatter", [logs.Lines("%(message)s"), logs.Json()], ids=["lines", "json"])
def test_no_secret_is_in_a_traceback(formatter: logging.Formatter) -> None:
    made = record("it broke")
    made.exc_info = (ValueError, ValueError(TELLING[0]), None)
    line = formatter.format(made)
    assert "ValueError" in line
    assert "s3cret" not in line


def test_a_line_of_json_has_its_time_and_level_and_what_it_is_about() -> None:
    told = json.loads(logs.Json().format(record("fetch   3\nfiles", dataset="letters", files=3, path=object())))
    assert told.pop("time").endswith("+00:00")
    assert told == {
        "level": "error", "logger": "communique", "message": "fetch 3 files", "dataset": "letters", "files": 3,
    }  # fmt: skip


def test_a_line_for_people_has_second_level_and_dataset() -> None:
    line = logs.Dated("%(message)s").format(record("it broke", dataset="letters"))
    assert line.split(" ", 1)[1] == "ERROR letters it broke"


def test_what_prefect_tells_in_many_lines_is_one() -> None:
    made = record("\nService failed\nTraceback …", name="prefect.runner")
    assert logs.Lines("%(message)s").format(made) == "Prefect: Service failed"


def test_the_bar_of_a_terminal_says_which_step_comes_next_and_the_lines_stay_above_it() -> None:
    screen = io.StringIO()
    with logs.of_one_run(Console(file=screen, force_terminal=True, width=100), "letters"):
        log = logging.getLogger("communique")
        log.info("fetch   files: 1", extra={"step": "fetch"})
        log.info("published: /tmp", extra={"outcome": "Published"})
    assert "  fetch   files: 1" in screen.getvalue()
    assert "letters: build" in screen.getvalue()
    assert "published" not in screen.getvalue()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:4200/api", "http://127.0.0.1:4200/api"),
        ("https://admin:pw@prefect.example:443/api?key=x", "https://***@prefect.example:443/api"),
        ("http://[bad", redact.HIDDEN),
    ],
)
def test_an_address_is_shown_without_user_password_and_query(url: str, shown: str) -> None:
    assert redact.shown(url) == shown


@pytest.mark.parametrize("command", [["run"], ["up"], ["doctor"]], ids=" ".join)
def test_a_command_that_names_the_server_hides_its_password(communique: Communique, command: list[str]) -> None:
    done = communique(*command, **SECRETS | {"PREFECT_API_URL": "http://admin:s3cret%2Furl@127.0.0.1:9/api"})
    assert done.returncode in {1, 2}
    assert "127.0.0.1:9" in done.stdout + done.stderr
    assert "s3cret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("given", ["json", "text", "JSON", ""])
def test_the_log_is_json_where_the_setting_is(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("COMMUNIQUE_LOG", given)
    try:
        wanted = Settings().log == "json"
    except ValidationError:
        wanted = False
    assert logs.wants_json() is wanted


def test_a_setting_that_is_none_ends_2_with_its_name(communique: Communique) -> None:
    done = communique("doctor", COMMUNIQUE_LOG="xml")
    assert done.returncode == 2
    assert done.stderr == "COMMUNIQUE_LOG: Input should be 'text' or 'json'\n"
