"""The data plane's view of the account: snapshots, clients, logs."""

import logging
import threading
from collections.abc import Callable

import pytest
from moto.logs.models import LogEvent, logs_backends

from emulator.account import Account
from emulator.cloudwatch.metrics import Metrics
from emulator.logs.patches import LOG_EVENTS_KEPT, LOG_EVENTS_OF_A_GROUP
from emulator.logs.writer import LogWriter
from emulator.wire.transport import Answer
from tests.emulator.conftest import ACCOUNT, REGION, Emulator


def account_id(answer: Answer | None = None) -> Account:
    metrics = Metrics(ACCOUNT, REGION)
    logs = LogWriter(ACCOUNT, REGION, metrics)
    return Account(ACCOUNT, REGION, "http://127.0.0.1:9", metrics=metrics, logs=logs, answer=answer)


@pytest.fixture
def account() -> Account:
    return account_id()


def test_a_snapshot_is_built_once_until_something_is_written(account: Account) -> None:
    built = iter(range(9))

    assert account.snapshot("k", lambda: next(built)) == 0
    assert account.snapshot("k", lambda: next(built)) == 0
    assert account.snapshot("other", lambda: next(built)) == 1
    account.written()
    assert account.snapshot("k", lambda: next(built)) == 2


def test_a_write_during_a_build_makes_the_next_reader_build_again(account: Account) -> None:
    def build() -> str:
        account.written()
        return "perhaps old"

    assert account.snapshot("k", build) == "perhaps old"
    assert account.snapshot("k", lambda: "new") == "new"


def test_a_failed_build_is_not_remembered(account: Account) -> None:
    def fail() -> str:
        raise KeyError("gone")

    with pytest.raises(KeyError):
        account.snapshot("k", fail)
    assert account.snapshot("k", lambda: "value") == "value"


def test_many_readers_at_once_build_once(account: Account) -> None:
    built = []
    start = threading.Barrier(8)

    def read() -> None:
        start.wait()
        account.snapshot("k", lambda: built.append(1))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [1]


def test_control_plane_writes_raise_the_generation_and_reads_do_not(emulator: Emulator) -> None:
    account, sns = emulator.server.app.door.account, emulator.client("sns")
    before = account.generation
    sns.list_topics()
    assert account.generation == before
    sns.create_topic(Name="generation")
    assert account.generation == before + 1
    logs = emulator.client("logs")
    logs.create_log_group(logGroupName="generation")
    logs.create_log_stream(logGroupName="generation", logStreamName="s")
    assert account.generation == before + 2
    # What only reads, by any verb, and what writes data and no configuration.
    cloudwatch = emulator.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "M", "Value": 1.0}])
    cloudwatch.describe_alarms()
    logs.filter_log_events(logGroupName="generation")
    logs.get_log_events(logGroupName="generation", logStreamName="s")
    emulator.client("cloudtrail").lookup_events()
    assert account.generation == before + 2


def test_clients_work_without_a_thread_of_the_server(emulator: Emulator) -> None:
    account = emulator.server.app.door.account
    emulator.client("s3").create_bucket(
        Bucket="in-process", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    offline = account_id(emulator.server.app.door)

    offline.client("s3").put_object(Bucket="in-process", Key="a b/ü", Body=b"\x00body")

    reply = account.client("s3").get_object(Bucket="in-process", Key="a b/ü")
    assert reply["Body"].read() == b"\x00body"
    assert account.client("s3") is account.client("s3")


def test_log_events_arrive_in_order_in_a_stream_made_for_them(
    emulator: Emulator, log_events: Callable[[str, str], list[str]]
) -> None:
    emulator.client("logs").create_log_group(logGroupName="/t/order")
    for number in range(50):
        emulator.server.app.door.account.logs.put("/t/order", "stream", f"event {number}")

    assert log_events("/t/order", "stream") == [f"event {number}" for number in range(50)]


def test_a_missing_log_group_is_reported_once(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    account = emulator.server.app.door.account
    with caplog.at_level(logging.WARNING, logger="emulator"):
        for _ in range(3):
            account.logs.put("/t/missing", "s", "lost")
            account.logs.flush()
    assert [record.message for record in caplog.records if "/t/missing" in record.message] == [
        "log group /t/missing does not exist: its events are dropped"
    ]


def test_a_stream_keeps_only_its_newest_events(
    emulator: Emulator, log_events: Callable[[str, str], list[str]]
) -> None:
    emulator.client("logs").create_log_group(logGroupName="/t/cap")
    for number in range(LOG_EVENTS_KEPT + 100):
        emulator.server.app.door.account.logs.put("/t/cap", "s", str(number))

    assert log_events("/t/cap", "s")[-1] == str(LOG_EVENTS_KEPT + 99)
    stream = logs_backends[ACCOUNT][REGION].groups["/t/cap"].streams["s"]
    assert len(stream.events) == LOG_EVENTS_KEPT
    assert LogEvent.instances_tracked == []


def test_many_streams_of_a_group_keep_their_newest_events_within_its_bound(
    emulator: Emulator,
) -> None:
    emulator.client("logs").create_log_group(logGroupName="/t/many")
    logs = emulator.server.app.door.account.logs
    streams = [str(name) for name in range(LOG_EVENTS_OF_A_GROUP // 100)]
    for number in range(150):
        for name in streams:
            logs.put("/t/many", name, str(number))
    logs.flush()
    kept = logs_backends[ACCOUNT][REGION].groups["/t/many"].streams
    assert sum(len(stream.events) for stream in kept.values()) == LOG_EVENTS_OF_A_GROUP
    assert all(stream.events[-1].message == "149" for stream in kept.values())


def test_each_approximation_is_reported_once(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="emulator"):
        account.approximations.note("WAF", "simpler")
        account.approximations.note("WAF", "simpler")
    assert len(caplog.records) == 1
    assert account.approximations.listed() == [{"part": "WAF", "text": "simpler"}]
