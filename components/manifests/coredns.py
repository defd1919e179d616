"""CoreDNS' Corefile: kubeadm's own, with the two times that the configuration names."""

from typing import Final

from components.manifests.parts import Manifest, metadata
from config.schema import Dns

_COREFILE: Final = """\
.:53 {{
    errors
    health {{
       lameduck 5s
    }}
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl {ttl}
    }}
    prometheus :9153
    forward . /etc/resolv.conf {{
       max_concurrent 1000
    }}
    cache {cache} {{
       disable success cluster.local
       disable denial cluster.local
    }}
    loop
    reload
    loadbalance
}}
"""


def corefile(dns: Dns) -> str:
    """The Corefile.

    The cluster's own names are never cached, only given a TTL; outside names, such as the target of an
    ExternalName Service, are kept for `cache_seconds` at most. `reload` notices a change without a restart.
    """
    return _COREFILE.format(ttl=dns.ttl_seconds, cache=dns.cache_seconds)


def coredns_config_map(dns: Dns) -> Manifest:
    """The part of kubeadm's ConfigMap that is ours, to be taken over: kubeadm is the field's first owner."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata("coredns", "kube-system", annotations={"pulumi.com/patchForce": "true"}),
        "data": {"Corefile": corefile(dns)},
    }
