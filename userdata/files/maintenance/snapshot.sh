#!/usr/bin/env bash
# Saves etcd to the backup bucket, once per quarter of an hour and cluster. Safe on every slot: the first one there
# uploads, the others find its object and leave it alone; S3 refuses a second object under the same key, so even two
# slots at once leave one. The first snapshot of an hour and of a day is kept longer, under a prefix of its own.
# Reads: PARAMETER_BACKUP, CLUSTER_NAME, SLOT.
set -euo pipefail
# shellcheck source=maintenance.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/maintenance/maintenance.sh"
: "${PARAMETER_BACKUP:?}" "${CLUSTER_NAME:?}"
alone 600

# S3 takes no more in one request.
limit=$((5 * 1024 ** 3))

at=$(($(date +%s) / 900 * 900))
key() { date -u -d "@$at" "+snapshots/$1.db"; } # PREFIX_AND_DATE_FORMAT
recent=$(key recent/%Y-%m-%dT%H-%MZ)
work=$memory/snapshot
file=$work/snapshot.db
rm -rf "$work"
mkdir "$work"
trap 'rm -rf "$work"' EXIT

fail() {
  alert snapshot "$*"
  die "$*"
}

url=$(ssm_get "$PARAMETER_BACKUP" | jq -er .url) || fail "$PARAMETER_BACKUP could not be read"
# shellcheck disable=SC2034 # aws.sh reads it
credentials=$(credentials_config) || fail "this machine's role gives no credentials"

# A role that may not list is told 403 of what is not there.
is_there() { [[ $(s3 "$url/$1" UNSIGNED-PAYLOAD "${steady[@]}" -I -o "$work/head") == 200 ]]; } # KEY

upload() { # KEY
  local code
  code=$(s3 "$url/$1" "$sum" "${steady[@]}" -T "$file" -H 'If-None-Match: *' -H 'x-amz-sdk-checksum-algorithm: SHA256' \
    -H "x-amz-checksum-sha256: $digest" -H "x-amz-meta-cluster: $CLUSTER_NAME" -H "x-amz-meta-slot: $SLOT" \
    -H "x-amz-meta-sha256: $sum" -H "x-amz-meta-at: $at" -H "x-amz-meta-facts: $facts" -o "$work/answer") || code=none
  case $code in
    200) say "uploaded $1" ;;
    409 | 412) say "$1 is there: another slot was first" ;;
    *) fail "$1 could not be uploaded: HTTP status $code: $(head -c 300 "$work/answer" 2>/dev/null || true)" ;;
  esac
}

remember() { # FACTS
  jq -nc --arg key "$recent" --argjson at "$at" --argjson facts "$1" '{$key, $at} + $facts' >"$memory/snapshot.new"
  mv "$memory/snapshot.new" "$memory/snapshot.json"
  no_alert snapshot
}

if is_there "$recent"; then
  say "$recent is there"
  bytes=$(tr -d '\r' <"$work/head" | sed -n 's/^[Cc]ontent-[Ll]ength: //p')
  remember "{\"bytes\": ${bytes:-0}}"
  exit 0
fi

# A member without a majority has an old state at best.
held=$(etcd_at "$own" get --print-value-only groundswell/cluster 2>&1) ||
  fail "etcd of slot $SLOT does not answer with a majority: it gives no snapshot"
if [[ $held != "$(mark)" ]]; then
  etcd_at "$own" put groundswell/cluster "$(mark)" >/dev/null || fail "etcd takes no writes: the snapshot has no mark"
fi
etcd_at "$own" --command-timeout 10m snapshot save "$file" >"$work/log" 2>&1 ||
  fail "etcd gave no snapshot: $(tail -n 1 "$work/log")"
facts=$("$tasks/check-snapshot.sh" "$file" "$(mark)" 2>&1) || fail "$facts"
bytes=$(wc -c <"$file")
((bytes <= limit)) || fail "the snapshot has $bytes bytes: one request to S3 takes $limit at most"
sum=$(sha256sum "$file" | cut -d' ' -f1)
digest=$(openssl dgst -sha256 -binary "$file" | base64 -w 0)

upload "$recent"
for longer in hourly/%Y-%m-%dT%HZ daily/%Y-%m-%d; do
  kept=$(key "$longer")
  is_there "$kept" || upload "$kept"
done
remember "$(jq -c --arg sum "$sum" '. + {sha256: $sum}' <<<"$facts")"
