"""An answer as a WARC record: the headers and the bytes as they came, for those who want to see for themselves."""

import io
from http import HTTPStatus

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from flows.ingest.web.client import Answer


def record(answer: Answer) -> bytes:
    """Return the gzipped WARC 1.1 response record of `answer`."""
    sink = io.BytesIO()
    writer = WARCWriter(sink, gzip=True, warc_version="WARC/1.1")
    status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
    headers = StatusAndHeaders(status, answer.headers, protocol="HTTP/1.1")
    writer.write_record(
        writer.create_warc_record(answer.url, "response", payload=io.BytesIO(answer.received), http_headers=headers)
    )
    return sink.getvalue()
