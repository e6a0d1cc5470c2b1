"""Three months of the sample ministry, played one after the other as three versions, mended, and rebuilt from raw."""

import csv
import itertools
import json
import shutil
from collections import Counter, defaultdict
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flows import handover, rebuild, steps, store
from flows.publish import package
from flows.settings import PROJECT, Settings
from schemas.package import Package
from schemas.report import Record, Report
from schemas.tables import TABLES
from tests.publishing import published, read_json, table, take, tree
from tests.test_ministry import BACK, EDITED, GONE, MONTHS, digest, documents, mended, mends, of_month

MINISTRY = "sample-ministry"
VERSIONS = {"2024-03": "1.0.0", "2024-04": "1.1.0", "2024-05": "1.2.0"}
"""The version that each month makes: the first; then releases are added, which adds rows and takes none away."""
MONTH_BEFORE = {"2024-04": "2024-03", "2024-05": "2024-04"}
MENDED_ON = date(2024, 6, 1)
EDITED_WRONG = "mer-2024-03-15-kolvesh-call"
"""The release whose edited document of May is refused as a whole."""
REFUSED_WHOLE = {EDITED_WRONG, "mer-2024-05-06-charter-day", "mer-2024-05-13-ambassador-calloran"}
"""It, and the new releases of May that are refused as a whole."""
HEADLINE_ALONE = "mer-2024-03-12-pellomar-scholarships"
"""The release of which April edits nothing but the headline."""
NULLED = {"record.pattern"}
"""Rules that only attributes of entities break: the attribute is null with a warning, and no row is refused."""
OTHER_KEY = {
    "record.conflict": "the entity stands as the other releases tell it, so nothing was missing",
    "record.duplicate": "the first of the two has the key that both had",
    "record.max-length": "the key itself was wrong",
    "record.required": "the role has no id, and its words make none without the title",
    "record.somebody": "the participant had no position yet",
    "evidence.words": "the key itself was wrong: the place where the name begins",
    "table.primary-key": "the key itself was wrong: the place where the name begins",
}
"""Rules whose refused row comes back under another key than it had in quarantine, and why."""

RowKey = tuple[str, tuple[str, ...]]
Rows = dict[tuple[str, ...], dict[str, str]]


def dataset_file(data: Path) -> Path:
    """Return where the ministry's dataset is described in the data folder."""
    return data / "datasets" / f"{MINISTRY}.toml"


def folder_of(data: Path) -> Path:
    """Return `data`, a folder with the ministry's dataset and its months."""
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(PROJECT / "data" / "ministry", data / "ministry")
    return data


def turn_to(data: Path, month: str) -> None:
    """Point the dataset's source at the file of a month."""
    text = (PROJECT / "data" / "datasets" / f"{MINISTRY}.toml").read_text(encoding="utf-8")
    assert text.count("ministry/2024-05.jsonl") == 1
    dataset_file(data).write_text(text.replace("ministry/2024-05.jsonl", f"ministry/{month}.jsonl"), encoding="utf-8")


def put(path: Path, there: list[dict[str, Any]]) -> None:
    """Write documents to a file, one a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = (json.dumps(document, ensure_ascii=False) + "\n" for document in there)
    path.write_text("".join(written), encoding="utf-8", newline="\n")


class Series(NamedTuple):
    """A data folder in which the months were played, and the version that each made."""

    data: Path
    versions: dict[str, Package]


@cache
def play(base: Path) -> Series:
    """Play the three months below `base`, each as of its last day; once, so whoever changes the folder takes a copy."""
    data = folder_of(base / "series")
    versions = {}
    for month, day in MONTHS.items():
        turn_to(data, month)
        versions[month] = published(data, MINISTRY, day)
    return Series(data, versions)


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Series:
    return play(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def healed(series: Series, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Return the version that follows when every wrong value of May is mended at the source."""
    data = tmp_path_factory.mktemp("healed") / "data"
    shutil.copytree(series.data, data)
    put(data / "ministry" / "2024-05.jsonl", list(mended("2024-05").values()))
    return published(data, MINISTRY, MENDED_ON)


