"""Pod network, cloud controller, DNS, certificates, volumes, metrics and dashboard."""

import re

import pytest
from conftest import ROOT, dev_object, plan_of
from in_cluster import GATE, find, recorded, release, waits_for
from manifest_schemas import SCHEMAS

from components.addons import charts, csr_approver
from components.addons.calico import Calico, CalicoArgs
from components.addons.cloud_controller import CloudController, CloudControllerArgs
from components.addons.coredns import CoreDns, CoreDnsArgs
from components.addons.csr_approver import CsrApprover, CsrApproverArgs
from components.addons.dashboard import Dashboard, DashboardArgs
from components.addons.ebs_csi import EbsCsi, EbsCsiArgs
from components.addons.metrics_server import MetricsServer, MetricsServerArgs
from components.manifests import calico
from components.manifests.coredns import corefile
from components.manifests.storage import ebs_classes
from config.schema import Dns

MODES = {
    "bgp": ("IPIP", "Enabled", 8981),
    "vxlan": ("VXLAN", "Disabled", 8951),
    "bgp-cross-subnet": ("IPIPCrossSubnet", "Enabled", 8981),
    "vxlan-cross-subnet": ("VXLANCrossSubnet", "Disabled", 8951),
}
CROSS_SUBNET = [mode for mode in MODES if mode.endswith("cross-subnet")]


def plan_with_mode(mode, **kubernetes):
    cluster = dev_object()
    cluster["calico"] = {"mode": mode, "disable_source_destination_check": mode in CROSS_SUBNET}
    cluster["kubernetes"] |= kubernetes
    return plan_of(cluster, mode)


def declare(plan):
    def build(opts):
        Calico("calico", CalicoArgs(plan=plan, kubeconfig="{}"), opts)
        CloudController("cloud", CloudControllerArgs(plan=plan), opts)
        CoreDns("coredns", CoreDnsArgs(plan=plan), opts)
        CsrApprover("approver", CsrApproverArgs(plan=plan), opts)
        EbsCsi("ebs", EbsCsiArgs(plan=plan), opts)
        MetricsServer("metrics", MetricsServerArgs(plan=plan), opts)
        Dashboard("dashboard", DashboardArgs(plan=plan), opts)

    return recorded(build, plan)


@pytest.fixture(scope="module")
def dev_addons(dev_plan):
    return declare(dev_plan)


@pytest.fixture(scope="module")
def ha_addons(ha_plan):
    return declare(ha_plan)


# Versions


@pytest.mark.row("S0-31", "S0-37")
def test_every_release_is_a_pinned_chart(dev_addons):
    pins = {chart.name: chart for chart in charts.CHARTS}
    releases = [each.inputs for each in dev_addons.of("kubernetes:helm.sh/v3:Release")]
    assert {inputs["name"] for inputs in releases} == {
        "tigera-operator",
        "aws-cloud-controller-manager",
        "kubelet-csr-approver",
        "aws-ebs-csi-driver",
        "metrics-server",
        "headlamp",
    }
    for inputs in releases:
        pin = pins[inputs["name"]]
        assert inputs["version"] == pin.version
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", pin.version)
        assert inputs["chart"] == pin.name
        assert inputs["repositoryOpts"] == {"repo": pin.repository}


def test_only_the_pins_name_a_version():
    literal = re.compile(r"[\"':@]v?\d+\.\d+\.\d+(?!\d*[./]\d)")
    found = [
        f"{path.name}: {line.strip()}"
        for path in (ROOT / "components").rglob("*.py")
        if path.name != "charts.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if literal.search(line) or ":latest" in line
    ]
    assert found == []
    assert literal.search((ROOT / "components/addons/charts.py").read_text(encoding="utf-8"))


# Calico


@pytest.mark.row("S1-07", "S0-73")
@pytest.mark.parametrize("mode", MODES)
def test_each_mode_has_its_encapsulation_bgp_and_mtu(mode):
    encapsulation, bgp, mtu = MODES[mode]
    plan = plan_with_mode(mode)
    network = calico.installation(plan)["spec"]["calicoNetwork"]
    (pool,) = network["ipPools"]
    assert pool["encapsulation"] == encapsulation
    assert pool["cidr"] == str(plan.config.network.pod_cidr)
    assert pool["blockSize"] == 26
    assert (pool["natOutgoing"], pool["nodeSelector"]) == ("Enabled", "all()")
    assert network["bgp"] == bgp
    assert network["mtu"] == mtu


