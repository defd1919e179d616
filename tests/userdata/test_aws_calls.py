"""aws.sh and identity.sh: signed calls with curl alone, and no secret on a command line."""

import pytest
from node_fakes import NODE_NAME, SECRETS

PROGRAM = """#!/usr/bin/env bash
set -euo pipefail
. "$GROUNDSWELL_ROOT/usr/local/lib/groundswell/aws.sh"
code=0
{command} || code=$?
echo "status $code"
"""


@pytest.fixture
def node(new_node, control_plane):
    return new_node(control_plane)


def outcome(node, command):
    path = node.root / "usr/local/lib/groundswell/try.sh"
    path.write_text(PROGRAM.format(command=command))
    path.chmod(0o755)
    return node.run("try.sh")


def test_identity_comes_from_the_metadata_service_by_a_session_token(node):
    node.run("identity.sh")
    assert node.text("/run/groundswell/identity.env") == (
        f"NODE_NAME={NODE_NAME}\nNODE_ADDRESS=10.0.0.10\nINSTANCE_ID=i-0123456789abcdef0\nZONE=ap-northeast-2a\n"
    )


def test_a_metadata_service_that_is_late_is_waited_for(node, aws):
    aws.silent_for = 4
    node.run("identity.sh")
    assert NODE_NAME in node.text("/run/groundswell/identity.env")


def test_a_metadata_service_that_never_answers_ends_in_one_line_with_the_time_it_was_given(
    new_node, control_plane, aws
):
    node = new_node(control_plane, IMDS_SECONDS="1")
    aws.silent_for = 10**9
    output = node.run("identity.sh", expect=1)
    assert output == f"groundswell: the instance metadata service at {aws.endpoint} gave no answer for 1 s\n"


def test_a_slot_refuses_a_machine_with_another_address_than_the_plans(node, aws):
    aws.metadata["local-ipv4"] = "10.0.0.99"
    output = node.run("identity.sh", expect=1)
    assert output == "groundswell: slot a has the address 10.0.0.10 in the plan, but this machine has 10.0.0.99\n"


@pytest.mark.parametrize("first", ["10.0.0.10", "10.0.3.77"])
def test_of_two_interfaces_the_one_whose_address_the_metadata_service_gives_is_the_nodes(node, first):
    second = {"10.0.0.10": "10.0.3.77", "10.0.3.77": "10.0.0.10"}[first]
    node.does(
        "ip", f'echo "2: ens5    inet {first}/19 scope global ens5"; echo "3: ens6    inet {second}/19 scope global"'
    )
    node.run("identity.sh")
    assert "NODE_ADDRESS=10.0.0.10\n" in node.text("/run/groundswell/identity.env")


def test_an_address_that_no_interface_has_is_refused(new_node, worker):
    node = new_node(worker)
    node.does("ip", 'echo "2: ens5    inet 10.0.0.101/19 scope global ens5"')
    assert "no network interface has the address 10.0.0.10" in node.run("identity.sh", expect=1)


def test_the_address_is_found_among_several_interfaces(new_node, worker):
    node = new_node(worker)
    node.does("ip", 'printf "%s\\n" "2: ens5    inet 10.0.0.77/19" "3: ens6    inet 10.0.0.10/19"')
    node.run("identity.sh")


def test_what_is_stored_is_read_back_exactly(node, aws):
    value = 'line one\n\ttab "quote" \\backslash\\ 한글 100 %\n'
    (node.folder / "value").write_text(value)
    outcome(node, f"ssm_put /groundswell/x SecureString alias/key overwrite <{node.folder}/value")
    assert aws.parameters["/groundswell/x"] == value
    assert aws.keys["/groundswell/x"] == "alias/key"
    assert outcome(node, "ssm_get /groundswell/x") == f"{value}status 0\n"


def test_without_overwriting_the_first_writer_wins_and_the_second_is_told(node, aws):
    assert outcome(node, "ssm_put /groundswell/x String '' <<<first") == "status 0\n"
    assert outcome(node, "ssm_put /groundswell/x String '' <<<second") == "status 4\n"
    assert aws.parameters["/groundswell/x"] == "first\n"


def test_a_missing_parameter_has_a_status_of_its_own_and_is_asked_for_once(node, aws):
    assert outcome(node, "ssm_get /groundswell/none") == "status 3\n"
    assert aws.requests == [("GetParameter", "/groundswell/none")]


def test_another_refusal_is_tried_five_times_and_told(node, aws):
    aws.refuse = "/groundswell/x"
    output = outcome(node, "ssm_get /groundswell/x")
    assert len(aws.requests) == 5
    assert "ssm GetParameter: " in output
    assert "AccessDeniedException" in output
    assert output.endswith("status 1\n")


@pytest.mark.row("S3-33")
def test_no_token_credential_or_value_is_an_argument_of_any_process(new_node, control_plane, aws):
    node = new_node(control_plane, watched=True)
    aws.parameters["/groundswell/x"] = "planted-value-in-store"
    (node.folder / "value").write_text("planted-value-to-store")
    outcome(node, "ssm_get /groundswell/x >/dev/null")
    outcome(node, f"ssm_put /groundswell/y SecureString alias/key <{node.folder}/value")
    calls = "\n".join(node.calls())
    assert calls.count("curl ") >= 8
    for secret in (*SECRETS, "planted-value-in-store", "planted-value-to-store"):
        assert secret not in calls
