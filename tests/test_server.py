"""Our own Prefect server: one for all who use a home, quiet, and told of when it cannot start."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import httpx
import pytest

from flows import server
from flows.cli import operating
from flows.cli.site import Site
from flows.settings import Settings
from tests.publishing import processes_of, read_json, wait_until
from tests.served import proof


class Served(NamedTuple):
    """A home and the address of its server."""

    home: Path
    url: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a server of a home whose note tells of another one, which is long gone."""
    home = tmp_path_factory.mktemp("server") / "home"
    home.mkdir()
    (home / "server.json").write_text('{"url": "http://127.0.0.1:9/api", "keeper": 1}', encoding="utf-8")
    with server.serving(home) as url:
        yield Served(home, url)


def test_a_note_of_a_server_that_is_gone_is_not_believed(served: Served) -> None:
    assert served.url != "http://127.0.0.1:9/api"
    assert httpx.get(f"{served.url}/health").json() is True
    assert read_json(served.home / "server.json")["url"] == served.url


def test_all_who_use_a_home_share_its_server_and_it_stays_until_the_last_has_left(served: Served) -> None:
    with server.serving(served.home) as url:
        assert url == served.url
    assert httpx.get(f"{served.url}/health").json() is True


def test_up_waits_for_a_run_that_has_a_server_of_its_own_and_for_nobody_else(
    served: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.alone(tmp_path)
    caplog.set_level(logging.INFO, "communique")
    waiting = Thread(target=server.alone, args=(served.home,), daemon=True)
    waiting.start()
    assert wait_until(lambda: "this begins when it has ended" in caplog.text)
    assert waiting.is_alive()


def test_the_server_is_heard_on_this_machine_alone(served: Served) -> None:
    port = int(served.url.split(":")[2].removesuffix("/api"))
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    listening = [local for _, local, _, state, *_ in lines if state == "0A" and local.endswith(f":{port:04X}")]
    assert listening == [f"0100007F:{port:04X}"]


@pytest.fixture
def settings_of(served: Served) -> dict[str, Any]:
    """Return the settings that the server says it runs with."""
    told: dict[str, Any] = httpx.get(f"{served.url}/admin/settings").json()
    return told


def test_the_server_keeps_to_its_home_and_sends_no_telemetry(settings_of: dict[str, Any], served: Served) -> None:
    assert Path(settings_of["home"]) == served.home
    assert settings_of["server"]["analytics_enabled"] is False
    assert settings_of["server"]["ephemeral"]["enabled"] is False
    assert settings_of["results"]["default_serializer"] == "json"


class Healthy(BaseHTTPRequestHandler):
    """A server that says that it is well, whatever it is asked."""

    def do_GET(self) -> None:
        """Say so."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"true")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def well() -> Iterator[str]:
    """Yield the address of a server on this machine that is well."""
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Healthy)
    threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}/api"
    listening.shutdown()
    listening.server_close()


def test_no_proxy_of_the_environment_is_asked_for_a_server_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by us, nor by Prefect, which asks by httpx."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "data.example")
    with well() as url:
        assert server.healthy(url)
        for name, value in server.environment(tmp_path, url).items():
            monkeypatch.setenv(name, value)
        assert httpx.get(f"{url}/health").json() is True
        assert server.environment(tmp_path, url)["no_proxy"] == "data.example,127.0.0.1,localhost"


def test_prefects_pages_lie_in_the_home_where_its_own_folder_may_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under the unit of docs/deploy.md, where nothing but the data folder may be written."""
    name, url = "PREFECT_SERVER_UI_STATIC_DIRECTORY", "http://127.0.0.1:1/api"
    assert (server.INSTALLED / "api").is_dir()
    monkeypatch.setattr(server, "INSTALLED", tmp_path)
    assert name not in server.environment(tmp_path, url)
    monkeypatch.setattr(server, "INSTALLED", tmp_path / "closed")
    assert server.environment(tmp_path, url)[name] == str(tmp_path / "ui")


ELSEWHERE = {"Origin": "http://evil.example"}
"""What a browser says of a page of another site that asks for something."""


def preflight(url: str, origin: str) -> httpx.Response:
    """Return what the server answers a browser that asks whether a page of `origin` may post JSON."""
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    return httpx.options(f"{url}/flows/filter", headers=asks | {"Origin": origin})


def test_a_page_of_another_site_may_neither_post_json_nor_read_what_the_server_says(served: Served) -> None:
    asked = preflight(served.url, ELSEWHERE["Origin"])
    assert (asked.status_code, asked.text) == (400, "Disallowed CORS origin")
    read = httpx.get(f"{served.url}/admin/settings", headers=ELSEWHERE)
    assert not {name for name in (*asked.headers, *read.headers) if name == "access-control-allow-origin"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_what_a_page_may_post_without_being_asked_starts_no_run(served: Served, kind: str | None) -> None:
    """A browser sends these three to any server, and Prefect takes the one that has no kind for JSON."""
    ours = proof(served.url)
    flow = httpx.post(f"{served.url}/flows/", json={"name": "approve-version"}, headers=ours).json()["id"]
    told = {"name": "approve", "flow_id": flow}
    made = httpx.post(f"{served.url}/deployments/", json=told, headers=ours).json()["id"]
    headers = ELSEWHERE | ({"Content-Type": kind} if kind else {})
    body = b'{"parameters": {}, "state": {"type": "SCHEDULED"}}'
    sent = httpx.post(f"{served.url}/deployments/{made}/create_flow_run", content=body, headers=headers)
    assert (sent.status_code, sent.json()) == (403, {"detail": "Missing CSRF token."})
    assert server.ask(served.url, "flow_runs/count", {}) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_servers_own_pages_may_use_it_by_either_name_of_this_machine(served: Served, host: str) -> None:
    origin = served.url.removesuffix("/api").replace("127.0.0.1", host)
    assert preflight(served.url, origin).headers["access-control-allow-origin"] == origin


def test_a_server_that_cannot_start_is_told_with_the_end_of_its_log_and_leaves_no_process(tmp_path: Path) -> None:
    (tmp_path / "prefect.db").mkdir()
    with pytest.raises(server.ServerError, match="unable to open database file"), server.serving(tmp_path):
        pass
    assert wait_until(lambda: not processes_of(tmp_path)), processes_of(tmp_path)
    assert not (tmp_path / "server.json").exists()


def test_what_a_server_said_before_it_died_outlives_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python, log = tmp_path / "python", tmp_path / "server.log"
    python.write_text("#!/bin/sh\necho another end\nexit 1\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    for before, after in (
        ("why it died\n", "why it died\nanother end\n"),
        ("x" * 2 * server.MOST_LOG, "another end\n"),
    ):
        log.write_text(before, encoding="utf-8")
        with pytest.raises(server.ServerError, match="log:\nanother end") as told, server.serving(tmp_path):
            pass
        assert "why it died" not in str(told.value)
        assert log.read_text(encoding="utf-8") == after
    assert (tmp_path / "server.log.1").stat().st_size == 2 * server.MOST_LOG


def test_a_server_of_another_home_is_not_taken_for_our_own(served: Served, tmp_path: Path) -> None:
    """Its port may have been ours, or be the one that we asked for."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "server.json").write_bytes((served.home / "server.json").read_bytes())
    assert server.running(served.home) == served.url
    assert server.running(home) is None
    port = int(served.url[17:-4])
    told = f"127.0.0.1:{port} already: --port takes another"
    with pytest.raises(server.PortTaken, match=told), server.serving(home, port):
        pass
    assert not processes_of(home)


def test_who_named_no_port_is_told_of_no_option(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another took the free port in the same moment."""
    port = int(served.url[17:-4])
    monkeypatch.setattr(server, "free_port", lambda: port)
    told = f"127.0.0.1:{port} already: the next start takes another port"
    with pytest.raises(server.PortTaken, match=told), server.serving(tmp_path):
        pass


def test_our_own_server_that_is_too_slow_is_told_by_its_log_and_not_as_a_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listens, but asks for a password that nobody here has: so its time runs out while it holds the port."""
    port = server.free_port()

    class UntilItListens:
        def __radd__(self, _: float) -> "UntilItListens":
            return self

        def __gt__(self, _: float) -> bool:
            return not server.taken(port)

    monkeypatch.setattr(server, "START_SECONDS", UntilItListens())
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "nobody:knows")
    match = r"did not start; the end of .*server\.log"
    with pytest.raises(server.ServerError, match=match) as told, server.serving(tmp_path, port):
        pass
    assert not isinstance(told.value, server.PortTaken)
    assert wait_until(lambda: not processes_of(tmp_path)), processes_of(tmp_path)


def test_up_says_that_its_port_was_taken_and_gives_up_in_the_end(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whichever port it takes, another has it a moment later."""
    settings = Settings(data=tmp_path / "data")
    (settings.root / "packages").mkdir(parents=True)
    site = Site(settings.root, 0, [])
    port = int(served.url[17:-4])
    ports = iter([port] * 10)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(server, "PORT", port)
    monkeypatch.setattr(server, "free_port", lambda: next(ports))
    try:
        with pytest.raises(server.PortTaken):
            operating.serve(settings, None, site)
    finally:
        site.stop()
    said = f"somebody listens on 127.0.0.1:{port} already: another port is tried"
    assert caplog.messages.count(said) == operating.PORTS - 1