def test_the_operator_finds_no_default_to_fill_in_in_the_address_pool(dev_plan):
    """It would own the list from then on, and the next change of ours would be a conflict."""
    schema = SCHEMAS["operator.tigera.io/v1", "Installation"]["schema"]
    known = schema["properties"]["spec"]["properties"]["calicoNetwork"]["properties"]["ipPools"]["items"]
    (pool,) = calico.installation(dev_plan)["spec"]["calicoNetwork"]["ipPools"]
    assert set(pool) == set(known["properties"])


@pytest.mark.row("S1-08")
def test_vxlan_without_bgp_is_what_a_stack_gets_that_names_no_mode():
    cluster = dev_object()
    del cluster["calico"]
    network = calico.installation(plan_of(cluster, "default"))["spec"]["calicoNetwork"]
    assert (network["ipPools"][0]["encapsulation"], network["bgp"]) == ("VXLAN", "Disabled")


@pytest.mark.row("S1-10")
@pytest.mark.parametrize(
    ("encapsulation", "link", "mtu"),
    [
        ("VXLAN", 1500, 1450),
        ("VXLANCrossSubnet", 1500, 1450),
        ("None", 1500, 1500),
        ("IPIP", 1500, 1480),
        ("VXLAN", 9001, 8951),
        ("IPIP", 9001, 8981),
    ],
)
def test_the_mtu_is_the_links_less_what_the_encapsulation_adds(encapsulation, link, mtu):
    assert calico.mtu(encapsulation, link) == mtu


@pytest.mark.row("S0-71")
@pytest.mark.parametrize("mode", MODES)
def test_nodes_are_known_by_their_internal_address_and_never_by_an_interface(mode):
    manifest = calico.installation(plan_with_mode(mode))
    assert manifest["spec"]["calicoNetwork"]["nodeAddressAutodetectionV4"] == {"kubernetes": "NodeInternalIP"}
    assert "interface" not in repr(manifest).lower()


@pytest.mark.row("S0-72")
def test_the_installation_names_no_node_so_a_later_worker_changes_nothing():
    small, large = dev_object(), dev_object()
    large["pools"]["planner"] |= {"count": 2, "max_count": 3}
    assert calico.installation(plan_of(small, "x")) == calico.installation(plan_of(large, "x"))


@pytest.mark.parametrize(("proxy", "dataplane"), [("iptables", "Iptables"), ("nftables", "Nftables")])
def test_calico_programs_packets_as_kube_proxy_does(proxy, dataplane):
    plan = plan_with_mode("vxlan", kube_proxy_mode=proxy)
    assert calico.installation(plan)["spec"]["calicoNetwork"]["linuxDataplane"] == dataplane


def test_the_operator_is_alone_in_its_release_and_brings_the_definitions(dev_addons):
    values = release(dev_addons, "tigera-operator")["values"]
    assert values["manageCRDs"] is True
    for part in ("installation", "apiServer", "goldmane", "whisker"):
        assert values[part] == {"enabled": False}


@pytest.mark.row("S0-31")
def test_the_installation_waits_for_the_gate_behind_the_operator(dev_addons):
    installation = find(dev_addons, "Installation", "default")
    (gate,) = dev_addons.of(GATE)
    operator = next(each for each in dev_addons.resources if each.inputs.get("name") == "tigera-operator")
    namespace = find(dev_addons, "Namespace", "tigera-operator")
    assert "--names installations.operator.tigera.io " in gate.inputs["create"]
    assert waits_for(dev_addons, installation, gate)
    assert waits_for(dev_addons, gate, operator)
    assert waits_for(dev_addons, operator, namespace)


@pytest.mark.row("S1-07")
@pytest.mark.parametrize("mode", MODES)
def test_felix_switches_the_source_check_off_in_the_cross_subnet_modes_only(mode):
    plan = plan_with_mode(mode)
    recording = recorded(lambda opts: Calico("c", CalicoArgs(plan=plan, kubeconfig="{}"), opts), plan)
    patches = recording.of("kubernetes:crd.projectcalico.org/v1:FelixConfigurationPatch")
    assert [patch.inputs["spec"] for patch in patches] == [{"awsSrcDstCheck": "Disable"}] * (mode in CROSS_SUBNET)
    gate = recording.of(GATE)[0].inputs["create"]
    assert ("felixconfigurations.crd.projectcalico.org" in gate) == (mode in CROSS_SUBNET)


