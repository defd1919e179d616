"""The Plan: everything that is decided before a resource exists. Frozen, keyed by identity, free of look-ups."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from config.schema import ClusterConfig
from config.types import Basis, PurchaseOption, Term, Tolerance

HOURS_PER_MONTH = 730
"""AWS's own convention for monthly prices: 365 days x 24 h / 12."""

Figure = Literal["input", "arrival", "stress"]
"""What a figure rests on: given, requests that arrive, or the load-test target."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something a person should know; `code` is stable and may be relied on by programs."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Span:
    """Low and high value of one figure."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True, kw_only=True)
class TrafficPlan:
    """Traffic of one service.

    Units: users/day, sessions/day, requests/day, requests/s, simultaneous users, transactions/s, seconds.
    """

    users: Span | None
    sessions_per_day: Span | None
    requests_per_day: Span | None
    rps_mean: Span
    rps_mean_exact: Span
    rps_peak: Decimal
    rps_peak_exact: Decimal
    rps_burst: int
    """Requests in one second at the peak that `traffic.burst_percentile` of the seconds do not exceed."""
    think_seconds: Decimal | None
    """A user's pause between a response and the next request; None where sessions are not described."""
    vusers: Span | None
    tps_target: Span
    derived_from: tuple[str, ...]
    """Services whose sum this is; empty when the figures are the service's own."""
    weights: Mapping[str, Decimal]
    """Requests here for each request of those services."""

    @property
    def sum_of(self) -> str:
        """The services whose sum this is, in words: `planner, 0.5 x accommodation`."""
        return ", ".join(
            name if weight == 1 else f"{weight.normalize():f} x {name}" for name, weight in self.weights.items()
        )


@dataclass(frozen=True, kw_only=True)
class PodResources:
    """Thousandths of a vCPU and MiB of one pod."""

    cpu_m: int
    memory_mib: int


@dataclass(frozen=True, kw_only=True)
class CapacityPlan:
    """What the peak asks of one service, and what its pods can do."""

    basis: Basis
    """What `rate` rests on."""
    rate: Decimal
    """Requests per second at the peak."""
    cpu_m: int | None
    """Thousandths of a vCPU that they keep busy; None without a measured demand."""
    scarce: str
    """The resource that sets the number of pods: CPU, threads, database connections; `floor` without a demand."""
    at_peak: int
    """Pods that carry the peak comfortably, without regard to failures."""
    after_loss: int
    """Pods that must be left when a node or zone is lost at the peak."""
    ceiling_rps: Decimal | None
    """Requests per second that all pods together can get through, their scarcest resource used up."""
    utilisation: Decimal | None
    """Share of that resource in use at the peak with all pods running."""
    response_ms: Decimal | None
    """Mean response time at the peak with all pods running (M/M/c); None without a measured demand."""
    scale_percent: int
    """Target of the autoscaler, % of the CPU request."""
    network_mbps: Decimal
    """Megabits per second in and out, all pods together."""
    disk_mbps: Decimal
    """Megabits per second to and from volumes."""


@dataclass(frozen=True, kw_only=True)
class Replication:
    """Bounds of a service's autoscaler, and how its pods must spread."""

    minimum: int
    maximum: int
    per_node: int | None = None
    """Most pods on one node, where a node's loss must be borne; None: no such bound."""
    node_skew: int | None = None
    """How much fuller one node may be than another; None: evenness is wished for only."""
    zones: bool = False
    """Zones must be equally full, give or take one pod: a zone's loss must be borne."""


@dataclass(frozen=True, kw_only=True)
class ServicePlan:
    """One service, decided."""

    name: str
    pool: str
    traffic: TrafficPlan | None
    replication: Replication
    capacity: CapacityPlan
    requests: PodResources
    limits: PodResources
    utilisation: Mapping[str, Decimal]
    """CPU share of all its nodes at the peak, by basis; empty without a measured demand."""
    notes: tuple[str, ...]

    @property
    def min_replicas(self) -> int:
        """Pods at rest."""
        return self.replication.minimum

    @property
    def max_replicas(self) -> int:
        """Pods at most."""
        return self.replication.maximum


