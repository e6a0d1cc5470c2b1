"""`Release`: the structured release document, the one form in which releases come in.

One JSON document a release, or one a line of JSON Lines. Names follow IPTC ninjs where it has one. Ids inside a
document are local: `m2` becomes `<release id>/m2` in the tables. Offsets count Unicode code points of `body`, the end
exclusive, after CRLF has become LF.
"""

from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import Field, model_validator

from schemas.report import Problem, Provenance
from schemas.tables import (
    AgreementFields,
    CommitmentFields,
    MeetingFields,
    Model,
    Ordered,
    ParticipantRole,
    QuoteFields,
    Review,
    RoleFields,
    StatementFields,
    cell,
    maybe,
    somebody,
)
from schemas.values import Country, Day, Instant, Item, Language, Line, Offset, Sha256, Slug, Text, Url


class Source(Model):
    """Where the text of a release is from."""

    name: Line = cell("Who gave it out, in words.")
    url: Url | None = maybe("Its address, where it has one.")
    other_urls: list[Url] = cell("Other addresses where the same text stands.", default=[])
    licence: Line | None = maybe("Its licence; the one of the dataset's source where this is null.")


class Span(Ordered):
    """Words of the body, by place and by letter."""

    ordered: ClassVar = (("start", "end"),)

    field: Item = cell("The field that they are behind; `evidence` for the sentence that states the fact.")
    start: Offset = cell("Where they begin.")
    end: Offset = cell("Where they end, exclusive.")
    text: Text = cell("The words themselves; they must stand there.")


class Participant(Model):
    """One who takes part in a fact: an entity, or words where there is no name."""

    role: ParticipantRole = cell("As what.")
    entity_id: Slug | None = maybe("Who it is.")
    text: Text | None = maybe("The words for those who have no name.")

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        somebody(self.entity_id, self.text)
        return self


class Fact(Ordered):
    """What the six kinds of fact share in a document."""

    id: Slug | None = maybe("Local id; made from the words where it is left out.")
    participants: list[Participant] = cell("Who takes part.", default=[])
    spans: Annotated[list[Span], Field(min_length=1)] = cell("The words that state it.")
    origin: Slug = cell("Who structured it: source, steward, or the name of an extractor.", default="source")
    review: Review = cell("Whether a person has looked at it.", default="unreviewed")
    note: Text | None = maybe("A steward's remark.")


class Role(Fact, RoleFields):
    """A person in a post."""


class Meeting(Fact, MeetingFields):
    """One encounter."""

    ordered: ClassVar = (("start_on", "end_on"),)

    parent_id: Slug | None = maybe("Local id of the trip that it is a part of.")
    agreement_id: Slug | None = maybe("Local id of the agreement that was signed there.")
    topics: list[Item] = cell("What was spoken of.", default=[])


class Agreement(Fact, AgreementFields):
    """A letter of intent, memorandum or treaty."""

    ordered: ClassVar = (("signed_start", "signed_end"),)


class Commitment(Fact, CommitmentFields):
    """Something promised or given."""

    ordered: ClassVar = (("due_start", "due_end"),)


class Quote(Fact, QuoteFields):
    """A quotation; its parts are its spans of the field `text`."""


class Statement(Fact, StatementFields):
    """A thing said or done that is none of the other facts."""


class Entity(Model):
    """Anything with a name."""

    id: Slug = cell("Stable id, the same in every release that names it.")
    name: Line = cell("Name by which it is known.")
    other_names: list[Item] = cell("Other names.", default=[])
    note: Text | None = maybe("A steward's remark.")


class Person(Entity):
    """A person."""


class Organization(Entity):
    """An organization, or a programme that acts like one."""

    classification: Line | None = maybe("What sort: ministry, agency, programme …")
    country_code: Country | None = maybe("Country it belongs to, ISO 3166-1 alpha-2.")
    parent_id: Slug | None = maybe("Organization that it is a part of.")
    acronym: Line | None = maybe("Its short form.")


class Place(Entity):
    """A place."""

    classification: Line | None = maybe("What sort: country, city, facility …")
    country_code: Country | None = maybe("Country it lies in, ISO 3166-1 alpha-2.")
    parent_id: Slug | None = maybe("Place that it lies in.")
    acronym: Line | None = maybe("Its short form.")


class Mention(Ordered):
    """A name that stands in the body."""

    ordered: ClassVar = (("start", "end"),)

    entity_id: Slug = cell("Who or what is named.")
    start: Offset = cell("Where the name begins.")
    end: Offset = cell("Where it ends, exclusive.")
    name: Text = cell("The name as it stands there.")


class Release(Ordered):
    """A structured release: a text that an official body gave out, and the facts that it states."""

    ordered: ClassVar = (("event_start", "event_end"), ("published_at", "modified_at"))

    id: Slug = cell("Stable id of the release, a slug.")
    issuer: Slug = cell("Id of the organization that issued it.")
    kind: Slug | None = maybe("What sort of release, as press-release.")
    language: Language = cell("Language of the body, BCP 47.")
    headline: Line | None = maybe("The headline as given; null where the source has none.")
    published_on: Day | None = maybe("Day of publication as the source states it.")
    published_at: Instant | None = maybe("Instant of publication, with its offset.")
    modified_at: Instant | None = maybe("Instant of the last edit, with its offset.")
    event_start: Day | None = maybe("First day of what it reports.")
    event_end: Day | None = maybe("Last day of what it reports.")
    dateline: Line | None = maybe("The place that the text opens with, in its own words.")
    source: Source = cell("Where the text is from.")
    body: Text = cell("The text as received.")
    text_sha256: Sha256 | None = maybe(
        "SHA-256 of the body in which the offsets were counted. When the body has been edited since, each span is "
        "looked for again by its words; without this, a span that is not in its place is refused."
    )
    note: Text | None = maybe("A steward's remark.")
    people: list[Person] = cell("The people named.", default=[])
    organizations: list[Organization] = cell("The organizations named, the issuer among them.", default=[])
    places: list[Place] = cell("The places named.", default=[])
    mentions: list[Mention] = cell("Every name in the text.", default=[])
    roles: list[Role] = cell("People in posts.", default=[])
    meetings: list[Meeting] = cell("Meetings, visits, calls, ceremonies.", default=[])
    agreements: list[Agreement] = cell("Agreements.", default=[])
    commitments: list[Commitment] = cell("Things promised or given.", default=[])
    quotes: list[Quote] = cell("Quotations.", default=[])
    statements: list[Statement] = cell("Other things said or done.", default=[])


PARTS: dict[str, type[Model]] = {
    "people": Person,
    "organizations": Organization,
    "places": Place,
    "mentions": Mention,
    "roles": Role,
    "meetings": Meeting,
    "agreements": Agreement,
    "commitments": Commitment,
    "quotes": Quote,
    "statements": Statement,
}
"""The lists of a document: each item is a row of the table of the same name, good or bad by itself."""


class Part(NamedTuple):
    """An item of a document's lists that fits its model, and where it stands."""

    table: str
    value: Any
    place: Provenance
    participants: tuple["Part", ...] = ()


class Reading(NamedTuple):
    """A document as read: the release with its lists empty, and the parts that fit."""

    source: str
    release: Release
    place: Provenance
    parts: list[Part]
    noted: tuple[Problem, ...] = ()
    """What was wrong with an attribute of an entity, which is null instead."""
