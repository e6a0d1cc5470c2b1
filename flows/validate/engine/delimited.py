"""CSV in blocks of whole records: cut where no quotation is open, so that each block can be read on its own.

A block without quotes is cut at its delimiters. One whose quotes stand where quotes belong is read by Arrow, many times
faster than by Python's csv module, with which it agrees then. Any other is read by the csv module itself, which
frictionless reads with.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from flows.validate.engine import cells
from flows.validate.engine.blocks import Block
from flows.validate.engine.keys import Places

BLOCK = 2 << 20
"""Bytes that are read at once."""
LONGEST = 16 << 20
"""Bytes after which a quotation that stays open is left to frictionless."""
LINE_ENDS = b"\r\n"
FEW = 4096
"""Quotes of a block that are sought one by one."""


class Unreadable(Exception):  # noqa: N818 - it is the file's fault
    """The text cannot be decoded, or not in blocks."""


class Form(NamedTuple):
    """How the records of a file are written."""

    dialect: Any
    """The dialect of Python's csv module."""
    width: int
    """How many cells a record should have."""
    empty_is_missing: bool
    """Whether an empty cell is a missing value in every column."""
    universal: bool
    """Whether every line end counts as `\\n`, within quotations too."""

    @property
    def plain(self) -> bool:
        """Whether Arrow reads such a file as the csv module does."""
        one = self.dialect
        letters = (one.delimiter, one.quotechar or '"')
        return (
            one.escapechar is None
            and not one.skipinitialspace
            and len(set(letters)) == len(letters)
            and all(len(letter) == 1 and letter.isascii() and letter not in "\r\n\0 " for letter in letters)
        )


Piece = bytes | list[list[str]]
"""Text that Arrow may read, or records that the csv module has read."""


def pieces(file: IO[bytes], encoding: str, form: Form) -> Iterator[Piece]:
    """Yield the records of a file in pieces; Unreadable where a block is not text in its encoding."""
    rest, quote, edges = b"", (form.dialect.quotechar or "").encode(), LINE_ENDS + form.dialect.delimiter.encode()
    blocks = _text(file, encoding)
    for block in _one_line_end(blocks) if form.universal else blocks:
        if form.plain and not (quote and (quote in block or quote in rest)):
            cut = block.rfind(b"\n") + 1
            if cut:
                yield b"".join((rest, memoryview(block)[:cut]))
                rest = b""
            rest += block[cut:]
            _bounded(rest)
            continue
        rest += block
        _bounded(rest)
        if len(rest) > LONGEST:
            raise Unreadable
        end = cut_at(rest, quote, edges) if form.plain else None
        if end is None:
            records, rest = _records(rest, form, last=False)
            if records:
                yield records
        elif end:
            yield rest[:end]
            rest = rest[end:]
    if form.plain and cut_at(rest + b"\n", quote, edges) == len(rest) + 1:
        yield rest
    else:
        yield _records(rest, form, last=True)[0]


def _text(file: IO[bytes], encoding: str) -> Iterator[bytes]:
    """Yield a file block by block as UTF-8, without its byte order mark."""
    name = codecs.lookup(encoding).name
    if name in ("utf-8", "utf-8-sig", "ascii"):
        marked = name == "utf-8-sig"
        while block := file.read(BLOCK):
            if name == "ascii" and not block.isascii():
                raise Unreadable
            yield block.removeprefix(codecs.BOM_UTF8) if marked else block
            marked = False
        return
    decode = codecs.getincrementaldecoder(encoding)()
    try:
        while block := file.read(BLOCK):
            yield decode.decode(block).encode()
        yield decode.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise Unreadable from error


def _bounded(rest: bytes) -> None:
    """Raise Unreadable where no line ends within a block: line ends are of another kind."""
    if len(rest) > BLOCK and b"\n" not in rest:
        raise Unreadable


