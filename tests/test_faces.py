"""What machines read of the catalog: each goes through the validator of its standard, and all say the same.

The schema of DCAT-US and the shapes of DCAT-AP are not ours to give away: the tests that need them look in the folder
`shared/standards` beside the project, and are skipped where it is not. The validator of RO-Crate (roc-validator) wants
an older rich than ours and the network, so a crate is opened by the library that makes crates: docs/adr/0008 has more.
"""

import json
import logging
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import extruct
import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import mlcroissant
import pyshacl
import pytest
from rdflib import DCAT, DCTERMS, RDF, Graph, Namespace, URIRef
from referencing import Registry, Resource
from rocrate.rocrate import ROCrate

from flows.settings import PROJECT
from flows.site import model
from flows.site.faces import dcat_ap, dcat_us
from flows.site.faces.about import about
from flows.site.faces.schema_org import schema_org
from flows.site.write import bring, site
from schemas.package import MEDIA_TYPES
from tests import catalog
from tests.catalog import MINISTRY
from tests.publishing import DATASET, published, read_json

BASE = "https://data.example.org/open/"
STANDARDS = PROJECT.parent / "shared" / "standards"
needs_standards = pytest.mark.skipif(not STANDARDS.is_dir(), reason=f"there are no standards in {STANDARDS}")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VERSIONS = [(DATASET, "1.0.0"), (MINISTRY, "1.0.0"), (MINISTRY, "1.1.0")]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a site that nobody gave an address, of the seed and two versions of the ministry."""
    data = catalog.folder(tmp_path_factory.mktemp("faces") / "data")
    published(data)
    catalog.months(data, "2024-03", "2024-04")
    site(data / "packages")
    return data / "packages"


@pytest.fixture(scope="module")
def there(here: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same site where it has an address on the web."""
    root = tmp_path_factory.mktemp("web")
    bring(here, root)
    site(here, root, BASE)
    return root


@pytest.fixture(params=["here", "there"])
def root(request: pytest.FixtureRequest) -> Path:
    """Return the site without an address, then with one."""
    found: Path = request.getfixturevalue(request.param)
    return found


def address(root: Path) -> str:
    """Return where a site is read from: its address on the web, else its folder."""
    return BASE if (root / "sitemap.xml").is_file() else f"{root.as_uri()}/"


def graph(root: Path, path: str) -> Graph:
    """Return a file of JSON-LD as one reads it from where it lies."""
    return Graph().parse(
        data=(root / path).read_text(encoding="utf-8"), format="json-ld", publicID=address(root) + path
    )


@cache
def shapes(name: str) -> Graph:
    return Graph().parse(STANDARDS / "dcat-ap-3.0.1" / name)


def schema_of_dcat_us() -> jsonschema.Draft202012Validator:
    """Return the validator of DCAT-US, which knows the schema of a dataset by its own address."""
    schemas = [read_json(STANDARDS / "dcat-us-1.1" / name) for name in ("catalog.json", "dataset.json")]
    registry = Registry[Any]().with_resources(  # an id ends with an empty fragment, a reference does not
        (one["$id"].rstrip("#"), Resource.from_contents(one)) for one in schemas
    )
    return jsonschema.Draft202012Validator(schemas[0], registry=registry, format_checker=jsonschema.FormatChecker())


# Each by its own validator


@needs_standards
def test_data_json_is_dcat_us(there: Path) -> None:
    told = read_json(there / "data.json")
    assert [error.message for error in schema_of_dcat_us().iter_errors(told)] == []
    assert [one["identifier"] for one in told["dataset"]] == [f"{BASE}{DATASET}/", f"{BASE}{MINISTRY}/"]
    del told["dataset"][0]["contactPoint"]
    assert [error.validator for error in schema_of_dcat_us().iter_errors(told)] == ["required"]


def test_there_is_no_data_json_where_the_site_has_no_address(here: Path) -> None:
    assert not (here / "data.json").exists()


