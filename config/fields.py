"""What every section of the configuration is made with: strictness and descriptions."""

from typing import Final

from pydantic import ConfigDict, Field

STRICT: Final = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""No unknown keys, no conversions, no NaN."""


def about(text: str) -> object:
    """Describe a key: what it means and in which unit; `docs/configuration.md` comes from these."""
    return Field(description=text)
