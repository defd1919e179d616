"""Ten machines that may all initialise, a hundred times: the claim of the real slot program has exactly one winner."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from node_fakes import Aws, Node, with_programs

from sizing.model import Plan

pytestmark = pytest.mark.real

RACERS, ROUNDS = 10, 100
NAME = "/groundswell/travel/control-plane/initialised"
PROGRAM = """#!/usr/bin/env bash
set -euo pipefail
. "$GROUNDSWELL_ROOT/usr/local/lib/groundswell/slot.sh"
credentials=$(credentials_config)
if holds_claim; then echo winner; else echo loser; fi
"""


@pytest.fixture
def aws() -> Iterator[Aws]:
    server = Aws()
    yield server
    server.close()


def test_of_ten_racers_exactly_one_wins_in_each_of_a_hundred_rounds(
    aws: Aws, plans: dict[str, Plan], tmp_path: Path
) -> None:
    nodes: list[Node] = []
    for number in range(RACERS):
        node = Node(tmp_path / f"racer-{number}", with_programs(plans["dev"], "a"), aws)
        program = node.root / "usr/local/lib/groundswell/race.sh"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        node.identify()
        (node.root / "var/lib/groundswell-data").mkdir(parents=True)
        nodes.append(node)
    winners: list[int] = []
    for _ in range(ROUNDS):
        aws.parameters.clear()
        aws.versions.clear()
        for node in nodes:
            (node.root / "var/lib/groundswell-data/claim").unlink(missing_ok=True)
        said = [process.communicate(timeout=300)[0].strip() for process in [node.start("race.sh") for node in nodes]]
        assert sorted(said) == ["loser"] * (RACERS - 1) + ["winner"]
        assert aws.versions[NAME] == 1
        winner = said.index("winner")
        claim = nodes[winner].text("/var/lib/groundswell-data/claim")
        assert json.loads(aws.parameters[NAME])["claim"] == claim
        winners.append(winner)
    assert nodes[winners[-1]].run("race.sh") == "winner\n", "the winner still holds its claim later"
    assert nodes[winners[-1] - 1].run("race.sh") == "loser\n"
    assert len(set(winners)) > 1, "it is a race: not always the same one wins"
