"""Dataset files: what a good one says, and how what is wrong with another is told, with its line."""

from pathlib import Path
from typing import Any

import pytest

from flows import config
from flows.config import ConfigError
from schemas.dataset import Freshness, Gate
from tests.conftest import Communique

NAME = "official-releases"
LEAST = """\
[dataset]
title = "Least"
description = "What a dataset cannot be without."
[publisher]
name = "A test"
[[licences]]
name = "CC0-1.0"
[[sources]]
name = "desk"
path = "releases"
"""


def file_of(data: Path) -> Path:
    return data / "datasets" / f"{NAME}.toml"


def edit(data: Path, old: str, new: str) -> None:
    """Put `new` in the place of `old` in the dataset's file."""
    text = file_of(data).read_text(encoding="utf-8")
    assert old in text
    file_of(data).write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(data: Path, words: str) -> int:
    """Return the line of the dataset's file on which `words` first stand."""
    text = file_of(data).read_text(encoding="utf-8")
    return text[: text.index(words)].count("\n") + 1


def refused(data: Path) -> list[str]:
    """Return what is said against the dataset's file, line by line."""
    with pytest.raises(ConfigError) as caught:
        config.read(data / "datasets", NAME)
    return str(caught.value).splitlines()


def test_a_dataset_says_what_its_file_says(data: Path) -> None:
    dataset = config.read(data / "datasets", NAME)
    assert dataset.name == NAME
    assert dataset.dataset.title == "Official releases"
    assert [licence.name for licence in dataset.licences] == ["CC0-1.0", "other-pd"]
    assert [(source.name, source.path, source.licence) for source in dataset.sources] == [
        ("releases", "releases", "US-PD")
    ]
    assert dataset.schedule
    assert (dataset.schedule.cron, dataset.schedule.timezone) == ("0 6 * * *", "America/New_York")


def test_a_dataset_needs_no_more_than_a_title_a_publisher_a_licence_and_a_source(tmp_path: Path) -> None:
    (tmp_path / "least.toml").write_text(LEAST, encoding="utf-8")
    dataset = config.read(tmp_path, "least")
    assert (dataset.schedule, dataset.freshness, dataset.gate) == (None, Freshness(), Gate())
    assert dataset.formats == ["csv", "parquet", "sqlite", "excel", "jsonl"]
    assert [source.mode for source in dataset.sources] == ["snapshot"]
    assert (dataset.ignore, dataset.issuers, dataset.waivers, dataset.corrections) == ({}, [], [], [])


def test_the_datasets_of_a_folder_are_named_by_its_toml_files_in_order(tmp_path: Path) -> None:
    for name in ("b.toml", "a.toml", "notes.md", "c.toml.bak"):
        (tmp_path / name).touch()
    assert config.names(tmp_path) == ["a", "b"]


def test_a_folder_that_is_not_there_has_no_datasets(tmp_path: Path) -> None:
    assert config.names(tmp_path / "nowhere") == []


def test_a_dataset_that_is_not_there_is_told_with_those_that_are(data: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.read(data / "datasets", "unheard-of")
    assert "'unheard-of'" in str(caught.value)
    assert NAME in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[gate]", "[gate", "Expected ']' at the end of a table declaration"),
        ('language = "en"', "language = en", "Invalid value"),
        ('cron = "0 6 * * *"', 'cron = "0 6 * * *', "Illegal character '\\n'"),
        ('language = "en"', 'title = "Again"', "Cannot overwrite a value"),
    ],
)
def test_broken_toml_is_told_with_the_file_and_the_line(data: Path, old: str, new: str, said: str) -> None:
    line = line_of(data, old)
    edit(data, old, new)
    (told,) = refused(data)
    assert told.startswith(f"{file_of(data)}: {said}")
    assert f"at line {line}," in told


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("feed", 'links = "a"'),
        ("wordpress", 'next = ".next"'),
        ("sitemap", 'path = "releases"'),
        ("feed", 'folder = "file://drop"'),
        ("files", "look_back = 3"),
        ("files", 'hosts = ["ports.example"]'),
        ("folder", "page = {}"),
    ],
)
def test_a_setting_that_does_nothing_for_its_kind_is_a_mistake(tmp_path: Path, kind: str, setting: str) -> None:
    place = {"files": 'path = "drop"', "folder": 'folder = "file://drop"'}.get(kind, 'url = "https://ports.example/a"')
    told = LEAST.replace('path = "releases"', f'kind = "{kind}"\n{place}\n{setting}')
    (tmp_path / "least.toml").write_text(told, encoding="utf-8")
    said = f"a source of kind {kind} does nothing with {setting.partition(' ')[0]}"
    with pytest.raises(config.ConfigError, match=said):
        config.read(tmp_path, "least")


