#!/usr/bin/env bash
# Starts the container runtime. The kubelet is enabled only: its unit waits for the configuration kubeadm writes.
set -euo pipefail
# shellcheck source=common.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/common.sh"

systemctl daemon-reload
systemctl enable --quiet --now containerd.service
systemctl enable --quiet kubelet.service
retry 120 crictl --timeout 10s info >/dev/null || die "containerd does not answer on its socket"
