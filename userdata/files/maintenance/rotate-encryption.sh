#!/usr/bin/env bash
# Rotates the key that Secrets and ConfigMaps are encrypted with in etcd, one step a call, in this order:
#   add, promote, rewrite, retire   each on one slot, the same one
#   sync                            on every other slot after add, promote and retire
# A step is refused until every slot's API server has taken up what the step before has stored. Any call can be repeated.
# Reads: PARAMETER_KEYS, CONTROL_PLANE_KEY, PEERS, SLOT.
set -euo pipefail
# shellcheck source=slot.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/slot.sh"
: "${SLOT:?}" "${CONTROL_PLANE_KEY:?}"
file=$pki/encryption.json
parameter=$(shared_parameter encryption.json)

sum_of() { sha256sum | cut -d' ' -f1; }
key_names() { jq -r '[.resources[0].providers[0].secretbox.keys[].name] | join(" ")' "$file"; }
loaded_parameter() { printf '%s/encryption-loaded-%s' "$PARAMETER_KEYS" "$1"; }

# The API server says the sum of the file that it has read last; it looks for a new one every minute.
is_loaded() {
  local_api get --raw /metrics |
    grep "encryption_config_controller_last_config_info.*sha256:$(sum_of <"$file")" >/dev/null
}

# This slot's file becomes the shared one, and the slot says so when its API server works with it.
take_up() {
  ssm_get "$parameter" >"$file.new" || die "$parameter could not be read"
  jq -e '.resources[0].providers[0].secretbox.keys[0].secret' "$file.new" >/dev/null || die "$parameter holds no key"
  mv "$file.new" "$file"
  sync
  retry "${LOADED_SECONDS:-300}" is_loaded || die "the API server of slot $SLOT has not taken up its encryption keys"
  sum_of <"$file" | ssm_put "$(loaded_parameter "$SLOT")" String '' overwrite
  say "slot $SLOT works with the keys $(key_names)"
}

is_everywhere() {
  local letter wanted current count=0
  wanted=$(($(wc -w <<<"${PEERS-}") + 1)) current=$(ssm_get "$parameter" | sum_of)
  for letter in a b c d e; do
    [[ $(ssm_get "$(loaded_parameter "$letter")" 2>/dev/null) != "$current" ]] || ((++count))
  done
  ((count == wanted)) || die "only $count of $wanted slots have taken up the present keys: run sync on the others first"
}

# Changes the shared document by a jq program; a new key comes on standard input and is no argument.
change() { # JQ_PROGRAM
  jq -R --slurpfile document "$file" ". as \$key | \$document[0] | .resources[].providers[0].secretbox.keys |= ($1)" \
    >"$file.new"
  ssm_put "$parameter" SecureString "$CONTROL_PLANE_KEY" overwrite <"$file.new" || die "$parameter could not be written"
  rm -f "$file.new"
  take_up
}

# Reading and writing back is all it takes; an object that somebody changed in between is tried again.
rewrite_namespace() { # NAMESPACE
  local_api get secrets,configmaps --namespace "$1" --output json | local_api replace --filename - >/dev/null
}

case ${1-} in
  sync) take_up ;;
  show) say "keys in the order of use: $(key_names)" ;;
  add)
    take_up
    is_everywhere
    [[ $(key_names) != *' '* ]] || die "a rotation is under way: there is a second key already"
    number=$(key_names)
    head -c 32 /dev/urandom | base64 -w 0 | change ". + [{name: \"key-$((${number#key-} + 1))\", secret: \$key}]"
    ;;
  promote)
    is_everywhere
    read -r first second < <(key_names) || true
    [[ -n $second ]] || die "there is no second key: run add first"
    ((${first#key-} > ${second#key-})) || change reverse <<<''
    ;;
  rewrite)
    is_everywhere
    read -r first second < <(key_names) || true
    if [[ -z $second ]] || ((${first#key-} < ${second#key-})); then
      die "the new key is not the first: run promote first"
    fi
    for namespace in $(local_api get namespaces --output name); do
      retry 120 rewrite_namespace "${namespace#namespace/}" || die "${namespace#namespace/} could not be rewritten"
    done
    printf '%s' "$first" >"$data/rewritten"
    say "everything is encrypted with $first"
    ;;
  retire)
    is_everywhere
    read -r first second < <(key_names) || true
    [[ -n $second ]] || die "there is no former key to drop"
    [[ $(cat "$data/rewritten" 2>/dev/null) == "$first" ]] || die "not everything is rewritten: run rewrite on this slot first"
    change '.[:1]' <<<''
    ;;
  *) die "usage: rotate-encryption.sh add|promote|rewrite|retire|sync|show" ;;
esac
