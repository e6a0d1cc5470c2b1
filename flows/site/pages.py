"""Every page of the site: where it lies, what it is made from, and how it is made.

A page is made again when its key is another: the digest of what it is made from, and of the code that makes it.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from flows import store
from flows.site import changes, dataset, entity, release, search, told
from flows.site import table as rows_of
from flows.site.entity import Part
from flows.site.faces import catalog, croissant, dcat_ap, dcat_us, ro_crate
from flows.site.faces.about import About, about, listed
from flows.site.faces.schema_org import schema_org
from flows.site.model import Edition, Entity, Listing, Release, Row, day_of, release_of
from flows.site.render import ASSETS, SCRIPTED, code, render, scripts
from flows.site.snippets import LOCAL, snippets
from schemas.package import PAGED
from schemas.tables import FACT_TABLES

FILTERED = 10
"""Rows beyond which a table can be filtered on its page."""
A_PAGE = 120
"""Releases on a page of their list."""
NEWEST, MOST_NAMED = 6, 24
MARKED = 400
"""Releases whose rows are marked as withdrawn where a table is filtered."""
LISTED = 1000
"""Entities that their list has."""
FACES = {"croissant": croissant.croissant, "dcat": dcat_ap.version, "ro-crate": ro_crate.ro_crate}
"""What machines read of each version, by the folder that it lies in."""
MAPPED = 50_000
"""Addresses that a sitemap may have."""


class Page(NamedTuple):
    """A page: its path below the root of the site, its key, and what makes its bytes."""

    path: str
    key: str
    make: Callable[[], bytes]


def key(*made_from: Any) -> str:
    """Return the key of what is made from these values."""
    return store.sha256(json.dumps([code(), made_from], ensure_ascii=False).encode())


def of_root(listings: Sequence[Listing], base: str = "") -> Iterator[Page]:
    """Yield the pages that every dataset shares: the catalog, and what all pages look like."""
    for name, path in (ASSETS | scripts()).items():
        yield Page(name, key(name), path.read_bytes)
    told_of, found = key(base, *(one.digest for one in listings)), cache(partial(listed, listings))
    yield Page("index.html", told_of, lambda: _catalog(listings))
    yield Page("search.html", told_of, lambda: _search(listings, found()))
    yield Page("catalog.json", told_of, lambda: catalog.catalog(listings, found()))
    yield Page("llms.txt", told_of, lambda: catalog.llms(found(), base))
    yield Page("dcat.jsonld", told_of, lambda: dcat_ap.catalog(found(), base))
    yield Page("404.html", key(base), lambda: render("missing.html", urlsplit(base).path or "/"))
    yield Page("robots.txt", key(base), lambda: catalog.robots(base))
    if base:
        yield Page("data.json", told_of, lambda: dcat_us.data_json(found(), base))
        yield Page("sitemap.xml", told_of, lambda: render("sitemaps.xml", "", base=base, found=found()))


def of_dataset(listing: Listing) -> Iterator[Page]:
    """Yield the pages of a dataset, and, where the site has an address on the web, the map of them."""
    paths = []
    for page in _of_dataset(listing):
        paths.append(page.path)
        yield page
    if listing.base:
        found = [f"{listing.base}{path}" for path in paths if path.endswith(".html")][:MAPPED]
        path = f"{listing.dataset}/sitemap.xml"
        yield Page(path, key(listing.digest), lambda: render("sitemap.xml", "../", addresses=found))


def _of_dataset(listing: Listing) -> Iterator[Page]:
    """Yield the pages of the latest version that stands, and of every version."""
    home = listing.dataset
    yield Page(f"{home}/feed.xml", key(listing.digest), partial(_feed, listing))
    if listing.latest is None:
        yield Page(f"{home}/index.html", key(listing.digest), partial(_gone, listing))
        return
    edition = listing.edition(listing.latest)
    shared = (edition.described["title"], edition.described.get("communique:contact", ""))
    yield Page(f"{home}/index.html", key(listing.digest), partial(_dataset, listing, edition))
    yield Page(f"{home}/search.json", key(listing.digest), partial(search.index, edition))
    yield from _of_releases(edition, shared)
    yield from _of_entities(edition, shared)
    for table in edition.schemas:
        yield Page(f"{home}/tables/{table}.html", key(listing.digest), partial(_table, edition, table))
    yield from _of_versions(listing, edition)


def _of_releases(edition: Edition, shared: Sequence[str]) -> Iterator[Page]:
    home, releases = edition.dataset, edition.releases
    names = {one.id: [one.name, one.type] for one in edition.entities.values()}
    for one in releases:
        entry = edition.inputs.get(one.row["release_id"])
        came = [entry[0].file, entry[0].sha256, str(entry[0].first_seen), entry[1]] if entry else []
        named = {name: names[name] for name in sorted(_entities_of(one)) if name in names}
        told_of = [_textless(one.row), one.facts, one.mentions, [*map(_textless, one.revisions)]]
        refused = [[*row.values()] for row in edition.refusals.get(one.row["release_id"], [])]
        made_from = key(shared, told_of, came, named, edition.refused_facts[one.row["release_id"]], refused)
        yield Page(f"{home}/releases/{one.row['release_id']}.html", made_from, partial(_release, edition, one))
    pages = max(1, -(-len(releases) // A_PAGE))
    for number in range(pages):
        some = releases[number * A_PAGE : (number + 1) * A_PAGE]
        made_from = key(shared, number, pages, [[_textless(one.row), len(one.facts)] for one in some])
        path = f"{home}/{_list_name(number)}"
        yield Page(path, made_from, partial(_releases, edition, some, number, pages))


def _textless(row: Row) -> Row:
    """Return a row without its text, which its digest stands for."""
    return {name: value for name, value in row.items() if name != "body"}


def _entities_of(one: Release) -> set[str]:
    """Return the ids that a release's page may name."""
    found = {one.row["issuer_id"], *(row["entity_id"] for row in one.mentions)}
    for fact in one.facts:
        found |= {some.entity_id for some in fact.participants}
        found |= {fact.row[field] for field in entity.OWN_FIELDS if field in fact.row}
    return found


