"""Says in words what may stand at a key: for error lines and for the reference page."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from types import MappingProxyType
from typing import Final

from config.sections import Shape, keys_of

_NAME: Final = "lower-case letters, digits and inner hyphens"
_SQL_NAME: Final = "letters, digits and underscores, the first a letter"
SHORT_NAME: Final = r"^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$"
OBJECT_NAME: Final = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"

PATTERNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        SHORT_NAME: f"a name of at most 20 {_NAME}, the first a letter",
        OBJECT_NAME: f"a name of at most 63 {_NAME}",
        r"^[a-h]$": "a zone letter from a to h",
        r"^[a-e]$": "a slot letter from a to e",
        r"^[a-z]{2}(-gov)?-[a-z]+-\d$": "an AWS region such as ap-northeast-2",
        r"^(x86_64|arm64)$": "x86_64 or arm64",
        r"^ami-([0-9a-f]{8}|[0-9a-f]{17})$": "an AMI id: ami- and 8 or 17 hexadecimal digits",
        r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$": "an ACM certificate's ARN",
        r"^(https?://[a-z0-9.-]+(:[0-9]{1,5})?|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]|file://)(/[A-Za-z0-9._-]+)*$": (
            "https://host/path, http://10.0.0.5/path, s3://bucket/prefix or file:///path, without a / at the end"
        ),
        r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._-]+)*$": (
            "https://host/path or http://host/path, without a / at the end"
        ),
        r"^[0-9a-f]{64}$": "a SHA-256 sum: 64 hexadecimal digits, lower case",
        r"^[a-z0-9][a-z0-9._-]{0,99}$": "the beginning of a file name: lower-case letters, digits and . _ -",
        r"^/[!-~]{0,199}$": "a path that starts with / and holds no spaces",
        r"^db\.[a-z0-9]+\.[a-z0-9]+$": "an RDS class such as db.t4g.medium",
        r"^cache\.[a-z0-9]+\.[a-z0-9]+$": "an ElastiCache type such as cache.t4g.small",
        r"^[A-Za-z][A-Za-z0-9_]{0,62}$": f"a name of at most 63 {_SQL_NAME}",
        r"^[A-Za-z][A-Za-z0-9_]{0,31}$": f"a name of at most 32 {_SQL_NAME}",
        r"^/[A-Za-z0-9/_.-]+$": "an absolute path of letters, digits, / _ . and -",
        r"^\d{4}-\d{2}-\d{2}$": "a day such as 2026-01-31",
        r"^[a-z][a-z0-9-]*(\.[a-z0-9-]+)?$": "an instance type or family such as c5a.xlarge or c5a",
        r"^[a-z0-9_.]+( [*/] [a-z0-9_.]+){0,9}$": "names and numbers with * and / between, as rps_mean * 2",
        r"^[a-z0-9.-]+\.[a-z0-9.-]+(:\d+)?(/[a-z0-9._/-]+)?$": "a registry host with an optional path",
    }
)
"""Words for every pattern of the configuration; a test keeps the two in step."""


BRIEF: Final[Mapping[str, str]] = MappingProxyType(
    {SHORT_NAME: "a short name", OBJECT_NAME: "an object name"},
)
"""Shorter words for the two kinds of names, where they are explained elsewhere."""


def words(shape: Shape) -> str:
    """Say what may stand there, as a noun phrase: "a whole number from 1 to 5000"."""
    match shape.kind:
        case "section":
            return f"a mapping with the keys {', '.join(keys_of(shape.base))}"
        case "mapping":
            return f"a mapping from {brief(shape.key)} to {brief(shape.item)}"
        case "list":
            instead = f", or {words(shape.alternative)}" if shape.alternative else ""
            return f"a list, each item {brief(shape.item)}{', at least one' if shape.shortest else ''}{instead}"
        case _:
            return _value(shape)


def brief(shape: Shape | None) -> str:
    """Say the same with fewer words: names by their kind, sections without their keys."""
    if shape is None:
        return "anything"
    if shape.kind == "section":
        return "a section"
    return BRIEF.get(shape.pattern or "") or words(shape)


def _value(shape: Shape) -> str:
    if shape.choices:
        return f"one of {', '.join(shape.choices)}"
    if shape.base is str:
        return _text(shape)
    return _NOUNS[shape.base] + _range(shape)


_NOUNS: Final[Mapping[type, str]] = MappingProxyType(
    {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        IPv4Network: "an IPv4 network such as 10.0.0.0/16",
    }
)


def _text(shape: Shape) -> str:
    if shape.pattern is not None:
        return PATTERNS[shape.pattern]
    return f"text of {shape.shortest} to {shape.longest} characters" if shape.longest else "text"


def _range(shape: Shape) -> str:
    low = None if shape.low is None else plain_number(shape.low)
    high = None if shape.high is None else plain_number(shape.high)
    if low is None:
        return "" if high is None else f" up to {high}"
    if shape.above:
        return f" above {low}" if high is None else f" above {low}, at most {high}"
    return f" of at least {low}" if high is None else f" from {low} to {high}"


def plain_number(value: float) -> str:
    """Write a limit without exponent or needless decimals."""
    return str(int(value)) if value == int(value) else str(value)
