"""Verify: every way in which a package can be other than it was published is found, and told for what it is."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from flows import rulings, store
from flows.download.files import TRIES
from flows.download.findings import Verification
from flows.download.get import Wanted, get
from flows.download.source import Absent, Unreachable, Untrue, source
from flows.download.verify import UNLISTED, targets, verify
from flows.publish import package
from flows.settings import Settings
from tests.conftest import Communique
from tests.publishing import DATASET, read_json
from tests.shelves import FILES, put, serving, write_manifest
from tests.test_get import Answer, Script, rewrite, scripted

COUNT = len(FILES) + 1
"""Files of a version that its manifest lists."""


@pytest.fixture
def home(data: Path) -> Path:
    """Return the folder of a dataset with three versions."""
    folder = data / "packages" / DATASET
    for number in ("1.0.0", "1.1.0", "1.2.0"):
        put(folder, number)
    return folder


@pytest.fixture
def downloads(home: Path, tmp_path: Path) -> Path:
    """Return a folder that two of the versions were downloaded to."""
    to = tmp_path / "downloads"
    for version in ("1.0.0", None):
        wanted = Wanted(DATASET, version)
        get(source(str(home.parent), 1.0), wanted, to, lambda _: nullcontext(lambda _: None))
    return to / DATASET


PAPERS = {"manifest.json", "SHA256SUMS"}


def broken_off(told: Answer) -> None:
    """Hang up in the middle."""
    whole = told.whole()
    told.send(whole[: len(whole) // 2], Content_Length=str(len(whole)))


def later(told: Answer) -> None:
    """Say that the service cannot answer now."""
    told.send(b"later", 503)


def judged(address: Path | str, memory: Path | None = None) -> Verification:
    """Return what is found at an address."""
    return verify(targets(str(address), 5.0), memory, lambda _: None)


def faults(address: Path | str, memory: Path | None = None) -> list[tuple[str, str]]:
    """Return place and kind of every fault that is found at an address."""
    return [(fault.place, fault.kind) for fault in judged(address, memory).faults]


def test_what_was_published_is_whole_as_a_folder_a_dataset_and_a_version(home: Path) -> None:
    for address, count in ((home.parent, 3), (home, 3), (home / "1.1.0", 1)):
        found = judged(address)
        assert (found.valid, found.faults) == (True, [])
        assert [(one.state, one.files, one.dataset) for one in found.versions] == [("whole", COUNT, DATASET)] * count


def test_a_site_is_verified_like_a_folder(home: Path, data: Path) -> None:
    rulings.prune(Settings(data=data), DATASET, 2, dry_run=False)
    rulings.take_down(Settings(data=data), DATASET, "1.1.0", "Ada", "a name")
    with serving(data) as site:
        address = f"{site.url}{DATASET}"
        assert judged(address) == judged(home)
        assert judged(f"{address}/1.0.0/").versions == judged(home / "1.0.0").versions
        (home / "1.2.0" / "people.csv").write_bytes((home / "1.2.0" / "people.csv").read_bytes()[::-1])
        (home / "1.2.0" / "roles.csv").unlink()
        assert faults(address) == [("1.2.0/people.csv", "other bytes"), ("1.2.0/roles.csv", "missing")]


@pytest.mark.parametrize("script", [broken_off, later])
def test_a_site_whose_connection_breaks_now_and_then_is_asked_again(
    home: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.download.files.WAIT_SECONDS", 0)
    asked = Counter[str]()
    shown: list[int] = []

    def now_and_then(told: Answer) -> None:
        asked[told.path] += 1
        if asked[told.path] % TRIES:
            script(told)
        else:
            told.send(told.whole())

    names = ["manifest.json", "SHA256SUMS", "people.csv", f"{DATASET}.sqlite"]
    with scripted(home, dict.fromkeys(names, now_and_then)) as address:
        found = verify(targets(address, 5.0), None, shown.append)
    assert (found.faults, found.versions) == ([], judged(home).versions)
    assert sum(shown) == sum(path.stat().st_size for path in home.glob("*/*") if path.name not in PAPERS)


def test_a_site_that_answers_no_more_is_given_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.download.files.WAIT_SECONDS", 0)
    with scripted(home, {"roles.csv": later}) as address, pytest.raises(Unreachable, match=r"roles\.csv: answers 503"):
        judged(address)


def test_a_download_is_whole_without_the_versions_that_did_not_come(downloads: Path) -> None:
    found = judged(downloads)
    assert (found.valid, [one.version for one in found.versions]) == (True, ["1.0.0", "1.2.0"])
    whole = judged(downloads.parent)
    assert (whole.valid, whole.versions) == (True, found.versions)


def test_a_version_that_was_copied_anywhere_is_whole_by_itself(home: Path, tmp_path: Path) -> None:
    (home / "1.1.0").rename(tmp_path / "copy")
    assert judged(tmp_path / "copy").valid


def test_versions_without_pointer_and_index_prove_what_they_can(home: Path) -> None:
    (home / "latest.json").unlink()
    (home / "versions.json").unlink()
    assert judged(home).valid
    (home / "1.1.0").rename(home.parent.parent / "away")
    assert judged(home).valid
    path = home / "1.2.0" / "manifest.json"
    write_manifest(home / "1.2.0", store.to_json(read_json(path) | {"previous": None}))
    assert faults(home) == []


# Files


def flip(path: Path) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("place", ["home", "downloads"])
@pytest.mark.parametrize("name", [*FILES, "datapackage.json"])
def test_one_bit_is_found_in_any_file(home: Path, downloads: Path, place: str, name: str) -> None:
    folder = {"home": home, "downloads": downloads}[place]
    flip(folder / "1.2.0" / name)
    assert faults(folder) == [(f"1.2.0/{name}", "other bytes")]


def replaced_by_link(path: Path) -> None:
    """Put a link to the same bytes in the place of a file."""
    path.rename(path.parents[2] / "elsewhere")
    path.symlink_to(path.parents[2] / "elsewhere")


def replaced_by_folder(path: Path) -> None:
    """Put a folder in the place of a file."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (Path.unlink, "missing"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\n"), "other bytes"),
        (lambda path: path.write_bytes(b""), "other bytes"),
        (replaced_by_link, "other bytes"),
        (replaced_by_folder, "other bytes"),
    ],
)
def test_a_file_that_is_not_there_as_it_was_is_named_and_told_how(
    home: Path, change: Callable[[Path], object], kind: str
) -> None:
    change(home / "1.1.0" / "roles.csv")
    assert faults(home) == [("1.1.0/roles.csv", kind)]


