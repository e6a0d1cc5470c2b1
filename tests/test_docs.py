"""The pages under docs/ say what the code is: each list on them is held against the thing that it lists."""

import csv
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatch
from functools import reduce
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import pytest
from pydantic.fields import FieldInfo

from flows import config, ingest, preview, rulings
from flows.cli import common as cli
from flows.cli import publishing
from flows.settings import PROJECT, Settings
from flows.validate.engine import masks, targets
from schemas import dataset, release
from schemas.package import Manifest
from schemas.tables import TABLES, Model
from tests.conftest import AS_OF, SLOWEST
from tests.publishing import DATASET, home, published

DOCS = PROJECT / "docs"
RELEASE, DATASETS, CLI, PACKAGE, DOWNLOAD, HOUSE = (
    DOCS / f"{name}.md" for name in ("release-document", "datasets", "cli", "package", "download", "architecture")
)
DECISIONS = sorted((DOCS / "adr").glob("*.md"))
PAGES = [
    PROJECT / "README.md",
    PROJECT / "CONTRIBUTING.md",
    PROJECT / "expectations" / "README.md",
    *sorted(DOCS.rglob("*.md")),
]


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of `page`, in order, each with the line that its fence opens on."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```([a-z]+)\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)
    return [Block(match[1], match[2], text.count("\n", 0, match.start()) + 1) for match in found]


def only_block(page: Path, language: str) -> str:
    """Return the text of the one block of `language` on `page`."""
    (found,) = [block.text for block in blocks(page) if block.language == language]
    return found


def prose(page: Path) -> str:
    """Return the text of `page` without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def section(page: Path, heading: str) -> str:
    """Return what stands under `heading`, as written, up to the next heading."""
    parts = re.split(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading]


def table(text: str, first_column: str) -> dict[str, list[str]]:
    """Return the table in `text` whose first column has that name: each name in code in a first cell, and its row."""
    head = re.search(rf"^\| {re.escape(first_column)} \|.*\n\|[ :|-]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert head, f"no table of {first_column!r}"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in head[1].splitlines()]
    return {name: row for row in rows for name in codes(row[0])}


def codes(text: str) -> list[str]:
    """Return what stands in code in `text`."""
    return re.findall(r"`([^`]+)`", text)


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of `page`, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# Links


def links() -> Iterator[tuple[Path, str]]:
    """Yield every link of the pages that leads to another place of the project."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)]+)\)", prose(page)):
            if "://" not in target:
                yield page, target


