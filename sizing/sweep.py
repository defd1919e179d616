"""`sweep`: the same stack from few users to many, and the exact numbers of users at which its machines change.

Machines follow from pods, and pods from users by rounding up, so a plan changes only where some service needs one more
pod. Those numbers are found by bisection on the pods alone, which costs next to nothing; only there is packed anew.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from config.schema import ClusterConfig
from sizing.compare import question_of
from sizing.comparison.choice import Choice
from sizing.comparison.evaluate import Answer, Question
from sizing.comparison.load import ServiceLoad
from sizing.comparison.scaling import base_users
from sizing.comparison.search import Search
from sizing.comparison.speed import Speeds
from sizing.packing import Effort
from sizing.pricing.price_file import PriceFile

EVERY_STEP_UP_TO: Final = 40
"""Changes of pods in a range up to which every one of them is packed; beyond, the grid's points are."""
LISTED_UP_TO: Final = 4 * EVERY_STEP_UP_TO
"""Further pods over all services from which on changes are not even counted: there are too many anyway."""
EFFORT: Final = Effort(ruins=1_000, rounds=40, dives=2, columns=1_000, nodes=10)
"""A sweep packs dozens of times: less is climbed for each, and its gap is printed with it."""
SHARED: Final = Choice(pools="shared", tolerance="none")


@dataclass(frozen=True, kw_only=True)
class Step:
    """The cheapest machines from one number of users on.

    Attributes:
        users: daily active users.
        answer: machines, pods and costs.
        exact: whether one user fewer has other machines; False for the first point and for points of the grid.
        changed: machines that came (+) and went (-) since one user fewer (exact) or the step before.
        cause: why: the services that need other pods, and what filled the machines.
    """

    users: int
    answer: Answer
    exact: bool
    changed: tuple[str, ...]
    cause: tuple[str, ...]


def sweep(
    config: ClusterConfig,
    first: int,
    last: int,
    *,
    choice: Choice = SHARED,
    points: int = 12,
    stack: str = "the stack",
    prices: PriceFile | None = None,
    speeds: Speeds = "x86-equal",
    families: tuple[str, ...] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Step, ...]:
    """Find the steps between two numbers of users.

    Where the pods change at most 40 times, every change is packed and every step is there. Elsewhere the range is cut
    at `points` numbers of users, each a constant factor above the one before; between two of them with different
    machines, the first change is found exactly, and further ones before the next point are not looked for.

    Args:
        config: a configuration that the loader has accepted.
        first: daily active users at the lower end, 1 or more.
        last: at the upper end, at least `first`.
        choice: pools, tolerance, machines and payment.
        points: numbers of users to look at where there are many changes, 2 or more.
        stack: the stack's name, for problems.
        prices: prices to use instead of the price file that the stack names.
        speeds: how vCPUs of different families compare.
        families: only these EC2 families; empty: all of the catalogue.
        progress: told the number of users that is being packed.

    Returns:
        Steps by rising users, the first at `first`. Equal input gives equal steps.

    Raises:
        ConfigError: the stack states no daily active users.
    """
    base_users(config, stack)
    question = question_of(config, prices=prices, speeds=speeds, families=families)
    search = Search(replace(question, effort=EFFORT), choice, progress)
    few = search.growth(first, last) <= LISTED_UP_TO
    changes = list(search.changes(first, last, EVERY_STEP_UP_TO + 1)) if few else []
    every = few and len(changes) <= EVERY_STEP_UP_TO
    found = list(search.listed(first, changes) if every else search.sampled(grid(first, last, points)))
    return tuple(_steps(search, found))


def grid(first: int, last: int, points: int) -> tuple[int, ...]:
    """Whole numbers from `first` to `last`, both included, a constant factor apart as nearly as whole numbers allow."""
    ratio = last / first
    inner = (round(first * ratio ** (index / (points - 1))) for index in range(1, points - 1))
    return tuple(sorted({first, *(min(max(users, first), last) for users in inner), last}))


def _steps(search: Search, found: list[tuple[int, bool]]) -> Iterator[Step]:
    previous: int | None = None
    for users, exact in found:
        # An exact step is told from the plan for one user fewer, a point of the grid from the step before it.
        before = users - 1 if exact else previous
        answer = search.answer(users)
        yield Step(
            users=users,
            answer=answer,
            exact=exact,
            changed=() if before is None else tuple(_changed(search.answer(before), answer)),
            cause=() if before is None else tuple(_cause(search, before, users)),
        )
        previous = users


def _changed(old: Answer, new: Answer) -> Iterator[str]:
    names = sorted({*old.nodes, *new.nodes})
    for name in names:
        difference = new.nodes.get(name, 0) - old.nodes.get(name, 0)
        if difference:
            yield f"{difference:+d} {name.replace(':', ' ')}"


def _cause(search: Search, before: int, users: int) -> Iterator[str]:
    """The services that need more pods than before, by what asks for them, and what filled the machines before."""
    question = search.question
    old, new = search.answer(before), search.answer(users)
    if new.refused:
        yield new.refused
        return
    loads = search.loads(users)
    for name, load in loads.items():
        had, has = old.pods.get(name, 0), new.pods.get(name, 0)
        if has != had:
            yield f"{name} {had} to {has} pods ({_reason(question, search.loads(before)[name], load)})"
    if old.fill:
        resource, share = max(old.fill.items(), key=lambda item: (item[1], item[0]))
        yield f"{resource} of the machines was {share:.0%} taken"


def _reason(question: Question, before: ServiceLoad, load: ServiceLoad) -> str:
    at_peak = load.pods_for(question.peak) != before.pods_for(question.peak)
    after_loss = load.pods_for(question.failed) != before.pods_for(question.failed)
    if at_peak:
        return f"CPU above {question.peak:.0%} at the peak"
    if after_loss:
        return f"CPU above {question.failed:.0%} after a loss"
    return "another spread over the machines"
