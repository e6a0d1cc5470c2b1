"""The account of completeness: what each source named against what is in the package, the missing ones by name."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from flows import coverage, rebuild, rulings
from flows.coverage import Named
from flows.settings import Settings
from schemas.package import Package
from tests.conftest import AS_OF
from tests.publishing import DATASET, Ended, publish, published, table, take
from tests.site import Reply, Site
from tests.test_web import DAY, TOML, later, lay_feed, page, rss

Row = dict[str, str]
SEED_ROW = {"source": "releases", "month": "undated", "entry": "all", "listed": "1", "ingested": "1", "missing": "0"}
NOTHING = {"rule": "", "why": ""}


def lay(site: Site, data: Path, *names: str) -> Path:
    (data / "datasets").mkdir(parents=True)
    (data / "datasets" / "harbour.toml").write_text(TOML.format(address=site.address), encoding="utf-8")
    lay_feed(site, *names)
    return data


def run(data: Path, day: str = DAY) -> Ended:
    return take(data, "harbour", date.fromisoformat(day))[0]


def account(version: Package | None) -> list[Row]:
    assert version
    return table(version, "coverage")


def missing(version: Package | None) -> dict[str, str]:
    return {row["entry"]: row["why"] for row in account(version) if row["entry"] != "all"}


def counts(version: Package | None) -> dict[str, tuple[str, str, str]]:
    whole = (row for row in account(version) if row["entry"] == "all")
    return {row["month"]: (row["listed"], row["ingested"], row["missing"]) for row in whole}


def test_a_release_that_a_feed_lists_and_the_server_refuses_is_named_with_the_reason(
    site: Site, tmp_path: Path
) -> None:
    data = lay(site, tmp_path / "data", "one", "two", "three")
    site.replies["/two"] = Reply(status=403)
    assert account(run(data).latest) == [
        {"source": "news", "month": "2026-11", "entry": "all", "listed": "3", "ingested": "2", "missing": "1"}
        | NOTHING,
        {
            "source": "news",
            "month": "2026-11",
            "entry": f"{site.address}/two",
            "listed": "",
            "ingested": "",
            "missing": "",
            "rule": "input.unreached",
            "why": "the server answers 403",
        },
    ]


def test_the_account_alone_makes_a_version_only_when_another_release_is_missing(site: Site, tmp_path: Path) -> None:
    data = lay(site, tmp_path / "data", "one", "two")
    site.replies["/two"] = Reply(status=403)
    assert run(data).outcome == "Published"
    assert run(data, later(1)).outcome == "Unchanged"
    site.replies["/two"] = Reply(status=404)
    assert run(data, later(2)).outcome == "Unchanged"
    lay_feed(site, "one", "two", "three")
    site.replies["/two"] = site.replies["/three"] = Reply(status=403)
    outcome, version = run(data, later(3))
    assert outcome == "Published"
    assert missing(version).keys() == {f"{site.address}/two", f"{site.address}/three"}
    site.lay("/two", page("<p>Here at last.</p>"))
    assert missing(run(data, later(4)).latest).keys() == {f"{site.address}/three"}


def test_a_listing_that_breaks_for_a_day_changes_no_account(site: Site, tmp_path: Path) -> None:
    data = lay(site, tmp_path / "data", "one")
    first = run(data)
    site.replies["/feed"] = Reply(status=404)
    again = run(data, later(1))
    assert (first.outcome, again.outcome) == ("Published", "Unchanged")


def test_a_source_whose_listing_was_never_had_is_accounted_for(site: Site, tmp_path: Path) -> None:
    data = lay(site, tmp_path / "data", "one")
    told = (data / "datasets" / "harbour.toml").read_text(encoding="utf-8")
    beside = told.partition("[[sources]]")[2].partition("[gate]")[0].replace("/feed", "/none").replace("news", "old")
    (data / "datasets" / "harbour.toml").write_text(f"{told}\n[[sources]]{beside}", encoding="utf-8")
    rows = [row for row in account(run(data).latest) if row["source"] == "old"]
    assert [(row["month"], row["entry"], row["why"]) for row in rows] == [
        ("undated", "all", ""),
        ("undated", f"{site.address}/none", "the server answers 404"),
    ]


def test_where_a_listing_is_longer_than_a_run_reads_the_rest_is_missing(site: Site, tmp_path: Path) -> None:
    data = lay(site, tmp_path / "data", "one")
    file = data / "datasets" / "harbour.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("delay = 0", "delay = 0\nmost = 1"), encoding="utf-8")
    first = rss(site, "one").replace("<rss", "<rss xmlns:a='http://www.w3.org/2005/Atom'")
    more = first.replace("<title>News", "<a:link rel='next' href='/feed?page=2'/><title>News")
    site.lay("/feed", more, "application/rss+xml")
    site.lay("/feed?page=2", rss(site, "two"), "application/rss+xml")
    site.lay("/two", page("<p>Here at last.</p>"))
    why = "a run reads 1 answer of the listing, and it goes on here"
    assert missing(run(data).latest) == {f"{site.address}/feed?page=2": why}
    assert missing(run(data, later(1)).latest) == {}
    assert counts(run(data, later(1)).latest) == {"2026-11": ("2", "2", "0")}


def test_a_withdrawn_release_is_still_one_that_was_ingested(site: Site, tmp_path: Path) -> None:
    data = lay(site, tmp_path / "data", "one", "two")
    run(data)
    site.replies["/two"] = Reply(status=410)
    assert counts(run(data, later(1)).latest) == {"2026-11": ("2", "2", "0")}


def test_the_account_is_made_again_from_raw_bytes_to_the_byte(site: Site, tmp_path: Path) -> None:
    data, again = lay(site, tmp_path / "data", "one", "two"), tmp_path / "again"
    site.replies["/two"] = Reply(status=403)
    run(data)
    site.lay("/two", page("<p>Here at last.</p>"))
    run(data, later(1))
    site.replies.clear()
    rebuilt = list(rebuild.rebuild(Settings(data=again), "harbour", data / "raw"))
    assert [one.same for one in rebuilt] == [True, True]
    read = [(root / "packages/harbour/1.0.0/coverage.csv").read_bytes() for root in (data, again)]
    assert read[0] == read[1]


def test_a_folder_names_its_documents(data: Path) -> None:
    version = published(data)
    assert account(version) == [SEED_ROW | NOTHING]


def test_documents_that_cannot_be_read_are_named_by_file_and_line(data: Path, seed: dict[str, Any]) -> None:
    good = json.dumps(seed)
    other = json.dumps(seed | {"id": "another", "published_on": "2021-08-02", "language": 7})
    (data / "releases" / "more.jsonl").write_text(f"{good}\n{other}\n{{broken\n", encoding="utf-8")
    told = (data / "datasets" / f"{DATASET}.toml").read_text(encoding="utf-8")
    (data / "datasets" / f"{DATASET}.toml").write_text(told.replace("share = 0.2", "share = 1.0"), encoding="utf-8")
    rows = {row["entry"]: (row["month"], row["rule"]) for row in account(publish(data).latest) if row["entry"] != "all"}
    assert rows == {
        "releases/more.jsonl:1": ("undated", "record.duplicate"),
        "releases/more.jsonl:2": ("2021-08", "record.type"),
        "releases/more.jsonl:3": ("undated", "input.json"),
    }


def test_a_release_that_a_steward_took_down_is_missing_by_his_word(data: Path, seed: dict[str, Any]) -> None:
    (data / "releases" / "beside.json").write_text(json.dumps(seed | {"id": "beside"}), encoding="utf-8")
    published(data)
    rulings.take_down(Settings(data=data), DATASET, "beside", "Ines Vale", "A name that must not stand there.")
    again = published(data, day=date.fromisoformat(AS_OF))
    assert missing(again) == {"releases/beside.json": "taken down by Ines Vale: A name that must not stand there."}


def test_a_release_that_was_taken_down_stays_out_when_its_page_names_another_canonical_address(
    site: Site, tmp_path: Path
) -> None:
    data = lay(site, tmp_path / "data", "one", "two")
    run(data)
    rulings.take_down(Settings(data=data), "harbour", "two", "Ines Vale", "A name that must not stand there.")
    head = f'<head><link rel="canonical" href="{site.address}/orders/second"></head>'
    site.lay("/two", page("<p>A text of another day.</p>").replace("<body>", f"{head}<body>"))
    version = run(data, later(1)).latest
    assert version
    assert {row["release_id"] for row in table(version, "releases")} == {"one"}
    why = "taken down by Ines Vale: A name that must not stand there."
    assert missing(version) == {f"{site.address}/two": why}
    rebuilt = list(rebuild.rebuild(Settings(data=tmp_path / "again"), "harbour", data / "raw"))
    assert [one.same for one in rebuilt] == [True, True]


def test_no_two_rows_of_the_account_have_one_key() -> None:
    entries = ["all", "a\x01b", "a\x02b", "a b", "a\x01\x02b", "a\x01b"]
    rows = coverage.account([Named("drop", entry, None) for entry in entries], ["drop"], [], [])
    keys = [(row.values["source"], row.values["month"], row.values["entry"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert rows[0].values["listed"] == len(keys) - 1 == len(set(entries))
    assert {key[2] for key in keys} == {"all", "./all", "a\\x01b", "a\\x02b", "a b", "a\\x01\\x02b"}
