"""Every problem comes at once, and none that is only a consequence of another."""

import copy


def test_problems_of_structure_and_contradictions_come_together_in_the_order_of_their_paths(changed, lines_of):
    lines = lines_of(
        changed(
            {
                "services.catalog.replicas": {"min": "two", "max": 0},
                "pools.front.cuont": 2,
                "control_plane.slots": {"a": "a", "b": "c"},
                "network.pod_cidr": "10.0.128.0/20",
                "kafka.brokers": 4,
                "databases.main.endpoint": "10.20.3.7",
                "entry.allowed_cidrs": ["0.0.0.0/0"],
            }
        )
    )
    assert [line.partition(": ")[0] for line in lines] == [
        "cluster.control_plane.slots",
        "cluster.databases.main.endpoint",
        "cluster.entry.allowed_cidrs",
        "cluster.kafka.brokers",
        "cluster.network.pod_cidr",
        "cluster.pools.front.cuont",
        "cluster.services.catalog.replicas.max",
        "cluster.services.catalog.replicas.min",
    ]


def test_a_service_that_cannot_be_read_does_not_leave_its_pool_and_database_unused(changed, lines_of):
    raw = changed({"services.orders.pool": "front", "services.orders.database": "main", "services.catalog.image": 5})
    assert lines_of(raw) == [
        'cluster.services.catalog.image: 5: must be text, not a number; put it in quotes: "5"',
    ]


def test_a_misspelt_pool_is_reported_where_it_is_misspelt_and_not_as_an_unused_pool(changed, lines_of):
    lines = lines_of(changed({"services.gateway.pool": "fromt"}))
    assert lines == [
        'cluster.services.gateway.pool: "fromt": names no node pool; did you mean front? known: back, front'
    ]


def test_a_misspelt_key_silences_the_rules_that_would_have_read_it(changed, lines_of):
    lines = lines_of(changed({"network.nat": "none", "network.interface_endpoint": True}))
    assert [line.partition(": ")[0] for line in lines] == ["cluster.network.interface_endpoint"]


def test_a_value_that_cannot_be_read_silences_the_rules_that_compare_it(changed, lines_of):
    lines = lines_of(changed({"kafka.brokers": "three", "kafka.replication_factor": 9}))
    assert [line.partition(": ")[0] for line in lines] == ["cluster.kafka.brokers"]


def test_a_list_with_a_wrong_item_is_not_called_empty_as_well(changed, lines_of):
    lines = lines_of(changed({"entry.allowed_cidrs": ["office"]}))
    assert [line.partition(": ")[0] for line in lines] == ["cluster.entry.allowed_cidrs[0]"]


def test_without_services_the_rest_is_still_checked(changed, lines_of):
    lines = lines_of(changed({"services": ..., "network.nat": "none", "control_plane.slots": {"a": "a", "b": "c"}}))
    assert [line.partition(": ")[0] for line in lines] == [
        "cluster.control_plane.slots",
        "cluster.network.nat",
        "cluster.services",
    ]


def test_an_empty_object_asks_for_what_is_required_and_for_nothing_else(lines_of):
    lines = lines_of({})
    assert [line.partition(": ")[0] for line in lines] == [
        "cluster.name",
        "cluster.pools",
        "cluster.services",
        "cluster.traffic",
    ]
    assert all(": absent: is required; give " in line for line in lines)


def test_two_circles_of_routes_are_both_reported(changed, lines_of):
    pool_and_image = {"pool": "back", "image": "a:1"}
    raw = changed(
        {
            "services.north": {**pool_and_image, "routes": ["south"]},
            "services.south": {**pool_and_image, "routes": ["north"]},
            "services.east": {**pool_and_image, "routes": ["west"]},
            "services.west": {**pool_and_image, "routes": ["east"]},
        }
    )
    rule = "requests go round in a circle; remove one of these routes"
    assert lines_of(raw) == [
        f"cluster.services.east.routes: east -> west -> east: {rule}",
        f"cluster.services.north.routes: north -> south -> north: {rule}",
    ]


def test_many_services_that_route_to_all_others_are_checked_in_no_time(changed, lines_of):
    names = [f"s{number}" for number in range(60)]
    services = {
        f"services.{name}": {"pool": "back", "image": "a:1", "routes": names[:place]}
        for place, name in enumerate(names)
    }
    assert len(lines_of(changed(services | {"network.nat": "none"}))) == 1


def test_the_object_that_is_checked_stays_as_it_was(changed, lines_of):
    raw = changed({"pools.front.count": "3", "network.zones": ["q"], "services.catalog.pool": ...})
    before = copy.deepcopy(raw)
    lines_of(raw)
    assert raw == before


def test_numbers_that_python_will_not_write_out_end_in_a_line(changed, lines_of):
    lines = lines_of(changed({"traffic.daily_active_users": 10**5000, "traffic.peak_factor": -(10**5000)}))
    assert [line.partition(": ")[0] for line in lines] == [
        "cluster.traffic.daily_active_users",
        "cluster.traffic.peak_factor",
    ]
