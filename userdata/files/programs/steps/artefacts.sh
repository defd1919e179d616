#!/usr/bin/env bash
# Downloads the pinned programs side by side, checks their SHA-256 and installs them. What is there is not fetched again.
# Reads: /etc/groundswell/artefacts, one per line: SHA-256, address, file|tar, target, members of the archive.
set -euo pipefail
# shellcheck source=common.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/common.sh"
table=$root/etc/groundswell/artefacts
cache=$state/artefacts
mkdir -p "$cache"

sum_of() { sha256sum "$1" 2>/dev/null | cut -d' ' -f1; }

fetch() { # SHA256 ADDRESS
  local part=$cache/$1.part
  [[ ! -e $cache/$1.installed && $(sum_of "$part") != "$1" ]] || return 0
  curl -sSfL --retry 5 --retry-connrefused --connect-timeout 10 -o "$part" "$2" || return
  [[ $(sum_of "$part") == "$1" ]] || { say "refused: SHA-256 of $2 is $(sum_of "$part"), not $1" && return 1; }
}

install_one() { # SHA256 KIND TARGET MEMBERS...
  local sum=$1 part=$cache/$1.part kind=$2 target=$root$3
  shift 3
  if [[ $kind == file ]]; then
    mkdir -p "${target%/*}"
    install -m 0755 "$part" "$target.new"
    mv -f "$target.new" "$target"
  else
    mkdir -p "$target"
    tar -xzf "$part" --no-same-owner --no-same-permissions -C "$target" "$@"
  fi
  sync
  touch "$cache/$sum.installed"
  rm -f "$part"
}

declare -A downloads
while read -r sum address _; do
  fetch "$sum" "$address" &
  downloads[$address]=$!
done <"$table"
failed=''
for address in "${!downloads[@]}"; do
  wait "${downloads[$address]}" || failed+=" ${address##*/}"
done
[[ -z $failed ]] || die "not obtained:$failed; the lines above say why"

umask 022
while read -r sum _ kind target members; do
  # shellcheck disable=SC2086 # the members are words on purpose
  [[ -e $cache/$sum.installed ]] || install_one "$sum" "$kind" "$target" $members
done <"$table"
