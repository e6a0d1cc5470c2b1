"""What a cell of JSON has to be by a JSON Schema, asked in linear time, and of nothing that lies elsewhere."""

from collections.abc import Callable, Iterator
from typing import Any

from flows.validate.engine.patterns import PatternRefused, linear

REFERENCES = ("$ref", "$dynamicRef")


def asking(stated: Any) -> Callable[[Any], str | None]:
    """Return what says what is wrong with a value by a JSON Schema; raise where that is none that can be asked here."""
    from jsonschema.validators import extend, validator_for  # type: ignore[import-untyped] # noqa: PLC0415 - only a schema that asks for it pays
    from referencing import Registry  # noqa: PLC0415 - as above

    kind = validator_for(stated)
    kind.check_schema(stated)
    _refuse_patterns(stated)
    _refuse_references(stated, kind)
    fetching_nothing = Registry()
    validator = extend(kind, {"pattern": _pattern})(stated, registry=fetching_nothing)

    def ask(value: Any) -> str | None:
        error = next(iter(sorted(validator.iter_errors(value), key=str)), None)
        return None if error is None else f'constraint "jsonSchema" is broken: {error.message}'

    return ask


def _refuse_patterns(stated: Any) -> None:
    """Raise PatternRefused for a pattern, anywhere in a JSON Schema, that does not run in linear time."""
    for rule, pattern in _patterns(stated):
        if rule == "patternProperties":
            raise PatternRefused(
                "patternProperties are not run here, for a name may be as long as one likes: list them"
            )
        if isinstance(pattern, str):  # else a property of that name
            linear(pattern, whole=False)


def _patterns(stated: Any) -> Iterator[tuple[str, Any]]:
    """Yield the patterns in a JSON Schema, each with its keyword."""
    if isinstance(stated, dict):
        yield from ((rule, stated[rule]) for rule in ("pattern", "patternProperties") if rule in stated)
    inner = stated.values() if isinstance(stated, dict) else stated if isinstance(stated, list) else ()
    for one in inner:
        yield from _patterns(one)


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[Any]:
    """Yield that a text has not a pattern, as JSON Schema asks it, found in linear time."""
    from jsonschema import ValidationError  # type: ignore[import-untyped] # noqa: PLC0415 - as above

    if isinstance(instance, str) and not linear(pattern, whole=False)(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _refuse_references(stated: Any, kind: Any) -> None:
    """Raise ValueError for a reference to what is not in a JSON Schema of that kind, nor in a standard."""
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped] # noqa: PLC0415 - as above
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - as above
    from referencing.jsonschema import specification_with  # noqa: PLC0415 - as above

    whole = specification_with(kind.ID_OF(kind.META_SCHEMA)).create_resource(stated)
    resolver = REGISTRY.with_resource(whole.id() or "", whole).resolver_with_root(whole)
    for link, found in _references(whole, resolver):
        try:
            found.lookup(link)
        except Unresolvable:
            raise ValueError(f"it refers to {link}, which is not in it, and nothing is fetched") from None


def _references(schema: Any, resolver: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a JSON Schema and those in it refer to, each with what finds it from there."""
    if isinstance(schema.contents, dict):
        yield from ((schema.contents[rule], resolver) for rule in REFERENCES if rule in schema.contents)
    for one in schema.subresources():
        yield from _references(one, resolver.in_subresource(one))
