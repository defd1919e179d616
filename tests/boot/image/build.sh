#!/usr/bin/env bash
# Makes the disk of a machine like an EC2 image: a system with systemd and cloud-init, as an ext4 file that virtual
# machines use through overlays, and its kernel beside it. Needs root for device nodes and ownership.
#
#   build.sh debian-12|ubuntu-24.04 OUTPUT_FOLDER AUTHORITY [CONTAINERD_STORE]
#
# AUTHORITY is a certificate that the machine trusts, for what stands in for AWS. CONTAINERD_STORE becomes
# /var/lib/containerd: images imported beforehand, as a baked AMI has them.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
system=$1 output=$2 authority=$3 store=${4-}
gibibytes=8

work=$(mktemp -d "${output%/*}/.image.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

# Debian has no package of Ubuntu's keys. Theirs comes unverified, so the file's own sum is what is trusted.
ubuntu_keys=80a36b0a6de2f69f49d2df75ef473ccde121e9e190b9ea01d20a4f63778d5c31
ubuntu_keyring() {
  mmdebstrap --quiet --variant=extract --include=ubuntu-keyring --aptopt='Acquire::AllowInsecureRepositories "true"' \
    --aptopt='APT::Get::AllowUnauthenticated "true"' noble "$work/keys"
  keyring=$work/keys/usr/share/keyrings/ubuntu-archive-keyring.gpg
  sha256sum --check --quiet <<<"$ubuntu_keys  $keyring"
}

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
case $system in
  debian-12) suite=bookworm components=main own=isc-dhcp-client,linux-image-cloud-amd64 ;;
  ubuntu-24.04)
    # What its image on EC2 has beside: the kernel's build for EC2, AppArmor, a firewall, its own DHCP client.
    suite=noble components=main,universe own=apparmor,dhcpcd-base,initramfs-tools,linux-image-aws,ufw
    ubuntu_keyring
    ;;
  *) echo "no image of $system is made here; use debian-12 or ubuntu-24.04" >&2 && exit 2 ;;
esac
packages=$(grep -v '^#' "$here/packages.txt" | paste -sd,)
# shellcheck disable=SC2016 # $1 is mmdebstrap's, the system's root
mmdebstrap --quiet --variant=minbase --keyring="$keyring" --components="$components" --include="$packages,$own" \
  --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --customize-hook='chroot "$1" systemctl --quiet enable systemd-networkd systemd-resolved systemd-timesyncd' \
  "$suite" "$root"

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
  fstrim.timer man-db.timer getty@tty1.service serial-getty@ttyS0.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
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
