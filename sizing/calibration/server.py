"""What the load-test files do not say: how busy the server was. A file that the user writes beside them."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path, PurePath
from typing import Annotated, Final

from annotated_types import MinLen
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from config.calibration import Resource, Series, read_section
from config.problems import ConfigError, Problem, join_path
from config.types import PositiveFloat, Share, Text

ROOT: Final = "server"
STRICT: Final = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
ThinkMs = Annotated[float, Field(ge=0, le=86_400_000)]


def _about(text: str) -> object:
    return Field(description=text)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Cpu:
    """Which CPU figure the fit uses, and what its 100 % stands for."""

    series: Annotated[Series, _about("which of the runs' series the fit uses")]
    base_vcpu: Annotated[
        tuple[PositiveFloat, ...],
        MinLen(1),
        _about("vCPU that 1.0 may stand for; with several the dearest is used and all are printed"),
    ]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Run:
    """The server during one load test. Shares are means over the test's steady part, 1.0 is all of it."""

    cpu: Annotated[Mapping[Series, Share], _about("CPU share by series: host, cgroup or process")] = field(
        default_factory=dict[Series, float]
    )
    busy: Annotated[Mapping[Resource, Share], _about("busy share of other resources, by resource")] = field(
        default_factory=dict[Resource, float]
    )
    users: Annotated[PositiveFloat | None, _about("virtual users, where the tool's file does not say")] = None
    think_ms: Annotated[ThinkMs | None, _about("time that users waited between requests, ms")] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Server:
    """The machine that was loaded, and one entry for each load test."""

    source: Annotated[Text, _about("where the figures come from")]
    measured_on: Annotated[Text, _about("when the tests ran, in your words")]
    instance_type: Annotated[Text, _about("the machine that ran the service")]
    cpu: Annotated[Cpu, _about("how CPU was measured")]
    capacity: Annotated[
        Mapping[Resource, PositiveFloat],
        _about("threads and connections: how many; network and ebs: Mb/s"),
    ] = field(default_factory=dict[Resource, float])
    think_ms: Annotated[ThinkMs, _about("think time of all runs that state none, ms")] = 0.0
    runs: Annotated[Mapping[str, Run], _about("by file name, with as much of its folder as tells files apart")]


SERIES: Final[tuple[Series, ...]] = ("host", "cgroup", "process")
RESOURCES: Final[tuple[Resource, ...]] = ("threads", "connections", "network", "ebs")


def read_server(path: Path) -> Server:
    """Read and check a server file.

    Raises:
        ConfigError: with every problem of the file.
    """
    server = read_section(path, Server, ROOT)
    problems = list(_problems(server))
    if problems:
        raise ConfigError(problems, path.name)
    return server


def _problems(server: Server) -> list[Problem]:
    return [
        Problem(
            path=f"{join_path(f'{ROOT}.runs', name)}.busy.{resource}",
            value=share,
            rule=f"is a share of nothing: capacity.{resource} is not given",
            fix=f"give capacity.{resource}",
        )
        for name, run in server.runs.items()
        for resource, share in run.busy.items()
        if resource not in server.capacity
    ]


def run_of(server: Server, path: Path) -> Run | None:
    """The entry whose key is the end of a file's path; the longest one where several are."""
    parts = path.parts
    keys = [key for key in server.runs if parts[-len(PurePath(key).parts) :] == PurePath(key).parts]
    return server.runs[max(keys, key=lambda key: len(PurePath(key).parts))] if keys else None
