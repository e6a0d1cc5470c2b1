"""The rules: each with its stable id, its severity, why it exists and how to mend what breaks it.

The rules of the suites are data in `expectations/`; their ids are `suite.<table>.<id>`.
"""

from typing import Any, NamedTuple, cast

from pydantic import BaseModel, ValidationError

from schemas.report import Layer, Problem, Provenance, Record, Severity, shown
from schemas.wording import wording

DEPENDANT = "quarantine.dependant"
"""The rule of rows that are kept back for another's sake alone."""


class Rule(NamedTuple):
    """A thing that must hold."""

    id: str
    severity: Severity
    reason: str
    hint: str

    @property
    def layer(self) -> Layer:
        """The layer that asks for it: the first word of the id."""
        return cast("Layer", self.id.split(".", 1)[0])


def _rules(*rules: tuple[str, Severity, str, str]) -> dict[str, Rule]:
    return {rule[0]: Rule(*rule) for rule in rules}


RULES = _rules(
    ("input.size", "error", "A file stays within the limits of the guard.", "Split the file, or raise the limit."),
    ("input.link", "error", "A file lies inside the data folder.", "Put the file itself there, not a link."),
    ("input.compression", "error", "A .gz file is whole gzip.", "Fetch or compress the file again."),
    ("input.encoding", "error", "Text is UTF-8.", "Save the file as UTF-8."),
    ("input.json", "error", "A document is JSON as RFC 8259 has it.", "Mend the syntax at the place named."),
    ("input.duplicate-key", "error", "An object names each key once.", "Remove or rename one of the two."),
    ("input.number", "error", "Numbers are finite.", "Write null where there is no number."),
    ("input.surrogate", "error", "Text is whole Unicode: no lone surrogate.", "Write the character itself."),
    ("input.shape", "error", "A release document is a JSON object.", "Give one object a release, or one a line."),
    ("input.kind", "warning", "Every file of a source is of a kind that is read.", "Remove the file, or begin its name with a dot."),
    ("input.empty", "warning", "A source holds at least one release.", "Remove the file, or put a release in it."),
    ("input.address", "error", "An address is of a host that the dataset names, and public.", "Name the host in `hosts` of the source; `private` for addresses of one's own network."),
    ("input.unreached", "error", "What a listing names can be fetched.", "Look at the address; it is asked again on every run."),
    ("input.unfinished", "warning", "A listing is read to its end.", "The next run goes on where it was left; raise `most` of the source to read more in one."),
    ("input.total", "warning", "A listing names as many releases as its source says that it has.", "Ask for less in one source, as a year: some listings end at a limit; one that changed while it was read is right on the next run."),
    ("input.robots", "error", "A page is asked only where robots.txt lets us.", "Ask the site's owner, or ignore the address."),
    ("input.xml", "error", "XML is well-formed, without document type or entities.", "Tell the source; its answer is kept in data/raw."),
    ("input.format", "error", "A source answers in the format of its kind.", "Look at the answer, or mend `kind` of the source."),
    ("input.redirect", "error", "The address of a release leads to its page: not to log in, not home, not where others lead.", "Look where it leads; it is asked again on every run."),
    ("input.page", "error", "A page has the text of its release.", "Mend the selectors of the source's page."),
    ("input.table", "error", "A row has nothing beyond its header, and each column a name.", "Mend the row or the header."),
    ("input.sidecar", "error", "A text x.txt has its x.json beside it, without a body.", "Add the other half."),
    ("input.mojibake", "warning", "A text is read in the encoding that it was written in.", "Have the source mend its encoding, or fetch the bytes anew; those received are in data/raw."),
    ("input.lost-characters", "warning", "A text has all its letters.", "Look at the source: where question marks or nothing stand for letters and apostrophes, ask for the text again."),
    ("input.cut-off", "warning", "A text is whole.", "Look at the source: where more follows, take the text of its page."),
    ("input.untaken", "warning", "What a source tells is taken by its map, or ignored by name.", "Take the field in [sources.map], or add it to `ignore` there."),
    ("input.described", "warning", "A dataset has title, description, licence, source and contact, as the catalog asks of those that it lists.", "Fill it in, in the dataset's file."),
    ("input.told-twice", "warning", "A release that is told twice is told the same way.", "Look at both, and mend or leave out the one that is wrong."),
    ("input.taken-down", "warning", "What comes with the address of a release that was taken down has its text.", "If it is another release, have its own address stand in the source; it is published then."),
    ("record.unknown-field", "error", "Every value is taken, or ignored by name.", "Mend the name, or add it to [ignore] in the dataset's file."),
    ("record.required", "error", "What must be known is given.", "Give the field a value."),
    ("record.type", "error", "A value is of its field's type.", "Write the value in the form named."),
    ("record.enum", "error", "A coded value is one of the list.", "Use a value of the list."),
    ("record.pattern", "error", "A value has its field's form.", "Write the value in the form named."),
    ("record.minimum", "error", "A number is not below its least value.", "Mend the number."),
    ("record.maximum", "error", "A number is not above its greatest value.", "Mend the number."),
    ("record.min-length", "error", "A text is not empty: what is not known is null.", "Write null, or the text."),
    ("record.max-length", "error", "A value is not longer than its field allows.", "Shorten the value."),
    ("record.order", "error", "An end does not come before its start, nor without it.", "Mend the one that is wrong."),
    ("record.somebody", "error", "A participant is an entity or words, not both.", "Give either entity_id or text."),
    ("record.duplicate", "error", "An id is given once.", "Give each its own id, or remove one; of two sources that share ids, one has a `prefix` in its map."),
    ("record.cycle", "error", "A row is not its own parent, nor its parent's.", "Mend the parent."),
    ("record.conflict", "error", "An entity is told the same way in every release.", "Make the two agree, or give them two ids."),
    ("evidence.missing", "error", "A fact has words that state it.", "Add a span."),
    ("evidence.offset", "error", "A span lies inside its text.", "Count again in code points, the end exclusive."),
    ("evidence.words", "error", "The text has the span's words at its place.", "Count again where the words stand, or copy them from the text."),
    ("evidence.field", "error", "A span is behind a field that the fact has and fills.", "Name a field of the fact, or fill it."),
    ("evidence.cover", "error", "The evidence covers every span of its fact.", "Widen the evidence."),
    ("evidence.verbatim", "error", "A verbatim field is words of the release.", "Use the words of the release."),
    ("evidence.quantity", "error", "A quantity is what its words say.", "Write the number that the words say, or null."),
    ("evidence.due", "error", "A deadline is what its words say.", "Write the days that the words say, or null."),
    ("evidence.day", "error", "A day is what the evidence or the release says.", "Write the days that the text says, or null."),
    ("evidence.named", "warning", "Who takes part in a fact is named by its release.", "Name another entity, or add a mention with the words that name it."),
    ("evidence.text-changed", "warning", "Offsets were counted in the text that is published.", "Look at the spans, then renew text_sha256."),
    ("table.type", "error", "A cell reads as its field's type.", "Write the cell in the form named."),
    ("table.constraint.required", "error", "A required cell is filled.", "Fill the cell."),
    ("table.constraint.enum", "error", "A cell has a value of the list.", "Use a value of the list."),
    ("table.constraint.pattern", "error", "A cell has its field's form.", "Write the cell in the form named."),
    ("table.constraint.minimum", "error", "A cell is not below the least value.", "Mend the number."),
    ("table.constraint.maximum", "error", "A cell is not above the greatest value.", "Mend the number."),
    ("table.constraint.minLength", "error", "A cell is not too short.", "Fill the cell."),
    ("table.constraint.maxLength", "error", "A cell is not too long.", "Shorten the cell."),
    ("table.primary-key", "error", "A key stands once in its table.", "Give each row its own key, or remove one."),
    ("table.foreign-key", "error", "A reference names a row that is there.", "Add the row that is named, or mend the name."),
    ("table.reference", "critical", "Frictionless says of a row what the table engine says; asked over a sample, or over all with `--reference`.", "Report it: one of the two is wrong."),
    (DEPENDANT, "error", "A row whose parent is refused is kept back with it.", "Mend the parent."),
    ("quarantine.stands-in", "warning", "The newest document of a release is the one that is published.", "Mend the newer document."),
    ("quarantine.share", "critical", "Not more rows are refused than the dataset allows.", "Mend the source, or look at the rows and raise [gate] max_refused_share."),
)  # fmt: skip
"""Every rule that is not a suite's, by id."""


