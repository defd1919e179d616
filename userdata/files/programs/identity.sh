#!/usr/bin/env bash
# Learns at every boot who this machine is and writes it down for the other programs.
# Reads: IMDS_ENDPOINT, IMDS_SECONDS (optional); on control planes SLOT, ADDRESS.
set -euo pipefail
# shellcheck source=aws.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/aws.sh"

facts() {
  imds_open && id=$(imds instance-id) && name=$(imds local-hostname) && address=$(imds local-ipv4) &&
    zone=$(imds placement/availability-zone)
}

# With the last try and its pause: one line within ten minutes.
patience=${IMDS_SECONDS:-560}
retry "$patience" facts || die "the instance metadata service at $IMDS_ENDPOINT gave no answer for $patience s"
# With several domains in the DHCP options the service lists several names.
name=${name%% *}

if [[ -n ${SLOT-} && $address != "${ADDRESS:?}" ]]; then
  die "slot $SLOT has the address $ADDRESS in the plan, but this machine has $address"
fi
# Not grep -q: it would end before ip has said everything, and ip would fail.
ip -4 -oneline address show | grep -F " $address/" >/dev/null || die "no network interface has the address $address"

printf '%s=%q\n' NODE_NAME "$name" NODE_ADDRESS "$address" INSTANCE_ID "$id" ZONE "$zone" \
  >"$run/identity.new"
mv "$run/identity.new" "$run/identity.env"
