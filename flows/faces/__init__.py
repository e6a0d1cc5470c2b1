"""The faces of an answer: one judgment of tables, as a terminal, a program, another tool or a browser takes it."""

from collections.abc import Callable
from importlib import import_module
from typing import TextIO

from flows.validate.engine.answers import Answer

FACES = ("text", "json", "frictionless", "sarif", "junit", "html", "github")
"""What an answer can be written as; each is a module of the name, with `write`."""


def write(face: str, answer: Answer, out: TextIO) -> None:
    """Write `answer` to `out` as `face`."""
    module = "plain" if face == "text" else f"as_{face}"
    writer: Callable[[Answer, TextIO], None] = import_module(f"flows.faces.{module}").write
    writer(answer, out)