# Cloud controller


def test_the_cloud_controller_runs_before_there_is_a_pod_network(dev_addons):
    values = release(dev_addons, "aws-cloud-controller-manager")["values"]
    assert values["hostNetworking"] is True
    assert values["nodeSelector"] == {"node-role.kubernetes.io/control-plane": ""}
    tolerated = {each["key"] for each in values["tolerations"]}
    assert tolerated == {
        "node.cloudprovider.kubernetes.io/uninitialized",
        "node.kubernetes.io/not-ready",
        "node-role.kubernetes.io/control-plane",
    }


def test_the_cloud_controller_knows_its_cluster_and_leaves_pod_addresses_to_calico(dev_addons):
    values = release(dev_addons, "aws-cloud-controller-manager")["values"]
    assert {"--cluster-name=travel", "--configure-cloud-routes=false", "--allocate-node-cidrs=false"} <= set(
        values["args"]
    )
    assert values["image"]["tag"] == charts.CLOUD_CONTROLLER.image_tag


# DNS


@pytest.mark.row("S0-52")
def test_the_corefile_takes_both_times_from_the_configuration():
    text = corefile(Dns(ttl_seconds=7, cache_seconds=11))
    assert re.search(r"\bttl 7\n", text)
    assert re.search(r"\bcache 11 \{\n\s+disable success cluster.local\n\s+disable denial cluster.local\n", text)
    assert text.count("{") == text.count("}")


@pytest.mark.row("S2-33")
def test_pods_have_names_too():
    assert "pods insecure" in corefile(Dns())


@pytest.mark.row("S0-52")
def test_the_corefile_of_kubeadm_is_taken_over_not_made_anew(dev_addons):
    (patch,) = dev_addons.of("kubernetes:core/v1:ConfigMapPatch")
    metadata = patch.inputs["metadata"]
    assert (metadata["namespace"], metadata["name"]) == ("kube-system", "coredns")
    assert metadata["annotations"] == {"pulumi.com/patchForce": "true"}
    assert patch.inputs["data"] == {"Corefile": corefile(Dns(ttl_seconds=30, cache_seconds=30))}


# Certificates and metrics


@pytest.mark.row("S0-38")
def test_kubelet_certificates_are_checked_by_name_address_and_resolver(dev_addons):
    values = release(dev_addons, "kubelet-csr-approver")["values"]
    assert values["providerIpPrefixes"] == ["10.0.0.0/16"]
    assert values["bypassDnsResolution"] is False
    assert values["dnsPolicy"] == "Default"
    names = re.compile(values["providerRegex"])
    assert names.match("ip-10-0-1-5.ap-northeast-2.compute.internal")
    assert not names.match("ip-10-0-1-5.ap-northeast-2.compute.internal.example.com")
    assert not names.match("kubernetes.default.svc")


def test_the_first_region_has_names_of_its_own():
    names = re.compile(csr_approver.node_names("us-east-1"))
    assert names.match("ip-10-0-1-5.ec2.internal")
    assert not names.match("ip-10-0-1-5.ec2xinternal")


@pytest.mark.row("S0-38", "S0-37")
def test_nothing_skips_the_verification_of_kubelets(dev_addons):
    assert "insecure-tls" not in repr([each.inputs for each in dev_addons.resources])
    values = release(dev_addons, "metrics-server")["values"]
    assert "args" not in values
    assert "hostNetwork" not in values


# Volumes


@pytest.mark.row("S0-58", "S1-31")
def test_volumes_are_encrypted_gp3_made_where_the_pod_is():
    for each in ebs_classes():
        assert each["provisioner"] == "ebs.csi.aws.com"
        assert each["volumeBindingMode"] == "WaitForFirstConsumer"
        assert each["parameters"]["type"] == "gp3"
        assert each["parameters"]["encrypted"] == "true"
    policies = {each["metadata"]["name"]: each["reclaimPolicy"] for each in ebs_classes()}
    assert policies == {"gp3": "Delete", "gp3-retain": "Retain"}


@pytest.mark.row("S4-22", "S1-31")
def test_exactly_one_class_is_the_default(dev_addons):
    classes = dev_addons.of("kubernetes:storage.k8s.io/v1:StorageClass")
    marked = [
        each.inputs["metadata"]["name"]
        for each in classes
        if each.inputs["metadata"].get("annotations", {}).get("storageclass.kubernetes.io/is-default-class") == "true"
    ]
    assert marked == ["gp3"]
    assert len(classes) == 2


