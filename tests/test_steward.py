"""What a steward decides ahead: rows that may break a rule until a day, known errors of a source, releases left out."""

import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import handover, preview, rebuild, rulings, steps, store
from flows.config import ConfigError
from flows.publish import package
from flows.settings import PROJECT, Settings
from flows.steward import StewardFault
from schemas.decisions import Ruling
from schemas.package import Package
from schemas.report import Problem, Report
from tests.conftest import AS_OF, SEED, Communique
from tests.publishing import DATASET, home, published, read_json, table, take, tree
from tests.test_ministry import MONTHS
from tests.test_series import MINISTRY, built, clean, folder_of, set_mode, turn_to

DAY = date.fromisoformat(AS_OF)
RELEASE = "dhs-2021-07-guatemala-seed"
BY, WHY = "Ada Steward", "The page was mended by hand in 2021, and the archive has the old one."

Document = dict[str, Any]


def paraphrase(document: Document) -> None:
    """Say an item in other words than the release: breaks evidence.verbatim in the commitment c1."""
    document["commitments"][0]["item"] = "vaccine by Moderna"


def paraphrase_a_title(document: Document) -> None:
    """Break the same rule in the agreement a1."""
    document["agreements"][0]["title"] = "Letter about biometric data"


def miscount(document: Document) -> None:
    """Break evidence.quantity in the commitment c1."""
    document["commitments"][0]["quantity"] = 1_400_000


def put(data: Path, *changes: Callable[[Document], None]) -> None:
    """Write the seed to the data folder, changed."""
    document = json.loads(SEED.read_text(encoding="utf-8"))
    for change in changes:
        change(document)
    (data / "releases" / SEED.name).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def decide(data: Path, kind: str, *entries: dict[str, Any]) -> None:
    """Write a file of waivers or corrections; a JSON value is a TOML value too, so far as it is none of null."""
    told = [{"by": BY, "reason": WHY} | entry for entry in entries]
    lines = [
        f"[[{kind}]]\n" + "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in one.items())
        for one in told
    ]
    path = data / kind / f"{DATASET}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")


def waiver(rule: str = "evidence.verbatim", key: str = "c1", until: date = DAY, **other: Any) -> dict[str, Any]:
    return {"rule": rule, "table": "commitments", "key": f"{RELEASE}/{key}", "until": str(until)} | other


def correction(pointer: str, **other: Any) -> dict[str, Any]:
    return {"release": RELEASE, "pointer": pointer} | other


def told(data: Path, day: date = DAY) -> Report:
    """Return the report of a run that keeps nothing."""
    return preview.plan(Settings(data=data), DATASET, day).report


def of(report: Report, rule: str) -> list[Problem]:
    return [found for found in report.problems if found.rule == rule]


def refused(report: Report) -> set[tuple[str | None, str | None]]:
    """Return the rules and keys of the rows that are refused for what they are."""
    own = (one for one in report.problems if one.severity == "error" and one.rule != "quarantine.dependant")
    return {(one.rule, (one.key or "").rpartition("/")[2]) for one in own}


# Waivers


