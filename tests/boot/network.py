"""The network that the machines are on: one bridge in a network namespace of the tests' own.

`make test-boot` starts the tests in a fresh namespace, so nothing here reaches or changes the machine's own network,
and all of it goes with the tests' process. One /16 stands for the VPC: its subnets lie on one wire here.
"""

import json
import subprocess
from pathlib import Path

BRIDGE = "vpc"
ROUTER = "10.0.255.1"
"""The tests' own address in the VPC: gateway, name server, what stands in for AWS, and the mirror."""
METADATA = "169.254.169.254"
TIME = "169.254.169.123"
LOAD_BALANCER = "10.0.255.2"


class NotIsolatedError(RuntimeError):
    """The tests do not run in a network namespace of their own."""


def ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout


def set_up() -> None:
    """Make the bridge.

    Raises:
        NotIsolatedError: there are interfaces already: this is somebody's network.
    """
    present = {link["ifname"] for link in json.loads(ip("-json", "link", "show"))} - {"lo"}
    if present:
        raise NotIsolatedError(f"interfaces {', '.join(sorted(present))} exist: start the tests with `make test-boot`")
    ip("link", "set", "lo", "up")
    ip("link", "add", BRIDGE, "type", "bridge", "forward_delay", "0")
    for address in (f"{ROUTER}/16", f"{LOAD_BALANCER}/32", f"{METADATA}/32", f"{TIME}/32"):
        ip("address", "add", address, "dev", BRIDGE)
    ip("link", "set", BRIDGE, "up")


def tear_down() -> None:
    """Take the bridge away with everything that is on it."""
    ip("link", "delete", BRIDGE)


def add_tap(name: str) -> None:
    """One more socket of the bridge."""
    ip("tuntap", "add", name, "mode", "tap")
    ip("link", "set", name, "master", BRIDGE, "up")


def remove_tap(name: str) -> None:
    ip("link", "delete", name)


class NameServer:
    """dnsmasq: addresses by DHCP for machines that are announced, and the names that Route 53 and AWS would have."""

    def __init__(self, folder: Path, names: dict[str, str]):
        self.folder, self.names, self.process = folder, names, None
        self.hosts, self.machines = folder / "dhcp-hosts", folder / "hosts"
        self.hosts.write_text("")
        self.machines.write_text("")

    def start(self) -> None:
        arguments = [
            "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--log-facility=-",
            "--bind-interfaces", f"--listen-address={ROUTER}", f"--interface={BRIDGE}", "--except-interface=lo",
            "--user=root", "--dhcp-authoritative", f"--dhcp-leasefile={self.folder / 'leases'}",
            "--dhcp-range=10.0.0.0,static,255.255.0.0,12h", f"--dhcp-option=option:router,{ROUTER}",
            f"--dhcp-option=option:dns-server,{ROUTER}", f"--dhcp-hostsfile={self.hosts}",
            f"--addn-hosts={self.machines}",
            f"--address=/amazonaws.com/{ROUTER}", f"--host-record=mirror.internal,{ROUTER}",
            *(f"--host-record={name},{address}" for name, address in sorted(self.names.items())),
        ]  # fmt: skip
        with (self.folder / "dnsmasq.log").open("ab") as log:
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log)

    def announce(self, mac: str, address: str, name: str) -> None:
        """Give a network card its address for good, and the address its name."""
        with self.hosts.open("a") as hosts:
            hosts.write(f"{mac},{address},infinite\n")
        with self.machines.open("a") as machines:
            machines.write(f"{address} {name}\n")
        self.process.send_signal(1)  # SIGHUP: read the files anew

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
