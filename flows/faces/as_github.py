"""As GitHub's workflow commands, which mark the lines of the files of a change."""

from typing import TextIO

from flows.validate.engine.answers import Answer, Finding, sentences, visible

LEVELS = {"error": "error", "warning": "warning"}


def write(answer: Answer, out: TextIO) -> None:
    """Write a command for each error of `answer`."""
    out.writelines(_command(found) for found in answer.all())
    told = answer.tally.told
    out.write(f"valid{', ' if told else ''}{told}\n" if answer.valid else f"{told}\n")


def _command(found: Finding) -> str:
    place = f"file={_escaped(found.place, ':,')}" + (f",line={found.line}" if found.line else "")
    title = f"title={_escaped(found.rule + (' (beyond Frictionless)' if found.beyond else ''), ':,')}"
    return f"::{LEVELS[found.severity]} {place},{title}::{_escaped(sentences(found))}\n"


def _escaped(text: str, more: str = "") -> str:
    text = visible(text)
    for letter in "%" + more:
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text