@pytest.mark.parametrize("name", ["extra.csv", ".hidden", "folder/x.csv"])
def test_what_no_manifest_lists_is_named(home: Path, name: str) -> None:
    path = home / "1.1.0" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    assert faults(home) == [(f"1.1.0/{name.partition('/')[0]}", "not listed")]


def test_the_message_says_what_was_found_and_what_was_promised(home: Path) -> None:
    flip(home / "1.1.0" / "roles.csv")
    digest = store.sha256_file(home / "1.1.0" / "roles.csv")
    (fault,) = judged(home).faults
    assert digest[:12] in fault.message
    assert store.sha256(FILES["roles.csv"])[:12] in fault.message


# Papers


def test_checksums_that_do_not_say_what_the_manifest_says_are_told_with_the_file(home: Path) -> None:
    sums = home / "1.1.0" / "SHA256SUMS"
    told = sums.read_text()
    sums.write_text(told.replace(store.sha256(FILES["roles.csv"]), "0" * 64))
    (fault,) = judged(home).faults
    assert (fault.place, fault.kind) == ("1.1.0/SHA256SUMS", "sums")
    assert "roles.csv" in fault.message
    sums.write_text(told + f"{'0' * 64}  more.csv\n")
    assert faults(home) == [("1.1.0/SHA256SUMS", "sums")]
    sums.unlink()
    assert faults(home) == [("1.1.0/SHA256SUMS", "missing")]


@pytest.mark.parametrize("data", [b"", b"{}", b"[", b"\xff"], ids=repr)
@pytest.mark.parametrize("name", ["manifest.json", "PRUNED.json"])
def test_a_paper_that_cannot_be_read_is_a_fault(home_again: Path, name: str, data: bytes) -> None:
    (home_again / "1.1.0" / name).write_bytes(data)
    assert ("1.1.0/manifest.json", "manifest") in faults(home_again)