@pytest.mark.parametrize(
    ("page", "target"), list(links()), ids=lambda part: part.name if isinstance(part, Path) else str(part)
)
def test_a_link_leads_to_a_page_and_a_heading_that_are_there(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    there = (page.parent / path).resolve() if path else page
    assert there.exists()
    assert not anchor or anchor in anchors(there)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_can_be_reached_from_the_readme(page: Path) -> None:
    reached, fresh = set[Path](), {PROJECT / "README.md"}
    while fresh:
        reached |= fresh
        led_to = {(here.parent / target.partition("#")[0]).resolve() for here, target in links() if here in fresh}
        fresh = {there for there in led_to & set(PAGES) if there not in reached}
    assert page in reached


# The release document

FIELDS_OF: dict[str, type[Model]] = {
    model: vars(release)[model]
    for model in (
        "Release",
        "Source",
        "Person",
        "Organization",
        "Place",
        "Mention",
        "Fact",
        "Participant",
        "Span",
        "Role",
        "Meeting",
        "Agreement",
        "Commitment",
        "Quote",
        "Statement",
    )
}


def own_fields(model: type[Model]) -> dict[str, FieldInfo]:
    """Return the fields of `model`; of a kind of fact those that facts do not share."""
    shared = release.Fact.model_fields if issubclass(model, release.Fact) and model is not release.Fact else {}
    return {name: field for name, field in model.model_fields.items() if name not in shared}


def choices(annotation: Any) -> list[str]:
    """Return the values that a field may have, where they are a list."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [value for part in get_args(annotation) for value in choices(part)]


def evidence_of(field: FieldInfo) -> str:
    """Return how a field answers for its words, without the name of its parser."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return str(extra.get("communique:evidence", "")).partition(":")[0]


def test_every_model_of_the_release_document_is_on_its_page() -> None:
    """`Entity` is told as the three that it becomes; `Part` and `Reading` are no part of a document."""
    models = {
        name
        for name, model in vars(release).items()
        if isinstance(model, type) and issubclass(model, Model) and model.__module__ == release.__name__
    }
    assert models - {"Entity"} == set(FIELDS_OF)


@pytest.mark.parametrize("model", FIELDS_OF)
def test_every_field_of_the_release_document_is_told_as_it_is(model: str) -> None:
    told = table(section(RELEASE, model), "field")
    fields = own_fields(FIELDS_OF[model])
    assert list(told) == list(fields)
    for name, field in fields.items():
        _, required, words, what = told[name]
        assert required == ("yes" if field.is_required() else ""), name
        assert words == evidence_of(field), name
        assert set(choices(field.annotation)) <= set(codes(what)), name


def test_every_kind_of_file_that_is_read_is_told() -> None:
    told = {name.removeprefix("x") for name in table(RELEASE.read_text(encoding="utf-8"), "file")}
    assert told == set(ingest.READERS)


@pytest.fixture
def example() -> dict[str, Any]:
    """Return the example of a release document, the test's own to change."""
    document: dict[str, Any] = json.loads(only_block(RELEASE, "json"))
    return document


def judged(folder: Path, document: dict[str, Any]) -> tuple[bool, set[str]]:
    """Return whether `document` is valid, and the rules that it breaks."""
    path = folder / "example.json"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    report = preview.validate_files(path, None)
    return report.valid, {found.rule for found in report.problems}


def test_the_example_of_a_release_document_is_valid(tmp_path: Path, example: dict[str, Any]) -> None:
    assert judged(tmp_path, example) == (True, set())


def test_a_sentence_added_to_the_example_moves_its_spans(tmp_path: Path, example: dict[str, Any]) -> None:
    edited = example | {"body": "HARBOURTOWN (corrected)" + example["body"].removeprefix("HARBOURTOWN")}
    assert judged(tmp_path, edited) == (True, {"evidence.text-changed"})


def test_without_its_digest_the_edited_example_is_refused(tmp_path: Path, example: dict[str, Any]) -> None:
    edited = example | {"body": "HARBOURTOWN (corrected)" + example["body"].removeprefix("HARBOURTOWN")}
    valid, rules = judged(tmp_path, edited | {"text_sha256": None})
    assert not valid
    assert "evidence.words" in rules


# The dataset file

TABLES_OF: dict[str, type[Model]] = {
    "`[dataset]`": dataset.About,
    "`[publisher]`": dataset.Publisher,
    "`[[licences]]`": dataset.Licence,
    "`[[sources]]`": dataset.SourceConfig,
    "`[sources.page]`": dataset.Page,
    "`[[issuers]]`": release.Organization,
    "`[schedule]`": dataset.Schedule,
    "`[gate]`": dataset.Gate,
    "`[freshness]`": dataset.Freshness,
}
NAME_OF_FILE, FREE = "name", "ignore"
"""Fields of a dataset that stand in no table of their own: the name of the file, and a table of any names."""


def test_every_table_of_the_dataset_file_is_told() -> None:
    told = {heading.strip("`[]") for heading in TABLES_OF if "." not in heading} | {FREE}
    told |= set(table(section(DATASETS, "At the top of the file"), "field"))
    assert section(DATASETS, f"`[{FREE}]`")
    assert told | {NAME_OF_FILE} == set(dataset.Dataset.model_fields)


@pytest.mark.parametrize("heading", TABLES_OF)
def test_every_field_of_the_dataset_file_is_told_as_it_is(heading: str) -> None:
    told, fields = table(section(DATASETS, heading), "field"), TABLES_OF[heading].model_fields
    assert list(told) == list(fields)
    for name, field in fields.items():
        _, required, default, what = told[name]
        assert required == ("yes" if field.is_required() else ""), name
        given = [] if field.is_required() or field.default in (None, []) else [str(field.default)]
        assert codes(default) == given, name
        assert set(choices(field.annotation)) <= set(codes(section(DATASETS, heading))), (name, what)


def test_the_default_formats_are_told() -> None:
    told = table(section(DATASETS, "At the top of the file"), "field")["formats"]
    assert codes(told[2]) == dataset.Dataset.model_fields["formats"].default


def written(folder: Path, text: str) -> Path:
    """Return the folder of datasets in `folder`, with `housing` in it, its file as in the example."""
    datasets = folder / "data" / "datasets"
    datasets.mkdir(parents=True)
    (datasets / "housing.toml").write_text(text, encoding="utf-8")
    return datasets


def dataset_files() -> list[str]:
    """Return the examples of a dataset file: the short one, and the one with everything."""
    return [block.text for block in blocks(DATASETS) if block.language == "toml"]


def test_the_short_example_of_a_dataset_file_publishes_what_lies_in_its_folder(tmp_path: Path) -> None:
    data = written(tmp_path, dataset_files()[0]).parent
    (data / "releases").mkdir()
    (data / "releases" / "example.json").write_text(only_block(RELEASE, "json"), encoding="utf-8")
    package = published(data, "housing")
    assert package.folder == data / "packages" / "housing" / "1.0.0"


def test_the_example_of_a_dataset_file_sets_every_field_of_every_table(tmp_path: Path) -> None:
    read = config.read(written(tmp_path, dataset_files()[1]), "housing")
    page = read.sources[1].page
    parts = [read.dataset, read.publisher, *read.licences, page, read.schedule, read.gate, read.freshness]
    for part in parts:
        assert part is not None
        assert part.model_fields_set == set(type(part).model_fields)
    assert {name for source in read.sources for name in source.model_fields_set} == set(
        dataset.SourceConfig.model_fields
    )
    assert read.ignore


def test_the_mistake_on_the_page_of_the_dataset_file_is_told_as_it_is_shown(tmp_path: Path) -> None:
    mistaken = dataset_files()[1].replace("max_refused_share = 0.05", "max_refused_share = 2")
    with pytest.raises(config.ConfigError) as told:
        config.read(written(tmp_path, mistaken), "housing")
    assert str(told.value).removeprefix(f"{tmp_path}/") == only_block(DATASETS, "text")


VALIDATE = DOCS / "validate.md"


SCHEMAS = DOCS / "schemas.md"


@pytest.mark.parametrize("page", [VALIDATE, SCHEMAS], ids=lambda page: page.stem)
def test_a_table_of_ones_own_is_checked_as_the_page_shows(tmp_path: Path, page: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    shown = [*blocks(page), None]
    for block, after in itertools.pairwise(shown):
        if block and block.language == "sh":
            command = ["bash", "-e", "-c", block.text]
            ran = subprocess.run(
                command, cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=True
            )
            assert ran.stdout.rstrip() == (after.text.rstrip() if after and after.language == "text" else "")
    if page is VALIDATE:
        assert "<h1>The data is as described</h1>" in (tmp_path / "report.html").read_text(encoding="utf-8")


TYPED = re.compile(r"^\| `(\w+)` \| (?:`(.*)` )?\| `(.*?)` \| (?:`(.*)` )?\|$", re.MULTILINE)
TYPES = TYPED.findall(SCHEMAS.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("kind", "more", "cell", "bad"), TYPES)
def test_a_cell_of_each_type_is_one_and_another_is_none(
    tmp_path: Path, kind: str, more: str, cell: str, bad: str
) -> None:
    field = {"name": "a", "type": kind} | json.loads(f"{{{more}}}")
    (tmp_path / "schema.json").write_text(json.dumps({"fields": [field]}), encoding="utf-8")
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["a"], [cell], *([[bad]] if bad else [])])
    asked = {"reference_only": False, "remote": False}
    (result,) = targets.results(str(tmp_path / "t.csv"), str(tmp_path / "schema.json"), **asked)
    assert [(row.row if row else None, one.type) for row, one in result.errors()] == [(3, "type-error")] * bool(bad)


