"""Every chart and image that is installed into the cluster, pinned. No other file here names a version.

The comments before the pins are read by update bots. A chart's `image_tag` is set only where the chart's own
default lags behind the release that fits the cluster's Kubernetes version.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A Helm chart at one version.

    Attributes:
        name: name of the chart, also the name of its release.
        repository: HTTPS index, or `oci://` folder that holds the chart.
        version: version of the chart, exactly as its repository spells it.
        image_tag: tag that replaces the chart's default image tag; None keeps the default.
    """

    name: str
    repository: str
    version: str
    image_tag: str | None = None

    @property
    def oci(self) -> bool:
        """Whether the chart is pulled from a registry; such a chart has no index."""
        return self.repository.startswith("oci://")


# renovate: datasource=helm registryUrl=https://docs.tigera.io/calico/charts
CALICO: Final = Chart(name="tigera-operator", repository="https://docs.tigera.io/calico/charts", version="v3.32.1")

# renovate: datasource=helm registryUrl=https://kubernetes.github.io/cloud-provider-aws
CLOUD_CONTROLLER: Final = Chart(
    name="aws-cloud-controller-manager",
    repository="https://kubernetes.github.io/cloud-provider-aws",
    version="0.0.11",
    # renovate: datasource=github-releases depName=kubernetes/cloud-provider-aws
    image_tag="v1.36.1",
)

# renovate: datasource=helm registryUrl=https://postfinance.github.io/kubelet-csr-approver
CSR_APPROVER: Final = Chart(
    name="kubelet-csr-approver",
    repository="https://postfinance.github.io/kubelet-csr-approver",
    version="1.2.14",
)

# renovate: datasource=helm registryUrl=https://kubernetes-sigs.github.io/aws-ebs-csi-driver
EBS_CSI: Final = Chart(
    name="aws-ebs-csi-driver",
    repository="https://kubernetes-sigs.github.io/aws-ebs-csi-driver",
    version="2.64.0",
)

# renovate: datasource=helm registryUrl=https://kubernetes-sigs.github.io/metrics-server
METRICS_SERVER: Final = Chart(
    name="metrics-server",
    repository="https://kubernetes-sigs.github.io/metrics-server",
    version="3.13.1",
)

# renovate: datasource=helm registryUrl=https://kubernetes-sigs.github.io/headlamp
HEADLAMP: Final = Chart(name="headlamp", repository="https://kubernetes-sigs.github.io/headlamp", version="0.45.0")

# renovate: datasource=docker depName=quay.io/strimzi-helm/strimzi-kafka-operator
STRIMZI: Final = Chart(name="strimzi-kafka-operator", repository="oci://quay.io/strimzi-helm", version="1.2.0")

# renovate: datasource=helm registryUrl=https://kafbat.github.io/helm-charts
KAFKA_UI: Final = Chart(
    name="kafka-ui",
    repository="https://kafbat.github.io/helm-charts",
    version="1.5.2",
    # renovate: datasource=docker depName=ghcr.io/kafbat/kafka-ui
    image_tag="v1.5.0",
)

CHARTS: Final = (
    CALICO,
    CLOUD_CONTROLLER,
    CSR_APPROVER,
    EBS_CSI,
    METRICS_SERVER,
    HEADLAMP,
    STRIMZI,
    KAFKA_UI,
)

# renovate: datasource=docker depName=mysql versioning=docker
MYSQL_CLIENT: Final = "mysql:8.4.11"
# renovate: datasource=docker depName=postgres versioning=docker
POSTGRES_CLIENT: Final = "postgres:18.4-alpine"