@pytest.fixture(scope="module")
def waived(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Return a version in which a waiver let a row pass on the last day on which it holds."""
    data = tmp_path_factory.mktemp("waived") / "data"
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(SEED.parent, data / "releases")
    put(data, paraphrase)
    decide(data, "waivers", waiver())
    return published(data, DATASET, DAY)


def test_a_row_that_breaks_a_rule_is_refused_where_no_waiver_names_it(data: Path) -> None:
    put(data, paraphrase)
    assert refused(told(data)) == {("evidence.verbatim", "c1")}


def test_a_waiver_lets_its_row_pass_with_all_that_hangs_on_it(waived: Package) -> None:
    fact = f"{RELEASE}/c1"
    assert [row["item"] for row in table(waived, "commitments") if row["fact_id"] == fact] == ["vaccine by Moderna"]
    assert len([row for row in table(waived, "participants") if row["fact_id"] == fact]) == 3
    assert len((waived.folder / "quarantine.csv").read_text(encoding="utf-8").splitlines()) == 1


def test_what_was_waived_is_information_in_the_report_with_person_day_and_reason(waived: Package) -> None:
    report = Report.model_validate(read_json(waived.folder / "report.json"))
    found = of(report, "evidence.verbatim")
    assert report.valid
    assert [(one.severity, one.key, one.value) for one in found] == [("info", f"{RELEASE}/c1", "vaccine by Moderna")]
    assert f"waived until {DAY} by {BY}: {WHY}" in found[0].message


def test_a_waiver_that_was_used_is_published(waived: Package) -> None:
    assert read_json(waived.folder / "decisions.json")["waivers"] == [waiver() | {"by": BY, "reason": WHY}]


def test_a_waiver_is_for_its_row_alone(data: Path) -> None:
    put(data, paraphrase, paraphrase_a_title)
    decide(data, "waivers", waiver())
    assert refused(told(data)) == {("evidence.verbatim", "a1")}


def test_a_waiver_is_for_its_rule_alone(data: Path) -> None:
    put(data, paraphrase, miscount)
    decide(data, "waivers", waiver())
    assert refused(told(data)) == {("evidence.quantity", "c1")}


def test_two_waivers_let_a_row_pass_that_breaks_two_rules(data: Path) -> None:
    put(data, paraphrase, miscount)
    decide(data, "waivers", waiver(), waiver("evidence.quantity"))
    report = told(data)
    assert report.valid
    assert {one.rule for one in report.problems if one.severity == "info"} == {"evidence.verbatim", "evidence.quantity"}


def test_a_rule_of_the_suites_is_waived_as_one_of_the_evidence_is(data: Path) -> None:
    """The release tells of a visit on days that, as of a day before them, lie ahead."""
    before = date(2021, 7, 1)
    rule = "suite.releases.event-in-range"
    decide(data, "waivers", waiver(rule, until=before) | {"table": "releases", "key": RELEASE})
    report = told(data, before)
    assert [one.severity for one in of(report, rule)] == ["info"]
    assert report.counts["releases"].out == 1


def test_a_waiver_past_its_day_fails_the_run_and_nothing_is_published(data: Path) -> None:
    put(data, paraphrase)
    decide(data, "waivers", waiver())
    with pytest.raises(StewardFault, match=f"past their day: evidence.verbatim for commitments {RELEASE}/c1") as told:
        take(data, DATASET, DAY + timedelta(days=1))
    assert f"until {DAY}" in str(told.value)
    assert not home(data).exists()


@pytest.mark.parametrize(
    "entry",
    [waiver(), waiver("evidence.day"), waiver(key="c9"), waiver(table="meetings")],
    ids=["the row is mended", "another rule", "no such row", "another table"],
)
def test_a_waiver_that_lets_nothing_pass_fails_the_run(data: Path, entry: dict[str, Any]) -> None:
    decide(data, "waivers", entry)
    with pytest.raises(StewardFault, match=r"no longer needed, so remove: the waiver of evidence\."):
        take(data, DATASET, DAY)
    assert not home(data).exists()


def test_the_command_ends_1_and_names_the_waiver_that_ran_out(communique: Communique, data: Path) -> None:
    decide(data, "waivers", waiver(until=date(2020, 1, 1)))
    told = communique("run", DATASET, "--dry-run", "--as-of", AS_OF)
    assert told.returncode == 1
    assert f"waivers past their day: evidence.verbatim for commitments {RELEASE}/c1, until 2020-01-01" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize("left_out", ["reason", "by", "until", "rule"])
def test_a_waiver_without_reason_person_day_or_rule_is_wrong_with_its_line(
    communique: Communique, data: Path, left_out: str
) -> None:
    put(data, paraphrase, miscount)
    decide(data, "waivers", waiver("evidence.quantity"), waiver())
    path = data / "waivers" / f"{DATASET}.toml"
    first, second = path.read_text(encoding="utf-8").split("\n\n")
    kept = [text for text in second.splitlines() if not text.startswith(f"{left_out} =")]
    path.write_text("\n".join([first, "", *kept]), encoding="utf-8")
    told = communique("run", DATASET, "--dry-run", "--as-of", AS_OF)
    assert told.returncode == 2
    assert f"{path}:{len(first.splitlines()) + 2}: waivers.1.{left_out}: it is not given" in told.stderr


# Corrections


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Return a version in which a wrong value of the source was corrected."""
    data = tmp_path_factory.mktemp("corrected") / "data"
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(SEED.parent, data / "releases")
    put(data, miscount)
    decide(data, "corrections", correction("/commitments/c1/quantity", expect=1_400_000, value=1_500_000))
    return published(data, DATASET, DAY)


def test_a_correction_is_made_and_its_fact_is_marked_as_corrected(corrected: Package) -> None:
    facts = {row["fact_id"].rpartition("/")[2]: row for row in table(corrected, "commitments")}
    assert (facts["c1"]["quantity"], facts["c1"]["review"]) == ("1500000", "corrected")
    assert {row["review"] for name, row in facts.items() if name != "c1"} == {"accepted"}


def test_a_correction_is_published_with_what_the_source_says_person_and_reason(corrected: Package) -> None:
    entry = correction("/commitments/c1/quantity", expect=1_400_000, value=1_500_000, by=BY, reason=WHY)
    assert read_json(corrected.folder / "decisions.json")["corrections"] == [entry]


def test_the_bytes_as_received_keep_the_error(corrected: Package) -> None:
    data = corrected.folder.parents[2]
    digests = [entry.sha256 for entry in package.manifest(corrected).inputs]
    assert digests == [store.sha256_file(data / "releases" / SEED.name)]
    assert json.loads(store.load(data / "raw", digests[0]))["commitments"][0]["quantity"] == 1_400_000


def rows(data: Path) -> dict[str, dict[str, Any]]:
    """Return the rows that are built, by table and key, before anyone judged them."""
    job = steps.begin(Settings(data=data), DATASET, DAY)
    found = handover.built(steps.build(job, steps.fetch(job))).records
    return {f"{record.table} {record.key}": record.values for record in found}


@pytest.mark.parametrize("step", ["0", "c1"], ids=["by its number", "by its id"])
def test_a_correction_finds_an_item_of_a_list(data: Path, step: str) -> None:
    decide(data, "corrections", correction(f"/commitments/{step}/unit", expect="doses", value="vials"))
    assert rows(data)[f"commitments {RELEASE}/c1"]["unit"] == "vials"


def test_a_value_that_the_source_leaves_out_is_filled(data: Path) -> None:
    decide(data, "corrections", correction("/headline", value="Secretary Mayorkas in Guatemala"))
    assert rows(data)[f"releases {RELEASE}"]["headline"] == "Secretary Mayorkas in Guatemala"


def test_a_value_is_taken_away_where_the_correction_gives_none(data: Path) -> None:
    decide(data, "corrections", correction("/commitments/c1/unit", expect="doses"))
    assert rows(data)[f"commitments {RELEASE}/c1"]["unit"] is None


def test_a_correction_of_what_is_no_fact_marks_none(data: Path) -> None:
    decide(data, "corrections", correction("/people/0/note", value="A remark."))
    found = rows(data)
    assert {row["review"] for name, row in found.items() if name.startswith(("commitments ", "meetings "))} == {
        "accepted"
    }


def test_a_correction_is_for_its_release_alone(data: Path) -> None:
    document = json.loads(SEED.read_text(encoding="utf-8"))
    other = document | {"id": "another-release"}
    (data / "releases" / "other.json").write_text(json.dumps(other), encoding="utf-8")
    decide(data, "corrections", correction("/headline", value="A headline"))
    found = rows(data)
    assert [found[f"releases {name}"]["headline"] for name in (RELEASE, "another-release")] == ["A headline", None]


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (correction("/commitments/c1/unit", expect="vials", value="doses"), "is out of date: the source says 'doses'"),
        (correction("/commitments/c1/unit", expect="boxes", value="vials"), "expects 'boxes', and the source says"),
        (correction("/commitments/c9/unit", expect="doses", value="vials"), "expects 'doses', and the source says"),
        (correction("/no/such/place", expect="doses", value="vials"), "expects 'doses', and the source says None"),
        (correction("/headline", expect="A headline", value="Another"), "expects 'A headline', and the source says"),
    ],
    ids=["the source is mended", "the source says something else", "no such item", "no such field", "null"],
)
def test_a_correction_that_does_not_find_what_it_expects_fails_the_run(
    data: Path, entry: dict[str, Any], why: str
) -> None:
    decide(data, "corrections", entry)
    with pytest.raises(StewardFault, match=why):
        take(data, DATASET, DAY)
    assert not home(data).exists()


