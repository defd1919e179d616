"""The calibration file: what one request of a service was measured to cost, written by `python -m sizing calibrate`.

A stack names it below `demand.calibration` of a service; its path counts from the folder of the stack file.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar, cast

from annotated_types import MinLen
from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from config.errors import problem_of
from config.plain import plain_tree
from config.problems import ConfigError
from config.types import PositiveFloat, Share, Text
from config.yaml_file import read_yaml

Series = Literal["host", "cgroup", "process"]
"""Whose CPU time a figure counts: the whole machine's, the container's, or the one process's."""
Resource = Literal["threads", "connections", "network", "ebs"]
"""What a request occupies beside CPU."""
Method = Literal["ratio", "line"]
"""How a figure was fitted: mean of busy over rate, or a line with an intercept."""

FORMAT: Final = 1
ROOT: Final = "calibration"
STRICT: Final = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
Sum = Annotated[str, StringConstraints(min_length=64, max_length=64)]
Amount = Annotated[float, Field(ge=0, le=1e12)]

Portion = Annotated[float, Field(ge=0, le=1)]

_Section = TypeVar("_Section")


def _about(text: str) -> object:
    return Field(description=text)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CpuDemand:
    """CPU time of one request."""

    ms_per_request: Annotated[PositiveFloat, _about("vCPU-milliseconds per request, on the dearest base")]
    base_vcpu: Annotated[PositiveFloat, _about("vCPU that a share of 1.0 stands for in that figure")]
    by_base: Annotated[Mapping[str, PositiveFloat], MinLen(1), _about("the same figure on every base that was given")]
    series: Annotated[Series, _about("whose CPU time was counted")]
    method: Annotated[Method, _about("`ratio`: mean of busy over rate; `line`: least squares with an intercept")]
    idle_vcpu: Annotated[Amount, _about("CPU that is busy without a request, vCPU; 0 for `ratio`")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Occupancy:
    """What one request takes of another resource."""

    capacity: Annotated[PositiveFloat, _about("threads, connections or Mb/s that there were")]
    per_request: Annotated[PositiveFloat, _about("ms of one thread or connection; megabits for network and EBS")]
    rps_max: Annotated[PositiveFloat, _about("requests/s that take all of the capacity")]
    method: Annotated[Method, _about("as for CPU")]
    idle: Annotated[Amount, _about("capacity that is taken without a request; 0 for `ratio`")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Errors:
    """How far the fitted model is from one run, as shares of what was measured."""

    cpu: Annotated[float, _about("CPU at the measured rate")]
    rps: Annotated[float | None, _about("rate, from the ceiling of the threads or connections")]
    response: Annotated[float | None, _about("response time, from the same")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RunRecord:
    """One load test that was used."""

    file: Annotated[Text, _about("name of the load-test file")]
    sha256: Annotated[Sum, _about("check sum of its bytes")]
    tool: Annotated[Text, _about("what wrote it")]
    users: Annotated[PositiveFloat, _about("virtual users")]
    rps: Annotated[PositiveFloat, _about("requests completed per second")]
    peak_rps: Annotated[PositiveFloat | None, _about("highest rate of one interval")]
    response_ms: Annotated[Amount, _about("mean response time, ms")]
    think_ms: Annotated[Amount, _about("think time that was stated, ms")]
    errors: Annotated[Portion | None, _about("share of failed requests; null where the tool does not say")]
    steady_seconds: Annotated[PositiveFloat | None, _about("length of the part that was used; null for totals")]
    little: Annotated[float, _about("(X(R+Z) - N) / N")]
    cpu: Annotated[Mapping[Series, Share], _about("CPU share by series")]
    cpu_ms_per_request: Annotated[Mapping[str, PositiveFloat], _about("of this run alone, by base")]
    model: Annotated[Errors, _about("the fitted model against this run")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Range:
    """Loads that the fit rests on; beyond them it is extrapolation."""

    rps_low: Annotated[PositiveFloat, _about("lowest rate, requests/s")]
    rps_high: Annotated[PositiveFloat, _about("highest rate, requests/s")]
    users_low: Annotated[PositiveFloat, _about("fewest users")]
    users_high: Annotated[PositiveFloat, _about("most users")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Remark:
    """Something a person should know about the fit; `code` is stable."""

    code: Annotated[Text, _about("stable name")]
    text: Annotated[str, Field(min_length=1, max_length=2000, description="what it is about")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Calibration:
    """The whole file."""

    format: Annotated[int, Field(ge=FORMAT, le=FORMAT, description="version of this structure")]
    source: Annotated[Text, _about("where the server's figures come from")]
    measured_on: Annotated[Text, _about("when the tests ran")]
    instance_type: Annotated[Text, _about("machine that ran the service")]
    cpu: Annotated[CpuDemand, _about("CPU time of one request")]
    occupancy: Annotated[Mapping[Resource, Occupancy], _about("the other resources")]
    bytes_per_request: Annotated[PositiveFloat | None, _about("received and sent, as the load generator saw it")]
    range: Annotated[Range, _about("loads that the fit rests on")]
    runs: Annotated[tuple[RunRecord, ...], MinLen(1), _about("the tests that were used")]
    remarks: Annotated[tuple[Remark, ...], _about("what to know about the fit")]


def read_calibration(path: Path) -> Calibration:
    """Read a calibration file strictly.

    Raises:
        ConfigError: with every problem of the file.
    """
    return read_section(path, Calibration, ROOT)


@cache
def _adapter(section: type[_Section]) -> TypeAdapter[_Section]:
    return TypeAdapter(section)


def read_section(path: Path, section: type[_Section], root: str) -> _Section:
    """Read a YAML file that holds one section.

    Args:
        path: the file.
        section: the pydantic dataclass that it holds.
        root: first part of the key paths of problems.

    Raises:
        ConfigError: with every problem of the file.
    """
    tree = plain_tree(read_yaml(path), root)
    if tree.problems:
        raise ConfigError(tree.problems, path.name)
    return parse_section(tree.data, section, root, path.name)


def parse_section(data: Mapping[str, object], section: type[_Section], root: str, source: str) -> _Section:
    """Validate one section in JSON form.

    Raises:
        ConfigError: with every problem.
    """
    try:
        return cast("TypeAdapter[_Section]", _adapter(section)).validate_json(json.dumps(data))
    except ValidationError as error:
        problems = [problem_of(item, root, section) for item in error.errors(include_url=False)]
        raise ConfigError(problems, source) from error
