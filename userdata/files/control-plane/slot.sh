# shellcheck shell=bash disable=SC2034 # the variables are for the programs that source this
# Sourced on control planes: the claim to initialise, and the keys that all slots share.
# Reads: PARAMETER_INITIALISED, PARAMETER_KEYS, CONTROL_PLANE_KEY.
# shellcheck source=kubeadm.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/kubeadm.sh"
: "${PARAMETER_INITIALISED:?}" "${PARAMETER_KEYS:?}" "${CONTROL_PLANE_KEY:?}"
data=$root/var/lib/groundswell-data
pki=$kubernetes/pki

# Files below /etc/kubernetes/pki that every control plane has in common.
shared=(ca.crt ca.key sa.pub sa.key front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key encryption.json)
shared_parameter() { printf '%s/%s' "$PARAMETER_KEYS" "${1//\//-}"; }

# Brings the shared keys to this slot's disk.
fetch_shared() {
  local file credentials
  credentials=$(credentials_config) || true
  for file in "${shared[@]}"; do
    mkdir -p "$pki/$(dirname "$file")"
    ssm_get "$(shared_parameter "$file")" >"$pki/$file" || die "$(shared_parameter "$file") could not be read"
  done
}

# Certificates, kubeconfigs and manifests: kubeadm takes what is there of the first two, and makes what is not.
make_files() {
  local phase
  for phase in certs kubeconfig control-plane; do
    kubeadm init phase "$phase" all --config "$run/init.yaml"
  done
}

# kubeadm has finished on this volume: it holds a member of the cluster. The mark is never there before the rest is.
make_member() {
  sync
  touch "$data/member"
  sync
}

# Whether this slot's volume is the one that may initialise the cluster. The claim lies on the volume and is stored
# once, without overwriting: of any number of machines one wins, and it still holds the claim after a power cut.
holds_claim() {
  local claim code=0 held
  if [[ ! -s $data/claim ]]; then
    head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$data/claim.new"
    mv "$data/claim.new" "$data/claim"
    sync
  fi
  claim=$(cat "$data/claim")
  jq -nc --arg claim "$claim" --arg node "$NODE_NAME" --arg at "$(now)" '{$claim, $node, $at}' |
    ssm_put "$PARAMETER_INITIALISED" String '' || code=$?
  ((code != 0)) || return 0
  ((code == 4)) || die "$PARAMETER_INITIALISED could not be written"
  held=$(ssm_get "$PARAMETER_INITIALISED") || die "$PARAMETER_INITIALISED could not be read"
  [[ $(jq -r .claim <<<"$held") == "$claim" ]]
}