def _list_name(number: int) -> str:
    return f"releases-{number + 1}.html" if number else "releases.html"


def _of_entities(edition: Edition, shared: Sequence[str]) -> Iterator[Page]:
    home, parts, naming = edition.dataset, entity.parts(edition), entity.naming(edition)
    titles = {
        one.row["release_id"]: [told.title_of(one.row), day_of(one.row), one.row["status"]] for one in edition.releases
    }
    names = {one.id: one.name for one in edition.entities.values()}
    for one in edition.entities.values():
        mine, named = parts.get(one.id, []), naming.get(one.id, Counter())
        with_names = [[names.get(name) for name in sorted(_of_part(part))] for part in mine]
        seen = [[name, count, titles.get(name)] for name, count in sorted(named.items())]
        facts = [[part.fact, part.day, part.roles, part.release.row["status"]] for part in mine]
        made_from = key(shared, one, names.get(one.more.get("parent_id", "")), facts, with_names, seen)
        yield Page(f"{home}/entities/{one.id}.html", made_from, partial(_entity, edition, one, mine, named))
    counted = {name: [len(parts.get(name, [])), sum(naming[name].values()) if name in naming else 0] for name in names}
    made_from = key(shared, counted, list(edition.entities.values()))
    yield Page(f"{home}/entities.html", made_from, partial(_entities, edition, counted))


def _of_part(part: Part) -> set[str]:
    return {part.fact.row[field] for field in entity.OWN_FIELDS if part.fact.row.get(field)}


