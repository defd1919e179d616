# shellcheck shell=bash
# Sourced on control planes: etcd's client. A cluster with one slot needs it for its upkeep only.
# shellcheck source=slot.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/slot.sh"

# With the certificate that kubeadm makes for health checks.
etcd_at() { # ENDPOINTS COMMAND...
  local endpoints=$1
  shift
  etcdctl --endpoints "$endpoints" --cacert "$pki/etcd/ca.crt" --cert "$pki/etcd/healthcheck-client.crt" \
    --key "$pki/etcd/healthcheck-client.key" --command-timeout 10s "$@"
}
