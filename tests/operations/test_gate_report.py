"""The block that a failed gate prints, and the table from symptoms to causes."""

import pytest
from gate_fakes import KEY_BEGINS, TOKEN

from operations.gate import causes
from operations.gate.report import Finding, block, redact

CASES = [
    ("no status entry", "did not boot, or it has no route to Systems Manager"),
    ("x509: certificate has expired or is not yet valid: current time 2020-01-01", "clock is wrong"),
    ("error execution phase preflight: the token is expired", "bootstrap token had expired"),
    ("couldn't validate the identity of the API Server: invalid bootstrap token", "bootstrap token had expired"),
    ('secret "kubeadm-certs" was not found in the "kube-system" namespace', "lives two hours"),
    ('none of the public keys "sha256:11" are pinned', "another cluster's"),
    ("certificate verify failed: Hostname mismatch, certificate is not valid", "something else answers"),
    ("x509: certificate is valid for localhost, not api.trip.internal", "something else answers"),
    ("certificate verify failed: unable to get local issuer certificate", "not signed by this cluster's"),
    ("containerd.tar.gz: sha256 does not match", "not the pinned one"),
    ("An error occurred (AccessDeniedException) when calling GetParameter", "role may not do"),
    ("curl: (6) Could not resolve host: dl.k8s.io", "does not resolve"),
    ("write /var/lib/containerd/x: no space left on device", "disk is full"),
    ("[ERROR Port-10250]: Port 10250 is in use", "kubelet was already running"),
    ("etcdserver: unhealthy cluster", "unstarted etcd member blocks"),
    ("calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.2", "TCP 179 or IP protocol 4"),
    ("calico/node is not ready: felix is not ready", "cannot reach Typha"),
    ("ImagePullBackOff Back-off pulling image", "image cannot be pulled"),
    ("DaemonSet calico-system/calico-node is absent", "operator has not installed"),
    ("container runtime network not ready: NetworkReady=false", "no pod network yet"),
    ("taint node.cloudprovider.kubernetes.io/uninitialized remains", "cloud controller has not initialised"),
    ("1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }", "Pending is normal until"),
    ("had untolerated taint(s) node-role.kubernetes.io/control-plane", "waits for a worker"),
    ("0/3 nodes are available: 3 Insufficient cpu", "no node has room"),
    ("no InternalIP", "has no address"),
    ("Kubelet stopped posting node status.", "kubelet or the whole machine is down"),
    ("6 worker nodes registered, the plan has 5", "outside the plan has joined"),
    ("not registered with the API server", "the machine has not joined"),
    ("/api/v1/nodes answered 401: refused the credential", "credential is not accepted"),
    ('pods is forbidden: User "x" cannot list', "does not allow the request"),
    ("the operator credential is not published", "has not published the operator credential"),
    ("127.0.0.1:6443: connection refused", "nothing healthy listens"),
    ("/readyz answered 500: etcd", "nothing healthy listens"),
    ("10.0.0.10:6443: timed out", "packets do not arrive"),
    ("2 of 3 etcd members ready", "not the members that the plan has"),
    ("NamesAccepted is False: already in use", "already uses one of the names"),
    ("no such CustomResourceDefinition", "has not run, or is being deleted"),
    ("kubeadm join: token", "bootstrap token had expired"),
    ("still running when the time was over", "waits for something or is slow"),
]


@pytest.mark.parametrize(("symptom", "cause"), CASES, ids=[cause for _, cause in CASES])
def test_a_symptom_names_its_probable_cause_and_a_fix(symptom, cause):
    found = causes.explain(symptom)
    assert cause in found.cause
    assert found.fix
    assert "\n" not in found.cause + found.fix


def test_every_rule_of_the_table_is_reached_by_a_known_symptom():
    """A rule that an earlier one always hides would never be printed."""
    reached = {causes.explain(symptom).cause for symptom, _ in CASES}
    assert {rule.cause for rule in (*causes._RULES, *causes._VAGUE_RULES)} == reached


