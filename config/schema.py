"""The sections of `groundswell:cluster`, one frozen dataclass each.

Every field says in its description what it means, in which unit; `docs/configuration.md` comes from them.
Ranges and patterns are checked by pydantic, contradictions between fields by `config.rules`.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Final

from pydantic import Field
from pydantic.dataclasses import dataclass

from config.fields import STRICT
from config.fields import about as _about
from config.schema_capacity import Connections, Memory, Transfer
from config.schema_stated import StatedControlPlane, StatedPool, StatedService, StatedSheet
from config.schema_traffic import Routes, ServiceTraffic, Traffic
from config.types import (
    AmiId,
    Architecture,
    CalicoMode,
    CertificateArn,
    Cidr,
    Cidrs,
    Count,
    CpuMillis,
    DatabaseEngine,
    Day,
    DiskGib,
    FileStem,
    HttpPath,
    KubeProxyMode,
    MemoryAssumption,
    MemoryMib,
    Milliseconds,
    MirrorAddress,
    Name,
    NatMode,
    NodePortNumber,
    ObjectName,
    OperatingSystem,
    PackagesAddress,
    Port,
    PositiveFloat,
    Purpose,
    Rated,
    Region,
    ResourceBias,
    Seconds,
    Sha256,
    Share,
    SlotLetter,
    StorageKind,
    Term,
    Text,
    Tolerance,
    Workload,
    ZoneLetter,
)

DEFAULT_MOST: Final = 2
"""Pods at most of a service that names no maximum: the second takes over while the first is replaced."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Replicas:
    """Bounds of a service's HorizontalPodAutoscaler."""

    min: Annotated[Count, _about("pods at rest; a tolerance may ask for more")] = 1
    max: Annotated[
        Count | None,
        _about(
            "pods at most; absent: 2, or where sizing chooses the machines as many as the peak, its bursts and the"
            " tolerance need"
        ),
    ] = None

    @property
    def most(self) -> int:
        """`max`, or what it is when absent."""
        return max(DEFAULT_MOST, self.min) if self.max is None else self.max


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Resources:
    """What one pod asks for. Memory requests equal memory limits: no overcommit."""

    cpu_m: Annotated[CpuMillis, _about("CPU request, thousandths of a vCPU")]
    memory_mib: Annotated[MemoryMib, _about("memory request and limit, MiB")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class NodePort:
    """A fixed port on the nodes, reachable from the named networks only."""

    port: Annotated[NodePortNumber, _about("port on every node that runs the service")]
    allowed_cidrs: Annotated[Cidrs, _about("networks that may connect")]
    allow_world: Annotated[bool, _about("must be true when `allowed_cidrs` holds 0.0.0.0/0")] = False


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Demand:
    """What one request was measured to cost: written here, or taken from a calibration file that is named.

    With `calibration` every other key comes from that file and may be left out, the required ones too.
    """

    cpu_ms_per_request: Annotated[PositiveFloat, _about("vCPU-milliseconds per request")]
    source: Annotated[Text, _about("where the figure was measured")]
    threads: Annotated[Count | None, _about("requests that the measured process served at once")] = None
    hold_ms: Annotated[Milliseconds | None, _about("time that a request holds one of `threads`, ms")] = None
    calibration: Annotated[
        Text | None,
        _about("file that `python -m sizing calibrate` wrote, as a path from the folder of the stack file"),
    ] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Service:
    """One application service: its traffic, its pods and what it talks to."""

    pool: Annotated[Name, _about("key of the node pool that runs it")]
    image: Annotated[
        Text,
        _about("image with tag or digest; `registry` is put before it unless it names a registry host itself"),
    ]
    port: Annotated[Port, _about("port that the container listens on")] = 8080
    traffic: Annotated[ServiceTraffic | None, _about("absent: the service gets floors and a note")] = None
    routes: Annotated[
        Routes,
        _about(
            "services whose requests pass through this one, which carries their sum (without `sent_by`, which starts"
            " inside); as a mapping: requests here for each request of that service"
        ),
    ] = ()
    replicas: Annotated[Replicas, _about("bounds of the autoscaler")] = field(default_factory=Replicas)
    resources: Annotated[Resources | None, _about("per pod; absent: an equal share of a node of its pool")] = None
    quota: Annotated[
        Resources | None,
        _about("CPU and memory requests of the whole namespace; absent: maximum pods plus one surge pod"),
    ] = None
    demand: Annotated[Demand | None, _about("measured cost of a request; absent: utilisation is not judged")] = None
    memory: Annotated[Memory | None, _about("how much memory a pod needs, when `resources` does not say")] = None
    connections: Annotated[Connections | None, _about("absent: database connections are not judged")] = None
    transfer: Annotated[Transfer | None, _about("absent: network and volumes are not judged")] = None
    autoscale_cpu_percent: Annotated[
        Count | None,
        Field(
            le=100,
            description="HPA target, % of the CPU request; absent: the lower of `headroom.utilisation_target` and what"
            " `headroom.growth_per_minute` leaves until a new pod helps",
        ),
    ] = None
    ready_seconds: Annotated[
        Seconds, _about("from the start of a pod until it carries its share: image, start, warm-up, s")
    ] = 90.0
    health_path: Annotated[HttpPath, _about("HTTP path of the probes")] = "/actuator/health"
    startup_seconds: Annotated[Seconds, _about("longest start before the pod is restarted, s")] = 180.0
    database: Annotated[Name | None, _about("key of `databases`")] = None
    cache: Annotated[Name | None, _about("key of `caches`")] = None
    kafka: Annotated[bool, _about("give the pods the Kafka bootstrap address")] = False
    settings: Annotated[Mapping[str, str], _about("further ConfigMap entries, given to the pods as environment")] = (
        field(default_factory=dict[str, str])
    )
    node_port: Annotated[NodePort | None, _about("also reachable by a NodePort")] = None
    stated: Annotated[StatedService | None, _about("what a sheet says of its traffic, for comparison")] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Pool:
    """A node pool: machines of one type with one set of labels and taints."""

    instance_type: Annotated[
        str | None,
        _about(
            "EC2 type; absent: the cheapest mix of types of `families` that holds all pods, or with `count` the"
            " cheapest type of which so many hold them"
        ),
    ] = None
    resource_bias: Annotated[ResourceBias | None, _about("absent: the cluster's `resource_bias`")] = None
    families: Annotated[
        tuple[str, ...], _about("EC2 families to choose from, such as c5a; absent: those of `resource_bias`")
    ] = ("c5a",)
    count: Annotated[Count | None, _about("machines; absent: as many as the pods need")] = None
    max_count: Annotated[Count | None, _about("upper bound for the Auto Scaling groups; absent: `count` + 1")] = None
    zones: Annotated[tuple[ZoneLetter, ...], _about("zones; empty: all of `network.zones`")] = ()
    zonal: Annotated[
        bool, _about("one Auto Scaling group per zone, so that a machine comes back where its volumes are")
    ] = True
    dedicated: Annotated[
        bool, _about("taint the nodes so that only the pool's services and the platform run there")
    ] = True
    root_disk_gib: Annotated[DiskGib, Field(ge=20, description="encrypted gp3 root volume, GiB")] = 20
    spot: Annotated[bool, _about("spot machines; refused where Kafka brokers may run")] = False
    labels: Annotated[Mapping[str, str], _about("further node labels")] = field(default_factory=dict[str, str])
    tolerance: Annotated[Tolerance | None, _about("absent: the cluster's `tolerance`")] = None
    reason: Annotated[str, _about("why this type was chosen, for the plan's table")] = ""
    stated: Annotated[StatedPool | None, _about("what a sheet says of it, for comparison")] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ControlPlane:
    """The control-plane machines. A slot keeps its address, volume and etcd member over replacements."""

    instance_type: Annotated[
        str | None,
        _about(
            "EC2 type, at least 2 vCPU and 2 GiB (kubeadm's floor); null: the cheapest of `families` that the number of"
            " workers asks for and every slot's zone offers"
        ),
    ] = "t3a.medium"
    families: Annotated[tuple[str, ...], _about("EC2 families to choose from, with `instance_type: null`")] = (
        "c5a",
        "m5a",
        "c6i",
    )
    mean_cpu_m: Annotated[
        CpuMillis | None,
        _about("mean CPU of one control plane as measured, thousandths of a vCPU; judges burstable types"),
    ] = None
    slots: Annotated[
        Mapping[SlotLetter, ZoneLetter], _about("slot letter to zone letter; 1, 3 or 5 slots (etcd quorum)")
    ] = field(default_factory=lambda: {"a": "a"})
    root_disk_gib: Annotated[DiskGib, Field(ge=20, description="encrypted gp3 root volume, GiB")] = 20
    etcd_disk_gib: Annotated[DiskGib, Field(ge=8, description="encrypted gp3 volume for etcd and keys, GiB")] = 20
    schedulable: Annotated[bool, _about("lift the control-plane taint so that other pods run there")] = False
    reason: Annotated[str, _about("why this type was chosen")] = ""
    stated: Annotated[StatedControlPlane | None, _about("what a sheet says of it, for comparison")] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Backup:
    """How long etcd's snapshots are kept. One is made every quarter of an hour; those are kept for two days."""

    hourly_days: Annotated[int, Field(ge=1, le=365, description="days that the first snapshot of an hour is kept")] = 7
    daily_days: Annotated[int, Field(ge=1, le=3650, description="days that the first snapshot of a day is kept")] = 90
    object_lock_days: Annotated[
        int,
        Field(ge=0, le=365, description="days that nobody can delete a snapshot (S3 object lock, governance); 0: off"),
    ] = 0


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Dns:
    """CoreDNS."""

    ttl_seconds: Annotated[int, Field(ge=0, le=3600, description="TTL of cluster records, s")] = 30
    cache_seconds: Annotated[int, Field(ge=1, le=3600, description="longest cache of outside names, s")] = 30


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Network:
    """The VPC and the cluster's own address ranges."""

    zones: Annotated[tuple[ZoneLetter, ...], Field(min_length=1, description="availability zone letters")] = ("a",)
    vpc_cidr: Annotated[Cidr, _about("the VPC, /16 to /20")] = Cidr("10.0.0.0/16")
    pod_cidr: Annotated[Cidr, _about("pods (kubeadm podSubnet)")] = Cidr("192.168.0.0/16")
    service_cidr: Annotated[Cidr, _about("Services (kubeadm serviceSubnet)")] = Cidr("10.96.0.0/12")
    peered_cidrs: Annotated[Mapping[Name, Cidr], _about("networks reachable from the VPC, for the overlap check")] = (
        field(default_factory=dict[str, Cidr])
    )
    nat: Annotated[NatMode, _about("NAT gateways; `none` needs `interface_endpoints`")] = "single"
    interface_endpoints: Annotated[bool, _about("private endpoints for SSM, ECR, EC2, STS, KMS and others")] = False
    egress_cidrs: Annotated[Cidrs, _about("where nodes may open HTTPS and HTTP connections to")] = (Cidr("0.0.0.0/0"),)
    dns: Annotated[Dns, _about("CoreDNS")] = field(default_factory=Dns)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Calico:
    """The pod network."""

    mode: Annotated[
        CalicoMode,
        _about(
            "`vxlan`: VXLAN always, BGP off; `bgp`: IPIP always with a BGP mesh (TCP 179 and protocol 4);"
            " the CrossSubnet modes need `disable_source_destination_check`"
        ),
    ] = "vxlan"
    disable_source_destination_check: Annotated[
        bool, _about("let Felix switch the EC2 source/destination check off on every node")
    ] = False


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Kubernetes:
    """Version and node settings."""

    version: Annotated[str, _about("a version with pinned checksums (userdata/pins.py)")] = "1.36.4"
    max_pods: Annotated[int, Field(ge=10, le=250, description="kubelet maxPods; each pod slot reserves 11 MiB")] = 110
    kube_proxy_mode: Annotated[
        KubeProxyMode, _about("kube-proxy mode; `nftables` on Ubuntu 24.04 and Amazon Linux 2023 only")
    ] = "iptables"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Mirror:
    """Where nodes fetch their programs instead of from upstream; `python -m userdata mirror` lists its files."""

    address: Annotated[
        MirrorAddress,
        _about(
            "`https://host/path`, `http://` with a private IPv4 address, `s3://bucket/prefix` in the stack's region"
            " (read with the nodes' role), or `file:///path` on the image"
        ),
    ]
    sums: Annotated[
        Mapping[FileStem, Mapping[Architecture, Sha256]],
        _about(
            "SHA-256 by program or image archive, then by architecture: for programs built by yourself, and for every"
            " image archive"
        ),
    ] = field(default_factory=dict[str, Mapping[str, str]])
    images: Annotated[
        bool, _about("import the images that kubeadm wants from `images/` before it runs; each needs a sum")
    ] = False
    archives: Annotated[
        tuple[FileStem, ...],
        _about("more image archives for every node: `NAME` is `images/NAME-amd64.tar` (`-arm64`); each needs a sum"),
    ] = ()


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Machine:
    """The operating system of every node."""

    os: Annotated[OperatingSystem, _about("image family")] = "ubuntu-24.04"
    ami: Annotated[
        Mapping[Architecture, AmiId],
        _about(
            "AMI id per architecture (`x86_64`, `arm64`); absent: the publisher's current image, resolved by"
            " EC2 at launch, so nodes launched later may be newer"
        ),
    ] = field(default_factory=dict[str, str])
    mirror: Annotated[Mirror | None, _about("absent: programs come from their upstream releases")] = None
    packages: Annotated[
        Mapping[Architecture, PackagesAddress],
        _about(
            "tree of the system's signed packages per architecture: what stands before `/dists`, on Amazon Linux before"
            " `/repodata`; absent: the image's own sources"
        ),
    ] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ApiAccess:
    """Who reaches the Kubernetes API from outside the VPC."""

    allowed_cidrs: Annotated[
        tuple[Cidr, ...], _about("operators' networks; empty: no public load balancer is made")
    ] = ()
    allow_world: Annotated[bool, _about("must be true when `allowed_cidrs` holds 0.0.0.0/0")] = False


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Entry:
    """The one public way in for users: a network load balancer in front of one service."""

    service: Annotated[Name, _about("key of `services`")]
    node_port: Annotated[NodePortNumber, _about("port on the nodes of the service's pool")] = 30080
    port: Annotated[Port, _about("port of the load balancer")] = 80
    certificate_arn: Annotated[
        CertificateArn | None, _about("ACM certificate of the same region: the listener speaks TLS")
    ] = None
    allowed_cidrs: Annotated[Cidrs, _about("networks that may connect")]
    allow_world: Annotated[bool, _about("must be true when `allowed_cidrs` holds 0.0.0.0/0")] = False


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CreateDatabase:
    """An RDS instance made by the stack, in the data subnets, encrypted."""

    instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$", description="RDS class")] = (
        "db.t4g.medium"
    )
    storage_gib: Annotated[DiskGib, Field(ge=20, description="gp3 storage, GiB")] = 20
    multi_az: Annotated[bool, _about("standby in a second zone")] = False
    seed_sql: Annotated[str, _about("idempotent SQL run once by a Job")] = ""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Database:
    """A MySQL or PostgreSQL database that services reach by an ExternalName Service."""

    engine: Annotated[DatabaseEngine, _about("database engine")] = "mysql"
    endpoint: Annotated[str | None, _about("host name of an existing database, without port")] = None
    cidr: Annotated[Cidr | None, _about("network of the existing database, for the firewall")] = None
    create: Annotated[CreateDatabase | None, _about("make an RDS instance instead")] = None
    port: Annotated[Port | None, _about("absent: 3306 or 5432")] = None
    max_connections: Annotated[
        Count | None,
        _about("connections that it accepts; absent: the engine's default for the class that the stack makes"),
    ] = None
    database: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$", description="database name")]
    username: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}$", description="user name")]
    service_name: Annotated[ObjectName, _about("the ExternalName Service")] = "mysql-external-service"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CreateCache:
    """An ElastiCache replication group made by the stack, encrypted at rest and in transit."""

    node_type: Annotated[str, Field(pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$", description="ElastiCache type")] = (
        "cache.t4g.small"
    )
    replicas: Annotated[int, Field(ge=0, le=5, description="read replicas")] = 0


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Cache:
    """A Redis-compatible cache that services reach by an ExternalName Service."""

    endpoint: Annotated[str | None, _about("host name of an existing cache, without port")] = None
    cidr: Annotated[Cidr | None, _about("network of the existing cache, for the firewall")] = None
    create: Annotated[CreateCache | None, _about("make an ElastiCache replication group instead")] = None
    port: Annotated[Port, _about("TCP port")] = 6379
    service_name: Annotated[ObjectName, _about("the ExternalName Service")] = "redis-external-service"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class LocalVolume:
    """A directory on one node, offered to Kafka as a static volume."""

    node: Annotated[Text, _about("kubernetes.io/hostname of the node")]
    path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9/_.-]+$", description="absolute path on that node")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class KafkaStorage:
    """Where brokers keep their logs."""

    kind: Annotated[StorageKind, _about("`ebs` (dynamic gp3) or `local` (static)")] = "ebs"
    size_gib: Annotated[DiskGib, _about("per broker, GiB")] = 3
    local_volumes: Annotated[Mapping[Name, LocalVolume], _about("for `local`: at least one per broker")] = field(
        default_factory=dict[str, LocalVolume]
    )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Topic:
    """A KafkaTopic."""

    partitions: Annotated[Count, _about("partitions")] = 3
    retention_hours: Annotated[Count, _about("how long messages are kept, h")] = 168


