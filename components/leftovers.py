"""Leftovers: what machines write outside Pulumi's state, removed when the stack is taken down."""

import shlex
from dataclasses import dataclass

from pulumi import ComponentResource, ResourceOptions
from pulumi_command import local

from components import naming
from components.gate import PYTHON
from sizing.model import Plan


@dataclass(frozen=True, kw_only=True)
class LeftoversArgs:
    """Whose leftovers."""

    plan: Plan


class Leftovers(ComponentResource):
    """Does nothing when it is made; deleting it deletes the cluster's parameters.

    Machines depend on it, so it goes after them: a living control plane would write its parameters again.
    """

    def __init__(self, name: str, args: LeftoversArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("leftovers", "Leftovers"), name, {}, opts)
        forget = shlex.join(("forget", "--cluster", args.plan.name, "--region", args.plan.config.region))
        local.Command(
            name,
            create="true",
            update="true",
            delete=f"{PYTHON} -m operations {forget}",
            logging=local.Logging.STDERR,
            add_previous_output_in_env=False,
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({})
