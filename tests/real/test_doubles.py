"""The doubles answer as the real providers and AWS would: what they replace, refuse, keep and hide."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc
from real.engine import DOUBLES, program_path

pytestmark = pytest.mark.real

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "correct-horse"}
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
ROLE = "aws:iam/role:Role"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


class Client:
    """One double, asked without an engine."""

    def __init__(self, stub: provider_pb2_grpc.ResourceProviderStub) -> None:
        self.stub = stub

    def configure(self, **settings: Any) -> None:
        self.stub.Configure(provider_pb2.ConfigureRequest(args=struct(settings)))

    def create(
        self, type_: str, logical: str, /, *, preview: bool = False, **inputs: Any
    ) -> provider_pb2.CreateResponse:
        request = provider_pb2.CreateRequest(
            urn=urn(type_, logical), type=type_, name=logical, properties=struct(inputs), preview=preview
        )
        return self.stub.Create(request)

    def delete(self, type_: str, name: str, id_: str) -> None:
        self.stub.Delete(provider_pb2.DeleteRequest(urn=urn(type_, name), type=type_, id=id_))

    def diff(self, type_: str, old: dict[str, Any], new: dict[str, Any]) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(
            urn=urn(type_, "x"), type=type_, id="x", old_inputs=struct(old), news=struct(new)
        )
        return self.stub.Diff(request)


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:stack::project::{type_}::{name}"


def struct(value: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(value, struct_pb2.Struct())


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Callable[[str], Client]]:
    started: list[subprocess.Popen[str]] = []

    def start(package: str) -> Client:
        process = subprocess.Popen(
            [DOUBLES / f"pulumi-resource-{package}"],
            env={"PATH": program_path(), "DOUBLE_CLOUD": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout
        port = process.stdout.readline().strip()
        return Client(provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}")))

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def aws(double: Callable[[str], Client]) -> Client:
    return double("aws")


@pytest.fixture
def kubernetes(double: Callable[[str], Client]) -> Client:
    return double("kubernetes")


def test_a_second_object_of_the_same_name_is_refused(aws: Client) -> None:
    aws.create(ROLE, "one", name="worker")
    with pytest.raises(grpc.RpcError, match="AlreadyExists"):
        aws.create(ROLE, "two", name="worker")


def test_a_network_that_is_in_use_is_not_deleted(aws: Client) -> None:
    vpc = aws.create(VPC, "vpc", cidrBlock="10.0.0.0/16")
    subnet = aws.create(SUBNET, "subnet", vpcId=vpc.id, cidrBlock="10.0.0.0/24")
    with pytest.raises(grpc.RpcError, match="DependencyViolation"):
        aws.delete(VPC, "vpc", vpc.id)
    aws.delete(SUBNET, "subnet", subnet.id)
    aws.delete(VPC, "vpc", vpc.id)


def test_a_type_without_an_entry_is_refused_and_the_file_to_extend_is_named(aws: Client) -> None:
    with pytest.raises(grpc.RpcError, match=r"add it to tests/real/doubles/types\.yaml"):
        aws.create("aws:made/up:Thing", "thing")


def test_an_object_in_a_namespace_that_does_not_exist_is_refused(kubernetes: Client) -> None:
    with pytest.raises(grpc.RpcError, match="namespaces 'shop' not found"):
        kubernetes.create(
            CONFIG_MAP, "map", apiVersion="v1", kind="ConfigMap", metadata={"name": "map", "namespace": "shop"}
        )


def test_a_preview_leaves_computed_properties_unknown_and_keeps_nothing(aws: Client, tmp_path: Path) -> None:
    answer = aws.create(VPC, "vpc", preview=True, cidrBlock="10.0.0.0/16")
    assert answer.properties["arn"] == "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert answer.properties["cidrBlock"] == "10.0.0.0/16"
    assert not list((tmp_path / "objects").iterdir())


def test_what_cannot_change_in_place_is_replaced_and_named(aws: Client) -> None:
    answer = aws.diff(VPC, {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.1.0.0/16", "tags": {"a": "b"}})
    assert list(answer.replaces) == ["cidrBlock"]
    assert answer.detailedDiff["cidrBlock"].kind == provider_pb2.PropertyDiff.UPDATE_REPLACE
    assert answer.detailedDiff["tags"].kind == provider_pb2.PropertyDiff.ADD


@pytest.mark.parametrize("replaces", [True, False])
def test_user_data_replaces_an_instance_only_when_it_says_so(aws: Client, *, replaces: bool) -> None:
    old = {"userData": "first", "userDataReplaceOnChange": replaces}
    answer = aws.diff("aws:ec2/instance:Instance", old, {**old, "userData": "second"})
    assert list(answer.replaces) == (["userData"] if replaces else [])
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME


@pytest.mark.parametrize(("given", "first_gone"), [("worker", True), (None, False)])
def test_an_object_with_a_given_name_is_deleted_before_its_replacement(
    aws: Client, given: str | None, *, first_gone: bool
) -> None:
    role = {"name": given} if given else {"name": "worker-1234567", "__defaults": ["name"]}
    assert aws.diff(ROLE, {**role, "path": "/a/"}, {**role, "path": "/b/"}).deleteBeforeReplace is first_gone


@pytest.mark.parametrize("mutable", ["true", "false"])
def test_config_maps_change_in_place_only_when_the_provider_is_told_so(kubernetes: Client, mutable: str) -> None:
    kubernetes.configure(enableConfigMapMutable=mutable)
    base = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map"}}
    answer = kubernetes.diff(CONFIG_MAP, {**base, "data": {"a": "1"}}, {**base, "data": {"a": "2"}})
    assert list(answer.replaces) == ([] if mutable == "true" else ["data"])


def test_secrets_stay_secret_in_answers_and_out_of_the_journal(aws: Client, tmp_path: Path) -> None:
    answer = aws.create("aws:ssm/parameter:Parameter", "token", name="/token", type="SecureString", value=SECRET)
    assert json_format.MessageToDict(answer.properties)["value"] == SECRET
    journal = (tmp_path / "journal.jsonl").read_text()
    assert "correct-horse" not in journal
    assert json.loads(journal.splitlines()[0])["inputs"]["value"] == "[secret]"
