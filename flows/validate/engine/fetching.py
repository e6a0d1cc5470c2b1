"""What lies on other machines, as files."""

import atexit
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote, urlsplit

FETCHED_BYTES = 64 << 30
"""Bytes of a table that are fetched at most."""
OF_ADDRESSES = ":/?#[]@!$&'()*+,;=%~"
"""What stands in an address as it is, beside letters and digits of ASCII."""


class NotFetched(ValueError):  # noqa: N818 - it is the other machine's fault
    """What is at an address cannot be had, or is too large."""


def fetched(url: str, most: int) -> Path:
    """Return a file with what is at `url`, no more than `most` bytes; it is removed when the program ends."""
    import urllib.request  # noqa: PLC0415 - only what is remote pays for it
    from http.client import HTTPException  # noqa: PLC0415

    if urlsplit(url).scheme not in ("http", "https"):
        raise NotFetched(f"{url}: only http and https are fetched")
    folder = Path(tempfile.mkdtemp(prefix="communique-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / (Path(urlsplit(url).path).name or "datapackage.json")
    try:
        with urllib.request.urlopen(quote(url, safe=OF_ADDRESSES), timeout=30) as answer, path.open("wb") as file:  # noqa: S310 - http alone
            while block := answer.read(1 << 20):
                file.write(block)
                if file.tell() > most:
                    break
    except (OSError, HTTPException, ValueError) as error:
        raise NotFetched(f"{url}: {error}") from None
    if path.stat().st_size > most:
        raise NotFetched(f"{url} is larger than the {most:,} bytes that are fetched")
    return path
