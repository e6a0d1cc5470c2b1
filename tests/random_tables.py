"""Random schemas and tables for the engine, good, bad and odd, and frictionless's own answer to hold ours against.

Everything is drawn from one `random.Random`, so that a seed names a table; Hypothesis can hand in one that it shrinks.
"""

import csv
import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from flows.validate.engine import delimited, reference, results, run
from flows.validate.engine.faults import Fault

Told = list[tuple[int | None, list[str] | None, Fault]]


class Case(NamedTuple):
    """A table to be judged: its bytes, and the rest of its descriptor."""

    data: bytes
    descriptor: dict[str, Any]
    block: int
    """Bytes that the engine reads at once."""


TEXTS = ["", " ", "a", "ab", "abc", "é", "日本", "x y", "a,b", 'q"q', "l\nl", "r\r\nr", "\t", "-", "NA", "n/a", "null", "None", "'", "#c", "ä" * 9, "\u2028", "\x1c", "\U0001f600", "e\u0301", "\x85", " pad ", "=1", "\\", "a;b", "a|b", "ab\n", "\ufeff", "0", "AB-123", "ab-123", "AB-12٣", "AB-1234"]  # fmt: skip
INTEGERS = ["0", "1", "-1", "7", "42", "007", "+5", " 5", "5 ", "1_000", "٣", "12345678901234567890", "-9223372036854775808", "9223372036854775807", "9223372036854775808", "0x1F", "1.0", "1e3", "--1", "-", "$5", "5%", "5 EUR", "x", "²", "1,000", "-0", "1 2", "\n5", "99", "100", "3"]  # fmt: skip
NUMBERS = [*INTEGERS, "1.5", "-2.50", ".5", "5.", "1e400", "-1e-400", "1E5", "nan", "NaN", "inf", "-Infinity", "sNaN", "1.2.3", "0.1", "0.10", "0.30000000000000004", "0.3", "1,5", "1.000,5", "1 000,5", "1e-7", "+.5e1", "nan(1)", "99.99999999999999999999", "100.0", "3.0", "3.00"]  # fmt: skip
DATES = ["2020-01-31", "2020-02-30", "2020-02-29", "2021-02-29", "2020-1-1", "2020-01-01 ", "0000-01-01", "0001-01-01", "9999-12-31", "1999-12-31", "2020/01/02", "02.01.2020", "20200102", "31/12/2020", "Jan 5 2020", "2020-13-01", "2020-01", "today", "2020-06-15"]  # fmt: skip
TIMES = ["10:20:30", "24:00:00", "23:59:60", "10:20", "10:20:30Z", "10:20:30.5", "10:20:30+02:00", "1:2:3", "00:00:00", "25:00:00", "10.20.30", "10:20:30 ", "99:00:00"]  # fmt: skip
INSTANTS = ["2020-01-31T10:20:30Z", "2020-01-31T10:20:30", "2020-01-31 10:20:30", "2020-01-31T10:20:30+05:30", "2020-01-31T10:20:30.123Z", "2020-01-31T10:20:30.123456789Z", "2020-02-30T10:20:30Z", "2020-01-31T24:00:00Z", "2020-01-31T10:20:60Z", "2020-01-31", "2020-01-31T10:20Z", "0001-01-01T00:00:00Z", "2020-01-31T10:20:30-00:00", "20200131T102030Z", "31/01/2020 10:20:30", "2020-01-31T10:20:30z", "1999-01-01T00:00:00Z", "2020-01-31T09:20:30Z", "2020-01-31T10:20+01:00"]  # fmt: skip
POOLS: dict[str, list[str]] = {
    "any": TEXTS,
    "array": ["[]", "[1, 2]", '["a"]', "{}", "[1", "null", "[[1],[2]]", '[1, "x"]', "[1,2,3]", " [1]"],
    "boolean": ["true", "false", "True", "FALSE", "1", "0", "yes", "no", "t", "f", "tRUE", "ja", "nein", " true"],
    "date": DATES,
    "datetime": INSTANTS,
    "duration": ["P1Y", "PT1H", "P", "PT", "P1Y2M3DT4H5M6S", "P1W", "-P1D", "P1.5D", "1Y", "P0001-01-01T00:00:00", "P1YT", "P1M1Y", "PT5S", "P99999Y", "p1y"],
    "geojson": ['{"type": "Point", "coordinates": [1, 2]}', '{"type": "Point"}', "{}", "[]", "x"],
    "geopoint": ["1,2", "1, 2", "180,90", "181,0", "-180,-90", "0,91", "1", "a,b", "1,2,3", " 1 , 2 ", "[1, 2]", '["1", "2"]', '{"lon": 1, "lat": 2}', "1.5,-2.25", "179.99,89", "99,89.9", "1e1,2", "nan,1"],
    "integer": INTEGERS,
    "list": ["a,b", "a", "1,2", "1;2", "1,x", ",", "2020-01-01,2020-01-02", "true,false", "a|b", "1.5,2"],
    "number": NUMBERS,
    "object": ["{}", '{"a": 1}', "[]", "{", "1", '{"a": {"b": 2}}', '{"a":1,"b":2}'],
    "string": TEXTS,
    "time": TIMES,
    "year": ["2020", "0000", "999", "10000", "-123", "+123", " 123", "1_23", "x", "1999", "٢٠٢٠", "0x1F", "2021"],
    "yearmonth": ["2020-01", "2020-1", "2020-13", "2020-00", "2020", "-2020-01", "2020-01-01", "1_0-02", "1999-12", " 2020-01", "2020 - 1"],
}  # fmt: skip
STRING_POOLS = {
    "email": ["first_name.last+tag@mail.example.org", "u1@ab-c.info", "a@b.co", "first.last@sub.example.org", "a@b", "@b.co", "a b@c.de", "é@b.co", "a@b.c", "x+y@z-w.io", "a@-b.co", "a..b@c.de", '"q"@b.co', "a@xn--p1ai.co", "A@B.CO", "a@b.co\n", "a@b_c.de", "a@1.2.3.4", f"{'a' * 70}@b.co"],
    "uri": ["https://a.b/c", "http://www.x", "http://x", "mailto:a@b", "no", "//x/y", "a:", ":", "1a:b", "https://[::1]/", "https://a b", "ftp://x?y#z", "http://[", "a://", "http:///x", "urn:x", "https://é", "https://x\ny"],
    "uuid": ["2bc1c94f-0deb-43e9-92a1-4775189ec9f8", "2bc1c94f0deb43e992a14775189ec9f8", "2BC1C94F-0DEB-43E9-92A1-4775189EC9F8", "{2bc1c94f-0deb-43e9-92a1-4775189ec9f8}", "x", "2bc1c94f-0deb-43e9-92a1-4775189ec9f", "urn:uuid:2bc1c94f-0deb-43e9-92a1-4775189ec9f8"],
    "binary": ["YQ==", "YWI=", "YWJj", "YQ", "Y", "é", "====", "YWJj YWJj", ""],
    "wkt": ["POINT (1 2)", "POINT", "LINESTRING (1 2, 3 4)", "x"],
}  # fmt: skip
FORMATS: dict[str, list[str]] = {
    "date": ["default", "any", "%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d", "%b %d %Y"],
    "datetime": ["default", "any", "%d/%m/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S"],
    "geojson": ["default", "topojson"],
    "geopoint": ["default", "array", "object"],
    "string": ["default", *STRING_POOLS],
    "time": ["default", "any", "%H:%M", "%H.%M.%S"],
}
FIXED_PATTERN = r"[A-Z]{2}-\d{3}"
PATTERNS = ["[a-z]+", "a|b", "(a+)+", r"\d+", r"\w*", r"\S+", ".{2,4}", "a.c|abc", "[^,]*", "x?", FIXED_PATTERN, "^a", "é+", r"\s*", "ab$", "[\\w-]+@[\\w.]+", "a{,3}", "(?:a|b)*c?", "ab\\", "[a-c]{2}$"]  # fmt: skip
BOUNDED = {"date", "datetime", "integer", "number", "time", "year", "yearmonth"}
GOOD_BOUNDS: dict[str, list[Any]] = {
    "date": ["2020-01-31", "1999-12-31", "2020-02-29"],
    "datetime": ["2020-01-31T10:20:30Z", "1999-01-01T00:00:00Z", "2020-01-31T10:20:30"],
    "integer": [0, 1, 42, "7", -1, 9223372036854775807, "3"],
    "number": [0, 0.1, "0.3", 42, "1.5", 100, "99.99999999999999999999", -1],
    "time": ["10:20:30", "00:00:00"],
    "year": [2020, "1999"],
    "yearmonth": ["2020-01"],
}
UNHASHABLE = {"array", "geojson", "list", "object"}
"""Types of which frictionless dies in a key."""
BOUNDS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]
MATCHES = ["exact", "equal", "subset", "superset", "partial"]
LABELLED = [{"value": "-", "label": "not said"}, {"value": "", "label": "nothing"}]
MISSING = [[""], ["", "NA"], ["-"], [], ["", "n/a", "null"], ["None", ""], ["0", ""]]