def _of_versions(listing: Listing, latest: Edition) -> Iterator[Page]:
    paged = frozenset(one.row["release_id"] for one in latest.releases)
    for one in listing.versions:
        version, stands = one["version"], one["version"] == listing.latest
        edition = latest if stands else listing.edition(version)
        newest = next(other for other in listing.versions if other["version"] == listing.latest)
        told_of = [newest["version"], newest["as_of"]]
        path = f"{listing.dataset}/versions/{version}.html"
        made_from = key(one, stands, listing.dataset, listing.base, told_of)
        yield Page(path, made_from, partial(_version, edition, one, newest, stands=stands))
        if one.get("taken_down") is not None:
            continue
        for folder, face in FACES.items():
            path = f"{listing.dataset}/{folder}/{version}{PAGED[folder]}"
            yield Page(path, key(one, listing.base), partial(_face, face, edition))
        if edition.diff.get("rows"):
            told_of = sorted({row["key"][0].partition("/")[0] for row in edition.diff["rows"]} & paged)
            path = f"{listing.dataset}/changes/{version}.html"
            before = _before(listing, edition)
            made_from = key(one, told_of, bool(before))
            yield Page(path, made_from, partial(_changes, edition, before, paged))


def _before(listing: Listing, edition: Edition) -> Edition | None:
    """Return the version that a version is told against, where it stands."""
    there = {one["version"] for one in listing.versions if one.get("taken_down") is None}
    before = str(edition.diff.get("before"))
    return listing.edition(before) if before in there else None


def _catalog(listings: Sequence[Listing]) -> bytes:
    found = []
    for one in listings:
        edition = one.edition(one.latest) if one.latest else None
        if edition is None or not about(edition).lacks:
            found.append((one, edition, dataset.quality(edition) if edition else None))
    indexes = search.indexes(listed(listings))
    shown = {
        "rows": dataset.rows,
        "scheduled": dataset.scheduled,
        "reviewed": dataset.reviewed,
        "indexes": indexes,
        "policy": SCRIPTED,
    }
    return render("index.html", "", found=found, **shown)


def _search(listings: Sequence[Listing], found: Sequence[About]) -> bytes:
    names = {one.dataset for one in found}
    editions = [one.edition(one.latest) for one in listings if one.latest and one.dataset in names]
    return render("search.html", "", policy=SCRIPTED, **search.context(editions, found))


def _dataset(listing: Listing, edition: Edition) -> bytes:
    mentioned = entity.naming(edition)
    naming = (
        {name: sum(counts.values()) for name, counts in mentioned.items()}
        if mentioned
        else {name: len(some) for name, some in entity.parts(edition).items()}
    )
    most = sorted(naming, key=lambda name: (-naming[name], name))[:MOST_NAMED]
    facts = [(kind, FACT_TABLES[kind], len(edition.table(FACT_TABLES[kind]))) for kind in told.KIND_NAMES]
    return render(
        "dataset.html",
        "../",
        policy=SCRIPTED,
        listing=listing,
        edition=edition,
        **dataset.downloads(edition),
        quality=dataset.quality(edition),
        trust=dataset.trust(edition),
        refused=dataset.refused(edition),
        kept_back=len(edition.refused),
        history=dataset.history(listing),
        cite=dataset.cite(edition),
        page={"path": dataset.path(edition), "unplaced": dataset.unplaced(edition)},
        schema_org=schema_org(about(edition)),
        lacks=about(edition).lacks,
        snippets=snippets(about(edition)),
        local=LOCAL,
        scheduled=dataset.scheduled(edition),
        reviewed=dataset.reviewed(edition),
        facts=[one for one in facts if one[2]],
        newest=[(one, told.title_of(one.row), day_of(one.row)) for one in edition.releases[:NEWEST]],
        count=len(edition.releases),
        named=[(edition.entities[name], naming[name]) for name in most if name in edition.entities],
        mentioned=bool(mentioned),
        entities=len(edition.entities),
        months=_months(edition),
        manifest=dataset.manifest_digest(edition),
        mail=release.mail(edition, "the dataset"),
    )


def _months(edition: Edition) -> list[tuple[str, int]]:
    counts = Counter(day_of(one.row)[:7] for one in edition.releases if day_of(one.row))
    return sorted(counts.items())


