#!/usr/bin/env bash
# Carries out an operator's order to restore etcd. One slot takes the snapshot: it checks it before anything is touched,
# waits until no other member runs, and starts etcd anew from it. The others stop, and join it one after the other.
# Former data is moved aside and never deleted. Safe to run at any time: it goes on where it was cut off.
# Usage: restore.sh, every minute; restore.sh hold, before the kubelet starts.
# Reads: PARAMETER_BACKUP, PARAMETER_RESTORE, PARAMETER_RESTORED, PEERS, PEER_SECONDS (optional).
set -euo pipefail
# shellcheck source=pods.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/maintenance/pods.sh"
# shellcheck source=resume.sh
. "$lib/resume.sh"
# A cluster with one slot has nobody to join.
# shellcheck source=join.sh
[[ ! -e $lib/join.sh ]] || . "$lib/join.sh"
: "${PARAMETER_BACKUP:?}"
mode=${1-}
[[ $mode == hold ]] || alone 1800

code=0
order=$(SSM_TRIES=2 ssm_get "$PARAMETER_RESTORE") || code=$?
((code != 3)) || exit 0
((code == 0)) || die "$PARAMETER_RESTORE could not be read"
{ read -r id && read -r target && read -r snapshot && read -r ordered && read -r cancelled; } < <(
  jq -r '.id, .slot, .snapshot, .ordered, (.cancelled // false)' <<<"$order"
)
[[ $id =~ ^[0-9a-z-]+$ && $ordered =~ ^[0-9]+$ ]] || die "$PARAMETER_RESTORE holds no order: ${order:0:200}"
work=$memory/restore-$id
aside=$data/aside/$id
etcd=$data/etcd

# An order is for the members that there were when it was given; who has joined since has nothing to do.
[[ $(cat "$memory/restored" 2>/dev/null) != "$id" ]] || exit 0
if [[ ! -d $work ]]; then
  [[ -e $data/member ]] && (($(date -r "$data/member" +%s) < ordered)) || exit 0
fi

phase=start
report() { # STATE [CAUSE]
  jq -nc --arg id "$id" --arg slot "$SLOT" --arg state "$1" --arg phase "$phase" --arg cause "${2-}" --arg at "$(now)" \
    --argjson seconds "$SECONDS" '{$id, $slot, $state, $phase, cause: $cause[:500], $at, $seconds}' |
    ssm_put "$PARAMETER_RESTORED/$SLOT" String '' overwrite || say "the state of the restore could not be stored"
}

finished() { # STATE [CAUSE]
  printf '%s\n' "$id" >"$memory/restored.new"
  mv "$memory/restored.new" "$memory/restored"
  rm -rf "$work"
  report "$@"
}

# State and phase of the slot that takes the snapshot.
target_stands() {
  ssm_get "$PARAMETER_RESTORED/$target" 2>/dev/null | jq -r --arg id "$id" 'select(.id == $id) | "\(.state) \(.phase)"' ||
    true
}