@pytest.fixture
def home_again(tmp_path: Path) -> Path:
    """Return the folder of a dataset with two versions, where no other fixture is in the way."""
    folder = tmp_path / "packages" / DATASET
    put(folder, "1.0.0")
    put(folder, "1.1.0")
    return folder


def test_a_manifest_that_was_changed_with_its_checksums_is_found_by_the_index_and_the_chain(
    home: Path, downloads: Path
) -> None:
    """A forger who changes a file and its version's papers has to change the pointer, the index and the chain too."""
    for folder, told in ((home, ["other bytes"]), (downloads, ["other bytes"])):
        papers = read_json(folder / "1.0.0" / "manifest.json")
        (folder / "1.0.0" / "roles.csv").write_bytes(b"forged")
        papers["files"]["roles.csv"] = {"sha256": store.sha256(b"forged"), "bytes": 6}
        write_manifest(folder / "1.0.0", store.to_json(papers))
        assert faults(folder) == [("1.0.0/manifest.json", kind) for kind in told]
    package.point(home)
    assert faults(home) == [("1.1.0/manifest.json", "chain")]


def test_a_link_of_the_chain_that_is_broken_is_named(home: Path) -> None:
    papers = read_json(home / "1.1.0" / "manifest.json")
    write_manifest(home / "1.1.0", store.to_json(papers | {"previous": None}))
    package.point(home)
    assert faults(home) == [("1.1.0/manifest.json", "chain"), ("1.2.0/manifest.json", "chain")]


def test_a_version_that_lies_under_the_name_of_another_is_found(home: Path) -> None:
    (home / "1.1.0").rename(home / "x")
    (home / "1.0.0").rename(home / "1.1.0")
    (home / "x").rename(home / "1.0.0")
    assert faults(home) == [("1.0.0/manifest.json", "manifest"), ("1.1.0/manifest.json", "manifest")]


def test_a_version_that_is_not_there_and_one_that_is_too_many_are_found(home: Path) -> None:
    (home / "1.1.0").rename(home / "1.3.0")
    assert faults(home)[:1] == [("1.1.0/manifest.json", "missing")]
    rewrite(home / "1.3.0" / "manifest.json", lambda told: told.update(version="1.3.0"))
    assert ("1.3.0/", "not listed") in faults(home)


# Pointer


@pytest.mark.parametrize(
    "told",
    [{"version": "1.1.0"}, {"version": "1.3.0"}, {"sha256": "0" * 64}, {"version": "x"}, {"more": 1}],
)
def test_a_pointer_that_does_not_agree_with_the_index_is_a_fault(home: Path, told: dict[str, object]) -> None:
    rewrite(home / "latest.json", lambda pointer: pointer.update(told))
    assert faults(home) == [("latest.json", "pointer")]


def test_a_version_that_came_out_and_is_not_listed_yet_is_no_fault_and_told(home: Path) -> None:
    """So a publisher leaves it who is at work, or was killed, between the rename and the index."""
    index = (home / "versions.json").read_bytes()
    put(home, "1.3.0")
    (home / "versions.json").write_bytes(index)
    (home / "latest.json").write_bytes(pointer_to(home / "1.2.0"))
    found = judged(home)
    assert found.valid
    assert [(one.version, one.told) for one in found.versions][-2:] == [("1.2.0", None), ("1.3.0", UNLISTED)]
    rewrite(home / "1.3.0" / "manifest.json", lambda told: told.update(previous="0" * 64))
    assert ("1.3.0/", "not listed") in faults(home)


def test_a_pointer_that_lags_behind_the_index_is_told_with_what_mends_it(home: Path) -> None:
    (home / "latest.json").write_bytes(pointer_to(home / "1.1.0"))
    (fault,) = judged(home).faults
    assert (fault.place, fault.kind) == ("latest.json", "pointer")
    assert fault.message.startswith("names 1.1.0, and the newest that stands in versions.json is 1.2.0")
    assert "the next run mends" in fault.message


def pointer_to(version: Path) -> bytes:
    """Return the pointer that names a version."""
    digest = store.sha256_file(version / "manifest.json")
    return store.to_json({"version": version.name, "path": f"{version.name}/", "sha256": digest})


def test_a_pointer_that_is_gone_is_a_fault_and_an_index_that_is_gone_too(home: Path) -> None:
    (home / "latest.json").unlink()
    assert faults(home) == [("latest.json", "pointer")]
    package.point(home)
    (home / "versions.json").unlink()
    assert faults(home) == [("versions.json", "missing")]


