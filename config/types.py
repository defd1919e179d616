"""Named, constrained scalar types that the configuration sections are made of."""

import re
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$")]
"""A DNS label of at most 20 characters: a part of AWS names, which end at 32, and of Kubernetes names."""

ObjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
"""A Kubernetes object name that must also be a DNS label (RFC 1123), at most 63 characters."""

ZoneLetter = Annotated[str, StringConstraints(pattern=r"^[a-h]$")]
"""The letter behind the region name: `a` is ap-northeast-2a. The address plan has room for eight."""

SlotLetter = Annotated[str, StringConstraints(pattern=r"^[a-e]$")]
"""A control-plane slot; five at most, because etcd gains nothing from more (quorum table)."""

Port = Annotated[int, Ge(1), Le(65535)]
NodePortNumber = Annotated[int, Ge(30000), Le(32767)]
"""The API server's default --service-node-port-range."""

Count = Annotated[int, Ge(1), Le(5000)]
"""A number of machines or pods; 5,000 is the largest cluster that Kubernetes is tested with."""

Factor = Annotated[float, Ge(1), Le(100)]
Share = Annotated[float, Gt(0), Le(1)]
PositiveFloat = Annotated[float, Gt(0), Le(1e9)]
Rps = Annotated[float, Gt(0), Le(1e9)]
"""Requests per second."""

PerRequest = Annotated[float, Gt(0), Le(1000)]
"""Requests of one kind for each request of another."""

Users = Annotated[int, Ge(1), Le(10**10)]
Milliseconds = Annotated[float, Gt(0), Le(600_000)]
Seconds = Annotated[float, Gt(0), Le(86_400)]
CpuMillis = Annotated[int, Ge(10), Le(192_000)]
MemoryMib = Annotated[int, Ge(16), Le(1_572_864)]
Bytes = Annotated[int, Ge(0), Le(10**12)]
DiskGib = Annotated[int, Ge(1), Le(16_384)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Cidr = IPv4Network
Cidrs = Annotated[tuple[Cidr, ...], MinLen(1)]

Formula = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.]+( [*/] [a-z0-9_.]+){0,9}$")]
"""Names and numbers with ` * ` and ` / ` between them."""

Purpose = Literal["education", "development", "production"]
Workload = Literal["web", "analytics"]
ResourceBias = Literal["cpu", "balanced", "memory", "bursty"]
TrafficShape = Literal["steady", "daily", "bursty"]
Basis = Literal["arrival", "stress"]
CalicoMode = Literal["vxlan", "bgp", "vxlan-cross-subnet", "bgp-cross-subnet"]
OperatingSystem = Literal["ubuntu-24.04", "amazon-linux-2023", "debian-12"]
NatMode = Literal["per-zone", "single", "none"]
KubeProxyMode = Literal["iptables", "nftables"]
DatabaseEngine = Literal["mysql", "postgres"]
StorageKind = Literal["ebs", "local"]
PurchaseOption = Literal["on-demand", "spot", "reserved", "savings-plan"]
"""How a machine is paid for."""
Term = Literal[
    "1yr-no-upfront",
    "1yr-partial-upfront",
    "1yr-all-upfront",
    "3yr-no-upfront",
    "3yr-partial-upfront",
    "3yr-all-upfront",
]
"""What is promised for reserved and savings-plan rates: years, and how much is paid at once."""
Tolerance = Literal["none", "node", "zone"]
MemoryAssumption = Literal["known", "flat", "whole"]

Architecture = Annotated[str, StringConstraints(pattern=r"^(x86_64|arm64)$")]
AmiId = Annotated[str, StringConstraints(pattern=r"^ami-([0-9a-f]{8}|[0-9a-f]{17})$")]
MirrorAddress = Annotated[
    str,
    StringConstraints(
        pattern=r"^(https?://[a-z0-9.-]+(:[0-9]{1,5})?|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]|file://)(/[A-Za-z0-9._-]+)*$"
    ),
]
"""Where files are fetched from. No user, no query: the address stands in user data, so it must hold no secret."""
PackagesAddress = Annotated[str, StringConstraints(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._-]+)*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FileStem = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
"""Beginning of a file name: safe in addresses and in the shell."""
CertificateArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$")
]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
"""A day as text; whether it is in the calendar is a rule of its own."""
Rated = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*(\.[a-z0-9-]+)?$")]
"""What a rate is for: an instance type such as c5a.xlarge, or a family such as c5a."""
HttpPath = Annotated[str, StringConstraints(pattern=r"^/[!-~]{0,199}$")]

REGION_PATTERN: Final = re.compile(r"^[a-z]{2}(-gov)?-[a-z]+-\d$")
Region = Annotated[str, StringConstraints(pattern=REGION_PATTERN.pattern)]

WORLD: Final = IPv4Network("0.0.0.0/0")