@dataclass(frozen=True, kw_only=True, config=STRICT)
class KafkaUser:
    """A KafkaUser with TLS client authentication."""

    reads: Annotated[tuple[ObjectName, ...], _about("topics it may read")] = ()
    writes: Annotated[tuple[ObjectName, ...], _about("topics it may write")] = ()


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Kafka:
    """A Strimzi Kafka cluster in KRaft mode; every broker is a controller too."""

    namespace: Annotated[ObjectName, _about("namespace of operator and cluster")] = "kafka"
    name: Annotated[Name, _about("name of the Kafka resource")] = "kafka"
    version: Annotated[str, _about("a Kafka version that the pinned Strimzi supports")] = "4.3.1"
    brokers: Annotated[int, Field(ge=1, le=99, description="brokers, each also a KRaft controller")] = 3
    replication_factor: Annotated[int, Field(ge=1, le=9, description="copies of each partition")] = 3
    min_in_sync_replicas: Annotated[int, Field(ge=1, le=9, description="copies that must confirm a write")] = 2
    resources: Annotated[Resources, _about("per broker")] = field(
        default_factory=lambda: Resources(cpu_m=500, memory_mib=2048)
    )
    storage: Annotated[KafkaStorage, _about("broker volumes")] = field(default_factory=KafkaStorage)
    topics: Annotated[Mapping[ObjectName, Topic], _about("topics by name")] = field(default_factory=dict[str, Topic])
    users: Annotated[Mapping[ObjectName, KafkaUser], _about("users by name")] = field(
        default_factory=dict[str, KafkaUser]
    )
    ui: Annotated[bool, _about("deploy Kafka UI, reached by port-forward")] = True
    ui_node_port: Annotated[NodePort | None, _about("also reach Kafka UI by a NodePort")] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Addons:
    """Switches. Calico and the AWS cloud controller are always there."""

    csr_approver: Annotated[bool, _about("sign kubelet serving certificates after checking them")] = True
    ebs_csi: Annotated[bool, _about("EBS volumes and the encrypted gp3 default StorageClass")] = True
    metrics_server: Annotated[bool, _about("kubectl top and the autoscalers' CPU figures")] = True
    dashboard: Annotated[bool, _about("Headlamp, reached by port-forward")] = False


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Headroom:
    """How full a machine may be."""

    utilisation_target: Annotated[Share, _about("CPU share at the peak that counts as comfortable")] = 0.6
    failed_utilisation: Annotated[Share, _about("CPU share at the peak that is borne while a node or zone is lost")] = (
        0.85
    )
    growth_per_minute: Annotated[
        float,
        Field(ge=0, le=100, description="fastest growth of traffic that autoscalers keep up with, a share"),
    ] = 0.2
    platform_share: Annotated[
        Resources,
        _about("kept free of services on every worker, for Kafka brokers, operators and the other platform pods"),
    ] = field(default_factory=lambda: Resources(cpu_m=1000, memory_mib=2560))
    memory: Annotated[
        MemoryAssumption,
        _about(
            "memory that nodes are taken to have: `known` (as read on such machines, 7.5 % less than the catalogue's"
            " where nobody published it), `flat` (7.5 % less everywhere) or `whole` (the catalogue's)"
        ),
    ] = "known"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Rate:
    """What somebody read of a purchase option's price, with where and when; one of `usd_hour` and `discount`."""

    usd_hour: Annotated[
        PositiveFloat | None, _about("USD per hour, for a type only; what is paid at once is spread over the term")
    ] = None
    discount: Annotated[
        float | None, Field(gt=0, le=0.95, description="share off the on-demand price, for a type or a whole family")
    ] = None
    source: Annotated[Text, _about("where the figure was read")]
    date: Annotated[Day, _about("day on which it was read")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Prices:
    """Where prices come from beside the catalogue, and how their age is judged.

    A rate for a type goes before one for its family, both before the price file, and that before the catalogue.
    """

    as_of: Annotated[Day | None, _about("day of planning; prices more than 180 days older are reported")] = None
    file: Annotated[
        Text | None,
        _about("price file that `python -m sizing prices --live --write FILE` wrote, from the stack file's folder"),
    ] = None
    term: Annotated[Term, _about("what `reserved` and `savings_plan` rates are promised for")] = "1yr-no-upfront"
    spot: Annotated[Mapping[Rated, Rate], _about("spot rates by type or family")] = field(
        default_factory=dict[str, Rate]
    )
    reserved: Annotated[Mapping[Rated, Rate], _about("rates of standard reserved instances by type or family")] = field(
        default_factory=dict[str, Rate]
    )
    savings_plan: Annotated[Mapping[Rated, Rate], _about("savings-plan rates by type or family")] = field(
        default_factory=dict[str, Rate]
    )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ClusterConfig:
    """The value of `groundswell:cluster`: one cluster, from traffic to add-ons."""

    name: Annotated[Name, _about("cluster name, part of every resource name")]
    purpose: Annotated[Purpose, _about("sets defaults: see the presets")] = "development"
    workload: Annotated[Workload, _about("what mostly runs there; sets defaults: see the presets")] = "web"
    resource_bias: Annotated[ResourceBias, _about("what the pods need most; sets defaults: see the presets")] = "cpu"
    region: Annotated[Region, _about("AWS region")] = "ap-northeast-2"
    traffic: Annotated[Traffic, _about("the platform's traffic")]
    services: Annotated[Mapping[Name, Service], Field(min_length=1, description="application services by name")]
    pools: Annotated[Mapping[Name, Pool], Field(min_length=1, description="node pools by name")]
    tolerance: Annotated[
        Tolerance,
        _about(
            "what may fail at the peak while every service stays below `headroom.failed_utilisation`: `none`, any one"
            " `node`, or any one `zone`; machines that sizing chooses are chosen so"
        ),
    ] = "none"
    control_plane: Annotated[ControlPlane, _about("control-plane machines")] = field(default_factory=ControlPlane)
    network: Annotated[Network, _about("addresses, zones, NAT")] = field(default_factory=Network)
    api_access: Annotated[ApiAccess, _about("operators' way to the API")] = field(default_factory=ApiAccess)
    entry: Annotated[Entry | None, _about("users' way to the platform")] = None
    calico: Annotated[Calico, _about("pod network")] = field(default_factory=Calico)
    kubernetes: Annotated[Kubernetes, _about("version and node settings")] = field(default_factory=Kubernetes)
    machine: Annotated[Machine, _about("operating system")] = field(default_factory=Machine)
    backup: Annotated[Backup, _about("etcd's snapshots")] = field(default_factory=Backup)
    registry: Annotated[
        str | None,
        Field(
            pattern=r"^[a-z0-9.-]+\.[a-z0-9.-]+(:\d+)?(/[a-z0-9._/-]+)?$",
            description="registry host and path",
        ),
    ] = None
    databases: Annotated[Mapping[Name, Database], _about("databases by name")] = field(
        default_factory=dict[str, Database]
    )
    caches: Annotated[Mapping[Name, Cache], _about("caches by name")] = field(default_factory=dict[str, Cache])
    kafka: Annotated[Kafka | None, _about("absent: no Kafka")] = None
    addons: Annotated[Addons, _about("add-on switches")] = field(default_factory=Addons)
    headroom: Annotated[Headroom, _about("utilisation targets")] = field(default_factory=Headroom)
    stated: Annotated[StatedSheet, _about("what a sheet says as a whole, for comparison")] = field(
        default_factory=StatedSheet
    )
    prices: Annotated[Prices, _about("further prices, and their age")] = field(default_factory=Prices)
    tags: Annotated[Mapping[str, str], _about("further tags on every AWS resource")] = field(
        default_factory=dict[str, str]
    )
