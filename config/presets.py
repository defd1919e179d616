"""What the answers to the design questions decide: defaults for the keys that a stack leaves out.

The questions are the classic ones before a cluster is built: what is it for, what runs on it, what does that need most,
how does its traffic come. (How much of it comes is `traffic` itself.) Every value can be overridden by its own key.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from config.plain import as_mapping
from config.schema_traffic import DEFAULT_PEAK_FACTOR


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer to a question.

    Attributes:
        reason: what it stands for, and why its values are as they are.
        values: key path to value; `*` stands for every name. A value stands for the whole key: a stack's own replaces
            it.
    """

    reason: str
    values: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One key that is asked for because others follow from it.

    Attributes:
        path: the key path.
        default: the answer of a stack that gives none.
        answers: every possible one.
        instead: keys beside those of the values that say the same in another way: where one is given, the value is left
            out.
    """

    path: str
    default: str
    answers: Mapping[str, Answer]
    instead: Mapping[str, str] = field(default_factory=dict[str, str])

    def answered(self, given: object) -> str:
        """The answer that counts: one that the schema will refuse counts as the default."""
        return given if isinstance(given, str) and given in self.answers else self.default


_ONE_ZONE: Final[Mapping[str, object]] = {
    "tolerance": "none",
    "network.zones": ["a"],
    "network.nat": "single",
    "control_plane.slots": {"a": "a"},
    "control_plane.instance_type": "t3a.medium",
    "control_plane.schedulable": False,
    "control_plane.etcd_disk_gib": 20,
}

PURPOSE: Final = Question(
    path="purpose",
    default="development",
    answers={
        "education": Answer(
            reason="to learn: one zone, one control plane that also runs pods",
            values={**_ONE_ZONE, "control_plane.schedulable": True},
        ),
        "development": Answer(
            reason="to develop and test: one zone, one control plane kept for itself, workers beside it",
            values=_ONE_ZONE,
        ),
        # No control-plane type: it follows from the number of nodes, and from families that do not burst, since credits
        # are no basis for an API server that must always answer (nor is t3a offered in zone b of Seoul). 40 GiB hold
        # etcd's database of at most 8 GiB, its snapshots and the audit log.
        "production": Answer(
            reason="to serve users: three control planes in three zones, a NAT gateway in each, one zone may fail",
            values={
                "tolerance": "zone",
                "network.zones": ["a", "b", "c"],
                "network.nat": "per-zone",
                "control_plane.slots": {"a": "a", "b": "b", "c": "c"},
                "control_plane.instance_type": None,
                "control_plane.schedulable": False,
                "control_plane.etcd_disk_gib": 40,
            },
        ),
    },
)

# 0.6 leaves a queue of two processors at 1.6 times its service time; where nobody waits for one request, only the loss
# of a machine has to be borne (`headroom.failed_utilisation`, 0.85).
WORKLOAD: Final = Question(
    path="workload",
    default="web",
    answers={
        "web": Answer(
            reason="requests that people wait for: processors decide, and they keep room so that queues stay short",
            values={"resource_bias": "cpu", "headroom.utilisation_target": 0.6},
        ),
        "analytics": Answer(
            reason="big data and analytics: data lies in memory, nobody waits for one request, machines may be fuller",
            values={"resource_bias": "memory", "headroom.utilisation_target": 0.8},
        ),
    },
)

_FAMILIES: Final = "pools.*.families"
RESOURCE_BIAS: Final = Question(
    path="resource_bias",
    default="cpu",
    answers={
        "cpu": Answer(reason="2 GiB a vCPU", values={_FAMILIES: ["c5a"]}),
        "balanced": Answer(reason="4 GiB a vCPU", values={_FAMILIES: ["m5a"]}),
        "memory": Answer(reason="8 GiB a vCPU", values={_FAMILIES: ["r5a"]}),
        "bursty": Answer(
            reason="idle most of the time: burstable machines, which count with the CPU that they earn back",
            values={_FAMILIES: ["t3", "t3a"]},
        ),
    },
    instead={_FAMILIES: "instance_type"},
)

SHAPE: Final = Question(
    path="traffic.shape",
    default="daily",
    answers={
        "steady": Answer(
            reason="much the same at every hour, as between machines",
            values={
                "traffic.peak_factor": 1.25,
                "traffic.burst_percentile": 99.0,
                "headroom.growth_per_minute": 0.05,
            },
        ),
        "daily": Answer(
            reason="people's day: a busiest hour of a twelfth of the day's requests",
            values={
                "traffic.peak_factor": DEFAULT_PEAK_FACTOR,
                "traffic.burst_percentile": 99.0,
                "headroom.growth_per_minute": 0.2,
            },
        ),
        "bursty": Answer(
            reason="campaigns and openings: a sixth of the day in one hour, and the traffic doubles within a minute",
            values={"traffic.peak_factor": 4.0, "traffic.burst_percentile": 99.9, "headroom.growth_per_minute": 1.0},
        ),
    },
    instead={"traffic.peak_factor": "peak_hour_share"},
)

QUESTIONS: Final = (PURPOSE, WORKLOAD, RESOURCE_BIAS, SHAPE)
"""In the order in which they are answered: an answer may answer a later question."""


def families_for(bias: str) -> tuple[str, ...]:
    """EC2 families that a resource bias chooses."""
    return tuple(cast("list[str]", RESOURCE_BIAS.answers[bias].values[_FAMILIES]))


def with_presets(data: Mapping[str, object]) -> tuple[dict[str, object], Mapping[str, str]]:
    """Put what the answers decide under an object; where the object has a key, its value stays.

    Args:
        data: `groundswell:cluster` in JSON form; it is not changed.

    Returns:
        The merged object, and for each key path that was filled in the answer that did it, as `key: answer`.
    """
    merged = dict(data)
    filled: dict[str, str] = {}
    for question in QUESTIONS:
        section, _, key = question.path.rpartition(".")
        place = as_mapping(merged.get(section)) if section else merged
        if place is None:  # a section that must be there and is not
            continue
        everywhere = question.answered(place.get(key, question.default))
        for pattern in question.answers[everywhere].values:
            parts, instead = tuple(pattern.split(".")), question.instead.get(pattern)
            for path, around in _places(merged, parts[:-1]):
                # A part may answer for itself what is asked of the whole.
                answer = question.answered(around.get(key, everywhere)) if path else everywhere
                if parts[-1] in around or (instead is not None and instead in around):
                    continue
                value = question.answers[answer].values[pattern]
                merged = _with(merged, (*path, parts[-1]), value)
                filled[".".join((*path, parts[-1]))] = f"{question.path}: {answer}"
    return merged, filled


def _places(
    data: Mapping[str, object], section: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, object]]]:
    """Sections below a path, each with its own path; what is no mapping is left to the schema."""
    if not section:
        yield (), data
        return
    first, rest = section[0], section[1:]
    for name in data if first == "*" else (first,):
        below = as_mapping(data.get(name, {}))
        if below is not None:
            for path, found in _places({str(key): value for key, value in below.items()}, rest):
                yield (name, *path), found


def _with(data: Mapping[str, object], path: tuple[str, ...], value: object) -> dict[str, object]:
    """The object with one more value; what lies on the way is copied."""
    if len(path) == 1:
        return {**data, path[0]: value}
    below = as_mapping(data.get(path[0], {})) or {}
    return {**data, path[0]: _with({str(key): item for key, item in below.items()}, path[1:], value)}
