#!/usr/bin/env bash
# Downloads the pinned files side by side, checks their SHA-256 and installs the programs among them. What is there is
# not fetched again, and a download that was cut goes on where it ended.
# Reads: /etc/groundswell/artefacts, one per line: SHA-256, address, file|tar|image, target, members of the archive;
# with addresses in S3: S3_ENDPOINT.
set -euo pipefail
# shellcheck source=aws.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/aws.sh"
table=$root/etc/groundswell/artefacts
cache=$state/artefacts
mkdir -p "$cache"

sum_of() { sha256sum "$1" 2>/dev/null | cut -d' ' -f1; }

# curl's configuration for one address. An object in S3 is read with the machine's role, which curl gets from here.
curl_config() { # ADDRESS
  if [[ $1 == s3://* ]]; then
    printf '%s\nurl = "%s/%s"\naws-sigv4 = "aws:amz:%s:s3"\n' "$login" "${S3_ENDPOINT:?}" "${1#s3://}" "$REGION"
    # The sum of an empty body, which S3 insists on and older versions of curl do not send.
    printf 'header = "x-amz-content-sha256: %s"\n' "$(sha256sum </dev/null | cut -d' ' -f1)"
  else
    printf 'url = "%s"\nlocation\n' "$1"
  fi
}

fetch() { # SHA256 ADDRESS
  local part=$cache/$1.part began=$SECONDS try status sum
  [[ ! -e $cache/$1.installed && $(sum_of "$part") != "$1" ]] || return 0
  for try in 1 2 3 4 5; do
    ((try == 1)) || sleep "$((2 ** try)).$((RANDOM % 10))"
    status=$(curl_config "$2" | curl -sSf -K - -C - -o "$part" --connect-timeout 10 --speed-limit 1000 --speed-time 60 \
      -w '%{exitcode}, HTTP %{response_code}') || true
    case $status in
      # What is here has no continuation there: begin anew.
      33,* | *416) rm -f "$part" ;;
      0,*)
        sum=$(sum_of "$part")
        [[ $sum != "$1" ]] || { say "${2##*/}: $(wc -c <"$part") bytes in $((SECONDS - began)) s" && return; }
        say "refused: SHA-256 of $2 is $sum, not $1"
        rm -f "$part"
        return 1
        ;;
      *40[1-7]) break ;;
    esac
  done
  say "$2: curl ended with $status after $try tries"
  return 1
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

login=''
if grep -q ' s3://' "$table"; then
  login=$(credentials_config) || die "this machine's role gives no credentials"
fi
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
  [[ $kind == image || -e $cache/$sum.installed ]] || install_one "$sum" "$kind" "$target" $members
done <"$table"
