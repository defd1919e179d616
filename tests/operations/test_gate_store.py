"""Parameter Store through boto3: pages, absent parameters, and errors that mend themselves or do not."""

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from botocore.stub import Stubber
from gate_fakes import STATUS, parameter_store

from operations.gate.loop import GateError
from operations.gate.store import SsmStore, StoreError, open_store


@pytest.fixture
def stubbed():
    client = boto3.client("ssm", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubber:
        yield SsmStore(client), stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")


def test_parameters_are_read_decrypted(stubbed):
    store, stubber = stubbed
    stubber.add_response(
        "get_parameter",
        {"Parameter": {"Name": "/a", "Value": "b"}},
        {"Name": "/a", "WithDecryption": True},
    )
    assert store.read("/a") == "b"


def test_a_parameter_that_does_not_exist_is_none(stubbed):
    store, stubber = stubbed
    stubber.add_client_error("get_parameter", "ParameterNotFound")
    assert store.read("/a") is None


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "ServiceUnavailable"])
def test_errors_that_pass_are_left_to_the_next_try(stubbed, code):
    store, stubber = stubbed
    stubber.add_client_error("get_parameters_by_path", code)
    with pytest.raises(StoreError, match=f"Parameter Store: {code}"):
        store.below("/a")


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("AccessDeniedException", "allow ssm:GetParameter"),
        ("ExpiredTokenException", "sign in to AWS again"),
        ("UnrecognizedClientException", "not valid in this account"),
        ("InvalidSignatureException", "this machine's clock"),
        ("ValidationException", ""),
    ],
)
def test_refusals_end_the_gate_with_one_line_and_a_fix(stubbed, code, fix):
    store, stubber = stubbed
    stubber.add_client_error("get_parameter", code, "no\nway")
    with pytest.raises(GateError) as caught:
        store.read("/a")
    assert str(caught.value).startswith(f"/a: AWS answered {code}: no way")
    assert fix in str(caught.value)
    assert "\n" not in str(caught.value)


class _Broken:
    def __init__(self, error):
        self.error = error

    def get_parameter(self, **_):
        raise self.error

    get_parameters_by_path = get_parameter


def test_a_network_that_fails_is_left_to_the_next_try():
    store = SsmStore(_Broken(EndpointConnectionError(endpoint_url="https://ssm.eu-west-1.amazonaws.com")))
    with pytest.raises(StoreError, match="cannot be reached"):
        store.read("/a")


def test_missing_credentials_end_the_gate_with_one_line_and_a_fix():
    with pytest.raises(GateError, match="Unable to locate credentials; set credentials"):
        SsmStore(_Broken(NoCredentialsError())).below("/a")


@pytest.mark.usefixtures("credentials")
def test_all_pages_of_a_branch_are_read_and_nothing_beside_it(monkeypatch):
    values = {f"{STATUS}/a": "1", f"{STATUS}/b": "2", f"{STATUS}/c": "3", f"{STATUS}-other/d": "4"}
    with parameter_store(values) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", url)
        store = open_store("ap-northeast-2")
        assert store.below(STATUS) == {f"{STATUS}/a": "1", f"{STATUS}/b": "2", f"{STATUS}/c": "3"}
        assert store.read(f"{STATUS}/b") == "2"
        assert store.read(f"{STATUS}/z") is None


def test_an_unknown_profile_ends_the_gate_with_one_line(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(GateError, match="AWS: The config profile"):
        open_store("ap-northeast-2")
