#!/usr/bin/env bash
# Fetches the control planes' own programs from the cluster's backup bucket and checks their SHA-256: the steps after
# this one, and the maintenance programs with their timers. User data has no room for them.
# Reads: BUNDLE, the sum, which is also the object's name; PARAMETER_KEYS, beside which the bucket's parameter stands.
set -euo pipefail
# shellcheck source=aws.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/aws.sh"
: "${BUNDLE:?}" "${PARAMETER_KEYS:?}"
part=$state/bundle
bucket=${PARAMETER_KEYS%/*}/backup

fetched() {
  local url
  url=$(ssm_get "$bucket" | jq -er .url) && s3 "$url/programs/$BUNDLE.tar.gz" UNSIGNED-PAYLOAD -m 60 -o "$part" >"$run/code" &&
    sha256sum -c --status <<<"$BUNDLE  $part"
}
retry "${BUNDLE_SECONDS:-300}" fetched || die "$bucket: no programs $BUNDLE there"
umask 022
tar -xzf "$part" --no-same-owner -C "$root/"
