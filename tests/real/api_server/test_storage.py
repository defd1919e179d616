"""What lies in etcd and in the audit log."""

import pytest
from real.api_server.objects import ONLY_DEV, PLANTED

pytestmark = [pytest.mark.real, ONLY_DEV]


@pytest.mark.row("S4-12")
@pytest.mark.parametrize(("plural", "kind"), [("secrets", "Secret"), ("configmaps", "ConfigMap")])
def test_what_may_hold_secrets_is_encrypted_in_etcd_with_the_slots_own_key(api, applied, plural, kind):
    objects = [each.manifest for each in applied if each.manifest["kind"] == kind]
    assert objects
    for manifest in objects:
        metadata = manifest["metadata"]
        stored = api.stored(f"/registry/{plural}/{metadata['namespace']}/{metadata['name']}")
        assert stored.startswith(b"k8s:enc:secretbox:v1:key-1:")
        values = (manifest.get("stringData") or manifest["data"]).values()
        assert not any(value.encode() in stored for value in values)
        assert metadata["name"].encode() not in stored


@pytest.mark.row("S4-12")
def test_what_etcd_holds_of_a_secret_is_read_back_in_clear(api, applied):
    """The other half: it is the API server that encrypts, with a key that it has."""
    secret = next(each.manifest for each in applied if each.manifest["kind"] == "Secret")
    assert set(api.admin.get(api.admin.path_of(secret))["data"]) == set(secret["stringData"])


def test_other_objects_are_stored_in_clear(api, applied):
    """So the checks above would notice a file that encrypts nothing."""
    assert applied
    assert api.stored("/registry/namespaces/member").startswith(b"k8s\x00")


def test_the_audit_log_names_who_wrote_a_secret_and_never_its_content(api, applied):
    assert applied
    log = (api.root / "var/log/kubernetes/audit/audit.log").read_text()
    assert '"resource":"secrets"' in log
    assert PLANTED not in log
    assert '"resource":"leases"' not in log
    assert '"requestObject":{"kind":"ClusterRoleBinding"' in log
