"""Property values as the engine sends them, and back: secrets, unknowns and output values included."""

from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2

# The engine's wire format (`sdk/proto` of the Pulumi SDK, "property values"): a signature key marks a special object.
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True)
class Secret:
    """A value that may be kept, and may never be shown."""

    value: Any


class Unknown:
    """The one value that nobody knows before the resource exists."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


def load(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Reads a property map. Absent and null are the same to every provider, so nulls are dropped."""
    pairs = ((key, _load(value)) for key, value in struct.fields.items())
    return {key: value for key, value in pairs if value is not None}


def _load(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return _load_object(value.struct_value)
        case "list_value":
            return [_load(item) for item in value.list_value.values]
        case "string_value":
            return UNKNOWN if value.string_value == UNKNOWN_SENTINEL else value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case _:
            return None


def _load_object(struct: struct_pb2.Struct) -> Any:
    fields = load(struct)
    match fields.get(SIGNATURE):
        case str(signature) if signature == SECRET_SIGNATURE:
            return Secret(fields.get("value"))
        case str(signature) if signature == OUTPUT_SIGNATURE:
            value = fields.get("value", UNKNOWN)
            return Secret(value) if fields.get("secret") else value
        case _:
            return fields


def dump(value: dict[str, Any]) -> struct_pb2.Struct:
    """Writes a property map in the form that `load` reads."""
    struct = struct_pb2.Struct()
    for key, item in value.items():
        _dump(item, struct.fields[key])
    return struct


def _dump(value: Any, target: struct_pb2.Value) -> None:
    match value:
        case Secret():
            _dump({SIGNATURE: SECRET_SIGNATURE, "value": value.value}, target)
        case Unknown():
            target.string_value = UNKNOWN_SENTINEL
        case dict():
            target.struct_value.CopyFrom(dump(value))
        case list():
            target.list_value.SetInParent()
            for item in value:
                _dump(item, target.list_value.values.add())
        case bool():
            target.bool_value = value
        case str():
            target.string_value = value
        case None:
            target.null_value = struct_pb2.NULL_VALUE
        case _:
            target.number_value = value


def plain(value: Any) -> Any:
    """The value without its secret wrappers: for comparing, never for showing."""
    match value:
        case Secret():
            return plain(value.value)
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case _:
            return value


def shown(value: Any) -> Any:
    """The value as it may be written to a journal: every secret and unknown replaced by a marker."""
    match value:
        case Secret():
            return "[secret]"
        case Unknown():
            return "[unknown]"
        case dict():
            return {key: shown(item) for key, item in value.items()}
        case list():
            return [shown(item) for item in value]
        case _:
            return value


def has_unknown(value: Any) -> bool:
    """Whether any part of the value is not known yet."""
    match value:
        case Unknown():
            return True
        case Secret():
            return has_unknown(value.value)
        case dict():
            return any(map(has_unknown, value.values()))
        case list():
            return any(map(has_unknown, value))
        case _:
            return False
