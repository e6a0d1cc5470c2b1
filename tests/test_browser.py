"""The catalog in a real browser: what a reader does, what an eye and a keyboard meet, and that nobody else is asked."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from flows import rulings
from flows.settings import Settings
from flows.site import model
from flows.site.faces.about import about
from flows.site.render import scripts
from flows.site.snippets import LOCAL, snippets
from flows.site.write import site
from tests import catalog, shelves
from tests.catalog import MINISTRY
from tests.markup import crawled, faults, judged
from tests.needs import CHROMIUM, EXPECTED
from tests.publishing import DATASET
from tests.shelves import serving

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not EXPECTED,
    reason="there is no Chromium: `apt-get install chromium` brings it, and these tests need it",
)
SEED = f"{DATASET}/releases/dhs-2021-07-guatemala-seed.html"
KINDS = {
    "catalog": "",
    "search": "search.html",
    "dataset": f"{MINISTRY}/",
    "release": SEED,
    "release-row": f"{SEED}#c1",
    "edited": f"{MINISTRY}/releases/mer-2024-03-12-velasandro-visit.html",
    "harmful": f"{DATASET}/releases/harmful-release.html",
    "releases": f"{MINISTRY}/releases.html",
    "entity": f"{MINISTRY}/entities/halmere.html",
    "entities": f"{MINISTRY}/entities.html",
    "table": f"{MINISTRY}/tables/commitments.html",
    "version": f"{MINISTRY}/versions/1.1.0.html",
    "changes": f"{MINISTRY}/changes/1.2.0.html",
    "taken": f"{MINISTRY}/versions/1.0.0.html",
    "gone": "hand-made/",
    "person": f"{MINISTRY}/entities/haddin.html",
    "coverage": f"{MINISTRY}/tables/coverage.html",
    "missing": f"{MINISTRY}/nothing-here.html",
    "folder": f"{MINISTRY}/1.1.0/",
}
"""A page of every kind; the quarantine is part of the page of a dataset."""
WIDE, NARROW = ViewportSize(width=1280, height=900), ViewportSize(width=360, height=740)
FIRST_VIEW = 150_000
"""Bytes that come over the wire until a page is whole."""
TAGS = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}


class Reader(NamedTuple):
    """A browser at the catalog."""

    browser: Browser
    url: str
    packages: Path


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Yield a browser at a catalog of the seed, a harmful release, the ministry, and datasets that are gone."""
    data = catalog.folder(tmp_path_factory.mktemp("browser") / "data")
    catalog.harmed(data)
    catalog.months(data)
    shelves.put(data / "packages" / "hand-made", "1.0.0")
    for dataset in (MINISTRY, "hand-made"):
        rulings.take_down(Settings(data=data), dataset, "1.0.0", "the tests", "it was never meant to be read")
    site(data / "packages")
    with serving(data) as served, sync_playwright() as playwright:
        # a container's root has no sandbox; the pages are our own
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Reader(browser, served.url, data / "packages")
        browser.close()


@pytest.fixture
def page(reader: Reader) -> Iterator[Page]:
    """Yield a page of a reader without JavaScript; the test fails where the browser complains or asks another host."""
    yield from _page(reader, java_script_enabled=False, viewport=WIDE)


@pytest.fixture
def scripted(reader: Reader) -> Iterator[Page]:
    """Yield a page of a reader whose browser runs scripts."""
    yield from _page(reader, viewport=WIDE)


def _page(reader: Reader, **options: object) -> Iterator[Page]:
    said: list[str] = []
    context = reader.browser.new_context(base_url=reader.url, reduced_motion="reduce", **options)  # type: ignore[arg-type]
    page = context.new_page()
    page.on("console", lambda message: None if _missing(message.location["url"]) else said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda asked: None if asked.url.startswith(reader.url) else said.append(asked.url))
    page.on(
        "response",
        lambda got: said.append(f"{got.status} {got.url}") if got.status >= 400 and not _missing(got.url) else None,
    )
    yield page
    context.close()
    assert said == []


def _missing(url: str) -> bool:
    """Return whether an address is that of the page that is asked for because it is not there."""
    return url.endswith(KINDS["missing"])


