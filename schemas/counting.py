"""Nouns after a number, in the form that it asks for."""


def noun(number: int, one: str, many: str | None = None) -> str:
    """Return `one` for a single thing, else `many`, which has an s more where it is not given."""
    return one if number == 1 else many or f"{one}s"
