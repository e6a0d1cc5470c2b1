"""What pages say is remembered between runs: it saves time, and changes nothing."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows import guard, rebuild, store
from flows.ingest.web import pages, remembered
from flows.settings import Settings
from tests.publishing import published, take
from tests.site import Site
from tests.test_web import DAY, ORDERS, TOML, later, lay_feed, page

BYTES = page(f"<p>{ORDERS} Él.</p>").encode()
PAGE = {"sha256": store.sha256(BYTES), "kind": "text/html"}


def never(digest: str) -> bytes:
    raise AssertionError(f"{digest} is read anew")


def test_a_page_is_read_once_for_the_same_bytes_and_selectors(tmp_path: Path) -> None:
    selectors = {"body": ".text", "headline": "h1"}
    first = remembered.read(tmp_path, PAGE, lambda _: BYTES, selectors, ["body"])
    assert first == pages.read(BYTES, None, selectors, ["body"])
    assert remembered.read(tmp_path, PAGE, never, selectors, ["body"]) == first
    for changed in ({"page": PAGE | {"sha256": "0" * 64}}, {"page": PAGE | {"kind": "text/html; charset=utf-8"}},
                    {"selectors": {"body": ".text"}}, {"wanted": ["body", "published"]}):  # fmt: skip
        given: dict[str, Any] = {"page": PAGE, "selectors": selectors, "wanted": ["body"]} | changed
        with pytest.raises(AssertionError, match="read anew"):
            remembered.read(tmp_path, load=never, **given)


def test_what_is_broken_or_cannot_be_written_is_read_anew(tmp_path: Path) -> None:
    first = remembered.read(tmp_path, PAGE, lambda _: BYTES, {}, ["body"])
    (path,) = tmp_path.iterdir()
    for broken in (b"", b"\0" * 100, path.read_bytes()[:-1]):
        path.write_bytes(broken)
        assert remembered.read(tmp_path, PAGE, lambda _: BYTES, {}, ["body"]) == first
        assert remembered.read(tmp_path, PAGE, never, {}, ["body"]) == first
    nowhere = tmp_path / "no" / "folder"
    assert remembered.read(nowhere, PAGE, lambda _: BYTES, {}, ["body"]) == first


def test_a_page_that_cannot_be_read_is_refused_every_time(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(guard.BadInput, match="no text"):
            remembered.read(tmp_path, PAGE, lambda _: b"<html></html>", {}, ["body"])
    assert list(tmp_path.iterdir()) == []


def test_a_version_is_the_same_to_the_byte_with_what_is_remembered_and_without(site: Site, tmp_path: Path) -> None:
    data, again = tmp_path / "data", tmp_path / "again"
    (data / "datasets").mkdir(parents=True)
    (data / "datasets" / "harbour.toml").write_text(TOML.format(address=site.address), encoding="utf-8")
    lay_feed(site, "one", "two")
    published(data, "harbour", date.fromisoformat(DAY))
    there = [*(data / "cache").iterdir()]
    assert len(there) == 2
    assert take(data, "harbour", date.fromisoformat(later(1)))[0].outcome == "Unchanged"
    assert [*(data / "cache").iterdir()] == there
    for one in there:
        one.unlink()
    assert take(data, "harbour", date.fromisoformat(later(2)))[0].outcome == "Unchanged"
    assert [one.same for one in rebuild.rebuild(Settings(data=again), "harbour", data / "raw")] == [True]
