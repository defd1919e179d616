"""Runs the real program without an engine and keeps every resource that it registers.

The program (`__main__.py`) is executed as `pulumi up` would execute it; the SDK's mock monitor answers with plausible
outputs instead of an engine and providers. Used by `make plan`, `make graph` and the tests.
"""

import asyncio
import hashlib
import runpy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from pulumi.runtime import (
    MockCallArgs,
    MockResourceArgs,
    Mocks,
    rpc,
    set_all_config,
    set_mocks,
)
from pulumi.runtime import (
    mocks as sdk_mocks,
)
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.stack import run_in_stack

from config.secret_keys import PROJECT

STACK_TYPE: Final = "pulumi:pulumi:Stack"
SECRET: Final = "[secret]"  # noqa: S105 - what is shown in place of a secret


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One registered resource: what the program asked for.

    `inputs` are plain values; secrets stand as `[secret]`, and `secrets` holds the paths where they were.
    `dependencies` are URNs, given and implied together.
    """

    urn: str
    type: str
    name: str
    parent: str
    provider: str
    custom: bool
    inputs: Mapping[str, Any]
    secrets: tuple[str, ...]
    dependencies: tuple[str, ...]
    protect: bool
    retain_on_delete: bool
    delete_before_replace: bool
    ignore_changes: tuple[str, ...]

    @property
    def parent_type(self) -> str:
        """Type of the parent resource, the stack's own type for the root."""
        return self.parent.split("::")[2].split("$")[-1] if self.parent else ""

    @property
    def package(self) -> str:
        """`aws`, `kubernetes`, `command` or `groundswell`."""
        return self.type.split(":")[0]


@dataclass
class Recording:
    """Everything that one run of the program registered, in order."""

    resources: list[Recorded] = field(default_factory=list[Recorded])
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])

    def of(self, kind: str) -> list[Recorded]:
        """Resources of one type token."""
        return [resource for resource in self.resources if resource.type == kind]

    def by_urn(self) -> dict[str, Recorded]:
        """Resources by URN; a repeated URN keeps the last."""
        return {resource.urn: resource for resource in self.resources}

    def one(self, kind: str, name: str) -> Recorded:
        """The resource of this type and logical name.

        Raises:
            LookupError: there is none.
        """
        for resource in self.of(kind):
            if resource.name == name:
                return resource
        known = ", ".join(resource.name for resource in self.of(kind)) or "none"
        raise LookupError(f"no {kind} named {name}; known: {known}")

    def depends_on(self, resource: Recorded, other: Recorded) -> bool:
        """Whether `resource` waits for `other`, directly or through others.

        A resource waits for what it names, for its provider, and for all that its parent waits for; whoever waits for
        a component waits for everything in it.
        """
        known, children = self.by_urn(), dict[str, list[str]]()
        for each in self.resources:
            children.setdefault(each.parent, []).append(each.urn)
        seen, queue = set[tuple[str, bool]](), [(resource.urn, False)]
        while queue:
            urn, waited_for = queue.pop()
            if (urn, waited_for) in seen or urn not in known:
                continue
            if waited_for and urn == other.urn:
                return True
            seen.add((urn, waited_for))
            each = known[urn]
            queue += [(needed, True) for needed in each.dependencies]
            queue += [(each.provider.rpartition("::")[0], True), (each.parent, False)]
            if waited_for and not each.custom:
                queue += [(child, True) for child in children.get(urn, [])]
        return False