@dataclass(frozen=True, kw_only=True)
class Price:
    """Linux price of one machine in USD with where and when it was read."""

    hour: Decimal
    source: str
    date: str
    option: PurchaseOption = "on-demand"
    term: Term | None = None
    """What a reserved or savings-plan price is promised for; payments at once are spread over it."""

    @property
    def month(self) -> Decimal:
        """USD per month of 730 hours, exact."""
        return self.hour * HOURS_PER_MONTH


@dataclass(frozen=True, kw_only=True)
class MemorySeen:
    """Memory that an operating system really has of one machine: MiB, and where and when that was read."""

    mib: int
    source: str
    date: str


@dataclass(frozen=True, kw_only=True)
class InstanceType:
    """One row of the catalogue. Gb/s for the network, Mb/s for EBS, GiB for memory."""

    name: str
    family: str
    vcpu: int
    memory_gib: Decimal
    network_gbps_baseline: Decimal
    network_gbps_burst: Decimal
    ebs_mbps: int
    architecture: Literal["x86_64", "arm64"]
    current_generation: bool
    cpu_baseline_fraction: Decimal | None
    """Share of each vCPU that a burstable type earns back; None for types that do not burst."""
    coremark: int | None
    zones: Mapping[str, str]
    """Region to the letters of the zones that offer the type."""
    prices: Mapping[str, Price]
    """Region to price; a region without an entry has no known price."""
    memory_seen: MemorySeen | None = None
    """What an operating system was seen to have of the memory; None where nobody published it."""


@dataclass(frozen=True, kw_only=True)
class Allocatable:
    """What pods may use of one node after reserves: thousandths of a vCPU, MiB, pods."""

    cpu_m: int
    memory_mib: int
    pods: int


@dataclass(frozen=True, kw_only=True)
class Reserves:
    """What the kubelet keeps back on one node."""

    kube_cpu_m: int
    kube_memory_mib: int
    eviction_memory_mib: int


@dataclass(frozen=True, kw_only=True)
class NodeGroup:
    """One Auto Scaling group of a pool: its zones and bounds."""

    key: str
    """The zone letter, or `all` for a group over every zone of the pool."""
    zones: tuple[str, ...]
    desired: int
    maximum: int


@dataclass(frozen=True, kw_only=True)
class PoolPlan:
    """The machines of one type of a node pool. A pool that was given has one part, a packed one may have several."""

    name: str
    """Key of this part: the pool's name, or that and the type."""
    pool: str
    """The pool's name in the configuration: what nodes are labelled with and services ask for."""
    instance: InstanceType
    price: Price
    count: int
    maximum: int
    zones: tuple[str, ...]
    groups: Mapping[str, NodeGroup]
    services: tuple[str, ...]
    memory: MemorySeen
    allocatable: Allocatable
    reserves: Reserves
    root_disk_gib: int
    dedicated: bool
    spot: bool
    labels: Mapping[str, str]
    taints: tuple[str, ...]
    """kubelet form: key=value:Effect."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class PackedNode:
    """One machine of a packing: its type, its zone, and the pods that it was chosen for by name."""

    type: str
    zone: str
    pods: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class PackingPlan:
    """How the machines of one pool were chosen, and what is proved about it."""

    pool: str
    tolerance: Tolerance
    method: str
    cost: Decimal
    """USD per hour."""
    bound: Decimal
    """USD per hour that no choice of machines for the same pods can undercut."""
    notes: tuple[str, ...]
    nodes: tuple[PackedNode, ...]

    @property
    def gap(self) -> Decimal:
        """Cost above the bound as a share of the bound."""
        return (self.cost - self.bound) / self.bound if self.bound else Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Credits:
    """What a burstable machine earns and holds (EC2 user guide, CPU credits)."""

    baseline_m: int
    """Thousandths of a vCPU that it may use for ever."""
    per_hour: int
    most: int
    """Credits of a full balance."""
    full_hours: Decimal
    """Hours at 100 % that a full balance lasts."""
    surplus_usd_hour: Decimal
    """Price of an hour at 100 % beyond the balance."""


@dataclass(frozen=True, kw_only=True)
class SlotPlan:
    """One control-plane slot: zone letter, fixed private address, and the node name that follows from it."""

    slot: str
    zone: str
    address: IPv4Address
    node: str


@dataclass(frozen=True, kw_only=True)
class ControlPlanePlan:
    """The control-plane machines."""

    instance: InstanceType
    price: Price
    slots: Mapping[str, SlotPlan]
    memory: MemorySeen
    reserves: Reserves
    credits: Credits | None
    """For a burstable type."""
    workers: int
    """Worker machines that it looks after."""
    root_disk_gib: int
    etcd_disk_gib: int
    schedulable: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class ZonePlan:
    """Subnets of one zone; each depends on the zone's letter alone."""

    letter: str
    name: str
    public: IPv4Network
    private: IPv4Network
    data: IPv4Network


