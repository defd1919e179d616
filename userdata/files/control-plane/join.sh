# shellcheck shell=bash
# Sourced on control planes that are about to join the others; a cluster with one slot has no such file.
# Reads: PEERS, addresses of the other slots.
# shellcheck source=etcd.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/etcd.sh"

# Removes the etcd member that this slot had on a volume it no longer has, through a healthy peer and before the join
# adds a new one: etcd adds nobody while a member is missing. Never when too few would be left to agree on it.
remove_stale_member() {
  local peer healthy=() endpoints members voters id learner after
  kubeadm init phase certs etcd-healthcheck-client --config "$run/init.yaml"
  for peer in $PEERS; do
    if etcd_at "https://$peer:2379" --command-timeout 3s endpoint health >/dev/null 2>&1; then
      healthy+=("https://$peer:2379")
    fi
  done
  ((${#healthy[@]})) || die "no etcd of the other slots is healthy: $PEERS"
  endpoints=$(IFS=, && echo "${healthy[*]}")
  members=$(etcd_at "$endpoints" member list) || die "etcd's members could not be listed"
  # id, status, name, peer address, client address, is learner
  read -r id learner < <(
    awk -F', ' -v own="https://$NODE_ADDRESS:2380" '$4 == own { print $1, $6 }' <<<"$members"
  ) || return 0
  voters=$(grep -c ', false$' <<<"$members")
  after=$((voters - 1))
  if [[ $learner == false ]] && ((${#healthy[@]} < voters / 2 + 1 || ${#healthy[@]} < after / 2 + 1)); then
    die "only ${#healthy[@]} of $voters etcd members are healthy: removing the lost member $id breaks quorum"
  fi
  say "removing this slot's former etcd member $id"
  etcd_at "$endpoints" member remove "$id"
}

# Whether an earlier try got so far that this slot's etcd has a vote. From then on it counts for the quorum: to take it
# away and begin anew would leave a cluster of two without a majority.
is_voter() {
  local peer members
  [[ -d $root/var/lib/etcd/member && -s $kubernetes/manifests/etcd.yaml ]] || return 1
  fetch_shared
  kubeadm init phase certs etcd-healthcheck-client --config "$run/init.yaml"
  for peer in $PEERS; do
    # What the peer itself knows: while this slot's etcd is down there may be no majority to ask.
    if members=$(etcd_at "https://$peer:2379" member list --consistency s); then
      awk -F', ' -v own="https://$NODE_ADDRESS:2380" '$4 == own && $6 == "false" { found = 1 } END { exit !found }' \
        <<<"$members"
      return
    fi
  done
  die "no etcd of the other slots says whether this slot is a member already: $PEERS"
}

# A power cut can have left files of no length, which kubeadm would take as they are.
mend() {
  find "$kubernetes" -type f -empty -delete
  make_files
}

# As far as etcd: the rest is the same as for a member that comes back, and may be tried again without a loss.
# The shared keys are on the disk when kubeadm starts, so there is no certificate key and no window in which it is valid.
join() {
  wait_for_cluster
  clean_slate
  rm -rf "$pki"
  fetch_shared
  remove_stale_member
  rm -rf "$root/var/lib/etcd/member"
  trap forget_discovery EXIT
  write_discovery
  kubeadm_config join
  kubeadm join --config "$run/join.yaml" --skip-phases kubelet-wait-bootstrap,control-plane-join,wait-control-plane
}
