"""Formulas as a sheet prints them: figures by name and numbers, multiplied and divided from left to right."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

FIGURES: Final = ("users", "requests_per_user", "requests_per_day", "rps_mean", "peak_factor", "safety_factor")
"""Names that a formula may hold; each stands for its high estimate."""

_STEP: Final = re.compile(r"([*/]) ([a-z0-9_.]+)")
_NUMBER: Final = re.compile(r"\d{1,12}(\.\d{1,12})?")


def parse(text: str) -> tuple[tuple[str, str], ...]:
    """Split `a * b / 86400` into pairs of operator and operand, the first with `*`.

    The text matches the pattern of the key; whether the names mean anything is the caller's question.
    """
    return tuple((sign, operand) for sign, operand in _STEP.findall(f"* {text}"))


def names(text: str) -> tuple[str, ...]:
    """The figures that a formula names, in order."""
    return tuple(operand for _, operand in parse(text) if not _NUMBER.fullmatch(operand))


def value(text: str, figures: Mapping[str, Fraction]) -> Fraction:
    """Compute a formula.

    Raises:
        KeyError: it names a figure that is not given.
        ZeroDivisionError: it divides by zero.
    """
    result = Fraction(1)
    for sign, operand in parse(text):
        number = Fraction(operand) if _NUMBER.fullmatch(operand) else figures[operand]
        result = result * number if sign == "*" else result / number
    return result
