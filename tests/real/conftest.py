"""The real parts, found once, and stacks in folders of their own."""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from real.engine import Engine
from real.parts import folders_of

PROGRAMS = Path(__file__).parent / "programs"


def built(*parts: str) -> dict[str, Path]:
    try:
        return folders_of(*parts)
    except FileNotFoundError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def tools() -> dict[str, Path]:
    return built("pulumi", "language-host")


@pytest.fixture(scope="session")
def kubeadm() -> Path:
    return built("kubeadm")["kubeadm"] / "kubeadm"


@pytest.fixture(scope="session")
def cloud_init() -> Path:
    return built("cloud-init")["cloud-init"] / "cloud-init"


@pytest.fixture(scope="session")
def passphrase() -> str:
    return secrets.token_hex(16)


@pytest.fixture(scope="session")
def new_stack(
    tools: dict[str, Path], passphrase: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Engine]:
    """Makes a stack: of groundswell, or of one of the small programs when one is named."""

    def make(
        stack: str, *, program: str = "", settings: Mapping[str, Any] | None = None, secrets: Mapping[str, str]
    ) -> Engine:
        return Engine.create(
            tmp_path_factory.mktemp(stack) / "stack",
            stack,
            tools,
            program=PROGRAMS / program if program else None,
            settings=settings,
            secrets=secrets,
            passphrase=passphrase,
        )

    return make
