"""What is asked of pages as a whole: that their HTML is valid, and that their links lead somewhere."""

import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser

from flows.settings import PROJECT
from tests.needs import EXPECTED

HTML = PROJECT / "tests" / "html"
JUDGE = HTML / "node_modules" / ".bin" / "html-validate"
judged = pytest.mark.skipif(
    not JUDGE.exists() and not EXPECTED,
    reason="html-validate is not installed: `make browser` brings it, where there is npm",
)


def faults(*found: Path) -> str:
    """Return what html-validate finds wrong with pages, a line each."""
    command = [str(one) for one in (JUDGE, "--config", HTML / ".htmlvalidate.json", "--formatter", "text", *found)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1 if done.stdout else 0, "")
    return done.stdout


def crawled(root: str) -> tuple[set[str], list[tuple[str, str]]]:
    """Return every address that links of a served site lead to, and those, or parts of pages, that are not there."""
    seen, waiting, anchors = set[str](), [root], dict[str, set[str]]()
    wanted, dead = set[tuple[str, str]](), list[tuple[str, str]]()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        try:
            with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own site
                body, kind = answer.read(), answer.headers["content-type"]
        except urllib.error.HTTPError as fault:
            dead.append((address, str(fault.code)))
            continue
        if not kind.startswith("text/html"):
            continue
        page = LexborHTMLParser(body)
        anchors[address] = {node.attributes["id"] or "" for node in page.css("[id]")}
        for node in page.css("a[href], link[href]"):
            there, fragment = urldefrag(urljoin(address, node.attributes["href"] or ""))
            if urlsplit(there).netloc == urlsplit(root).netloc:
                waiting.append(there)
                wanted |= {(there, unquote(fragment))} if fragment else set()
    return seen, dead + [pair for pair in wanted if pair[1] not in anchors.get(pair[0], ())]