@pytest.mark.parametrize(
    ("old", "new", "field", "given"),
    [
        ("max_refused_share = 0.2", "max_refused_share = 1.5", "gate.max_refused_share", 1.5),
        ("max_refused_share = 0.2", "max_refused_share = nan", "gate.max_refused_share", float("nan")),
        ("max_refused_share = 0.2", 'max_refused_share = "0.2"', "gate.max_refused_share", "0.2"),
        ('title = "Official releases"', "title = 5", "dataset.title", 5),
        ('title = "Official releases"', 'title = ""', "dataset.title", ""),
        ('language = "en"', 'language = "English"', "dataset.language", "English"),
        ('"diplomacy"', '"a|b"', "dataset.keywords.2", "a|b"),
        ('name = "Communiqué"', "name = []", "publisher.name", []),
        ('name = "other-pd"', "name = 7", "licences.1.name", 7),
        ('path = "https://', 'path = "ftp://', "licences.0.path", "ftp://creativecommons.org/publicdomain/zero/1.0/"),
        ('kind = "files"', 'kind = "ftp"', "sources.0.kind", "ftp"),
        ('name = "releases"', 'name = "All Releases"', "sources.0.name", "All Releases"),
        ('path = "releases"', 'path = "releases"\nmode = "mirror"', "sources.0.mode", "mirror"),
        ("America/New_York", "America/Gotham", "schedule.timezone", "America/Gotham"),
        ("0 6 * * *", "0 25 * * *", "schedule.cron", "0 25 * * *"),
        ("0 6 * * *", "daily", "schedule.cron", "daily"),
        ("0 6 * * *", "0 0 6 * * *", "schedule.cron", "0 0 6 * * *"),
        ("[gate]", "[freshness]\nmax_age = 0\n[gate]", "freshness.max_age", 0),
        ("[dataset]", 'formats = ["csv", "docx"]\n[dataset]', "formats.1", "docx"),
        ("[gate]", '[ignore]\nreleases = [""]\n[gate]', "ignore.releases.0", ""),
    ],
)
def test_a_wrong_value_is_told_with_its_line_its_field_and_what_was_given(
    data: Path, old: str, new: str, field: str, given: Any
) -> None:
    edit(data, old, new)
    line = line_of(data, [part for part in new.splitlines() if " = " in part][-1] if " = " in new else new)
    (told,) = refused(data)
    assert told.startswith(f"{file_of(data)}:{line}: {field}: ")
    assert told.endswith(f"(given: {given!r})")


@pytest.mark.parametrize(
    ("above", "key", "field"),
    [
        ("[dataset]", "colour", "dataset.colour"),
        ("[publisher]", "colour", "publisher.colour"),
        ("[[sources]]", "licens", "sources.0.licens"),
        ("[schedule]", "every", "schedule.every"),
        ("[gate]", "max_refused", "gate.max_refused"),
    ],
)
def test_an_unknown_key_is_told_with_its_line_and_never_passed_over(
    data: Path, above: str, key: str, field: str
) -> None:
    edit(data, above, f'{above}\n{key} = "x"')
    (told,) = refused(data)
    assert told.startswith(f"{file_of(data)}:{line_of(data, above) + 1}: {field}: ")


@pytest.mark.parametrize("text", ["colour = 1\n[dataset]", "[colour]\nx = 1\n[dataset]"])
def test_an_unknown_key_or_table_at_the_top_is_told_with_its_line(data: Path, text: str) -> None:
    edit(data, "[dataset]", text)
    (told,) = refused(data)
    assert told.startswith(f"{file_of(data)}:{line_of(data, text)}: colour: ")


@pytest.mark.parametrize(
    ("old", "table", "field"),
    [
        ('title = "Official releases"\n', "[dataset]", "dataset.title"),
        ('name = "Communiqué"\n', "[publisher]", "publisher.name"),
        ('name = "other-pd"\n', '[[licences]]\ntitle = "Public domain', "licences.1.name"),
        ('cron = "0 6 * * *"\n', "[schedule]", "schedule.cron"),
    ],
)
def test_a_key_that_is_missing_is_told_with_the_line_of_its_table(data: Path, old: str, table: str, field: str) -> None:
    edit(data, old, "")
    (told,) = refused(data)
    assert told.startswith(f"{file_of(data)}:{line_of(data, table)}: {field}: ")


def test_a_table_that_is_missing_is_told_by_its_name(data: Path) -> None:
    edit(data, '[publisher]\nname = "Communiqué"\n', "")
    (told,) = refused(data)
    assert ": publisher: " in told