@needs_standards
@pytest.mark.parametrize("name", ["dcat-ap-SHACL.ttl", "shapes.ttl"])
@pytest.mark.parametrize("path", ["dcat.jsonld", f"{DATASET}/dcat/1.0.0.jsonld", f"{MINISTRY}/dcat/1.1.0.jsonld"])
def test_the_catalog_and_every_version_keep_the_shapes_of_dcat_ap(root: Path, path: str, name: str) -> None:
    told = graph(root, path)
    assert list(told.subjects(RDF.type, DCAT.Dataset))
    conforms, _, why = pyshacl.validate(told, shacl_graph=shapes(name), advanced=True)
    assert conforms, why


@needs_standards
def test_the_shapes_of_dcat_ap_miss_what_is_left_out(here: Path) -> None:
    told = graph(here, f"{DATASET}/dcat/1.0.0.jsonld")
    told.remove((None, DCTERMS.title, None))
    told.remove((None, DCAT.accessURL, None))
    conforms, found, _ = pyshacl.validate(told, shacl_graph=shapes("dcat-ap-SHACL.ttl"), advanced=True)
    assert not conforms
    assert isinstance(found, Graph)
    asked = set(found.objects(None, URIRef("http://www.w3.org/ns/shacl#resultPath")))
    assert asked == {DCTERMS.title, DCAT.accessURL}


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_croissant_reads_every_row_of_every_table(
    here: Path, name: str, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = mlcroissant.Dataset(jsonld=here / name / "croissant" / f"{version}.json")
    assert (list(found.metadata.issues.errors), list(found.metadata.issues.warnings)) == ([], [])
    assert caplog.messages == []
    for one in read_json(here / name / version / "datapackage.json")["resources"]:
        rows = list(found.records(one["name"])) if one["communique:rows"] else []
        assert len(rows) == one["communique:rows"]
        fields = [f"{one['name']}/{field['name']}" for field in one["schema"]["fields"]]
        assert all(list(row) == fields for row in rows)


def test_croissant_refuses_a_field_that_its_table_has_not(here: Path, tmp_path: Path) -> None:
    told = read_json(here / DATASET / "croissant" / "1.0.0.json")
    told["recordSet"][0]["field"][0]["source"]["fileObject"]["@id"] = "no-such-file.parquet"
    (tmp_path / "croissant.json").write_text(json.dumps(told))
    with pytest.raises(mlcroissant.ValidationError):
        mlcroissant.Dataset(jsonld=tmp_path / "croissant.json")


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_a_downloaded_version_is_a_crate_with_the_metadata_that_lie_beside_it(
    root: Path, tmp_path: Path, name: str, version: str
) -> None:
    folder = shutil.copytree(root / name / version, tmp_path / version)
    shutil.copyfile(root / name / "ro-crate" / f"{version}.json", folder / "ro-crate-metadata.json")
    crate = ROCrate(folder)
    described = read_json(folder / "datapackage.json")
    assert (crate.name, crate.root_dataset["version"]) == (described["title"], version)
    assert {one.id for one in crate.data_entities} == set(read_json(folder / "manifest.json")["files"])
    assert all((folder / one.id).stat().st_size == int(one["contentSize"]) for one in crate.data_entities)
    told = read_json(folder / "ro-crate-metadata.json")
    assert told["@graph"][0]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert _references(told["@graph"]) <= {one["@id"] for one in told["@graph"]} | {"https://w3id.org/ro/crate/1.1"}


def _references(value: Any) -> set[str]:
    """Return the id of everything that a crate refers to."""
    if isinstance(value, list):
        return {name for one in value for name in _references(one)}
    if not isinstance(value, dict):
        return set()
    return {value["@id"]} if list(value) == ["@id"] else {name for one in value.values() for name in _references(one)}


def test_no_description_can_end_the_element_that_it_stands_in(here: Path, tmp_path: Path) -> None:
    version = shutil.copytree(here / DATASET / "1.0.0", tmp_path / "1.0.0")
    described = read_json(version / "datapackage.json") | {"title": "</script><script>alert(1)</script>"}
    (version / "datapackage.json").write_text(json.dumps(described))
    told_of = schema_org(about(model.Edition(DATASET, "1.0.0", version)))
    assert "<" not in told_of
    assert json.loads(told_of)["name"] == described["title"]


# All say the same

File = tuple[int, str]
"""Bytes and SHA-256."""


def in_schema_org(root: Path, name: str) -> dict[str, Any]:
    """Return what the page of a dataset says of its latest version."""
    page = (root / name / "index.html").read_text(encoding="utf-8")
    (found,) = extruct.extract(page, syntaxes=["json-ld"])["json-ld"]
    return {
        "title": found["name"],
        "version": found["version"],
        "licences": found["license"],
        "files": {one["name"]: _file(one) for one in found["distribution"]},
        "said": {one["name"]: one["description"] for one in found["distribution"]},
    }


def in_croissant(root: Path, name: str, version: str) -> dict[str, Any]:
    found = read_json(root / name / "croissant" / f"{version}.json")
    return {
        "title": found["name"],
        "version": found["version"],
        "licences": found["license"],
        "files": {one["name"]: _file(one) for one in found["distribution"]},
        "said": {one["name"]: one["description"] for one in found["distribution"]},
    }


def in_ro_crate(root: Path, name: str, version: str) -> dict[str, Any]:
    things = {one["@id"]: one for one in read_json(root / name / "ro-crate" / f"{version}.json")["@graph"]}
    crate = things["./"]
    licences = crate["license"] if isinstance(crate["license"], list) else [crate["license"]]
    files = [things[one["@id"]] for one in crate["hasPart"] if Path(one["@id"]).suffix in MEDIA_TYPES]
    files = [one for one in files if one["@id"] != "quarantine.csv"]
    return {
        "title": crate["name"],
        "version": crate["version"],
        "licences": [one["@id"] if "://" in one["@id"] else things[one["@id"]]["name"] for one in licences],
        "files": {one["name"]: _file(one) for one in files},
        "said": {one["name"]: one["description"] for one in files},
    }


def in_dcat_ap(root: Path, name: str, version: str) -> dict[str, Any]:
    told = graph(root, f"{name}/dcat/{version}.jsonld")
    (dataset,) = told.subjects(RDF.type, DCAT.Dataset)
    files, said, licences = {}, {}, set[tuple[str, str]]()
    for one in told.objects(dataset, DCAT.distribution):
        file, licence = str(told.value(one, DCTERMS.title)), told.value(one, DCTERMS.license)
        checksum = told.value(told.value(one, SPDX.checksum), SPDX.checksumValue)
        assert str(told.value(one, DCAT.downloadURL)) == f"{address(root)}{name}/{version}/{file}"
        files[file] = (int(str(told.value(one, DCAT.byteSize))), str(checksum))
        said[file] = str(told.value(one, DCTERMS.description))
        licences.add((str(licence), str(told.value(licence, DCTERMS.title))))
    (named,) = licences
    return {
        "title": str(told.value(dataset, DCTERMS.title)),
        "version": str(told.value(dataset, URIRef("http://www.w3.org/ns/dcat#version"))),
        "licence": named,
        "files": files,
        "said": said,
    }


def _file(one: dict[str, Any]) -> File:
    return int(one["contentSize"].removesuffix(" B")), one["sha256"]


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_title_version_licence_rows_bytes_and_sha256_are_the_same_in_every_face(
    root: Path, name: str, version: str
) -> None:
    folder = root / name / version
    described, manifest = read_json(folder / "datapackage.json"), read_json(folder / "manifest.json")
    licences = [one.get("path") or one["title"] for one in described["licenses"]]
    sums = dict(line.split("  ")[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    files = {
        file: ((folder / file).stat().st_size, sums[file])
        for file in manifest["files"]
        if Path(file).suffix in MEDIA_TYPES and file != "quarantine.csv"
    }
    rows = {
        f"{one['name']}{end}": one["communique:rows"] for one in described["resources"] for end in (".csv", ".parquet")
    }
    faces = [in_croissant(root, name, version), in_ro_crate(root, name, version), in_dcat_ap(root, name, version)]
    latest = read_json(root / name / "latest.json")["version"]
    faces += [in_schema_org(root, name)] if version == latest else []
    for face in faces:
        assert (face["title"], face["version"]) == (described["title"], version)
        assert face["files"] == files
        assert {file: _rows(said) for file, said in face["said"].items() if file in rows} == rows
        if "licence" in face:
            names = "; ".join(one["title"] for one in described["licenses"])
            assert face["licence"] == (licences[0], names)
        else:
            assert face["licences"] == licences


def _rows(said: str) -> int:
    """Return how many rows the description of a file says that it has."""
    return int(said.split()[-2])


def test_the_faces_of_the_whole_catalog_say_what_the_faces_of_its_versions_say(there: Path) -> None:
    listed = {one["name"]: one for one in read_json(there / "catalog.json")["datasets"]}
    harvested = {one["identifier"]: one for one in read_json(there / "data.json")["dataset"]}
    told = graph(there, "dcat.jsonld")
    assert len(listed) == len(harvested) == len(list(told.subjects(RDF.type, DCAT.Dataset))) == 2
    for name, one in listed.items():
        version = one["version"]
        described = read_json(there / one["datapackage"])
        face, us = in_croissant(there, name, version), harvested[f"{BASE}{name}/"]
        assert (one["title"], us["title"]) == (face["title"], face["title"])
        assert one["rows"] == {table["name"]: table["communique:rows"] for table in described["resources"]}
        assert {file["name"]: (file["bytes"], file["sha256"]) for file in one["files"]} == face["files"]
        assert one["licenses"] == described["licenses"]
        assert us["license"] == described["licenses"][0]["path"]
        for file in us["distribution"]:
            words, at = file["description"].split(), file["downloadURL"].rpartition("/")
            assert at[0] == f"{BASE}{name}/{version}"
            assert (int(words[-4]), words[-1].rstrip(".")) == face["files"][at[2]]
        for kind in ("croissant", "dcat", "ro-crate"):
            assert (there / one[kind]).is_file()
        whole = graph(there, f"{name}/dcat/{version}.jsonld")
        assert set(whole.triples((None, DCAT.byteSize, None))) <= set(told)


def test_a_dataset_without_a_contact_is_not_listed_and_its_report_says_so(tmp_path: Path) -> None:
    data = catalog.folder(tmp_path / "data")
    told = data / "datasets" / f"{DATASET}.toml"
    told.write_text("\n".join(line for line in told.read_text().splitlines() if not line.startswith("contact")))
    report = read_json(published(data).folder / "report.json")
    (problem,) = [one for one in report["problems"] if one["rule"] == "input.described"]
    assert (problem["severity"], problem["field"], problem["source"]["file"]) == (
        "warning",
        "contact",
        f"datasets/{DATASET}.toml",
    )
    assert {one["id"]: one["outcome"] for one in report["checks"]}["input.described"] == "failed"
    catalog.months(data, "2024-03")
    root = data / "packages"
    site(root, base=BASE)
    for face in ("catalog.json", "dcat.jsonld", "data.json", "llms.txt", "index.html"):
        assert MINISTRY in (root / face).read_text(encoding="utf-8")
        assert DATASET not in (root / face).read_text(encoding="utf-8"), face
    page = (root / DATASET / "index.html").read_text(encoding="utf-8")
    assert "The catalog does not list this dataset: it has no contact." in page
    checks = read_json(root / MINISTRY / "1.0.0" / "report.json")["checks"]
    assert {one["id"]: one["outcome"] for one in checks}["input.described"] == "passed"


def test_a_contact_that_is_a_page_is_told_where_a_standard_knows_one(here: Path, tmp_path: Path) -> None:
    version = shutil.copytree(here / DATASET / "1.0.0", tmp_path / "1.0.0")
    page = "https://example.org/contact"
    described = read_json(version / "datapackage.json") | {"communique:contact": page}
    (version / "datapackage.json").write_text(json.dumps(described))
    told = about(model.Edition(DATASET, "1.0.0", version, BASE))
    assert (told.mail, told.lacks) == ("", [])
    assert {"@id": page} in json.loads(dcat_ap.version(told))["dcat:contactPoint"].values()
    assert json.loads(dcat_us.data_json([told], BASE))["dataset"] == []
