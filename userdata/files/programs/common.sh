# shellcheck shell=bash disable=SC2034 # the variables are for the programs that source this
# Sourced by every program: settings, paths, messages, waiting.
# Reads: GROUNDSWELL_ROOT, a folder that stands for / in tests; unset on a node.
umask 077
root=${GROUNDSWELL_ROOT-}
lib=$root/usr/local/lib/groundswell
state=$root/var/lib/groundswell
run=$root/run/groundswell
mkdir -p "$state/steps" "$run"

# shellcheck source=/dev/null
. "$root/etc/groundswell/node.env"
if [[ -e $run/identity.env ]]; then
  # shellcheck source=/dev/null
  . "$run/identity.env"
fi

say() { printf 'groundswell: %s\n' "$*"; }

# Ends the program; the line becomes the cause that the status shows.
die() {
  say "$*"
  printf '%s\n' "$*" >"$run/cause"
  exit 1
}

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

# Repeats a command, with growing and jittered pauses, until it succeeds or the time is up.
retry() { # SECONDS COMMAND...
  local deadline=$((SECONDS + $1)) pause=1
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep "$pause.$((RANDOM % 10))"
    pause=$((pause < 16 ? pause * 2 : 16))
  done
}
