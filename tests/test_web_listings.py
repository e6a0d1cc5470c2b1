"""Listings that are cut, broken, empty, or not in the order that is expected: nothing is lost, and all is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from flows import store
from schemas.dataset import Dataset
from tests import attacks
from tests.site import Reply, Site
from tests.test_web import ORDERS, dataset, fetched, later, releases

Entries = dict[str, str]


def items(site: Site, names: list[str]) -> list[dict[str, str]]:
    """Return releases as a JSON Feed has them."""
    return [
        {"id": name, "url": f"{site.address}/{name}", "title": f"Order {name}", "content_html": f"<p>{ORDERS}</p>"}
        for name in names
    ]


def lay(site: Site, *pages: list[str], **more: Any) -> Dataset:
    """Lay a listing of these pages, each leading to the next, and return its dataset."""
    for number, names in enumerate(pages, 1):
        then = {"next_url": f"{site.address}/feed?page={number + 1}"} if number < len(pages) else {}
        told = json.dumps({"title": "News", "items": items(site, names)} | then)
        site.lay("/feed" if number == 1 else f"/feed?page={number}", told, attacks.JSON)
    return dataset(site, "feed", **more)


def told(of: Dataset, raw: Path) -> list[tuple[str, str]]:
    return [(one.rule, one.message) for one in attacks.problems(of, raw)]


FOUR = [["one"], ["two"], ["three"], ["four"]]


def test_a_listing_that_is_longer_than_a_run_reads_is_told_and_taken_up_by_the_next_where_it_was_left(
    site: Site, tmp_path: Path
) -> None:
    of = lay(site, *FOUR, most=2)
    fetched(of, tmp_path)
    assert told(of, tmp_path) == [
        ("input.unfinished", "a run reads 2 answers of the listing, and it goes on here"),
    ]
    assert releases(of, tmp_path).keys() == {"one", "two"}
    site.forget()
    fetched(of, tmp_path, later(1))
    assert site.paths() == ["/feed", "/feed?page=3"]
    fetched(of, tmp_path, later(2))
    assert releases(of, tmp_path).keys() == {"one", "two", "three", "four"}
    assert told(of, tmp_path) == []
    site.forget()
    fetched(of, tmp_path, later(30))
    assert site.paths() == ["/feed"]


def test_what_comes_while_a_long_listing_is_read_run_by_run_is_not_lost(site: Site, tmp_path: Path) -> None:
    names = [f"order-{number:02}" for number in range(30)]
    here = names[20:]
    for days in range(40):
        lay(site, *([name] for name in reversed(here)))
        fetched(dataset(site, "feed", most=3, look_back=1), tmp_path, later(3 * days))
        here = names[max(0, 20 - days) :] if days < 5 else names[15:]
    of = dataset(site, "feed", most=3, look_back=1)
    assert releases(of, tmp_path).keys() == {*names[15:]}
    assert told(of, tmp_path) == []


@pytest.mark.parametrize("days", [1, 8, 30])
@pytest.mark.parametrize("shifted", [False, True])
def test_a_first_walk_that_breaks_is_completed_when_the_listing_can_be_had_again(
    site: Site, tmp_path: Path, days: int, *, shifted: bool
) -> None:
    pages = [["one"], ["two"], ["three"], ["four"]]
    of = lay(site, *pages)
    site.replies["/feed?page=3"] = Reply(status=403)
    fetched(of, tmp_path)
    assert told(of, tmp_path) == [("input.unreached", "the server answers 403")]
    fetched(of, tmp_path, later(days))
    assert told(of, tmp_path) == [("input.unreached", "the server answers 403")]
    lay(site, *([["zero"], *pages] if shifted else pages))
    fetched(of, tmp_path, later(2 * days))
    wanted = {"one", "two", "three", "four"} | ({"zero"} if shifted else set())
    assert releases(of, tmp_path).keys() == wanted
    assert told(of, tmp_path) == []


def test_a_listing_that_was_read_before_is_not_read_whole_again_when_one_answer_failed(
    site: Site, tmp_path: Path
) -> None:
    of = lay(site, *FOUR)
    fetched(of, tmp_path)
    lay(site, ["zero"], *FOUR)
    site.replies["/feed?page=2"] = Reply(status=403)
    fetched(of, tmp_path, later(30))
    lay(site, ["zero"], *FOUR)
    site.forget()
    fetched(of, tmp_path, later(60))
    assert site.paths() == ["/feed", "/feed?page=2"]
    site.forget()
    fetched(of, tmp_path, later(90))
    assert site.paths() == ["/feed"]


def test_where_a_listing_was_left_and_is_no_more_it_is_read_once_from_its_start(site: Site, tmp_path: Path) -> None:
    of = lay(site, *FOUR, most=3)
    fetched(of, tmp_path)
    lay(site, ["one", "two"], ["three", "four"])
    site.replies["/feed?page=4"] = Reply(status=404)
    fetched(of, tmp_path, later(30))
    assert told(of, tmp_path) == [("input.unreached", "the server answers 404")]
    fetched(of, tmp_path, later(60))
    assert told(of, tmp_path) == []
    assert releases(of, tmp_path).keys() == {"one", "two", "three", "four"}
    site.forget()
    fetched(of, tmp_path, later(90))
    assert site.paths() == ["/feed"]


def test_a_listing_that_always_ends_in_an_address_that_is_not_there_comes_to_rest(site: Site, tmp_path: Path) -> None:
    of = lay(site, *FOUR)
    site.replies["/feed?page=4"] = Reply(status=404)
    for days in (0, 30, 60):
        fetched(of, tmp_path, later(days))
        assert told(of, tmp_path) == [("input.unreached", "the server answers 404")]
    site.forget()
    fetched(of, tmp_path, later(90))
    assert told(of, tmp_path) == []
    assert site.paths() == ["/feed"]


def test_a_listing_that_is_left_in_the_same_place_writes_no_line_more_on_the_same_day(
    site: Site, tmp_path: Path
) -> None:
    of = lay(site, *FOUR)
    site.replies["/feed?page=3"] = Reply(status=403)
    fetched(of, tmp_path)
    fetched(of, tmp_path)
    (line,) = store.read_journal(tmp_path, of.name)
    assert line.left == {("news", f"{site.address}/feed"): store.Left([f"{site.address}/feed?page=3"], line.day)}


def test_a_numbered_listing_that_was_left_at_its_very_end_is_at_its_end(site: Site, tmp_path: Path) -> None:
    site.replies["/posts"] = Reply(b'{"code": "rest_post_invalid_page_number"}', "application/json", status=400)
    of = posts(site, ["one"], ["two"], mode="window", most=2)
    fetched(of, tmp_path)
    assert told(of, tmp_path) == [("input.unfinished", "a run reads 2 answers of the listing, and it goes on here")]
    fetched(of, tmp_path, later(1))
    assert told(of, tmp_path) == []
    assert releases(of, tmp_path).keys() == {"one", "two"}


# Snapshots


def test_a_snapshot_that_names_nothing_withdraws_nothing(site: Site, tmp_path: Path) -> None:
    of = lay(site, ["one", "two"], mode="snapshot")
    fetched(of, tmp_path)
    lay(site, [])
    fetched(of, tmp_path, later(1))
    assert told(of, tmp_path) == [("input.empty", "the source names no release")]
    assert {one["status"] for one in releases(of, tmp_path).values()} == {"current"}


def posts(site: Site, *pages: list[str], **more: Any) -> Dataset:
    """Lay posts of a WordPress API, a page each."""
    for number, names in enumerate(pages, 1):
        told = [
            {"link": f"{site.address}/{name}", "title": {"rendered": name}, "content": {"rendered": f"<p>{ORDERS}</p>"}}
            for name in names
        ]
        path = f"/posts?per_page=100&orderby=modified&page={number}"
        site.lay(path, json.dumps(told), "application/json")
    return dataset(site, "wordpress", "/posts", **{"mode": "snapshot"} | more)


@pytest.mark.parametrize(
    "reply", [Reply(status=404), Reply(b'{"code": "rest_forbidden"}', "application/json", status=400)]
)
def test_an_answer_that_is_missing_is_not_taken_for_the_end_of_a_snapshot(
    site: Site, tmp_path: Path, reply: Reply
) -> None:
    end = Reply(b'{"code": "rest_post_invalid_page_number"}', "application/json", status=400)
    of = posts(site, ["one"], ["two"])
    site.replies["/posts"] = end
    fetched(of, tmp_path)
    assert told(of, tmp_path) == []
    site.replies["/posts?per_page=100&orderby=modified&page=2"] = reply
    fetched(of, tmp_path, later(1))
    assert told(of, tmp_path) == [("input.unreached", f"the server answers {reply.status}")]
    assert {one["status"] for one in releases(of, tmp_path).values()} == {"current"}
    posts(site, ["one"])
    site.replies["/posts?per_page=100&orderby=modified&page=2"] = end
    fetched(of, tmp_path, later(2))
    assert {name: one["status"] for name, one in releases(of, tmp_path).items()} == {
        "one": "current",
        "two": "withdrawn",
    }


def test_a_snapshot_that_is_longer_than_a_run_reads_withdraws_nothing_and_is_read_run_by_run(
    site: Site, tmp_path: Path
) -> None:
    of = lay(site, *FOUR, mode="snapshot", most=2)
    for days in range(8):
        fetched(of, tmp_path, later(days))
        assert [rule for rule, _ in told(of, tmp_path)] == ["input.unfinished"]
    assert {one["status"] for one in releases(of, tmp_path).values()} == {"current"}
    assert releases(of, tmp_path).keys() == {"one", "two", "three", "four"}
    whole = of.model_copy(update={"sources": [of.sources[0].model_copy(update={"most": 9})]})
    lay(site, ["one"], ["three"], ["four"])
    fetched(whole, tmp_path, later(9))
    assert told(whole, tmp_path) == []
    assert releases(whole, tmp_path)["two"]["status"] == "withdrawn"


# Order


def test_drupal_is_asked_for_the_newest_first(site: Site, tmp_path: Path) -> None:
    site.lay("/jsonapi/node/release", '{"data": []}', "application/vnd.api+json")
    fetched(dataset(site, "drupal", "/jsonapi/node/release"), tmp_path)
    fetched(dataset(site, "drupal", "/jsonapi/node/release?sort=-created"), tmp_path, later(1))
    assert site.paths() == ["/jsonapi/node/release?sort=-changed", "/jsonapi/node/release?sort=-created"]


def test_a_listing_that_only_grows_is_read_to_its_end_whatever_its_order(site: Site, tmp_path: Path) -> None:
    of = lay(site, ["one", "two"], ["three"], mode="append")
    fetched(of, tmp_path)
    lay(site, ["one", "two"], ["three", "four"])
    fetched(of, tmp_path, later(30))
    assert releases(of, tmp_path).keys() == {"one", "two", "three", "four"}
