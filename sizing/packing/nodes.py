"""Nodes while they are being filled: mutable, and as plain as the inner loops need them."""

from collections.abc import Iterable, Sequence

from sizing.packing.parts import Bin, Item, Load, Part


class Filling:
    """One open node: the index of its bin, what is free, and pods by item index."""

    __slots__ = ("bin", "cpu", "memory", "pods", "slots")

    bin: int
    cpu: int
    memory: int
    slots: int
    pods: dict[int, int]

    def __init__(self, index: int, bought: Bin) -> None:
        self.bin = index
        self.cpu, self.memory, self.slots = bought.cpu, bought.memory, bought.pods
        self.pods = {}

    def room(self, index: int, item: Item) -> int:
        """How many more pods of the item fit, zone and purchase option left aside."""
        most = min(item.cap - self.pods.get(index, 0), self.slots)
        if item.cpu:
            most = min(most, self.cpu // item.cpu)
        if item.memory:
            most = min(most, self.memory // item.memory)
        return max(0, most)

    def put(self, index: int, item: Item, count: int) -> None:
        """Place pods; a negative count takes them away."""
        self.cpu -= item.cpu * count
        self.memory -= item.memory * count
        self.slots -= count
        held = self.pods.get(index, 0) + count
        if held:
            self.pods[index] = held
        else:
            del self.pods[index]


def cost(part: Part, loads: Iterable[Load]) -> int:
    """Price of all nodes, in the part's unit."""
    return sum(part.bins[index].price for index, _ in loads)


def shrink(part: Part, nodes: Sequence[Filling]) -> list[Load]:
    """Give each node the cheapest bin that holds what is on it; empty nodes vanish."""
    by_price = sorted(range(len(part.bins)), key=lambda index: (part.bins[index].price, index))
    return [(_cheapest(part, by_price, node.pods), dict(node.pods)) for node in nodes if node.pods]


def _cheapest(part: Part, by_price: Sequence[int], pods: dict[int, int]) -> int:
    items = part.items
    cpu = sum(items[index].cpu * count for index, count in pods.items())
    memory = sum(items[index].memory * count for index, count in pods.items())
    slots = sum(pods.values())
    return next(
        index
        for index in by_price
        if part.bins[index].cpu >= cpu
        and part.bins[index].memory >= memory
        and part.bins[index].pods >= slots
        and all(part.bins[index].admits(items[item]) for item in pods)
    )
