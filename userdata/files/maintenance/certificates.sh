#!/usr/bin/env bash
# Renews kubeadm's certificates and kubeconfigs when one of them has fewer than ninety days left, and restarts the static
# pods so that they read them: one slot at a time, one pod after the other. Below thirty days it raises an alert.
# Safe on every slot and at any time; a restart that was cut off is made up for at the next run.
set -euo pipefail
# shellcheck source=expiry.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/maintenance/expiry.sh"
alone 3600
pending=$memory/restart-pending

container() { crictl --timeout 30s ps --quiet --name "^$1\$"; } # NAME

is_another() { # NAME FORMER_ID
  local id
  id=$(container "$1") && [[ -n $id && $id != "$2" ]]
}

# The kubelet starts a static pod's container again when it has ended.
restart() { # NAME COMMAND_THAT_SUCCEEDS_WHEN_IT_IS_READY...
  local name=$1 former
  shift
  former=$(container "$name") || die "containerd does not say what runs"
  [[ -z $former ]] || crictl --timeout 90s stop --timeout 30 "$former" >/dev/null
  soon 600 is_another "$name" "$former" || die "$name did not come back after its restart"
  soon 600 "$@" || die "$name is not ready after its restart"
}

renew() {
  touch "$pending"
  sync
  kubeadm_config init
  kubeadm certs renew all --config "$run/init.yaml"
  restart etcd own_etcd_answers
  restart kube-apiserver api_is_ready
  restart kube-controller-manager true
  restart kube-scheduler true
  rm -f "$pending"
  say "renewed the certificates: the first one ends in $(soonest leaf) days"
}

days=$(soonest leaf)
[[ -n $days ]] || die "there are no certificates below $pki"
if ((days < renew_below)) || [[ -e $pending ]]; then
  if [[ -n ${GROUNDSWELL_LOCKED-} ]]; then
    renew
    exit 0
  fi
  say "a certificate ends in $days days"
  # With certificates that have ended no member trusts another: there is no lock to be had and nothing to disturb.
  if ((days < 0)) && ! own_etcd_answers; then
    renew
  else
    on_one_slot_only "$tasks/certificates.sh" || say "the renewal failed: the lines above say why"
  fi
fi

days=$(soonest any)
if ((days < alert_below)); then
  die "ALERT: a certificate of slot $SLOT ends in $days days"
fi
done_now certificates
