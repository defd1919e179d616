#!/usr/bin/env bash
# Starts the boot tests in a network namespace of their own, which ends with them. Needs root: taps, device nodes.
#
#   tests/boot/run.sh [PYTEST_ARGUMENTS]     default: every case but those of three control planes
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

missing=()
for program in qemu-system-x86_64 qemu-img mmdebstrap dnsmasq mke2fs openssl gcc ip unshare; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]})); then
  echo "make test-boot needs ${missing[*]}: on Debian, apt-get install qemu-system-x86 qemu-utils mmdebstrap dnsmasq-base" \
    "e2fsprogs openssl gcc libc6-dev libseccomp-dev iproute2" >&2
  exit 2
fi
((EUID == 0)) || { echo "make test-boot needs root: it makes taps and a disk image" >&2 && exit 2; }

tools/build.sh --boot
# Before the network goes: the image is made of the distribution's packages.
PYTHONPATH=.:tests .venv/bin/python -m boot.image
(($#)) || set -- tests/boot --ignore tests/boot/test_three.py
# A process namespace too: machines and servers end with the tests, however those end.
exec unshare --net --pid --fork --kill-child --mount-proc .venv/bin/python -m pytest -p rows_plugin --rows-tier boot "$@"