def test_a_correction_of_a_release_that_is_not_there_fails_the_run(data: Path) -> None:
    decide(data, "corrections", {"release": "no-such-release", "pointer": "/headline", "value": "A headline"})
    with pytest.raises(StewardFault, match="of no-such-release at /headline met no such release"):
        take(data, DATASET, DAY)
    assert not home(data).exists()


def test_a_dataset_is_validated_as_a_run_would_judge_it_after_a_corrected_release_is_withdrawn(data: Path) -> None:
    document = json.loads(SEED.read_text(encoding="utf-8"))
    other = data / "releases" / "other.json"
    other.write_text(json.dumps(document | {"id": "another-release"}), encoding="utf-8")
    decide(data, "corrections", correction("/headline", value="A headline", release="another-release"))
    published(data, DATASET, DAY)
    other.unlink()
    later = DAY + timedelta(days=1)
    report = preview.validate_dataset(Settings(data=data), DATASET, later)
    take(data, DATASET, later)
    assert report == Report.model_validate(read_json(package.versions(home(data))[-1].folder / "report.json"))
    assert report.counts["releases"].out == 2


def test_a_correction_holds_until_the_source_is_mended_and_then_fails(data: Path) -> None:
    put(data, miscount)
    decide(data, "corrections", correction("/commitments/c1/quantity", expect=1_400_000, value=1_500_000))
    first = published(data, DATASET, DAY)
    put(data)
    with pytest.raises(StewardFault, match="the source says 1500000 itself now"):
        take(data, DATASET, DAY + timedelta(days=1))
    (data / "corrections" / f"{DATASET}.toml").unlink()
    after = published(data, DATASET, DAY + timedelta(days=1))
    assert {row["review"] for row in table(after, "commitments")} == {"accepted"}
    assert str(after.version) == str(first.version.next("patch"))


