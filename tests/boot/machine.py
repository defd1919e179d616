"""A virtual machine under QEMU's own processor, without hardware help: slow, but it boots what EC2 would boot."""

import base64
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from boot import network
from boot.image import Image

POLL_SECONDS = 2
KERNEL = "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0 tsc=reliable highres=off mitigations=off"
"""The emulator's processors share one time stamp counter. Linux takes it for unsynchronised, as on every AMD machine of
several processors without a constant one; each look at the clock then asks an emulated timer, and Go programs look all
the time. They also sleep for microseconds, and every timer interrupt is dear here: without high resolution there are at
most 250 a second. Nor does an emulated processor speculate."""


class MachineError(AssertionError):
    """A machine did not do what was waited for; the message ends with its console."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a command inside a machine did."""

    code: int
    output: str


def wait_for(what: str, seconds: float, probe: Callable[[], object], machine: "Machine | None" = None) -> object:
    """The first true answer of a probe.

    Raises:
        MachineError: the time is up, or the machine's process has ended.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if machine is not None and not machine.running:
            raise MachineError(f"{what}: the machine has stopped\n{machine.console_tail()}")
        if time.monotonic() > deadline:
            tail = machine.console_tail() if machine is not None else ""
            raise MachineError(f"{what}: not within {seconds:.0f} s\n{tail}")
        time.sleep(POLL_SECONDS)


class Machine:
    """One machine: a disk of its own over the image, network cards on the bridge, and the guest agent as the way in."""

    def __init__(self, folder: Path, name: str, image: Image, *, macs: tuple[str, ...], memory_mib: int = 3072):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name, self.image = folder, name, image
        self.macs, self.memory_mib = macs, memory_mib
        self.console = folder / "console.log"
        self.disk = folder / "disk.qcow2"
        self.volume: Path | None = None
        self.process: subprocess.Popen | None = None
        self.uuid = "ec2" + os.urandom(16).hex()[3:]
        self.clock = ""
        """QEMU's `-rtc base=`: empty for the real time."""
        self.renew_disk()

    def renew_disk(self) -> None:
        """A fresh disk, as a new instance has it."""
        self.disk.unlink(missing_ok=True)
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", self.image.disk, self.disk], check=True
        )

    def attach(self, volume: Path, *, gibibytes: int = 4) -> None:
        """Give the machine a second disk at its next start; the file gets that size, blank where it is new."""
        volume.touch()
        os.truncate(volume, gibibytes * 1024**3)
        self.volume = volume

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Switch the power on."""
        uuid = f"{self.uuid[:8]}-{self.uuid[8:12]}-{self.uuid[12:16]}-{self.uuid[16:20]}-{self.uuid[20:]}"
        arguments = [
            "qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi,tb-size=768", "-cpu", "max",
            "-smp", "2", "-m", str(self.memory_mib), "-display", "none", "-monitor", "none", "-nodefaults",
            "-kernel", str(self.image.kernel), "-initrd", str(self.image.initrd),
            "-append", KERNEL,
            "-smbios", f"type=1,manufacturer=Amazon EC2,product=c5a.xlarge,uuid={uuid},serial={uuid}",
            "-drive", f"file={self.disk},if=virtio,format=qcow2,cache=unsafe",
            "-chardev", f"file,id=console,path={self.console},append=on", "-serial", "chardev:console",
            "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=agent,path={self.agent_path},server=on,wait=off",
            "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
            "-device", "virtio-rng-pci",
        ]  # fmt: skip
        if self.clock:
            arguments += ["-rtc", f"base={self.clock}"]
        if self.volume is not None:
            arguments += ["-drive", f"file={self.volume},if=virtio,format=raw,cache=unsafe"]
        for number, mac in enumerate(self.macs):
            tap = self.tap(number)
            network.add_tap(tap)
            arguments += [
                "-netdev", f"tap,id=card{number},ifname={tap},script=no,downscript=no",
                "-device", f"virtio-net-pci,netdev=card{number},mac={mac}",
            ]  # fmt: skip
        with (self.folder / "qemu.log").open("ab") as log:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def agent_path(self) -> Path:
        return self.folder / "agent.sock"

    def tap(self, number: int) -> str:
        return f"t{self.macs[number].replace(':', '')[-8:]}"

    def cut_power(self) -> None:
        """What was not written to the disks is lost."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
            for number in range(len(self.macs)):
                network.remove_tap(self.tap(number))

    def console_text(self) -> str:
        return self.console.read_text(encoding="utf-8", errors="replace") if self.console.exists() else ""

    def console_tail(self, lines: int = 40) -> str:
        return "\n".join(self.console_text().splitlines()[-lines:])

    # The guest agent: what Session Manager is on EC2.

    def run(self, script: str, *, seconds: float = 120, expect: int | None = 0) -> Ran:
        """Run a shell script as root inside.

        Raises:
            MachineError: the agent does not answer in time, or the exit code is another than expected.
        """
        request = {"path": "/bin/bash", "arg": ["-c", script], "capture-output": True}
        pid = self._ask("guest-exec", request)["pid"]
        deadline = time.monotonic() + seconds
        while not (status := self._ask("guest-exec-status", {"pid": pid}))["exited"]:
            if time.monotonic() > deadline:
                raise MachineError(f"{self.name}: {script!r} still runs after {seconds:.0f} s")
            time.sleep(0.3)
        output = "".join(
            base64.b64decode(status.get(key, "")).decode(errors="replace") for key in ("out-data", "err-data")
        )
        code = status.get("exitcode", -status.get("signal", 1))
        if expect is not None and code != expect:
            raise MachineError(f"{self.name}: {script!r} ended with {code}\n{output}")
        return Ran(code=code, output=output)

    def read(self, path: str) -> str:
        return self.run(f"cat {path}").output

    def answers(self) -> bool:
        """Whether the guest agent is there."""
        try:
            self._ask("guest-ping", {}, patience=5)
        except (OSError, MachineError):
            return False
        return True

    def _ask(self, command: str, arguments: dict, patience: float = 60) -> dict:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(patience)
            wire.connect(str(self.agent_path))
            # 0xff makes the agent forget half a request that somebody before may have left.
            wire.sendall(b"\xff" + json.dumps({"execute": "guest-sync", "arguments": {"id": 7}}).encode() + b"\n")
            answers = wire.makefile("rb")
            while True:
                line = self._line(answers, command)
                if line.get("return") == 7:
                    break
            wire.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
            answer = self._line(answers, command)
        if "error" in answer:
            raise MachineError(f"{self.name}: {command}: {answer['error']['desc']}")
        return answer["return"]

    def _line(self, answers, command: str) -> dict:
        try:
            line = answers.readline()
        except TimeoutError as error:
            raise MachineError(f"{self.name}: the guest agent does not answer {command}") from error
        if not line:
            raise MachineError(f"{self.name}: the guest agent hung up on {command}")
        return json.loads(line.lstrip(b"\xff") or b"{}")
