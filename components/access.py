"""ClusterAccess: from running machines to a provider that everything in the cluster is made with."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_kubernetes as kubernetes
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components import naming
from components.gate import API_DEADLINE_SECONDS, Gate, GateArgs
from operations.kubeconfig import API_PORT, render
from sizing.model import Plan


@dataclass(frozen=True, kw_only=True)
class ClusterAccessArgs:
    """How the API is reached.

    Attributes:
        plan: the finished plan.
        server: host that this machine reaches the API at, without scheme and port.
        machines: ids of the control planes' instances; the gate asks again when one changes.
    """

    plan: Plan
    server: Input[str]
    machines: Sequence[Input[str]]


class ClusterAccess(ComponentResource):
    """Waits for the API and etcd, then opens the way in.

    Attributes:
        gate: passed when the API answers through the endpoint and etcd has the planned members.
        kubeconfig: holds no key: its user fetches the operator's credential when it is needed.
        provider: the one explicit Kubernetes provider.
    """

    gate: Gate
    kubeconfig: Output[str]
    provider: kubernetes.Provider

    def __init__(self, name: str, args: ClusterAccessArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("access", "ClusterAccess"), name, {}, opts)
        child = ResourceOptions(parent=self)
        plan = args.plan
        self.gate = Gate(
            f"{name}-api",
            GateArgs(
                check=(
                    *("api", "--cluster", plan.name, "--region", plan.config.region),
                    *("--members", str(len(plan.control_plane.slots))),
                    *("--endpoint", Output.concat(args.server, f":{API_PORT}")),
                    *("--server-name", plan.network.api_name),
                ),
                deadline_seconds=API_DEADLINE_SECONDS,
                triggers=args.machines,
            ),
            child,
        )

        def written(values: Sequence[str]) -> str:
            stdout, server = values
            return keyless_kubeconfig(plan, server, stdout)

        self.kubeconfig = Output.all(self.gate.stdout, args.server).apply(written)
        self.provider = kubernetes.Provider(
            name,
            kubeconfig=self.kubeconfig,
            # Only another cluster replaces the provider, and with it everything inside: not a kubeconfig
            # that is still unknown during a preview, nor a new load balancer or authority.
            cluster_identifier=plan.name,
            enable_server_side_apply=True,
            opts=child,
        )
        self.register_outputs({"kubeconfig": self.kubeconfig})


def keyless_kubeconfig(plan: Plan, server: str, gate_output: str) -> str:
    """Write the kubeconfig from what the gate printed.

    Args:
        plan: the finished plan.
        server: host that the API is reached at.
        gate_output: the gate's standard output, JSON `{"ca": <base64 of PEM>}`.

    Raises:
        KubeconfigError: a part is empty; an empty kubeconfig would mean somebody else's cluster.
        ValueError: the gate's output is not that JSON.
    """
    try:
        authority: str = json.loads(gate_output)["ca"]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError("the gate `api` printed no certificate authority; run it by hand to see why") from error
    return render(plan.name, plan.config.region, server, plan.network.api_name, authority)
