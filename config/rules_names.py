"""Rules about what AWS is told: the cluster's name, tags; and about days that must exist."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from config.problems import Problem
from config.rules_common import ALL, Rule, at
from config.schema import ClusterConfig

BALANCER_NAME: Final = 32
"""Elastic Load Balancing's limit for names of load balancers and target groups."""
RANDOM_SUFFIX: Final = 8
"""Characters that Pulumi appends to a logical name to make the physical one."""
PUBLIC_API_PART: Final = "-api-public"
ENTRY_PART: Final = "-entry"

EARLIEST: Final = date(2006, 8, 25)
"""The day on which EC2 opened; no price is older."""

MOST_TAGS: Final = 40
"""AWS allows 50 on a resource; ten are kept for the program's own."""
_TAG_KEY_LENGTH: Final = 128
_TAG_VALUE_LENGTH: Final = 256
_TAG_TEXT: Final = re.compile(r"[\w .:/=+@-]*")
_OWN_TAGS: Final = ("groundswell:", "kubernetes.io/cluster/")


def name(config: ClusterConfig) -> Iterator[Problem]:
    """The cluster's name leaves room in AWS's 32 characters for what is appended to it."""
    parts = {
        PUBLIC_API_PART: (bool(config.api_access.allowed_cidrs), at("api_access", "allowed_cidrs")),
        ENTRY_PART: (config.entry is not None, at("entry")),
    }
    for part, (present, path) in parts.items():
        most = BALANCER_NAME - RANDOM_SUFFIX - len(part)
        if present and len(config.name) > most:
            yield Problem(
                path=at("name"),
                value=config.name,
                rule=f"must be at most {most} characters, because a load balancer is called <name>{part}",
                fix="shorten it",
                also=(path,),
            )
            return


def tags(config: ClusterConfig) -> Iterator[Problem]:
    """Tags are such as AWS takes, and none that the program sets itself."""
    if len(config.tags) > MOST_TAGS:
        yield Problem(
            path=at("tags"),
            value=len(config.tags),
            rule=f"must be at most {MOST_TAGS} tags: AWS allows 50, and the program has its own",
            fix="remove some",
            also=(at("tags", ALL),),
        )
    for key, value in config.tags.items():
        fault = _tag_fault(key, value)
        if fault is not None:
            rule, fix = fault
            yield Problem(path=at("tags", key), value=value, rule=rule, fix=fix)


def _tag_fault(key: str, value: str) -> tuple[str, str] | None:
    if key.lower().startswith("aws:"):
        return "aws: is reserved for AWS", "use another prefix"
    if key == "Name" or key.startswith(_OWN_TAGS):
        return "is a tag that the program sets itself", "choose another key"
    if not 1 <= len(key) <= _TAG_KEY_LENGTH:
        return f"the key must have 1 to {_TAG_KEY_LENGTH} characters", "change it"
    if len(value) > _TAG_VALUE_LENGTH:
        return f"the value must have at most {_TAG_VALUE_LENGTH} characters", "shorten it"
    if not _TAG_TEXT.fullmatch(key) or not _TAG_TEXT.fullmatch(value):
        return "has a character that AWS does not take in tags", "use letters, digits, spaces and . : / = + @ - _"
    return None


def days(config: ClusterConfig) -> Iterator[Problem]:
    """The day of planning is in the calendar."""
    given = config.prices.as_of
    if given is None:
        return
    try:
        wrong = date.fromisoformat(given) < EARLIEST
    except ValueError:
        wrong = True
    if wrong:
        yield Problem(
            path=at("prices", "as_of"),
            value=given,
            rule=f"is no day of the calendar from {EARLIEST}, when EC2 opened, on",
            fix="give a day such as 2026-01-31",
        )


RULES: tuple[Rule, ...] = (name, tags, days)
