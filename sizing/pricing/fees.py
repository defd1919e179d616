"""Fees that are no machine's: each with source and date."""

from decimal import Decimal
from typing import Final

from sizing.model import Price

EKS_CONTROL_PLANE: Final = Price(
    hour=Decimal("0.10"),
    source="AWS Containers Blog, Amazon EKS extended support for Kubernetes versions pricing",
    date="2024-04-01",
)
"""One EKS cluster under standard support, in every region; the day is that on which the announced prices took effect.

Under extended support (a Kubernetes version older than 14 months) the same source says 0.60 in all.
"""
