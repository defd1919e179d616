#!/usr/bin/env bash
# Brings kernel, swap, network daemon and clock into the state that Kubernetes needs, also after a reboot.
# Reads: CLOCK_SECONDS (optional), how long to wait for a right clock.
set -euo pipefail
# shellcheck source=aws.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/aws.sh"
# shellcheck source=/dev/null
. "$lib/os.sh"

os_prepare

[[ $(stat --file-system --format %T "$root/sys/fs/cgroup") == cgroup2fs ]] ||
  die "this machine runs cgroup v1, which kubelet 1.35 and later refuse"

swapoff --all
sed -i -E 's/^[^#]+\sswap\s/#&/' "$root/etc/fstab"
systemctl mask --quiet swap.target

while read -r module; do
  modprobe "$module" || die "the kernel has no module $module"
done <"$root/etc/modules-load.d/groundswell.conf"
sysctl --quiet --load "$root/etc/sysctl.d/90-groundswell.conf"

# Reads its drop-in now, while there are no routes of pods that a later restart could remove.
systemctl try-restart systemd-networkd.service

# Certificates and signatures of a machine with a wrong clock are refused.
skew='?'
clock_is_right() {
  local reference
  if reference=$(imds_clock); then
    skew=$(($(date +%s) - reference))
    ((skew >= -30 && skew <= 30))
  else
    [[ $(timedatectl show --property NTPSynchronized --value) == yes ]]
  fi
}
retry "${CLOCK_SECONDS:-600}" clock_is_right ||
  die "the clock is $skew s off the instance metadata service's, and no time service corrects it"
