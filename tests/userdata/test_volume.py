"""The volume step: the right disk, formatted only when blank, mounted with etcd and /etc/kubernetes on it."""

import json

import pytest

DATA = "var/lib/groundswell-data"
ROOT_DISK = {"name": "/dev/nvme0n1", "model": "Amazon Elastic Block Store", "mountpoint": None,
             "fstype": None, "label": None, "children": [{"name": "/dev/nvme0n1p1", "mountpoint": "/"}]}  # fmt: skip


def disk(name, *, label=None, fstype=None, model="Amazon Elastic Block Store", mountpoint=None):
    return {"name": name, "model": model, "mountpoint": mountpoint, "fstype": fstype, "label": label}


BLANK = disk("/dev/nvme1n1")
OURS = disk("/dev/nvme1n1", fstype="ext4", label="groundswell-data")


@pytest.fixture
def node(new_node, control_plane):
    return new_node(control_plane, DEVICE_SECONDS="1")


def attach(node, *disks, signature=2, label=""):
    """Disks that lsblk shows, and what blkid says of the chosen one: 2 is its word for a disk without a signature."""
    (node.folder / "disks").write_text(json.dumps({"blockdevices": [ROOT_DISK, *disks]}))
    node.does("lsblk", f"cat {node.folder}/disks")
    formatted = node.folder / "formatted"
    node.does("mkfs.ext4", f"touch {formatted}")
    node.does(
        "blkid",
        f'case "$*" in *UUID*) echo 0b1e4c2a ;; *LABEL*) if [ -e {formatted} ]; then echo groundswell-data;'
        f' else echo "{label}"; fi ;; *) [ -e {formatted} ] || exit {signature} ;; esac',
    )
    node.does("mountpoint", f'grep -qx "$2" {node.folder}/mounted 2>/dev/null')
    node.does("mount", f'echo "$1" >>{node.folder}/mounted')


def test_a_blank_volume_is_formatted_mounted_and_marked_as_the_slots_own(node):
    attach(node, BLANK)
    node.run("steps/volume.sh")
    assert node.calls("mkfs.ext4") == ["mkfs.ext4 -q -L groundswell-data /dev/nvme1n1"]
    assert node.text(f"{DATA}/owner") == "travel a\n"
    mounted = (node.folder / "mounted").read_text().split()
    assert mounted == [str(node.root / path) for path in (DATA, "var/lib/etcd", "etc/kubernetes")]


def test_a_file_system_grows_with_its_volume(node):
    attach(node, OURS, signature=0, label="groundswell-data")
    node.run("steps/volume.sh")
    assert node.calls("mount", "resize2fs")[:2] == [f"mount {node.root / DATA}", "resize2fs /dev/nvme1n1"]
    assert "x-systemd.growfs" in node.text("/etc/fstab")


def test_one_that_does_not_grow_is_named(node):
    attach(node, OURS, signature=0, label="groundswell-data")
    node.does("resize2fs", "exit 1")
    output = node.run("steps/volume.sh", expect=1)
    assert "the file system on /dev/nvme1n1 does not take the whole volume" in output


def test_the_mounts_come_back_after_a_reboot_and_in_order(node):
    attach(node, BLANK)
    node.run("steps/volume.sh")
    lines = [line.split() for line in node.text("/etc/fstab").splitlines() if DATA in line]
    data = str(node.root / DATA)
    assert [line[0] for line in lines] == ["UUID=0b1e4c2a", f"{data}/etcd", f"{data}/kubernetes"]
    assert all("nofail" in line[3] for line in lines)
    assert all(f"x-systemd.requires-mounts-for={data}" in line[3] for line in lines[1:])


def test_a_volume_that_is_already_ours_is_never_formatted(node):
    attach(node, OURS, signature=0, label="groundswell-data")
    node.run("steps/volume.sh")
    assert node.calls("mkfs.ext4") == []


def test_running_it_again_changes_no_file(node):
    attach(node, BLANK)
    node.run("steps/volume.sh")
    before = node.tree()
    node.run("steps/volume.sh")
    assert node.tree() == before
    (node.folder / "mounted").unlink()
    attach(node, OURS, signature=0, label="groundswell-data")
    node.run("steps/volume.sh")
    assert node.tree() == before


def test_a_volume_that_comes_later_is_waited_for(new_node, control_plane):
    node = new_node(control_plane, DEVICE_SECONDS="20")
    attach(node)
    process = node.start("steps/volume.sh")
    while not node.calls("sleep"):
        assert process.poll() is None
    attach(node, BLANK)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_volume_that_never_comes_is_told_with_the_slot(node):
    attach(node)
    output = node.run("steps/volume.sh", expect=1)
    assert "the data volume of slot a is not to be found; unused disks: []" in output


def test_the_machines_own_fast_storage_is_never_taken(node):
    attach(node, disk("/dev/nvme2n1", model="Amazon EC2 NVMe Instance Storage"))
    assert "not to be found" in node.run("steps/volume.sh", expect=1)
    assert node.calls("mkfs.ext4") == []


def test_disks_of_memory_are_never_taken(node):
    """zram devices look like whole, blank disks."""
    attach(node, disk("/dev/zram0", model=None), disk("/dev/ram0", model=None))
    assert "unused disks: []" in node.run("steps/volume.sh", expect=1)


def test_of_two_blank_disks_none_is_guessed(node):
    attach(node, BLANK, disk("/dev/nvme2n1"))
    assert 'unused disks: ["/dev/nvme1n1","/dev/nvme2n1"]' in node.run("steps/volume.sh", expect=1)
    assert node.calls("mkfs.ext4") == []


def test_our_label_wins_over_a_blank_disk(node):
    attach(node, disk("/dev/nvme2n1"), OURS, signature=0, label="groundswell-data")
    node.run("steps/volume.sh")
    assert node.calls("mkfs.ext4") == []
    assert "/dev/nvme1n1" in node.calls("blkid")[0]


def test_a_disk_that_holds_data_though_the_kernel_shows_none_is_refused(node):
    attach(node, BLANK, signature=0, label="photos")
    assert "/dev/nvme1n1 holds data that is not ours: not formatted" in node.run("steps/volume.sh", expect=1)
    assert node.calls("mkfs.ext4", "mount") == []


def test_another_slots_volume_is_refused(node):
    (node.root / DATA).mkdir(parents=True)
    (node.root / DATA / "owner").write_text("travel c\n")
    attach(node, OURS, signature=0, label="groundswell-data")
    output = node.run("steps/volume.sh", expect=1)
    assert "the volume belongs to slot and cluster 'travel c', not to 'travel a'" in output


def test_etcds_folder_belongs_to_a_user_of_its_own_on_every_machine(node):
    """The benchmark's 1.1.11 and 1.1.12; a machine that has the user gets no second one."""
    attach(node, BLANK)
    node.does("id", f"[ -e {node.folder}/user ]")
    node.does("useradd", f"touch {node.folder}/user")
    node.run("steps/volume.sh")
    node.run("steps/volume.sh")
    etcd = node.root / "var/lib/etcd"
    assert node.calls("useradd") == ["useradd --system --no-create-home --shell /usr/sbin/nologin etcd"]
    assert node.calls("chown") == [f"chown etcd:etcd {etcd}"] * 2
    assert etcd.stat().st_mode & 0o777 == 0o700
