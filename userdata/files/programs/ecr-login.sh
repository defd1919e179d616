#!/usr/bin/env bash
# The kubelet's credential provider for Amazon ECR: an image on standard input, a login for its registry on standard
# output (credentialprovider.kubelet.k8s.io/v1). What may be pulled is decided by this machine's role.
# Reads: ECR_ENDPOINT, only where it is not the registry's own region's.
set -euo pipefail
# shellcheck source=aws.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/aws.sh"

registry=$(jq -r '.image | split("/")[0]')
# <account>.dkr.ecr.<region>.<domain>
IFS=. read -r _ _ _ REGION domain <<<"$registry"
answer=$(echo 'data-raw = "{}"' | signed_post ecr "${ECR_ENDPOINT:-https://api.ecr.$REGION.$domain}" \
  --header 'Content-Type: application/x-amz-json-1.1' \
  --header 'X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken')
[[ $answer == *$'\n'200 ]] || die "ecr: ${answer:0:300}"
jq -c --arg registry "$registry" '
  .authorizationData[0].authorizationToken | @base64d | capture("^(?<user>[^:]+):(?<password>.+)$") | {
    apiVersion: "credentialprovider.kubelet.k8s.io/v1", kind: "CredentialProviderResponse",
    cacheKeyType: "Registry", cacheDuration: "6h",
    auth: {($registry): {username: .user, password: .password}}}' <<<"${answer%$'\n'*}"
