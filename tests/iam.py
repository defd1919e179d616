"""Decides what a role's policy document lets it do, as IAM does for a role in its own account.

Allowed is what some statement allows and none denies. Actions and resources match without regard to case (actions) and
with `*` and `?`; conditions are those that the project's documents use. What it does not know it refuses to judge.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

Context = Mapping[str, str]


def allows(policy: Mapping[str, Any], action: str, resource: str, context: Context | None = None) -> bool:
    """Whether the document allows the action.

    Args:
        policy: `{"Version", "Statement"}`.
        action: such as `ssm:GetParameter`.
        resource: ARN; `*` for actions that know no resource.
        context: condition keys of the request.
    """
    decisions = {
        statement["Effect"] for statement in policy["Statement"] if _applies(statement, action, resource, context or {})
    }
    return decisions == {"Allow"}


def _applies(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    unknown = statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"}
    if unknown:
        raise ValueError(f"not judged: {', '.join(sorted(unknown))}")
    return (
        any(matches(pattern.lower(), action.lower()) for pattern in _listed(statement["Action"]))
        and any(matches(pattern, resource) for pattern in _listed(statement["Resource"]))
        and all(
            _holds(operator, key, _listed(values), context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _holds(operator: str, key: str, values: Iterable[str], context: Context) -> bool:
    """A key that the request does not carry fulfils no condition."""
    given = {name.lower(): value for name, value in context.items()}.get(key.lower())
    match operator:
        case "StringEquals":
            return given in values
        case "StringLike":
            return given is not None and any(matches(value, given) for value in values)
        case _:
            raise ValueError(f"not judged: {operator}")


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def matches(pattern: str, text: str) -> bool:
    """IAM's wildcards: `*` is any run of characters, slashes and colons too, `?` is one."""
    expression = "".join(".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in pattern)
    return re.fullmatch(expression, text, flags=re.DOTALL) is not None
