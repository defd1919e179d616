"""kubeadm's documents: field names and forms of v1beta4, and the settings that the plan decides."""

from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from userdata import kubeadm
from userdata.kubelet import kubelet_patch

RETIRED_GATES = "featureGates"


def documents(plan, slot="a"):
    return {document["kind"]: document for document in kubeadm.init_documents(plan, slot)}


def arguments(section):
    return {argument["name"]: argument["value"] for argument in section["extraArgs"]}


@pytest.fixture
def cluster(dev_plan):
    return documents(dev_plan)["ClusterConfiguration"]


@pytest.fixture
def kubelet(dev_plan):
    return documents(dev_plan)["KubeletConfiguration"]


def with_config(plan, **sections):
    return replace(plan, config=replace(plan.config, **sections))


def walk(value):
    yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from walk(item)


@pytest.mark.row("S0-27", "S2-13", "S3-17")
def test_the_cluster_has_its_endpoint_by_name_and_its_ranges(cluster):
    assert cluster["apiVersion"] == "kubeadm.k8s.io/v1beta4"
    assert cluster["controlPlaneEndpoint"] == "api.travel.groundswell.internal:6443"
    assert cluster["networking"] == {"podSubnet": "192.168.0.0/16", "serviceSubnet": "10.96.0.0/12"}
    assert cluster["kubernetesVersion"] == "v1.36.4"


@pytest.mark.row("S0-27", "S2-13")
def test_the_certificate_is_good_for_the_name_the_loopback_and_every_slot(ha_plan):
    sans = documents(ha_plan)["ClusterConfiguration"]["apiServer"]["certSANs"]
    addresses = [str(slot.address) for slot in ha_plan.control_plane.slots.values()]
    assert sans == ["api.ha.groundswell.internal", "127.0.0.1", *addresses]
    assert len(sans) == 5


@pytest.mark.row("S0-27")
def test_every_slot_advertises_its_own_fixed_private_address(ha_plan):
    private = [zone.private for zone in ha_plan.network.zones.values()]
    seen = set()
    for slot in ha_plan.control_plane.slots:
        endpoint = documents(ha_plan, slot)["InitConfiguration"]["localAPIEndpoint"]
        joined = kubeadm.control_plane_join_documents(ha_plan, slot)[0]["controlPlane"]["localAPIEndpoint"]
        assert endpoint == joined
        assert any(IPv4Network(f"{endpoint['advertiseAddress']}/32").subnet_of(network) for network in private)
        seen.add(endpoint["advertiseAddress"])
    assert len(seen) == 3


def test_extra_arguments_are_lists_of_names_and_texts_everywhere(dev_plan):
    """A map, or a value that is no text, is v1beta3's form: strict decoding refuses it."""
    every = [
        *kubeadm.init_documents(dev_plan, "a"),
        *kubeadm.control_plane_join_documents(dev_plan, "a"),
        *kubeadm.worker_join_documents(dev_plan.pools["planner"]),
    ]
    lists = [
        value[name]
        for value in walk(every)
        if isinstance(value, dict)
        for name in ("extraArgs", "kubeletExtraArgs")
        if name in value
    ]
    assert len(lists) >= 7
    for group in lists:
        assert isinstance(group, list)
        for argument in group:
            assert set(argument) == {"name", "value"}
            assert all(isinstance(text, str) for text in argument.values())


def test_the_api_server_has_no_cloud_provider_and_the_others_have_an_external_one(dev_plan, cluster):
    """The API server's flag is gone since Kubernetes 1.33: it would not start."""
    assert "cloud-provider" not in arguments(cluster["apiServer"])
    assert arguments(cluster["controllerManager"])["cloud-provider"] == "external"
    for document in (
        documents(dev_plan)["InitConfiguration"],
        *kubeadm.worker_join_documents(dev_plan.pools["planner"]),
    ):
        assert {"name": "cloud-provider", "value": "external"} in document["nodeRegistration"]["kubeletExtraArgs"]


def test_no_feature_gate_is_set(dev_plan):
    """kubeadm's gates come and go between minor versions, and an unknown one ends the init."""
    assert not any(
        isinstance(value, dict) and RETIRED_GATES in value for value in walk(kubeadm.init_documents(dev_plan, "a"))
    )


def test_every_file_that_the_api_server_is_told_of_is_mounted_into_it(cluster):
    """Otherwise its static pod ends again and again. kubeadm itself mounts the folder of its keys."""
    mounted = [volume["mountPath"] for volume in cluster["apiServer"]["extraVolumes"]] + ["/etc/kubernetes/pki"]
    paths = [value for value in arguments(cluster["apiServer"]).values() if value.startswith("/")]
    assert len(paths) == 6
    assert all(any(path.startswith(f"{folder}/") for folder in mounted) for path in paths)