def test_every_type_is_on_the_page_of_schemas() -> None:
    assert {kind for kind, *_ in TYPES} == {*masks.MASKS, "array", "geojson", "object"} - {"any"}


DECISIONS_PAGE = PROJECT / "docs" / "decisions.md"


@pytest.mark.parametrize("kind", ["waivers", "corrections"])
def test_the_example_of_a_decision_is_one_that_is_read(kind: str) -> None:
    told = [tomllib.loads(block.text) for block in blocks(DECISIONS_PAGE)]
    (example,) = (one for one in told if kind in one)
    assert len(getattr(config.DECISIONS[kind].model_validate(example), kind)) == 1


# The command line


def commands(app: Any) -> list[str]:
    """Return the commands of an app by name; of one that has commands of its own, each of these."""
    names = [name for name in app.resolved_commands() if not name.startswith("-")]
    return [" ".join(filter(None, (name, under))) for name in names for under in commands(app[name]) or [""]]


COMMANDS = commands(cli.app)
BUILT_IN = {*cli.app.help_flags, *cli.app.version_flags, "--install-completion"}


def headings(page: Path) -> list[str]:
    """Return the headings of `page`."""
    return re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)


def heading_of(command: str) -> str:
    """Return the heading of the command on the page of the command line."""
    (found,) = [heading for heading in headings(CLI) if re.match(rf"`communique {command}\b", heading)]
    return found


