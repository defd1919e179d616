"""Programs and images from a mirror: its addresses and sums, the ways to fetch, and what people fill it with."""

import hashlib
import json
import re
from dataclasses import replace

import pytest
import yaml
from conftest import ROOT, dev_object, plan_of
from node_fakes import SECRETS

from components import policies
from config.schema import Mirror
from sizing.firewall import firewall_plan
from userdata import mirror, nodefiles, pins, render
from userdata.__main__ import main
from userdata.environment import CONTROL_PLANE_STEPS, WORKER_STEPS

STEP, IMAGES = "steps/artefacts.sh", "steps/images.sh"
OWN = {name: {"x86_64": hashlib.sha256(name.encode()).hexdigest()} for name in pins.image_stems("1.36.4")}


def mirrored(plan, **given):
    """The plan with a mirror."""
    machine = replace(plan.config.machine, mirror=Mirror(**given))
    return replace(plan, config=replace(plan.config, machine=machine))


def rows(user_data):
    return [line.split() for line in user_data.files[nodefiles.ARTEFACTS].content.splitlines()]


class TestRendered:
    def test_every_program_comes_from_the_mirror_under_a_name_with_version_and_architecture(self, dev_plan):
        plan = mirrored(dev_plan, address="https://mirror.example.com/node")
        upstream = rows(render.control_plane(dev_plan, "a"))
        assert [row[1] for row in rows(render.control_plane(plan, "a"))] == [
            f"https://mirror.example.com/node/{name}"
            for name in (
                "cni-plugins-1.9.1-amd64.tgz", "containerd-2.3.4-amd64.tar.gz", "crictl-1.36.0-amd64.tar.gz",
                "etcd-3.6.14-amd64.tar.gz", "kubeadm-1.36.4-amd64", "kubectl-1.36.4-amd64", "kubelet-1.36.4-amd64",
                "runc-1.4.3-amd64",
            )
        ]  # fmt: skip
        without_address = [[row[0], *row[2:]] for row in rows(render.control_plane(plan, "a"))]
        assert without_address == [[row[0], *row[2:]] for row in upstream]

    def test_a_stated_sum_takes_the_place_of_upstreams_and_no_others(self, dev_plan):
        plan = mirrored(
            dev_plan, address="s3://bucket/nodes", sums={"kubelet": {"x86_64": "1" * 64, "arm64": "2" * 64}}
        )
        before = {row[1].rsplit("/", 1)[1]: row[0] for row in rows(render.worker(dev_plan, "planner"))}
        after = {row[3]: row[0] for row in rows(render.worker(plan, "planner"))}
        assert after.pop("/usr/local/bin/kubelet") == "1" * 64
        assert set(after.values()) == set(before.values()) - {before["kubelet"]}

    @pytest.mark.row("S3-14")
    def test_each_role_imports_the_images_that_may_run_there(self, dev_plan):
        plan = mirrored(dev_plan, address="s3://bucket/nodes", sums=OWN, images=True)
        fetched = {
            name: {row[1]: row[0] for row in rows(user_data) if row[2] == "image"}
            for name, user_data in (
                ("control plane", render.control_plane(plan, "a")),
                ("worker", render.worker(plan, "planner")),
            )
        }
        names = {
            "kube-apiserver-v1.36.4", "kube-controller-manager-v1.36.4", "kube-scheduler-v1.36.4", "etcd-3.6.8-0",
            "kube-proxy-v1.36.4", "coredns-v1.14.2", "pause-3.10.2",
        }  # fmt: skip
        assert fetched["control plane"].keys() == {f"s3://bucket/nodes/images/{name}-amd64.tar" for name in names}
        assert {path.rsplit("/", 1)[1] for path in fetched["worker"]} == {
            "kube-proxy-v1.36.4-amd64.tar", "coredns-v1.14.2-amd64.tar", "pause-3.10.2-amd64.tar",
        }  # fmt: skip
        assert fetched["worker"]["s3://bucket/nodes/images/pause-3.10.2-amd64.tar"] == OWN["pause-3.10.2"]["x86_64"]

    def test_further_archives_go_to_every_node(self, dev_plan):
        plan = mirrored(
            dev_plan, address="file:///srv", archives=("calico-v3.32.1",), sums={"calico-v3.32.1": {"x86_64": "3" * 64}}
        )
        for user_data in (render.control_plane(plan, "a"), render.worker(plan, "planner")):
            assert ["3" * 64, "file:///srv/images/calico-v3.32.1-amd64.tar", "image"] in rows(user_data)

    @pytest.mark.parametrize("of_role", [CONTROL_PLANE_STEPS, WORKER_STEPS])
    def test_images_are_imported_as_soon_as_containerd_runs_and_only_where_there_are_some(self, dev_plan, of_role):
        def steps(plan):
            made = render.worker(plan, "planner") if of_role is WORKER_STEPS else render.control_plane(plan, "a")
            assert ("/usr/local/lib/groundswell/steps/images.sh" in made.files) == bool(
                plan.config.machine.mirror.images
            )
            (line,) = re.findall(r"^STEPS='(.+)'$", made.files[nodefiles.ENVIRONMENT].content, re.MULTILINE)
            return line.split()

        assert steps(mirrored(dev_plan, address="file:///srv")) == list(of_role)
        after = of_role.index("containerd") + 1
        assert steps(mirrored(dev_plan, address="file:///srv", images=True, sums=OWN)) == [
            *of_role[:after], "images", *of_role[after:],
        ]  # fmt: skip

    def test_the_sandbox_is_the_image_that_kubeadm_of_that_version_wants(self, dev_plan):
        for version, tag in (("1.36.4", "3.10.2"), ("1.35.8", "3.10.1")):
            kubernetes = replace(dev_plan.config.kubernetes, version=version)
            plan = replace(dev_plan, config=replace(dev_plan.config, kubernetes=kubernetes))
            assert f'"registry.k8s.io/pause:{tag}"' in render.worker(plan, "planner").files[
                "/etc/containerd/config.toml"
            ].content  # fmt: skip


