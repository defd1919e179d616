#!/usr/bin/env bash
# Mounts the slot's own volume: etcd's data and /etc/kubernetes outlive the machine there.
# Reads: CLUSTER_NAME, SLOT, DEVICE_SECONDS (optional), how long to wait for the volume.
set -euo pipefail
# shellcheck source=common.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/common.sh"
: "${CLUSTER_NAME:?}" "${SLOT:?}"
data=$root/var/lib/groundswell-data
label=groundswell-data

# Whole disks that nobody uses, the machine's own fast storage left out: the one with our label, else the only blank one.
unused() {
  lsblk --json --paths --output NAME,MODEL,MOUNTPOINT,FSTYPE,LABEL | jq -c --arg ours "$label" '
    [.blockdevices[] | select((.name | test("^/dev/(nvme|sd|vd|xvd)")) and .children == null and .mountpoint == null)
      | select(.model // "" | startswith("Amazon EC2 NVMe Instance Storage") | not)]
    | {all: map(.name), own: map(select(.label == $ours)), blank: map(select(.fstype == null))}'
}
find_device() {
  device=$(unused | jq -er 'if .own != [] then .own else .blank end | if length == 1 then .[0].name else empty end')
}

if ! mountpoint --quiet "$data"; then
  device=''
  retry "${DEVICE_SECONDS:-900}" find_device ||
    die "the data volume of slot $SLOT is not to be found; unused disks: $(unused | jq -c .all)"
  # 2 is blkid's word for a disk without any signature; anything else is somebody's data.
  signature=0
  blkid --probe "$device" >/dev/null || signature=$?
  if ((signature == 2)); then
    mkfs.ext4 -q -L "$label" "$device"
  elif [[ $(blkid --probe --match-tag LABEL --output value "$device") != "$label" ]]; then
    die "$device holds data that is not ours: not formatted"
  fi
  mkdir -p "$data"
  sed -i '/groundswell-data/d' "$root/etc/fstab"
  cat >>"$root/etc/fstab" <<FSTAB
UUID=$(blkid --probe --match-tag UUID --output value "$device") $data ext4 noatime,nosuid,nodev,nofail,x-systemd.growfs 0 2
$data/etcd $root/var/lib/etcd none bind,nofail,x-systemd.requires-mounts-for=$data 0 0
$data/kubernetes $root/etc/kubernetes none bind,nofail,x-systemd.requires-mounts-for=$data 0 0
FSTAB
  systemctl daemon-reload
  mount "$data"
  # The volume may be larger than when it was formatted; a later boot sees to it by itself.
  resize2fs "$device" &>/dev/null || die "the file system on $device does not take the whole volume"
fi

owner="$CLUSTER_NAME $SLOT"
if [[ ! -s $data/owner ]]; then
  printf '%s\n' "$owner" >"$data/owner.new"
  mv "$data/owner.new" "$data/owner"
elif [[ $(cat "$data/owner") != "$owner" ]]; then
  die "the volume belongs to slot and cluster '$(cat "$data/owner")', not to '$owner'"
fi

mkdir -p "$data/etcd" "$data/kubernetes" "$root/var/lib/etcd" "$root/etc/kubernetes"
for target in "$root/var/lib/etcd" "$root/etc/kubernetes"; do
  mountpoint --quiet "$target" || mount "$target"
done

# CIS 1.1.11 and 1.1.12. kubeadm's etcd runs as root, which may write there too; the number of the user may differ from
# the former machine's.
id etcd >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin etcd
chown etcd:etcd "$root/var/lib/etcd"
chmod 0700 "$root/var/lib/etcd"
