"""The rules of tables, as the table engine tells them: what each asks, in plain words, and the smallest file that breaks it.

The first part of an id is the layer; what frictionless calls an error is named beside it.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple


class TableRule(NamedTuple):
    """A thing that must hold for a table."""

    id: str
    error: str
    """What frictionless calls it."""
    reason: str
    hint: str
    words: str
    """What it means, for who has never read a schema."""
    schema: dict[str, Any]
    """The smallest schema that asks for it."""
    data: str
    """The smallest file that breaks it."""
    more: Mapping[str, Any] = MappingProxyType({})
    """What else the smallest description says of the file, beside its schema."""
    beyond: bool = False
    """Whether frictionless does not ask it, or dies of it."""
    whole: Mapping[str, Any] = MappingProxyType({})
    """What the smallest Data Package says that breaks it, beside its one table."""
    unbroken: str = ""
    """Why no file breaks it."""


def _field(kind: str, name: str = "id", **constraints: Any) -> dict[str, Any]:
    return {"name": name, "type": kind} | ({"constraints": constraints} if constraints else {})


def _schema(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"fields": list(fields)} | more


ID = _field("integer")
NAME = _field("string", "name")

SHORT, LONG = "table.missing-cell", "table.extra-cell"
"""The rules that a row breaks that has fewer cells than the header, or more."""
GONE = "Put the file where its description says, or mend the path."

_ALL = (
    TableRule("table.source", "source-error", "A file has a table in it.", "Put a header and rows into the file.", "The file is empty, or is not what its name says, so that no table can be read from it.", _schema(ID), ""),
    TableRule("table.encoding", "encoding-error", "The text of a file is of one encoding.", "Save the file as UTF-8.", "Some letters of the file cannot be read: it was saved in another encoding than it says.", _schema(ID), "id\n\udcff\n"),
    TableRule("table.extra-label", "extra-label", "Every column is a field of the schema.", "Remove the column, or add its field to the schema.", "The file has a column that its description does not know.", _schema(ID), "id,more\n1,2\n"),
    TableRule("table.missing-label", "missing-label", "Every field of the schema is a column.", "Add the column, or take the field out of the schema.", "A column that the description promises is not in the file.", _schema(ID, NAME), "id\n1\n"),
    TableRule("table.blank-label", "blank-label", "Every column has a name.", "Write the name of the field into the header.", "A column has no name in the first row.", _schema(ID, NAME), "id,\n1,a\n"),
    TableRule("table.duplicate-label", "duplicate-label", "A column's name is its own.", "Rename one of the two columns.", "Two columns have the same name.", _schema(ID, NAME), "id,id\n1,a\n"),
    TableRule("table.incorrect-label", "incorrect-label", "A column has the name of its field.", "Rename the column, or put the columns in the order of the schema.", "A column has another name than the description says, or the columns are in another order.", _schema(ID), "no\n1\n"),
    TableRule("table.unmatched-header", "unmatched-header", "A header has at least one field of the schema.", "Write the names of the fields into the header.", "None of the columns is one that the description knows.", _schema(ID, fieldsMatch="partial"), "no\n1\n"),
    TableRule("table.blank-row", "blank-row", "A row has at least one value.", "Remove the empty line.", "A line of the file is empty.", _schema(ID), "id\n1\n\n2\n"),
    TableRule(LONG, "extra-cell", "A row has as many cells as the header.", "Remove the cell, or put the one before it into quotes if it holds the delimiter.", "A line has more cells than there are columns. Often a comma inside a text is not in quotes.", _schema(ID), "id\n1,2\n"),
    TableRule(SHORT, "missing-cell", "A row has as many cells as the header.", "Add what is missing; write nothing between two delimiters where there is no value.", "A line ends before its last column.", _schema(ID, NAME), "id,name\n1\n"),
    TableRule("table.type", "type-error", "A cell reads as its field's type.", "Write the cell in the form named.", "A value is not of the kind that its column has: a word where a number belongs, or a day written another way.", _schema(ID), "id\none\n"),
    TableRule("table.constraint.required", "constraint-error", "A required cell is filled.", "Fill the cell.", "A value that has to be there is missing.", _schema(ID, _field("string", "name", required=True)), "id,name\n1,\n"),
    TableRule("table.constraint.enum", "constraint-error", "A cell has a value of the list.", "Use a value of the list.", "A value is none of those that the column may have.", _schema(_field("string", "state", enum=["open", "closed"])), "state\najar\n"),
    TableRule("table.constraint.pattern", "constraint-error", "A cell has its field's form.", "Write the cell in the form named.", "A value is not written in the form that the column has.", _schema(_field("string", "code", pattern="[A-Z]{2}")), "code\nxy\n"),
    TableRule("table.constraint.minimum", "constraint-error", "A cell is not below the least value.", "Mend the value.", "A value is too small.", _schema(_field("integer", minimum=1)), "id\n0\n"),
    TableRule("table.constraint.maximum", "constraint-error", "A cell is not above the greatest value.", "Mend the value.", "A value is too large.", _schema(_field("integer", maximum=9)), "id\n10\n"),
    TableRule("table.constraint.minLength", "constraint-error", "A cell is not too short.", "Write the whole of it.", "A text or a list is too short.", _schema(_field("string", "name", minLength=2)), "name\na\n"),
    TableRule("table.constraint.maxLength", "constraint-error", "A cell is not too long.", "Shorten it.", "A text or a list is too long.", _schema(_field("string", "name", maxLength=2)), "name\nabc\n"),
    TableRule("table.unique", "unique-error", "A unique field has each value once.", "Mend one of the two, or remove it.", "A value that may stand only once stands in two rows.", _schema(_field("integer", unique=True)), "id\n1\n1\n"),
    TableRule("table.primary-key", "primary-key", "A key stands once in its table.", "Give each row its own key, or remove one.", "Two rows have the same key, or a row has none; a key is what a row is known by.", _schema(ID, primaryKey=["id"]), "id\n1\n1\n"),
    TableRule("table.foreign-key", "foreign-key", "A reference names a row that is there.", "Add the row that is named, or mend the name.", "A row refers to another that is not there.", _schema(ID, _field("integer", "parent"), foreignKeys=[{"fields": ["parent"], "reference": {"resource": "", "fields": ["id"]}}]), "id,parent\n1,2\n"),
    TableRule("table.hash-count", "hash-count", "A file is the one that was described.", "Fetch the file again, or write its new hash into the description.", "The file is not the one that was described: something in it was changed.", _schema(ID), "id\n1\n", {"hash": "md5:d41d8cd98f00b204e9800998ecf8427e"}),
    TableRule("table.byte-count", "byte-count", "A file has as many bytes as its description says.", "Fetch the file again, or write its new size into the description.", "The file is longer or shorter than its description says: it may be cut off.", _schema(ID), "id\n1\n", {"bytes": 9}),
    TableRule("table.field-count", "field-count", "A schema has as many fields as its description says.", "Mend the number of fields in the description.", "The description counts the columns wrongly.", _schema(ID), "id\n1\n", {"fields": 2}),
    TableRule("table.row-count", "row-count", "A table has as many rows as its description says.", "Look which rows are missing or too many, or write their new number into the description.", "The file has more or fewer lines than its description says: it may be cut off.", _schema(ID), "id\n1\n", {"rows": 2}),
    TableRule("table.field", "field-error", "A field of a schema is as the standard has it.", "Mend the field in the schema: its type, its format or its constraints.", "The description of a column has a word that no program knows, such as a type that is none.", _schema(_field("integr")), "id\n1\n"),
    TableRule("table.schema", "schema-error", "A schema is as the standard has it.", "Mend the schema: its keys name fields that are there, and each field has a name of its own.", "The description of the columns does not hold together, so that the table cannot be looked at.", _schema(ID, primaryKey=["no"]), "id\n1\n"),
    TableRule("table.resource", "resource-error", "The description of a file is as the standard has it.", "Mend the property that the message names.", "What is said of the file, such as its size, is written in a way that no program knows.", _schema(ID), "id\n1\n", {"bytes": "x"}),
    TableRule("table.dialect", "dialect-error", "The description of how a file is written is as the standard has it.", "Mend the property of the dialect that the message names.", "How the file separates its columns and rows is described in a way that no program knows.", _schema(ID), "id\n1\n", {"dialect": {"headerRows": "x"}}),
    TableRule("table.control", "control-error", "The settings of a format are as the standard has them.", "Mend the setting of the dialect that the message names.", "How the file is written, such as the letter between its columns, is described in a way that no program knows.", _schema(ID), "id\n1\n", {"dialect": {"csv": {"delimiter": 5}}}),
    TableRule("table.package", "package-error", "The description of a Data Package is as the standard has it.", "Mend the property that the message names.", "What is said of all the tables together is written in a way that no program knows, so that none of them can be looked at.", _schema(ID), "id\n1\n", whole={"created": 5}),
    TableRule("table.metadata", "metadata-error", "What a description refers to can be read.", "Put the file that is referred to where the description says, or take the reference out.", "The description refers to another file, such as a profile, that is not there.", _schema(ID), "id\n1\n", {"profile": "none.json"}),
    TableRule("table.scheme", "scheme-error", "A file lies where its description says.", GONE, "The file is not where its description says, or nobody knows how to get there.", _schema(ID), "id\n1\n", {"path": "none.csv"}),
    TableRule("table.format", "format-error", "The format of a table is one that can be read.", "Save the table as CSV, or mend the format in the description.", "The file is of a kind that cannot be read as a table.", _schema(ID), "id\n1\n", {"type": "table", "format": "csvv"}),
    TableRule("table.compression", "compression-error", "A file is compressed as its name or its description says.", "Compress the file anew as gz or zip, or take the compression out of its name and its description.", "The file should be packed to be smaller, but cannot be unpacked.", _schema(ID), "id\n1\n", {"compression": "gz"}),
    TableRule("table.error", "error", "Frictionless can judge a table.", "Do what the message says: add to the description, or install what is missing.", "Something is missing that is needed to read the table, or Frictionless ends before it has an answer, for a description that it does not expect.", _schema(ID), "id\n1\n", {"type": "table", "path": "table.sql"}),
    TableRule("table.reference", "", "Frictionless says of a table what is said here.", "Report it: one of the two is wrong.", "Two programs that should say the same of this table do not.", {}, "", unbroken="Asked with `--reference` alone. No file is known that breaks it: one that does has found a defect, of Communiqué or of Frictionless."),
    TableRule("table.unique-key", "primary-key", "Each unique key stands once.", "Mend one of the two rows, or remove it.", "Some columns together tell a row from every other, and here two rows have the same in all of them.", _schema(ID, NAME, uniqueKeys=[["name"]]), "id,name\n1,a\n2,a\n", beyond=True),
    TableRule("table.categories", "constraint-error", "A cell is one of the categories of its field.", "Use one of the categories, or add this one to the schema.", "A value is none of the kinds that the column sorts things into.", _schema({"name": "state", "type": "string", "categories": ["open", "closed"]}), "state\najar\n", beyond=True),
    TableRule("table.constraint.jsonSchema", "constraint-error", "A cell of JSON is as its JSON Schema says.", "Mend the part of the JSON that the message names.", "A value that is itself a small document has not the parts that it should have.", _schema(_field("object", "about", jsonSchema={"required": ["a"]})), "about\n{}\n", beyond=True),
    TableRule("table.constraint-refused", "schema-error", "A constraint is one that can be judged.", "Mend the constraint in the schema: write the bound as the type is written, or the pattern more simply.", "The description asks for something that cannot be looked at: a limit that is no value of the column, or a pattern that cannot be run.", _schema(_field("string", "code", pattern="(?=A)A")), "code\nA\n", beyond=True),
    TableRule("table.cell-error", "constraint-error", "A cell can be held against its constraint.", "Mend the cell, or what its constraints ask of it.", "A value cannot be compared with what the description asks of it, as a moment with a time zone and one without.", _schema(_field("datetime", "at", minimum="2020-01-01T00:00:00")), "at\n2021-01-01T00:00:00Z\n", beyond=True),
)  # fmt: skip

FORMAT = "Save the table anew in the format that the name of the file says."
CAUSES: dict[str, dict[str, str]] = {
    "table.source": {
        "No such file": GONE,
        "^it is no (Parquet file|workbook)": FORMAT,
        "is read from one file": "Unpack it, put its parts into one file, or save it as CSV.",
        "^its cells reach to": "Delete what stands far from the table, or save the table as CSV.",
        r"^line \d+ is no": "Write one JSON object into each line.",
        "^https?://": "See that the address leads to the file, and that anybody may have it.",
        "^it has no sheet": 'Name one of its sheets in the dialect as "sheetName", or its number, from 1, as "sheetNumber".',
        "^its merged cells reach": "Take fillMergedCells out of the dialect, or merge fewer cells.",
        "^it cannot be read": "See that the file can be read.",
        "^a value of its column": "Save the column so that Python can read it: within the years 1 to 9999, in a known time zone, as UTF-8.",
        '"(delimiter|quotechar|escapechar)" must be': "Write one letter into the dialect of the description.",
    },
    "table.scheme": {"^scheme .* is not supported|^No connection adapters": "Write a path, or an address of http or https."},
    "table.resource": {
        "^package is required for foreign keys": "Describe the table and those that it refers to in a datapackage.json, and name that without --schema.",
    },
    "table.package": {"'resources' is a required": "Write the tables into a list that is called resources."},
    "table.field": {
        "field type .* is not supported": "Write one of the types any, array, boolean, date, datetime, duration, geojson, geopoint, integer, list, number, object, string, time, year, yearmonth.",
        "'name' is a required": "Give the field a name: that of its column.",
    },
    "table.schema": {
        "UTF-8 BOM": "Save the file as UTF-8 without a byte order mark.",
        r'^cannot retrieve metadata ".*\.yml"': "Give a file of YAML the ending .yaml, here and in the description that names it.",
    },
    "table.encoding": {"^unknown encoding": "Write an encoding that is known into the description, as utf-8."},
    "table.constraint-refused": {
        "^foreignKeys": "Mend the description of the other resource; what is wrong with it is told of itself.",
        "^uniqueKeys": "Name fields of the table in each unique key.",
        "it refers to .* which is not in it": "Write what the JSON Schema refers to into it; nothing is fetched.",
    },
    "table.dialect": {"is not known here, and": "Take the property out of the dialect, or save the table as CSV as it is meant to be read."},
    "table.cell-error": {
        "offset-naive": "Write the cell and the bound in one way: both with a time zone, or both without.",
    },
}  # fmt: skip
"""By rule, how to mend an error whose note says more of its cause; the hint of the rule is for all others."""

TABLE_RULES = {rule.id: rule for rule in _ALL}
"""Every rule that has a page, by id."""
OTHER = TableRule(
    "table.other",
    "error",
    "A description can be read, and what it describes can be opened.",
    "Mend the description of the table: its resource, its schema or its dialect.",
    "The description of the table is not as the standard has it, so that the table cannot be looked at.",
    {},
    "",
)
CONSTRAINT = re.compile(r'constraint "(\w+)"')
SAME = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


@lru_cache(4096)
def _constraint(note: str) -> str | None:
    """Return the id of the rule behind a note about a constraint."""
    found = CONSTRAINT.search(note)
    return f"table.constraint.{SAME.get(found[1], found[1])}" if found else None


def rule_id(error: str, note: str) -> str:
    """Return the id of the rule behind an error as frictionless calls it, with its note."""
    constraint = _constraint(note) if error == "constraint-error" else None
    return constraint or f"table.{error.removesuffix('-error')}"


def hint_of(identity: str, note: str) -> str:
    """Return how to mend an error of a rule, as its note tells the cause."""
    fitting = (hint for cause, hint in CAUSES.get(identity, {}).items() if re.search(cause, note))
    return next(fitting, rule_of(identity).hint)


def rule_of(identity: str) -> TableRule:
    """Return the rule of an id; one without a page is told as such."""
    return TABLE_RULES.get(identity, OTHER._replace(id=identity))
