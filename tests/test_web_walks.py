"""Walks as the server sees them: hosts side by side, one host never by two at once, and a run that is killed."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

from flows.settings import PROJECT
from tests.publishing import PATIENCE
from tests.site import Reply, Site, serving
from tests.test_web import DAY, ORDERS, TOML, dataset, fetched, lay_feed, page, releases, rss

NAMES = [f"order-{number}" for number in range(12)]


def test_a_run_that_is_killed_in_the_middle_of_a_walk_is_taken_up_where_it_was(site: Site, tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "harbour.toml").write_text(TOML.format(address=site.address), encoding="utf-8")
    lay_feed(site, *NAMES)
    there, last = threading.Event(), threading.Event()

    def stuck(_: dict[str, str]) -> Reply:
        there.set()
        last.wait(PATIENCE)
        return Reply(page(ORDERS).encode())

    site.replies["/order-5"] = stuck
    told = f"published(Path({str(tmp_path)!r}), 'harbour', date.fromisoformat({DAY!r}))"
    code = f"from datetime import date; from pathlib import Path; from tests.publishing import published; {told}"
    run = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT)
    assert there.wait(PATIENCE)
    run.send_signal(signal.SIGKILL)
    assert run.wait(PATIENCE) == -signal.SIGKILL
    last.set()
    had = [path for path in site.paths() if path != "/order-5"]
    site.forget()
    site.lay("/order-5", page(ORDERS))
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True, timeout=4 * PATIENCE)
    assert len(had) > 2
    assert sorted([*had, *site.paths()]) == sorted(["/feed", *(f"/{name}" for name in NAMES)])
    latest = tmp_path / "packages" / "harbour" / "1.0.0" / "releases.csv"
    assert all(f"\n{name}," in latest.read_text(encoding="utf-8") for name in NAMES)


def test_sources_on_different_hosts_are_asked_at_the_same_time(site: Site, tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=PATIENCE)
    with serving(Site()) as other:
        for one in (site, other):
            feed = Reply(rss(one, "one").encode(), "application/rss+xml")
            one.lay("/one", page(ORDERS))
            one.replies["/feed"] = lambda _, feed=feed: (both.wait(), feed)[1]  # type: ignore[misc]
        sources = [
            dataset(one, "feed", name=name, page={"body": ".text"}).sources[0]
            for name, one in (("here", site), ("there", other))
        ]
        of = dataset(site, "feed").model_copy(update={"sources": sources})
        fetched(of, tmp_path)
    assert not both.broken
    assert releases(of, tmp_path).keys() == {"one"}


def test_sources_on_one_host_are_asked_one_request_after_another(site: Site, tmp_path: Path) -> None:
    at_once, most, gate = 0, 0, threading.Lock()
    names = [f"source-{number}" for number in range(5)]

    def counted(feed: Reply) -> Reply:
        nonlocal at_once, most
        with gate:
            at_once += 1
            most = max(most, at_once)
        threading.Event().wait(0.05)
        with gate:
            at_once -= 1
        return feed

    for name in names:
        feed = Reply(rss(site, name).encode(), "application/rss+xml")
        site.replies[f"/{name}.xml"] = lambda _, feed=feed: counted(feed)  # type: ignore[misc]
        site.lay(f"/{name}", page(ORDERS))
    sources = [dataset(site, "feed", f"/{name}.xml", name=name, page={"body": ".text"}).sources[0] for name in names]
    of = dataset(site, "feed").model_copy(update={"sources": sources})
    fetched(of, tmp_path)
    assert most == 1
    assert [path for path, _ in site.asked].count("/robots.txt") == 1
    assert releases(of, tmp_path).keys() == {*names}
