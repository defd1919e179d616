"""`python -m operations credential`: the exec plugin for machines without the AWS CLI."""

import json

import pytest
from gate_fakes import CLUSTER, CREDENTIAL, REGION, certificates, parameter_store

from operations.__main__ import main

LINE = ["credential", "--cluster", CLUSTER, "--region", REGION]


@pytest.fixture
def printed(monkeypatch, capsys):
    """Runs the program against a parameter store; gives the exit status and both streams."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")

    def run(values):
        with parameter_store(values) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", url)
            status = main(LINE)
        return status, *capsys.readouterr()

    return run


def test_the_credential_is_printed_as_kubectl_expects_it(printed):
    status, out, err = printed({CREDENTIAL: certificates().exec_credential})
    assert status == 0
    assert json.loads(out) == json.loads(certificates().exec_credential)
    assert err == ""


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "not published"),
        ({CREDENTIAL: '{"canary": 1}'}, "not an ExecCredential"),
        ({CREDENTIAL: certificates().exec_credential.replace("clientKeyData", "canary")}, "neither a token nor"),
    ],
)
def test_a_credential_that_is_missing_or_broken_is_one_line_that_names_its_parameter(printed, values, named):
    status, out, err = printed(values)
    assert (status, out) == (1, "")
    assert err.startswith(f"credential: {CREDENTIAL}: ")
    assert named in err
    assert err.count("\n") == 1
    assert "canary" not in err


def test_an_aws_that_cannot_be_reached_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:1")
    assert main(LINE) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("credential: Parameter Store cannot be reached")
    assert err.count("\n") == 1