def case(random: Random) -> Case:
    """Return a random table with its schema and dialect."""
    newer = random.random() < 0.4
    fields = [
        _field(random, place, BOUNDS if newer else BOUNDS[:2]) for place in range(random.choice([1, 1, 2, 2, 3, 4, 6]))
    ]
    schema: dict[str, Any] = {"fields": fields}
    if random.random() < 0.4:
        schema["missingValues"] = random.choice(MISSING)
    if newer and random.random() < 0.3:
        schema["fieldsMatch"] = random.choice(MATCHES)
    if newer and random.random() < 0.2:
        schema["missingValues"] = LABELLED
    _keys(random, schema)
    dialect = _dialect(random)
    data = _text(random, schema, dialect)
    descriptor: dict[str, Any] = {"name": "table", "path": "table.csv", "schema": schema}
    if newer:
        descriptor["$schema"] = "https://datapackage.org/profiles/2.0/dataresource.json"
    if dialect or random.random() < 0.7:
        descriptor["dialect"] = dialect
    encoding = random.choice(["utf-8"] * 6 + ["utf-8-sig", "latin-1", "utf-16", "cp1252"])
    if encoding != "utf-8" or random.random() < 0.8:
        descriptor["encoding"] = encoding
    if random.random() < 0.05:
        descriptor |= random.choice([{"bytes": len(data)}, {"bytes": 1}, {"rows": 3}, {"fields": 2}, {"hash": "md5:x"}])
    body = (
        data.encode(encoding, "replace") if random.random() < 0.97 else data.encode("utf-8", "replace")[:-1] + b"\xff"
    )
    return Case(body, descriptor, random.choice([24, 64, 200, 1 << 16]))


