# shellcheck shell=bash
# Sourced: stops and starts this slot's static pods, whose manifests it keeps beside the folder that the kubelet reads.
# The manifests lie on the slot's volume, so an interrupted run finds them where it left them.
# shellcheck source=maintenance.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/maintenance/maintenance.sh"
held=$kubernetes/held
pods=(etcd kube-apiserver kube-controller-manager kube-scheduler)

hold_manifests() {
  local pod
  mkdir -p "$held"
  for pod in "${pods[@]}"; do
    [[ ! -e $kubernetes/manifests/$pod.yaml ]] || mv "$kubernetes/manifests/$pod.yaml" "$held/"
  done
  sync
}

release_pod() { # NAME
  [[ ! -e $held/$1.yaml ]] || mv "$held/$1.yaml" "$kubernetes/manifests/"
}

release_all() {
  local pod
  for pod in "${pods[@]}"; do release_pod "$pod"; done
}

running_pods() {
  crictl --timeout 30s ps --quiet --name '^(etcd|kube-apiserver|kube-controller-manager|kube-scheduler)$'
}
pods_are_gone() {
  local ids
  ids=$(running_pods) && [[ -z $ids ]]
}

hold_pods() {
  hold_manifests
  if ! soon 90 pods_are_gone; then
    # No kubelet is at work that would stop them.
    running_pods | while read -r id; do crictl --timeout 90s stop --timeout 30 "$id" >/dev/null; done
    soon 60 pods_are_gone || die "the static pods of slot $SLOT do not end"
  fi
}
