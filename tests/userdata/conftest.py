"""Machines for the node programs, and the user data of the stacks."""

import subprocess

import pytest
from node_fakes import Aws, Node, with_programs

from userdata import render


@pytest.fixture
def aws():
    server = Aws()
    yield server
    server.close()


@pytest.fixture
def new_node(tmp_path, aws):
    """Makes machines: `new_node(user_data, NAME=value)`, with settings on top of the rendered ones."""
    made = []

    def make(user_data, *, watched=False, **settings):
        node = Node(tmp_path / f"node-{len(made)}", user_data, aws, watched=watched, **settings)
        made.append(node)
        return node

    return make


@pytest.fixture(scope="session")
def control_plane(dev_plan):
    return render.control_plane(dev_plan, "a")


@pytest.fixture(scope="session")
def slot(dev_plan):
    """The control plane with the programs that it fetches."""
    return with_programs(dev_plan, "a")


@pytest.fixture(scope="session")
def worker(dev_plan):
    return render.worker(dev_plan, "planner")


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    """A certificate authority for what kubeadm would have made."""
    folder = tmp_path_factory.mktemp("ca")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=kubernetes -keyout ca.key -out ca.crt"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder / "ca.crt"
