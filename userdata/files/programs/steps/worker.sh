#!/usr/bin/env bash
# Joins this machine as a worker. Every try reads the join parameter anew, so an expired token only costs a try.
# The role label node-role.kubernetes.io/worker is left out: NodeRestriction forbids a kubelet to set it on itself.
set -euo pipefail
# shellcheck source=kubeadm.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/kubeadm.sh"

# The kubelet writes kubelet.conf once the cluster has signed its certificate: a join that was cut later needs no other.
has_joined() {
  [[ -s $kubernetes/kubelet.conf && -s $kubelet/config.yaml && -s $kubelet/pki/kubelet-client-current.pem ]] &&
    systemctl start kubelet.service && retry 60 curl -sf http://127.0.0.1:10248/healthz >/dev/null
}

if ! has_joined; then
  trap forget_discovery EXIT
  wait_for_cluster
  clean_slate
  rm -f "$kubernetes/pki/ca.crt"
  write_discovery
  kubeadm_config join
  kubeadm join --config "$run/join.yaml"
fi
close_files