set_aside() { # PATH...
  local path
  mkdir -p "$aside"
  for path in "$@"; do
    [[ ! -e $path || -e $aside/${path##*/} ]] || mv "$path" "$aside/"
  done
}

obtain() {
  local url code
  if [[ $snapshot == own ]]; then
    etcd_at "$own" --command-timeout 10m snapshot save "$work/snapshot.db" >/dev/null 2>&1 ||
      die "etcd of slot $SLOT gives no snapshot of itself"
    return
  fi
  url=$(ssm_get "$PARAMETER_BACKUP" | jq -er .url) || die "$PARAMETER_BACKUP could not be read"
  code=$(s3 "$url/$snapshot" UNSIGNED-PAYLOAD "${steady[@]}" -o "$work/snapshot.db") || code=none
  [[ $code == 200 ]] || die "$snapshot could not be read: HTTP status $code"
}

# Everything that can fail without harm, before anything is stopped.
prepare() {
  local facts whose
  phase=check
  rm -rf "$work"
  mkdir -p "$work"
  report running
  obtain
  whose=$(mark)
  [[ $snapshot != own ]] || whose=-
  if ! facts=$("$tasks/check-snapshot.sh" "$work/snapshot.db" "$whose" 2>&1); then
    facts=${facts/snapshot.db/"$snapshot"}
    finished refused "$facts"
    die "$facts"
  fi
  (($(df --output=avail --block-size=1 "$work" | tail -n 1) > $(wc -c <"$work/snapshot.db") + (64 << 20))) ||
    die "the volume of slot $SLOT has no room for a second etcd"
  restore_files "$work" "$id" || die "etcdutl does not restore $snapshot: $(tail -n 1 "$work/log")"
  touch "$work/ready"
  say "$snapshot is whole and ours: $facts"
}

no_peer_runs() {
  local peer
  for peer in ${PEERS-}; do
    ! listens "$peer" || return 1
  done
}

restore() {
  [[ -e $work/ready ]] || prepare
  phase='wait'
  report ready
  soon "${PEER_SECONDS:-900}" no_peer_runs || die "another etcd member still runs: stop its machine"
  if [[ -d $work/etcd/member ]]; then
    phase=stop
    report running
    hold_pods
    set_aside "$etcd/member"
    mv "$work/etcd/member" "$etcd/member"
    sync
  fi
  phase=etcd
  release_pod etcd
  soon 300 own_etcd_answers || die "the restored etcd does not answer; the former data is in $aside"
  if [[ $snapshot != own && $(etcd_at "$own" get --print-value-only groundswell/cluster) != "$(mark)" ]]; then
    die "the restored etcd is not this cluster's; the former data is in $aside"
  fi
  # The addresses of API servers that may be gone (kubernetes/kubernetes#86812).
  etcd_at "$own" del --prefix /registry/masterleases/ >/dev/null
  phase=api
  report running
  release_all
  soon 600 api_is_ready || die "the API server does not become ready on the restored etcd"
  "$lib/mint-token.sh" 99
  phase='done'
  finished 'done'
  say "etcd is restored from $snapshot; the former data is in $aside"
}

# Another slot holds the restored etcd: this one starts afresh and joins it, without the right to begin a cluster.
rejoin() {
  phase='join'
  report running
  mkdir -p "$work"
  kubeadm_config init
  [[ -e $work/joined ]] || begin_anew
  resume
  close_files
  phase='done'
  finished 'done'
}

begin_anew() {
  systemctl stop kubelet.service
  # kubeadm refuses to join under the name of a Node that looks Ready. After a cut the file may be gone, and the Node too.
  KUBECACHEDIR=$run/kubectl kubectl --kubeconfig "$kubernetes/admin.conf" delete node "$NODE_NAME" --ignore-not-found ||
    say "node $NODE_NAME could not be deleted"
  rm -f "$data/member"
  set_aside "$data/claim" "$held" "$etcd/member"
  join
  # From here on this slot has a vote again, which no further try may take away.
  make_member
  touch "$work/joined"
  sync
}

ended() {
  local status=$?
  ((status == 0)) || [[ $(cat "$memory/restored" 2>/dev/null) == "$id" || $mode == hold ]] ||
    report failed "$(cat "$run/cause" 2>/dev/null || echo "the journal of groundswell-restore says why")"
}
rm -f "$run/cause"
trap ended EXIT

if [[ $cancelled == true ]]; then
  if [[ -e $work/ready && ! -d $work/etcd/member ]]; then
    die "the restored etcd is in place already: the order cannot be taken back"
  fi
  release_all
  finished cancelled
elif [[ -e $work/joined ]]; then
  [[ $mode == hold ]] || rejoin
elif [[ $SLOT == "$target" ]]; then
  [[ $mode == hold ]] || restore
else
  case $(target_stands) in
    *' check' | *' start' | '') ;; # nothing has been touched
    done* | ready* | running* | failed*)
      hold_manifests
      ;;&
    done*)
      if [[ $mode != hold ]]; then
        hold_pods
        if [[ -n ${GROUNDSWELL_LOCKED-} ]]; then rejoin; else on_one_slot_only "$tasks/restore.sh"; fi
      fi
      ;;
    ready* | running* | failed*)
      if [[ $mode != hold ]]; then
        hold_pods
        report held
      fi
      ;;
  esac
fi