def test_only_the_audit_log_can_be_written_by_the_api_server(cluster):
    writable = [volume["mountPath"] for volume in cluster["apiServer"]["extraVolumes"] if not volume["readOnly"]]
    assert writable == ["/var/log/kubernetes/audit"]


def test_profiling_is_off_in_all_three_components(cluster):
    for name in ("apiServer", "controllerManager", "scheduler"):
        assert arguments(cluster[name])["profiling"] == "false"


@pytest.mark.row("S2-08")
def test_controller_manager_and_scheduler_elect_a_leader(cluster):
    for name in ("controllerManager", "scheduler"):
        assert arguments(cluster[name])["leader-elect"] == "true"


def test_tls_begins_at_version_1_2_with_authenticated_ciphers(cluster, kubelet):
    api = arguments(cluster["apiServer"])
    assert api["tls-min-version"] == kubelet["tlsMinVersion"] == "VersionTLS12"
    assert api["tls-cipher-suites"].split(",") == kubelet["tlsCipherSuites"]
    assert all(suite.endswith(("_SHA256", "_SHA384")) and "_CBC_" not in suite for suite in kubelet["tlsCipherSuites"])
    assert all("_GCM_" in suite or "_POLY1305_" in suite for suite in kubelet["tlsCipherSuites"])


def test_no_anonymous_request_reaches_a_kubelet(kubelet):
    assert kubelet["authentication"]["anonymous"] == {"enabled": False}
    assert kubelet["authorization"] == {"mode": "Webhook"}
    assert kubelet["readOnlyPort"] == 0


@pytest.mark.row("S0-38")
def test_kubelets_serve_signed_certificates_and_the_api_server_checks_them_when_somebody_signs(dev_plan):
    signed = documents(dev_plan)
    assert signed["KubeletConfiguration"]["serverTLSBootstrap"] is True
    assert signed["KubeletConfiguration"]["rotateCertificates"] is True
    check = arguments(signed["ClusterConfiguration"]["apiServer"])["kubelet-certificate-authority"]
    assert check == "/etc/kubernetes/pki/ca.crt"


def test_without_an_approver_kubelets_sign_themselves_and_logs_still_work(dev_plan):
    without = documents(with_config(dev_plan, addons=replace(dev_plan.config.addons, csr_approver=False)))
    assert without["KubeletConfiguration"]["serverTLSBootstrap"] is False
    assert "kubelet-certificate-authority" not in arguments(without["ClusterConfiguration"]["apiServer"])


@pytest.mark.row("S2-21")
def test_the_kubelet_is_configured_from_the_plan(dev_plan, kubelet):
    assert kubelet["apiVersion"] == "kubelet.config.k8s.io/v1beta1"
    assert kubelet["maxPods"] == dev_plan.config.kubernetes.max_pods == 110
    assert kubelet["clusterDNS"] == ["10.96.0.10"]
    assert kubelet["cgroupDriver"] == "systemd"
    assert kubelet["failSwapOn"] is True
    assert kubelet["seccompDefault"] is True
    assert kubelet["protectKernelDefaults"] is True
    assert kubelet["podPidsLimit"] == 4096


@pytest.mark.row("S2-21")
def test_a_kubelet_keeps_back_exactly_what_the_packer_subtracted(dev_plan):
    for pool in dev_plan.pools.values():
        patch = kubelet_patch(pool.reserves)
        cpu = int(patch["kubeReserved"]["cpu"].removesuffix("m"))
        memory = int(patch["kubeReserved"]["memory"].removesuffix("Mi"))
        eviction = int(patch["evictionHard"]["memory.available"].removesuffix("Mi"))
        assert pool.allocatable.cpu_m == pool.instance.vcpu * 1000 - cpu
        assert pool.instance.memory_gib * 1024 - memory - eviction > pool.allocatable.memory_mib
        assert (memory, eviction) == (255 + 11 * 110, 100)


@pytest.mark.row("S4-11")
@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_kube_proxys_mode_is_set_explicitly(dev_plan, mode):
    plan = with_config(dev_plan, kubernetes=replace(dev_plan.config.kubernetes, kube_proxy_mode=mode))
    proxy = documents(plan)["KubeProxyConfiguration"]
    assert proxy["apiVersion"] == "kubeproxy.config.k8s.io/v1alpha1"
    assert proxy["mode"] == mode
    assert proxy["clusterCIDR"] == "192.168.0.0/16"
    assert proxy["nodePortAddresses"] == ["primary"]


