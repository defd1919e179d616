"""A cluster made again under its name must not find the parameters of the one before."""

import argparse
import itertools

import pytest
from botocore.exceptions import ClientError

from operations import forget
from operations.gate import store as stores
from operations.gate.store import SsmStore


class Ssm:
    """Parameter Store's two calls, two names a page."""

    def __init__(self, names, refuse=""):
        self.names = list(names)
        self.refuse = refuse
        self.deleted = []

    def get_parameters_by_path(self, **given):
        if self.refuse:
            raise ClientError({"Error": {"Code": self.refuse, "Message": "no"}}, "GetParametersByPath")
        assert given["WithDecryption"] is False, "a destroy must not need the keys"
        below = [name for name in self.names if name.startswith(given["Path"] + "/")]
        start = int(given.get("NextToken", 0))
        page = {"Parameters": [{"Name": name, "Value": "x"} for name in below[start : start + 2]]}
        return page | ({"NextToken": str(start + 2)} if start + 2 < len(below) else {})

    def delete_parameters(self, **given):
        assert 0 < len(given["Names"]) <= 10, "AWS takes ten names"
        self.deleted += given["Names"]
        return {"DeletedParameters": given["Names"]}


OWN = [f"/groundswell/travel/status/ip-10-0-0-{number}" for number in range(23)]
OTHERS = ["/groundswell/travel-two/control-plane/initialised", "/elsewhere/travel"]
ARGUMENTS = argparse.Namespace(cluster="travel", region="ap-northeast-2")


def run(monkeypatch, ssm):
    monkeypatch.setattr(stores, "open_store", lambda _: SsmStore(ssm))
    return forget.run(ARGUMENTS)


def test_all_of_the_clusters_parameters_go_and_nobody_elses(monkeypatch, capsys):
    ssm = Ssm(itertools.chain(OTHERS, OWN))
    assert run(monkeypatch, ssm) == 0
    assert sorted(ssm.deleted) == sorted(OWN)
    assert "23 parameters deleted" in capsys.readouterr().err


def test_nothing_left_is_no_error(monkeypatch):
    ssm = Ssm(OTHERS)
    assert run(monkeypatch, ssm) == 0
    assert ssm.deleted == []


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_a_refusal_is_one_line_and_a_failure(monkeypatch, capsys, code):
    assert run(monkeypatch, Ssm(OWN, refuse=code)) == 1
    error = capsys.readouterr().err
    assert code in error
    assert error.count("\n") == 1
