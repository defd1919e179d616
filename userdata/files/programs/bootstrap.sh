#!/usr/bin/env bash
# Makes this machine a node: runs the steps in order, each until it has succeeded once, and reports where it stands.
# systemd starts it at every boot and again after a failure; a finished node has nothing left to do.
# Reads: STEPS, ROLE, PARAMETER_STATUS.
set -euo pipefail
# shellcheck source=aws.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/aws.sh"
: "${STEPS:?}" "${ROLE:?}" "${PARAMETER_STATUS:?}"

exec 9>"$run/lock"
flock --nonblock 9 || die "another bootstrap is at work"

# cloud-init lays the files down again at the next boot until this mark says that they are on the disk.
if [[ ! -e $state/durable ]]; then
  sync
  touch "$state/durable"
  sync
fi

# Bootstrap tokens and key material never leave the machine in a log line; of a SHA-256 the beginning is enough.
redacted() {
  sed -E 's/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/(token)/g; s/\b([0-9a-f]{12})[0-9a-f]{52}\b/\1.../g; s/[A-Za-z0-9+\/]{60,}={0,2}/(data)/g'
}

# A line for the journal and for the console, which AWS shows without a way into the machine.
tell() { say "$@" | tee -a "$root/dev/console" || true; }

# The status file and its parameter. A status that cannot be stored never stops the bootstrap.
# Parameter Store takes 4 KiB and refuses double braces: the oldest lines of the journal go until it fits.
store_status() { # PHASE STATE STARTED ENDED CAUSE
  { [[ $2 != failed ]] || tail -n 12 "$run/phase.log"; } | redacted | jq -Rnc --rawfile phases "$state/phases" \
    --arg node "$NODE_NAME" --arg instance "$INSTANCE_ID" --arg role "$ROLE" --arg phase "$1" --arg state "$2" --arg started "$3" \
    --arg ended "$4" --arg cause "$5" \
    '{$node, $instance, $role, $phase, $state, $started, $ended, cause: $cause[:300],
      phases: [$phases | scan("(\\S+) (\\d+)") | [.[0], (.[1] | tonumber)]], journal: [inputs[:200]]}
      | until((tojson | utf8bytelength) < 3800; .journal |= .[1:])' |
    sed 's/{{/{ {/g; s/{{/{ {/g' >"$state/status.json" &&
    SSM_TRIES=2 ssm_put "$PARAMETER_STATUS/$NODE_NAME" String '' overwrite <"$state/status.json"
}

report() { # PHASE STATE STARTED SECONDS [CAUSE]
  local ended=''
  [[ $2 == running ]] || ended=$(now)
  tell "phase=$1 state=$2 started=$3 ended=${ended:--} seconds=$4${5:+ cause=$5}"
  # A phase that is done is stored with the next one's beginning. Before the first steps there is neither a name to
  # report under nor jq to write the report with.
  if [[ ($1 == ready || $2 != 'done') && -n ${NODE_NAME-} ]] && command -v jq >/dev/null; then
    store_status "$1" "$2" "$3" "$ended" "${5-}" || say "the status could not be stored"
  fi
}

phase() { # NAME PROGRAM
  local started cause began=$SECONDS
  started=$(now)
  rm -f "$run/cause"
  report "$1" running "$started" 0
  if "$2" 2>&1 | tee "$run/phase.log"; then
    grep -q "^$1 " "$state/phases" || echo "$1 $((SECONDS - began))" >>"$state/phases"
    report "$1" 'done' "$started" $((SECONDS - began))
    return
  fi
  # Where no program of ours says the cause, kubeadm's lines about errors tell more than its last one.
  cause=$(cat "$run/cause" 2>/dev/null || grep -E '\[ERROR|^error' "$run/phase.log" | head -n 1 || true)
  cause=${cause:-$(tail -n 1 "$run/phase.log")}
  tail -n 12 "$run/phase.log" | redacted >>"$root/dev/console" || true
  report "$1" failed "$started" $((SECONDS - began)) "$(redacted <<<"$cause")"
  # Workers count their failures and ask for a replacement in the end; a control plane goes on trying.
  [[ ! -e $lib/give-up.sh ]] || "$lib/give-up.sh" | tee -a "$root/dev/console" || true
  exit 1
}

begun=$(now)
# Seconds of each phase's first success, for the status.
touch "$state/phases"
phase identity "$lib/identity.sh"
# shellcheck source=/dev/null
. "$run/identity.env"
for step in $STEPS; do
  [[ ! -e $state/steps/$step ]] || continue
  phase "$step" "$lib/steps/$step.sh"
  sync
  touch "$state/steps/$step"
  sync
done
rm -f "$state/failures"
report ready 'done' "$begun" "$SECONDS"
