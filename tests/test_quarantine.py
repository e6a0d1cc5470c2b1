"""The quarantine as a steward sees it: what is refused, why, how to mend it, and what got out."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flows import server
from flows.publish import package
from flows.settings import PROJECT, Settings
from schemas.rules import RULES
from tests.conftest import AS_OF, SEED
from tests.publishing import DATASET, home, read_json, take, tree
from tests.test_series import MINISTRY, Series, play
from tests.test_steward import put as put_seed

DAY = date.fromisoformat(AS_OF)
RELEASE = "dhs-2021-07-guatemala-seed"
C1 = f"{RELEASE}/c1"
Answer = subprocess.CompletedProcess[str]


def command(data: Path, *arguments: str, **environment: str) -> Answer:
    """Return what the command line says, called by a user on the data folder."""
    call = [str(Path(sys.executable).with_name("communique")), "--data", str(data), *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "COMMUNIQUE_"))}
    env = clean | {"COLUMNS": "300"} | environment
    return subprocess.run(call, capture_output=True, text=True, check=False, env=env, timeout=300)


def put(data: Path, *, wrong: bool) -> None:
    """Write the seed to the data folder, with an item of the commitment c1 in other words than the release's."""
    document = json.loads(SEED.read_text(encoding="utf-8"))
    if wrong:
        document["commitments"][0]["item"] = "vaccine by Moderna"
    (data / "releases" / SEED.name).write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")


def seeded(data: Path, *, wrong: bool) -> Path:
    """Return `data`, a folder with the dataset and the seed release."""
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(SEED.parent, data / "releases")
    put(data, wrong=wrong)
    return data


