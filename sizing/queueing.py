"""Queues: how long requests wait at a given load, and what a closed group of users can get through.

Times are in any one unit, as long as all of a call's are in the same; rates are per that unit. Sources: Erlang (1917)
for B and C; Allen, Probability, Statistics and Queueing Theory (2nd ed., 1990) for the Allen-Cunneen formula, and
Sakasegawa (1977) for the waiting probability in it; Kingman (1961) for the bound; Denning and Buzen (1978) for the laws
of closed networks.
"""

import math
from fractions import Fraction


class UnstableError(ValueError):
    """More arrives than can be served: the queue grows for ever and no mean exists."""


def erlang_b(servers: int, offered: float) -> float:
    """Share of arrivals that find all servers busy in M/M/c without a queue (blocking probability).

    The recursion over the servers stays between 0 and 1 and never forms a factorial, so it is stable for thousands.

    Args:
        servers: c.
        offered: arrival rate x mean service time, in servers (erlangs).
    """
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked


def erlang_c(servers: int, offered: float) -> float:
    """Share of arrivals that must wait in M/M/c.

    Raises:
        UnstableError: as much is offered as there are servers, or more.
    """
    if offered >= servers:
        raise UnstableError(f"{offered:g} servers' worth of work for {servers}")
    blocked = erlang_b(servers, offered)
    return servers * blocked / (servers - offered * (1 - blocked))


def mmc_response(servers: int, utilisation: float, service: float) -> float:
    """Mean response time of M/M/c: waiting and service.

    Args:
        servers: c.
        utilisation: share of time that a server is busy, below 1.
        service: mean service time.

    Raises:
        UnstableError: utilisation 1 or above.
    """
    offered = servers * utilisation
    return service + erlang_c(servers, offered) * service / (servers - offered)


def allen_cunneen_wait(
    servers: int, utilisation: float, service: float, arrival_scv: float, service_scv: float
) -> float:
    """Mean wait in G/G/c, approximately: rho^(sqrt(2(c+1))-1) / (c (1-rho)) x S x (Ca2 + Cs2) / 2.

    Args:
        servers: c.
        utilisation: rho, below 1.
        service: S, mean service time.
        arrival_scv: squared coefficient of variation of the times between arrivals; 1 for Poisson.
        service_scv: the same of service times; 0 when all are equal, 1 for exponential.

    Raises:
        UnstableError: utilisation 1 or above.
    """
    if utilisation >= 1:
        raise UnstableError(f"utilisation {utilisation:g}")
    waiting = utilisation ** (math.sqrt(2 * (servers + 1)) - 1) / (servers * (1 - utilisation))
    return waiting * service * (arrival_scv + service_scv) / 2


def kingman_wait(utilisation: float, service: float, arrival_scv: float, service_scv: float) -> float:
    """Mean wait in G/G/1 in heavy traffic: rho / (1-rho) x S x (Ca2 + Cs2) / 2; exact for M/G/1.

    Raises:
        UnstableError: utilisation 1 or above.
    """
    return allen_cunneen_wait(1, utilisation, service, arrival_scv, service_scv)


def closed_response(users: int, ceiling: float, service: float, think: float = 0) -> float:
    """Least mean response time of a closed system: R = max(S, N / X_max - Z).

    Args:
        users: N, users that each wait for an answer, think and ask again.
        ceiling: X_max, the highest throughput.
        service: S, response time of a lone request.
        think: Z, time between an answer and the next request.
    """
    return max(service, users / ceiling - think)


def closed_throughput(users: int, ceiling: float, service: float, think: float = 0) -> float:
    """Highest throughput of a closed system: X = min(X_max, N / (S + Z))."""
    return min(ceiling, users / (service + think))


def most_users(ceiling: float, response: float, think: float = 0) -> int:
    """Users that a closed system can hold within a response time: N = X_max x (R + Z), rounded down."""
    return math.floor(ceiling * (response + think))


def throughput_ceiling(
    cpu_m: int,
    cpu_ms: Fraction,
    utilisation: Fraction = Fraction(1),
    threads: tuple[int, Fraction] | None = None,
    connections: tuple[int, Fraction] | None = None,
) -> Fraction:
    """Requests per second that one pod can get through: X_max = min(vCPU x U / D, threads / hold, connections / hold).

    Args:
        cpu_m: CPU of the pod, thousandths of a vCPU.
        cpu_ms: D, vCPU-milliseconds per request.
        utilisation: U, share of the CPU that may be used.
        threads: number, and milliseconds that a request holds one; None: no such limit.
        connections: the same for database connections.
    """
    ceilings = [cpu_m * utilisation / cpu_ms]
    ceilings += [number * 1000 / hold for number, hold in (limit for limit in (threads, connections) if limit)]
    return min(ceilings)
