#!/usr/bin/env bash
# Writes what an operator has to watch, for node-exporter's textfile collector and into this slot's parameter:
# certificates, the age of the newest snapshot, etcd's size and lag, alerts. Needs neither the API server nor etcd.
# Reads: ETCD_QUOTA, PARAMETER_MAINTENANCE, SLOT.
set -euo pipefail
# shellcheck source=expiry.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/maintenance/expiry.sh"
textfiles=$root/var/lib/node_exporter/textfile_collector
mkdir -p "$textfiles"
chmod 0755 "$root/var/lib/node_exporter" "$textfiles"

# Minutes without a new snapshot after which somebody has to look: two were missed.
late=45

certificates | jq -Rn '[inputs | split(" ") | {key: .[2], value: (.[1] | tonumber)}] | from_entries' >"$run/certificates.json"
snapshot=$(cat "$memory/snapshot.json" 2>/dev/null || echo null)
members=$(members_state)

age=$(($(date +%s) - $(jq '.at // 0' <<<"$snapshot")))
if ((age > late * 60)); then
  missed="the newest snapshot that slot $SLOT knows of is $((age / 60)) minutes old"
  [[ $snapshot != null ]] || missed="slot $SLOT knows of no snapshot"
fi
days=$(soonest any)
if [[ -n $days ]] && ((days < alert_below)); then
  ending="a certificate of slot $SLOT ends in $days days"
fi

alerts=$({
  printf '%s\n' "${missed-}" "${ending-}"
  cat "$memory"/*.alert 2>/dev/null || true
} | jq -Rnc '[inputs | select(. != "")] | unique')

jq -nc --arg slot "$SLOT" --arg node "$NODE_NAME" --arg at "$(now)" --arg own "$own" --argjson quota "$ETCD_QUOTA" \
  --argjson snapshot "$snapshot" --argjson alerts "$alerts" --argjson members "$members" \
  --argjson expected "$(wc -w <<<"own ${PEERS-}")" --slurpfile certificates "$run/certificates.json" '
  ([$members[] | select(.endpoint == $own)][0]) as $self | {
    $slot, $node, $at, certificates: $certificates[0], $snapshot, $alerts,
    etcd: {
      members: ($members | length), $expected, quota: $quota, leader: ($self != null and $self.leader != "0"),
      bytes: ($self.bytes // 0), in_use: ($self.in_use // 0),
      lag: (if $self then ([$members[].index] | max) - $self.applied else null end)
    }
  }' >"$run/maintenance.json"

jq -r '
  def gauge($name; $help): "# HELP groundswell_\($name) \($help)", "# TYPE groundswell_\($name) gauge";
  gauge("certificate_end_seconds"; "End of a certificate, seconds since 1970."),
  (.certificates | to_entries[] | "groundswell_certificate_end_seconds{file=\"\(.key)\"} \(.value)"),
  gauge("etcd_snapshot_seconds"; "Interval of the newest snapshot in the bucket, seconds since 1970; 0: none known."),
  "groundswell_etcd_snapshot_seconds \(.snapshot.at // 0)",
  gauge("etcd_bytes"; "Size of this member."), "groundswell_etcd_bytes \(.etcd.bytes)",
  gauge("etcd_in_use_bytes"; "Part of it that holds data."), "groundswell_etcd_in_use_bytes \(.etcd.in_use)",
  gauge("etcd_quota_bytes"; "Size at which etcd stops taking writes."), "groundswell_etcd_quota_bytes \(.etcd.quota)",
  gauge("etcd_members"; "Members that answer."), "groundswell_etcd_members \(.etcd.members)",
  gauge("etcd_members_planned"; "Members of the plan."), "groundswell_etcd_members_planned \(.etcd.expected)",
  gauge("etcd_lag_entries"; "Entries of the log that this member has not applied; NaN: it does not answer."),
  "groundswell_etcd_lag_entries \(.etcd.lag // "NaN")",
  gauge("alerts"; "Alerts of this slot."), "groundswell_alerts \(.alerts | length)"' \
  "$run/maintenance.json" >"$textfiles/groundswell.new"
chmod 0644 "$textfiles/groundswell.new"
mv "$textfiles/groundswell.new" "$textfiles/groundswell.prom"

SSM_TRIES=2 ssm_put "$PARAMETER_MAINTENANCE/$SLOT" String '' overwrite <"$run/maintenance.json" ||
  die "$PARAMETER_MAINTENANCE/$SLOT could not be written"