def test_a_symptom_that_says_nothing_is_explained_by_the_newest_telling_line_of_the_journal():
    journal = ["write: no space left on device", "etcdserver: unhealthy cluster", "exit status 1"]
    assert "etcd member blocks" in causes.explain("kubeadm ended with 1", journal).cause


def test_healthy_journal_lines_with_the_word_token_blame_no_token():
    journal = ["[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to post CSRs"]
    assert "token" not in causes.explain("kubeadm ended with 1", journal).cause


def test_a_symptom_nobody_foresaw_still_says_where_to_look():
    assert "Session Manager" in causes.explain("gremlins").fix


@pytest.mark.row("S0-43")
def test_the_report_names_phase_node_cause_fix_and_the_last_journal_lines():
    lines = [f"line {number}" for number in range(30)]
    finding = Finding(
        phase="join",
        node="ip-10-0-4-7.ap-northeast-2.compute.internal",
        symptom="kubeadm join: token expired",
        journal=(*lines, "error execution phase preflight"),
    )
    text = block("gate nodes: not passed within 900 s: 3 of 4 workers", [finding]).splitlines()
    assert text[:7] == [
        "gate nodes: not passed within 900 s: 3 of 4 workers",
        "",
        "  phase    join",
        "  node     ip-10-0-4-7.ap-northeast-2.compute.internal",
        "  seen     kubeadm join: token expired",
        "  cause    the bootstrap token had expired or was withdrawn when the node used it",
        text[6],
    ]
    assert text[6].startswith("  fix      on a control plane")
    assert text[7] == "  journal  ip-10-0-4-7.ap-northeast-2.compute.internal, last lines:"
    assert text[8:] == [f"    | {line}" for line in [*lines[11:], "error execution phase preflight"]]


def test_nodes_with_the_same_trouble_share_one_entry_and_a_long_list_is_cut():
    same = [Finding(phase="boot", node=f"node-{number}", symptom="no status entry") for number in range(8)]
    others = [Finding(phase=f"phase {number}", node="x", symptom="odd") for number in range(6)]
    text = block("failed", [*same, *others])
    assert "node-0, node-1, node-2, node-3, node-4, node-5 and 2 more" in text
    assert sum(line.startswith("  phase    ") for line in text.splitlines()) == 4
    assert text.endswith("and 3 more findings")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"kubeadm join --token {TOKEN} api:6443", "0123456789abcdef"),
        ("kubeadm join --certificate-key 0a1b2c", "0a1b2c"),
        (f"{KEY_BEGINS}\nMHcCAQEE\n-----END EC PRIVATE KEY-----", "MHcCAQEE"),
        (f"{KEY_BEGINS}\nMHcCAQEE cut off here", "MHcCAQEE"),
        ('"clientKeyData": "LS0tLS1CRUdJTg=="', "LS0tLS1CRUdJTg"),
        ("Authorization: Bearer eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
    ],
)
def test_no_secret_that_a_journal_has_caught_is_printed(text, secret):
    assert secret not in redact(text)
    finding = Finding(phase="join", node="x", symptom="failed", journal=tuple(text.splitlines()))
    assert secret not in block("failed", [finding])
    assert secret not in block(text, [Finding(phase="join", node="x", symptom=text)])


def test_a_key_whose_beginning_was_cut_off_the_shown_lines_is_hidden_all_the_same():
    key = [KEY_BEGINS, *["MHcCAQEE"] * 40, "-----END EC PRIVATE KEY-----", "after"]
    text = block("failed", [Finding(phase="join", node="x", symptom="failed", journal=tuple(key))])
    assert "MHcCAQEE" not in text
    assert "| after" in text


def test_a_journal_that_begins_inside_a_key_shows_none_of_it():
    body = "MHcCAQEEIPq1Zk3b7Qb4mJr2mYkq3zYwq0c5hX8uK9v1d2e3f4g5h6i7j8k9l0m1"
    text = block("failed", [Finding(phase="join", node="x", symptom="failed", journal=(body, "after"))])
    assert body not in text
    assert "| after" in text
