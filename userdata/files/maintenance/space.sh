#!/usr/bin/env bash
# Makes an etcd that has run into its quota take writes again: compacts the history, defragments every member, and takes
# the alarm back when there is room. The leader's slot does it, because a full etcd gives no lock; the others look on.
# Reads: ETCD_QUOTA.
set -euo pipefail
# shellcheck source=maintenance.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/maintenance/maintenance.sh"
alone 600

alarms=$(etcd_at "$own" alarm list) || die "etcd of slot $SLOT does not list its alarms"
if [[ $alarms != *NOSPACE* ]]; then
  no_alert space
  exit 0
fi
state_now=$(members_state)
leads=$(jq -r --arg own "$own" '.[] | select(.endpoint == $own) | .member == .leader' <<<"$state_now")
if [[ $leads != true ]]; then
  say "etcd is full; the leader's slot makes room"
  exit 0
fi

alert space "etcd is full: it has reached its quota of $ETCD_QUOTA bytes"
revision=$(jq -r --arg own "$own" '.[] | select(.endpoint == $own) | .revision' <<<"$state_now")
answer=$(etcd_at "$own" --command-timeout 5m compact --physical "$revision" 2>&1) ||
  [[ $answer == *"has been compacted"* ]] || die "etcd does not compact its history: $answer"
for endpoint in $(jq -r 'sort_by(.member == .leader, .endpoint)[].endpoint' <<<"$state_now"); do
  etcd_at "$endpoint" --command-timeout 5m defrag
  soon 60 answers "$endpoint" || die "$endpoint does not answer after its defragmentation"
done

largest=$(members_state | jq 'map(.bytes) | max')
# With less than a tenth free the alarm would come back at once.
((largest * 10 < ETCD_QUOTA * 9)) || die "etcd is full of live data: $largest of $ETCD_QUOTA bytes after the compaction"
etcd_at "$own" alarm disarm >/dev/null
no_alert space
done_now space
say "etcd takes writes again: $largest of $ETCD_QUOTA bytes are in use"