def diff_of(version: Package) -> dict[str, Any]:
    """Return what a version says that it changes."""
    found: dict[str, Any] = read_json(version.folder / "diff.json")
    return found


def keyed(version: Package, name: str) -> Rows:
    """Return the rows of a table of a version by key."""
    return {tuple(row[field] for field in TABLES[name].key): row for row in table(version, name)}


def quarantined(version: Package) -> list[dict[str, str]]:
    """Return the refused rows that a version is published with."""
    with (version.folder / "quarantine.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def release_of(row: dict[str, str], month: str) -> str:
    """Return the release in whose document a refused row stands."""
    return list(documents(month))[int(row["line"]) - 1]


def of_release(row: dict[str, Any]) -> str | None:
    """Return the release that a changed row is a part of, None for what releases share."""
    key: str = row["key"][0]
    return None if row["table"] in ("entities", "people", "organizations", "places") else key.partition("/")[0]


def caused(version: Package, cause: str) -> set[str]:
    """Return the releases whose own row changed for a cause."""
    rows = diff_of(version)["rows"]
    return {row["key"][0] for row in rows if row["table"] == "releases" and row["cause"] == cause} - REFUSED_WHOLE


def test_each_month_makes_a_version_with_the_number_that_its_changes_ask_for(series: Series) -> None:
    assert {month: str(version.version) for month, version in series.versions.items()} == VERSIONS
    assert [diff_of(version)["level"] for version in series.versions.values()] == ["major", "minor", "minor"]


def test_a_version_names_the_day_that_it_is_as_of_and_the_one_before(series: Series) -> None:
    papers = [package.manifest(version) for version in series.versions.values()]
    told = [diff_of(version) for version in series.versions.values()]
    assert [one.as_of for one in papers] == list(MONTHS.values())
    assert [one["before"] for one in told] == [None, "1.0.0", "1.1.0"]
    assert [one["after"] for one in told] == list(VERSIONS.values())


def test_the_first_version_counts_its_rows_as_added_and_lists_none(series: Series) -> None:
    first = series.versions["2024-03"]
    counted = {name: len(rows) for name in TABLES if (rows := table(first, name))}
    assert diff_of(first)["tables"] == {name: {"added": rows} for name, rows in counted.items()}
    assert diff_of(first)["rows"] == []


@pytest.mark.parametrize("month", MONTH_BEFORE)
def test_the_diff_has_every_row_and_field_in_which_the_two_versions_csv_differ(series: Series, month: str) -> None:
    before, after = series.versions[MONTH_BEFORE[month]], series.versions[month]
    differing: dict[RowKey, Any] = {}
    for name in TABLES:
        old, new = keyed(before, name), keyed(after, name)
        differing |= {(name, key): "removed" for key in old.keys() - new.keys()}
        differing |= {(name, key): "added" for key in new.keys() - old.keys()}
        for key in old.keys() & new.keys():
            fields = {field: (old[key][field], new[key][field]) for field in new[key]}
            changed = {field: values for field, values in fields.items() if values[0] != values[1]}
            differing |= {(name, key): changed} if changed else {}
    told = {
        (row["table"], tuple(row["key"])): {field: (cell["old"], cell["new"]) for field, cell in row["fields"].items()}
        or row["change"]
        for row in diff_of(after)["rows"]
    }
    assert told == differing


@pytest.mark.parametrize("month", MONTH_BEFORE)
def test_the_counts_of_a_diff_are_those_of_its_rows(series: Series, month: str) -> None:
    told = diff_of(series.versions[month])
    tables: dict[str, Counter[str]] = defaultdict(Counter)
    for row in told["rows"]:
        tables[row["table"]][row["change"]] += 1
    assert told["tables"] == tables
    assert told["causes"] == Counter(row["cause"] for row in told["rows"])


@pytest.mark.parametrize("month", MONTH_BEFORE)
def test_a_release_is_added_edited_withdrawn_or_restored_as_the_source_did(series: Series, month: str) -> None:
    version = series.versions[month]
    ever = {name for earlier in MONTHS if earlier < month for name in documents(earlier)}
    assert caused(version, "source added") == documents(month).keys() - ever - REFUSED_WHOLE
    assert caused(version, "source edited") - {HEADLINE_ALONE} == EDITED[month] - REFUSED_WHOLE
    assert caused(version, "source withdrawn") == GONE[month]
    assert caused(version, "source restored") == ({BACK} if month == "2024-05" else set())


@pytest.mark.parametrize("month", MONTH_BEFORE)
def test_every_row_of_a_release_has_the_cause_that_the_release_itself_has(series: Series, month: str) -> None:
    rows = diff_of(series.versions[month])["rows"]
    releases = {row["key"][0]: row["cause"] for row in rows if row["table"] == "releases"}
    parts = [(row["cause"], releases[name]) for row in rows if (name := of_release(row)) in releases]
    assert len(parts) > len(releases)
    assert all(cause == own for cause, own in parts)


def test_structure_that_changes_while_the_text_stays_is_a_stewards_work(series: Series) -> None:
    rows = diff_of(series.versions["2024-05"])["rows"]
    name = "mer-2024-03-14-translation-grants"
    causes = {(row["change"], row["cause"], row["quarantine"]) for row in rows if of_release(row) == name}
    assert digest(documents("2024-04")[name]) == digest(documents("2024-05")[name])
    assert causes == {("added", "steward", "left")}


@pytest.mark.parametrize(
    ("month", "table_name", "key", "moved"),
    [
        ("2024-04", "meetings", "mer-2024-03-04-ollenby-call/m1", "left"),
        ("2024-04", "commitments", "mer-2024-03-14-translation-grants/c3", "entered"),
        ("2024-04", "commitments", "mer-2024-03-25-relief-fund-pledge/c1", "entered"),
        ("2024-05", "commitments", "mer-2024-03-14-translation-grants/c3", "left"),
        ("2024-05", "meetings", "mer-2024-04-10-strait-commission-session/m1", "left"),
    ],
)
def test_a_row_that_gets_into_the_quarantine_or_out_of_it_between_two_months_says_so(
    series: Series, month: str, table_name: str, key: str, moved: str
) -> None:
    rows = diff_of(series.versions[month])["rows"]
    told = [row["quarantine"] for row in rows if (row["table"], row["key"]) == (table_name, [key])]
    assert told == [moved]


def stories() -> dict[str, list[tuple[str, str, str]]]:
    """Return what was seen of each release that was never refused whole: change, day and digest of the text."""
    told: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for month, day in MONTHS.items():
        there = documents(month)
        for name in sorted(there.keys() | told.keys()):
            last = told[name][-1] if told[name] else None
            text = digest(there[name]) if name in there else None
            if text is None and last:
                told[name] += [("withdrawn", str(day), last[2])] if last[0] != "withdrawn" else []
            elif text and (last is None or last[0] == "withdrawn" or last[2] != text):
                told[name].append(("first" if not last else _again(last), str(day), text))
    return {name: story for name, story in told.items() if name not in REFUSED_WHOLE}


def _again(last: tuple[str, str, str]) -> str:
    return "restored" if last[0] == "withdrawn" else "edited"


def test_the_revisions_tell_every_text_with_the_day_on_which_it_was_seen(series: Series) -> None:
    found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for row in table(series.versions["2024-05"], "revisions"):
        found[row["release_id"]].append((row["change"], row["seen_on"], row["text_sha256"]))
    expected = stories()
    assert {name: found[name] for name in expected} == expected
    assert Counter(change for story in expected.values() for change, _, _ in story) == {
        "first": len(expected),
        "edited": sum(len(names - REFUSED_WHOLE) for names in EDITED.values()),
        "withdrawn": sum(map(len, GONE.values())),
        "restored": 1,
    }


def test_a_release_has_the_number_of_its_last_revision_and_the_status_that_they_come_to(series: Series) -> None:
    releases = {
        row["release_id"]: (row["status"], row["revision"]) for row in table(series.versions["2024-05"], "releases")
    }
    for name, story in stories().items():
        changes = [change for change, _, _ in story]
        status = "withdrawn" if changes[-1] == "withdrawn" else "edited" if "edited" in changes else "current"
        assert releases[name] == (status, str(len(story))), name


def test_a_withdrawn_release_keeps_its_text_and_its_facts(series: Series) -> None:
    before, after = series.versions["2024-03"], series.versions["2024-04"]
    for name in GONE["2024-04"]:
        facts = [row for row in table(before, "facts") if row["release_id"] == name]
        assert facts
        assert [row for row in table(after, "facts") if row["release_id"] == name] == facts
        assert keyed(after, "releases")[name,]["body"] == keyed(before, "releases")[name,]["body"]


@pytest.mark.parametrize("month", MONTHS)
def test_each_documented_wrong_row_is_in_quarantine_under_its_rule_and_no_other(series: Series, month: str) -> None:
    found = [row for row in quarantined(series.versions[month]) if row["rule"] != "quarantine.dependant"]
    expected = {(mend["release"], mend["rule"]) for mend in of_month(month) if mend["rule"] not in NULLED}
    assert {(release_of(row, month), row["rule"]) for row in found} == expected


@pytest.mark.parametrize("month", MONTHS)
def test_a_wrong_attribute_of_an_entity_costs_the_attribute_alone_and_is_told(series: Series, month: str) -> None:
    wrong = [mend for mend in of_month(month) if mend["rule"] in NULLED]
    told = read_json(series.versions[month].folder / "report.json")["problems"]
    found = [one for one in told if one["rule"] in NULLED]
    assert [(one["severity"], one["field"], one["value"]) for one in found] == [
        ("warning", mend["pointer"].rpartition("/")[2], mend["wrong"]) for mend in wrong
    ]
    organizations = keyed(series.versions[month], "organizations")
    assert all(organizations[one["key"],]["country_code"] in ("", "XH") for one in found)


@pytest.mark.parametrize("month", MONTHS)
def test_a_refused_row_is_in_quarantine_whole_with_the_digest_of_its_bytes_and_its_line(
    series: Series, month: str
) -> None:
    found = quarantined(series.versions[month])
    raw = store.sha256_file(PROJECT / "data" / "ministry" / f"{month}.jsonl")
    assert found
    assert {row["sha256"] for row in found} == {raw}
    assert {row["file"] for row in found} == {f"ministry/{month}.jsonl"}
    assert all(json.loads(row["row"]) for row in found)


@pytest.mark.parametrize("month", MONTHS)
def test_no_refused_row_is_in_the_tables(series: Series, month: str) -> None:
    """Save under a key that another row has too, or that of a release whose earlier document stands in."""
    version = series.versions[month]
    shared = {"record.conflict", "record.duplicate", "table.primary-key"}
    refused = [row for row in quarantined(version) if row["rule"] not in shared]
    parts = {(row["table"], row["key"]) for row in refused if release_of(row, month) != EDITED_WRONG}
    standing = {(name, " ".join(key)) for name in TABLES for key in keyed(version, name)}
    assert parts
    assert not parts & standing


def test_after_mending_nothing_is_in_quarantine(healed: Package) -> None:
    assert quarantined(healed) == []
    assert read_json(healed.folder / "report.json")["valid"]


def test_after_mending_every_row_that_had_a_key_says_in_the_diff_that_it_left(series: Series, healed: Package) -> None:
    told = {(row["table"], " ".join(row["key"])): row for row in diff_of(healed)["rows"]}
    before = [row for row in quarantined(series.versions["2024-05"]) if release_of(row, "2024-05") not in REFUSED_WHOLE]
    own = [row for row in before if row["rule"] not in OTHER_KEY and row["rule"] != "quarantine.dependant"]
    left = {(row["table"], row["key"]) for row in own}
    assert {told[name]["quarantine"] for name in left} == {"left"}
    rules = {mend["rule"] for mend in mends() if mend["month"] == "2024-05"} - NULLED - OTHER_KEY.keys()
    assert {row["rule"] for row in own} == rules - {
        mend["rule"] for mend in mends() if mend["release"] in REFUSED_WHOLE
    } | {"record.order"}


def test_after_mending_a_row_leaves_with_what_depended_on_it(series: Series, healed: Package) -> None:
    told = {(row["table"], " ".join(row["key"])): row for row in diff_of(healed)["rows"]}
    dependants = {
        (row["table"], row["key"])
        for row in quarantined(series.versions["2024-05"])
        if row["rule"] == "quarantine.dependant" and row["key"].startswith("mer-2024-04-12-haugmoss-visit/")
    }
    assert {name for name, _ in dependants} >= {"facts", "meetings", "participants", "spans"}
    assert {told[name]["quarantine"] for name in dependants} == {"left"}


def test_a_release_whose_own_row_was_refused_comes_with_mending(healed: Package) -> None:
    releases = keyed(healed, "releases")
    assert all((name,) in releases for name in REFUSED_WHOLE)
    assert {row["newer_refused"] for row in releases.values()} == {"false"}


def test_a_month_that_is_run_again_makes_no_version(series: Series, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(series.data, data)
    ended, _ = take(data, MINISTRY, MONTHS["2024-05"])
    assert ended.outcome == "Unchanged"
    assert len(package.versions(data / "packages" / MINISTRY)) == len(MONTHS)


def test_each_manifest_has_the_digest_of_the_one_before(series: Series) -> None:
    versions = list(series.versions.values())
    papers = [package.manifest(one) for one in versions]
    digests = [store.sha256_file(one.folder / "manifest.json") for one in versions]
    assert [one.previous for one in papers] == [None, *digests[:-1]]


def test_a_file_that_did_not_change_is_the_very_file_of_the_version_before(series: Series) -> None:
    folders = [version.folder for version in series.versions.values()]
    for before, after in itertools.pairwise(folders):
        alike = {path.name for path in after.iterdir() if path.read_bytes() == (before / path.name).read_bytes()}
        assert alike
        assert alike == {path.name for path in after.iterdir() if path.samefile(before / path.name)}


def test_a_rebuild_from_raw_alone_gives_the_same_bytes_for_every_version(series: Series, tmp_path: Path) -> None:
    again = tmp_path / "again"
    made = list(rebuild.rebuild(Settings(data=again), MINISTRY, series.data / "raw"))
    assert [(one.version, one.same) for one in made] == [(version, True) for version in VERSIONS.values()]
    assert tree(again / "packages") == tree(series.data / "packages")


# Snapshot, window, append: what a source that no longer has a release says of it


def clean(count: int) -> list[dict[str, Any]]:
    """Return as many releases of March that have no wrong row."""
    wrong = {mend["release"] for mend in of_month("2024-03")}
    return [document for name, document in documents("2024-03").items() if name not in wrong][:count]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """Return a data folder whose ministry has one file to read, the test's own."""
    data = folder_of(tmp_path / "data")
    turn_to(data, "feed")
    return data


def built(data: Path, there: list[dict[str, Any]] | bytes, day: date) -> dict[str, dict[str, Any]]:
    """Return the releases that are built, by id, once the source holds `there`."""
    path = data / "ministry" / "feed.jsonl"
    if isinstance(there, bytes):
        path.write_bytes(there)
    else:
        put(path, there)
    job = steps.begin(Settings(data=data), MINISTRY, day)
    rows = handover.built(steps.build(job, steps.fetch(job))).records
    return {row.values["release_id"]: row.values for row in _releases(rows)}


def _releases(rows: list[Record]) -> list[Record]:
    return [row for row in rows if row.table == "releases"]


def set_mode(data: Path, mode: str) -> None:
    """Say how the source is to be understood."""
    path = dataset_file(data)
    path.write_text(path.read_text(encoding="utf-8").replace('kind = "files"', f'kind = "files"\nmode = "{mode}"'))


@pytest.mark.parametrize(("mode", "status"), [("window", "current"), ("append", "current"), ("snapshot", "withdrawn")])
def test_only_a_snapshot_withdraws_what_it_no_longer_has(feed: Path, mode: str, status: str) -> None:
    set_mode(feed, mode)
    old, kept, new = clean(3)
    built(feed, [old, kept], MONTHS["2024-03"])
    releases = built(feed, [kept, new], MONTHS["2024-04"])
    assert {name: row["status"] for name, row in releases.items()} == {
        old["id"]: status,
        kept["id"]: "current",
        new["id"]: "current",
    }


@pytest.mark.parametrize("mode", ["window", "append"])
def test_what_a_window_forgot_is_still_edited_when_it_shows_it_again(feed: Path, mode: str) -> None:
    set_mode(feed, mode)
    old, kept = clean(2)
    days = [MONTHS["2024-03"] + timedelta(days=number) for number in range(3)]
    built(feed, [old, kept], days[0])
    built(feed, [kept], days[1])
    releases = built(feed, [old | {"body": old["body"] + "\n\nAn end."}, kept], days[2])
    assert (releases[old["id"]]["status"], releases[old["id"]]["revision"]) == ("edited", 2)


def test_a_snapshot_with_a_broken_line_is_no_whole_one_and_withdraws_nothing(feed: Path) -> None:
    there = clean(3)
    built(feed, there, MONTHS["2024-03"])
    whole = (feed / "ministry" / "feed.jsonl").read_bytes()
    releases = built(feed, whole[: len(whole) - 200], MONTHS["2024-04"])
    assert {row["status"] for row in releases.values()} == {"current"}
    assert releases.keys() == {document["id"] for document in there}


def test_a_snapshot_that_cannot_be_taken_withdraws_nothing(feed: Path, tmp_path: Path) -> None:
    there = clean(2)
    built(feed, there, MONTHS["2024-03"])
    outside = tmp_path / "outside.jsonl"
    outside.write_bytes(b"{}")
    folder = feed / "ministry" / "folder"
    folder.mkdir()
    shutil.move(feed / "ministry" / "feed.jsonl", folder / "feed.jsonl")
    text = dataset_file(feed).read_text(encoding="utf-8")
    dataset_file(feed).write_text(text.replace("ministry/feed.jsonl", "ministry/folder"), encoding="utf-8")
    job = steps.begin(Settings(data=feed), MINISTRY, MONTHS["2024-04"])
    steps.fetch(job)
    (folder / "feed.jsonl").unlink()
    (folder / "feed.jsonl").symlink_to(outside)
    job = steps.begin(Settings(data=feed), MINISTRY, MONTHS["2024-05"])
    rows = handover.built(steps.build(job, steps.fetch(job)))
    assert {row.values["status"] for row in _releases(rows.records)} == {"current"}
    assert [item.problem.rule for item in rows.refused] == ["input.link"]


def test_a_release_that_moves_to_another_file_is_neither_withdrawn_nor_edited(feed: Path) -> None:
    there = clean(2)
    built(feed, there, MONTHS["2024-03"])
    put(feed / "ministry" / "moved" / "one.jsonl", there[:1])
    put(feed / "ministry" / "moved" / "two.jsonl", there[1:])
    text = dataset_file(feed).read_text(encoding="utf-8")
    dataset_file(feed).write_text(text.replace("ministry/feed.jsonl", "ministry/moved"), encoding="utf-8")
    job = steps.begin(Settings(data=feed), MINISTRY, MONTHS["2024-04"])
    rows = handover.built(steps.build(job, steps.fetch(job)))
    assert [(row.values["status"], row.values["revision"]) for row in _releases(rows.records)] == [("current", 1)] * 2


def test_an_edited_release_whose_new_document_is_refused_keeps_its_last_good_facts_marked(series: Series) -> None:
    was, now = series.versions["2024-04"], series.versions["2024-05"]
    old, new = (keyed(one, "releases")[EDITED_WRONG,] for one in (was, now))
    assert {name: (old[name], new[name]) for name in new if old[name] != new[name]} == {
        "newer_refused": ("false", "true")
    }
    for name in TABLES:
        parts = [[row for row in table(one, name) if EDITED_WRONG in " ".join(row.values())] for one in (was, now)]
        assert name == "releases" or parts[0] == parts[1]


def test_the_document_that_was_refused_is_in_quarantine_once_and_the_report_warns_that_another_stands_in(
    series: Series,
) -> None:
    now = series.versions["2024-05"]
    refused = [row for row in quarantined(now) if row["key"] == EDITED_WRONG]
    report = Report.model_validate(read_json(now.folder / "report.json"))
    assert [row["rule"] for row in refused] == ["record.order"]
    assert [one.key for one in report.problems if one.rule == "quarantine.stands-in"] == [EDITED_WRONG]


def test_a_release_that_stands_in_is_not_said_to_be_withdrawn(series: Series) -> None:
    rows = diff_of(series.versions["2024-05"])["rows"]
    assert {row["cause"] for row in rows if row["key"][0].startswith(EDITED_WRONG)} == {"source edited"}


def test_a_headline_that_the_source_edited_is_an_edit_of_the_source(series: Series) -> None:
    rows = diff_of(series.versions["2024-04"])["rows"]
    assert [row["cause"] for row in rows if row["key"] == [HEADLINE_ALONE]] == ["source edited"]


def test_an_entity_that_comes_with_a_refused_release_was_added_by_the_source(series: Series) -> None:
    rows = diff_of(series.versions["2024-05"])["rows"]
    assert {row["cause"] for row in rows if row["key"] == ["calloran"]} == {"source added"}


def test_an_empty_file_is_no_whole_snapshot_and_withdraws_nothing(feed: Path) -> None:
    built(feed, clean(3), MONTHS["2024-03"])
    assert {row["status"] for row in built(feed, b"", MONTHS["2024-04"]).values()} == {"current"}


# What changed in the dataset's file says nothing of the past


def test_a_mode_that_changed_says_nothing_of_what_was_withdrawn_before(feed: Path) -> None:
    old, kept = clean(2)
    built(feed, [old, kept], MONTHS["2024-03"])
    built(feed, [kept], MONTHS["2024-04"])
    set_mode(feed, "window")
    releases = built(feed, [kept], MONTHS["2024-05"])
    assert {name: (row["status"], row["revision"]) for name, row in releases.items()} == {
        old["id"]: ("withdrawn", 2),
        kept["id"]: ("current", 1),
    }


def test_a_source_that_is_taken_out_of_the_file_withdraws_nothing_and_keeps_its_licence(feed: Path) -> None:
    path = dataset_file(feed)
    text = path.read_text(encoding="utf-8")
    put(feed / "ministry" / "other.jsonl", [clean(2)[1]])
    block = '[[sources]]\nname = "other"\nkind = "files"\npath = "ministry/other.jsonl"\nlicence = "CC0-1.0"\n\n'
    path.write_text(text.replace("[schedule]", f"{block}[schedule]"), encoding="utf-8")
    before = built(feed, [clean(2)[0]], MONTHS["2024-03"])
    path.write_text(text, encoding="utf-8")
    after = built(feed, [clean(2)[0]], MONTHS["2024-04"])
    assert len(before) == len(clean(2))
    assert after == before


def test_a_source_that_is_taken_out_of_the_file_is_read_by_the_map_that_it_had(feed: Path) -> None:
    path = dataset_file(feed)
    text = path.read_text(encoding="utf-8")
    kept, mapped = clean(2)
    put(feed / "ministry" / "other.jsonl", [mapped | {"body": None, "words": mapped["body"]}])
    block = (
        '[[sources]]\nname = "other"\nkind = "files"\npath = "ministry/other.jsonl"\n'
        f"[sources.map]\n{''.join(f'{name} = {name!r}' + chr(10) for name in mapped if name != 'body')}"
        'body = "words"\nignore = ["body"]\n\n'
    )
    path.write_text(text.replace("[schedule]", f"{block}[schedule]"), encoding="utf-8")
    before = built(feed, [kept], MONTHS["2024-03"])
    path.write_text(text, encoding="utf-8")
    after = built(feed, [kept], MONTHS["2024-04"])
    assert set(before) == {kept["id"], mapped["id"]}
    assert after == before


def test_an_edit_that_cannot_be_read_is_marked_until_it_can(feed: Path) -> None:
    first, second = clean(2)
    built(feed, [first, second], MONTHS["2024-03"])
    lines = [json.dumps(document, ensure_ascii=False).encode() for document in (first, second)]
    torn = built(feed, lines[0] + b"\n" + lines[1][:-20] + b"\n", MONTHS["2024-04"])
    assert {name: row["newer_refused"] for name, row in torn.items()} == {first["id"]: False, second["id"]: True}
    mended = built(feed, [first, second], MONTHS["2024-05"])
    assert {row["newer_refused"] for row in mended.values()} == {False}
