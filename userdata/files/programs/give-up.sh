#!/usr/bin/env bash
# Counts a worker's failed tries. After the last one its Auto Scaling group is told to replace the machine, because
# one that never joins passes every check of the group itself.
# Reads: GIVE_UP_AFTER, AUTOSCALING_ENDPOINT.
set -euo pipefail
# shellcheck source=aws.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/aws.sh"
: "${GIVE_UP_AFTER:?}" "${AUTOSCALING_ENDPOINT:?}" "${INSTANCE_ID:?}"

failures=$(($(cat "$state/failures" 2>/dev/null || echo 0) + 1))
echo "$failures" >"$state/failures"
((failures >= GIVE_UP_AFTER)) || exit 0

say "failed $failures times: asking for a replacement"
request='Action=SetInstanceHealth&Version=2011-01-01&HealthStatus=Unhealthy&ShouldRespectGracePeriod=false'
answer=$(printf 'data-raw = "%s&InstanceId=%s"\n' "$request" "$INSTANCE_ID" | signed_post autoscaling "$AUTOSCALING_ENDPOINT")
[[ $answer == *$'\n'200 ]] || say "the Auto Scaling group refuses: ${answer:0:300}"