def _gone(listing: Listing) -> bytes:
    return render("gone.html", "../", listing=listing, history=dataset.history(listing))


def _release(edition: Edition, one: Release) -> bytes:
    return render("release.html", "../../", edition=edition, **release.context(edition, one))


def _releases(edition: Edition, some: list[Release], number: int, pages: int) -> bytes:
    found = [(one, told.title_of(one.row), day_of(one.row)) for one in some]
    around = [_list_name(number - 1) if number else "", _list_name(number + 1) if number + 1 < pages else ""]
    return render("releases.html", "../", edition=edition, found=found, number=number + 1, pages=pages, around=around)


def _entity(edition: Edition, one: Entity, mine: list[Part], named: Any) -> bytes:
    return render("entity.html", "../../", edition=edition, **entity.context(edition, one, mine, named))


def _entities(edition: Edition, counted: dict[str, list[int]]) -> bytes:
    found = sorted(edition.entities.values(), key=lambda one: (-counted[one.id][0], -counted[one.id][1], one.name))[
        :LISTED
    ]
    by_type = {kind: [one for one in found if one.type == kind] for kind in ("person", "organization", "place")}
    return render("entities.html", "../", edition=edition, by_type=by_type, counted=counted)


def _table(edition: Edition, table: str) -> bytes:
    names, rows = rows_of.first_rows(edition, table)
    described = next(one for one in edition.described["resources"] if one["name"] == table)
    withdrawn = edition.of_withdrawn(table)
    files = next(one.files for one in dataset.downloads(edition)["tables"] if one.name == table)
    parquet = next((one for one in files if one.name.endswith(".parquet")), None) if len(rows) > FILTERED else None
    return render(
        "table.html",
        "../../",
        parquet=parquet,
        readable=bool(parquet and scripts()),
        links={name: rows_of.link(table, name) for name in names},
        types={field["name"]: field["type"] for field in edition.schemas[table]["fields"]},
        policy=SCRIPTED,
        edition=edition,
        table=table,
        described=described,
        withdrawn=withdrawn,
        sources=sorted({release_of(row) for row in withdrawn}),
        marked=MARKED,
        mail=release.mail(edition, f"the table {table}"),
        names=names,
        rows=rows,
        columns=rows_of.columns(edition, table),
        files=files,
        keys=edition.schemas[table]["primaryKey"],
    )


def _version(edition: Edition, one: dict[str, Any], newest: dict[str, Any], *, stands: bool) -> bytes:
    if one.get("taken_down") is not None:
        return render("taken.html", "../../", dataset=edition.dataset, one=one)
    return render(
        "version.html",
        "../../",
        policy=SCRIPTED,
        edition=edition,
        newest=newest,
        cite=dataset.cite(edition),
        page={"path": dataset.path(edition), "unplaced": dataset.unplaced(edition)},
        one=one,
        stands=stands,
        said=dataset.history(Listing(edition.dataset, edition.folder.parent, [one], None))[0]["said"],
        **dataset.downloads(edition),
        quality=dataset.quality(edition),
        changes=bool(edition.diff.get("rows")),
    )


def _face(face: Callable[[About], bytes], edition: Edition) -> bytes:
    return face(about(edition))


def _changes(edition: Edition, before: Edition | None, paged: frozenset[str]) -> bytes:
    return render("changes.html", "../../", edition=edition, **changes.context(edition, before, paged))


def _feed(listing: Listing) -> bytes:
    entries = [
        one | {"uuid": uuid5(NAMESPACE_URL, f"{listing.dataset}/{one['manifest']}")} for one in dataset.history(listing)
    ]
    title = listing.edition(listing.latest).described["title"] if listing.latest else listing.dataset
    return render(
        "feed.xml",
        "../",
        listing=listing,
        title=title,
        entries=entries,
        uuid=uuid5(NAMESPACE_URL, listing.dataset),
        here=f"{listing.base}{listing.dataset}/" if listing.base else "",
    )