@dataclass(frozen=True, kw_only=True)
class NetworkPlan:
    """VPC, zones and the API's name."""

    vpc: IPv4Network
    zones: Mapping[str, ZonePlan]
    nat_zones: tuple[str, ...]
    """Zones that hold a NAT gateway."""
    nat_for: Mapping[str, str]
    """Zone to the zone whose NAT gateway its private subnet uses; empty without NAT."""
    dns_zone: str
    """Private hosted zone."""
    api_name: str
    """The stable name in every kubeconfig and certificate."""
    api_load_balancer: bool
    """More than one slot: an internal load balancer stands behind the name."""
    dns_service_ip: IPv4Address
    """CoreDNS: the tenth address of the service range (kubeadm's rule)."""


@dataclass(frozen=True, kw_only=True)
class FirewallRule:
    """One row: `source` may open a connection to `target` on these ports.

    `source` or `target` is the name of a security group or an IPv4 network; at least one is a group.
    `protocol` is `tcp`, `udp` or an IP protocol number as text; ports are None where the protocol has none.
    """

    source: str
    target: str
    protocol: str
    from_port: int | None
    to_port: int | None
    why: str


@dataclass(frozen=True, kw_only=True)
class FirewallPlan:
    """Security groups by name with their purpose, and every allowed connection."""

    groups: Mapping[str, str]
    rules: tuple[FirewallRule, ...]


@dataclass(frozen=True, kw_only=True)
class QuotaPlan:
    """LimitRange and ResourceQuota of one service's namespace."""

    default_request: PodResources
    default_limit: PodResources
    minimum: PodResources
    maximum: PodResources
    pods: int
    requests: PodResources
    limits: PodResources


@dataclass(frozen=True, kw_only=True)
class PricePlan:
    """Monthly price in USD, part by part, and what has no sourced price."""

    parts: Mapping[str, Decimal]
    month: Decimal
    unpriced: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The complete answer for one stack."""

    stack: str
    config: ClusterConfig
    basis: Basis
    services: Mapping[str, ServicePlan]
    quotas: Mapping[str, QuotaPlan]
    pools: Mapping[str, PoolPlan]
    """Parts of pools by their own names."""
    packings: Mapping[str, PackingPlan]
    """By the pool's name, for pools whose machines sizing chose."""
    control_plane: ControlPlanePlan
    network: NetworkPlan
    firewall: FirewallPlan
    price: PricePlan
    warnings: tuple[Notice, ...]

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.config.name

    @property
    def protected(self) -> bool:
        """Data must not go with a `destroy`: production stacks protect volumes, databases and keys."""
        return self.config.purpose == "production"

    @property
    def worker_count(self) -> int:
        """Machines over all pools."""
        return sum(pool.count for pool in self.pools.values())

    def parts_of(self, pool: str) -> tuple[PoolPlan, ...]:
        """Parts of one pool of the configuration; labels, taints and services are those of all."""
        return tuple(part for part in self.pools.values() if part.pool == pool)
