"""What `purpose` decides: defaults for the keys that a stack leaves out. Every one of them can be overridden.

The three purposes are the classic ones: to learn, to develop and test, to serve users. They differ in how
many control planes there are and over how many zones everything is spread.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from config.plain import as_mapping

DEFAULT_PURPOSE: Final = "development"

PRESETS: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
        "education": MappingProxyType(
            {
                "tolerance": "none",
                "network.zones": ["a"],
                "network.nat": "single",
                "control_plane.slots": {"a": "a"},
                "control_plane.instance_type": "t3a.medium",
                "control_plane.schedulable": True,
                "control_plane.etcd_disk_gib": 20,
            }
        ),
        "development": MappingProxyType(
            {
                "tolerance": "none",
                "network.zones": ["a"],
                "network.nat": "single",
                "control_plane.slots": {"a": "a"},
                "control_plane.instance_type": "t3a.medium",
                "control_plane.schedulable": False,
                "control_plane.etcd_disk_gib": 20,
            }
        ),
        "production": MappingProxyType(
            {
                "tolerance": "zone",
                "network.zones": ["a", "b", "c"],
                "network.nat": "per-zone",
                "control_plane.slots": {"a": "a", "b": "b", "c": "c"},
                "control_plane.instance_type": None,
                "control_plane.schedulable": False,
                "control_plane.etcd_disk_gib": 40,
            }
        ),
    }
)
"""Key path to value, per purpose. A value stands for the whole key: a stack's own replaces it.

Production names no control-plane type: it follows from the number of nodes, and from families that do not burst, since
credits are no basis for an API server that must always answer (nor is t3a offered in zone b of Seoul). 40 GiB hold
etcd's database of at most 8 GiB, its snapshots and the audit log.
"""

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "education": "to learn: one zone, one control plane that also runs pods",
        "development": "to develop and test: one zone, one control plane kept for itself, workers beside it",
        "production": "to serve users: three control planes in three zones, a NAT gateway in each, one zone may fail",
    }
)


def preset_of(purpose: object) -> Mapping[str, object]:
    """Give the defaults of a purpose; one that the schema will refuse counts as the default purpose."""
    return PRESETS.get(str(purpose), PRESETS[DEFAULT_PURPOSE])


def with_preset(data: Mapping[str, object]) -> tuple[dict[str, object], frozenset[str]]:
    """Put the preset's values under an object; where the object has a key, its value stays.

    Args:
        data: `groundswell:cluster` in JSON form; it is not changed.

    Returns:
        The merged object, and the key paths that the preset filled in.
    """
    merged = dict(data)
    filled: set[str] = set()
    for path, value in preset_of(data.get("purpose", DEFAULT_PURPOSE)).items():
        section, dot, key = path.partition(".")
        if not dot:
            if path not in merged:
                merged[path] = value
                filled.add(path)
            continue
        given = as_mapping(merged.get(section, {}))
        if given is None or key in given:
            continue
        merged[section] = {**given, key: value}
        filled.add(path)
    return merged, frozenset(filled)
