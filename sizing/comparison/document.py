"""The comparison as plain values for programs. USD per month to the cent; shares to six decimals."""

from collections.abc import Mapping
from decimal import Decimal

from sizing.compare import Comparison, Row
from sizing.comparison.evaluate import Answer
from sizing.price import cents
from sizing.pricing.tables import price_document

VERSION = 1


def document(found: Comparison) -> dict[str, object]:
    """The whole comparison."""
    assumed = found.assumptions
    return {
        "version": VERSION,
        "stack": found.stack,
        "region": found.region,
        "basis": assumed.basis,
        "assumptions": {
            "memory": assumed.memory,
            "speeds": assumed.speeds,
            "reference_family": assumed.reference,
            "families": list(assumed.families),
            "services_only": assumed.services_only,
        },
        "rows": [_row(row) for row in found.rows],
        "warnings": [{"code": notice.code, "text": notice.text} for notice in found.warnings],
    }


def _row(row: Row) -> dict[str, object]:
    choice = row.answer.choice
    return {
        "pools": choice.pools,
        "tolerance": None if choice.pools == "as given" else choice.tolerance,
        "architectures": list(choice.architectures),
        "option": choice.option,
        "control_plane": choice.control,
        **answer_document(row.answer),
        "survives": row.survives,
        "shared_saves": share(row.saves),
    }


def answer_document(answer: Answer) -> dict[str, object]:
    """What a choice comes to."""
    plane = answer.control_plane
    return {
        "refused": answer.refused or None,
        "zones": list(answer.zones),
        "workers_usd_month": dollars(answer.workers),
        "control_plane_usd_month": dollars(plane.month if plane else None),
        "control_plane_machines": plane.what if plane else None,
        "usd_month": dollars(answer.month),
        "bound_usd_month": dollars(answer.bound),
        "gap": share(answer.gap),
        "method": answer.method or None,
        "nodes": dict(answer.nodes),
        "pods": dict(answer.pods),
        "worst_utilisation": None if answer.worst is None else round(float(answer.worst), 6),
        "fill": {name: share(value) for name, value in answer.fill.items()},
        "prices": _prices(answer),
        "notes": list(answer.notes),
    }


def _prices(answer: Answer) -> Mapping[str, object]:
    return {name: price_document(price) for name, price in answer.prices.items()}


def dollars(amount: Decimal | None) -> float | None:
    """USD to the cent."""
    return None if amount is None else float(cents(amount))


def share(value: Decimal | None) -> float | None:
    """A share to six decimals."""
    return None if value is None else round(float(value), 6)
