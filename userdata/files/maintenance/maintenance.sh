# shellcheck shell=bash disable=SC2034 # the variables are for the programs that source this
# Sourced by the maintenance programs: who they are, this slot's etcd, and how they keep out of each other's way.
# Reads: PEERS, SLOT; ETCD_QUOTA, PARAMETER_MAINTENANCE, PARAMETER_RESTORE, PARAMETER_RESTORED of the bundle.
# shellcheck source=etcd.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/etcd.sh"
# shellcheck source=/dev/null
. "$root/etc/groundswell/maintenance.env"
: "${SLOT:?}" "${ETCD_QUOTA:?}" "${PARAMETER_MAINTENANCE:?}" "${PARAMETER_RESTORE:?}" "${PARAMETER_RESTORED:?}"
tasks=$lib/maintenance
own=https://$NODE_ADDRESS:2379
all=$own
for peer in ${PEERS-}; do all+=,https://$peer:2379; done

# A transfer that stands still is given up; one that is only large is not.
steady=(--connect-timeout 5 --speed-limit 1000 --speed-time 60)

# What the programs remember between their runs: it lies on the slot's volume and moves to the next machine.
memory=$data/maintenance
mkdir -p "$memory"

# One program at a time on this machine. The kernel lets go of the lock whatever becomes of the program.
alone() { # SECONDS_TO_WAIT
  [[ -z ${GROUNDSWELL_LOCKED-} ]] || return 0 # started by the program that holds both locks
  exec 8>"$run/maintenance.lock"
  flock --wait "$1" 8 || die "another maintenance program is at work on this machine for more than $1 s"
}

# SHA-256 of the cluster authority's public key, as published with the cluster: two clusters never share it.
ca_sum() {
  openssl x509 -in "$pki/ca.crt" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1
}

# What etcd keeps under the key groundswell/cluster, so that a snapshot shows whose it is.
mark() { printf 'groundswell-cluster:%s:%s' "$CLUSTER_NAME" "$(ca_sum)"; }

# Runs a program while no other slot does the like: an etcd lock, so it needs a majority and no API server, and a
# machine that dies lets go of it after a minute.
on_one_slot_only() { # COMMAND...
  GROUNDSWELL_LOCKED=yes etcd_at "$all" lock --ttl 60 groundswell/maintenance "$@"
}

# Whether an etcd runs there at all: its client takes seconds to find out that none does.
listens() { timeout 2 bash -c "</dev/tcp/$1/2379" 2>/dev/null; } # ADDRESS

# Like `retry`, every half second: for what takes seconds.
soon() { # SECONDS COMMAND...
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.5
  done
}

# A read that a majority has agreed to. `endpoint health` says no as well when etcd is only full.
answers() { etcd_at "$1" get groundswell/cluster >/dev/null 2>&1; } # ENDPOINT
own_etcd_answers() { listens "$NODE_ADDRESS" && answers "$own"; }
api_is_ready() { local_api get --raw /readyz >/dev/null 2>&1; }
everyone_is_healthy() { etcd_at "$all" endpoint health >/dev/null 2>&1; }

# State of the members that answer, as JSON: [{endpoint, member, leader, learner, bytes, in_use, index, applied,
# revision, cluster}]. Numbers beyond 2^53 stay text, because jq would round them.
members_state() {
  local address living='' answer=''
  for address in "$NODE_ADDRESS" ${PEERS-}; do
    if listens "$address"; then living+=,https://$address:2379; fi
  done
  [[ -z $living ]] || answer=$(etcd_at "${living#,}" endpoint status --write-out json 2>/dev/null) || true
  sed -E 's/"(cluster_id|member_id|leader)":([0-9]+)/"\1":"\2"/g' <<<"${answer:-[]}" | jq -c '[.[] | .Status as $s | {
    endpoint: .Endpoint, member: $s.header.member_id, cluster: $s.header.cluster_id, leader: ($s.leader // "0"),
    learner: ($s.isLearner // false), bytes: $s.dbSize, in_use: $s.dbSizeInUse, index: $s.raftIndex,
    applied: $s.raftAppliedIndex, revision: $s.header.revision}]'
}

# Makes the data of a cluster of this one member from the snapshot in a folder. A token of its own gives that cluster an
# id which no former member accepts. Its revision lies above everything that the API server's clients can have seen, and
# what lies below is marked as compacted, so that all of them list anew.
restore_files() { # FOLDER TOKEN
  etcdutl snapshot restore "$1/snapshot.db" --data-dir "$1/etcd" --name "$NODE_NAME" \
    --initial-cluster "$NODE_NAME=https://$NODE_ADDRESS:2380" --initial-advertise-peer-urls "https://$NODE_ADDRESS:2380" \
    --initial-cluster-token "groundswell-$2" --bump-revision 1000000000 --mark-compacted >"$1/log" 2>&1 && sync
}

# What a program found bad stays in a file of its own; the metrics carry it on to the operators.
alert() { # TASK TEXT
  say "ALERT $1: $2"
  printf '%s\n' "$2" >"$memory/$1.alert"
}
no_alert() { rm -f "$memory/$1.alert"; } # TASK

done_now() { date +%s >"$memory/$1.done"; } # TASK
