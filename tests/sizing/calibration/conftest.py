"""The makers of load-test files, as fixtures of this folder."""

from load_files import gatling_log, jtl, locust, ngrinder, run, server, write

__all__ = ["gatling_log", "jtl", "locust", "ngrinder", "run", "server", "write"]
