"""StorageClasses and the static volumes that take their place without EBS."""

from collections.abc import Mapping
from typing import Final

from components.manifests.parts import HOST_LABEL, Manifest, metadata
from config.schema import Kafka

DEFAULT_CLASS: Final = "gp3"
RETAIN_CLASS: Final = "gp3-retain"
LOCAL_CLASS: Final = "kafka-local"

EBS_PROVISIONER: Final = "ebs.csi.aws.com"
NO_PROVISIONER: Final = "kubernetes.io/no-provisioner"


def _storage_class(
    name: str, provisioner: str, reclaim_policy: str, annotations: Mapping[str, str] | None = None
) -> Manifest:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": metadata(name, annotations=annotations),
        "provisioner": provisioner,
        "reclaimPolicy": reclaim_policy,
        # A volume belongs to one zone or node: the pod is placed first, its volume where the pod is.
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def ebs_classes() -> list[Manifest]:
    """Encrypted gp3 volumes: the default class, and one whose volumes outlive their claims."""
    volumes = {
        "allowVolumeExpansion": True,
        "parameters": {"type": "gp3", "encrypted": "true", "csi.storage.k8s.io/fstype": "ext4"},
    }
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    return [
        {**_storage_class(DEFAULT_CLASS, EBS_PROVISIONER, "Delete", default), **volumes},
        {**_storage_class(RETAIN_CLASS, EBS_PROVISIONER, "Retain"), **volumes},
    ]


def local_class() -> Manifest:
    """The class of the static volumes; a claim waits until one of them suits it."""
    return _storage_class(LOCAL_CLASS, NO_PROVISIONER, "Retain")


def local_volumes(kafka: Kafka) -> list[Manifest]:
    """One PersistentVolume for every directory that the configuration offers, tied to its node."""
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": metadata(f"{kafka.name}-{name}"),
            "spec": {
                "capacity": {"storage": f"{kafka.storage.size_gib}Gi"},
                "volumeMode": "Filesystem",
                "accessModes": ["ReadWriteOnce"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": LOCAL_CLASS,
                "local": {"path": volume.path},
                "nodeAffinity": {
                    "required": {
                        "nodeSelectorTerms": [
                            {"matchExpressions": [{"key": HOST_LABEL, "operator": "In", "values": [volume.node]}]}
                        ]
                    }
                },
            },
        }
        for name, volume in kafka.storage.local_volumes.items()
    ]
