#!/usr/bin/env bash
# Publishes what the other machines and the operators need. Only the slot that initialised has anything to tell.
# The cluster itself comes last: whoever waits for it finds everything else there.
# Reads: MAY_INITIALISE, API_NAME.
set -euo pipefail
# shellcheck source=slot.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/slot.sh"

if [[ ${MAY_INITIALISE:?} != yes ]] || ! holds_claim; then
  exit 0
fi

credentials=$(credentials_config) || true
for file in "${shared[@]}"; do
  code=0
  ssm_put "$(shared_parameter "$file")" SecureString "$CONTROL_PLANE_KEY" <"$pki/$file" || code=$?
  ((code == 0 || code == 4)) || die "$(shared_parameter "$file") could not be written"
done

operators=groundswell:operators
retry 300 local_api get --raw /readyz >/dev/null || die "the API server is not ready"
local_api get clusterrolebinding "$operators" >/dev/null 2>&1 ||
  local_api create clusterrolebinding "$operators" --clusterrole cluster-admin --group "$operators"
"$lib/mint-token.sh"

sum=$(openssl x509 -in "$pki/ca.crt" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)
jq -Rsc --arg endpoint "${API_NAME:?}:6443" --arg sum "sha256:$sum" '{$endpoint, ca: @base64, ca_hash: $sum}' \
  "$pki/ca.crt" | ssm_put "$PARAMETER_CLUSTER" String '' overwrite || die "$PARAMETER_CLUSTER could not be written"