def test_a_dry_run_that_fails_for_a_correction_keeps_nothing(communique: Communique, data: Path) -> None:
    decide(data, "corrections", correction("/commitments/c1/unit", expect="vials", value="doses"))
    before = tree(data)
    told = communique("run", DATASET, "--dry-run", "--as-of", AS_OF)
    assert (told.returncode, tree(data)) == (1, before)
    assert f"the correction of {RELEASE} at /commitments/c1/unit is out of date" in told.stderr


# Releases that are left out


def test_a_release_that_was_taken_down_is_left_out_with_what_only_it_names(tmp_path: Path) -> None:
    data = folder_of(tmp_path / "data")
    turn_to(data, "feed")
    set_mode(data, "snapshot")
    there = clean(3)
    day = date(2024, 3, 31)
    assert built(data, there, day).keys() == {document["id"] for document in there}
    ruling = Ruling(kind="takedown", day=day, by=BY, reason=WHY, release=there[0]["id"])
    store.append_journal(data / "raw", MINISTRY, ruling)
    assert built(data, there, day).keys() == {document["id"] for document in there[1:]}
    job = steps.begin(Settings(data=data), MINISTRY, day)
    made = handover.built(steps.build(job, steps.fetch(job))).records
    named = {
        entity["id"] for kind in ("people", "organizations", "places") for one in there[1:] for entity in one[kind]
    }
    assert {record.key for record in made if record.table == "entities"} == named


def test_no_word_of_a_release_that_was_taken_down_is_among_what_was_refused_or_noted(tmp_path: Path) -> None:
    data = folder_of(tmp_path / "data")
    turn_to(data, "feed")
    set_mode(data, "snapshot")
    gone, stays = clean(2)
    gone["body"] = gone["body"].rstrip(" .") + " and the zebra was cut off at the"
    again = gone | {"headline": "A zebra once more", "body": "Another zebra."}
    day = date(2024, 3, 31)
    documents = [gone, again, stays]
    built(data, documents, day)
    store.append_journal(
        data / "raw", MINISTRY, Ruling(kind="takedown", day=day, by=BY, reason=WHY, release=gone["id"])
    )
    built(data, documents, day)
    job = steps.begin(Settings(data=data), MINISTRY, day)
    folder = steps.judge(job, steps.build(job, steps.fetch(job)))
    told = [path for path in folder.rglob("*") if path.is_file() and b"zebra" in path.read_bytes()]
    assert told == []


TEXT, ADDRESS = "The harbour master left on Monday.", "https://harbour.example/master-leaves"


def lay(data: Path, release_id: object, text: str, url: str | None) -> None:
    """Put a release beside the seed, in the place of the one that was put there before."""
    source = {"name": "Harbour Ministry", "url": url}
    document = {"id": release_id, "issuer": "harbour", "language": "en", "source": source, "body": text}
    document["organizations"] = [{"id": "harbour", "name": "Harbour Ministry"}]
    (data / "releases" / "harbour.json").write_text(json.dumps(document), encoding="utf-8")


