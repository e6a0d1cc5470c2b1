"""The tables of a package: one model a table, each the contract of its rows.

The description under each field is the data dictionary; Table Schemas, CSV headers, Parquet and SQLite types and the
pages about the data follow from these models and are never written by hand.

`evidence` says how a field answers for its words: `verbatim` fields are words of the release, `parsed` fields are
what a named parser makes of words, `coded` fields are derived by whoever structured the release, `worded` ones are
coded but equal their span where they have one.
"""

from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from schemas.values import (
    Country,
    Day,
    FactId,
    Instant,
    Item,
    Joined,
    Language,
    Line,
    Month,
    Offset,
    Quantity,
    Sha256,
    Slug,
    Text,
    Url,
)

Reference = tuple[str, str]
"""A table and its key field that a field refers to."""

MeetingKind = Literal[
    "visit",
    "bilateral meeting",
    "multilateral meeting",
    "meetings",
    "call",
    "signing",
    "ceremony",
    "site visit",
    "staff meeting",
    "roundtable",
    "other",
]
MeetingStatus = Literal["happened", "planned", "referenced"]
AgreementKind = Literal[
    "letter of intent",
    "memorandum of understanding",
    "agreement",
    "treaty",
    "arrangement",
    "protocol",
    "joint statement",
    "contract",
    "other",
]
AgreementStatus = Literal["signed", "in force", "announced", "planned", "ended", "referenced"]
Strength = Literal["concrete", "plan", "policy"]
CommitmentStatus = Literal["promised", "given", "withdrawn", "referenced"]
Review = Literal["unreviewed", "accepted", "corrected", "refused"]
FactType = Literal["role", "meeting", "agreement", "commitment", "quote", "statement"]
EntityType = Literal["person", "organization", "place"]
ParticipantRole = Literal[
    "host", "guest", "attendee", "party", "signatory", "actor", "recipient", "announcer", "speaker", "addressee"
]


def cell(description: str, *, evidence: str | None = None, **constraints: Any) -> Any:
    """Return a field with its dictionary entry and, where it answers for words, how."""
    extra: JsonDict | None = {"communique:evidence": evidence} if evidence else None
    return Field(description=description, json_schema_extra=extra, **constraints)


def maybe(description: str, *, evidence: str | None = None, **constraints: Any) -> Any:
    """Return a field that is null where nothing is known."""
    return cell(description, evidence=evidence, default=None, **constraints)


