"""A provider double: the gRPC service that the engine talks to, over the SDK's own protobuf classes."""
# ruff: noqa: N802, ARG002 - the gRPC methods' own names and parameters

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import grpc
import rules
from catalogue import UnknownTypeError, render, scope, table
from cloud import Kept
from google.protobuf import empty_pb2
from ledger import Ledger, type_of
from protocol import plugin_pb2, provider_pb2, provider_pb2_grpc
from values import UNKNOWN, dump, load, plain

Kind = provider_pb2.PropertyDiff.Kind


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one package out of one cloud."""

    def __init__(self, package: str, ledger: Ledger) -> None:
        self.package = package
        self.ledger = ledger
        self.cloud = ledger.cloud
        self.configuration: Mapping[str, Any] = {}

    def Handshake(self, request, context):
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True, accept_outputs=True)

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version=version(f"pulumi-{self.package}"))

    def CheckConfig(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        """A cluster is told by its identifier, and without one by its kubeconfig; nothing else replaces a provider."""
        old, new = load(request.old_inputs or request.olds), load(request.news)
        changes = rules.difference(old, new)
        identity = "clusterIdentifier" if new.get("clusterIdentifier") else "kubeconfig"
        moved = self.package == "kubernetes" and plain(old.get(identity)) != plain(new.get(identity))
        return self._diff_response(changes, [identity] if moved else [], before=False)

    def Configure(self, request, context):
        self.configuration = load(request.args)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True, acceptOutputs=True
        )

    def Check(self, request, context):
        urn, type_ = request.urn, self._type(request, context)
        with self.cloud.locked():
            made = self.cloud.made(urn)
        inputs = rules.autoname(type_, urn, made, load(request.news), load(request.olds))
        failures = [
            provider_pb2.CheckFailure(property=key, reason=reason) for key, reason in rules.problems(type_, inputs)
        ]
        return provider_pb2.CheckResponse(inputs=dump(inputs), failures=failures)

    def Diff(self, request, context):
        """Compares inputs; what differs is shown by its path, and what forces a replacement is marked as that."""
        type_ = self._type(request, context)
        old, new = load(request.old_inputs), load(request.news)
        changes = rules.difference(old, new)
        replaces = rules.replaced(type_, old, new, self.configuration)
        self.ledger.note("diff", request, id=request.id, inputs=new, changes=changes, replaces=replaces)
        before = bool(replaces) and rules.keeps_its_name(type_, old, new)
        return self._diff_response(changes, replaces, before=before)

    @staticmethod
    def _diff_response(changes: dict[str, str], replaces: list[str], *, before: bool) -> provider_pb2.DiffResponse:
        detailed = {}
        for path, kind in changes.items():
            within = any((path + ".").startswith((f"{fixed}.", f"{fixed}[")) for fixed in replaces)
            suffix = "_REPLACE" if within or any(fixed.startswith(f"{path}.") for fixed in replaces) else ""
            detailed[path] = provider_pb2.PropertyDiff(kind=Kind.Value(kind + suffix), inputDiff=True)
        some = provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some,
            replaces=replaces,
            deleteBeforeReplace=before,
            diffs=sorted(changes),
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def Create(self, request, context):
        type_, inputs = self._type(request, context), load(request.properties)
        if request.preview:
            self.ledger.note("create", request, preview=True, inputs=inputs)
            return provider_pb2.CreateResponse(properties=dump(rules.previewed(type_, inputs)))

        def work() -> Kept:
            region = plain(self.configuration.get("region", "us-east-1"))
            names = scope(
                request.urn,
                self.cloud.make(request.urn),
                **{"region": region, "stdout": rules.stdout_for(request.urn), **inputs},
            )
            id_ = rules.identifier(type_, names, inputs)
            names["id"] = id_
            item = Kept(
                package=self.package,
                type=type_,
                urn=request.urn,
                id=id_,
                inputs=inputs,
                outputs=rules.outputs(type_, inputs, names),
            )
            rules.refuse_create(item, self.cloud.all())
            self.cloud.keep(item)
            return item

        item = self.ledger.mutate("create", request, context, inputs, work)
        return provider_pb2.CreateResponse(id=item.id, properties=dump(item.outputs))

    def Update(self, request, context):
        type_, inputs, olds = self._type(request, context), load(request.news), load(request.olds)
        bumps = rules.facts(type_).bumps
        computed = {key: value for key, value in olds.items() if key not in load(request.old_inputs)}
        if request.preview:
            self.ledger.note("update", request, id=request.id, preview=True, inputs=inputs)
            unknown = dict.fromkeys(bumps, UNKNOWN)
            return provider_pb2.UpdateResponse(properties=dump({**computed, **_without_notes(inputs), **unknown}))

        def work() -> Kept:
            bumped = {key: plain(olds[key]) + 1 for key in bumps}
            item = Kept(
                package=self.package,
                type=type_,
                urn=request.urn,
                id=request.id,
                inputs=inputs,
                outputs={**computed, **_without_notes(inputs), **bumped},
            )
            self.cloud.keep(item)
            return item

        return provider_pb2.UpdateResponse(
            properties=dump(self.ledger.mutate("update", request, context, inputs, work).outputs)
        )

    def Delete(self, request, context):
        type_ = self._type(request, context)

        def work() -> Kept | None:
            item = self.cloud.find(type_, request.id)
            if item:
                rules.refuse_delete(item, self.cloud.all())
                self.cloud.drop(type_, request.id)
            return item

        self.ledger.mutate("delete", request, context, load(request.old_inputs), work)
        return empty_pb2.Empty()

    def Read(self, request, context):
        type_ = self._type(request, context)
        with self.cloud.locked():
            item = self.cloud.find(type_, request.id)
        self.ledger.note("read", request, id=request.id, found=item is not None)
        if item is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(id=item.id, properties=dump(item.outputs), inputs=dump(item.inputs))

    def Invoke(self, request, context):
        template = table()["functions"].get(request.tok)
        if template is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the double does not answer {request.tok}")
        region = plain(self.configuration.get("region", "us-east-1"))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(dump(render(template, scope("", 0, region=region))))
        return response

    def Cancel(self, request, context):
        self.ledger.cancelled.set()
        return empty_pb2.Empty()

    def _type(self, request, context) -> str:
        type_ = type_of(request)
        try:
            rules.facts(type_)
        except UnknownTypeError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return type_


def _without_notes(inputs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if key != "__defaults"}