def quarantined(data: Path, name: str) -> list[dict[str, str]]:
    """Return the rows that are refused now."""
    with (data / "quarantine" / name / "quarantine.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder whose published version has one row in quarantine, with its dependants."""
    folder = seeded(tmp_path_factory.mktemp("quarantine") / "data", wrong=True)
    ended, _ = take(folder, DATASET, DAY)
    assert ended.outcome == "Published"
    return folder


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Series:
    return play(tmp_path_factory.getbasetemp())


# List


def test_the_list_has_each_refused_row_with_its_rule_field_and_value_and_counts_its_dependants(data: Path) -> None:
    told = command(data, "quarantine", "list", DATASET)
    lines = [line.split() for line in told.stdout.splitlines()]
    dependants = len(quarantined(data, DATASET)) - 1
    assert told.returncode == 0
    assert dependants == 1 + 3 + 5  # its line in the registry, who takes part, the spans
    assert lines == [
        [f"{DATASET}:", "1", "row", "refused,", str(dependants), "kept", "back", "with", "them"],
        ["commitments", C1, "evidence.verbatim", "item", "vaccine", "by", "Moderna"],
        ["look", "at", "one:", "communique", "quarantine", "show", DATASET, C1],
    ]


def test_the_list_for_programs_has_every_refused_row_whole(data: Path) -> None:
    told = command(data, "quarantine", "list", DATASET, "--format", "json")
    assert told.returncode == 0
    assert json.loads(told.stdout) == {DATASET: {"refused": quarantined(data, DATASET), "waiting": []}}


def test_the_list_without_a_name_is_of_every_dataset_also_of_one_that_never_ran(data: Path) -> None:
    told = command(data, "quarantine", "list")
    assert told.returncode == 0
    assert f"{DATASET}: 1 row refused" in told.stdout
    assert f"{MINISTRY}: 0 rows refused, 0 kept back with them" in told.stdout


def test_the_list_of_the_last_month_is_the_quarantine_that_its_version_was_published_with(series: Series) -> None:
    told = command(series.data, "quarantine", "list", MINISTRY, "--format", "json")
    newest = series.versions["2024-05"].folder / "quarantine.csv"
    with newest.open(encoding="utf-8", newline="") as file:
        assert json.loads(told.stdout)[MINISTRY]["refused"] == list(csv.DictReader(file))


def test_the_list_counts_the_rows_by_rule_the_most_frequent_first(series: Series) -> None:
    told = command(series.data, "quarantine", "list", MINISTRY)
    own = [row["rule"] for row in quarantined(series.data, MINISTRY) if row["rule"] != "quarantine.dependant"]
    counted = [line.split() for line in told.stdout.splitlines()[1 + len(own) : -1]]
    assert {rule: int(count) for count, rule in counted} == {rule: own.count(rule) for rule in own}
    assert [int(count) for count, _ in counted] == sorted((own.count(rule) for rule in set(own)), reverse=True)


def test_the_list_names_the_run_that_waits_and_how_to_decide(tmp_path: Path) -> None:
    folder = seeded(tmp_path / "data", wrong=True)
    path = folder / "datasets" / f"{DATASET}.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("max_refused_share = 0.2", "max_refused_share = 0.0"))
    ended, run_id = take(folder, DATASET, DAY)
    told = command(folder, "quarantine", "list", DATASET)
    assert ended.outcome == "Held"
    assert f"run {run_id} is held: communique approve {run_id} --reason …" in told.stdout
    listed = command(folder, "quarantine", "list", "--format", "json")
    assert json.loads(listed.stdout)[DATASET]["waiting"] == [run_id]
    rejected = command(folder, "reject", run_id, "--reason", "No.")
    assert rejected.returncode == 0, rejected.stderr
    assert run_id not in command(folder, "quarantine", "list", DATASET).stdout


def test_looking_at_the_quarantine_changes_nothing(data: Path) -> None:
    before = tree(data)
    for arguments in (("list",), ("show", DATASET, C1)):
        assert command(data, "quarantine", *arguments).returncode == 0
    assert tree(data) == before


# Show


def test_a_refused_row_is_shown_with_place_value_reason_remedy_and_as_it_came(data: Path) -> None:
    told = command(data, "quarantine", "show", DATASET, C1)
    head, body = told.stdout.split("\n{", 1)
    row: dict[str, Any] = json.JSONDecoder().raw_decode("{" + body)[0]
    assert told.returncode == 0
    assert head.splitlines()[:5] == [
        f"error evidence.verbatim  commitments {C1}",
        f"  at    releases/{SEED.name} /commitments/0",
        "  field item = 'vaccine by Moderna'",
        "  wrong its span says 'Moderna COVID-19 vaccine'",
        f"  mend  {RULES['evidence.verbatim'].hint}",
    ]
    assert (row["fact_id"], row["item"], row["unit"]) == (C1, "vaccine by Moderna", "doses")


def row_in(told: str) -> dict[str, Any]:
    """Return the first row that is shown in a text."""
    row: dict[str, Any] = json.JSONDecoder().raw_decode(told[told.index("\n{") + 1 :])[0]
    return row


def test_the_remedy_of_a_row_is_told_once_and_problems_have_a_blank_line_between(data: Path) -> None:
    lines = command(data, "quarantine", "show", DATASET, C1).stdout.splitlines()
    second = lines.index(f"error quarantine.dependant  facts {C1}")
    assert lines[second - 1] == ""
    assert lines.count(f"  mend  {RULES['evidence.verbatim'].hint}") == 1


def test_a_list_cuts_what_is_long_quotes_a_key_with_blanks_and_counts_rows_and_reasons(tmp_path: Path) -> None:
    own = seeded(tmp_path / "data", wrong=False)
    rows = [("roles", "a" * 99, "field", "v" * 99), ("roles", "a" * 99, "other", "short")]
    rows += [("participants", f"{C1} actor 1", "text", "two\nlines")]
    header = "table,key,rule,severity,field,value,message,file,line,pointer,sha256,row"
    lines = [f'{table},{key},some.rule,error,{field},"{value}",wrong,f,,,,{{}}' for table, key, field, value in rows]
    lines += ["spans,x,quarantine.dependant,error,,,wrong,f,,,,{}"]
    folder = own / "quarantine" / DATASET
    folder.mkdir(parents=True)
    (folder / "quarantine.csv").write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    told = command(own, "quarantine", "list", DATASET).stdout.splitlines()
    assert told[0] == f"{DATASET}: 2 rows refused for 3 reasons, 1 kept back with them"
    assert len({line.index(" some.rule") for line in told[1:4]}) == 1
    assert told[1].count("…") == 2
    assert f"'{C1} actor 1'" in told[3]
    assert "two lines" in told[3]
    assert told[4:] == [f"  look at one: communique quarantine show {DATASET} {'a' * 99}"]


def paraphrase_a_statement(document: dict[str, Any]) -> None:
    """Say a statement in other words than the release; its table sorts after that of the registry."""
    document["statements"][0]["text"] = "other words than the release"


def test_the_row_of_each_table_that_has_the_key_is_shown_the_one_with_its_own_reason_first(tmp_path: Path) -> None:
    own = seeded(tmp_path / "data", wrong=False)
    put_seed(own, paraphrase_a_statement)
    take(own, DATASET, DAY)
    (wrong,) = [row for row in quarantined(own, DATASET) if row["rule"] == "evidence.verbatim"]
    told = command(own, "quarantine", "show", DATASET, wrong["key"]).stdout
    heads = [line for line in told.splitlines() if line.startswith("error ")]
    assert wrong["table"] == "statements"
    assert heads == [
        f"error evidence.verbatim  statements {wrong['key']}",
        f"error quarantine.dependant  facts {wrong['key']}",
    ]
    statement, fact = told.split(heads[1])
    assert row_in(statement)["text"] == "other words than the release"
    assert None not in row_in(statement).values()
    assert row_in(fact) == {
        "fact_id": wrong["key"],
        "release_id": RELEASE,
        "type": "statement",
    }


def test_a_row_that_is_kept_back_is_shown_with_the_parent_that_it_waits_for(data: Path) -> None:
    told = command(data, "quarantine", "show", DATASET, f"{C1} actor 1")
    assert told.returncode == 0
    assert f"error quarantine.dependant  participants {C1} actor 1" in told.stdout
    assert f"wrong its parent in facts, {C1}, is refused" in told.stdout


def test_a_row_from_a_file_of_many_lines_is_shown_with_its_line(series: Series) -> None:
    key = "mer-2024-03-18-interconnector-carrowin/c3"
    told = command(series.data, "quarantine", "show", MINISTRY, key)
    (row,) = [one for one in quarantined(series.data, MINISTRY) if (one["table"], one["key"]) == ("commitments", key)]
    assert f"at    ministry/2024-05.jsonl:{row['line']} /commitments/2" in told.stdout
    assert "field quantity = '-15'" in told.stdout


@pytest.mark.parametrize(
    ("name", "key", "message"),
    [
        (DATASET, f"{RELEASE}/c2", f"has no refused row with the key '{RELEASE}/c2'; did you mean '{C1}'?"),
        (DATASET, "", f"has no refused row with the key '': communique quarantine list {DATASET}"),
        (
            "no-such-dataset",
            C1,
            "there is no dataset 'no-such-dataset' (there are: official-releases, sample-ministry)",
        ),
    ],
)
def test_a_key_that_no_refused_row_has_ends_2_and_says_so(data: Path, name: str, key: str, message: str) -> None:
    told = command(data, "quarantine", "show", name, key)
    assert told.returncode == 2
    assert message in told.stderr


# Retry, by real runs through Prefect, which share a server


class Retried(NamedTuple):
    """What the steward was told: before the source was mended, and after."""

    data: Path
    before: Answer
    after: Answer


@pytest.fixture(scope="module")
def retried(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retried]:
    own = shutil.copytree(data, tmp_path_factory.mktemp("retry") / "data")
    with server.serving(Settings(data=own).prefect_home) as url:
        answers = []
        for wrong in (True, False):
            put(own, wrong=wrong)
            answers.append(command(own, "quarantine", "retry", DATASET, "--as-of", AS_OF, PREFECT_API_URL=url))
        yield Retried(own, *answers)


def test_a_retry_tells_that_no_row_got_out_where_nothing_was_mended(retried: Retried, data: Path) -> None:
    rows = len(quarantined(data, DATASET))
    lines = retried.before.stdout.splitlines()
    assert retried.before.returncode == 0, retried.before.stderr
    assert lines[-1] == f"0 of {rows} rows got out, {rows} are refused"
    assert any(line.startswith(f"Unchanged {DATASET}") for line in lines)
    assert any(re.fullmatch(rf"refused   \d+ rows: communique quarantine list {DATASET}", line) for line in lines)


def test_a_retry_names_each_row_that_got_out_and_publishes_it(retried: Retried, data: Path) -> None:
    waited = quarantined(data, DATASET)
    lines = retried.after.stdout.splitlines()
    assert retried.after.returncode == 0, retried.after.stderr
    assert lines[-1] == f"{len(waited)} of {len(waited)} rows got out, 0 are refused"
    assert sorted(line for line in lines if line.startswith("out ")) == sorted(
        f"out   {row['table']} {row['key']}" for row in waited
    )
    assert quarantined(retried.data, DATASET) == []


def test_the_version_that_a_retry_makes_says_in_its_diff_which_rows_left_the_quarantine(
    retried: Retried, data: Path
) -> None:
    newest = package.versions(home(retried.data))[-1]
    rows = read_json(newest.folder / "diff.json")["rows"]
    assert str(newest.version) == "1.1.0"
    assert {(row["table"], " ".join(row["key"])) for row in rows if row["quarantine"] == "left"} == {
        (row["table"], row["key"]) for row in quarantined(data, DATASET)
    }


def test_the_remedy_is_shown_with_its_brackets(data: Path) -> None:
    put_seed(data, lambda document: document["commitments"][0].update(zzz=1))
    take(data, DATASET, DAY)
    told = command(data, "quarantine", "show", DATASET, "dhs-2021-07-guatemala-seed/c1")
    assert "add it to [ignore] in the dataset's file." in told.stdout


def test_a_refused_row_is_shown_with_the_very_place_of_the_value(series: Series) -> None:
    told = command(series.data, "quarantine", "show", MINISTRY, "mer-2024-03-18-interconnector-carrowin/c3")
    assert "/commitments/2/quantity" in told.stdout
