"""An operator's machine: kubectl, the kubeconfig, which holds no key, and an `aws` that knows one question."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from real.api_server.cluster import ApiServer

from operations.kubeconfig import render
from userdata.parameters import ParameterTree

AWS = """\
#!/bin/sh
asked="ssm get-parameter --region {region} --name {name} --with-decryption --query Parameter.Value --output text"
[ "$*" = "$asked" ] && cat {file}
"""


class Desk:
    """Everything on it comes from what the control plane has published.

    Attributes:
        kubeconfig: its text.
        environment: variables of every program that is started here.
    """

    def __init__(self, folder: Path, api: ApiServer, parts: Mapping[str, Path]) -> None:
        plan = api.plan
        names = ParameterTree(cluster=plan.name)
        published = json.loads(api.aws.parameters[names.cluster_info])
        self.kubeconfig = render(plan.name, plan.config.region, api.host, plan.network.api_name, published["ca"])
        (folder / "config").write_text(self.kubeconfig)
        credential = folder / "credential"
        credential.write_text(api.aws.parameters[names.credential])
        (folder / "aws").write_text(AWS.format(region=plan.config.region, name=names.credential, file=credential))
        (folder / "aws").chmod(0o755)
        self.environment = {
            "PATH": f"{folder}:{parts['kubectl']}:/usr/bin:/bin",
            "HOME": str(folder),
            "KUBECONFIG": str(folder / "config"),
        }

    def kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run kubectl to its end."""
        return subprocess.run(
            ["kubectl", *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
