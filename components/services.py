"""Services: the application services, each in a namespace of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ComponentResource, CustomResource, ResourceOptions

from components import naming
from components.external_services import Endpoints, ExternalServices, ExternalServicesArgs
from components.manifests import limits, scaling
from components.manifests import service as pods
from components.manifests.parts import namespace
from components.objects import kubernetes_object
from sizing.model import Plan


@dataclass(frozen=True, kw_only=True)
class ServiceWorkloadArgs:
    """One service of the plan and where its stores are."""

    plan: Plan
    service: str
    endpoints: Endpoints


class ServiceWorkload(ComponentResource):
    """Namespace with its limits, configuration, stores, pods, addresses and autoscaler of one service."""

    deployment: CustomResource

    def __init__(self, name: str, args: ServiceWorkloadArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("services", "Service"), name, {}, opts)
        plan, service = args.plan, args.service
        home = kubernetes_object(namespace(service), ResourceOptions(parent=self))
        child = ResourceOptions(parent=self, depends_on=[home])
        bounds = [
            kubernetes_object(limits.limit_range(plan, service), child),
            kubernetes_object(limits.resource_quota(plan, service), child),
        ]
        settings = kubernetes_object(pods.settings(plan, service), child)
        stores = ExternalServices(
            naming.name(plan, "stores", service),
            ExternalServicesArgs(plan=plan, service=service, endpoints=args.endpoints),
            # Pods made before their limits would have none, the seeding Job's included.
            ResourceOptions(parent=self, depends_on=bounds),
        )
        self.deployment = kubernetes_object(
            pods.deployment(plan, service),
            ResourceOptions(
                parent=self,
                depends_on=[*bounds, settings, *stores.ready],
                # The autoscaler owns the number.
                ignore_changes=["spec.replicas"],
            ),
        )
        for each in pods.services(plan, service):
            kubernetes_object(each, child)
        scaled = ResourceOptions(parent=self, depends_on=[self.deployment])
        kubernetes_object(scaling.autoscaler(plan, service), scaled)
        budget = scaling.disruption_budget(plan, service)
        if budget is not None:
            kubernetes_object(budget, scaled)
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True)
class ServicesArgs:
    """Every service of the plan and where all stores are."""

    plan: Plan
    endpoints: Endpoints


class Services(ComponentResource):
    """All application services."""

    workloads: Mapping[str, ServiceWorkload]

    def __init__(self, name: str, args: ServicesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("services", "Services"), name, {}, opts)
        self.workloads = {
            service: ServiceWorkload(
                naming.name(args.plan, "service", service),
                ServiceWorkloadArgs(plan=args.plan, service=service, endpoints=args.endpoints),
                ResourceOptions(parent=self),
            )
            for service in args.plan.services
        }
        self.register_outputs({})
