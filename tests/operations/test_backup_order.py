"""Orders to restore: what is asked, what is refused before anything is ordered, and how it is followed."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from operations.__main__ import main
from operations.backup import upkeep
from operations.backup.bucket import BackupBucket, BackupError
from operations.backup.order import Report, follow, new_order

TREE = "/groundswell/travel/control-plane"
KEY = "snapshots/recent/2026-03-01T12-00Z.db"


@pytest.fixture
def aws(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield boto3.Session(region_name="ap-northeast-2")


@pytest.fixture
def ssm(aws):
    s3, client = aws.client("s3"), aws.client("ssm")
    s3.create_bucket(Bucket="backups", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    for number, key in enumerate(("snapshots/daily/2026-02-28.db", KEY)):
        s3.put_object(Bucket="backups", Key=key, Body=b"x" * (100 + number))
    value = json.dumps({"bucket": "backups", "url": "https://backups.s3.ap-northeast-2.amazonaws.com"})
    client.put_parameter(Name=f"{TREE}/backup", Value=value, Type="String")
    return client


def restore(*arguments):
    return main(["restore", "--stack", "dev", "--deadline", "0", *arguments])


def ordered(ssm):
    try:
        return json.loads(ssm.get_parameter(Name=f"{TREE}/restore")["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        return None


def test_without_a_confirmation_it_only_says_what_would_happen(ssm, capsys):
    assert restore("--snapshot", KEY) == 2
    text = capsys.readouterr().out
    assert f"cluster travel: slot a restores s3://backups/{KEY}, 101 bytes" in text
    assert "nothing is ordered yet: add --confirm travel" in text
    assert ordered(ssm) is None


def test_a_confirmed_order_names_the_slot_the_object_and_its_time(ssm):
    assert restore("--snapshot", KEY, "--confirm", "travel") == 1  # nobody carries it out here
    order = ordered(ssm)
    assert order["id"].startswith("restore-20")
    assert (order["slot"], order["snapshot"], order["cancelled"]) == ("a", KEY, False)
    assert abs(order["ordered"] - datetime.now(UTC).timestamp()) < 600


def test_the_last_order_can_be_taken_back(ssm):
    restore("--snapshot", "own", "--confirm", "travel")
    before = ordered(ssm)
    restore("--cancel", "--confirm", "travel")
    assert ordered(ssm) == before | {"cancelled": True}


@pytest.mark.usefixtures("ssm")
@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["--slot", "b"], 2, "restore: --slot: b: not in the plan; use one of a\n"),
        (["--confirm", "trvel"], 2, "restore: --confirm: trvel: not this cluster's name; write travel\n"),
        (["--snapshot", "snapshots/x.db"], 1, "restore: s3://backups/snapshots/x.db: no such snapshot;"),
        (["--cancel"], 1, "restore: there is no order to take back\n"),
    ],
)
def test_what_cannot_be_ordered_is_refused_in_one_line(arguments, status, line, capsys):
    assert restore(*arguments) == status
    said = capsys.readouterr().err
    assert said.startswith(line)
    assert said.count("\n") == 1


def test_a_cluster_without_a_bucket_is_told_what_to_run(aws, capsys):
    assert aws
    assert restore() == 1
    assert capsys.readouterr().err == f"restore: {TREE}/backup: names no bucket; run `pulumi up`, which writes it\n"


class Listing:
    """A bucket of more than one page."""

    def __init__(self, pages):
        self.pages = pages

    def list_objects_v2(self, **arguments):
        page = int(arguments.get("ContinuationToken", 0))
        more = {"NextContinuationToken": str(page + 1)} if page + 1 < len(self.pages) else {}
        return {"Contents": self.pages[page], **more}


def test_the_newest_snapshot_is_the_one_stored_last_on_whatever_page_and_under_whatever_prefix():
    day = datetime(2026, 3, 1, tzinfo=UTC)

    def entry(key, hours):
        return {"Key": key, "Size": 1, "LastModified": day + timedelta(hours=hours)}

    pages = [[entry("snapshots/recent/z.db", 1)], [entry("snapshots/daily/a.db", 3), entry("snapshots/hourly/b.db", 2)]]
    assert BackupBucket(Listing(pages), "backups").newest().key == "snapshots/daily/a.db"
    with pytest.raises(BackupError, match="no snapshot"):
        BackupBucket(Listing([[]]), "backups").newest()


class Slots:
    """Reports that change from one question to the next, and a clock that only they move."""

    def __init__(self, *rounds):
        self.rounds, self.now, self.said = list(rounds), 0.0, []

    def ask(self):
        states = self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]
        return {slot: Report(id="x", slot=slot, state=state, phase="p") for slot, state in states.items()}

    def follow(self):
        return follow(
            self.ask, "abc", self.said.append, target="a", deadline_seconds=60, clock=lambda: self.now, sleep=self.sleep
        )

    def sleep(self, seconds):
        self.now += seconds


def test_an_order_is_followed_until_every_slot_is_done_and_each_change_is_said_once():
    slots = Slots(
        {"a": "running"}, {"a": "running"}, {"a": "done", "b": "held"}, {"a": "done", "b": "done", "c": "done"}
    )
    assert slots.follow()
    assert [line.split("slot ")[1] for line in slots.said] == [
        "a: running (p)", "a: done (p)", "b: held (p)", "b: done (p)", "c: done (p)",
    ]  # fmt: skip


def test_a_refused_snapshot_ends_it_at_once_and_a_slot_that_never_ends_is_named():
    assert not Slots({"a": "refused"}).follow()
    slots = Slots({"a": "done", "b": "running"})
    assert not slots.follow()
    assert slots.said[-1] == "not done after 60 s: slots b, c; the order stands, and they go on"


def test_orders_are_named_by_their_time():
    assert new_order("a", KEY, 1_772_366_400).id == "restore-20260301-120000"


def report(slot, **changes):
    value = {
        "slot": slot, "at": "2026-03-01T12:00:00Z", "certificates": {"/a.crt": 100 * 86400, "/b.crt": 40 * 86400},
        "snapshot": {"key": KEY, "at": 0}, "alerts": [],
        "etcd": {"members": 3, "expected": 3, "quota": 8 * 1024**3, "bytes": 64 * 1024**2, "in_use": 1, "lag": 2},
    }  # fmt: skip
    return json.dumps(value | changes)


def test_the_table_of_upkeep_shows_each_slot_and_its_alerts():
    text, alarmed = upkeep.table({"x/a": report("a"), "x/b": report("b", alerts=["too old"])}, ["a", "b"], 600)
    assert text == (
        "slot a  2026-03-01T12:00:00Z  snapshot 10 min old  certificates 39 d  etcd 3/3, 64 of 8192 MiB, lag 2\n"
        "slot b  2026-03-01T12:00:00Z  snapshot 10 min old  certificates 39 d  etcd 3/3, 64 of 8192 MiB, lag 2\n"
        "        ALERT too old\n"
    )
    assert alarmed
    assert upkeep.table({"x/a": report("a")}, ["a"], 600)[1] is False


def test_a_slot_that_reports_nothing_has_to_be_looked_at():
    text, alarmed = upkeep.table({"x/a": "{broken", "x/b": report("b")}, ["a", "b"], 600)
    assert text.startswith("slot a  reports nothing: see the journal of groundswell-metrics on it\n")
    assert alarmed
