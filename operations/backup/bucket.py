"""The backup bucket through boto3: the only module of this package that knows AWS's client and its errors."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, cast

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from operations.gate.report import one_line
from operations.gate.store import Store
from userdata.parameters import ParameterTree

PREFIX = "snapshots/"


class BackupError(Exception):
    """No backup can be had or ordered; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One object of the bucket.

    Attributes:
        key: its key.
        bytes: its size.
        stored: when S3 took it.
    """

    key: str
    bytes: int
    stored: datetime


class S3Client(Protocol):
    """The part of boto3's client that is used; boto3 itself is untyped."""

    def list_objects_v2(self, **arguments: object) -> Mapping[str, object]:
        """Call ListObjectsV2."""
        ...

    def download_file(self, bucket: str, key: str, path: str) -> None:
        """Read an object into a file."""
        ...


class BackupBucket:
    """The snapshots of one cluster."""

    def __init__(self, client: S3Client, name: str) -> None:
        self._client, self.name = client, name

    def newest(self) -> Snapshot:
        """The newest snapshot of all prefixes.

        Raises:
            BackupError: there is none, or AWS refuses.
        """
        # The same snapshot lies under several prefixes; its key says nothing about its age.
        found = max(self._all(), key=lambda each: (each.stored, each.key), default=None)
        if found is None:
            raise BackupError(f"s3://{self.name}/{PREFIX}: no snapshot; see the journal of groundswell-snapshot")
        return found

    def find(self, key: str) -> Snapshot:
        """The snapshot with a key.

        Raises:
            BackupError: there is none, or AWS refuses.
        """
        for each in self._all(key):
            if each.key == key:
                return each
        raise BackupError(f"s3://{self.name}/{key}: no such snapshot; leave --snapshot out for the newest one")

    def fetch(self, snapshot: Snapshot, path: Path) -> None:
        """Read a snapshot into a file.

        Raises:
            BackupError: AWS refuses.
        """
        try:
            self._client.download_file(self.name, snapshot.key, str(path))
        except (ClientError, BotoCoreError) as error:
            raise BackupError(f"s3://{self.name}/{snapshot.key}: {one_line(str(error))}") from error

    def _all(self, prefix: str = PREFIX) -> Iterator[Snapshot]:
        token: Mapping[str, object] = {}
        while True:
            try:
                page = self._client.list_objects_v2(Bucket=self.name, Prefix=prefix, **token)
            except (ClientError, BotoCoreError) as error:
                raise BackupError(f"s3://{self.name}/{prefix}: {one_line(str(error))}") from error
            for item in cast("list[Mapping[str, object]]", page.get("Contents", [])):
                yield Snapshot(
                    key=cast("str", item["Key"]),
                    bytes=cast("int", item["Size"]),
                    stored=cast("datetime", item["LastModified"]),
                )
            if not (following := page.get("NextContinuationToken")):
                return
            token = {"ContinuationToken": following}


def open_bucket(store: Store, cluster: str, region: str) -> BackupBucket:
    """The bucket that a cluster's parameter names, with the caller's usual AWS credentials.

    Raises:
        BackupError: the parameter or the AWS configuration is missing.
        StoreError: Parameter Store gave no answer.
        GateError: AWS refuses.
    """
    parameter = ParameterTree(cluster=cluster).backup
    text = store.read(parameter)
    try:
        name = str(json.loads(text or "")["bucket"])
    except (ValueError, LookupError, TypeError) as error:
        raise BackupError(f"{parameter}: names no bucket; run `pulumi up`, which writes it") from error
    try:
        client = cast("S3Client", boto3.Session().client("s3", region_name=region))  # pyright: ignore[reportUnknownMemberType] - boto3 is untyped
    except BotoCoreError as error:
        raise BackupError(f"AWS: {one_line(str(error))}") from error
    return BackupBucket(client, name)
