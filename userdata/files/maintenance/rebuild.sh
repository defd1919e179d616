#!/usr/bin/env bash
# Begins the cluster again on an empty volume, from the shared keys in Parameter Store and a snapshot: for the day on
# which its last etcd member is lost. An operator runs it on the slot that has the right to begin; the others join.
# Usage: rebuild.sh KEY_OF_A_SNAPSHOT
# Reads: PARAMETER_BACKUP, PEERS.
set -euo pipefail
# shellcheck source=maintenance.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/maintenance/maintenance.sh"
snapshot=${1:?name the key of a snapshot}
alone 60
work=$memory/rebuild

[[ ! -e $data/member && ! -d $data/etcd/member ]] || die "this volume holds an etcd member: order a restore instead"
for peer in ${PEERS-}; do
  ! listens "$peer" || die "etcd answers at $peer: the cluster is there, and this slot joins it by itself"
done

# shellcheck disable=SC2034 # aws.sh reads it
credentials=$(credentials_config) || die "this machine's role gives no credentials"
fetch_shared

rm -rf "$work"
mkdir -p "$work"
url=$(ssm_get "${PARAMETER_BACKUP:?}" | jq -er .url) || die "$PARAMETER_BACKUP could not be read"
code=$(s3 "$url/$snapshot" UNSIGNED-PAYLOAD "${steady[@]}" -o "$work/snapshot.db") || code=none
[[ $code == 200 ]] || die "$snapshot could not be read: HTTP status $code"
facts=$("$tasks/check-snapshot.sh" "$work/snapshot.db" "$(mark)" 2>&1) || die "${facts/snapshot.db/"$snapshot"}"
restore_files "$work" "rebuild-$(date +%s)" || die "etcdutl does not restore $snapshot: $(tail -n 1 "$work/log")"

kubeadm_config init
systemctl stop kubelet.service
make_files
kubeadm init phase etcd local --config "$run/init.yaml"
mv "$work/etcd/member" "$data/etcd/member"
rm -rf "$work"
make_member
say "etcd is rebuilt from $snapshot: $facts; the bootstrap goes on with it"
systemctl restart --no-block groundswell-bootstrap.service
