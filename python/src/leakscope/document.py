"""From JSON to dataclasses: fields by their names, unknown ones ignored.

The documents promise that every field of a version is there, and that new ones may come: so a missing
field is an error, and one that is not known here is none.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import Any, Union, cast

from leakscope.errors import UnknownDocument

T = typing.TypeVar("T")


def read(text: str, shape: type[T], schema: str, version: int) -> T:
    """Reads one document.

    :raises UnknownDocument: if it is no JSON, of another schema or version, or of another shape
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UnknownDocument(f"this is no JSON document: {error}") from error
    if not isinstance(value, dict) or value.get("schema") != schema:
        raise UnknownDocument(f"this is no document with `schema` {schema}")
    if value.get("version") != version:
        raise UnknownDocument(
            f"this is version {value.get('version')} of {schema}; this package reads version {version}"
        )
    return cast("T", _value(value, shape, schema))


def _value(value: Any, shape: Any, path: str) -> Any:  # noqa: ANN401
    """A value as the shape that a field has; ``path`` says where it is, for errors."""
    origin, inner = typing.get_origin(shape), typing.get_args(shape)
    if origin is Union:
        return _choice(value, inner, path)
    if origin is tuple:
        if not isinstance(value, list):
            raise _wrong(path, "an array", value)
        return tuple(_value(item, inner[0], f"{path}[{at}]") for at, item in enumerate(value))
    if dataclasses.is_dataclass(shape):
        return _record(value, cast("type[Any]", shape), path)
    if shape is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # A boolean is an integer in Python, and none in JSON.
    if isinstance(value, shape) and (shape is bool or not isinstance(value, bool)):
        return value
    raise _wrong(path, shape.__name__, value)


def _choice(value: Any, shapes: tuple[Any, ...], path: str) -> Any:  # noqa: ANN401
    """A value of one of several shapes: nothing, an object, or what else there is."""
    if value is None and type(None) in shapes:
        return None
    for shape in shapes:
        if shape is not type(None) and dataclasses.is_dataclass(shape) == isinstance(value, dict):
            return _value(value, shape, path)
    raise _wrong(path, " or ".join(shape.__name__ for shape in shapes), value)


def _record(value: Any, shape: type[Any], path: str) -> Any:  # noqa: ANN401
    if not isinstance(value, dict):
        raise _wrong(path, "an object", value)
    hints = typing.get_type_hints(shape)
    read_fields = {}
    for field in dataclasses.fields(shape):
        if field.name in value:
            read_fields[field.name] = _value(value[field.name], hints[field.name], f"{path}.{field.name}")
        elif field.default is dataclasses.MISSING:
            raise UnknownDocument(f"{path}.{field.name} is missing")
    return shape(**read_fields)


def _wrong(path: str, expected: str, value: object) -> UnknownDocument:
    return UnknownDocument(f"{path} is {type(value).__name__}, where {expected} should be")
