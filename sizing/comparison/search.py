"""Looks for the numbers of users at which pods, and with them machines, change."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Final

from sizing.comparison.choice import Choice
from sizing.comparison.evaluate import Answer, Question, evaluate
from sizing.comparison.load import ServiceLoad, service_loads
from sizing.comparison.scaling import at_users

Pods = tuple[tuple[int, int], ...]
"""For every service: pods that the peak needs, and pods that must be left after a loss."""

TRIED_ONE_BY_ONE: Final = 8
"""Changes of pods that are packed in turn before bisection takes over."""


class Search:
    """Pods and machines at any number of users, each worked out once."""

    def __init__(self, question: Question, choice: Choice, progress: Callable[[int], None] = lambda _: None) -> None:
        self.question = question
        self.progress = progress
        self.choice = choice
        self._pods: dict[int, Pods] = {}
        self._loads: dict[int, Mapping[str, ServiceLoad]] = {}
        self._answers: dict[Pods, Answer] = {}

    def loads(self, users: int) -> Mapping[str, ServiceLoad]:
        """The load of every service at so many users."""
        if users not in self._loads:
            config = at_users(self.question.config, users)
            requests = {name: load.pod for name, load in self.question.services.items()}
            self._loads[users] = service_loads(config, requests, config.traffic.basis)
        return self._loads[users]

    def pods(self, users: int) -> Pods:
        """Pods that the services need at so many users."""
        if users not in self._pods:
            asked = self.question
            loads = self.loads(users).values()
            self._pods[users] = tuple((load.pods_for(asked.peak), load.pods_for(asked.failed)) for load in loads)
        return self._pods[users]

    def answer(self, users: int) -> Answer:
        """The cheapest machines for so many users."""
        key = self.pods(users)
        if key not in self._answers:
            self.progress(users)
            self._answers[key] = evaluate(replace(self.question, services=self.loads(users)), self.choice)
        return self._answers[key]

    def next_change(self, users: int, last: int) -> int | None:
        """The least number of users above `users` with other pods; None when there is none up to `last`.

        Pods never fall when users grow, so that "other pods" is monotone and bisection is exact.
        """
        here = self.pods(users)
        if self.pods(last) == here:
            return None
        low, high = users, last
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.pods(middle) == here else (low, middle)
        return high

    def growth(self, first: int, last: int) -> int:
        """Further pods at the peak, over all services: an upper limit of the changes, but for those after a loss."""
        return sum(more[0] - less[0] for less, more in zip(self.pods(first), self.pods(last), strict=True))

    def changes(self, first: int, last: int, most: int) -> Iterator[int]:
        """Numbers of users at which pods change, at most so many."""
        users: int | None = first
        for _ in range(most):
            users = self.next_change(users, last)
            if users is None:
                return
            yield users

    def listed(self, first: int, changes: list[int]) -> Iterator[tuple[int, bool]]:
        """The first point, and every change of pods that changes machines too."""
        yield first, False
        before = first
        for users in changes:
            if self.machines(users) != self.machines(before):
                yield users, True
            before = users

    def sampled(self, points: tuple[int, ...]) -> Iterator[tuple[int, bool]]:
        """Points of the grid, and between two with different machines the exact number at which they change."""
        yield points[0], False
        for left, right in pairwise(points):
            if self.machines(left) == self.machines(right):
                continue
            change = self.first_change(left, right)
            yield change, True
            if self.machines(change) != self.machines(right):
                yield right, False

    def first_change(self, left: int, right: int) -> int:
        """The least number of users above `left` with other machines; there are some at `right`.

        The next changes of pods are tried one by one; where machines outlive all of those, bisection finds a change.
        """
        users = left
        for _ in range(TRIED_ONE_BY_ONE):
            following = self.next_change(users, right)
            if following is None:
                break
            users = following
            if self.machines(users) != self.machines(left):
                return users
        low, high = users, right
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.machines(middle) == self.machines(left) else (low, middle)
        return high

    def machines(self, users: int) -> tuple[object, ...]:
        """What makes two plans the same: their machines, or the reason why there are none."""
        answer = self.answer(users)
        return (tuple(answer.nodes.items()), answer.refused)
