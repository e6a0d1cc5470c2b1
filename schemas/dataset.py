"""`Dataset`: what a steward writes about a dataset in `data/datasets/<name>.toml`."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from schemas.decisions import Correction, Ruling, Waiver
from schemas.mapping import Mapping
from schemas.release import Organization
from schemas.tables import Model, cell, maybe
from schemas.values import Item, Language, Line, Slug, Text, Url

Format = Literal["csv", "parquet", "sqlite", "excel", "jsonl"]
Share = Annotated[float, Field(ge=0, le=1)]


class About(Model):
    """What the dataset is, for those who find it."""

    title: Line = cell("Its name for people.")
    description: Text = cell("What it holds, in a few sentences.")
    keywords: list[Item] = cell("Words to find it by.", default=[])
    language: Language = cell("Language of the descriptions, BCP 47.", default="en")
    homepage: Url | None = maybe("A page about it.")
    contact: Line | None = maybe(
        "Where an error is reported: a mail address or a page. The catalog lists no dataset without it."
    )


class Publisher(Model):
    """Who publishes the dataset."""

    name: Line = cell("Its name.")
    url: Url | None = maybe("Its page.")


class Licence(Model):
    """A licence of the package."""

    name: Line = cell("Its Open Definition or SPDX id.")
    title: Line | None = maybe("Its name for people.")
    path: Url | None = maybe("Its text.")


class Page(Model):
    """Where a page has what, as CSS selectors; `selector@name` takes an attribute. What is left out is looked for."""

    body: Line | None = maybe("The text of the release.")
    headline: Line | None = maybe("Its headline.")
    published: Line | None = maybe("The day or instant of its publication.")
    modified: Line | None = maybe("The instant of its last edit.")
    language: Line | None = maybe("Its language.")
    dateline: Line | None = maybe("The place that it opens with.")

    @property
    def selectors(self) -> dict[str, str]:
        """The selectors that are given, by field."""
        return self.model_dump(exclude_none=True)


Kind = Literal["files", "folder", "feed", "pages", "sitemap", "ninjs", "wordpress", "drupal", "doj", "federal-register"]
LYING = ("files", "folder")
"""Kinds whose files lie somewhere to be read; the others are asked by address."""
ON_PAGES = ("pages", "sitemap")
"""Kinds that name pages and hold no text themselves."""
OF_WEB = tuple(kind for kind in get_args(Kind) if kind not in LYING)
READ_BY = {"path": ("files",), "folder": ("folder",), "links": ("pages",), "next": ("pages",)}
READ_BY |= dict.fromkeys(("page", "only", "delay", "look_back", "most"), OF_WEB)
READ_BY |= dict.fromkeys(("hosts", "private"), ("folder", *OF_WEB))
"""Settings that only some kinds do something with, and these kinds."""


class SourceConfig(Model):
    """A place that releases come from."""

    name: Slug = cell("Short name, unique in the dataset.")
    title: Line | None = maybe("Name for people.")
    kind: Kind = cell(
        "How it is read: files, a file or a folder of them; folder, one of fsspec; the others are of the web.",
        default="files",
    )
    path: Line | None = maybe("Of files: the file or folder, relative to the data folder.")
    folder: Line | None = maybe("Of a folder: its address for fsspec, as zip://::drop/all.zip or s3://bucket/releases.")
    mode: Literal["snapshot", "window", "append"] = cell(
        "snapshot: it holds all that stands, and what it lacks is withdrawn; window: it forgets old releases, as a "
        "feed does, and has the newest first; append: it only grows. Files are a snapshot, the web is a window, where "
        "nothing else is said.",
        default="snapshot",
    )
    url: Url | None = maybe("Of the web: the address of the feed, API, sitemap or page. Of files: where they are from.")
    licence: Line | None = maybe("Licence of texts that do not name their own.")
    issuer: Organization | None = maybe("Who issued its releases, where they do not say so themselves.")
    language: Language | None = maybe("Language of its releases, where they do not say so themselves.")
    hosts: list[Line] = cell(
        "Hosts that may be asked; of the web the one of `url` where it is left out. Of a folder: its host or bucket.",
        default=[],
    )
    private: bool = cell("Whether addresses of one's own network may be asked.", default=False)
    delay: Annotated[float, Field(ge=0, le=60)] = cell("Least seconds between two requests to a host.", default=1.0)
    look_back: Annotated[int, Field(ge=0)] = cell(
        "Days for which a page is asked again after it was first had, or its text changed last.", default=7
    )
    most: Annotated[int, Field(ge=1)] = cell(
        "Most answers of a listing that are read in one run; the next goes on where it was left.", default=1000
    )
    page: Page | None = maybe("Of the web: the linked page has the text; where it stands there.")
    links: Line | None = maybe("Of pages: the CSS selector of the links to releases.")
    next: Line | None = maybe("Of pages: the CSS selector of the link to the next page.")
    map: Mapping | None = maybe("Which of its fields become which fields of a release.")
    only: Line | None = maybe("Of pages and sitemaps: what the path of a release's address begins with.")

    @field_validator("hosts")
    @classmethod
    def _as_asked(cls, hosts: list[str]) -> list[str]:
        """Return the hosts in small letters, as every address is read."""
        return [host.lower() for host in hosts]

    @model_validator(mode="before")
    @classmethod
    def _of_its_kind(cls, given: Any) -> Any:
        """Fill in what follows from the kind: the mode, the hosts, and that pages are read."""
        if not isinstance(given, dict) or given.get("kind", "files") in LYING:
            return given
        host = urlsplit(str(given.get("url") or "")).hostname
        filled = {"mode": "window", "hosts": [host] if host else []} | given
        return ({"page": {}} if given["kind"] in ON_PAGES else {}) | filled

    @property
    def of_web(self) -> bool:
        """Whether it is asked by address, a listing and its pages."""
        return self.kind not in LYING

    @model_validator(mode="after")
    def _reached(self) -> Self:
        wanted = {"files": "path", "folder": "folder"}.get(self.kind, "url")
        if getattr(self, wanted) is None:
            raise PydanticCustomError(
                "source", "a source of kind {kind} needs its {wanted}", {"kind": self.kind, "wanted": wanted}
            )
        return self

    @model_validator(mode="after")
    def _of_use(self) -> Self:
        told = {name for name in self.model_fields_set if getattr(self, name) is not None}
        idle = [name for name, kinds in READ_BY.items() if name in told and self.kind not in kinds]
        if idle:
            raise PydanticCustomError(
                "source",
                "a source of kind {kind} does nothing with {names}",
                {"kind": self.kind, "names": ", ".join(idle)},
            )
        return self


CRON_FIELDS = 5


class Schedule(Model):
    """When the dataset is published."""

    cron: Line = cell("Five fields, as of cron.")
    timezone: Line = cell("IANA zone that the fields are read in.", default="UTC")

    @property
    def said(self) -> str:
        """When the dataset is published, as people say it: `at 06:00 every day, time of America/New York`."""
        from cronsim import CronSim  # noqa: PLC0415 - only a schedule pays for it

        words = CronSim(self.cron, datetime(2000, 1, 1, tzinfo=UTC)).explain()
        return f"{words[:1].lower()}{words[1:]}, time of {self.timezone.replace('_', ' ')}"

    @field_validator("cron")
    @classmethod
    def _five_fields(cls, fields: str) -> str:
        from cronsim import CronSim, CronSimError  # noqa: PLC0415 - only a schedule pays for it

        try:
            CronSim(fields, datetime(2000, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            raise PydanticCustomError("cron", "cron does not read this: {why}", {"why": str(error)}) from None
        if len(fields.split()) != CRON_FIELDS:
            raise PydanticCustomError("cron", "cron has five fields: minute, hour, day, month, day of the week")
        return fields

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in available_timezones():
            raise PydanticCustomError("timezone", "no IANA time zone has this name")
        return ZoneInfo(name).key


class Gate(Model):
    """When a candidate is held."""

    max_refused_share: Share = cell(
        "Share of refused rows, dependants not counted, above which it is held.", default=0.2
    )


class Freshness(Model):
    """How new the newest release has to be."""

    max_age: Annotated[int, Field(ge=1)] | None = maybe("Days; the check is skipped without it.")


class Dataset(Model):
    """A dataset: what it is, where it comes from, when a version may go out."""

    name: Slug = cell("The name of its file.")
    dataset: About = cell("What it is.")
    publisher: Publisher = cell("Who publishes it.")
    licences: Annotated[list[Licence], Field(min_length=1)] = cell("Licences of the package.")
    sources: Annotated[list[SourceConfig], Field(min_length=1)] = cell("Where releases come from.")
    issuers: list[Organization] = cell("Issuers, for releases that do not describe their own.", default=[])
    schedule: Schedule | None = maybe("When it is published.")
    gate: Gate = cell("When a candidate is held.", default=Gate())
    freshness: Freshness = cell("How new it has to be.", default=Freshness())
    formats: list[Format] = cell(
        "Formats of a version; CSV is always among them.", default=["csv", "parquet", "sqlite", "excel", "jsonl"]
    )
    ignore: dict[Slug, list[Line]] = cell(
        "By source: fields of its documents that are left out on purpose.", default={}
    )

    waivers: list[Waiver] = cell("Rows that may break a rule until a day; from data/waivers.", default=[])
    corrections: list[Correction] = cell("Known errors of a source, mended; from data/corrections.", default=[])
    takedowns: list[Ruling] = cell("Releases that are left out; from the journal.", default=[])

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise PydanticCustomError("sources", "two sources have the same name")
        unknown = sorted(set(self.ignore) - set(names))
        if unknown:
            raise PydanticCustomError("ignore", "[ignore] names no source: {names}", {"names": ", ".join(unknown)})
        return self