def _one_line_end(blocks: Iterator[bytes]) -> Iterator[bytes]:
    r"""Yield the blocks with `\n` for every line end."""
    held = b""
    for block in blocks:
        whole = held + block
        held = b"\r" if whole.endswith(b"\r") else b""
        yield whole[: len(whole) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        yield b"\n"


def cut_at(block: bytes, quote: bytes, edges: bytes) -> int | None:
    """Return where the last whole record ends, 0 where none does; None where quotes stand in odd places."""
    cut = block.rfind(b"\n") + 1
    if not quote or block.find(quote) < 0:
        return cut
    if np.count_nonzero(np.frombuffer(block, np.uint8, cut) == quote[0]) % 2:
        cut = block.rfind(b"\n", 0, block.rfind(quote, 0, cut)) + 1
    return cut if cut == 0 or _in_place(block[:cut], quote, edges) else None


def _in_place(block: bytes, quote: bytes, edges: bytes) -> bool:
    """Return whether each quotation opens at the start of a cell and closes at its end, and all are closed."""
    places = _places(block, quote)
    if len(places) % 2:
        return False
    data, beside = np.frombuffer(block, np.uint8), np.zeros(256, bool)
    beside[list(edges + quote)] = True
    opening, closing = places[::2], places[1::2]
    before = beside[data[np.maximum(opening - 1, 0)]] | (opening == 0)
    after = beside[data[np.minimum(closing + 1, len(data) - 1)]]
    return bool(before.all() and after.all())


def _places(block: bytes, letter: bytes) -> Any:
    """Return where `letter` stands in `block`: one after the other where there are few."""
    there = np.frombuffer(block, np.uint8) == letter[0]
    if np.count_nonzero(there) > FEW:
        return np.flatnonzero(there)
    found, place = [], block.find(letter)
    while place >= 0:
        found.append(place)
        place = block.find(letter, place + 1)
    return np.array(found, np.int64)


def _records(text: bytes, form: Form, *, last: bool) -> tuple[list[list[str]], bytes]:
    """Return the records in `text` as the csv module reads them, and what may not be whole yet."""
    try:
        whole = text.decode() if last else text[: text.rfind(b"\n") + 1].decode()
    except UnicodeDecodeError as error:
        raise Unreadable from error
    lines = list(io.StringIO(whole, newline=""))
    reader = csv.reader(lines, form.dialect)
    records, starts = [], [0]
    try:
        for record in reader:
            records.append(record)
            starts.append(reader.line_num)
    except csv.Error as error:
        raise Unreadable from error
    if last or not records:
        return records, b"" if last else text
    kept = len("".join(lines[: starts[-2]]).encode())
    return records[:-1], text[kept:]


def read(form: Form, piece: Piece, _: int) -> Block:
    """Return the records of a piece in columns; Unreadable where it is not UTF-8."""
    if isinstance(piece, list):
        return _from_records(piece, form)
    if not piece.isascii():
        try:
            piece.decode()
        except UnicodeDecodeError as error:
            raise Unreadable from error
    marked = piece.startswith(codecs.BOM_UTF8)  # Arrow would take it for no part of the first cell
    block = None
    if piece and not piece.isspace() and not marked:
        block = _from_bare(piece, form) or _from_text(piece, form)
    if block is None or _may_have_blank_line(block):
        return _from_records(_records(piece, form, last=True)[0], form)
    return block


def taken(form: Form, piece: Piece, places: Places, size: int) -> list[list[str]]:
    """Return the cells of the records at `places` in a piece of so many: where each has one line, no other is read."""
    if isinstance(piece, list):
        return [piece[place] for place in places.tolist()]
    ends = np.flatnonzero(np.frombuffer(piece, np.uint8) == LINE_ENDS[-1]) + 1
    lines = len(ends) + (not piece.endswith(b"\n"))
    if lines != size or (b"\r" in piece and piece.count(b"\r") != piece.count(b"\r\n")):
        records, _ = _records(piece, form, last=True)
        return [records[place] for place in places.tolist()]
    edges = np.concatenate(([0], ends, [len(piece)]))
    spans = zip(edges[places], edges[places + 1], strict=True)
    return list(csv.reader((piece[begin:end].decode() for begin, end in spans), form.dialect))


def _may_have_blank_line(block: Block) -> bool:
    """Return whether a row has no text at all: Arrow does not tell an empty line from a line of empty cells."""
    empty = np.ones(len(block.columns[0]), bool)
    for column in block.columns:
        if column.null_count == 0 and len(column) and not (cells.lengths(column) == 0).any():
            return False
        empty &= cells.lengths(column) == 0
    return bool(empty.any())


def _from_bare(text: bytes, form: Form) -> Block | None:
    """Return records that are cut at every delimiter and line end; None where a cell is quoted or a record ragged."""
    if any(letter in text for letter in (b"\r", (form.dialect.quotechar or "\r").encode())):
        return None
    data = np.frombuffer(text, np.uint8)
    lines = data == LINE_ENDS[-1]
    ends = np.flatnonzero(lines | (data == ord(form.dialect.delimiter))).astype(np.int32)
    records = int(np.count_nonzero(lines))
    if not lines[-1] or len(ends) != records * form.width or not lines[ends[form.width - 1 :: form.width]].all():
        return None
    bounds = np.zeros(2 * len(ends) + 1, np.int32)
    bounds[1::2], bounds[2::2] = ends, ends + 1
    whole = pa.Array.from_buffers(pa.string(), 2 * len(ends), [None, pa.py_buffer(bounds), pa.py_buffer(text)])
    firsts = 2 * form.width * np.arange(records)
    columns = [whole.take(cells.integers(firsts + 2 * place)) for place in range(form.width)]
    return Block(records, _of_missing(columns, form), [])


def _of_missing(columns: list[Any], form: Form) -> list[Any]:
    """Return the columns with null for empty cells where these are missing values."""
    if not form.empty_is_missing:
        return columns
    return [cells.without(column, cells.any_of(cells.lengths(column) == 0)) for column in columns]


def _from_text(text: bytes, form: Form) -> Block:
    names = [str(place) for place in range(form.width)]
    odd: list[tuple[int, str]] = []

    def keep(row: Any) -> str:
        odd.append((row.number, row.text))
        return "skip"

    table = arrow_csv.read_csv(
        pa.BufferReader(text),
        read_options=arrow_csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
        parse_options=arrow_csv.ParseOptions(
            delimiter=form.dialect.delimiter,
            quote_char=form.dialect.quotechar or False,
            ignore_empty_lines=False,
            newlines_in_values=bool(form.dialect.quotechar) and form.dialect.quotechar.encode() in text,
            invalid_row_handler=keep,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            check_utf8=False,
            null_values=[""],
            strings_can_be_null=form.empty_is_missing,
        ),
    )
    ragged = [(number - 1, _one(row, form)) for number, row in odd]
    columns = [one.chunk(0) if one.num_chunks == 1 else one.combine_chunks() for one in table.columns]
    return Block(table.num_rows + len(ragged), columns, ragged)


def _one(text: str, form: Form) -> list[str]:
    return next(csv.reader(io.StringIO(text, newline=""), form.dialect), [])


def _from_records(records: list[list[str]], form: Form) -> Block:
    ragged = [(place, record) for place, record in enumerate(records) if len(record) != form.width]
    even = [record for record in records if len(record) == form.width]
    columns = [cells.texts(column) for column in zip(*even, strict=True)] if even else []
    columns = columns or [cells.texts([])] * form.width
    return Block(len(records), _of_missing(columns, form), ragged)
