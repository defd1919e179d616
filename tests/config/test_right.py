"""What must be accepted: the shipped stack, the edges of every range, and each choice that is offered."""

import dataclasses
import json
from ipaddress import IPv4Network

import pytest
from pydantic import TypeAdapter

from components.naming import balancer_name
from config.loader import load_cluster
from config.schema import ClusterConfig
from config.types import CalicoMode, OperatingSystem
from sizing.catalogue import REGION_ZONES, load
from sizing.plan import make_plan
from userdata.pins import SUPPORTED_KUBERNETES

S0_FIGURES = {
    "traffic.daily_active_users": 25000,
    "traffic.response_time_target_ms": 500,
    "traffic.peak_factor": 2,
    "traffic.safety_factor": 2,
    "services.planner.traffic.users.low": 12500,
    "services.planner.traffic.users.high": 20000,
    "services.planner.traffic.requests_per_user": 12.5,
    "services.planner.traffic.scenario_seconds": 480,
    "services.accommodation.traffic.share_of_users.low": 0.2,
    "services.accommodation.traffic.share_of_users.high": 0.5,
    "services.accommodation.traffic.requests_per_user": 20,
    "services.accommodation.traffic.scenario_seconds": 1800,
}


def at(thing, path):
    for part in path.split("."):
        thing = thing[part] if hasattr(thing, "keys") else getattr(thing, part)
    return thing


@pytest.mark.row("S0-01")
def test_the_dev_stack_holds_the_figures_of_its_source(dev_plan):
    assert {path: at(dev_plan.config, path) for path in S0_FIGURES} == S0_FIGURES


@pytest.mark.row("S0-01")
@pytest.mark.parametrize("bad", [-1, 0, "many", [1], 10**15, float("nan"), float("inf")])
@pytest.mark.parametrize("path", S0_FIGURES)
def test_a_bad_traffic_figure_gives_one_line_with_its_key(dev_raw, lines_of, path, bad):
    section, _, key = path.rpartition(".")
    at(dev_raw, section)[key] = bad
    lines = lines_of(dev_raw)
    assert [line.partition(": ")[0] for line in lines] == [f"cluster.{path}"]


@pytest.mark.row("S0-01")
@pytest.mark.parametrize("path", S0_FIGURES)
def test_an_empty_traffic_figure_is_refused_unless_a_default_takes_its_place(dev_raw, lines_of, path):
    section, _, key = path.rpartition(".")
    at(dev_raw, section)[key] = None
    if key == "peak_factor":
        assert load_cluster(dev_raw).traffic.peak_factor is None
        return
    lines = lines_of(dev_raw)
    where = section if key == "requests_per_user" else path  # three keys may say it, so their section is named
    assert [line.partition(": ")[0] for line in lines] == [f"cluster.{where}"]


def test_the_good_configuration_of_these_tests_is_good(good):
    assert load_cluster(good).name == "shop"


def test_a_configuration_survives_the_way_through_json(good):
    config = load_cluster(good)
    assert load_cluster(json.loads(json.dumps(good))) == config
    assert load_cluster(TypeAdapter(ClusterConfig).dump_python(config, mode="json")) == config


@pytest.mark.parametrize("routes", [["catalog", "orders"], {"catalog": 1.0, "orders": 0.25}])
def test_routes_are_a_list_or_a_mapping_and_stay_what_they_are_on_the_way_through_json(changed, routes):
    config = load_cluster(changed({"services.gateway.routes": routes}))
    assert load_cluster(TypeAdapter(ClusterConfig).dump_python(config, mode="json")) == config
    given = config.services["gateway"].routes
    assert (dict(given) if isinstance(routes, dict) else list(given)) == routes


def test_the_configuration_cannot_be_changed(good):
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_cluster(good).name = "other"


@pytest.mark.row("S1-03")
@pytest.mark.parametrize("pods", ["10.244.0.0/16", "192.168.0.0/16", "100.64.0.0/16", "172.16.0.0/12"])
@pytest.mark.parametrize("services", ["10.96.0.0/12", "172.31.255.0/24", "10.255.0.0/16"])
def test_pod_and_service_ranges_can_be_chosen(changed, lines_of, pods, services):
    raw = changed({"network.pod_cidr": pods, "network.service_cidr": services})
    if IPv4Network(pods).overlaps(IPv4Network(services)):
        assert [line.partition(": ")[0] for line in lines_of(raw)] == ["cluster.network.service_cidr"]
    else:
        network = load_cluster(raw).network
        assert (str(network.pod_cidr), str(network.service_cidr)) == (pods, services)


