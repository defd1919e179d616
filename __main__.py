"""From daily active users to a running kubeadm cluster on AWS.

The stack's configuration becomes a plan (pure Python, no cloud asked); each component below turns its part of the plan
into resources. What runs inside the cluster waits for the gates between the machines and their API.
"""

import pulumi
from pulumi import ResourceOptions

from components import naming, providers, settings
from components.access import ClusterAccess, ClusterAccessArgs
from components.api_endpoint import ApiEndpoint, ApiEndpointArgs
from components.backup import Backup, BackupArgs
from components.control_plane import ControlPlane, ControlPlaneArgs
from components.data_stores import DataStores, DataStoresArgs
from components.entry import Entry, EntryArgs
from components.external_services import Endpoints
from components.firewall import Firewall, FirewallArgs
from components.identity import Identity, IdentityArgs
from components.leftovers import Leftovers, LeftoversArgs
from components.network import Network, NetworkArgs
from components.node_pool import NodePool, NodePoolArgs
from components.platform import Platform, PlatformArgs
from components.private_endpoints import PrivateEndpoints, PrivateEndpointsArgs
from components.services import Services, ServicesArgs
from sizing.firewall import CONTROL_PLANE, WORKER

stack = settings.load()
plan = stack.plan

# Providers
aws = providers.aws_provider(plan)
command = providers.command_provider(plan)
on_aws = ResourceOptions(providers=[aws])

# Ground
network = Network(plan.name, NetworkArgs(plan=plan), on_aws)
firewall = Firewall(plan.name, FirewallArgs(plan=plan, vpc_id=network.vpc_id), on_aws)
identity = Identity(plan.name, IdentityArgs(plan=plan), on_aws)
PrivateEndpoints(
    naming.name(plan, "endpoints"), PrivateEndpointsArgs(plan=plan, network=network, firewall=firewall), on_aws
)

# Machines
endpoint = ApiEndpoint(plan.name, ApiEndpointArgs(plan=plan, network=network, firewall=firewall), on_aws)
entry = Entry(naming.name(plan, "entry"), EntryArgs(plan=plan, network=network, firewall=firewall), on_aws)
leftovers = Leftovers(
    naming.name(plan, "leftovers"),
    LeftoversArgs(plan=plan),
    ResourceOptions(providers=[command], depends_on=[identity]),
)
backup = Backup(
    naming.name(plan, "backup"),
    BackupArgs(
        plan=plan,
        control_plane_role=identity.control_plane_role,
        control_plane_key=identity.control_plane_key,
    ),
    # Its parameter goes before the sweep of parameters does.
    ResourceOptions(providers=[aws], depends_on=[leftovers]),
)
control_plane = ControlPlane(
    plan.name,
    ControlPlaneArgs(
        plan=plan,
        private_subnet_ids=network.private_subnet_ids,
        security_group_id=firewall.groups[CONTROL_PLANE],
        instance_profile=identity.control_plane_profile,
    ),
    # Its volumes hang on nothing of the network, yet must be gone before it when everything is taken down.
    ResourceOptions(providers=[aws, command], depends_on=[network, leftovers, backup]),
)
pools = {
    pool: NodePool(
        naming.name(plan, pool),
        NodePoolArgs(
            plan=plan,
            pool=pool,
            private_subnet_ids=network.private_subnet_ids,
            security_group_id=firewall.groups[WORKER],
            instance_profile=identity.worker_profile,
            target_group_arns=entry.targets_of(plan.pools[pool].pool),
        ),
        # A kubelet must never be newer than the API server: workers change after the control planes have.
        ResourceOptions(providers=[aws], depends_on=[control_plane]),
    )
    for pool in plan.pools
}

# Data outside the cluster
stores = DataStores(
    naming.name(plan, "data"),
    DataStoresArgs(plan=plan, network=network, firewall=firewall, passwords=stack.passwords, tokens=stack.tokens),
    on_aws,
)

# The way in
access = ClusterAccess(
    plan.name,
    ClusterAccessArgs(plan=plan, server=endpoint.server, machines=list(control_plane.instance_ids.values())),
    ResourceOptions(providers=[command]),
)

# Inside the cluster
platform = Platform(
    plan.name,
    PlatformArgs(
        plan=plan,
        kubeconfig=access.kubeconfig,
        workers=[group.name for pool in pools.values() for group in pool.groups.values()],
    ),
    # Everything inside needs machines to be taken down on, not only to come up on.
    ResourceOptions(providers=[access.provider, command], depends_on=list(pools.values())),
)
Services(
    plan.name,
    ServicesArgs(
        plan=plan,
        endpoints=Endpoints(
            database_hosts=stores.database_hosts,
            database_passwords=stack.passwords,
            cache_hosts=stores.cache_hosts,
            cache_tokens=stack.tokens,
        ),
    ),
    ResourceOptions(providers=[access.provider, command], depends_on=platform.ready),
)

# What operators need next
pulumi.export("api", endpoint.server)
pulumi.export("kubeconfig", access.kubeconfig)
pulumi.export("entry", entry.address)
pulumi.export("backup_bucket", backup.bucket)
pulumi.export("nodes", settings.inventory(plan))
pulumi.export("price_usd_month", float(plan.price.month))
