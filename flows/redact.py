"""No secret in what is printed, logged or sent: addresses of notifications, keys and passwords of servers."""

import os
from urllib.parse import unquote, urlsplit, urlunsplit

HIDDEN = "***"
SECRETS = ("COMMUNIQUE_NOTIFY", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING")
"""Environment variables that are secret as a whole, word by word."""
ADDRESSES = (
    "PREFECT_API_URL",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL",
    "PREFECT_API_DATABASE_CONNECTION_URL",
    "PREFECT_REDIS_MESSAGING_URL",
)
"""Environment variables that are an address, which may have a password in it."""
SHORT = 4
"""Letters that a secret has at least; to hide every "a" would hide the text."""


def secrets() -> list[str]:
    """Return every secret of the environment, the longest first."""
    words = [word for name in SECRETS for word in os.environ.get(name, "").split()]
    words += [password for name in ADDRESSES if (password := _password(os.environ.get(name, "")))]
    words += [part for word in words if "://" not in word for part in word.split(":")[1:]]
    words += [unquote(word) for word in words]
    return sorted({word for word in words if len(word) >= SHORT}, key=lambda word: (-len(word), word))


def redact(text: str) -> str:
    """Return `text` with every secret of the environment hidden."""
    for secret in secrets():
        text = text.replace(secret, HIDDEN)
    return text


def shown(url: str) -> str:
    """Return an address as it may be shown: without user, password and query."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return HIDDEN
    return urlunsplit((parts.scheme, f"{HIDDEN}@{host}" if "@" in parts.netloc else host, parts.path, "", ""))


def _password(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        return url