def shown(page: Page, what: str) -> bool:
    """Return whether the first element that `what` selects stands in the window."""
    box, size = page.locator(what).first.bounding_box(), page.viewport_size
    return bool(box and size and 0 <= box["y"] < size["height"] and 0 <= box["x"] < size["width"])


# What a reader does


def test_a_reader_finds_the_doses_promised_to_guatemala_and_the_sentence_that_says_so(page: Page) -> None:
    page.goto("")
    page.get_by_role("link", name="5 commitments", exact=True).click()
    page.get_by_role("link", name="dhs-2021-07-guatemala-seed/c1").click()
    row = page.locator("section#c1")
    assert shown(page, "section#c1")
    assert "1,500,000 doses" in row.inner_text()
    assert "2021-07-11" in row.inner_text()
    row.get_by_role("link", name="Ship doses of the Moderna COVID-19 vaccine").click()
    assert page.url.endswith("#c1-text")
    assert shown(page, "#c1-text ~ a.fact")
    lit = page.locator("a.fact.n6").evaluate_all("found => found.map(one => one.textContent).join('')")
    assert lit.startswith("During the trip, Secretary Mayorkas announced that 1.5 million doses")


def test_words_find_names_and_releases_as_they_are_typed(scripted: Page) -> None:
    scripted.goto("")
    scripted.get_by_role("searchbox").fill("joaquin")
    scripted.get_by_role("link", name="Joaquín Velasandro", exact=True).first.click()
    assert scripted.locator("h1").inner_text() == "Joaquín Velasandro"
    scripted.goto("search.html")
    scripted.get_by_role("searchbox").fill("harbour skarn")
    scripted.get_by_text("4 found").wait_for()
    assert scripted.locator(".search li").count() == 4
    scripted.get_by_role("searchbox").fill("qwertz uiop")
    scripted.get_by_text("Nothing found").wait_for()
    assert scripted.locator(".search li").count() == 0


def test_the_words_of_a_fact_find_it_with_its_sentence_and_enter_leads_there(scripted: Page) -> None:
    scripted.goto("search.html")
    scripted.keyboard.type("Guatemala vaccine doses")
    scripted.get_by_text("2 found").wait_for()
    first = scripted.locator(".search li").first
    assert "Ship doses" in first.locator("a").inner_text()
    assert "1.5 million doses" in first.locator("blockquote").inner_text()
    scripted.keyboard.press("Enter")
    scripted.locator(".search a:focus").wait_for()
    scripted.keyboard.press("Enter")
    scripted.wait_for_url("**/*guatemala-seed.html#c1")
    assert scripted.locator("#c1 .row").is_visible()


def test_where_nothing_has_every_word_what_has_most_of_them_is_shown(scripted: Page) -> None:
    scripted.goto("search.html")
    scripted.get_by_role("searchbox").fill("vaccine doses qwertz")
    scripted.get_by_text("Nothing has all of these words").wait_for()
    assert "doses" in scripted.locator(".search li").first.inner_text()


@pytest.mark.parametrize(
    ("asked", "said", "href"),
    [
        ("vaccines Guatemala", "2 found", "guatemala-seed.html#c1"),
        ("tonnes of seed wheats", "found", "seed-wheat"),
        ("vacine", "Nothing has all of these words; 2 with most of them, or like them", "guatemala-seed.html#c1"),
    ],
)
def test_plurals_and_words_that_are_nearly_right_are_found(scripted: Page, asked: str, said: str, href: str) -> None:
    scripted.goto("search.html")
    scripted.get_by_role("searchbox").fill(asked)
    scripted.get_by_text(said).wait_for()
    assert href in str(scripted.locator(".search li a").first.get_attribute("href"))


@pytest.mark.parametrize("place", ["", "search.html"])
def test_what_was_asked_is_there_again_on_the_way_back(scripted: Page, place: str) -> None:
    scripted.goto(place)
    scripted.get_by_role("searchbox").fill("quill harbour lease")
    scripted.get_by_text("2 found").wait_for()
    assert "withdrawn" in scripted.locator(".search li").first.inner_text()
    scripted.locator(".search li a").first.click()
    scripted.wait_for_url("**/releases/**")
    scripted.go_back()
    scripted.get_by_text("2 found").wait_for()
    assert scripted.get_by_role("searchbox").input_value() == "quill harbour lease"
    scripted.get_by_role("searchbox").fill("")
    scripted.wait_for_url(lambda url: "q=" not in url)


