"""A control plane for each stack; it lives from the first test that asks for it to the end of the session."""

from contextlib import ExitStack

import pytest
from real.api_server.world import World
from real.parts import folders_of


@pytest.fixture(scope="session", params=["dev", "ha"])
def stack(request):
    return request.param


@pytest.fixture(scope="session")
def parts():
    try:
        return folders_of("kubeadm", "kubectl", "kube-apiserver", "kube-controller-manager", "etcd")
    except FileNotFoundError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def new_world(plans, recordings, parts, tmp_path_factory):
    """Gives the world of a stack, the same one every time: pytest may go back and forth between the stacks."""
    worlds = {}
    with ExitStack() as running:

        def give(stack):
            if stack not in worlds:
                worlds[stack] = World(tmp_path_factory.mktemp(stack), plans[stack], recordings[stack], parts)
                running.enter_context(worlds[stack].api)
            return worlds[stack]

        yield give


@pytest.fixture(scope="session")
def world(new_world, stack):
    return new_world(stack)


@pytest.fixture(scope="session")
def plan(world):
    return world.api.plan


@pytest.fixture(scope="session")
def api(world):
    return world.api


@pytest.fixture(scope="session")
def definitions(world):
    return world.definitions


@pytest.fixture(scope="session")
def applied(world):
    return world.applied


@pytest.fixture(scope="session")
def cluster(world):
    return world.cluster


@pytest.fixture(scope="session")
def desk(world):
    return world.desk
