"""Helm releases: the carrier of every chart, because its previews need no cluster."""

from collections.abc import Mapping
from typing import Any, Final

import pulumi
from pulumi_kubernetes.helm.v3 import Release

from components.addons.charts import Chart
from components.objects import logical_name

TIMEOUT_SECONDS: Final = 600
"""How long a release may take until its pods are ready: image pulls over one NAT gateway included."""

HISTORY: Final = 5
"""Revisions that Helm keeps; each is a Secret in etcd."""


def helm_release(
    chart: Chart,
    *,
    namespace: str,
    values: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
    wait: bool = True,
) -> Release:
    """Install a pinned chart under its own name.

    Args:
        chart: what to install.
        namespace: an existing namespace.
        values: chart values.
        opts: options of the release.
        wait: whether the release counts as made only when its pods are ready.
    """
    return Release(
        logical_name("release", chart.name, namespace),
        name=chart.name,
        chart=f"{chart.repository}/{chart.name}" if chart.oci else chart.name,
        repository_opts=None if chart.oci else {"repo": chart.repository},
        version=chart.version,
        namespace=namespace,
        values=dict(values),
        skip_await=not wait,
        timeout=TIMEOUT_SECONDS,
        max_history=HISTORY,
        opts=opts,
    )
