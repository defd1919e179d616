"""etcd quorum: how many members a cluster needs to write, and how many it may lose."""


def quorum(members: int) -> int:
    """Members that must agree on a write: N // 2 + 1.

    Args:
        members: etcd members, 1 or more.

    Raises:
        ValueError: fewer than one member.
    """
    if members < 1:
        raise ValueError(f"etcd needs at least one member, not {members}")
    return members // 2 + 1


def tolerance(members: int) -> int:
    """Members that may be lost while writes go on: N - quorum(N). An even count tolerates no more than N - 1 does."""
    return members - quorum(members)
