#!/usr/bin/env bash
# Starts what a control plane does again and again.
set -euo pipefail
# shellcheck source=common.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/common.sh"

systemctl enable --quiet --now groundswell-token.timer groundswell-credential.timer