def taken_down(data: Path) -> Package:
    """Return the version after the release beside the seed was taken down by command."""
    lay(data, "master-leaves", TEXT, ADDRESS)
    published(data, DATASET, DAY)
    rulings.take_down(Settings(data=data), DATASET, "master-leaves", BY, WHY)
    return published(data, DATASET, DAY)


def named_in(data: Path, day: date) -> tuple[set[str], dict[str, str | None]]:
    """Return the releases that a run builds, and why others that were named are left out, by their place."""
    job = steps.begin(Settings(data=data), DATASET, day)
    made = handover.built(steps.build(job, steps.fetch(job)))
    standing = {one.values["release_id"] for one in made.records if one.table == "releases"}
    return standing, {one.entry: one.why for one in made.named if one.release_id not in standing}


LEFT_OUT = {"releases/harbour.json": f"taken down by {BY}: {WHY}"}


@pytest.mark.parametrize(
    ("text", "url"),
    [(TEXT, "https://mirror.example/1"), (TEXT, None), (TEXT.replace(" ", "\r\n"), ADDRESS), ("Another.", ADDRESS)],
)
def test_a_release_that_was_taken_down_does_not_come_back_under_another_id(
    data: Path, text: str, url: str | None
) -> None:
    taken_down(data)
    lay(data, "someone-leaves", text, url)
    assert named_in(data, DAY + timedelta(days=1)) == ({RELEASE}, LEFT_OUT)


def test_another_text_at_another_address_is_another_release_than_the_one_taken_down(data: Path) -> None:
    taken_down(data)
    lay(data, "someone-leaves", "Another text.", f"{ADDRESS}/2")
    assert named_in(data, DAY + timedelta(days=1))[0] == {RELEASE, "someone-leaves"}


def doubted(data: Path, day: date) -> list[tuple[str, str]]:
    """Return where a run leaves out a release for its address alone, and what it says."""
    job = steps.begin(Settings(data=data), DATASET, day)
    noted = handover.built(steps.build(job, steps.fetch(job))).noted
    return [(str(one.source), one.message) for one in noted if one.rule == "input.taken-down"]


def test_a_release_that_is_left_out_for_its_address_alone_is_warned_of_until_it_has_another(data: Path) -> None:
    taken_down(data)
    lay(data, "someone-leaves", TEXT, ADDRESS)
    assert doubted(data, DAY + timedelta(days=1)) == []
    lay(data, "another-leaves", "Another text.", ADDRESS)
    said = f"left out: it has the address of master-leaves, which {BY} took down, and another text"
    assert doubted(data, DAY + timedelta(days=2)) == [("releases/harbour.json", said)]
    lay(data, "another-leaves", "Another text.", f"{ADDRESS}/2")
    assert named_in(data, DAY + timedelta(days=3))[0] == {RELEASE, "another-leaves"}
    assert doubted(data, DAY + timedelta(days=3)) == []


def beside(data: Path, release_id: str, text: str, url: str | None) -> None:
    """Put another release beside the seed, in a place of its own."""
    lay(data, release_id, text, url)
    (data / "releases" / "harbour.json").rename(data / "releases" / f"{release_id}.json")


def test_a_release_with_the_same_text_stands_and_is_told_until_it_is_taken_down_too(data: Path) -> None:
    beside(data, "a", TEXT, ADDRESS)
    beside(data, "b", TEXT, f"{ADDRESS}/2")
    published(data, DATASET, DAY)
    settings, text = Settings(data=data), store.sha256(TEXT.encode())
    assert rulings.take_down(settings, DATASET, "a", BY, WHY) == ([(1, 0, 0)], ["b"], None)
    after = published(data, DATASET, DAY)
    assert {row["release_id"] for row in table(after, "releases")} == {RELEASE, "b"}
    assert rulings.take_down(settings, DATASET, "b", BY, WHY).alike == []
    kept = read_json(after.folder / "TOMBSTONE.json")
    assert (kept["addresses"], kept["texts"]) == ([f"{ADDRESS}/2"], [text])
    lay(data, "c", TEXT, None)
    assert named_in(data, DAY + timedelta(days=1))[0] == {RELEASE}