@pytest.mark.row("S1-03")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("network.vpc_cidr", "network.pod_cidr"),
        ("network.vpc_cidr", "network.service_cidr"),
        ("network.pod_cidr", "network.service_cidr"),
        ("network.vpc_cidr", "network.peered_cidrs.lab"),
        ("network.pod_cidr", "network.peered_cidrs.lab"),
        ("network.service_cidr", "network.peered_cidrs.lab"),
        ("network.peered_cidrs.hall", "network.peered_cidrs.lab"),
        ("network.vpc_cidr", "databases.main.cidr"),
        ("network.pod_cidr", "databases.main.cidr"),
        ("network.service_cidr", "databases.main.cidr"),
        ("network.vpc_cidr", "caches.given.cidr"),
        ("network.pod_cidr", "caches.given.cidr"),
        ("network.service_cidr", "caches.given.cidr"),
    ],
)
def test_every_pair_of_ranges_that_overlaps_is_refused_in_one_line(changed, lines_of, first, second):
    raw = changed(
        {
            "services.orders.cache": "given",
            "caches.given": {"endpoint": "cache.shop.test", "cidr": "10.40.0.0/24"},
            first: "172.20.0.0/16",
            second: "172.20.0.0/20",
        }
    )
    assert lines_of(raw) == [
        f'cluster.{second}: "172.20.0.0/20": overlaps {first} (172.20.0.0/16); choose ranges that share no address'
    ]


def test_a_database_may_stand_in_a_peered_network_and_beside_a_cache(changed):
    given = {"endpoint": "cache.shop.test", "cidr": "10.20.3.0/24"}
    assert load_cluster(changed({"caches.sessions": given, "databases.main.cidr": "10.20.3.0/24"}))


@pytest.mark.row("S1-09")
@pytest.mark.parametrize("mode", CalicoMode.__args__)
@pytest.mark.parametrize("handled", [True, False])
def test_crosssubnet_modes_need_the_source_check_off_and_the_others_do_not(changed, lines_of, mode, handled):
    raw = changed({"calico": {"mode": mode, "disable_source_destination_check": handled}})
    if handled or "cross-subnet" not in mode:
        assert load_cluster(raw).calico.mode == mode
    else:
        (line,) = lines_of(raw)
        assert line.startswith(f'cluster.calico.mode: "{mode}": sends pod packets without encapsulation')


@pytest.mark.row("S2-11", "S3-02")
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_control_planes_are_one_three_or_five(changed, lines_of, count):
    slots = {slot: "abc"[place % 3] for place, slot in enumerate("abcde"[:count])}
    raw = changed(
        {
            "network.zones": ["a", "b", "c"],
            "control_plane": {"instance_type": "t3.medium", "slots": slots},
        }
    )
    if count % 2:
        assert load_cluster(raw).control_plane.slots == slots
    else:
        (line,) = lines_of(raw)
        assert line.startswith("cluster.control_plane.slots: ")
        assert f"{count} etcd members tolerate" in line


def test_six_control_planes_are_refused_because_there_are_five_slots(changed, lines_of):
    (line,) = lines_of(changed({"control_plane.slots": dict.fromkeys("abcdef", "a")}))
    assert line.startswith("cluster.control_plane.slots.f: ")


@pytest.mark.row("S0-05", "S3-01")
@pytest.mark.parametrize("name", sorted(load()))
def test_a_control_plane_type_is_accepted_exactly_with_two_vcpus_two_gib_and_a_price(changed, lines_of, name):
    instance = load()[name]
    fits = instance.vcpu >= 2 and instance.memory_gib >= 2
    sold = "ap-northeast-2" in instance.prices and "a" in instance.zones["ap-northeast-2"]
    raw = changed({"control_plane.instance_type": name})
    if fits and sold:
        assert load_cluster(raw).control_plane.instance_type == name
    else:
        lines = lines_of(raw)
        assert len(lines) == (not fits) + (not sold)
        assert all(line.startswith(f'cluster.control_plane.instance_type: "{name}": ') for line in lines)


