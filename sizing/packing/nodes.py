"""Nodes while they are being filled: mutable, and as plain as the inner loops need them."""

from collections.abc import Iterable, Mapping, Sequence

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


def filled(part: Part, loads: Iterable[Load]) -> list[Filling]:
    """Open the nodes of a packing again."""
    nodes: list[Filling] = []
    for index, pods in loads:
        node = Filling(index, part.bins[index])
        for item, count in pods.items():
            node.put(item, part.items[item], count)
        nodes.append(node)
    return nodes


def tightest(part: Part, nodes: Iterable[Filling], index: int, worth: tuple[float, float]) -> Filling | None:
    """Give the node with the least free, by worth, that takes one more pod of an item."""
    item = part.items[index]
    best, least = None, 0.0
    for node in nodes:
        if node.cpu < item.cpu or node.memory < item.memory or not node.slots:
            continue
        free = node.cpu * worth[0] + node.memory * worth[1]
        if best is not None and free >= least:
            continue
        if node.pods.get(index, 0) < item.cap and part.bins[node.bin].admits(item):
            best, least = node, free
    return best


def cheapest(part: Part, pods: Mapping[int, int]) -> int | None:
    """Give the cheapest bin that holds these pods; caps left aside."""
    items = part.items
    cpu = sum(items[index].cpu * count for index, count in pods.items())
    memory = sum(items[index].memory * count for index, count in pods.items())
    slots = sum(pods.values())
    for index in part.by_price:
        bought = part.bins[index]
        holds = bought.cpu >= cpu and bought.memory >= memory and bought.pods >= slots
        if holds and (part.uniform or all(bought.admits(items[item]) for item in pods)):
            return index
    return None


def cost(part: Part, loads: Iterable[Load]) -> int:
    """Price of all nodes, in the part's unit."""
    return sum(part.bins[index].price for index, _ in loads)


def shrink(part: Part, nodes: Sequence[Filling]) -> list[Load]:
    """Give each node the cheapest bin that holds what is on it; empty nodes vanish."""
    loads: list[Load] = []
    for node in nodes:
        if node.pods:
            smaller = cheapest(part, node.pods)
            loads.append((node.bin if smaller is None else smaller, dict(node.pods)))
    return loads
