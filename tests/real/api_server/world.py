"""One stack's control plane, filled with everything that the program declares inside the cluster."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import manifest_schemas
from real.api_server.client import until
from real.api_server.cluster import ApiServer
from real.api_server.desk import Desk
from real.api_server.objects import VOLUME_CONTROLLER, Applied, declared, definition, holds

from operations.recorder import Recording
from sizing.model import Plan


class World:
    """A step is taken when a test first asks for it, once: control plane, definitions, objects, controllers."""

    def __init__(self, folder: Path, plan: Plan, recording: Recording, tools: Mapping[str, Path]) -> None:
        self.folder, self.recording, self.tools = folder, recording, tools
        self.api = ApiServer(folder, plan, tools)

    @cached_property
    def definitions(self) -> list[str]:
        """Names of the custom resources, once they are served."""
        admin, names = self.api.admin, list[str]()
        for schema in manifest_schemas.SCHEMAS.values():
            answer = admin.apply(definition(schema))
            assert answer.accepted, answer.said
            names.append(answer.body["metadata"]["name"])
            path = admin.path_of(answer.body)
            until(lambda path=path: holds(admin.get(path), "Established"), f"{names[-1]} Established")
        return names

    @cached_property
    def applied(self) -> list[Applied]:
        """Every object applied twice, before a controller could touch it; by force only what says so."""
        assert self.definitions
        answer = self.api.admin.create(VOLUME_CONTROLLER, fieldManager="helm")
        assert answer.accepted, answer.said
        manifests = declared(self.recording, self.api.plan)
        answers = [[self._apply(each) for each in manifests] for _ in range(2)]
        return [Applied(*each) for each in zip(manifests, *answers, strict=True)]

    @cached_property
    def cluster(self) -> ApiServer:
        """The API server with every object in it and its controllers at work."""
        assert self.applied
        self.api.start_controllers()
        return self.api

    @cached_property
    def desk(self) -> Desk:
        """An operator's machine."""
        folder = self.folder / "desk"
        folder.mkdir()
        return Desk(folder, self.api, self.tools)

    def _apply(self, manifest: dict[str, Any]) -> Any:
        annotations = manifest["metadata"].get("annotations", {})
        return self.api.admin.apply(manifest, force=annotations.get("pulumi.com/patchForce") == "true")