def test_the_volume_controller_uses_the_machines_role_from_the_hosts_network(dev_addons):
    """One hop is as far as instance metadata answers, and the chart has no value for the host's network."""
    (patch,) = dev_addons.of("kubernetes:apps/v1:DeploymentPatch")
    driver = next(each for each in dev_addons.resources if each.inputs.get("name") == "aws-ebs-csi-driver")
    assert patch.inputs["metadata"] == {"name": "ebs-csi-controller", "namespace": "kube-system"}
    assert patch.inputs["spec"] == {"template": {"spec": {"hostNetwork": True}}}
    assert waits_for(dev_addons, patch, driver)
    assert driver.inputs["skipAwait"] is True, "the controller cannot be ready before the patch"
    for each in dev_addons.of("kubernetes:storage.k8s.io/v1:StorageClass"):
        assert waits_for(dev_addons, each, patch)


def test_volume_controllers_are_one_per_control_plane_at_most(dev_addons, ha_addons):
    assert release(dev_addons, "aws-ebs-csi-driver")["values"]["controller"]["replicaCount"] == 1
    assert release(ha_addons, "aws-ebs-csi-driver")["values"]["controller"]["replicaCount"] == 2


def test_the_volume_driver_asks_kubernetes_and_not_the_metadata_service(dev_addons):
    values = release(dev_addons, "aws-ebs-csi-driver")["values"]
    assert values["node"]["metadataSources"] == "kubernetes"
    assert values["controller"]["region"] == "ap-northeast-2"
    assert values["controller"]["k8sTagClusterId"] == "travel"
    assert values["controller"]["extraVolumeTags"]["groundswell:cluster"] == "travel"
    assert values["helmTester"] == {"enabled": False}


# Dashboard


@pytest.mark.row("S0-36")
def test_people_log_in_as_an_account_that_may_only_look(dev_addons):
    binding = find(dev_addons, "ClusterRoleBinding", "dashboard-view").inputs
    account = find(dev_addons, "ServiceAccount", "dashboard").inputs
    assert binding["roleRef"]["name"] == "view"
    (subject,) = binding["subjects"]
    assert (subject["kind"], subject["name"], subject["namespace"]) == (
        "ServiceAccount",
        account["metadata"]["name"],
        account["metadata"]["namespace"],
    )
    assert account["automountServiceAccountToken"] is False


@pytest.mark.row("S0-36", "S0-35")
def test_the_dashboards_pod_is_bound_to_nothing_and_reached_by_port_forward(dev_addons):
    values = release(dev_addons, "headlamp")["values"]
    assert values["clusterRoleBinding"] == {"create": False}
    assert values["config"]["unsafeUseServiceAccountToken"] is False
    assert values["service"] == {"type": "ClusterIP"}
    assert "cluster-admin" not in repr([each.inputs for each in dev_addons.resources])


# Placement


@pytest.mark.row("S0-34")
@pytest.mark.parametrize("chart", ["kubelet-csr-approver", "metrics-server", "headlamp"])
def test_platform_pods_tolerate_control_planes_and_dedicated_pools(dev_addons, chart):
    tolerated = {(each["key"], each["effect"]) for each in release(dev_addons, chart)["values"]["tolerations"]}
    assert tolerated == {
        ("node-role.kubernetes.io/control-plane", "NoSchedule"),
        ("groundswell.io/pool", "NoSchedule"),
    }


@pytest.mark.row("S0-34")
def test_the_volume_controller_tolerates_the_taint_of_control_planes(dev_addons):
    controller = release(dev_addons, "aws-ebs-csi-driver")["values"]["controller"]
    assert controller["nodeSelector"] == {"node-role.kubernetes.io/control-plane": ""}
    assert "node-role.kubernetes.io/control-plane" in {each.get("key") for each in controller["tolerations"]}


@pytest.mark.parametrize(
    ("chart", "requests"),
    [
        ("kubelet-csr-approver", {"cpu": "50m", "memory": "64Mi"}),
        ("metrics-server", {"cpu": "100m", "memory": "200Mi"}),
        ("headlamp", {"cpu": "50m", "memory": "128Mi"}),
    ],
)
def test_platform_pods_ask_for_what_sizing_set_aside(dev_addons, chart, requests):
    resources = release(dev_addons, chart)["values"]["resources"]
    assert resources == {"requests": requests, "limits": {"memory": requests["memory"]}}