@pytest.mark.row("S3-03", "S3-37", "S0-06")
@pytest.mark.parametrize("region", REGION_ZONES)
@pytest.mark.parametrize("name", sorted(load()))
def test_a_worker_type_is_accepted_exactly_where_it_is_offered_priced_and_large_enough(changed, lines_of, name, region):
    instance = load()[name]
    refused = {
        zone
        for zone in REGION_ZONES[region]
        if region not in instance.prices or zone not in instance.zones[region] or instance.memory_gib < 1
    }
    for zone in REGION_ZONES[region]:
        raw = changed(
            {
                "region": region,
                "network.zones": sorted({"a", "c", zone}),
                "pools.front": {"instance_type": name, "count": 1, "zones": [zone]},
                "pools.back.zones": ["a"],
            }
        )
        if zone in refused:
            assert all(line.startswith(f'cluster.pools.front.instance_type: "{name}": ') for line in lines_of(raw))
        else:
            assert load_cluster(raw).pools["front"].instance_type == name


@pytest.mark.row("S3-03")
@pytest.mark.parametrize("path", ["control_plane.instance_type", "pools.front.instance_type"])
def test_a_type_that_the_catalogue_does_not_have_is_refused(changed, lines_of, path):
    (line,) = lines_of(changed({path: "c5a.hugexlarge"}))
    assert line.startswith(f'cluster.{path}: "c5a.hugexlarge": is no type of the catalogue')


@pytest.mark.row("S3-37")
def test_seoul_has_the_zones_a_to_d_and_no_other(changed, lines_of):
    assert load_cluster(changed({"network.zones": ["a", "c", "d"], "pools.back.zones": ["a"]}))
    (line,) = lines_of(changed({"network.zones": ["a", "c", "e"]}))
    assert "ap-northeast-2 has no zone of that letter; use some of a, b, c, d" in line


@pytest.mark.row("S0-24")
@pytest.mark.parametrize("version", SUPPORTED_KUBERNETES)
@pytest.mark.parametrize("system", OperatingSystem.__args__)
def test_every_offered_system_runs_every_offered_kubernetes(changed, version, system):
    config = load_cluster(changed({"machine.os": system, "kubernetes.version": version}))
    assert (config.machine.os, config.kubernetes.version) == (system, version)


@pytest.mark.row("S0-24")
def test_amazon_linux_2_with_an_old_kubernetes_is_refused_in_one_line(changed, lines_of):
    (line,) = lines_of(changed({"machine.os": "amazon-linux-2", "kubernetes.version": "1.32.0"}))
    assert line.startswith('cluster.machine.os: "amazon-linux-2": Amazon Linux 2 has cgroup v1')
    assert "use amazon-linux-2023" in line


@pytest.mark.row("S0-06")
@pytest.mark.parametrize("path", ["pools.front.root_disk_gib", "control_plane.root_disk_gib"])
def test_a_root_disk_has_twenty_gib_or_more(changed, lines_of, path):
    assert at(load_cluster(changed({path: 20})), path) == 20
    (line,) = lines_of(changed({path: 19}))
    assert line == f"cluster.{path}: 19: must be at least 20; give a whole number from 20 to 16384"


@pytest.mark.row("S2-15")
@pytest.mark.parametrize("other", ["cni", "flannel", "cilium", "weave"])
def test_another_pod_network_than_calico_is_refused_with_the_reason(changed, lines_of, other):
    (line,) = lines_of(changed({other: {}}))
    assert line.endswith("is not a known key; the pod network is always Calico: choose its mode with calico.mode")


@pytest.mark.row("S0-27", "S0-42")
@pytest.mark.parametrize("key", ["advertise_address", "node_ip", "public_ip", "elastic_ip"])
def test_nobody_can_give_a_node_a_public_address_to_advertise(changed, lines_of, key):
    (line,) = lines_of(changed({f"control_plane.{key}": "203.0.113.7"}))
    assert line.endswith("leave it out: nodes advertise their private address, read from their own metadata")


@pytest.mark.row("S0-44")
@pytest.mark.parametrize(
    "wrong", ["10.0.0.5", "10.0.0.5:3306", "db.shop.test:3306", "2001:db8::1", "[2001:db8::1]:3306"]
)
@pytest.mark.parametrize("store", ["databases.main", "caches.given"])
def test_an_address_or_a_port_is_no_endpoint(changed, lines_of, store, wrong):
    raw = changed(
        {
            "services.orders.cache": "given",
            "caches.given": {"endpoint": "cache.shop.test", "cidr": "10.40.0.0/24"},
            f"{store}.endpoint": wrong,
        }
    )
    (line,) = lines_of(raw)
    assert line.startswith(f'cluster.{store}.endpoint: "{wrong}": ')