class TestFetched:
    """The step against the small AWS, which checks signatures and answers range requests."""

    @pytest.fixture
    def node(self, new_node, dev_plan):
        plan = mirrored(dev_plan, address="file:///srv", images=True, sums=OWN)
        return new_node(render.worker(plan, "planner"), watched=True)

    def serve(self, node, aws, address, data=b"x" * 5000, kind="file /usr/local/bin/program"):
        aws.files["/bucket/nodes/program"] = aws.files["/program"] = data
        digest = hashlib.sha256(data).hexdigest()
        (node.root / "etc/groundswell/artefacts").write_text(f"{digest} {address} {kind}\n")
        return node.root / f"var/lib/groundswell/artefacts/{digest}.part"

    def test_an_object_in_s3_is_read_with_the_role_and_no_secret_is_an_argument(self, new_node, worker, aws):
        node = new_node(worker, watched=True, S3_ENDPOINT=aws.endpoint)
        self.serve(node, aws, "s3://bucket/nodes/program")
        output = node.run(STEP)
        assert (node.root / "usr/local/bin/program").read_bytes() == b"x" * 5000
        assert aws.fetched == [("/bucket/nodes/program", 0)]
        assert not [secret for secret in SECRETS if secret in output + "".join(node.calls())]

    def test_an_object_that_the_role_may_not_read_is_named_with_the_status(self, new_node, worker, aws):
        node = new_node(worker, S3_ENDPOINT=aws.endpoint)
        self.serve(node, aws, "s3://bucket/nodes/program")
        aws.files.clear()
        output = node.run(STEP, expect=1)
        assert "s3://bucket/nodes/program: curl ended with 22, HTTP 404 after 1 tries" in output
        assert "not obtained: program" in output

    def test_a_file_on_the_image_is_a_mirror_too(self, node, aws):
        (node.folder / "program").write_bytes(b"x" * 5000)
        self.serve(node, aws, f"file://{node.folder}/program")
        node.run(STEP)
        assert (node.root / "usr/local/bin/program").read_bytes() == b"x" * 5000
        assert aws.fetched == []

    def test_a_download_that_was_cut_goes_on_where_it_ended(self, node, aws):
        self.serve(node, aws, f"{aws.endpoint}/program")
        aws.cuts["/program"] = 3000
        output = node.run(STEP)
        assert aws.fetched == [("/program", 0), ("/program", 3000)]
        assert re.search(r"groundswell: program: 5000 bytes in \d+ s\n", output)

    def test_what_is_left_of_another_file_does_not_end_the_download(self, node, aws):
        """Longer than the file: the server has no continuation, and the next try begins anew."""
        part = self.serve(node, aws, f"{aws.endpoint}/program")
        part.parent.mkdir(parents=True)
        part.write_bytes(b"y" * 6000)
        node.run(STEP)
        assert aws.fetched == [("/program", 0)]

    def test_a_wrong_sum_is_refused_and_the_file_deleted_so_that_the_next_run_starts_clean(self, node, aws):
        part = self.serve(node, aws, f"{aws.endpoint}/program")
        part.parent.mkdir(parents=True)
        part.write_bytes(b"y" * 4000)
        output = node.run(STEP, expect=1)
        assert f"refused: SHA-256 of {aws.endpoint}/program is " in output
        assert not part.exists()
        aws.fetched.clear()
        node.run(STEP)
        assert aws.fetched == [("/program", 0)]

    def test_a_server_that_is_down_is_tried_five_times_and_named(self, new_node, worker, aws):
        node = new_node(worker)
        node.does("sleep", f'echo "$1" >>{node.folder}/pauses')
        self.serve(node, aws, "http://127.0.0.1:9/program")
        output = node.run(STEP, expect=1)
        assert "http://127.0.0.1:9/program: curl ended with 7, HTTP 000 after 5 tries" in output
        pauses = [int(float(line)) for line in (node.folder / "pauses").read_text().split()]
        assert pauses == [4, 8, 16, 32]

    @pytest.mark.row("S3-14")
    def test_images_are_downloaded_with_the_programs_and_imported_once_after_containerd(self, node, aws):
        part = self.serve(node, aws, f"{aws.endpoint}/program", kind="image")
        node.run(STEP)
        assert part.exists()
        node.does("ctr", f"cp $5 {node.folder}/imported")
        assert "importing program" in node.run(IMAGES)
        assert node.calls("ctr") == [f"ctr --namespace k8s.io images import {part}"]
        assert (node.folder / "imported").read_bytes() == b"x" * 5000
        assert not part.exists()
        node.run(STEP)
        node.run(IMAGES)
        assert len(node.calls("ctr")) == len(aws.fetched) == 1

    def test_an_image_that_cannot_be_imported_is_named_and_imported_later(self, node, aws):
        part = self.serve(node, aws, f"{aws.endpoint}/program", kind="image")
        node.run(STEP)
        node.does("ctr", "exit 1")
        assert "program could not be imported" in node.run(IMAGES, expect=1)
        assert part.exists()
        node.does("ctr", "exit 0")
        node.run(IMAGES)
        assert not part.exists()


