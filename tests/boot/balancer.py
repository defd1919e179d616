"""What stands in for the internal network load balancer: TCP to a slot whose API server is ready."""

import select
import socket
import ssl
import threading
import time
import urllib.request

from boot.network import LOAD_BALANCER

CHECK_SECONDS = 5


class Balancer:
    """Forwards port 6443 to the slots that answer `/readyz`; connections of one that fails are closed."""

    def __init__(self, targets: tuple[str, ...]):
        self.targets, self.healthy = targets, set()
        self.listener = socket.create_server((LOAD_BALANCER, 6443))
        for work in (self._check, self._accept):
            threading.Thread(target=work, daemon=True).start()

    def _check(self) -> None:
        trusting = ssl._create_unverified_context()  # noqa: S323 - a load balancer verifies no target either
        while self.listener.fileno() >= 0:
            for target in self.targets:
                try:
                    with urllib.request.urlopen(f"https://{target}:6443/readyz", timeout=4, context=trusting) as answer:
                        (self.healthy.add if answer.status == 200 else self.healthy.discard)(target)
                except OSError:
                    self.healthy.discard(target)
            time.sleep(CHECK_SECONDS)

    def _accept(self) -> None:
        turn = 0
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            ready = sorted(self.healthy)
            if not ready:
                client.close()
                continue
            turn += 1
            threading.Thread(target=self._forward, args=(client, ready[turn % len(ready)]), daemon=True).start()

    def _forward(self, client: socket.socket, target: str) -> None:
        try:
            with client, socket.create_connection((target, 6443), timeout=10) as server:
                pair = {client: server, server: client}
                while target in self.healthy:
                    for ready in select.select(list(pair), [], [], 1)[0]:
                        data = ready.recv(65536)
                        if not data:
                            return
                        pair[ready].sendall(data)
        except OSError:
            return

    def close(self) -> None:
        self.listener.close()
