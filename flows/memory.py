"""How a process of this project keeps memory: what was freed is used again, and cycles are seldom looked for."""

import ctypes
import gc
from contextlib import suppress

NEW_OBJECTS = 50_000
"""Python looks for cycles after so many: imports make a hundred thousand and none, and looking took a tenth of it."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""As glibc names them in malloc.h."""
KEPT = 32 << 20
"""Bytes that the C library keeps, and up to which it takes an array from them."""


def settle() -> None:
    """Set this process up to build and judge: `keep`, and cycles looked for after `NEW_OBJECTS` alone."""
    gc.set_threshold(NEW_OBJECTS)
    keep()


def keep() -> None:
    """Let the C library keep what was freed, where it can be told to: else each array asks for its pages anew."""
    with suppress(AttributeError, OSError, TypeError):
        tell = ctypes.CDLL(None).mallopt
        tell(M_TRIM_THRESHOLD, KEPT)
        tell(M_MMAP_THRESHOLD, KEPT)
