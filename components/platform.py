"""Platform: everything that the cluster needs before a service can run in it, in the order in which it works."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Resource, ResourceOptions

from components import naming
from components.addons.calico import Calico, CalicoArgs
from components.addons.cloud_controller import CloudController, CloudControllerArgs
from components.addons.coredns import CoreDns, CoreDnsArgs
from components.addons.csr_approver import CsrApprover, CsrApproverArgs
from components.addons.dashboard import Dashboard, DashboardArgs
from components.addons.ebs_csi import EbsCsi, EbsCsiArgs
from components.addons.kafka import KafkaCluster, KafkaClusterArgs
from components.addons.kafka_ui import KafkaUi, KafkaUiArgs
from components.addons.metrics_server import MetricsServer, MetricsServerArgs
from components.addons.strimzi import Strimzi, StrimziArgs
from components.gate import Gate, nodes_gate
from config.schema import Kafka
from sizing.model import Plan


@dataclass(frozen=True, kw_only=True)
class PlatformArgs:
    """The plan, the way in, and the machines that must be Ready."""

    plan: Plan
    kubeconfig: Input[str]
    workers: Sequence[Input[str]]
    """Names of the Auto Scaling groups; the gate asks again when one changes."""


class Platform(ComponentResource):
    """Pod network and cloud controller, then a gate until every planned node is Ready, then the rest.

    Without the first two no node ever turns Ready, and everything installed before that would only hang.
    """

    ready: list[Resource]
    """What services wait for."""

    def __init__(self, name: str, args: PlatformArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("platform", "Platform"), name, {}, opts)
        plan, addons, child = args.plan, args.plan.config.addons, ResourceOptions(parent=self)
        calico = Calico(naming.name(plan, "calico"), CalicoArgs(plan=plan, kubeconfig=args.kubeconfig), child)
        cloud = CloudController(naming.name(plan, "cloud-controller"), CloudControllerArgs(plan=plan), child)
        nodes = Gate(
            naming.name(plan, "nodes"),
            nodes_gate(plan, args.kubeconfig, args.workers),
            ResourceOptions(parent=self, depends_on=[calico.ready, cloud.ready]),
        )
        after = ResourceOptions(parent=self, depends_on=[nodes.command])
        self.ready = [nodes.command, CoreDns(naming.name(plan, "coredns"), CoreDnsArgs(plan=plan), after).ready]
        if addons.csr_approver:
            approver = CsrApprover(naming.name(plan, "csr-approver"), CsrApproverArgs(plan=plan), after)
            # Before the kubelets' certificates are signed, nothing can read their metrics or logs.
            after = ResourceOptions(parent=self, depends_on=[nodes.command, approver.ready])
        if addons.ebs_csi:
            self.ready += EbsCsi(naming.name(plan, "ebs-csi"), EbsCsiArgs(plan=plan), after).storage_classes
        if addons.metrics_server:
            self.ready.append(
                MetricsServer(naming.name(plan, "metrics-server"), MetricsServerArgs(plan=plan), after).ready
            )
        if addons.dashboard:
            Dashboard(naming.name(plan, "dashboard"), DashboardArgs(plan=plan), after)
        if plan.config.kafka is not None:
            self._kafka(args, plan.config.kafka)
        self.register_outputs({})

    def _kafka(self, args: PlatformArgs, kafka: Kafka) -> None:
        plan = args.plan
        strimzi = Strimzi(
            naming.name(plan, "strimzi"),
            StrimziArgs(plan=plan, kafka=kafka, kubeconfig=args.kubeconfig),
            ResourceOptions(parent=self, depends_on=self.ready),
        )
        cluster = KafkaCluster(
            naming.name(plan, "kafka"),
            KafkaClusterArgs(plan=plan, kafka=kafka),
            ResourceOptions(parent=self, depends_on=[strimzi.ready, *self.ready]),
        )
        self.ready = [*self.ready, cluster.ready]
        if kafka.ui:
            KafkaUi(
                naming.name(plan, "kafka-ui"),
                KafkaUiArgs(plan=plan, kafka=kafka),
                ResourceOptions(parent=self, depends_on=[cluster.ready]),
            )
