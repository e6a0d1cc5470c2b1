"""An answer as a WARC record: the headers and the bytes as they came, for those who want to see for themselves."""

import base64
import hashlib
import io
from http import HTTPStatus
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.recordbuilder import RecordBuilder
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from flows import store
from flows.ingest.web.client import Answer
from flows.store import RawShelf

BUILDER = RecordBuilder(warc_version="WARC/1.1")


def keep(shelf: RawShelf, digest: str, answer: Answer) -> None:
    """Keep the record of an answer by the digest of its bytes; where another address gave the same, beside that one."""
    first = shelf.recorded(digest)
    if first is None:
        shelf.record(digest, record(answer))
    elif beside := _beside(answer, first):
        shelf.record(f"{digest}.{store.sha256(answer.url.encode())[:16]}", beside)


def keep_redirect(shelf: RawShelf, answer: Answer) -> None:
    """Keep the record of a redirect, once for each place that its address leads to."""
    keep(shelf, store.sha256(store.to_json([answer.url, answer.status, answer.header("location")])), answer)


def keep_rules(shelf: RawShelf, answer: Answer) -> None:
    """Keep the record of a robots.txt."""
    keep(shelf, store.sha256(answer.data), answer)


def record(answer: Answer) -> bytes:
    """Return the gzipped WARC 1.1 response record of `answer`."""
    payload = io.BytesIO(answer.received)
    return _written(BUILDER.create_warc_record(answer.url, "response", payload=payload, http_headers=_headers(answer)))


def _beside(answer: Answer, first: bytes) -> bytes | None:
    """Return the record of an answer that says what that of `first` said; None where it is of the same address.

    It is a revisit record, which refers to the first, unless the bytes came packed in another way.
    """
    there = next(iter(ArchiveIterator(io.BytesIO(first)))).rec_headers
    address = there.get_header("WARC-Target-URI")
    if address == answer.url:
        return None
    digest = f"sha1:{base64.b32encode(hashlib.sha1(answer.received, usedforsecurity=False).digest()).decode()}"
    if there.get_header("WARC-Payload-Digest") != digest:
        return record(answer)
    refers = address, there.get_header("WARC-Date")
    return _written(BUILDER.create_revisit_record(answer.url, digest, *refers, http_headers=_headers(answer)))


def _headers(answer: Answer) -> StatusAndHeaders:
    status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
    return StatusAndHeaders(status, answer.headers, protocol="HTTP/1.1")


def _written(one: Any) -> bytes:
    sink = io.BytesIO()
    WARCWriter(sink, gzip=True).write_record(one)
    return sink.getvalue()
