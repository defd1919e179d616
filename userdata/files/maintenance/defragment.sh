#!/usr/bin/env bash
# Gives back the space that etcd's members hold and do not use: one member at a time, the leader last, and only when all
# are healthy and it is worth the pause. Safe on every slot: after the first nothing is left that is worth it.
# Reads: DEFRAGMENT_BYTES (optional), the least that must be won.
set -euo pipefail
# shellcheck source=maintenance.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/maintenance/maintenance.sh"
alone 600

# At least 64 MiB and a third of the file: a member answers nobody while it rewrites itself.
# shellcheck disable=SC2016 # jq's variables
worthwhile='(.bytes - .in_use) as $free | $free >= $least and $free * 3 >= .bytes'

if ! everyone_is_healthy; then
  say "not every etcd member is healthy: nothing is defragmented"
  exit 0
fi
# Followers before the leader.
order=$(members_state | jq -r --argjson least "${DEFRAGMENT_BYTES:-67108864}" \
  "map(select($worthwhile)) | sort_by(.member == .leader, .endpoint)[].endpoint")
if [[ -n $order && -z ${GROUNDSWELL_LOCKED-} ]]; then
  on_one_slot_only "$tasks/defragment.sh"
  exit
fi
for endpoint in $order; do
  etcd_at "$endpoint" --command-timeout 5m defrag
  soon 60 everyone_is_healthy || die "etcd is not healthy after the defragmentation of $endpoint"
  say "defragmented $endpoint"
done
done_now defragment