def test_a_citation_has_the_address_where_it_is_read(reader: Reader, scripted: Page, page: Page) -> None:
    where = f"{MINISTRY}/versions/1.2.0.html"
    for path in (KINDS["dataset"], where):
        for one, address in ((scripted, f"{reader.url}{where}"), (page, f"Page {where} of its site.")):
            one.goto(path)
            assert address in str(one.get_by_label("As text", exact=True).text_content())
            assert address in str(one.get_by_label("BibTeX", exact=True).text_content())


needs_parquet = pytest.mark.skipif(
    not scripts() and not EXPECTED, reason="hyparquet is not installed: `make browser` brings it, where there is npm"
)


@needs_parquet
def test_every_row_is_filtered_and_sorted_when_somebody_asks_for_it(scripted: Page) -> None:
    asked: list[str] = []
    scripted.on("request", lambda request: asked.append(request.url))
    scripted.goto(KINDS["table"])
    assert [url for url in asked if url.endswith(".parquet") or "_scripts" in url] == []
    assert scripted.locator("table.rows tbody tr").count() == 100
    scripted.get_by_role("button", name="Filter and sort 115 rows").click()
    scripted.get_by_text("115 of 115 rows, the first 100 shown").wait_for()
    assert any(url.endswith("/commitments.parquet") for url in asked)
    scripted.get_by_role("searchbox").fill("wheat")
    scripted.get_by_role("button", name="quantity", exact=True).click()
    scripted.get_by_role("button", name="quantity", exact=True).click()
    shown = scripted.locator("table.rows tbody tr").evaluate_all("rows => rows.map(row => row.cells[4].textContent)")
    assert shown == ["3500000", "1250", "850", "400", "", ""]
    assert scripted.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    scripted.locator("table.rows tbody tr").nth(1).locator("a").first.click()
    assert scripted.locator(".note:target .row").is_visible()


@needs_parquet
@pytest.mark.parametrize("table", ["releases", "meetings", "spans", "places", "mentions", "revisions", "participants"])
def test_the_rows_that_a_browser_reads_are_those_of_the_page(scripted: Page, table: str) -> None:
    scripted.goto(f"{MINISTRY}/tables/{table}.html")
    cells = (
        "rows => rows.map(row => [...row.cells].map(cell => [cell.textContent.slice(0, 40), cell.firstChild?.href]))"
    )
    before = scripted.locator("table.rows tbody tr").evaluate_all(cells)
    scripted.get_by_role("button", name="Filter and sort").click()
    scripted.get_by_role("searchbox").wait_for()
    after = scripted.locator("table.rows tbody tr").evaluate_all(cells)
    assert [[cell[1] for cell in row] for row in after] == [[cell[1] for cell in row] for row in before]
    assert [[_bare(cell[0]) for cell in row] for row in after] == [[_bare(cell[0]) for cell in row] for row in before]


def _bare(text: str) -> str:
    """Return what both ways to cut a long cell have in common: no blanks, and its first letters alone."""
    return "".join(text.split()).rstrip("…")[:20]


@needs_parquet
def test_axe_finds_nothing_wrong_with_a_table_that_is_filtered(reader: Reader) -> None:
    for page in _page(reader, viewport=WIDE, bypass_csp=True):
        page.goto(KINDS["table"])
        page.get_by_role("button", name="Filter and sort").click()
        page.get_by_role("searchbox").fill("wheat")
        page.get_by_role("button", name="quantity", exact=True).click()
        light = _violations(page)
        page.emulate_media(color_scheme="dark")
        assert (light, _violations(page)) == ([], [])


def test_words_that_mean_harm_are_found_as_words(scripted: Page) -> None:
    scripted.goto("search.html?q=svg onload")
    scripted.get_by_text("1 found").wait_for()
    assert "<svg onload=alert(3)>" in scripted.locator(".search li a").first.inner_text()


