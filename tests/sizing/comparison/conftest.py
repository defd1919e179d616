"""The travel platform at its load-test target, with the assumptions that its sheet leaves open written down."""

from dataclasses import replace

import pytest
from conftest import ROOT

from config.loader import load_traffic_file
from sizing.compare import question_of
from sizing.comparison.choice import Choice
from sizing.comparison.evaluate import evaluate

FILE = ROOT / "examples/s0-stress.yaml"


@pytest.fixture(scope="session")
def stress():
    return load_traffic_file(FILE)


@pytest.fixture(scope="session")
def answer(stress):
    """Answers a choice about the file, each once: pools, tolerance, memory assumption, and further assumptions."""
    known = {}

    def ask(pools, tolerance, memory="whole", families=("c5a",), **choice):
        key = (pools, tolerance, memory, families, tuple(sorted(choice.items())))
        if key not in known:
            config = replace(stress, headroom=replace(stress.headroom, memory=memory))
            question = question_of(config, families=families)
            known[key] = evaluate(question, Choice(pools=pools, tolerance=tolerance, **choice))
        return known[key]

    return ask
