"""Told at once: what is news after a run, what is sent, and what is remembered."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from flows import config, notify, runs
from flows.notify import End
from flows.settings import Settings
from schemas.package import FIRST, Package
from tests import catalog
from tests.publishing import read_json, table

DAY, NEXT = date(2026, 11, 24), date(2026, 11, 25)


def end(outcome: str, *, stale: str | None = None, day: date = DAY) -> End:
    return End("letters", outcome, "why", stale, day)


def titles(path: Path, *ends: End) -> list[list[str]]:
    """Return the conditions that each end makes news, with nobody to send them to."""
    return [[one.condition for one in notify.tell((), path, one)] for one in ends]


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ([end("Published")], [[]]),
        ([end("Held"), end("Held")], [["held"], []]),
        ([end("Held"), end("Held", day=NEXT)], [["held"], ["held"]]),
        ([end("Held"), end("Published"), end("Unchanged")], [["held"], ["recovered"], []]),
        ([end("Failed"), end("Held"), end("Unchanged")], [["failed"], ["held"], ["recovered"]]),
        ([end("Crashed"), end("Misconfigured"), end("Published")], [["failed"], [], ["recovered"]]),
        ([end("Unchanged", stale="old"), end("Published", stale="")], [["stale"], ["recovered"]]),
        ([end("Held", stale="old"), end("Published", stale="old"), end("Published", stale="")],
         [["held", "stale"], [], ["recovered"]]),
        ([end("Held"), end("Busy"), end("Rejected"), end("Published")], [["held"], [], ["recovered"], []]),
        ([end("Held"), end("Rejected"), end("Rejected", day=NEXT)], [["held"], ["recovered"], []]),
        ([end("Held"), end("Approved"), end("Unchanged", day=NEXT)], [["held"], ["recovered"], []]),
        ([end("Held", stale="old"), end("Rejected"), end("Unchanged", stale="old", day=NEXT)],
         [["held", "stale"], [], ["stale"]]),
        ([end("Held"), end("Reminder"), end("Reminder", day=NEXT), end("Published", day=NEXT)],
         [["held"], [], ["held"], ["recovered"]]),
        ([end("Reminder", stale="old"), end("Reminder", stale="")], [["stale"], ["recovered"]]),
        ([end("Unchanged", stale="old"), end("Busy"), end("Unchanged", stale=None)], [["stale"], [], []]),
    ],
)  # fmt: skip
def test_a_condition_is_told_when_it_begins_and_once_a_day_and_its_end_once(
    tmp_path: Path, ends: list[End], told: list[list[str]]
) -> None:
    assert titles(tmp_path / "told.json", *ends) == told


def test_who_is_told_of_a_stale_dataset_reads_why_and_of_a_held_one_how_its_run_ended(tmp_path: Path) -> None:
    told = notify.tell((), tmp_path / "told.json", end("Held", stale="The newest release is of May."))
    assert [(one.condition, one.text) for one in told] == [("held", "why"), ("stale", "The newest release is of May.")]


def test_a_dataset_becomes_stale_on_its_day_and_not_with_its_next_run(tmp_path: Path) -> None:
    data = catalog.folder(tmp_path / "data")
    catalog.months(data, "2024-03")
    version = Package(catalog.MINISTRY, FIRST, data / "packages" / catalog.MINISTRY / "1.0.0")
    settings, file = Settings(data=data), data / "datasets" / f"{catalog.MINISTRY}.toml"
    plain = file.read_text(encoding="utf-8")

    def told(max_age: int | None) -> list[tuple[str, str]]:
        file.write_text(f"{plain}\n[freshness]\nmax_age = {max_age}\n" if max_age else plain, encoding="utf-8")
        dataset = config.read(settings.datasets, catalog.MINISTRY)
        return [(one.condition, one.text) for one in runs.remind(settings, dataset, date(2024, 5, 1)).fresh]

    newest = max(row["published_on"] for row in table(version, "releases"))
    age = (date(2024, 5, 1) - date.fromisoformat(newest)).days
    assert told(None) == []
    assert told(age) == []
    ((condition, text),) = told(age - 1)
    assert (condition, newest in text) == ("stale", True)
    assert told(age - 1) == []
    assert told(age) == [("recovered", runs.RECENT)]


def test_a_memory_that_cannot_be_read_forgets_and_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    path.write_text("{", encoding="utf-8")
    assert titles(path, end("Held")) == [["held"]]
    assert read_json(path) == {"held": str(DAY)}


def test_news_that_no_address_took_is_told_again_and_its_address_is_not_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    silent = (SecretStr("json://steward:s3cret-word@127.0.0.1:9/hook"),)
    caplog.set_level("DEBUG")
    for _ in range(2):
        assert [one.condition for one in notify.tell(silent, tmp_path / "told.json", end("Held"))] == ["held"]
    assert not (tmp_path / "told.json").exists()
    assert "1 of 1 addresses in COMMUNIQUE_NOTIFY did not take" in caplog.text
    assert "s3cret-word" not in caplog.text


def test_an_address_of_no_service_is_known_as_none() -> None:
    assert notify.known(SecretStr("json://127.0.0.1/hook"))
    assert not notify.known(SecretStr("nothing://127.0.0.1"))
    assert not notify.known(SecretStr("letters"))


def test_addresses_are_words_of_the_environment_and_no_repr_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMUNIQUE_NOTIFY", "json://a:s3cret-a@x.example  mailto://b:s3cret-b@y.example?to=c,d")
    settings = Settings()
    assert [one.get_secret_value() for one in settings.notify] == [
        "json://a:s3cret-a@x.example",
        "mailto://b:s3cret-b@y.example?to=c,d",
    ]
    assert "s3cret" not in repr(settings) + str(settings) + settings.model_dump_json()
