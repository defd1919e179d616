"""The plugin program: `python3 serve.py PACKAGE` serves one package and prints its port, as the engine expects."""

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from cloud import Cloud, Faults
from ledger import Ledger
from protocol import provider_pb2_grpc
from provider import Provider

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def leave_with(parent: int) -> None:
    """Ends this process when the engine that started it is gone, however it went."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(0)


def main() -> None:
    """Serves until the engine goes."""
    # The engine ends its plugins by an interrupt, after Cancel, and waits for each.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=leave_with, args=[os.getppid()], daemon=True).start()
    server = grpc.server(ThreadPoolExecutor(max_workers=32), options=UNLIMITED)
    package = sys.argv[1]
    ledger = Ledger(package, Cloud(Path(os.environ["DOUBLE_CLOUD"])), Faults.from_environment())
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(package, ledger), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # noqa: T201 - the engine reads the port from standard output
    server.wait_for_termination()


main()
