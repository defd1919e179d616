#!/usr/bin/env bash
# Makes this slot a control plane: it resumes what its volume holds, initialises the cluster, or joins it.
# There is no election: only a slot that MAY_INITIALISE and holds the write-once claim runs `kubeadm init`.
# Reads: MAY_INITIALISE, API_NAME.
set -euo pipefail
# shellcheck source=resume.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/resume.sh"
: "${MAY_INITIALISE:?}" "${API_NAME:?}"

unpin() { sed -i '/ # groundswell$/d' "$root/etc/hosts"; }

initialise() {
  # An attempt that did not finish has published nothing, so nobody can have relied on its data or its keys; and what a
  # power cut has left of a key may be an empty file, which kubeadm neither takes nor replaces.
  clean_slate
  rm -rf "$root/var/lib/etcd/member" "$pki"
  mkdir -p "$pki"
  head -c 32 /dev/urandom | base64 -w 0 |
    jq -R --slurpfile document "$root/etc/groundswell/apiserver/encryption.json" '. as $key
      | $document[0] | .resources[].providers[0].secretbox.keys[0].secret = $key' >"$pki/encryption.json"
  # No load balancer sends anything here before the API server is healthy: until then the name means this machine.
  unpin
  trap unpin EXIT
  printf '%s %s # groundswell\n' "$NODE_ADDRESS" "$API_NAME" >>"$root/etc/hosts"
  kubeadm init --config "$run/init.yaml" --skip-token-print
  make_member
}

are_held() { compgen -G "$kubernetes/held/*.yaml" >/dev/null; }

# The volume's former machine may have been off when a restore was ordered, or lost in the middle of one. The timer that
# would see to it starts after this step, which needs the API server.
finish_restore() {
  "$lib/maintenance/restore.sh" hold
  if are_held; then
    start_kubelet
    "$lib/maintenance/restore.sh"
  fi
  ! are_held || die "a restore holds back the static pods in $kubernetes/held, and its order is not carried out yet"
}

# The manifests on the volume are the former machine's: what the program says of the static pods by now is in this one's
# documents.
renew_manifests() {
  kubeadm init phase control-plane all --config "$run/init.yaml"
  kubeadm init phase etcd local --config "$run/init.yaml"
}

kubeadm_config init
if [[ -e $data/member ]]; then
  finish_restore
  renew_manifests
  resume
  # Whoever joins makes its manifests from what the cluster holds.
  kubeadm init phase upload-config kubeadm --config "$run/init.yaml"
elif [[ $MAY_INITIALISE == yes ]] && holds_claim; then
  initialise
elif [[ -e $lib/join.sh ]]; then
  # shellcheck source=join.sh
  . "$lib/join.sh"
  if is_voter; then mend; else join; fi
  make_member
  resume
else
  die "the cluster exists, but this volume of its only slot is empty: restore a snapshot"
fi
close_files