DOCUMENT_FIELD = {
    "release_id": "id",
    "issuer_id": "issuer",
    "source_name": "source",
    "source_url": "source",
    "other_urls": "source",
}
"""Fields of the table of releases that have another name in a document."""


def problem(  # noqa: PLR0913 - a problem has as many parts
    rule: str,
    message: str,
    *,
    record: Record | None = None,
    table: str | None = None,
    key: str | None = None,
    field: str | None = None,
    value: Any = None,
    source: Provenance | None = None,
    row: int | None = None,
) -> Problem:
    """Return the problem that `rule` is broken, with the rule's severity and hint; `record` gives table, key, place."""
    known = RULES[rule]
    source = source or (record.source if record else None)
    if record and field and source and record.table == "releases" and source.pointer is None:
        source = source.at(DOCUMENT_FIELD.get(field, field))
    return Problem(
        rule=rule,
        layer=known.layer,
        severity=known.severity,
        table=record.table if record else table,
        row=row,
        key=record.key if record else key,
        field=field,
        value=shown(value),
        message=message,
        hint=known.hint,
        source=source,
    )


PYDANTIC_RULES = {
    "extra_forbidden": "record.unknown-field",
    "missing": "record.required",
    "literal_error": "record.enum",
    "string_pattern_mismatch": "record.pattern",
    "greater_than_equal": "record.minimum",
    "less_than_equal": "record.maximum",
    "string_too_short": "record.min-length",
    "too_short": "record.required",
    "string_too_long": "record.max-length",
    "decimal_max_digits": "record.maximum",
    "decimal_max_places": "record.maximum",
    "decimal_whole_digits": "record.maximum",
    "order": "record.order",
    "somebody": "record.somebody",
}
"""The rule behind each error type of Pydantic; a type that is not here is a wrong type."""


class Fault(NamedTuple):
    """A rule that a value broke, as Pydantic found it."""

    rule: str
    path: tuple[str | int, ...]
    value: Any
    message: str


def faults(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """Return what `error` holds of `model` as rules, each with the path to the value from the model's root."""
    return [_fault(detail, wording(detail, model)) for detail in error.errors(include_url=False)]


def _fault(detail: Any, message: str) -> Fault:
    rule = PYDANTIC_RULES.get(detail["type"], "record.type")
    path, value = tuple(detail["loc"]), detail["input"]
    context = detail.get("ctx") or {}
    if rule == "record.order":
        path = (*path, context["end"])
        value = _written(
            getattr(value, context["end"], None) if not isinstance(value, dict) else value.get(context["end"])
        )
    elif rule == "record.somebody":
        path = (*path, "entity_id")
        value = None
    elif rule == "record.required":
        value = None
    elif rule in ("record.type", "record.enum") and not isinstance(value, str):
        rule = "record.required" if value is None else "record.type"
    return Fault(rule, path, value, message)


def _written(value: Any) -> str | None:
    return None if value is None else str(value)
