"""The CIS benchmark's scored configuration checks over what is rendered: every one of them holds."""

import subprocess

import cis_files
import pytest
from cis_checks import API, DOCUMENT_CHECKS, ETCD, FLAG_CHECKS, MANAGER, SCHEDULER, failed, leaves

from userdata import kubeadm

PKI = "/etc/kubernetes/pki"
KUBEADMS_OWN = {
    API: {
        "authorization-mode": "Node,RBAC",
        "client-ca-file": f"{PKI}/ca.crt",
        "enable-admission-plugins": "NodeRestriction",
        "etcd-cafile": f"{PKI}/etcd/ca.crt",
        "etcd-certfile": f"{PKI}/apiserver-etcd-client.crt",
        "etcd-keyfile": f"{PKI}/apiserver-etcd-client.key",
        "kubelet-client-certificate": f"{PKI}/apiserver-kubelet-client.crt",
        "kubelet-client-key": f"{PKI}/apiserver-kubelet-client.key",
        "service-account-key-file": f"{PKI}/sa.pub",
        "tls-cert-file": f"{PKI}/apiserver.crt",
        "tls-private-key-file": f"{PKI}/apiserver.key",
    },
    MANAGER: {
        "bind-address": "127.0.0.1",
        "root-ca-file": f"{PKI}/ca.crt",
        "service-account-private-key-file": f"{PKI}/sa.key",
        "use-service-account-credentials": "true",
    },
    SCHEDULER: {"bind-address": "127.0.0.1"},
    ETCD: {
        "cert-file": f"{PKI}/etcd/server.crt",
        "client-cert-auth": "true",
        "key-file": f"{PKI}/etcd/server.key",
        "peer-cert-file": f"{PKI}/etcd/peer.crt",
        "peer-client-cert-auth": "true",
        "peer-key-file": f"{PKI}/etcd/peer.key",
    },
}
"""Flags that kubeadm 1.36 sets by itself, as far as a check looks at them; the real kubeadm says them in tests/real."""


def arguments(section):
    return {argument["name"]: argument["value"] for argument in section.get("extraArgs", [])}


def flags(plan, slot="a"):
    """What kubeadm would start: its own flags and, over them, ours."""
    (cluster,) = [d for d in kubeadm.init_documents(plan, slot) if d["kind"] == "ClusterConfiguration"]
    ours = {
        API: arguments(cluster["apiServer"]),
        MANAGER: arguments(cluster["controllerManager"]),
        SCHEDULER: arguments(cluster["scheduler"]),
        ETCD: arguments(cluster["etcd"]["local"]),
    }
    return {program: {**KUBEADMS_OWN[program], **ours[program]} for program in ours}


def test_the_table_holds_the_benchmarks_scored_checks_each_once():
    numbers = [check.number for check in (*FLAG_CHECKS, *DOCUMENT_CHECKS)]
    assert (len(FLAG_CHECKS), len(DOCUMENT_CHECKS)) == (36, 6)
    assert len(set(numbers)) == 42


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_every_scored_flag_check_holds_on_every_slot(plans, stack):
    for slot in plans[stack].control_plane.slots:
        assert failed(FLAG_CHECKS, flags(plans[stack], slot)) == []


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_every_scored_check_of_kubelet_and_proxy_holds(plans, stack):
    documents = {d["kind"]: leaves(d) for d in kubeadm.init_documents(plans[stack], "a")}
    assert failed(DOCUMENT_CHECKS, documents) == []