@pytest.mark.row("S0-52")
@pytest.mark.parametrize(("ttl", "fits"), [(-1, False), (0, True), (30, True), (3600, True), (3601, False)])
def test_the_ttl_of_cluster_records_is_at_most_an_hour(changed, lines_of, ttl, fits):
    raw = changed({"network.dns.ttl_seconds": ttl})
    if fits:
        assert load_cluster(raw).network.dns.ttl_seconds == ttl
    else:
        (line,) = lines_of(raw)
        assert line.startswith(f"cluster.network.dns.ttl_seconds: {ttl}: must be at ")


@pytest.mark.row("S2-03")
@pytest.mark.parametrize(("largest", "fits"), [(4997, True), (4998, False)])
def test_the_cluster_has_at_most_5000_nodes(changed, lines_of, largest, fits):
    """One control plane and two machines of the other pool come on top."""
    raw = changed({"pools.back.max_count": largest, "network.pod_cidr": "100.64.0.0/10"})
    if fits:
        assert load_cluster(raw).pools["back"].max_count == largest
    else:
        (line,) = lines_of(raw)
        assert line.startswith("cluster.pools: 5001: is more nodes")


@pytest.mark.row("S2-03")
@pytest.mark.parametrize(("most", "fits"), [(250, True), (251, False)])
def test_a_node_has_at_most_250_pods(changed, lines_of, most, fits):
    raw = changed({"kubernetes.max_pods": most})
    if fits:
        assert load_cluster(raw).kubernetes.max_pods == most
    else:
        assert lines_of(raw) == [
            "cluster.kubernetes.max_pods: 251: must be at most 250; give a whole number from 10 to 250"
        ]


@pytest.mark.row("S4-54")
def test_all_settings_stand_in_one_file_and_an_unknown_one_is_refused_at_every_depth(good, lines_of):
    """A key is planted into every mapping that is a section, one after the other."""

    def sections(value, path):
        if isinstance(value, dict):
            if path not in {"services", "pools", "databases", "caches", "tags", "kafka.topics", "kafka.users"} and not (
                path.endswith(("settings", "labels", "slots", "peered_cidrs", "ami"))
            ):
                yield path, value
            for key, item in value.items():
                yield from sections(item, f"{path}.{key}" if path else key)

    found = list(sections(good, ""))
    assert len(found) > 20
    for path, section in found:
        section["zzz"] = 1
        (line,) = lines_of(good)
        assert line.startswith(f"cluster.{path}.zzz: 1: is not a known key; remove it (known keys: ".replace("..", "."))
        del section["zzz"]


@pytest.mark.parametrize("path", ["api_access", "entry", "services.orders.node_port"])
def test_the_world_may_come_in_where_it_is_named(changed, path):
    opened = load_cluster(changed({f"{path}.allowed_cidrs": ["0.0.0.0/0"], f"{path}.allow_world": True}))
    assert at(opened, path).allow_world


def test_two_copies_and_one_confirmation_are_allowed_as_the_sources_had_it(changed):
    kafka = load_cluster(changed({"kafka.replication_factor": 2, "kafka.min_in_sync_replicas": 1})).kafka
    assert (kafka.replication_factor, kafka.min_in_sync_replicas) == (2, 1)


@pytest.mark.parametrize("pool", [{"count": 1, "dedicated": False}, {"count": 1}])
def test_a_pool_for_the_platform_may_have_no_service(changed, pool):
    name = "platform" if pool.get("dedicated", True) else "shared"
    assert name in load_cluster(changed({f"pools.{name}": pool})).pools


def test_production_may_run_one_control_plane_if_somebody_says_so(changed):
    config = load_cluster(changed({"purpose": "production", "control_plane": {"slots": {"a": "a"}}}))
    assert (config.purpose, dict(config.control_plane.slots)) == ("production", {"a": "a"})


def test_the_longest_accepted_name_leaves_room_for_what_is_appended(dev_raw, lines_of):
    plan = make_plan(load_cluster(dev_raw | {"name": "x" * 13}), "test")
    assert len(balancer_name(plan, "api-public")) == 24
    assert len(balancer_name(plan, "entry")) < 24
    assert len(lines_of(dev_raw | {"name": "x" * 14})) == 1


@pytest.mark.parametrize(
    "endpoint", ["db.shop.test", "main.abc123.ap-northeast-2.rds.amazonaws.com", "a.b", "1.db.test"]
)
def test_an_ordinary_host_name_is_an_endpoint(changed, endpoint):
    assert load_cluster(changed({"databases.main.endpoint": endpoint})).databases["main"].endpoint == endpoint
