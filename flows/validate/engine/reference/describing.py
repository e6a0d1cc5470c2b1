"""What a description is to frictionless: a resource, a package."""

from collections.abc import Callable, Iterator
from typing import Any, cast

from frictionless import Field, FrictionlessException, Package, Resource, Schema, fields, helpers
from frictionless import errors as reference_errors

from flows.validate.engine.reference.wording import died

TYPES = tuple(str(one.type) for one in vars(fields).values() if one in Field.__subclasses__())
"""The types that a field may have."""


def described_resource(descriptor: dict[str, Any], base: str) -> Any:
    """Return the resource that `descriptor` describes; FrictionlessException where it describes none."""
    return _alive(_resource, descriptor, base)


def described_package(descriptor: dict[str, Any], base: str) -> Any:
    """Return the package that `descriptor` describes; FrictionlessException where it describes none."""
    return _alive(_package, descriptor, base)


Describe = Callable[[dict[str, Any], str], Any]
"""Returns what a description describes, of files in a folder or at an address."""


def _alive(describe: Describe, descriptor: dict[str, Any], base: str) -> Any:
    """Return what a description describes; FrictionlessException with the property to look at where that dies of it."""
    try:
        return describe(descriptor, base)
    except (FrictionlessException, RecursionError):
        raise
    except Exception as error:
        note = f"{died('read the description', error)}. Look at {_deadly(describe, descriptor, base)}"
        raise FrictionlessException(reference_errors.Error(note=note)) from error


def _deadly(describe: Describe, descriptor: dict[str, Any], base: str) -> str:
    """Return in words the property without which a description is read; of a package, in which resource it is."""
    for entry in descriptor.get("resources", ()):
        if not _is_read(_resource, entry, base):
            return f"{_deadly(_resource, entry, base)} in the resource {entry.get('name')!r}"
    for name in descriptor:
        if _is_read(describe, {other: descriptor[other] for other in descriptor if other != name}, base):
            return f"its property {name!r}"
    return "what is no text in it"


def _is_read(describe: Describe, descriptor: dict[str, Any], base: str) -> bool:
    try:
        describe(descriptor, base)
    except Exception:  # noqa: BLE001 - whatever frictionless dies of
        return False
    return True


def _resource(descriptor: dict[str, Any], base: str) -> Any:
    _has_its_shape(descriptor)
    return _where_it_is(Resource.from_descriptor(descriptor, basepath=base))


def _package(descriptor: dict[str, Any], base: str) -> Any:
    for entry in descriptor.get("resources", ()):
        _has_its_shape(entry)
    package = Package.from_descriptor(descriptor, basepath=base)
    package.to_descriptor(validate=True)
    for one in package.resources:
        _where_it_is(one)
    return package


def _where_it_is(resource: Any) -> Any:
    """Return a resource that is remote where its path is: frictionless looks at the place of its description alone."""
    if resource.path and helpers.is_remote_path(resource.path):
        resource.schema, resource.dialect = resource.schema, resource.dialect  # read from beside the description
        resource.basepath = resource.path.rpartition("/")[0]
    return resource


def _has_its_shape(entry: Any) -> None:
    """Raise FrictionlessException for a schema of a shape that frictionless dies of before it looks at it."""
    schema = entry.get("schema") if isinstance(entry, dict) else None
    for note in _odd(schema) if isinstance(schema, dict) else ():
        raise FrictionlessException(reference_errors.SchemaError(note=note))


def _odd(schema: dict[str, Any]) -> Iterator[str]:
    fields, keys = schema.get("fields"), schema.get("foreignKeys")
    for one in fields if isinstance(fields, list) else ():
        if not isinstance(one, dict):
            yield f"fields: {one!r} is no object with a name"
    if keys and not isinstance(keys, list):
        yield f"foreignKeys: {keys!r} is no list of objects"
    for key in keys if isinstance(keys, list) else ():
        refers = key.get("reference", {}) if isinstance(key, dict) else {}
        if not isinstance(refers, dict):
            yield f"foreignKeys: the reference {refers!r} is no object with a resource and fields"


def retrieved(path: str) -> dict[str, Any]:
    """Return a description that lies in a file of JSON or YAML; FrictionlessException where there is none."""
    return cast("dict[str, Any]", Schema.metadata_retrieve(path))
