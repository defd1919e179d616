"""The files of a node: where each static file goes, and the generated ones beside them."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from sizing.model import InstanceType, Plan, Reserves
from userdata import kubeadm
from userdata.artefacts import Placement, table
from userdata.kubelet import CREDENTIAL_PROVIDERS, KUBELET_PATCH, PROGRAMS, Document, kubelet_patch
from userdata.packages import sources
from userdata.pins import system_images

UNITS: Final = "/etc/systemd/system"
ENVIRONMENT: Final = "/etc/groundswell/node.env"
ARTEFACTS: Final = "/etc/groundswell/artefacts"

READABLE: Final = 0o644
PRIVATE: Final = 0o600
EXECUTABLE: Final = 0o755


@dataclass(frozen=True, kw_only=True)
class NodeFile:
    """One file on the node, owned by root."""

    content: str
    mode: int = READABLE


_CONTAINERD_CONFIG: Final = """\
version = 3

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "SANDBOX_IMAGE"

[plugins."io.containerd.cri.v1.images".registry]
  config_path = "/etc/containerd/certs.d"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  SystemdCgroup = true
"""

_COMMON: Final[Mapping[str, tuple[str, int]]] = {
    f"{UNITS}/containerd.service": ("units/containerd.service", READABLE),
    f"{UNITS}/groundswell-bootstrap.service": ("units/groundswell-bootstrap.service", READABLE),
    f"{UNITS}/kubelet.service": ("units/kubelet.service", PRIVATE),  # CIS 4.1.1
    "/etc/crictl.yaml": ("etc/crictl.yaml", READABLE),
    "/etc/modules-load.d/groundswell.conf": ("etc/modules-load.conf", READABLE),
    "/etc/sysctl.d/90-groundswell.conf": ("etc/sysctl.conf", READABLE),
    "/etc/systemd/networkd.conf.d/groundswell.conf": ("etc/networkd.conf", READABLE),
    f"{PROGRAMS}/aws.sh": ("programs/aws.sh", READABLE),
    f"{PROGRAMS}/bootstrap.sh": ("programs/bootstrap.sh", EXECUTABLE),
    f"{PROGRAMS}/common.sh": ("programs/common.sh", READABLE),
    f"{PROGRAMS}/ecr-login.sh": ("programs/ecr-login.sh", EXECUTABLE),
    f"{PROGRAMS}/identity.sh": ("programs/identity.sh", EXECUTABLE),
    CREDENTIAL_PROVIDERS: ("etc/credential-providers.json", READABLE),
    f"{PROGRAMS}/kubeadm.sh": ("programs/kubeadm.sh", READABLE),
}
_CONTROL_PLANE: Final[Mapping[str, tuple[str, int]]] = {
    f"{kubeadm.API_SERVER_FILES}/admission.yaml": ("etc/admission.yaml", PRIVATE),
    f"{kubeadm.API_SERVER_FILES}/audit-policy.yaml": ("etc/audit-policy.yaml", PRIVATE),
    f"{kubeadm.API_SERVER_FILES}/authentication.yaml": ("etc/authentication.yaml", PRIVATE),
    f"{kubeadm.API_SERVER_FILES}/encryption.json": ("etc/encryption.json", PRIVATE),
}
_TIME_SERVICE: Final[Mapping[str, tuple[str, int]]] = {
    "/etc/chrony/sources.d/groundswell.sources": ("etc/chrony.sources", READABLE),
    "/etc/systemd/timesyncd.conf.d/groundswell.conf": ("etc/timesyncd.conf", READABLE),
}
"""Systems whose image does not name the Amazon Time Sync Service; which of the two daemons they run varies."""


def common(plan: Plan, steps: Sequence[str]) -> dict[str, NodeFile]:
    """Files of every node.

    Args:
        plan: the plan.
        steps: names of the steps whose programs come with the user data.
    """
    system = plan.config.machine.os
    sources = {
        **_COMMON,
        **({} if system == "amazon-linux-2023" else _TIME_SERVICE),
        f"{PROGRAMS}/os.sh": (f"os/{system}.sh", READABLE),
        **{f"{PROGRAMS}/steps/{step}.sh": (f"programs/steps/{step}.sh", EXECUTABLE) for step in steps},
    }
    containerd = _CONTAINERD_CONFIG.replace("SANDBOX_IMAGE", system_images(plan.config.kubernetes.version)["pause"])
    return {**_static(sources), "/etc/containerd/config.toml": NodeFile(content=containerd)}


def control_plane() -> dict[str, NodeFile]:
    """Static files that only control planes have; most of their programs come later, as one archive."""
    return _static(_CONTROL_PLANE)


def worker() -> dict[str, NodeFile]:
    """Static files that only workers have."""
    return _static({f"{PROGRAMS}/give-up.sh": ("programs/give-up.sh", EXECUTABLE)})


def kubeadm_files(documents: Mapping[str, Iterable[Document]], reserves: Reserves) -> dict[str, NodeFile]:
    """The documents for kubeadm by the name of their file, and the kubelet's patch."""
    return {
        **{
            f"/etc/groundswell/kubeadm/{name}.json": NodeFile(content=_json(list(group)), mode=PRIVATE)
            for name, group in documents.items()
        },
        KUBELET_PATCH: NodeFile(content=_json(kubelet_patch(reserves))),
    }


def artefacts(plan: Plan, instance: InstanceType, programs: Mapping[str, Placement]) -> dict[str, NodeFile]:
    """The table of downloads, and the sources of packages where the plan names some.

    Raises:
        ValueError: operating system and Kubernetes version do not go together.
    """
    return {
        ARTEFACTS: NodeFile(content=table(plan, instance, programs)),
        **{path: NodeFile(content=content) for path, content in sources(plan, instance).items()},
    }


def _json(value: object) -> str:
    """One value or one argument a line, so that a difference shows which; no indentation: every byte counts."""
    text = json.dumps(value, indent=0, separators=(",", ":"))
    return re.sub(r'\{\n("name":.*)\n("value":.*)\n\}', r"{\1\2}", text) + "\n"


def _static(sources: Mapping[str, tuple[str, int]]) -> dict[str, NodeFile]:
    return {path: NodeFile(content=_read(source), mode=mode) for path, (source, mode) in sources.items()}


def without_comments(content: str) -> str:
    """A file without the lines that are comments only: they are for readers of the repository, and every byte counts.

    Every format here has `#` comments, and no static file has a line in a quotation that begins with one.
    """
    lines = content.splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith("#") or line.startswith("#!"))


def without_indentation(program: str) -> str:
    """A shell program without indentation and empty lines; no quotation or here-document of ours minds."""
    return "".join(line.lstrip() for line in program.splitlines(keepends=True))


@cache
def _read(source: str) -> str:
    content = without_comments((files("userdata") / "files" / source).read_text(encoding="utf-8"))
    return without_indentation(content) if source.endswith(".sh") else content