VALUES: list[Any] = [None, None, 1, 0, -1, 7, 2020, 1.5, -2.5, 0.1, 1e22, 10**20, True, False, "", [1, 2], {"a": 1}]
"""What JSON Lines hold beside texts."""


def values(random: Random) -> Case:
    """Return random JSON Lines with their schema."""
    fields = [_field(random, place, BOUNDS[:2]) for place in range(random.choice([1, 1, 2, 3]))]
    for one in fields:
        one.pop("missingValues", None)
        one.pop("arrayItem", None)  # frictionless tells a list as it has changed it
    schema: dict[str, Any] = {"fields": fields}
    _keys(random, schema)
    schema.pop("foreignKeys", None)
    texts = random.choice([0.3, 0.6, 0.9])
    lines = [
        {one["name"]: random.choice(POOLS[one["type"]] if random.random() < texts else VALUES) for one in fields}
        for _ in range(random.choice([1, 3, 8, 20]))
    ]
    data = "".join(f"{json.dumps(line)}\n" for line in lines)
    return Case(data.encode(), {"name": "table", "path": "table.jsonl", "schema": schema}, 1 << 16)


def _field(random: Random, place: int, bounds: list[str]) -> dict[str, Any]:
    kind = random.choice([*POOLS, "string", "integer", "number", "date", "datetime", "string"])
    name = random.choice([f"f{place}", f"f{place}", f"F {place}", f"é{place}"])
    field: dict[str, Any] = {"name": name, "type": kind}
    if kind in FORMATS and random.random() < 0.5:
        field["format"] = random.choice(FORMATS[kind])
    if random.random() < 0.15:
        field["missingValues"] = random.choice(MISSING)
    field |= _options(random, kind)
    constraints = _constraints(random, kind, field, bounds)
    return field | ({"constraints": constraints} if constraints else {})


