"""The explicit providers; default providers are switched off in Pulumi.yaml."""

import pulumi_aws as aws
import pulumi_command as command

from components import naming
from sizing.model import Plan


def aws_provider(plan: Plan) -> aws.Provider:
    """AWS in the plan's region; every resource carries the cluster's tags."""
    return aws.Provider(
        naming.name(plan, "aws"),
        region=plan.config.region,
        default_tags={"tags": naming.default_tags(plan)},
    )


def command_provider(plan: Plan) -> command.Provider:
    """Runs the gates on the machine that runs Pulumi."""
    return command.Provider(naming.name(plan, "command"))
