#!/usr/bin/env bash
# Makes the disk of a machine like an EC2 image: Debian 12 with systemd and cloud-init, as an ext4 file that virtual
# machines use through overlays, and its kernel beside it. Needs root for device nodes and ownership.
#
#   build.sh OUTPUT_FOLDER AUTHORITY [CONTAINERD_STORE]
#
# AUTHORITY is a certificate that the machine trusts, for what stands in for AWS. CONTAINERD_STORE becomes
# /var/lib/containerd: images imported beforehand, as a baked AMI has them.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
output=$1 authority=$2 store=${3-}
gibibytes=8

work=$(mktemp -d "${output%/*}/.image.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

packages=$(grep -v '^#' "$here/packages.txt" | paste -sd,)
mmdebstrap --quiet --variant=minbase --include="$packages" \
  --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  bookworm "$root"

install -D -m 0644 "$here/cloud.cfg" "$root/etc/cloud/cloud.cfg.d/99-machine.cfg"
install -D -m 0644 "$authority" "$root/usr/local/share/ca-certificates/stand-in.crt"
chroot "$root" update-ca-certificates >/dev/null 2>&1
# What a running system does and a pod network would bring: Ready nodes need a network configuration.
install -D -m 0644 "$here/10-stub.conflist" "$root/etc/cni/net.d/10-stub.conflist"
# An image has no identity of its own.
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root"/etc/hostname
ln -sf /run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
printf '/dev/vda / ext4 defaults 0 1\n/swapfile none swap sw 0 0\n' >"$root/etc/fstab"
# Random, because a file with holes cannot be swapped to.
head -c 64M /dev/urandom >"$root/swapfile"
chmod 0600 "$root/swapfile"
mkswap "$root/swapfile" >/dev/null
# Nothing here is an installed service of a node.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer man-db.timer getty@tty1.service serial-getty@ttyS0.service nfs-client.target rpcbind.service rpcbind.socket; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
chroot "$root" systemctl --quiet enable systemd-networkd systemd-resolved systemd-timesyncd
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
[[ -z $store ]] || { rm -rf "$root/var/lib/containerd" && cp -a "$store" "$root/var/lib/containerd"; }

mkdir "$work/done"
cp "$root"/boot/vmlinuz-* "$work/done/vmlinuz"
cp "$root"/boot/initrd.img-* "$work/done/initrd"
rm -rf "${root:?}"/boot/{vmlinuz,initrd.img,System.map}-*
truncate -s "${gibibytes}G" "$work/done/disk.img"
mke2fs -q -t ext4 -L root -E lazy_itable_init=1 -d "$root" "$work/done/disk.img"
chmod 0755 "$work/done"
mv -T "$work/done" "$output"