def secret_paths(value: object, path: str = "") -> Iterator[str]:
    """Paths of the secrets inside a wire value."""
    if rpc.is_rpc_secret(value):
        yield path
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[str, object]", value).items():
            yield from secret_paths(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            yield from secret_paths(item, f"{path}[{index}]")


def masked(value: object) -> Any:  # noqa: ANN401 - wire values are JSON
    """The value with every secret replaced by `[secret]`."""
    if rpc.is_rpc_secret(value):
        return SECRET
    if isinstance(value, Mapping):
        return {key: masked(item) for key, item in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list):
        return [masked(item) for item in cast("list[object]", value)]
    return value


class _Monitor(sdk_mocks.MockMonitor):
    """The SDK's monitor, which also keeps what mocks are never shown: parent, options, dependencies."""

    def __init__(self, mocks: Mocks, recording: Recording) -> None:
        super().__init__(mocks)
        self.recording = recording

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802 - the gRPC method's own name and types
        response = cast("Callable[[Any], Any]", super().RegisterResource)(request)
        if request.type != STACK_TYPE:
            inputs = rpc.deserialize_properties(request.object)
            self.recording.resources.append(
                Recorded(
                    urn=response.urn,
                    type=request.type,
                    name=request.name,
                    parent=request.parent,
                    provider=request.provider,
                    custom=request.custom,
                    inputs=masked(inputs),
                    secrets=tuple(secret_paths(inputs)),
                    dependencies=tuple(request.dependencies),
                    protect=request.protect,
                    retain_on_delete=request.retainOnDelete,
                    delete_before_replace=request.deleteBeforeReplace,
                    ignore_changes=tuple(request.ignoreChanges),
                )
            )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: ANN401, N802 - as above
        if request.urn.split("::")[2] == STACK_TYPE:
            self.recording.outputs.update(masked(rpc.deserialize_properties(request.outputs)))
        return cast("Callable[[Any], Any]", super().RegisterResourceOutputs)(request)


class _Answers(Mocks):
    """Plausible outputs: what was asked for, an id, and the computed attributes that the program reads."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        digest = hashlib.sha256(f"{args.typ}:{args.name}".encode()).hexdigest()
        computed: dict[str, Any] = {
            "arn": f"arn:aws:mock:::{args.typ.rpartition(':')[2].lower()}/{args.name}",
            "dnsName": f"{args.name}.elb.example.internal",
            "zoneId": f"Z{digest[:12].upper()}",
            "latestVersion": 1,
            "keyId": digest[:36],
        }
        if args.typ.startswith("aws:rds/instance:"):
            computed["address"] = f"{args.name}.rds.example.internal"
        if args.typ.startswith("aws:elasticache/replicationGroup:"):
            computed["primaryEndpointAddress"] = f"{args.name}.cache.example.internal"
        if args.typ.startswith("aws:s3/bucket:"):
            computed["bucketRegionalDomainName"] = f"{args.name}.s3.example.internal"
        if args.typ == "command:local:Command":
            computed = {"stdout": '{"ca": "Y2E="}', "stderr": ""}
        if args.typ.startswith("kubernetes:"):
            computed = {}
        return f"{args.name}-{digest[:8]}", {**computed, **cast("dict[str, Any]", args.inputs)}

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise RuntimeError(f"the program looked something up ({args.token}): a preview must not need the cloud")


def record(
    stack: str,
    config: Mapping[str, str],
    secrets: Mapping[str, str],
    program: Callable[[], object] | str = "__main__.py",
) -> Recording:
    """Run a program and return what it registered.

    Args:
        stack: stack name.
        config: configuration by full key (`groundswell:cluster`), objects as JSON text.
        secrets: secret configuration by full key; the values never appear in the recording.
        program: path of a Pulumi program, or a callable that declares resources.

    Raises:
        Exception: whatever the program raises.
    """
    recording = Recording()
    asyncio.run(_run(stack, config, secrets, program, recording))
    return recording


async def _run(
    stack: str,
    config: Mapping[str, str],
    secrets: Mapping[str, str],
    program: Callable[[], object] | str,
    recording: Recording,
) -> None:
    answers = _Answers()
    set_mocks(answers, project=PROJECT, stack=stack, preview=False, monitor=_Monitor(answers, recording))
    set_all_config({**config, **secrets}, list(secrets))
    # set_mocks has opened a root of its own; the program gets a fresh one.
    set_root_resource(cast("Any", None))

    def declare() -> None:
        if isinstance(program, str):
            runpy.run_path(program, run_name="__main__")
        else:
            program()

    await run_in_stack(declare)
