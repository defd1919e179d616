"""Sections about what one pod needs and how much it can do: memory, database connections, bytes per request."""

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from config.fields import STRICT
from config.fields import about as _about
from config.types import Bytes, Count, MemoryMib, Milliseconds


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Memory:
    """What one pod needs in memory, by a heap rule, by measurement, or by both: the greater counts."""

    heap_mib: Annotated[MemoryMib | None, _about("largest heap of the process (-Xmx), MiB")] = None
    beside_heap_mib: Annotated[
        int,
        Field(ge=0, le=65_536, description="beside heap and thread stacks: metaspace, compiled code, buffers, MiB"),
    ] = 256
    rss_mib: Annotated[
        MemoryMib | None, _about("resident memory measured under load, a high percentile such as the 99th, MiB")
    ] = None
    margin: Annotated[float, Field(ge=0, le=2, description="on top of `rss_mib`, as a share of it")] = 0.15


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Connections:
    """The pool of database connections that every pod opens."""

    count: Annotated[Count, _about("connections of one pod, at most")]
    hold_ms: Annotated[Milliseconds | None, _about("how long a request holds one, ms; absent: not judged")] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Transfer:
    """Bytes that one request moves, for the ceilings of the machines' network and volumes."""

    request_bytes: Annotated[Bytes, _about("in, with what other services answer, bytes")] = 0
    response_bytes: Annotated[Bytes, _about("out, with what other services are asked, bytes")] = 0
    disk_bytes: Annotated[Bytes, _about("read from and written to the node's volume, logs included, bytes")] = 0
