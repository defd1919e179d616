#!/usr/bin/env bash
# Starts what a control plane does again and again. Safe to run again.
set -euo pipefail
# shellcheck source=common.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/common.sh"

# In one call: systemd reads all units anew at each.
systemctl daemon-reload
systemctl enable --quiet --now groundswell-{token,credential,certificates,defragment,metrics,restore,snapshot,space}.timer
# The operators' gates wait for it.
"$lib/maintenance/operator-credential.sh"
# For the next boot only: it keeps the former etcd member from starting when a restore is under way.
systemctl enable --quiet groundswell-hold.service
