"""ecr-login.sh: the kubelet asks it for a login to the account's own registry."""

import base64
import json
import subprocess

import pytest

REGISTRY = "111122223333.dkr.ecr.ap-northeast-2.amazonaws.com"
PASSWORD = "planted-registry-password"
REQUEST = {
    "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
    "kind": "CredentialProviderRequest",
    "image": f"{REGISTRY}/travel/gateway:1.0.0",
}


def ask(node, aws):
    program = f"{node.root}/usr/local/lib/groundswell/ecr-login.sh"
    with (node.root / "etc/groundswell/node.env").open("a") as settings:
        settings.write(f"ECR_ENDPOINT={aws.endpoint}\n")
    return subprocess.run(
        [program],
        input=json.dumps(REQUEST),
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "GROUNDSWELL_ROOT": str(node.root)},
    )


@pytest.fixture
def node(new_node, worker):
    return new_node(worker)


@pytest.mark.row("S0-15")
def test_the_kubelet_gets_a_login_for_the_images_registry(node, aws):
    token = base64.b64encode(f"AWS:{PASSWORD}".encode()).decode()
    aws.registry = (200, json.dumps({"authorizationData": [{"authorizationToken": token}]}).encode())
    result = ask(node, aws)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["kind"] == "CredentialProviderResponse"
    assert answer["auth"] == {REGISTRY: {"username": "AWS", "password": PASSWORD}}
    assert PASSWORD not in result.stderr


def test_a_refusal_is_one_line_and_a_failure(node, aws):
    aws.registry = (400, b'{"__type": "AccessDeniedException"}')
    result = ask(node, aws)
    assert result.returncode == 1
    assert "AccessDeniedException" in result.stdout + result.stderr


@pytest.mark.row("S0-15")
def test_every_kubelet_is_told_where_its_login_program_is(worker, control_plane):
    for user_data in (worker, control_plane):
        files = user_data.files
        (provider,) = json.loads(files["/etc/groundswell/credential-providers.json"].content)["providers"]
        assert f"/usr/local/lib/groundswell/{provider['name']}" in files
        assert files[f"/usr/local/lib/groundswell/{provider['name']}"].mode == 0o755
        documents = "".join(file.content for path, file in files.items() if "/kubeadm/" in path)
        assert "image-credential-provider-config" in documents
        assert "image-credential-provider-bin-dir" in documents