@pytest.mark.row("S3-09")
def test_every_node_names_the_container_runtimes_socket(dev_plan):
    registrations = [
        document["nodeRegistration"]
        for document in (
            documents(dev_plan)["InitConfiguration"],
            *kubeadm.control_plane_join_documents(dev_plan, "a"),
            *kubeadm.worker_join_documents(dev_plan.pools["planner"]),
        )
    ]
    assert {registration["criSocket"] for registration in registrations} == {"unix:///run/containerd/containerd.sock"}
    assert not any("ignorePreflightErrors" in registration for registration in registrations)


@pytest.mark.row("S2-05")
def test_control_planes_keep_their_taint_unless_they_are_made_schedulable(dev_plan):
    """No list means kubeadm's own taint, an empty one means none."""
    assert "taints" not in documents(dev_plan)["InitConfiguration"]["nodeRegistration"]
    plan = replace(dev_plan, control_plane=replace(dev_plan.control_plane, schedulable=True))
    assert documents(plan)["InitConfiguration"]["nodeRegistration"]["taints"] == []


def test_a_worker_registers_with_its_pools_labels_and_taints(dev_plan):
    registration = kubeadm.worker_join_documents(dev_plan.pools["planner"])[0]["nodeRegistration"]
    assert {"name": "node-labels", "value": "groundswell.io/pool=planner"} in registration["kubeletExtraArgs"]
    assert registration["taints"] == [{"key": "groundswell.io/pool", "value": "planner", "effect": "NoSchedule"}]


def test_no_label_is_one_that_the_cluster_forbids_a_kubelet_to_set(plans):
    """NodeRestriction: of the kubernetes.io labels only a few, and the role label is not among them."""
    for plan in plans.values():
        for pool in plan.pools.values():
            for argument in kubeadm.worker_join_documents(pool)[0]["nodeRegistration"]["kubeletExtraArgs"]:
                assert "kubernetes.io/" not in argument["value"]
                assert "k8s.io/" not in argument["value"]


@pytest.mark.row("S3-33")
def test_the_token_that_kubeadm_insists_on_ends_at_once_and_is_never_shown(dev_plan):
    init = documents(dev_plan)["InitConfiguration"]
    assert init["bootstrapTokens"] == [{"ttl": "1m0s", "usages": ["authentication"]}]
    assert init["skipPhases"] == ["show-join-command"]


@pytest.mark.row("S3-26")
def test_no_document_holds_a_certificate_key_or_skips_the_check_of_the_authority(ha_plan):
    every = [
        *kubeadm.init_documents(ha_plan, "a"),
        *kubeadm.control_plane_join_documents(ha_plan, "b"),
        *kubeadm.worker_join_documents(ha_plan.pools["planner"]),
    ]
    keys = {key for value in walk(every) if isinstance(value, dict) for key in value}
    assert not keys & {"certificateKey", "token", "tlsBootstrapToken", "unsafeSkipCAVerification", "bootstrapToken"}


@pytest.mark.parametrize(("disk", "gib"), [(8, 4), (15, 7), (16, 8), (100, 8)])
def test_etcd_leaves_half_of_its_volume_free_and_takes_no_more_than_it_recommends(dev_plan, disk, gib):
    plan = replace(dev_plan, control_plane=replace(dev_plan.control_plane, etcd_disk_gib=disk))
    local = documents(plan)["ClusterConfiguration"]["etcd"]["local"]
    assert arguments(local)["quota-backend-bytes"] == str(gib * 1024**3)


@pytest.mark.row("S3-26")
def test_etcd_on_burstable_machines_is_slower_to_elect_a_new_leader(dev_plan, ha_plan):
    """A member alone elects nobody, and a machine that is never put aside keeps etcd's own second."""

    def etcd(plan):
        return arguments(documents(plan)["ClusterConfiguration"]["etcd"]["local"])

    burstable = replace(ha_plan.control_plane, credits=dev_plan.control_plane.credits)
    steady = replace(ha_plan.control_plane, credits=None)
    assert dev_plan.control_plane.credits is not None
    assert not kubeadm.SLOW_ETCD.keys() & etcd(dev_plan).keys()
    assert not kubeadm.SLOW_ETCD.keys() & etcd(replace(ha_plan, control_plane=steady)).keys()
    slow = etcd(replace(ha_plan, control_plane=burstable))
    # etcd refuses to start with less than five heartbeats in a timeout, or with more than 50 s.
    assert 5 * int(slow["heartbeat-interval"]) <= int(slow["election-timeout"]) <= 50_000