def test_what_another_name_of_a_release_that_was_taken_down_has_is_still_a_later_takedowns_own(data: Path) -> None:
    taken_down(data)
    beside(data, "other-name", TEXT, f"{ADDRESS}/2")
    beside(data, "late", "Another text.", f"{ADDRESS}/2")
    published(data, DATASET, DAY + timedelta(days=1))
    rulings.take_down(Settings(data=data), DATASET, "late", BY, WHY)
    (_, ruling) = steps.rulings(Settings(data=data), DATASET)
    assert ruling.addresses == [f"{ADDRESS}/2"]


def test_a_takedown_whose_received_bytes_are_lost_goes_by_the_id_and_says_so(data: Path) -> None:
    lay(data, "master-leaves", TEXT, ADDRESS)
    published(data, DATASET, DAY)
    store.blob(data / "raw", store.sha256((data / "releases" / "harbour.json").read_bytes())).unlink()
    gone = rulings.take_down(Settings(data=data), DATASET, "master-leaves", BY, WHY)
    assert (gone.versions, gone.alike) == ([(1, 0, 0)], [])
    assert gone.doubt
    assert "No such file" in gone.doubt
    assert "addresses" not in read_json(home(data) / "1.0.0" / "TOMBSTONE.json")


def test_a_takedown_stands_beside_a_document_whose_id_is_no_text(data: Path) -> None:
    taken_down(data)
    for number, release_id in enumerate((["a"], {"a": "b"})):
        lay(data, release_id, "Another text.", None)
        assert named_in(data, DAY + timedelta(days=1 + number))[0] == {RELEASE}


def test_a_takedown_keeps_the_addresses_and_digests_of_what_was_the_releases_alone_and_none_of_its_words(
    data: Path,
) -> None:
    after = taken_down(data)
    assert [(row["entry"], row["why"]) for row in table(after, "coverage") if row["why"]] == list(LEFT_OUT.items())
    (ruling,) = read_json(after.folder / "decisions.json")["takedowns"]
    assert (ruling["addresses"], ruling["texts"]) == ([ADDRESS], [store.sha256(TEXT.encode())])
    tombstone = read_json(home(data) / "1.0.0" / "TOMBSTONE.json")
    assert (tombstone["addresses"], tombstone["texts"]) == (ruling["addresses"], ruling["texts"])
    assert not [path for path in after.folder.iterdir() if b"harbour master" in path.read_bytes()]


def test_every_text_and_address_that_a_release_ever_had_is_kept_out(data: Path) -> None:
    lay(data, "master-leaves", TEXT, ADDRESS)
    published(data, DATASET, DAY)
    lay(data, "master-leaves", f"{TEXT} He was ill.", f"{ADDRESS}/2")
    published(data, DATASET, DAY + timedelta(days=1))
    rulings.take_down(Settings(data=data), DATASET, "master-leaves", BY, WHY)
    lay(data, "elsewhere", f"{TEXT} He was ill.", None)
    assert named_in(data, DAY + timedelta(days=2)) == ({RELEASE}, LEFT_OUT)
    lay(data, "once-more", "A third text.", ADDRESS)
    assert named_in(data, DAY + timedelta(days=3)) == ({RELEASE}, LEFT_OUT)


def test_no_word_of_what_was_taken_down_is_published_of_a_document_without_an_id(data: Path) -> None:
    taken_down(data)
    refused = data / "quarantine" / DATASET / "quarantine.csv"
    for day, text, stands in ((1, TEXT, False), (2, "Another text.", True)):
        lay(data, 7, text, None)
        take(data, DATASET, DAY + timedelta(days=day))
        assert (text in refused.read_text(encoding="utf-8")) is stands


def test_a_takedown_of_earlier_days_that_names_no_address_and_no_text_goes_by_the_id_alone(data: Path) -> None:
    lay(data, "master-leaves", TEXT, ADDRESS)
    published(data, DATASET, DAY)
    old = {"kind": "takedown", "day": AS_OF, "by": BY, "reason": WHY, "release": "master-leaves"}
    store.append_log(store.journal_path(data / "raw", DATASET), {"ruling": old})
    assert named_in(data, DAY) == ({RELEASE}, LEFT_OUT)
    lay(data, "someone-leaves", TEXT, ADDRESS)
    assert named_in(data, DAY)[0] == {RELEASE, "someone-leaves"}


