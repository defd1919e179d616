"""The machine of a control-plane slot, with the programs and files of its user data, and the real kubeadm and kubectl.

A kubelet cannot run here, so `kubeadm init` is cut down to its phases that need none: keys, kubeconfigs, the manifests
of the static pods, CoreDNS. They run with the configuration that the slot's own program completes.
"""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from node_fakes import Aws, Node, with_programs

from sizing.model import Plan

KUBEADM = """\
kubeadm={kubeadm}
[ "$1 $2" = "init --config" ] || exec "$kubeadm" "$@"
set -e
config=$3 kubernetes=$root/etc/kubernetes
export KUBEADM_INIT_DRYRUN_DIR=$root/manifests
mkdir -p "$KUBEADM_INIT_DRYRUN_DIR" "$root/var/lib/kubelet"
touch "$root/var/lib/kubelet/config.yaml"
phase() {{ "$kubeadm" init phase "$@" --config "$config"; }}
phase certs all
for who in admin super-admin controller-manager; do phase kubeconfig "$who" --kubeconfig-dir "$kubernetes"; done
phase control-plane all --dry-run
phase etcd local --dry-run
phase addon coredns --print-manifest | sed '/^[[]/d; s/^---/&\\n/' >"$root/coredns.yaml"
"""
KUBECTL = 'cd "$root"\nexec {kubectl} "$@" --server https://{host}:6443 --tls-server-name {name}'


def initialised(folder: Path, plan: Plan, tools: Mapping[str, Path], aws: Aws, host: str) -> Node:
    """The plan's first slot when it has run its step `control-plane`.

    Args:
        folder: an empty folder.
        plan: the plan.
        tools: folders of the real parts.
        aws: what the programs take for AWS; parameters are left there.
        host: the loopback address at which the API server will listen.
    """
    slot = min(plan.control_plane.slots)
    address = plan.control_plane.slots[slot].address
    aws.metadata["local-ipv4"] = str(address)
    node = Node(folder, with_programs(plan, slot), aws)
    node.does("ip", f'echo "2: ens5    inet {address}/19 brd 10.0.31.255 scope global ens5"')
    _move_paths(node)
    parts = {name: shlex.quote(str(tools[name] / name)) for name in ("kubeadm", "kubectl")}
    node.does("kubeadm", KUBEADM.format(**parts))
    node.does("kubectl", KUBECTL.format(**parts, host=host, name=plan.network.api_name))
    (node.root / "var/lib/groundswell-data").mkdir(parents=True)
    node.run("identity.sh")
    node.run("steps/control-plane.sh")
    return node


def _move_paths(node: Node) -> None:
    """kubeadm knows no other root: the paths in its configuration become those below the machine's."""
    file = node.root / "etc/groundswell/kubeadm/init.json"
    text = file.read_text()
    for top in ("etc", "var"):
        text = text.replace(f'"/{top}/', f'"{node.root}/{top}/')
    cluster, *others = json.loads(text)
    cluster["certificatesDir"] = str(node.root / "etc/kubernetes/pki")
    file.write_text(json.dumps([cluster, *others]))
