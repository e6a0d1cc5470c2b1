"""What a row says beside its title, field by field, in the words of people."""

import re

from flows.site import told
from flows.site.model import Edition

CELL = 120
"""Letters of a value."""
WORDS = {"newer_refused": "a newer text was refused", "modified_at": "changed at the source on", "body": "text"}
"""Fields whose names do not say what they are."""
BESIDE = {
    *("fact_id", "release_id", "headline", "participant_names", "origin", "review"),
    *("evidence_start", "evidence_end", "text_sha256", "word_count"),
}
"""Fields that the heading of a row, other rows of it, or its words tell."""
TITLED = ("action", "title", "text", "name")
"""Fields that the title of a row may be."""
LISTS = ("topics", "other_names", "other_urls")
INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?Z")


def says(edition: Edition, table: str, key: tuple[str, ...], title: str) -> list[tuple[str, str]]:
    """Return the fields of a row and their values, without its key and what its title says; nothing of no row."""
    row = edition.keyed(table).get(key, {})
    beside = {*BESIDE, *(edition.schemas[table]["primaryKey"] if row else ())}
    beside |= {name for name in TITLED if row.get(name, "").casefold() in title.casefold()}
    beside |= {name for name, value in row.items() if value == title}
    return [(called(name), _value(edition, name, value)) for name, value in row.items() if value and name not in beside]


def called(field: str) -> str:
    """Return what people call a field."""
    return WORDS.get(field, field.removesuffix("_id").replace("_", " "))


def _value(edition: Edition, field: str, value: str) -> str:
    if field.endswith("_id") and value in edition.entities:
        return edition.entities[value].name
    return told.clip(value.replace("|", ", ") if field in LISTS else plain(value), CELL)


def plain(value: str) -> str:
    """Return a value in the words of people: yes and no, days and instants."""
    if value in {"true", "false"}:
        return "yes" if value == "true" else "no"
    instant = INSTANT.fullmatch(value)
    if instant:
        return f"{told.day(instant[1])}, {instant[2]} UTC"
    return told.day(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else value