def test_a_takedown_does_not_need_the_datasets_file(data: Path) -> None:
    lay(data, "master-leaves", TEXT, ADDRESS)
    published(data, DATASET, DAY)
    (data / "datasets" / f"{DATASET}.toml").write_text("broken", encoding="utf-8")
    rulings.take_down(Settings(data=data), DATASET, "master-leaves", BY, WHY)
    assert read_json(home(data) / "1.0.0" / "TOMBSTONE.json")["addresses"] == [ADDRESS]


def test_a_correction_expects_a_fraction_as_the_source_writes_it(data: Path) -> None:
    put(data, lambda document: document["commitments"][0].update(quantity=1_400_000.1))
    decide(data, "corrections", correction("/commitments/c1/quantity", expect=1_400_000.1, value=1_500_000))
    made = published(data, DATASET, DAY)
    assert [row["quantity"] for row in table(made, "commitments") if row["review"] == "corrected"] == ["1500000"]


@pytest.mark.parametrize("pointer", ["/mentions/99", "/commitments/-"])
def test_a_correction_beyond_a_list_is_out_of_date(data: Path, pointer: str) -> None:
    decide(data, "corrections", correction(pointer, value="x"))
    with pytest.raises(StewardFault, match="the source says None"):
        take(data, DATASET, DAY)


def test_a_rebuild_knows_that_a_correction_came_later(tmp_path: Path) -> None:
    data = folder_of(tmp_path / "data")
    turn_to(data, "2024-03")
    published(data, MINISTRY, MONTHS["2024-03"])
    path = data / "corrections" / f"{MINISTRY}.toml"
    path.parent.mkdir()
    path.write_text(
        '[[corrections]]\nrelease = "mer-2024-04-09-first-ship-for-ujara"\npointer = "/commitments/2/item"\n'
        'value = "hand pumps"\nreason = "Seen in the text."\nby = "Ada Steward"\n',
        encoding="utf-8",
    )
    turn_to(data, "2024-04")
    published(data, MINISTRY, MONTHS["2024-04"])
    again = tmp_path / "again"
    for part in ("datasets", "corrections"):
        shutil.copytree(data / part, again / part)
    made = rebuild.rebuild(Settings(data=again), MINISTRY, data / "raw")
    assert [one.version for one in made] == ["1.0.0", "1.1.0"]


def test_a_rebuild_goes_over_a_run_that_failed_on_a_waiver_or_a_correction(data: Path, tmp_path: Path) -> None:
    published(data, DATASET, DAY)
    for kind, entry in (("waivers", waiver()), ("corrections", correction("/headline", expect="x", value="y"))):
        decide(data, kind, entry)
        with pytest.raises(StewardFault):
            take(data, DATASET, DAY)
        (data / kind / f"{DATASET}.toml").unlink()
    put(data, lambda document: document.update(headline="Another headline"))
    published(data, DATASET, DAY + timedelta(days=1))
    made = list(rebuild.rebuild(Settings(data=tmp_path / "again"), DATASET, data / "raw"))
    assert [(one.version, one.same) for one in made] == [("1.0.0", True), ("1.0.1", True)]
    assert tree(tmp_path / "again" / "packages") == tree(data / "packages")


def test_a_rebuild_goes_over_a_failed_run_between_a_hold_and_its_approval(data: Path, tmp_path: Path) -> None:
    published(data, DATASET, DAY)
    put(data, lambda document: document.update(published_on="2021-06-30"))
    ended, run_id = take(data, DATASET, DAY)
    assert ended.outcome == "Held"
    decide(data, "waivers", waiver())
    with pytest.raises(StewardFault):
        take(data, DATASET, DAY)
    (data / "waivers" / f"{DATASET}.toml").unlink()
    rulings.approve(Settings(data=data), run_id, BY, WHY)
    made = list(rebuild.rebuild(Settings(data=tmp_path / "again"), DATASET, data / "raw"))
    assert [(one.version, one.same) for one in made] == [("1.0.0", True), ("1.1.0", True)]


def test_a_rule_without_which_no_file_can_be_made_is_never_waived(data: Path) -> None:
    seed = json.loads((data / "releases" / "dhs-2021-07-guatemala-seed.json").read_text(encoding="utf-8"))
    first = seed["mentions"][0]
    put(data, lambda document: document["mentions"].append(dict(first)))
    key = f"dhs-2021-07-guatemala-seed {first['start']}"
    decide(data, "waivers", waiver("table.primary-key") | {"table": "mentions", "key": key})
    with pytest.raises(ConfigError, match=r"waivers\.0\.rule"):
        take(data, DATASET, DAY)
