# shellcheck shell=bash
# Sourced: what initialising, joining and resuming have in common.
# Reads: PARAMETER_CLUSTER, PARAMETER_JOIN, JOIN_SECONDS (optional), how long to wait for the cluster and for a token.
# shellcheck source=aws.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/aws.sh"
: "${PARAMETER_CLUSTER:?}" "${PARAMETER_JOIN:?}" "${NODE_NAME:?}" "${NODE_ADDRESS:?}" "${INSTANCE_ID:?}" "${ZONE:?}"
kubernetes=$root/etc/kubernetes
kubelet=$root/var/lib/kubelet
patience=${JOIN_SECONDS:-1800}
provider_id=aws:///$ZONE/$INSTANCE_ID

# Completes a rendered list of documents with what only this machine knows. JSON is YAML to kubeadm.
kubeadm_config() { # init|join
  jq -r --arg name "$NODE_NAME" --arg address "$NODE_ADDRESS" --arg id "$provider_id" '
    .[] | if has("nodeRegistration") then
        .nodeRegistration.name = $name
        | .nodeRegistration.kubeletExtraArgs += [{name: "node-ip", value: $address}, {name: "provider-id", value: $id}]
      else . end | "---", tojson' "$root/etc/groundswell/kubeadm/$1.json" >"$run/$1.yaml"
}

# Takes away what an attempt that did not finish has left, but for keys and certificates.
clean_slate() {
  systemctl stop kubelet.service
  crictl --timeout 30s rmp --all --force >/dev/null 2>&1 || true
  rm -f "$kubernetes"/manifests/*.yaml "$kubernetes"/*.conf
  rm -rf "$kubelet"/config.yaml "$kubelet"/instance-config.yaml "$kubelet"/kubeadm-flags.env "$kubelet"/pki
}

# kubeadm leaves the kubelet's configuration readable for everyone.
close_files() { chmod 0600 "$kubelet/config.yaml"; }

cluster_is_published() { ssm_get "$PARAMETER_CLUSTER" >"$run/cluster.json"; }

wait_for_cluster() {
  retry "$patience" cluster_is_published || die "$PARAMETER_CLUSTER was not published within $patience s"
}

# Whether what a parameter holds lasts for some minutes more.
lasts() { # NAME JQ_PATH_OF_EXPIRY MINUTES
  local expires
  expires=$(ssm_get "$1" | jq -r "$2") && expires=$(date -d "$expires" +%s) && ((expires > $(date +%s) + 60 * $3))
}

# A token that is about to expire is no token; the parameter is read anew at each try.
fetch_token() { lasts "$PARAMETER_JOIN" .expires 1 && ssm_get "$PARAMETER_JOIN" >"$run/join.json"; }

# Discovery by a file with the CA: the API answers no anonymous question but those about its health. The token is the
# file's user, because kubeadm accepts a refused look at `cluster-info`, not an unauthenticated one.
write_discovery() {
  retry "$patience" fetch_token || die "$PARAMETER_JOIN held no fresh token within $patience s"
  jq -n --slurpfile cluster "$run/cluster.json" --slurpfile join "$run/join.json" '{
    apiVersion: "v1", kind: "Config", "current-context": "join",
    contexts: [{name: "join", context: {cluster: "join", user: "join"}}],
    clusters: [{name: "join", cluster: {
      server: "https://\($cluster[0].endpoint)", "certificate-authority-data": $cluster[0].ca}}],
    users: [{name: "join", user: {token: $join[0].token}}]}' >"$run/discovery.conf"
}

forget_discovery() { rm -f "$run/join.json" "$run/discovery.conf"; }

# Hands what comes on standard input to the local API server as an administrator. Control planes only.
# Units have no home, and kubectl without one would cache into the folder that it stands in.
local_api() {
  KUBECACHEDIR=$run/kubectl kubectl --kubeconfig "$kubernetes/admin.conf" --server https://127.0.0.1:6443 "$@"
}