def test_a_file_that_is_not_utf8_is_told_with_its_line(data: Path) -> None:
    line = line_of(data, 'name = "Communiqué"')
    file_of(data).write_bytes(file_of(data).read_bytes().replace("Communiqué".encode(), b"Communiqu\xe9", 1))
    (told,) = refused(data)
    assert told.startswith(f"{file_of(data)}:{line}: ")
    assert "not UTF-8" in told


def test_a_dataset_has_the_name_of_its_file_and_may_not_say_another(data: Path) -> None:
    edit(data, "[dataset]", 'name = "another"\n[dataset]')
    assert refused(data) == [f"{file_of(data)}:{line_of(data, 'name = ')}: name: it is the name of the file; remove it"]


WAIVER = """\
[[waivers]]
rule = "evidence.quantity"
table = "commitments"
key = "letter/c1"
until = 2026-12-31
reason = "The number stands in an annex."
by = "A. Steward"
"""
CORRECTION = """\
[[corrections]]
release = "letter"
pointer = "/commitments/c1/quantity"
expect = 15
value = 1500000
reason = "The ministry's mail of 2021-07-09."
by = "A. Steward"
"""


def decide(data: Path, kind: str, text: str) -> Path:
    """Write a file of what a steward decided about the dataset, and return it."""
    path = data / kind / f"{NAME}.toml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return path


def test_a_dataset_has_the_waivers_and_corrections_that_lie_beside_it(data: Path) -> None:
    decide(data, "waivers", WAIVER)
    decide(data, "corrections", CORRECTION)
    dataset = config.read(data / "datasets", NAME)
    assert [(one.key, str(one.until)) for one in dataset.waivers] == [("letter/c1", "2026-12-31")]
    assert [(one.pointer, one.expect, one.value) for one in dataset.corrections] == [
        ("/commitments/c1/quantity", 15, 1500000)
    ]


@pytest.mark.parametrize(
    ("kind", "text", "old", "new", "field"),
    [
        ("waivers", WAIVER, 'by = "A. Steward"', 'by = ""', "waivers.0.by"),
        ("waivers", WAIVER, "until = 2026-12-31", "until = 5", "waivers.0.until"),
        ("corrections", CORRECTION, 'release = "letter"', 'release = "A Letter"', "corrections.0.release"),
    ],
)
def test_a_wrong_decision_is_told_with_its_own_file_and_line(  # noqa: PLR0913, PLR0917 - a case has as many parts
    data: Path, kind: str, text: str, old: str, new: str, field: str
) -> None:
    path = decide(data, kind, text.replace(old, new))
    line = text[: text.index(old)].count("\n") + 1
    (told,) = refused(data)
    assert told.startswith(f"{path}:{line}: {field}: ")


def test_everything_wrong_is_told_at_once(data: Path) -> None:
    edit(data, "max_refused_share = 0.2", "max_refused_share = 2")
    edit(data, 'language = "en"', 'language = "English"')
    edit(data, 'kind = "files"', 'kind = "ftp"')
    fields = sorted(told.split(": ")[1] for told in refused(data))
    assert fields == ["dataset.language", "gate.max_refused_share", "sources.0.kind"]


def test_two_sources_of_one_name_are_refused(data: Path) -> None:
    edit(data, "[schedule]", '[[sources]]\nname = "releases"\npath = "more"\n[schedule]')
    assert "two sources have the same name" in "\n".join(refused(data))


def test_two_sources_of_two_names_are_both_read(data: Path) -> None:
    edit(data, "[schedule]", '[[sources]]\nname = "more"\npath = "more"\n[schedule]')
    assert [source.name for source in config.read(data / "datasets", NAME).sources] == ["releases", "more"]


def test_fields_are_ignored_only_for_a_source_that_there_is(data: Path) -> None:
    edit(data, "[gate]", '[ignore]\nrelaeses = ["colour"]\n[gate]')
    assert "[ignore] names no source: relaeses" in "\n".join(refused(data))
    edit(data, "relaeses", "releases")
    assert config.read(data / "datasets", NAME).ignore == {"releases": ["colour"]}


@pytest.mark.parametrize("command", ["validate", "run"])
def test_a_wrong_dataset_file_stops_the_command_with_exit_2_before_anything_is_made(
    data: Path, communique: Communique, command: str
) -> None:
    edit(data, "max_refused_share = 0.2", "max_refused_share = 2")
    before = sorted(data.rglob("*"))
    done = communique(command, NAME)
    assert done.returncode == 2
    assert f"{file_of(data)}:{line_of(data, 'max_refused_share')}: gate.max_refused_share: " in done.stderr
    assert sorted(data.rglob("*")) == before