def test_without_a_script_names_are_found_by_their_letter(page: Page) -> None:
    page.goto("")
    page.get_by_role("link", name="Search", exact=True).click()
    assert page.get_by_role("searchbox").count() == 0
    page.get_by_role("link", name="H", exact=True).click()
    page.get_by_role("link", name="Halmere", exact=True).click()
    assert page.locator("h1").inner_text() == "Halmere"


def test_the_words_of_a_fact_lead_to_its_row(page: Page) -> None:
    page.goto(SEED)
    page.get_by_text("1.5 million").first.click()
    assert page.url.endswith("#c1")
    assert page.locator(".note:target .row").is_visible()
    assert page.locator("#c2 .row").is_hidden()


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (f"{SEED}#_m92", "Guatemala 92\N{EN DASH}101, Guatemala · report an error"),
        (f"{SEED}#c1.item.1", "item Moderna COVID-19 vaccine"),
        (f"{SEED}#c1.recipient.1", "Guatemala"),
        (f"{SEED}#_r1", "revision 1, seen on"),
        (f"{KINDS['edited']}#_r2", "Revision 2, edited, seen on 30 April 2024"),
        (f"{MINISTRY}/tables/coverage.html#archive/2024-05/all", "archive"),
    ],
)
def test_the_address_of_a_row_shows_it_lit_without_a_script(page: Page, path: str, says: str) -> None:
    page.goto(path)
    row = page.locator(":target")
    assert says in row.inner_text()
    assert row.is_visible()
    assert row.evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(255, 241, 194)"


def test_on_a_phone_a_row_shows_its_sentence(reader: Reader) -> None:
    for page in _page(reader, viewport=NARROW, java_script_enabled=False):
        page.goto(SEED)
        page.get_by_text("1.5 million").first.click()
        assert page.locator(".note:target .says").inner_text().startswith("During the trip, Secretary Mayorkas")
        assert shown(page, ".note:target .says")


def test_a_row_that_is_looked_at_lights_its_words_and_no_others(page: Page) -> None:
    page.goto(f"{SEED}#a1")
    colour = "one => getComputedStyle(one).backgroundColor"
    plain = page.locator("a.fact.n1").first.evaluate(colour)
    number = page.locator("section#a1 .kind span").inner_text()
    lit = page.locator(f"a.fact.n{number}").evaluate_all(f"found => found.map({colour})")
    assert plain not in lit


def test_last_months_version_comes_as_excel(page: Page) -> None:
    page.goto(f"{MINISTRY}/")
    page.get_by_role("link", name="1.1.0", exact=True).click()
    with page.expect_download() as found:
        page.get_by_role("link", name=f"{MINISTRY}.xlsx").click()
    assert found.value.suggested_filename == f"{MINISTRY}-1.1.0.xlsx"
    assert found.value.path().read_bytes().startswith(b"PK")


def test_what_the_last_version_changed_is_two_steps_away_with_its_causes(page: Page) -> None:
    page.goto("")
    page.get_by_role("link", name="Press releases of a fictional ministry").click()
    page.get_by_role("link", name="What changed").first.click()
    assert page.locator("h1").inner_text() == "What changed from 1.1.0 to 1.2.0"
    page.get_by_role("link", name="2 rows: back at the source").click()
    assert shown(page, "#_source-restored")
    row = page.locator("section", has=page.locator("#_source-restored"))
    assert "Condolences to the people of Pellomar" in row.inner_text()
    assert row.locator("del").first.inner_text() == "withdrawn"


def test_how_to_cite_and_every_hash_are_on_the_page_of_the_dataset(page: Page) -> None:
    page.goto(f"{MINISTRY}/")
    page.get_by_role("navigation", name="On this page").get_by_role("link", name="Cite").click()
    page.get_by_text("BibTeX").click()
    assert "version = {1.2.0}" in page.get_by_label("BibTeX").inner_text()
    assert page.locator(".cards .hash").first.inner_text().isalnum()


