"""The plan as JSON: the contract of `plan.schema.json`, which other programs may rely on."""

from collections.abc import Mapping
from decimal import Decimal

from config.schema_traffic import Traffic
from sizing.model import (
    CapacityPlan,
    Credits,
    InstanceType,
    MemorySeen,
    PackingPlan,
    Plan,
    PodResources,
    PoolPlan,
    Price,
    ServicePlan,
    Span,
    TrafficPlan,
)
from sizing.price import cents
from sizing.traffic import peak_factor

BASES = {
    "dau": "input",
    "sessions_per_day": "input",
    "think_seconds": "input",
    "requests_per_day": "arrival",
    "rps_mean": "arrival",
    "rps_peak": "arrival",
    "rps_burst": "arrival",
    "vusers": "stress",
    "tps_target": "stress",
}
"""What each traffic figure of a service rests on; VUsers belong to the load test that reaches the target TPS."""


def document(plan: Plan) -> dict[str, object]:
    """The whole plan in JSON's own types. Keys are stable; numbers are rounded as people read them."""
    return {
        "stack": plan.stack,
        "cluster": plan.name,
        "basis": plan.basis,
        "region": plan.config.region,
        "traffic": _assumptions(plan.config.traffic),
        "services": {name: _service(service) for name, service in plan.services.items()},
        "pools": {name: _pool(pool) for name, pool in plan.pools.items()},
        "packings": {name: _packing(packing) for name, packing in plan.packings.items()},
        "control_plane": {
            "instance_type": plan.control_plane.instance.name,
            "count": len(plan.control_plane.slots),
            "zones": [slot.zone for slot in plan.control_plane.slots.values()],
            "price": _price(plan.control_plane.price, len(plan.control_plane.slots)),
            "memory": _memory(plan.control_plane.instance, plan.control_plane.memory),
            "credits": _credits(plan.control_plane.credits),
        },
        "price": {
            "month": float(plan.price.month),
            "currency": "USD",
            "parts": {name: float(amount) for name, amount in plan.price.parts.items()},
            "unpriced": list(plan.price.unpriced),
        },
        "firewall": [
            {
                "source": rule.source,
                "target": rule.target,
                "protocol": rule.protocol,
                "from_port": rule.from_port,
                "to_port": rule.to_port,
                "why": rule.why,
            }
            for rule in plan.firewall.rules
        ],
        "warnings": [{"code": notice.code, "text": notice.text} for notice in plan.warnings],
    }


def _assumptions(traffic: Traffic) -> dict[str, object]:
    return {
        "daily_active_users": traffic.daily_active_users,
        "response_time_target_ms": traffic.response_time_target_ms,
        "peak_factor": float(peak_factor(traffic)),
        "safety_factor": traffic.safety_factor,
        "burst_percentile": traffic.burst_percentile,
    }


def _service(service: ServicePlan) -> dict[str, object]:
    return {
        **_traffic(service.traffic),
        "bases": dict(BASES),
        "replicas": {"min": service.min_replicas, "max": service.max_replicas},
        "spread": {
            "per_node": service.replication.per_node,
            "node_skew": service.replication.node_skew,
            "zones": service.replication.zones,
        },
        "capacity": _capacity(service.capacity),
        "requests": _resources(service.requests),
        "limits": _resources(service.limits),
        "pool": service.pool,
        "utilisation": {basis: float(share) for basis, share in service.utilisation.items()},
        "notes": list(service.notes),
    }


def _traffic(traffic: TrafficPlan | None) -> Mapping[str, object]:
    if traffic is None:
        return {**dict.fromkeys((*BASES, "exact")), "derived_from": {}}
    return {
        "dau": _span(traffic.users),
        "sessions_per_day": _span(traffic.sessions_per_day),
        "think_seconds": None if traffic.think_seconds is None else number(traffic.think_seconds),
        "requests_per_day": _span(traffic.requests_per_day),
        "rps_mean": _span(traffic.rps_mean),
        "rps_peak": number(traffic.rps_peak),
        "rps_burst": traffic.rps_burst,
        "vusers": _span(traffic.vusers),
        "tps_target": _span(traffic.tps_target),
        "exact": {"rps_mean": _span(traffic.rps_mean_exact), "rps_peak": number(traffic.rps_peak_exact)},
        "derived_from": {name: number(weight) for name, weight in traffic.weights.items()},
    }


def _capacity(found: CapacityPlan) -> dict[str, object]:
    return {
        "basis": found.basis,
        "rate": number(found.rate),
        "cpu_m": found.cpu_m,
        "scarce": found.scarce,
        "at_peak": found.at_peak,
        "after_loss": found.after_loss,
        "ceiling_rps": _optional(found.ceiling_rps),
        "utilisation": _optional(found.utilisation),
        "response_ms": _optional(found.response_ms),
        "scale_percent": found.scale_percent,
        "network_mbps": number(found.network_mbps),
        "disk_mbps": number(found.disk_mbps),
    }


def _packing(packing: PackingPlan) -> dict[str, object]:
    """Cost and bound in USD per hour; the gap is a share of the bound."""
    return {
        "tolerance": packing.tolerance,
        "method": packing.method,
        "cost": float(packing.cost),
        "bound": float(packing.bound),
        "gap": float(round(packing.gap, 6)),
        "notes": list(packing.notes),
        "nodes": [{"type": node.type, "zone": node.zone, "pods": dict(node.pods)} for node in packing.nodes],
    }


def _credits(held: Credits | None) -> dict[str, object] | None:
    if held is None:
        return None
    return {
        "baseline_m": held.baseline_m,
        "per_hour": held.per_hour,
        "most": held.most,
        "full_hours": float(held.full_hours),
        "surplus_usd_hour": float(held.surplus_usd_hour),
    }


def _optional(value: Decimal | None) -> int | float | None:
    return None if value is None else number(value)


def number(value: Decimal) -> int | float:
    """A JSON number without a needless fraction."""
    return int(value) if value == value.to_integral_value() else float(value)


def _span(span: Span | None) -> dict[str, int | float] | None:
    return None if span is None else {"low": number(span.low), "high": number(span.high)}


def _resources(resources: PodResources) -> dict[str, int]:
    return {"cpu_m": resources.cpu_m, "memory_mib": resources.memory_mib}


def _price(price: Price, count: int) -> dict[str, object]:
    """`hour` is one machine's price; `month` covers all machines of the row."""
    return {
        "hour": float(price.hour),
        "month": float(cents(price.month * count)),
        "source": price.source,
        "date": price.date,
    }


def _memory(instance: InstanceType, seen: MemorySeen) -> dict[str, object]:
    """Both figures: what the catalogue says and what the plan counts on, with its source."""
    return {
        "catalogue_mib": int(instance.memory_gib * 1024),
        "seen_mib": seen.mib,
        "source": seen.source,
        "date": seen.date,
    }


def _pool(pool: PoolPlan) -> dict[str, object]:
    return {
        "pool": pool.pool,
        "instance_type": pool.instance.name,
        "count": pool.count,
        "maximum": pool.maximum,
        "zones": list(pool.zones),
        "services": list(pool.services),
        "price": _price(pool.price, pool.count),
        "memory": _memory(pool.instance, pool.memory),
        "reason": pool.reason,
    }
