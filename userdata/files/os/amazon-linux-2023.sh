# shellcheck shell=bash
# Amazon Linux 2023: what differs from the other systems. Sourced.
# SELinux stays as the image has it, permissive; chrony is already pointed at the Amazon Time Sync Service.
: "${root?}"

os_prepare() {
  # amazon-ec2-net-utils would add policy routes for addresses that belong to pods.
  ln -sf /dev/null "$root/etc/udev/rules.d/99-vpc-policy-routes.rules"
  udevadm control --reload
}

os_install() {
  if [[ -e $root/etc/groundswell/packages.repo ]]; then
    rm -f "$root"/etc/yum.repos.d/*
    cp "$root/etc/groundswell/packages.repo" "$root/etc/yum.repos.d/"
  fi
  # curl is there as curl-minimal, which conflicts with the full package.
  dnf --quiet --assumeyes --setopt=retries=5 install \
    conntrack-tools e2fsprogs ethtool iproute-tc iptables-nft jq nfs-utils openssl socat
}
