#!/usr/bin/env bash
# Makes this slot a control plane: it resumes what its volume holds, initialises the cluster, or joins it.
# There is no election: only a slot that MAY_INITIALISE and holds the write-once claim runs `kubeadm init`.
# Reads: MAY_INITIALISE, API_NAME.
set -euo pipefail
# shellcheck source=slot.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/slot.sh"
: "${MAY_INITIALISE:?}" "${API_NAME:?}"

unpin() { sed -i '/ # groundswell$/d' "$root/etc/hosts"; }

initialise() {
  # An attempt that did not finish has published nothing, so nobody can have relied on its data; its keys are used again.
  clean_slate
  rm -rf "$root/var/lib/etcd/member"
  if [[ ! -s $pki/encryption.json ]]; then
    mkdir -p "$pki"
    head -c 32 /dev/urandom | base64 -w 0 |
      jq -R --slurpfile document "$root/etc/groundswell/apiserver/encryption.json" '. as $key
        | $document[0] | .resources[].providers[0].secretbox.keys[0].secret = $key' >"$pki/encryption.new"
    mv "$pki/encryption.new" "$pki/encryption.json"
  fi
  # No load balancer sends anything here before the API server is healthy: until then the name means this machine.
  unpin
  trap unpin EXIT
  printf '%s %s # groundswell\n' "$NODE_ADDRESS" "$API_NAME" >>"$root/etc/hosts"
  kubeadm init --config "$run/init.yaml" --skip-token-print
  make_member
}

registered_provider() { local_api get node "$NODE_NAME" --ignore-not-found --output 'jsonpath={.spec.providerID}'; }
is_registered() { [[ $(registered_provider) == "$provider_id" ]]; }

# The volume has come to a new machine: same etcd member, certificates and node name, but another instance.
resume() {
  local held
  if [[ -s $kubernetes/kubelet.conf && -s $kubelet/config.yaml ]]; then
    systemctl start kubelet.service
  else
    rm -f "$kubernetes/kubelet.conf" "$kubernetes/bootstrap-kubelet.conf"
    kubeadm init phase kubeconfig kubelet --config "$run/init.yaml"
    kubeadm init phase kubelet-start --config "$run/init.yaml"
  fi
  retry 900 local_api get --raw /readyz >/dev/null 2>&1 || die "the API server of this slot does not become ready"
  # A Node's provider id cannot be changed: the Node of the former instance goes, and the kubelet registers a new one.
  held=$(registered_provider) || die "the API server does not say what it knows of $NODE_NAME"
  if [[ $held != "$provider_id" ]]; then
    [[ -z $held ]] || local_api delete node "$NODE_NAME"
    systemctl restart kubelet.service
    retry 300 is_registered || die "node $NODE_NAME did not register as $provider_id"
    kubeadm init phase mark-control-plane --config "$run/init.yaml"
    kubeadm init phase kubelet-finalize enable-client-cert-rotation --config "$run/init.yaml"
  fi
}

kubeadm_config init
if [[ -e $data/member ]]; then
  resume
elif [[ $MAY_INITIALISE == yes ]] && holds_claim; then
  initialise
elif [[ -e $lib/join.sh ]]; then
  # shellcheck source=join.sh
  . "$lib/join.sh"
  join
else
  die "the cluster exists, but this volume of its only slot is empty: restore a snapshot"
fi
close_files
