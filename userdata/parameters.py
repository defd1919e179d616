"""Names of the cluster's Parameter Store entries: one tree, one branch per kind of reader.

Roles are granted by branch, so a new entry's readers are decided by where its name is put here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ParameterTree:
    """Parameter names of one cluster.

    Attributes:
        cluster: the cluster's name.
    """

    cluster: str

    @property
    def root(self) -> str:
        """Everything of this cluster; control planes may read and write below it."""
        return f"/groundswell/{self.cluster}"

    @property
    def cluster_info(self) -> str:
        """String, JSON `{"endpoint", "ca" (base64 PEM), "ca_hash" ("sha256:<hex>")}`; no secret, all nodes read it."""
        return f"{self.root}/public/cluster"

    @property
    def join(self) -> str:
        """SecureString, JSON `{"token", "expires" (RFC 3339)}`; workers and control planes read it."""
        return f"{self.root}/worker/join"

    @property
    def initialised(self) -> str:
        """String, written once by the slot that runs `kubeadm init`: the lock against a second cluster."""
        return f"{self.root}/control-plane/initialised"

    @property
    def keys(self) -> str:
        """Branch of SecureStrings, one per CA key or certificate; control planes only."""
        return f"{self.root}/control-plane/pki"

    @property
    def credential(self) -> str:
        """SecureString, an `ExecCredential`; operators and the gates read it."""
        return f"{self.root}/operator/credential"

    @property
    def backup(self) -> str:
        """String, JSON `{"bucket", "url"}` of the backup bucket, whose name Pulumi chooses; control planes read it."""
        return f"{self.root}/control-plane/backup"

    @property
    def maintenance(self) -> str:
        """Branch of Strings, JSON, one per slot: what its timers last found; operators read it."""
        return f"{self.root}/control-plane/maintenance"

    @property
    def restore(self) -> str:
        """String, JSON `{"id", "slot", "snapshot", "ordered"}`: an operator's order to restore etcd."""
        return f"{self.root}/control-plane/restore"

    @property
    def restored(self) -> str:
        """Branch of Strings, JSON, one per slot: how far it is with the last order."""
        return f"{self.root}/control-plane/restored"

    @property
    def statuses(self) -> str:
        """Branch of all nodes' status entries; operators and the gates read it."""
        return f"{self.root}/status"

    def status(self, role: str, node: str) -> str:
        """String, JSON status of one node's bootstrap. A machine writes in its role's branch only.

        Args:
            role: `control-plane` or `worker`.
            node: its Kubernetes node name.
        """
        return f"{self.statuses}/{role}/{node}"

    @property
    def control_plane_key_alias(self) -> str:
        """KMS key of everything that only control planes and operators may read."""
        return f"alias/groundswell-{self.cluster}-control-plane"

    @property
    def worker_key_alias(self) -> str:
        """KMS key of the join parameter."""
        return f"alias/groundswell-{self.cluster}-worker"
