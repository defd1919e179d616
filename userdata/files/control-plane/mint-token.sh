#!/usr/bin/env bash
# Keeps a short-lived bootstrap token in the join parameter. Safe on every slot and at any time: a parameter that is
# fresh enough is left alone, and of two tokens minted at once both are valid.
# Usage: mint-token.sh [MINUTES], how long the present one must last: more than any lasts after a restore, whose API knows
# no former token.
# Reads: WORKER_KEY, SLOT.
set -euo pipefail
# shellcheck source=kubeadm.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/kubeadm.sh"

# Minutes that a token lives, and that it must have left when the timer comes, ten minutes after the last time.
life=30
! lasts "$PARAMETER_JOIN" .expires "${1-21}" || exit 0

token=$(kubeadm token generate)
expires=$(date -u -d "+$life minutes" +%Y-%m-%dT%H:%M:%SZ)
printf '%s' "$token" | jq -R --arg expires "$expires" --arg slot "${SLOT:?}" '{
  apiVersion: "v1", kind: "Secret", type: "bootstrap.kubernetes.io/token",
  metadata: {name: "bootstrap-token-\(.[:6])", namespace: "kube-system"},
  stringData: {
    "token-id": .[:6], "token-secret": .[7:], expiration: $expires, description: "minted by slot \($slot)",
    "usage-bootstrap-authentication": "true", "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token"
  }}' | local_api create --filename -
printf '%s' "$token" | jq -Rc --arg expires "$expires" '{token: ., $expires}' |
  ssm_put "$PARAMETER_JOIN" SecureString "${WORKER_KEY:?}" overwrite
say "minted a token that expires at $expires"