def test_code_has_the_address_where_it_is_read_and_without_a_script_the_page_says_what_to_put_there(
    reader: Reader, scripted: Page, page: Page
) -> None:
    listing = next(one for one in model.listings(reader.packages, reader.url) if one.dataset == MINISTRY)
    wanted = [one.code for one in snippets(about(listing.edition("1.2.0")))]
    for one in (scripted, page):
        one.goto(KINDS["dataset"])
    assert scripted.locator("#_use ~ details pre").all_text_contents() == wanted
    assert page.locator("#_use ~ details pre").all_text_contents() == [
        code.replace(reader.url, LOCAL) for code in wanted
    ]
    said = [one.locator("#_use + p").inner_text() for one in (scripted, page)]
    assert said[0].startswith("The addresses are those of the site where you read this.")
    assert f"put the one where you read this in the place of {LOCAL}." in said[1]


@pytest.mark.parametrize(
    ("button", "copied"),
    [
        (f"copy 1.2.0 link: {MINISTRY}.xlsx", f"/{MINISTRY}/1.2.0/{MINISTRY}.xlsx"),
        (f"copy newest link: {MINISTRY}.xlsx", f"/{MINISTRY}/latest/{MINISTRY}.xlsx"),
        ("copy: As text", "Press releases of a fictional ministry, version 1.2.0 of 31 May 2024 [data set]."),
    ],
)
def test_an_address_and_a_citation_are_copied_by_a_click(reader: Reader, button: str, copied: str) -> None:
    for page in _page(reader, viewport=WIDE, permissions=["clipboard-read", "clipboard-write"]):
        page.goto(KINDS["dataset"])
        page.get_by_role("button", name=button, exact=True).click()
        page.get_by_role("button", name="copied: " + button.partition(": ")[2]).wait_for()
        assert copied in page.evaluate("navigator.clipboard.readText()")


def test_the_first_thing_to_follow_on_a_dataset_is_its_files(page: Page) -> None:
    page.goto(KINDS["dataset"])
    assert shown(page, ".get")
    assert page.locator("main h2").first.inner_text().startswith("Download")


def test_the_keyboard_alone_comes_from_the_top_to_a_row_and_its_words(page: Page) -> None:
    page.goto(SEED)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator(":focus").get_attribute("aria-label") == "commitment 6":
            break
    page.keyboard.press("Enter")
    assert page.url.endswith("#c1")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#c1-text")


