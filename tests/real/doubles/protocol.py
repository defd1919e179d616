"""The SDK's protobuf classes without the rest of the SDK, which would double the time that a plugin takes to start."""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_package = ModuleType("pulumi_proto")
_package.__path__ = [str(Path(find_spec("pulumi").origin).parent / "runtime" / "proto")]
sys.modules["pulumi_proto"] = _package

plugin_pb2 = import_module("pulumi_proto.plugin_pb2")
provider_pb2 = import_module("pulumi_proto.provider_pb2")
provider_pb2_grpc = import_module("pulumi_proto.provider_pb2_grpc")
status_pb2 = import_module("pulumi_proto.status_pb2")
