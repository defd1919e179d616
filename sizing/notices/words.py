"""How figures are written in notices."""

from decimal import Decimal


def figure(value: Decimal) -> str:
    """Thousands apart, no needless decimals: 2,100 and 11.6."""
    return f"{value.quantize(Decimal(1)) if value == value.to_integral_value() else value:,f}"
