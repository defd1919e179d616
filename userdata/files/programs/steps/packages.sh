#!/usr/bin/env bash
# Installs the system's own programs that a node calls; an image that has them needs no package mirror.
set -euo pipefail
# shellcheck source=common.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/common.sh"
# shellcheck source=/dev/null
. "$lib/os.sh"

missing() {
  local command
  for command in conntrack curl ethtool ip iptables jq mkfs.ext4 mount.nfs openssl socat tc; do
    command -v "$command" >/dev/null || printf '%s ' "$command"
  done
}

# NFS 4 needs no port mapper, which the client's package would start on every address. Nothing to stop is no failure.
systemctl mask --quiet --now rpcbind.socket rpcbind.service 2>/dev/null || true
[[ -z $(missing) ]] || os_install
[[ -z $(missing) ]] || die "still missing after the installation: $(missing)"