def test_kubeadms_own_flags_alone_fail_nine_checks():
    """So the checks are able to fail, and these are what our settings are for."""
    assert failed(FLAG_CHECKS, KUBEADMS_OWN) == [
        "1.2.5", "1.2.15", "1.2.16", "1.2.17", "1.2.18", "1.2.19", "1.2.30", "1.3.2", "1.4.1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("program", "flag", "value", "number"),
    [
        (API, "token-auth-file", "/x", "1.2.2"),
        (API, "authorization-mode", "AlwaysAllow,Node,RBAC", "1.2.6"),
        (API, "authorization-mode", "RBAC", "1.2.7"),
        (API, "authorization-mode", "Node", "1.2.8"),
        (API, "enable-admission-plugins", "AlwaysAdmit,NodeRestriction", "1.2.10"),
        (API, "disable-admission-plugins", "ServiceAccount", "1.2.12"),
        (API, "disable-admission-plugins", "NamespaceLifecycle", "1.2.13"),
        (API, "enable-admission-plugins", "PodSecurity", "1.2.14"),
        (API, "audit-log-maxage", "29", "1.2.17"),
        (API, "service-account-lookup", "false", "1.2.21"),
        (MANAGER, "use-service-account-credentials", "false", "1.3.3"),
        (MANAGER, "feature-gates", "A=true,RotateKubeletServerCertificate=false", "1.3.6"),
        (MANAGER, "bind-address", "10.0.0.10", "1.3.7"),
        (SCHEDULER, "bind-address", "::", "1.4.2"),
        (ETCD, "auto-tls", "true", "2.3"),
        (ETCD, "peer-client-cert-auth", "false", "2.5"),
        (ETCD, "peer-auto-tls", "true", "2.6"),
    ],
)
def test_a_worse_flag_is_noticed(dev_plan, program, flag, value, number):
    seen = flags(dev_plan)
    seen[program][flag] = value
    assert failed(FLAG_CHECKS, seen) == [number]


class TestFiles:
    """The table that a booted machine is judged by: complete, and able to refuse."""

    def test_it_holds_the_benchmarks_23_scored_checks(self):
        numbers = cis_files.numbers((*cis_files.CONTROL_PLANE_FILES, *cis_files.NODE_FILES))
        first = [f"1.1.{n}" for n in (*range(1, 9), *range(11, 20))]
        assert sorted(numbers) == sorted([*first, *(f"4.1.{n}" for n in (1, 2, 5, 6, 9, 10))])
        assert len(numbers) == 23

    def test_what_cloud_init_lays_down_keeps_to_it(self, control_plane, worker):
        for user_data in (control_plane, worker):
            for check in (*cis_files.NODE_FILES, *cis_files.BEYOND):
                for path, file in user_data.files.items():
                    if cis_files.matches(path, check.pattern):
                        assert not file.mode & ~check.mode, path

    def test_modes_owners_and_absent_files_are_told(self):
        checks = cis_files.CONTROL_PLANE_FILES
        good = "\n".join(
            f"{0o600 if check.mode is None else check.mode:o} {check.owner} {check.pattern.split()[0]}"
            for check in checks
        )
        assert cis_files.refusals(checks, good) == []
        worse = good.replace("600 root:root /etc/kubernetes/admin.conf", "644 root:adm /etc/kubernetes/admin.conf")
        worse = worse.replace("700 etcd:etcd /var/lib/etcd\n", "")
        assert cis_files.refusals(checks, worse) == [
            "1.1.11: /var/lib/etcd: absent",
            "1.1.13: /etc/kubernetes/admin.conf: 644, not 600 at most",
            "1.1.14: /etc/kubernetes/admin.conf: root:adm, not root:root",
        ]

    def test_its_command_reads_real_files(self, tmp_path):
        (tmp_path / "a.key").touch(mode=0o640)
        (tmp_path / "b.key").touch(mode=0o600)
        check = cis_files.FileCheck(
            mode_check="x", owner_check="", pattern=f"{tmp_path}/*.key {tmp_path}/none", mode=0o600
        )
        printed = subprocess.run(
            ["sh", "-c", cis_files.command([check])], capture_output=True, text=True, check=True
        ).stdout
        assert cis_files.refusals([check], printed) == [f"x: {tmp_path}/a.key: 640, not 600 at most"]
