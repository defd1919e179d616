"""Control planes grow to what a row withstands."""

from dataclasses import replace

import pytest

from sizing.comparison.control_plane import eks, self_managed
from sizing.pricing.book import price_book


def _plane(config, tolerance, zones="abc"):
    return self_managed(config, price_book(config), tolerance, zones)


def test_one_member_may_be_lost_of_three_and_none_of_one(stress):
    assert _plane(stress, "none").survives == "its loss stops changes until it is replaced"
    assert _plane(stress, "node").what == "3 x t3a.medium"
    assert _plane(stress, "node").survives == "1 of 3 may be lost"


def test_a_type_that_three_zones_do_not_offer_gives_way_to_the_cheapest_that_is_no_smaller(stress):
    assert _plane(stress, "zone").what == "3 x t3.medium"
    arm = replace(stress, control_plane=replace(stress.control_plane, instance_type="t4g.medium"))
    assert _plane(arm, "zone").what == "3 x t4g.medium"


def test_two_zones_are_too_few_for_etcd_to_lose_one(stress):
    with pytest.raises(LookupError, match="etcd needs 3 zones to lose one, and there are 2"):
        _plane(stress, "zone", "ac")


def test_eks_costs_its_fee():
    assert (eks().month, eks().what) == (73, "EKS")