def arguments(app: Any) -> set[str]:
    """Return the names of the arguments and options of a command."""
    return {name for argument in app.assemble_argument_collection() for name in argument.names}


def test_every_command_has_its_section() -> None:
    told = [heading for heading in headings(CLI) if heading.startswith("`communique")]
    assert sorted(told) == sorted(map(heading_of, COMMANDS))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_argument_and_option_of_a_command_is_told(command: str) -> None:
    text = section(CLI, heading_of(command))
    column = "argument or option" if "| argument or option |" in text else "option"
    assert {name.split()[0] for name in table(text, column)} == arguments(
        reduce(lambda app, name: app[name], command.split(), cli.app)
    )


def test_every_option_that_all_commands_have_is_told() -> None:
    told = {name.split()[0] for name in table(CLI.read_text(encoding="utf-8"), "everywhere")}
    assert told == (arguments(cli.app.meta) - {"TOKENS"}) | BUILT_IN


@pytest.mark.parametrize(("page", "heading"), [(CLI, "Exit codes"), (PROJECT / "README.md", "Exit codes")])
def test_every_exit_code_is_told(page: Path, heading: str) -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", section(page, heading), re.MULTILINE)}
    assert told == {cli.DONE, cli.INVALID, cli.WRONG_USE, cli.UNREACHABLE, cli.BUSY, cli.STOPPED}


def test_every_state_of_a_run_is_told_with_its_exit_code() -> None:
    told = {state: int(row[-1]) for state, row in table(section(CLI, heading_of("run")), "state").items()}
    assert told == publishing.EXITS


# The package


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with three versions: the seed, the example besides, a word added to the example."""
    data = tmp_path_factory.mktemp("published") / "data"
    for part in ("datasets", "releases"):
        shutil.copytree(PROJECT / "data" / part, data / part)
    published(data)
    text = only_block(RELEASE, "json")
    for example in (text, text.replace('"body": "HARBOURTOWN', '"body": "HARBOURTOWN (corrected)')):
        (data / "releases" / "example.json").write_text(example, encoding="utf-8")
        published(data)
    return data


@pytest.fixture(scope="module")
def versions(data_folder: Path) -> Path:
    """Return the folder of the dataset's versions."""
    return home(data_folder)