class TestListing:
    def test_it_names_every_file_that_a_node_would_fetch_with_its_sum(self, ha_plan):
        plan = mirrored(ha_plan, address="https://mirror.example.com", sums=OWN, images=True)
        listed = {path: digest for digest, path, *_ in map(str.split, mirror.listing(plan).splitlines())}
        for user_data in render.every_machine(plan).values():
            for digest, address, *_ in rows(user_data):
                assert listed[address.removeprefix("https://mirror.example.com/")] == digest

    def test_both_architectures_are_listed_where_both_are_planned(self, dev_plan):
        pool = dev_plan.pools["planner"]
        arm = replace(pool, instance=replace(pool.instance, architecture="arm64"))
        listed = mirror.listing(replace(dev_plan, pools={**dev_plan.pools, "planner": arm}))
        assert len(listed.splitlines()) == 30
        assert listed.count("-arm64") == listed.count("-amd64") + len(re.findall("-linux-arm64", listed)) - len(
            re.findall("-linux-amd64", listed)
        )

    def test_the_command_lists_and_says_sums_of_what_lies_in_a_folder(self, capsys, monkeypatch, tmp_path):
        monkeypatch.chdir(ROOT)
        assert main(["mirror", "--stack", "dev"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert "images/pause-3.10.2-amd64.tar" in lines[-1]
        assert lines[-1].startswith("- ")
        (tmp_path / "images").mkdir()
        (tmp_path / "images/pause-3.10.2-amd64.tar").write_bytes(b"pause")
        assert main(["mirror", "--stack", "dev", "--sums", str(tmp_path)]) == 0
        shown = yaml.safe_load(capsys.readouterr().out)
        assert shown == {"sums": {"pause-3.10.2": {"x86_64": hashlib.sha256(b"pause").hexdigest()}}}

    def test_a_folder_without_archives_is_said(self, capsys, monkeypatch, tmp_path):
        monkeypatch.chdir(ROOT)
        assert main(["mirror", "--stack", "dev", "--sums", str(tmp_path)]) == 0
        assert capsys.readouterr().out == f"# {tmp_path}/images holds none of the archives that are listed\n"


class TestAround:
    def test_both_roles_may_read_the_mirrors_objects_and_nothing_else_of_the_bucket(self, dev_plan):
        plan = mirrored(dev_plan, address="s3://bucket/nodes")
        for policy in (policies.worker(plan, "key"), policies.control_plane(plan, "key", "key")):
            (statement,) = [entry for entry in policy["Statement"] if "s3:" in json.dumps(entry)]
            assert statement["Action"] == ["s3:GetObject"]
            assert statement["Resource"] == ["arn:aws:s3:::bucket/nodes/*"]
        for policy in (policies.worker(dev_plan, "key"), policies.control_plane(dev_plan, "key", "key")):
            assert "s3:" not in json.dumps(policy)

    @pytest.mark.parametrize(
        ("address", "opened"),
        [
            ("https://mirror.example.com/x", set()),
            ("s3://bucket", set()),
            ("http://10.9.8.7:8080/x", {("control-plane", "10.9.8.7/32", 8080), ("worker", "10.9.8.7/32", 8080)}),
            ("https://m.example.com:8443", {("control-plane", "0.0.0.0/0", 8443), ("worker", "0.0.0.0/0", 8443)}),
        ],
    )
    def test_the_firewall_opens_the_mirrors_own_port_and_no_other(self, address, opened):
        cluster = dev_object()
        before = plan_of(cluster, "dev").firewall.rules
        cluster["machine"] = {**cluster.get("machine", {}), "mirror": {"address": address}}
        plan = plan_of(cluster, "dev")
        more = set(firewall_plan(plan.config, plan.network).rules) - set(before)
        assert {(rule.source, rule.target, rule.to_port) for rule in more} == opened
