"""A snapshot, proved: checked, restored into a throw-away etcd, read, and served by an API server if there is one."""

import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from operations.backup.bucket import BackupError, open_bucket
from operations.backup.throwaway import ThrowAway, check
from operations.gate.loop import GateError
from operations.gate.store import SsmStore, StoreError, open_store
from sizing.model import Plan
from userdata.parameters import ParameterTree

MARK_KEY = "groundswell/cluster"


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a drill found.

    Attributes:
        keys: keys of the store.
        revision: its revision.
        namespaces: how many namespaces the API server listed; None when there was no API server.
        seconds: from the beginning to the first answer, download included (RTO on this machine).
    """

    keys: int
    revision: int
    namespaces: int | None
    seconds: float


def prove_file(path: Path, programs: Path | None) -> int:
    """Prove a file, whoever's it is.

    Returns:
        0, or 1 after one line on standard error.
    """
    try:
        begun = time.monotonic()
        proof = _prove(path, "-", programs, begun)
        _tell(str(path), path.stat().st_mtime, proof)
    except (BackupError, OSError) as error:
        sys.stderr.write(f"drill: {error}\n")
        return 1
    return 0


def prove_stack(plan: Plan, programs: Path | None) -> int:
    """Prove the newest snapshot of a stack's bucket, and that it is this cluster's.

    Returns:
        0, or 1 after one line on standard error.
    """
    try:
        begun = time.monotonic()
        store = open_store(plan.config.region)
        bucket = open_bucket(store, plan.name, plan.config.region)
        found = bucket.newest()
        with tempfile.TemporaryDirectory(prefix="groundswell-drill-") as folder:
            path = Path(folder) / Path(found.key).name
            bucket.fetch(found, path)
            proof = _prove(path, mark(store, plan.name), programs, begun)
        _tell(f"s3://{bucket.name}/{found.key}", found.stored.timestamp(), proof)
    except (BackupError, GateError, StoreError, OSError) as error:
        sys.stderr.write(f"drill: {error}\n")
        return 1
    return 0


def mark(store: SsmStore, cluster: str) -> str:
    """What a cluster's etcd keeps under `groundswell/cluster`: its name and the SHA-256 of its authority's public key.

    Raises:
        BackupError: the authority is not published.
    """
    name = ParameterTree(cluster=cluster).cluster_info
    try:
        digest = str(json.loads(store.read(name) or "")["ca_hash"]).removeprefix("sha256:")
    except (ValueError, LookupError, TypeError) as error:
        raise BackupError(f"{name}: holds no certificate authority") from error
    return f"groundswell-cluster:{cluster}:{digest}"


def _prove(path: Path, expected: str, programs: Path | None, begun: float) -> Proof:
    facts = check(path, expected, programs)
    with ThrowAway(path, programs) as etcd:
        held = etcd.read(MARK_KEY)
        if expected not in {"-", held}:
            raise BackupError(f"{path.name}: the restored etcd says {held or 'nothing'}, not {expected}")
        keys = etcd.count()
        seconds = time.monotonic() - begun
        namespaces = etcd.namespaces()
    return Proof(keys=keys, revision=cast("int", facts["revision"]), namespaces=namespaces, seconds=seconds)


def _tell(what: str, stored: float, proof: Proof) -> None:
    age = (time.time() - stored) / 60
    served = "no kube-apiserver at hand" if proof.namespaces is None else f"{proof.namespaces} namespaces by the API"
    sys.stdout.write(
        f"{what}\n"
        f"  {proof.keys} keys at revision {proof.revision}; {served}\n"
        f"  RPO: the data are {age:.1f} minutes old\n"
        f"  RTO: an etcd served them after {proof.seconds:.1f} s on this machine\n"
    )
