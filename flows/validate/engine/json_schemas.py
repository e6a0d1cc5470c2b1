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
    for schema, resolver in _schemas(*_resolving(stated, kind)):
        _refuse_patterns(schema)
        _refuse_references(schema, resolver)
    fetching_nothing = Registry()
    validator = extend(kind, {"pattern": _pattern, "patternProperties": _names})(stated, registry=fetching_nothing)

    def ask(value: Any) -> str | None:
        error = next(iter(sorted(validator.iter_errors(value), key=str)), None)
        return None if error is None else f'constraint "jsonSchema" is broken: {error.message}'

    return ask


def _resolving(stated: Any, kind: Any) -> tuple[Any, Any]:
    """Return a JSON Schema as a resource, and what finds what it refers to, in it and in the standards."""
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped] # noqa: PLC0415 - as above
    from referencing.jsonschema import specification_with  # noqa: PLC0415 - as above

    whole = specification_with(kind.ID_OF(kind.META_SCHEMA)).create_resource(stated)
    return whole, REGISTRY.with_resource(whole.id() or "", whole).resolver_with_root(whole)


def _schemas(schema: Any, resolver: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield a JSON Schema and those in it, each with what finds what it refers to."""
    if isinstance(schema.contents, dict):
        yield schema.contents, resolver
    for one in schema.subresources():
        yield from _schemas(one, resolver.in_subresource(one))


def _refuse_patterns(schema: dict[str, Any]) -> None:
    """Raise PatternRefused for a pattern of a JSON Schema, not of one in it, that does not run in linear time."""
    if "patternProperties" in schema:
        _names()
    if "pattern" in schema:
        linear(schema["pattern"], whole=False)


def _refuse_references(schema: dict[str, Any], resolver: Any) -> None:
    """Raise ValueError for a reference to what is not in a JSON Schema, nor in a standard."""
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - as above

    for link in (schema[rule] for rule in REFERENCES if rule in schema):
        try:
            resolver.lookup(link)
        except Unresolvable:
            raise ValueError(f"it refers to {link}, which is not in it, and nothing is fetched") from None


def _names(*_: Any) -> Iterator[Any]:
    """Raise PatternRefused for patterns of names."""
    raise PatternRefused("patternProperties are not run here, for a name may be as long as one likes: list them")


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[Any]:
    """Yield that a text has not a pattern, as JSON Schema asks it, found in linear time."""
    from jsonschema import ValidationError  # type: ignore[import-untyped] # noqa: PLC0415 - as above

    if isinstance(instance, str) and not linear(pattern, whole=False)(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")
