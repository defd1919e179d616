"""From what was seen to the probable cause and its fix."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NO_STATUS: Final = "no status entry"
"""Symptom of a machine that has reported nothing."""

UNFINISHED: Final = "still running when the time was over"
"""Symptom of a bootstrap that has neither ended nor failed."""

UNINITIALISED: Final = "node.cloudprovider.kubernetes.io/uninitialized"
"""Taint that the kubelet sets with an external cloud provider and the cloud controller removes."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A probable cause and what to do about it, one line each."""

    cause: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A cause and the regular expressions, any of which gives it away; case does not matter."""

    seen: tuple[str, ...]
    cause: str
    fix: str


_LATE_JOIN: Final = "the bootstrap token had expired or was withdrawn when the node used it"
_LATE_JOIN_FIX: Final = (
    "on a control plane, see why the timer that mints it stands still (`systemctl list-timers`);"
    " the node reads a new token by itself"
)

_RULES: Final = (
    Rule(
        seen=(NO_STATUS,),
        cause="the instance did not boot, or it has no route to Systems Manager",
        fix="read the instance's console output; check NAT (or the ssm interface endpoint) and outbound 443",
    ),
    Rule(
        seen=("expired or is not yet valid", "RequestTimeTooSkewed", "SignatureDoesNotMatch"),
        cause="a clock is wrong, or a certificate has run out",
        fix="`chronyc tracking` on the node and on a control plane (source 169.254.169.123);"
        " `kubeadm certs check-expiration`",
    ),
    Rule(
        seen=(
            "token.{0,80}(expired|invalid|not found|unauthori[sz]ed|rejected|refused)",
            "(expired|invalid|unknown|rejected|refused).{0,80}token",
            "JWS not found",
        ),
        cause=_LATE_JOIN,
        fix=_LATE_JOIN_FIX,
    ),
    Rule(
        seen=("kubeadm-certs",),
        cause="control-plane keys were asked from the kubeadm-certs secret, which lives two hours",
        fix="let the node take them from Parameter Store: its role must read the control-plane branch",
    ),
    Rule(
        seen=("public key.{0,60}not.{0,20}pinned", "none of the public keys.{0,60}are pinned"),
        cause="the published certificate authority is another cluster's",
        fix="parameters of an older cluster of this name are left: delete them, then replace the machines",
    ),
    Rule(
        seen=("certificate verify failed: (IP address|Hostname) mismatch", "certificate is valid for"),
        cause="something else answers at this address, or the API's certificate lacks the stable name",
        fix="compare the endpoint with this cluster's load balancer, the name with the certificate's SANs",
    ),
    Rule(
        seen=("certificate verify failed", "unknown authority"),
        cause="the certificate that was shown is not signed by this cluster's authority",
        fix="compare the endpoint with this cluster's load balancer; look for a proxy that intercepts TLS",
    ),
    Rule(
        seen=(
            "(sha256|checksum).{0,80}(fail|mismatch|not match|differ|wrong)",
            "(fail|mismatch|not match|differ|wrong).{0,80}(sha256|checksum)",
        ),
        cause="a downloaded file is not the pinned one",
        fix="compare the mirror's file with the pinned checksum; a proxy may have answered instead",
    ),
    Rule(
        seen=("AccessDenied", "not authorized to perform", "UnauthorizedOperation"),
        cause="an AWS role may not do what was asked",
        fix="compare the action and the resource in the message with the role's policy",
    ),
    Rule(
        seen=("could not resolve", "no such host", "name resolution", "not known", "name does not resolve"),
        cause="a name does not resolve",
        fix="check the VPC's DNS support, the private hosted zone's association and the resolver in use",
    ),
    Rule(
        seen=("no space left on device", "DiskPressure"),
        cause="a disk is full",
        fix="`df -h` and `crictl images` on the node show what fills it; enlarge the pool's root volume",
    ),
    Rule(
        seen=("10250.{0,20}in use", "Port-10250"),
        cause="a kubelet was already running when kubeadm started",
        fix="replace the instance: a half-joined machine is not mended in place",
    ),
    Rule(
        seen=("etcdserver: unhealthy cluster", "etcd cluster is not healthy", "too many learner members"),
        cause="a dead or unstarted etcd member blocks the next one",
        fix="as long as quorum holds, remove it at a healthy one (`etcdctl member list`, `member remove`)",
    ),
    Rule(
        seen=("BIRD is not ready", "BGP not established", "BGP mode"),
        cause="BGP sessions between nodes do not come up: TCP 179 or IP protocol 4 (IPIP) is closed",
        fix="in BGP mode open both, both ways, between all nodes, control planes included (firewall table)",
    ),
    Rule(
        seen=("typha", "felix is not (ready|live)"),
        cause="calico-node cannot reach Typha or is still starting",
        fix="TCP 5473 must be open between all nodes; read the log of calico-node on the node named here",
    ),
    Rule(
        seen=("ImagePullBackOff", "ErrImagePull", "toomanyrequests", "failed to pull image"),
        cause="an image cannot be pulled",
        fix="check the registry's name, its rate limit and the node's way out (NAT or mirror)",
    ),
    Rule(
        seen=("DaemonSet calico-system/calico-node is absent",),
        cause="the Calico operator has not installed the pod network yet",
        fix="`kubectl -n tigera-operator logs deploy/tigera-operator`; `kubectl get tigerastatus`",
    ),
    Rule(
        seen=("container runtime network not ready", "cni plugin not initialized", "NetworkPluginNotReady"),
        cause="the node has no pod network yet: it stays NotReady until Calico has written its CNI settings",
        fix="no fault of the node: `kubectl -n calico-system get pods -o wide` shows why Calico is not there",
    ),
    Rule(
        seen=(re.escape(UNINITIALISED),),
        cause="the AWS cloud controller has not initialised the node",
        fix="`kubectl -n kube-system logs ds/aws-cloud-controller-manager`: it must run, reach the EC2 API"
        " and find an instance whose private DNS name is the node's name",
    ),
    Rule(
        seen=(r"untolerated taint.{0,40}kubernetes\.io/(not-ready|network-unavailable|unreachable)",),
        cause="the pod waits for a Ready node: Pending is normal until the pod network exists",
        fix="no fault of the pod: look at the nodes and at calico-node",
    ),
    Rule(
        seen=("untolerated taint.{0,40}control-plane",),
        cause="the pod waits for a worker: the control planes take no other pods",
        fix="see why no worker is Ready, or set control_plane.schedulable",
    ),
    Rule(
        seen=("Insufficient (cpu|memory)", "Too many pods"),
        cause="no node has room for the pod",
        fix="give the pool a larger type or one machine more; the plan's node table shows what is left",
    ),
    Rule(
        seen=("no InternalIP",),
        cause="the node has no address: the AWS cloud controller has not filled it in",
        fix="read the cloud controller's log; the node's provider id must name a running instance",
    ),
    Rule(
        seen=("stopped posting node status",),
        cause="the kubelet or the whole machine is down, or it no longer reaches the API",
        fix="see the instance's status checks, and `journalctl -u kubelet` through Session Manager",
    ),
    Rule(
        seen=("registered, the plan has",),
        cause="a machine outside the plan has joined, or a replaced one has not left yet",
        fix="compare the Auto Scaling groups' capacity with the plan; delete Nodes whose instance is gone",
    ),
    Rule(
        seen=("not registered with the API server",),
        cause="the machine has not joined: it did not boot, does not reach the endpoint, or is refused",
        fix="give the gate --cluster and --region to see the node's own report, or read its console output",
    ),
    Rule(
        seen=("answered 401", "refused the credential"),
        cause="the operator credential is not accepted: it has expired, or is an older cluster's",
        fix="on a control plane, see why the timer that refreshes it stands still (`systemctl list-timers`)",
    ),
    Rule(
        seen=("answered 403", "is forbidden"),
        cause="the API server knows the caller but does not allow the request",
        fix="see the operators' cluster role binding; /readyz must stay open to anonymous callers",
    ),
    Rule(
        seen=("operator credential",),
        cause="the control plane has not published the operator credential, or it cannot be read here",
        fix="see the control plane's unit that mints it; the caller needs ssm:GetParameter and kms:Decrypt",
    ),
    Rule(
        seen=("connection (refused|reset|aborted|closed)", r"answered 5\d\d"),
        cause="nothing healthy listens behind the endpoint: the API server is down or restarting",
        fix="`crictl ps -a` and the logs of etcd and kube-apiserver on the control planes",
    ),
    Rule(
        seen=("timed out", "i/o timeout", "deadline exceeded", "no route to host", "network is unreachable"),
        cause="packets do not arrive: a security group, no healthy target, or a network that is not let in",
        fix="this machine's network must be inside the VPC or in api_access.allowed_cidrs; see target health",
    ),
    Rule(
        seen=("etcd members",),
        cause="etcd has not the members that the plan has",
        fix="`kubectl -n kube-system get pods -l component=etcd -o wide`, and the slots' status entries",
    ),
    Rule(
        seen=("NamesAccepted",),
        cause="another CustomResourceDefinition already uses one of the names",
        fix="find it with `kubectl api-resources` and remove what installed it",
    ),
    Rule(
        seen=("CustomResourceDefinition",),
        cause="the operator or chart that brings the definition has not run, or is being deleted",
        fix="see the release that brings it and its operator's log",
    ),
)

_VAGUE_RULES: Final = (
    Rule(seen=(r"\btoken\b",), cause=_LATE_JOIN, fix=_LATE_JOIN_FIX),
    Rule(
        seen=(UNFINISHED,),
        cause="the step waits for something or is slow",
        fix="the journal says what it waits for; a larger --deadline only helps if it moves",
    ),
)
"""Asked last and of the symptom alone: a journal has these words in healthy lines too."""

_UNKNOWN: Final = Cause(
    cause="not one that is known here",
    fix="open the node with Session Manager and read `journalctl -b -p warning`",
)


def explain(symptom: str, journal: Sequence[str] = ()) -> Cause:
    """Return the probable cause of what was seen.

    The symptom is asked first, then the journal line by line from its end, where a program says why it gave
    up. Within one text the first rule that matches wins: rules stand from the specific to the general.

    Args:
        symptom: what was seen.
        journal: lines, oldest first.
    """
    for text in (symptom, *reversed(journal)):
        if found := _first(_RULES, text):
            return found
    return _first(_VAGUE_RULES, symptom) or _UNKNOWN


def _first(rules: tuple[Rule, ...], text: str) -> Cause | None:
    for rule in rules:
        if any(re.search(pattern, text, re.IGNORECASE) for pattern in rule.seen):
            return Cause(cause=rule.cause, fix=rule.fix)
    return None
