"""How many releases a source says that it has, against what its listing names."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from schemas.dataset import Dataset
from tests import attacks
from tests.publishing import published, table
from tests.site import Reply, Site
from tests.test_web import DAY, ORDERS, TOML, dataset, fetched, later, page, releases

COUNTED = {
    "drupal": ("/jsonapi/node/release?sort=-changed", "data"),
    "doj": ("/api.json?pagesize=50&sort=changed&direction=DESC&page=0", "results"),
    "federal-register": ("/documents.json", "results"),
    "wordpress": ("/posts?per_page=100&orderby=modified&page=1", ""),
}
"""By kind: where its first answer is asked for, and where that has its items."""


def items(kind: str, *names: str) -> list[dict[str, Any]]:
    """Return releases as an API has them."""
    if kind == "drupal":
        return [{"attributes": {"title": name, "body": ORDERS, "path": {"alias": f"/{name}"}}} for name in names]
    told = {"title": "Order", "body": ORDERS, "content": ORDERS, "publication_date": "2026-11-20"}
    return [told | {"url": f"/{one}", "html_url": f"/{one}", "link": f"/{one}", "body_html_url": f"/{one}"}
            for one in names]  # fmt: skip


def lay(site: Site, kind: str, total: Any, *names: str, **more: Any) -> Dataset:
    """Lay an API that names these releases in its one answer, and says how many it has."""
    path, inner = COUNTED[kind]
    told = items(kind, *names)
    counts = {"meta": {"count": total}, "metadata": {"resultset": {"count": total}}, "count": total}
    data = json.dumps({inner: told} | counts if inner else told).encode()
    headers = {} if inner else {"X-WP-Total": str(total)}
    site.replies[path] = Reply(data, "application/json", headers=headers, tagged=False)
    start = path.partition("?")[0]
    empty = b'{"code": "rest_post_invalid_page_number"}' if kind == "wordpress" else b'{"results": []}'
    site.replies.setdefault(start, Reply(empty, "application/json", status=400 if kind == "wordpress" else 200))
    for name in names:
        site.lay(f"/{name}", page(ORDERS))
    return dataset(site, kind, start, **more)


def told(of: Dataset, raw: Path) -> list[tuple[str, str]]:
    return [(one.rule, one.message) for one in attacks.problems(of, raw) if one.rule != "input.untaken"]


@pytest.mark.parametrize("kind", COUNTED)
def test_a_source_that_names_fewer_releases_than_it_says_that_it_has_is_told_until_it_names_them(
    site: Site, tmp_path: Path, kind: str
) -> None:
    of = lay(site, kind, "3", "one", "two")
    for days in (0, 1, 30):
        fetched(of, tmp_path, later(days))
        assert told(of, tmp_path) == [("input.total", "the source says that it has 3 releases, and names 2")]
        assert releases(of, tmp_path).keys() == {"one", "two"}
    lay(site, kind, 3, "one", "two", "three")
    fetched(of, tmp_path, later(60))
    assert told(of, tmp_path) == []


@pytest.mark.parametrize("total", [2, "two", None, True, -3, {}, "9" * 5000])
@pytest.mark.parametrize("kind", COUNTED)
def test_a_number_that_is_right_or_none_is_told_no_more_of(site: Site, tmp_path: Path, kind: str, total: Any) -> None:
    of = lay(site, kind, total, "one", "two")
    fetched(of, tmp_path)
    assert told(of, tmp_path) == []


def test_a_snapshot_that_names_fewer_releases_than_there_are_withdraws_nothing(site: Site, tmp_path: Path) -> None:
    of = lay(site, "drupal", 2, "one", "two", mode="snapshot")
    fetched(of, tmp_path)
    lay(site, "drupal", 2, "one")
    fetched(of, tmp_path, later(1))
    assert told(of, tmp_path) == [("input.total", "the source says that it has 2 releases, and names 1")]
    assert {one["status"] for one in releases(of, tmp_path).values()} == {"current"}
    lay(site, "drupal", 1, "one")
    fetched(of, tmp_path, later(2))
    assert releases(of, tmp_path)["two"]["status"] == "withdrawn"


def test_a_window_is_held_against_all_that_it_ever_named(site: Site, tmp_path: Path) -> None:
    of = lay(site, "wordpress", 2, "one", "two")
    fetched(of, tmp_path)
    lay(site, "wordpress", 3, "three", "one")
    for days in (30, 60):
        fetched(of, tmp_path, later(days))
        assert told(of, tmp_path) == []
    lay(site, "wordpress", 4, "three", "one")
    fetched(of, tmp_path, later(90))
    assert told(of, tmp_path) == [("input.total", "the source says that it has 4 releases, and names 3")]


def test_what_a_source_has_and_does_not_name_is_missing_in_the_account(site: Site, tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    lay(site, "drupal", 7, "one")
    text = TOML.format(address=site.address).replace('"feed"', '"drupal"').replace("/feed", "/jsonapi/node/release")
    text = text.replace('[sources.page]\nbody = ".text"\n', "")
    (tmp_path / "datasets" / "harbour.toml").write_text(text, encoding="utf-8")
    account = table(published(tmp_path, "harbour", date.fromisoformat(DAY)), "coverage")
    assert [(row["entry"], row["listed"], row["ingested"], row["rule"], row["why"]) for row in account] == [
        ("all", "2", "1", "", ""),
        (
            f"{site.address}/jsonapi/node/release?sort=-changed",
            *("", "", "input.total", "the source says that it has 7 releases, and names 1"),
        ),
    ]
