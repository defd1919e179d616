#!/usr/bin/env bash
# Keeps a short-lived client certificate in the operators' parameter, as the ExecCredential that a kubeconfig's exec
# plugin prints, so that no kubeconfig holds a key. Safe on every slot: a credential that is fresh enough is left alone.
# Reads: PARAMETER_CREDENTIAL, CONTROL_PLANE_KEY.
set -euo pipefail
# shellcheck source=kubeadm.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/kubeadm.sh"
: "${PARAMETER_CREDENTIAL:?}" "${CONTROL_PLANE_KEY:?}"

# Minutes that a certificate lives, and that it must have left when the timer comes, half an hour after the last time.
life=120 enough=75
! lasts "$PARAMETER_CREDENTIAL" .status.expirationTimestamp $enough || exit 0

kubeadm_config init
expires=$(date -u -d "+$life minutes" +%Y-%m-%dT%H:%M:%SZ)
kubeadm kubeconfig user --config "$run/init.yaml" --client-name groundswell-operator --org groundswell:operators \
  --validity-period "${life}m" |
  sed -n 's/^ *client-\(certificate\|key\)-data: //p' |
  jq -Rnc --arg expires "$expires" '[inputs | @base64d] | {
    apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential",
    status: {expirationTimestamp: $expires, clientCertificateData: .[0], clientKeyData: .[1]}}' |
  ssm_put "$PARAMETER_CREDENTIAL" SecureString "$CONTROL_PLANE_KEY" overwrite
say "renewed the operators' credential until $expires"