class Model(BaseModel):
    """What every model keeps to: no unknown field, no silent conversion, no change after."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Ordered(Model):
    """A model some of whose fields come in an order."""

    ordered: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Pairs of fields of which the second may not come before the first, nor stand without it."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for start, end in self.ordered:
            first, last = getattr(self, start), getattr(self, end)
            if last is not None and (first is None or last < first):
                how = "stands without" if first is None else "comes before"
                raise PydanticCustomError("order", "{end} {how} {start}", {"start": start, "end": end, "how": how})
        return self


class Row(Ordered):
    """A row of a table."""

    key: ClassVar[tuple[str, ...]]
    references: ClassVar[dict[str, Reference]] = {}


class ReleaseRow(Row):
    """A release: one text that an official body gave out."""

    key = ("release_id",)
    references: ClassVar = {"issuer_id": ("entities", "entity_id")}
    ordered = (("event_start", "event_end"), ("published_at", "modified_at"))

    release_id: Slug = cell("Stable id of the release, a slug.")
    kind: Slug | None = maybe("What sort of release it is, as press-release or readout-visit.", evidence="coded")
    headline: Line | None = maybe("The headline as given; empty where the source has none.")
    issuer_id: Slug = cell("The entity that issued it.")
    published_on: Day | None = maybe("Day of publication as the source states it; empty where it does not.")
    published_at: Instant | None = maybe("Instant of publication in UTC, where the source states one.")
    modified_at: Instant | None = maybe("Instant of the last edit in UTC, where the source states one.")
    event_start: Day | None = maybe("First day of what the release reports.", evidence="parsed:day")
    event_end: Day | None = maybe("Last day of what the release reports.", evidence="parsed:day")
    dateline: Line | None = maybe("The place that the text opens with, in its own words.", evidence="verbatim")
    language: Language = cell("Language of the text, BCP 47.")
    word_count: int = cell("Words in the body, split at white space.", ge=1)
    body: Text = cell("The text as received, line ends as LF; every offset counts in it.")
    text_sha256: Sha256 = cell("SHA-256 of the body in UTF-8.")
    source_name: Line = cell("Who gave the text out, in words.")
    source_url: Url | None = maybe("Where the text was taken from, where it has an address.")
    other_urls: Joined | None = maybe("Other addresses where the same release stands, joined by |.")
    licence: Line | None = maybe("Licence of the text: an SPDX id or a short name.")
    status: Literal["current", "edited", "withdrawn"] = cell("Whether the text still stands as first seen.")
    revision: int = cell("Number of the text shown here, from 1.", ge=1)
    newer_refused: bool = cell("Whether a newer document was refused, so that the last good one stands in.")
    note: Text | None = maybe("A steward's remark.")


class RevisionRow(Row):
    """A text of a release as it was seen on a day."""

    key = ("release_id", "revision")
    references: ClassVar = {"release_id": ("releases", "release_id")}

    release_id: Slug = cell("The release.")
    revision: int = cell("Number of the text, from 1 in the order seen.", ge=1)
    seen_on: Day = cell("Day of the run that first received this text.")
    change: Literal["first", "edited", "withdrawn", "restored"] = cell("What set this text apart from the one before.")
    text_sha256: Sha256 = cell("SHA-256 of the body in UTF-8.")
    body: Text = cell("The text.")


class EntityRow(Row):
    """Anything with a name: the registry of people, organizations and places."""

    key = ("entity_id",)

    entity_id: Slug = cell("Stable id of the entity, a slug.")
    type: EntityType = cell("Which of the three tables tells more.")
    name: Line = cell("Name by which the entity is known.")


class PersonRow(Row):
    """A person."""

    key = ("person_id",)
    references: ClassVar = {"person_id": ("entities", "entity_id")}

    person_id: Slug = cell("The entity.")
    name: Line = cell("Name by which it is known.")
    other_names: Joined | None = maybe("Other names, joined by |.")
    note: Text | None = maybe("A steward's remark.")


class OrganizationRow(Row):
    """An organization, or a programme that acts like one."""

    key = ("organization_id",)
    references: ClassVar = {
        "organization_id": ("entities", "entity_id"),
        "parent_id": ("organizations", "organization_id"),
    }

    organization_id: Slug = cell("The entity.")
    name: Line = cell("Name by which it is known.")
    other_names: Joined | None = maybe("Other names, joined by |.")
    classification: Line | None = maybe("What sort of organization: ministry, agency, programme …", evidence="coded")
    country_code: Country | None = maybe("Country it belongs to, ISO 3166-1 alpha-2.", evidence="coded")
    parent_id: Slug | None = maybe("Organization that it is a part of.")
    acronym: Line | None = maybe("Its short form.")
    note: Text | None = maybe("A steward's remark.")


class PlaceRow(Row):
    """A place: a country, a city, a facility."""

    key = ("place_id",)
    references: ClassVar = {"place_id": ("entities", "entity_id"), "parent_id": ("places", "place_id")}

    place_id: Slug = cell("The entity.")
    name: Line = cell("Name by which it is known.")
    other_names: Joined | None = maybe("Other names, joined by |.")
    classification: Line | None = maybe("What sort of place: country, city, facility …", evidence="coded")
    country_code: Country | None = maybe("Country it lies in, ISO 3166-1 alpha-2.", evidence="coded")
    parent_id: Slug | None = maybe("Place that it lies in.")
    acronym: Line | None = maybe("Its short form.")
    note: Text | None = maybe("A steward's remark.")


class MentionRow(Row):
    """A name that stands in a text."""

    key = ("release_id", "start")
    references: ClassVar = {"release_id": ("releases", "release_id"), "entity_id": ("entities", "entity_id")}
    ordered = (("start", "end"),)

    release_id: Slug = cell("The release.")
    start: Offset = cell("Where the name begins in the body, in code points from 0.")
    end: Offset = cell("Where it ends, exclusive.")
    name: Text = cell("The name as it stands in the text.", evidence="verbatim")
    entity_id: Slug = cell("The entity that is named.")


class FactIndexRow(Row):
    """The registry of the six kinds of fact."""

    key = ("fact_id",)
    references: ClassVar = {"release_id": ("releases", "release_id")}

    fact_id: FactId = cell("Stable id of the fact: the release's id, a slash, the fact's own.")
    type: FactType = cell("Which of the six tables has the fact.")
    release_id: Slug = cell("The release that states it.")


class FactRow(Row):
    """What the six tables of facts share."""

    key = ("fact_id",)
    references: ClassVar = {"fact_id": ("facts", "fact_id"), "release_id": ("releases", "release_id")}

    fact_id: FactId = cell("The fact.")
    release_id: Slug = cell("The release that states it.")


class Evidenced(Model):
    """How a fact answers for itself; the last fields of each of the six tables."""

    participant_names: Joined | None = maybe("Names of those who take part, for reading, joined by |.")
    evidence: Text = cell("The words of the release that state the fact: the span that covers all others.")
    evidence_start: Offset = cell("Where those words begin in the body, in code points from 0.")
    evidence_end: Offset = cell("Where they end, exclusive.")
    origin: Slug = cell("Who structured the fact: source, steward, or the name of an extractor.")
    review: Review = cell("Whether a person has looked at it.")
    note: Text | None = maybe("A steward's remark.")


EVIDENCE_ORDER = ("evidence_start", "evidence_end")


class RoleFields(Model):
    """A person in a post, as the release says it."""

    person_id: Slug = cell("The person.")
    title: Line = cell("The title as the release gives it.", evidence="verbatim")
    organization_id: Slug | None = maybe("The organization, where the text says it.")
    country_code: Country | None = maybe("The country, where the text says it, ISO 3166-1 alpha-2.", evidence="coded")


class RoleRow(Evidenced, RoleFields, FactRow):
    """A person in a post, as the release says it."""

    references: ClassVar = FactRow.references | {
        "person_id": ("people", "person_id"),
        "organization_id": ("organizations", "organization_id"),
    }
    ordered = (EVIDENCE_ORDER,)


class MeetingFields(Model):
    """One encounter as the text tells it: a meeting, visit, call or ceremony."""

    kind: MeetingKind = cell("What sort of encounter.", evidence="coded")
    status: MeetingStatus = cell("Whether it took place, is planned, or is only referred to.", evidence="coded")
    start_on: Day | None = maybe("First day.", evidence="parsed:day")
    end_on: Day | None = maybe("Last day.", evidence="parsed:day")
    place_id: Slug | None = maybe("Where it took place.")


class MeetingLinks(Model):
    """What a meeting hangs together with."""

    parent_id: FactId | None = maybe("The trip or conference that it is a part of.")
    agreement_id: FactId | None = maybe("The agreement that was signed there.")
    topics: Joined | None = maybe("What was spoken of, joined by |.", evidence="coded")


class MeetingRow(Evidenced, MeetingLinks, MeetingFields, FactRow):
    """One encounter as the text tells it: a meeting, visit, call or ceremony."""

    references: ClassVar = FactRow.references | {
        "place_id": ("places", "place_id"),
        "parent_id": ("meetings", "fact_id"),
        "agreement_id": ("agreements", "fact_id"),
    }
    ordered = (("start_on", "end_on"), EVIDENCE_ORDER)


class AgreementFields(Model):
    """A letter of intent, memorandum or treaty."""

    title: Line = cell("Its title in the text's words.", evidence="verbatim")
    kind: AgreementKind = cell("What sort of agreement.", evidence="coded")
    status: AgreementStatus = cell("How far it has come.", evidence="coded")
    signed_start: Day | None = maybe("First day on which it may have been signed.", evidence="parsed:day")
    signed_end: Day | None = maybe("Last such day.", evidence="parsed:day")
    purpose: Text | None = maybe("What it is for, in the text's words.", evidence="verbatim")


class AgreementRow(Evidenced, AgreementFields, FactRow):
    """A letter of intent, memorandum or treaty."""

    ordered = (("signed_start", "signed_end"), EVIDENCE_ORDER)


class CommitmentFields(Model):
    """Something promised or given."""

    action: Line = cell("What is to be done, in short.", evidence="coded")
    item: Line | None = maybe("The thing, in the text's words.", evidence="verbatim")
    quantity: Quantity | None = maybe("How many or how much.", evidence="parsed:quantity")
    quantity_text: Line | None = maybe("The words for the quantity.", evidence="verbatim")
    unit: Line | None = maybe("What is counted; the words themselves where it has a span.", evidence="worded")
    qualifier: Line | None = maybe("A word that bends the quantity, as up to or more than.", evidence="verbatim")
    due_text: Line | None = maybe("The words for the deadline.", evidence="verbatim")
    due_start: Day | None = maybe("First day of the deadline.", evidence="parsed:due")
    due_end: Day | None = maybe("Last day of the deadline.", evidence="parsed:due")
    strength: Strength = cell(
        "concrete: a quantity or a named thing, promised or given; plan; policy: a will to go on.", evidence="coded"
    )
    status: CommitmentStatus | None = maybe("What the text says of its being kept.", evidence="coded")


class CommitmentRow(Evidenced, CommitmentFields, FactRow):
    """Something promised or given."""

    ordered = (("due_start", "due_end"), EVIDENCE_ORDER)


class QuoteFields(Model):
    """A quotation."""

    text: Text = cell("The words quoted; its parts joined by one blank.", evidence="verbatim")
    attribution: Line | None = maybe("The words that say whose it is.", evidence="verbatim")


class QuoteRow(Evidenced, QuoteFields, FactRow):
    """A quotation."""

    ordered = (EVIDENCE_ORDER,)


class StatementFields(Model):
    """A thing said or done that is none of the other facts."""

    verb: Line = cell("What is said or done, as a verb in its plain form.", evidence="coded")
    text: Text = cell("The words that say it.", evidence="verbatim")


class StatementRow(Evidenced, StatementFields, FactRow):
    """A thing said or done that is none of the other facts."""

    ordered = (EVIDENCE_ORDER,)


class ParticipantRow(Row):
    """One who takes part in a fact."""

    key = ("fact_id", "role", "position")
    references: ClassVar = {"fact_id": ("facts", "fact_id"), "entity_id": ("entities", "entity_id")}

    fact_id: FactId = cell("The fact.")
    role: ParticipantRole = cell("As what.", evidence="coded")
    position: int = cell("Place among those of the same role, from 1, in the order of the text.", ge=1)
    entity_id: Slug | None = maybe("Who it is, where it has a name.")
    text: Text | None = maybe("The words for those who have no name.", evidence="verbatim")

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        somebody(self.entity_id, self.text)
        return self


class SpanRow(Row):
    """The words behind one field of a fact."""

    key = ("fact_id", "field", "part")
    references: ClassVar = {"fact_id": ("facts", "fact_id")}
    ordered = (("start", "end"),)

    fact_id: FactId = cell("The fact.")
    field: Item = cell("The field of the fact; `evidence` for the sentence that states it.")
    part: int = cell("Number of the part, from 1 in the order of the text.", ge=1)
    start: Offset = cell("Where the words begin in the body, in code points from 0.")
    end: Offset = cell("Where they end, exclusive.")
    text: Text = cell("The words.", evidence="verbatim")


class CoverageRow(Row):
    """How whole the account is: what a source named of a month, and each release of it that is missing, with why."""

    key = ("source", "month", "entry")

    source: Slug = cell("Short name of the source in the dataset's file.")
    month: Month = cell("Month of publication, YYYY-MM; undated where nothing states it.")
    entry: Line = cell("all for the month as a whole; else the address, or file and line, of one that is missing.")
    listed: int | None = maybe("Of the whole month: releases that the source has named so far.", ge=0)
    ingested: int | None = maybe("Of these, the releases that are in this package.", ge=0)
    missing: int | None = maybe("Of these, the releases that are not; each has a row of its own.", ge=0)
    rule: Line | None = maybe("Of one that is missing: the rule that keeps it out.")
    why: Text | None = maybe("Of one that is missing: why.")


def somebody(entity_id: str | None, text: str | None) -> None:
    """Raise unless just one of the two says who takes part."""
    if (entity_id is None) == (text is None):
        raise PydanticCustomError("somebody", "give either entity_id or text")


TABLES: dict[str, type[Row]] = {
    "releases": ReleaseRow,
    "revisions": RevisionRow,
    "entities": EntityRow,
    "people": PersonRow,
    "organizations": OrganizationRow,
    "places": PlaceRow,
    "mentions": MentionRow,
    "facts": FactIndexRow,
    "roles": RoleRow,
    "meetings": MeetingRow,
    "agreements": AgreementRow,
    "commitments": CommitmentRow,
    "quotes": QuoteRow,
    "statements": StatementRow,
    "participants": ParticipantRow,
    "spans": SpanRow,
    "coverage": CoverageRow,
}
"""Every table of a package, in the order in which a reader meets them."""

FACT_TABLES: dict[str, str] = {
    "role": "roles",
    "meeting": "meetings",
    "agreement": "agreements",
    "commitment": "commitments",
    "quote": "quotes",
    "statement": "statements",
}
"""The table of each type of fact."""

ENTITY_TABLES: dict[str, str] = {"person": "people", "organization": "organizations", "place": "places"}
"""The table of each type of entity."""
