"""Tells secrets from other values, by name and by form, so that none is accepted or printed."""

import re
from typing import Final

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_ENDINGS: Final = (
    ("password",), ("passwd",), ("pwd",), ("passphrase",), ("secret",), ("secrets",), ("token",), ("tokens",),
    ("credential",), ("credentials",), ("private", "key"), ("api", "key"), ("apikey",), ("secret", "key"),
    ("access", "key"), ("auth", "key"),
)  # fmt: skip
_FORM: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|(?<![\w.-])[a-z0-9]{6}\.[a-z0-9]{16}(?![\w.-])"
    r"|[a-z][a-z0-9+]*://[^\s/:@]*:[^\s/@]+@"
)
"""A private key, an AWS key id, a kubeadm bootstrap token, a URL with a password."""


def looks_secret(key: str) -> bool:
    """Whether a key's last word says that its value is a secret: `DB_PASSWORD` does, `TOKEN_TTL` does not."""
    words = tuple(word.lower() for word in _WORD.findall(key))
    return any(words[-len(ending) :] == ending for ending in _ENDINGS)


def holds_secret(value: object) -> bool:
    """Whether a text holds a private key, an AWS key id, a bootstrap token or a URL with a password."""
    return isinstance(value, str) and _FORM.search(value) is not None