FOCUSED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const place = [...document.querySelectorAll("*")].indexOf(one);
  const seen = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return one === document.body ? null : {place, seen, ring: style.outlineStyle, what: one.outerHTML.slice(0, 120)};
}"""
STEPS = 16


@pytest.mark.parametrize("kind", KINDS)
def test_the_keyboard_goes_through_a_page_in_its_order_and_shows_where_it_is(scripted: Page, kind: str) -> None:
    scripted.goto(KINDS[kind].partition("#")[0])
    met = []
    for _ in range(STEPS):
        scripted.keyboard.press("Tab")
        if not (here := scripted.evaluate(FOCUSED)):
            break
        met.append(here)
    assert [one["place"] for one in met] == sorted({one["place"] for one in met})
    assert [one["what"] for one in met if not one["seen"] or one["ring"] == "none"] == []
    assert len(met) > 2


# What an eye meets


@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_wrong_in_light_in_dark_and_on_a_phone(reader: Reader, kind: str) -> None:
    for page in _page(reader, viewport=WIDE, bypass_csp=True):  # axe is a script of ours
        page.goto(KINDS[kind])
        found = {"light": _violations(page)}
        page.emulate_media(color_scheme="dark")
        found["dark"] = _violations(page)
        page.set_viewport_size(NARROW)
        found["phone"] = _violations(page)
        assert found == {"light": [], "dark": [], "phone": []}


def _violations(page: Page) -> list[str]:
    """Return what axe finds wrong with a page: the rule, and where."""
    found = Axe().run(page, options=TAGS).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("kind", KINDS)
def test_no_page_is_wider_than_a_narrow_window(reader: Reader, kind: str) -> None:
    for page in _page(reader, viewport=NARROW):
        page.goto(KINDS[kind])
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_browser_complains_of_nothing(scripted: Page, kind: str) -> None:
    scripted.goto(KINDS[kind])
    assert scripted.title() != "harmed"
    assert scripted.locator("h1").count() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_says_the_same_without_a_script(page: Page, scripted: Page, kind: str) -> None:
    said = []
    for one in (page, scripted):
        one.goto(KINDS[kind])
        said.append(
            one.evaluate(
                """() => {
                  const whole = document.querySelector("main").cloneNode(true);
                  whole.querySelectorAll(".search, .copy, [data-here], [data-page]").forEach((one) => one.remove());
                  return whole.textContent.split(/\\s+/).join(" ");
                }"""
            )
        )
    assert said[0] == said[1]
    assert page.locator(".copy:visible, .search:visible, button:visible").count() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_view_of_a_page_takes_few_bytes(reader: Reader, kind: str) -> None:
    assert 0 < _taken(reader, KINDS[kind]) < FIRST_VIEW


@pytest.mark.parametrize("folder", ["releases", "entities", "tables", "versions", "changes"])
def test_the_first_view_of_the_heaviest_page_takes_few_bytes(reader: Reader, folder: str) -> None:
    heaviest = max(reader.packages.glob(f"*/{folder}/*.html"), key=lambda path: path.stat().st_size)
    path = heaviest.relative_to(reader.packages).as_posix()
    assert 0 < _taken(reader, path) < FIRST_VIEW


def _taken(reader: Reader, path: str) -> int:
    """Return the bytes that come over the wire until a page has all that it asks for, headers and all."""
    taken: list[int] = []
    for page in _page(reader, viewport=WIDE):
        network = page.context.new_cdp_session(page)
        network.on("Network.loadingFinished", lambda told: taken.append(int(told["encodedDataLength"])))
        network.send("Network.enable")
        network.send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.goto(path, wait_until="networkidle")
    return sum(taken)


@judged
def test_the_html_of_every_kind_of_page_is_valid(reader: Reader, tmp_path: Path) -> None:
    for kind, path in KINDS.items():
        asked = urllib.request.Request(reader.url + path.partition("#")[0], headers={"accept": "text/html"})  # noqa: S310 - our own site
        try:
            body = urllib.request.urlopen(asked).read()  # noqa: S310 - our own site
        except urllib.error.HTTPError as fault:
            body = fault.read()
        (tmp_path / f"{kind}.html").write_bytes(body)
    assert faults(*sorted(tmp_path.iterdir())) == ""


def test_no_link_leads_nowhere_where_versions_and_datasets_were_taken_down(reader: Reader) -> None:
    seen, dead = crawled(reader.url)
    assert len(seen) > 200
    assert dead == []


def test_words_that_nobody_sees_do_not_turn_the_line_around(scripted: Page) -> None:
    scripted.goto(KINDS["harmful"])
    assert scripted.locator(".unseen").first.evaluate("one => getComputedStyle(one).unicodeBidi") == "isolate"
    text = scripted.locator("p.words").evaluate_all("found => found.map(one => one.textContent).join('\\n')")
    assert text == catalog.HARM


def test_facts_can_be_told_without_colour(reader: Reader) -> None:
    for page in _page(reader, viewport=WIDE, forced_colors="active"):
        page.goto(SEED)
        line = page.locator("a.fact").first.evaluate("one => getComputedStyle(one).textDecorationLine")
        assert line == "underline"


def test_a_release_prints_with_every_fact_beside_its_words(reader: Reader) -> None:
    for page in _page(reader, viewport=WIDE):
        page.goto(SEED)
        page.emulate_media(media="print")
        assert page.locator(".note").first.is_visible()
        words, note = page.locator(".words").first.bounding_box(), page.locator(".note").first.bounding_box()
        assert words
        assert note
        assert words["x"] + words["width"] <= note["x"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_prints_dark_on_white_without_what_can_only_be_clicked(reader: Reader, kind: str) -> None:
    for page in _page(reader, viewport=WIDE, color_scheme="dark"):
        page.goto(KINDS[kind])
        page.emulate_media(media="print", color_scheme="dark")
        assert page.locator("header.top, .skip, .search, .copy, .contents, .pager").locator("visible=true").count() == 0
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        printed = page.pdf()
        assert printed.startswith(b"%PDF")
        assert b"/Type /Page" in printed
