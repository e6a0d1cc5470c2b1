"""`Mapping`: which fields of a source become which fields of a `Release`, as a steward writes it in `[sources.map]`."""

from functools import cached_property
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from schemas.release import Release, Source
from schemas.tables import Model, cell, maybe
from schemas.values import Language, Line, Slug

Converter = Literal["as it is", "instant", "moment", "day", "slug", "address", "url", "issuer", "list"]
"""How a value of the source is read. as it is: unchanged. instant, day: out of ISO 8601, the form of mail and RSS, a
date written in English, seconds since 1970, or `format`. moment: an instant, nothing where the source states a day
alone. slug: a name as a slug. address: the last parts of an address as a slug. url: an address of the web, nothing
where it is none. issuer: the name of an organization as its id, the organization described too. list: words split by
a mark."""

TARGETS = {*Release.model_fields, *(f"source.{name}" for name in Source.model_fields)} - {"source"}
"""What a map may give a value: the fields of a release, those of its source with their path."""


class Take(Model):
    """Where a field's value comes from, and how it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    from_: Line | None = maybe("Name or path of the source's field, as `title.rendered` or `authors.0`.", alias="from")
    value: Any = maybe("The same for every release; beside `from`, where that is empty.")
    as_: Converter = cell("How the value is read.", alias="as", default="as it is")
    parts: Annotated[int, Field(ge=1)] = cell("Of an address: how many of its last parts are taken.", default=1)
    prefix: Slug | None = maybe("Of a slug or an address: what its slug begins with.")
    split: Annotated[str, Field(min_length=1)] | None = maybe(
        "The mark between words; the first is taken, all by `list`."
    )
    format: Line | None = maybe("Of an instant or a day: its form, as strptime has it.")
    language: Language | None = maybe("Of `format`: the language that its months and days are named in, BCP 47.")
    zone: Line | None = maybe("Of an instant: the IANA zone of one that tells none.")
    not_before: Line | None = maybe("Field of the release; a value before it, or without it, is left out.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.from_ is None and self.value is None:
            raise PydanticCustomError("take", "give `from`, a field of the source, or `value`, or both")
        if self.language and not self.format:
            raise PydanticCustomError("take", "`language` is that of the names in `format`, which is not given")
        return self

    @field_validator("zone")
    @classmethod
    def _zone(cls, name: str | None) -> str | None:
        """Return the zone where there is one of this name."""
        try:
            return ZoneInfo(name).key if name else None
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise PydanticCustomError("timezone", "no IANA time zone has this name") from None

    @field_validator("language")
    @classmethod
    def _named(cls, language: str | None) -> str | None:
        """Return the language where its months have names here."""
        from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - only dates of other languages pay for it

        try:
            return str(Locale.parse(language, sep="-")).replace("_", "-") if language else None
        except (UnknownLocaleError, ValueError):
            raise PydanticCustomError("language", "the months of this language are not known") from None


class Mapping(Model):
    """A source's own fields as those of a release; what is neither taken nor ignored is reported."""

    fields: dict[str, Take] = cell("By field of a release: where it comes from.")
    ignore: list[Line] = cell("Names or paths of fields that are left out on purpose.", default=[])

    @cached_property
    def named(self) -> frozenset[str]:
        """Every field of the source that is taken or ignored."""
        return frozenset((*(take.from_ for take in self.fields.values() if take.from_), *self.ignore))

    @model_validator(mode="before")
    @classmethod
    def _written(cls, told: Any) -> Any:
        """Return a map as it is written, `field = "name"` or `field = { from = … }`, as its fields."""
        if not isinstance(told, dict) or "fields" in told:
            return told
        source = told.get("source")
        inner = {f"source.{name}": take for name, take in source.items()} if isinstance(source, dict) else {}
        fields = {name: take for name, take in told.items() if name not in ("ignore", "source")} | inner
        fields = {name: {"from": take} if isinstance(take, str) else take for name, take in fields.items()}
        return {"fields": fields, "ignore": told.get("ignore", [])}

    @model_validator(mode="after")
    def _known(self) -> Self:
        named = [*self.fields, *(take.not_before for take in self.fields.values() if take.not_before)]
        unknown = [name for name in named if name not in TARGETS]
        if unknown:
            raise PydanticCustomError("map", "a release has no field {names}", {"names": ", ".join(unknown)})
        return self