@pytest.mark.parametrize("text", [b"", b"{}", b"[", b'{"dataset": "x", "dataset": "y", "versions": []}'])
def test_an_index_that_cannot_be_read_is_a_fault_and_the_versions_are_looked_at_all_the_same(
    home: Path, text: bytes
) -> None:
    (home / "versions.json").write_bytes(text)
    flip(home / "1.2.0" / "people.csv")
    assert faults(home) == [("versions.json", "other bytes"), ("1.2.0/people.csv", "other bytes")]


def test_a_source_that_went_back_is_noticed_by_who_remembers(home: Path, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    assert judged(home, memory).valid
    (home / "1.2.0").rename(tmp_path / "away")
    package.point(home)
    assert judged(home).valid
    assert faults(home, memory) == [("1.2.0/", "went back")]
    assert faults(home, memory) == [("1.2.0/", "went back")]
    (tmp_path / "away").rename(home / "1.2.0")
    package.point(home)
    assert judged(home, memory).valid


def test_a_version_that_was_made_again_is_noticed_by_who_remembers(home: Path, tmp_path: Path) -> None:
    assert judged(home, tmp_path / "memory").valid
    (home / "1.2.0").rename(tmp_path / "away")
    put(home, "1.2.0", FILES)
    assert judged(home).valid
    assert faults(home, tmp_path / "memory") == [("1.2.0/", "went back")]


def test_a_memory_that_cannot_be_read_is_no_memory(home: Path, tmp_path: Path) -> None:
    assert judged(home, tmp_path).valid
    (tmp_path / DATASET / "SEEN.json").write_bytes(b"{}")
    with pytest.raises(Untrue, match=r"SEEN\.json: cannot be read"):
        judged(home, tmp_path)


# States that are honest


def test_a_pruned_version_is_no_fault_and_is_told(home: Path, data: Path) -> None:
    removed = rulings.prune(Settings(data=data), DATASET, 1, dry_run=False)
    found = judged(home)
    gone = len(removed) // 2
    assert (found.valid, [one.state for one in found.versions]) == (True, ["pruned", "pruned", "whole"])
    assert [one.files for one in found.versions] == [COUNT - gone, COUNT - gone, COUNT]


def test_pruning_does_not_excuse_what_it_keeps_or_does_not_name(home: Path, data: Path) -> None:
    rulings.prune(Settings(data=data), DATASET, 1, dry_run=False)
    (home / "1.1.0" / "roles.csv").unlink()
    rewrite(home / "1.1.0" / "PRUNED.json", lambda told: told["removed"].append("roles.csv"))
    assert faults(home) == [("1.1.0/roles.csv", "missing")]
    rewrite(home / "1.0.0" / "PRUNED.json", lambda told: told["removed"].remove("roles.parquet"))
    assert ("1.0.0/roles.parquet", "missing") in faults(home)


def test_a_version_that_was_taken_down_is_no_fault_and_says_why(home: Path, data: Path) -> None:
    rulings.take_down(Settings(data=data), DATASET, "1.1.0", "Ada", "a name in it")
    found = judged(home)
    assert found.valid
    (gone,) = [one for one in found.versions if one.state == "taken down"]
    assert (gone.version, gone.files) == ("1.1.0", 0)
    assert "a name in it" in (gone.told or "")


def test_where_every_version_was_taken_down_that_is_no_fault(home: Path, data: Path) -> None:
    for number in ("1.0.0", "1.1.0", "1.2.0"):
        rulings.take_down(Settings(data=data), DATASET, number, "Ada", "all")
    found = judged(home)
    assert (found.valid, {one.state for one in found.versions}) == (True, {"taken down"})


def test_a_file_that_a_takedown_left_is_a_fault(home: Path, data: Path) -> None:
    rulings.take_down(Settings(data=data), DATASET, "1.1.0", "Ada", "a name")
    (home / "1.1.0" / "roles.csv").write_bytes(FILES["roles.csv"])
    assert faults(home) == [("1.1.0/roles.csv", "not gone")]


def test_a_tombstone_that_the_index_does_not_know_of_is_a_fault(home: Path, data: Path) -> None:
    index = (home / "versions.json").read_bytes()
    rulings.take_down(Settings(data=data), DATASET, "1.1.0", "Ada", "a name")
    (home / "versions.json").write_bytes(index)
    assert faults(home) == [("1.1.0/TOMBSTONE.json", "pointer")]
    package.point(home)
    (home / "1.1.0" / "TOMBSTONE.json").unlink()
    assert ("1.1.0/TOMBSTONE.json", "pointer") in faults(home)


def test_a_part_of_a_version_is_told_as_one(home: Path, tmp_path: Path) -> None:
    wanted = Wanted(DATASET, tables=("people",))
    get(source(str(home.parent), 1.0), wanted, tmp_path / "part", lambda _: nullcontext(lambda _: None))
    folder = tmp_path / "part" / DATASET
    (found,) = judged(folder).versions
    assert (found.state, found.told) == ("partial", "4 files were not downloaded")
    (folder / "1.2.0" / "people.csv").unlink()
    assert faults(folder) == [("1.2.0/people.csv", "missing")]


def test_a_publisher_leaves_nothing_out(home: Path) -> None:
    (home / "1.2.0" / "roles.csv").unlink()
    (home / "1.2.0" / "PARTIAL.json").write_bytes(
        store.to_json({"format": "communique-partial/1", "left_out": ["roles.csv"]})
    )
    assert faults(home) == [("1.2.0/roles.csv", "missing"), ("1.2.0/PARTIAL.json", "not listed")]


# The command


@pytest.fixture
def broken(home: Path) -> Path:
    """Return the folder of a dataset with a file changed, one missing and one too many."""
    flip(home / "1.2.0" / "people.csv")
    (home / "1.2.0" / "roles.csv").unlink()
    (home / "1.2.0" / "notes.txt").write_bytes(b"x")
    return home


def test_the_command_tells_people_which_file_is_wrong_and_how(communique: Communique, broken: Path) -> None:
    told = communique("verify", broken)
    assert (told.returncode, told.stderr) == (1, "")
    assert f"{DATASET} 1.1.0  {COUNT} files checked  whole" in told.stdout
    assert f"{DATASET} 1.2.0  {COUNT - 1} files checked  faulty (3 wrong)" in told.stdout
    for line in ("1.2.0/people.csv  other bytes: ", "1.2.0/roles.csv  missing: ", "1.2.0/notes.txt  not listed: "):
        assert line in told.stdout
    assert "NOT as published: 3 faults" in told.stdout


def test_the_command_tells_programs_the_same(communique: Communique, broken: Path) -> None:
    told = communique("verify", broken, "--format", "json")
    assert told.returncode == 1
    assert Verification.model_validate_json(told.stdout) == judged(broken)
    assert json.loads(told.stdout)["format"] == "communique-verification/1"


def test_the_command_ends_0_where_all_is_as_published(communique: Communique, home: Path) -> None:
    told = communique("verify", home.parent)
    assert (told.returncode, told.stdout.splitlines()[-1]) == (0, "as published: every hash is as promised")


@pytest.mark.parametrize(("address", "code"), [("no/such/folder", 2), ("http://127.0.0.1:1/x", 3)])
def test_the_command_says_what_cannot_be_looked_at(communique: Communique, address: str, code: int) -> None:
    told = communique("verify", address)
    assert (told.returncode, told.stdout) == (code, "")
    assert "127.0.0.1" in told.stderr or "no/such/folder" in told.stderr


def test_a_folder_with_nothing_published_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(Absent, match="no version and no dataset"):
        targets(str(tmp_path), 1.0)


def test_the_name_of_a_dataset_here_is_verified(communique: Communique, home: Path) -> None:
    told = communique("verify", DATASET)
    assert (told.returncode, told.stdout) == (0, communique("verify", home).stdout)


def test_what_is_no_folder_of_packages_says_what_to_give(communique: Communique, home: Path, data: Path) -> None:
    file = home / "1.0.0" / "people.csv"
    told = communique("verify", file)
    assert (told.returncode, f"{file} is a file; what is looked at is the folder" in told.stderr) == (2, True)
    told = communique("verify", data)
    assert (told.returncode, f"no dataset here; {data}/packages has them" in told.stderr) == (2, True)
    with serving(data) as site:
        told = communique("verify", site.url)
    assert told.returncode == 2
    assert f"give the address of a dataset, as {site.url}DATASET/, or of a version of one" in told.stderr