def test_every_file_of_a_version_is_told(versions: Path) -> None:
    told = [re.sub("<.*>", "*", name) for name in table(section(PACKAGE, "A package and its versions"), "file")]
    there = [path.name for path in (versions / "1.0.0").iterdir()]
    assert [name for name in there if not any(fnmatch(name, pattern) for pattern in told)] == []
    assert [pattern for pattern in told if not any(fnmatch(name, pattern) for name in there)] == []


def test_every_file_beside_the_versions_is_told(versions: Path) -> None:
    told = set(table(section(PACKAGE, "A package and its versions"), "beside the versions"))
    assert told == {path.name for path in versions.iterdir() if path.is_file()}


def test_every_field_of_the_manifest_is_told() -> None:
    assert list(table(section(PACKAGE, "The manifest"), "field")) == list(Manifest.model_fields)


RUNNERS = {"sh": ["bash", "-e", "-c"], "python": [sys.executable, "-c"]}


def runnable(page: Path) -> list[Block]:
    """Return the blocks of `page` that a reader would run."""
    return [block for block in blocks(page) if block.language in RUNNERS]


def run(block: Block, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run `block` in `folder`, the tools of this environment on the path."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    command = [*RUNNERS[block.language], block.text]
    return subprocess.run(command, cwd=folder, env={"PATH": path}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("block", runnable(PACKAGE), ids=lambda block: f"line-{block.line}")
def test_a_published_dataset_can_be_verified_as_the_page_says(versions: Path, block: Block) -> None:
    done = run(block, versions)
    assert done.returncode == 0, done.stdout + done.stderr


class Forgery(NamedTuple):
    """A file of a version, and the words in it that are replaced by others."""

    file: str
    true: bytes
    false: bytes


FORGERIES = {
    "checksums": Forgery("releases.csv", b"Guatemala", b"Guatemale"),
    "chain": Forgery("manifest.json", AS_OF.encode(), b"2026-01-01"),
    "evidence": Forgery("commitments.csv", b"1.5 million doses", b"2.5 million doses"),
}
"""For each verification on the page, in its order, what it is there to find."""


@pytest.mark.parametrize("gone", [["1.2.0"], ["1.1.0"], ["1.0.0", "1.1.0", "1.2.0"]], ids=" ".join)
def test_the_chain_is_verified_as_the_page_says_after_versions_were_taken_down(
    data_folder: Path, tmp_path: Path, gone: list[str]
) -> None:
    data = shutil.copytree(data_folder, tmp_path / "data")
    for version in gone:
        rulings.take_down(Settings(data=data), DATASET, version, "Ada Steward", "A letter of the ministry.")
    chain = runnable(PACKAGE)[list(FORGERIES).index("chain")]
    done = run(chain, home(data))
    assert done.returncode == 0, done.stdout + done.stderr
    forged = home(data) / "1.0.0" / "manifest.json"
    forged.write_bytes(forged.read_bytes().replace(AS_OF.encode(), b"2026-01-01"))
    assert run(chain, home(data)).returncode == 1


def test_what_is_left_of_a_version_is_verified_as_the_page_says(data_folder: Path, tmp_path: Path) -> None:
    data = shutil.copytree(data_folder, tmp_path / "data")
    rulings.prune(Settings(data=data), DATASET, 1, dry_run=False)
    rulings.take_down(Settings(data=data), DATASET, "1.1.0", "Ada Steward", "A letter of the ministry.")
    assert "--ignore-missing" in prose(PACKAGE)
    for version, note in (("1.0.0", "PRUNED.json"), ("1.1.0", "TOMBSTONE.json")):
        folder = home(data) / version
        command = ["sha256sum", "--quiet", "--ignore-missing", "-c", "SHA256SUMS"]
        assert subprocess.run(command, cwd=folder, check=False).returncode == 0
        sums = {line.partition("  ")[2] for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()}
        assert sums - {path.name for path in folder.iterdir()} == set(
            json.loads((folder / note).read_text())["removed"]
        )


@pytest.mark.parametrize(("block", "forgery"), list(zip(runnable(PACKAGE), FORGERIES, strict=True)), ids=FORGERIES)
def test_each_verification_on_the_page_finds_a_forgery(
    versions: Path, tmp_path: Path, block: Block, forgery: str
) -> None:
    file, true, false = FORGERIES[forgery]
    forged = shutil.copytree(versions, tmp_path / "dataset") / "1.0.0" / file
    told = forged.read_bytes()
    assert true in told
    forged.write_bytes(told.replace(true, false))
    assert run(block, tmp_path / "dataset").returncode == 1


def test_no_page_has_commands_that_no_test_runs() -> None:
    others = [page for page in PAGES if page.name != "README.md" and page not in (PACKAGE, DOWNLOAD, VALIDATE, SCHEMAS)]
    assert [page.name for page in others if runnable(page)] == []


# The house


def test_every_module_of_the_flows_is_told() -> None:
    told = set(codes(section(HOUSE, "The house")))
    modules = {path.name for path in (PROJECT / "flows").rglob("*.py") if path.name != "__init__.py"}
    folders = {f"{path.parent.name}/" for path in (PROJECT / "flows").glob("*/__init__.py")}
    assert (modules | folders) - told == set()
    nouns = {path.name for path in (PROJECT / "schemas").glob("*.py")}
    assert {Path(name).name for name in told if name.endswith(".py")} <= modules | nouns


NUMBERED = {"README.md", "datapackage.json", "manifest.json", "SHA256SUMS", "diff.json", "report.json"}
"""Files of a version that say its number, or what it is against the one before."""


@pytest.mark.parametrize("page", [HOUSE, PROJECT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_the_order_of_imports_is_that_of_the_contract(page: Path) -> None:
    config = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = config["tool"]["importlinter"]["contracts"][0]["layers"]
    order = [name.strip().removeprefix("flows.") for layer in layers for name in layer.split("|")]
    told = re.search(r"imports go(?: one way)?: (.*?)\. The stages", prose(page), re.IGNORECASE | re.DOTALL)
    assert told
    assert codes(told[1]) == order


def test_the_files_that_begin_first_in_the_tests_are_there() -> None:
    assert {f"test_{name}.py" for name in SLOWEST} <= {path.name for path in (PROJECT / "tests").glob("test_*.py")}


def test_cleaning_leaves_all_data_alone(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "Makefile", tmp_path)
    kept = [tmp_path / "data" / name for name in ("runs/x/.lock", "runs/x/1/verdict/rows.jsonl", "staging/x/1/a.csv")]
    gone = [tmp_path / name / "x" for name in (".venv", ".mypy_cache", ".hypothesis")]
    for path in (*kept, *gone):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted([tmp_path / "Makefile", *kept])


def test_the_example_of_a_flat_file_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "releases.csv"
    path.write_text(only_block(RELEASE, "csv"), encoding="utf-8")
    report = preview.validate_files(path, date.fromisoformat(AS_OF))
    assert (report.valid, report.counts["releases"].out) == (True, 1)


def test_a_rebuild_from_what_was_received_gives_the_same_tables_to_the_byte(data_folder: Path, tmp_path: Path) -> None:
    latest = home(data_folder) / "1.2.0"
    rebuilt = shutil.copytree(data_folder, tmp_path / "data", ignore=shutil.ignore_patterns("packages", "runs"))
    again = published(rebuilt)
    assert str(again.version) == "1.0.0"
    names = {path.name for path in latest.iterdir()} - NUMBERED
    assert {path.name for path in again.folder.iterdir()} - NUMBERED == names
    assert [name for name in names if (latest / name).read_bytes() != (again.folder / name).read_bytes()] == []


def test_the_number_of_tables_is_told() -> None:
    assert len(TABLES) == 17
    assert "seventeen tables" in prose(PACKAGE)
    assert "seventeen tables" in prose(PROJECT / "README.md")


# The decisions


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name)
def test_a_decision_has_its_form(page: Path) -> None:
    title, *parts = headings(page)
    assert title.startswith(f"{int(page.name[:4])}. ")
    assert re.sub(r"\W+", "-", title.lower()) == page.stem.lstrip("0")
    assert parts == ["Context", "Decision", "Consequences"]