def _options(random: Random, kind: str) -> dict[str, Any]:
    choices: dict[str, list[dict[str, Any]]] = {
        "integer": [{}, {}, {"bareNumber": False}],
        "number": [{}, {}, {"bareNumber": False}, {"decimalChar": ","}, {"groupChar": ","}, {"decimalChar": ",", "groupChar": "."}, {"floatNumber": True}, {"groupChar": " ", "decimalChar": ","}, {"decimalChar": "."}],
        "boolean": [{}, {}, {"trueValues": ["yes", "ja"], "falseValues": ["no", "nein"]}],
        "list": [{}, {"itemType": "integer"}, {"delimiter": ";", "itemType": "integer"}, {"itemType": "date"}, {"delimiter": "|"}, {"itemType": "boolean"}, {"itemType": "number"}],
        "array": [{}, {"arrayItem": {"type": "integer"}}, {"arrayItem": {"type": "string", "constraints": {"pattern": "[a-z]"}}}],
    }  # fmt: skip
    return random.choice(choices.get(kind, [{}]))


def _constraints(random: Random, kind: str, field: dict[str, Any], bounds: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if random.random() < 0.25:
        found["required"] = True
    if random.random() < 0.15 and kind not in UNHASHABLE:
        found["unique"] = True
    if kind in BOUNDED and random.random() < 0.35:
        for name in random.sample(bounds, random.choice([1, 1, 2])):
            found[name] = random.choice(GOOD_BOUNDS[kind])
    if kind in ("string", "array", "object", "list") and random.random() < 0.25:
        found[random.choice(["minLength", "maxLength"])] = random.choice([0, 1, 2, 3, 5])
    if kind == "string" and random.random() < 0.3:
        found["pattern"] = random.choice(PATTERNS)
    if kind != "list" and random.random() < 0.15:
        pool = STRING_POOLS.get(str(field.get("format")), POOLS[kind]) if kind == "string" else POOLS[kind]
        found["enum"] = random.sample(pool, min(3, len(pool)))
    return found


def _keys(random: Random, schema: dict[str, Any]) -> None:
    names = [field["name"] for field in schema["fields"] if field["type"] not in UNHASHABLE]
    if not names:
        return
    if random.random() < 0.3:
        schema["primaryKey"] = random.sample(names, random.randint(1, min(2, len(names))))
    if random.random() < 0.2:
        count = random.randint(1, min(2, len(names)))
        own, other = random.sample(names, count), random.sample(names, count)
        schema["foreignKeys"] = [{"fields": own, "reference": {"resource": "", "fields": other}}]


def _dialect(random: Random) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if random.random() < 0.2:
        found["delimiter"] = random.choice([";", "\t", "|"])
    if random.random() < 0.06:
        found["quoteChar"] = random.choice(["'", "|"])
    if random.random() < 0.04:
        found["skipInitialSpace"] = True
    if random.random() < 0.03:
        found["escapeChar"] = "\\"
    if random.random() < 0.05:
        found |= random.choice(
            [
                {"header": False},
                {"headerRows": [1, 2]},
                {"headerRows": [2]},
                {"headerCase": False},
                {"commentChar": "#"},
                {"skipBlankRows": True},
                {"commentRows": [3]},
                {"doubleQuote": False},
                {"lineTerminator": "\r\n"},
            ]
        )
    return found


def _text(random: Random, schema: dict[str, Any], dialect: dict[str, Any]) -> str:
    names = [field["name"] for field in schema["fields"]]
    delimiter = dialect.get("delimiter", ",")
    end = random.choice(["\n", "\n", "\r\n", "\n", "\r"]) if random.random() < 0.9 else "\n"
    lines = [_line(random, _header(random, names), delimiter)]
    missing = [one if isinstance(one, str) else one["value"] for one in schema.get("missingValues", [""])]
    repeated = [random.choice(_pool(field)) for field in schema["fields"]]
    common = [random.random() < 0.3 for _ in schema["fields"]]
    for number in range(random.choice([0, 1, 2, 3, 5, 8, 12, 30])):
        cells = [
            _common(random, field)
            if common[place] and random.random() < 0.8
            else _cell(random, field, missing, repeated[place])
            for place, field in enumerate(schema["fields"])
        ]
        if random.random() < 0.1:
            cells = random.choice(
                [
                    cells[:-1],
                    [*cells, "more"],
                    [""] * len(cells),
                    [],
                    [*cells, "", "x"],
                    [missing[0] if missing else ""] * len(cells),
                ]
            )
        lines.append(_line(random, cells, delimiter) if random.random() < 0.97 else random.choice(ODD_LINES))
        del number
    text = end.join(lines)
    return text + random.choice(["", end, end, end + end, end + '"open', end + " "])


ODD_LINES = ['a"b,c', '"a"b,c', ' "a",b', '"a""b",', ",,", '"', '""', "", " ", '"x\ny",1', "#comment,1", "a,b,c,d,e,f,g,h", '"a" ,b']  # fmt: skip


def _header(random: Random, names: list[str]) -> list[str]:
    if random.random() < 0.85:
        return names
    return random.choice([
        names[::-1], names[:-1], [*names, "extra"], ["", *names[1:]], [name.upper() for name in names],
        [names[0]] * len(names), [" " + name for name in names], [*names, names[0]], ["x"] * len(names),
    ])  # fmt: skip


def _pool(field: dict[str, Any]) -> list[str]:
    return (
        STRING_POOLS.get(str(field.get("format")), POOLS[field["type"]])
        if field["type"] == "string"
        else POOLS[field["type"]]
    )


def _common(random: Random, field: dict[str, Any]) -> str:
    """Return a cell of the kind that a column is full of."""
    if field.get("constraints", {}).get("pattern") == FIXED_PATTERN:
        return f"AB-{random.randrange(1000):03}"
    return random.choice(_pool(field)[:2])


def _cell(random: Random, field: dict[str, Any], missing: list[str], repeated: str) -> str:
    draw = random.random()
    if draw < 0.1:
        return random.choice([*missing, ""])
    if draw < 0.2:
        return random.choice(TEXTS)
    if draw < 0.35:
        return repeated
    if draw < 0.4 and field["type"] in ("integer", "number", "any", "string"):
        return str(random.randint(-5, 120))
    return random.choice(_pool(field))


def _line(random: Random, cells: list[str], delimiter: str) -> str:
    out = io.StringIO()
    quoted = random.random() < 0.15
    options: dict[str, Any] = {"delimiter": delimiter, "lineterminator": "", "quoting": int(quoted)}
    csv.writer(out, **options).writerow(cells)
    return out.getvalue()


DIES = "frictionless dies"


class Crashed(NamedTuple):
    """What frictionless raised instead of an answer."""

    error: str


def frictionless(make: Callable[[], Any]) -> Told | Crashed:
    """Return what frictionless says, or what it died of."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one = make()
            if getattr(one, "format", "") == "jsonl":
                return reference.judged_again(one)
            return [error for judged in reference.judged(one) for error in judged.errors]
    except Exception as error:  # noqa: BLE001 - whatever kills it
        return Crashed(repr(error))


def engine(
    make: Callable[[], Any], block: int, *, linear: bool = True, fast: bool = True
) -> tuple[Told, results.Result]:
    """Return what the engine says, reading `block` bytes at once."""
    before, delimited.BLOCK = delimited.BLOCK, block
    try:
        result = run.check(make(), linear=linear, fast=fast)
        return results.told(result), result
    finally:
        delimited.BLOCK = before


def resource(folder: Path, one: Case) -> Callable[[], Any]:
    """Return what makes the resource of a case, its file written into `folder`."""
    (folder / one.descriptor["path"]).write_bytes(one.data)
    return lambda: reference.Resource.from_descriptor(json.loads(json.dumps(one.descriptor)), basepath=str(folder))


def difference(folder: Path, one: Case, *, alive: bool = False) -> str | None:
    """Return how the engine differs from frictionless on a case; None where it does not.

    Where frictionless dies there is nothing to compare: None, or what it died of where it has to stay `alive`.
    """
    make = resource(folder, one)
    theirs = frictionless(make)
    if isinstance(theirs, Crashed):
        return f"{DIES}: {theirs.error}" if alive else None
    for linear in (False, True):
        ours, _ = engine(make, one.block, linear=linear)
        if linear and any(fault.type == "constraint-refused" for _, _, fault in ours):
            continue  # a constraint that frictionless would die of is told at once
        told = first_difference(ours, theirs)
        if told:
            return f"linear={linear}: {told}"
    return None


def first_difference(ours: Told, theirs: Told) -> str | None:
    """Return the first error that one tells and the other does not, at its place."""
    for place in range(max(len(ours), len(theirs))):
        mine, other = (said[place] if place < len(said) else None for said in (ours, theirs))
        if mine != other:
            return f"error {place}\n  ours   {mine}\n  theirs {other}"
    return None
