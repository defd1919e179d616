# shellcheck shell=bash
# Ubuntu 24.04: what differs from the other systems. Sourced.
: "${root?}"

os_prepare() {
  systemctl disable --now --quiet ufw.service 2>/dev/null || true
  systemctl try-restart systemd-timesyncd.service chrony.service || true
}

os_install() {
  # cloud-init or unattended-upgrades may hold the lock in the first minutes.
  local apt=(apt-get --quiet --yes --option DPkg::Lock::Timeout=600 --option Acquire::Retries=5)
  export DEBIAN_FRONTEND=noninteractive
  if [[ -e $root/etc/groundswell/packages.sources ]]; then
    rm -rf "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/*
    cp "$root/etc/groundswell/packages.sources" "$root/etc/apt/sources.list.d/"
  fi
  "${apt[@]}" update
  "${apt[@]}" install --no-install-recommends \
    conntrack curl e2fsprogs ethtool iproute2 iptables jq nfs-common openssl socat
}
