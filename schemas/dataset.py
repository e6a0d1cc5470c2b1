"""`Dataset`: what a steward writes about a dataset in `data/datasets/<name>.toml`."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self
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
    contact: Line | None = maybe("Where an error is reported: a mail address or a page.")


class Publisher(Model):
    """Who publishes the dataset."""

    name: Line = cell("Its name.")
    url: Url | None = maybe("Its page.")


class Licence(Model):
    """A licence of the package."""

    name: Line = cell("Its Open Definition or SPDX id.")
    title: Line | None = maybe("Its name for people.")
    path: Url | None = maybe("Its text.")


class SourceConfig(Model):
    """A place that releases come from."""

    name: Slug = cell("Short name, unique in the dataset.")
    title: Line | None = maybe("Name for people.")
    kind: Literal["files"] = cell("How it is read: files, a file or a folder of them.", default="files")
    path: Line = cell("The file or folder, relative to the data folder.")
    mode: Literal["snapshot", "window", "append"] = cell(
        "snapshot: it holds all that stands, and what it lacks is withdrawn; window: it forgets old releases, as a "
        "feed does; append: it only grows.",
        default="snapshot",
    )
    url: Url | None = maybe("Where the files were taken from.")
    licence: Line | None = maybe("Licence of texts that do not name their own.")
    map: Mapping | None = maybe("Its own fields as those of a release; without it, its documents are releases already.")


class Schedule(Model):
    """When the dataset is published."""

    cron: Line = cell("Five fields, as of cron.")
    timezone: Line = cell("IANA zone that the fields are read in.", default="UTC")

    @field_validator("cron")
    @classmethod
    def _five_fields(cls, fields: str) -> str:
        from cronsim import CronSim, CronSimError  # noqa: PLC0415 - only a schedule pays for it

        try:
            CronSim(fields, datetime(2000, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            raise PydanticCustomError("cron", "cron does not read this: {why}", {"why": str(error)}) from None
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
