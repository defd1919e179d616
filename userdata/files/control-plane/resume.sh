# shellcheck shell=bash
# Sourced on control planes: from an etcd member on the volume to a control plane that is registered and ready.
# Reads: READY_SECONDS (optional), how long to wait for the API server of this slot.
# shellcheck source=slot.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/slot.sh"

registered_provider() { local_api get node "$NODE_NAME" --ignore-not-found --output 'jsonpath={.spec.providerID}'; }
is_registered() { [[ $(registered_provider) == "$provider_id" ]]; }

start_kubelet() {
  if [[ -s $kubernetes/kubelet.conf && -s $kubelet/config.yaml ]]; then
    systemctl start kubelet.service
  else
    rm -f "$kubernetes/kubelet.conf" "$kubernetes/bootstrap-kubelet.conf"
    kubeadm init phase kubeconfig kubelet --config "$run/init.yaml"
    kubeadm init phase kubelet-start --config "$run/init.yaml"
  fi
}

# The volume holds a member: a join goes on from here, and a new machine that the volume has come to. There it is the same
# etcd member, with its certificates and node name, but another instance.
resume() {
  local held
  start_kubelet
  retry "${READY_SECONDS:-900}" local_api get --raw /readyz >/dev/null 2>&1 ||
    die "the API server of this slot does not become ready"
  # A Node's provider id cannot be changed: the Node of the former instance goes, and the kubelet registers a new one.
  held=$(registered_provider) || die "the API server does not say what it knows of $NODE_NAME"
  if [[ $held != "$provider_id" ]]; then
    [[ -z $held ]] || local_api delete node "$NODE_NAME"
    systemctl restart kubelet.service
  fi
  retry 300 is_registered || die "node $NODE_NAME did not register as $provider_id"
  kubeadm init phase mark-control-plane --config "$run/init.yaml"
  kubeadm init phase kubelet-finalize enable-client-cert-rotation --config "$run/init.yaml"
}
