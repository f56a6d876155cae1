"""The data plane's view of the account: snapshots, clients, logs."""

import logging
import threading
from collections.abc import Callable

import pytest
from moto.logs.models import LogEvent, logs_backends

from emulator.cloud import Cloud
from emulator.cloudwatch.metrics import Metrics
from emulator.logs.patches import LOG_EVENTS_KEPT
from emulator.logs.writer import LogWriter
from emulator.wire.transport import Answer
from tests.emulator.conftest import ACCOUNT, REGION, Emulator


def account(answer: Answer | None = None) -> Cloud:
    metrics = Metrics(ACCOUNT, REGION)
    logs = LogWriter(ACCOUNT, REGION, metrics)
    endpoint = "http://127.0.0.1:9"
    return Cloud(ACCOUNT, REGION, endpoint, metrics=metrics, logs=logs, answer=answer)


@pytest.fixture
def cloud() -> Cloud:
    return account()


def test_a_snapshot_is_built_once_until_something_is_written(cloud: Cloud) -> None:
    built = iter(range(9))

    assert cloud.snapshot("k", lambda: next(built)) == 0
    assert cloud.snapshot("k", lambda: next(built)) == 0
    assert cloud.snapshot("other", lambda: next(built)) == 1
    cloud.bump()
    assert cloud.snapshot("k", lambda: next(built)) == 2


def test_a_write_during_a_build_makes_the_next_reader_build_again(cloud: Cloud) -> None:
    def build() -> str:
        cloud.bump()
        return "perhaps old"

    assert cloud.snapshot("k", build) == "perhaps old"
    assert cloud.snapshot("k", lambda: "new") == "new"


def test_a_failed_build_is_not_remembered(cloud: Cloud) -> None:
    def fail() -> str:
        raise KeyError("gone")

    with pytest.raises(KeyError):
        cloud.snapshot("k", fail)
    assert cloud.snapshot("k", lambda: "value") == "value"


def test_many_readers_at_once_build_once(cloud: Cloud) -> None:
    built = []
    start = threading.Barrier(8)

    def read() -> None:
        start.wait()
        cloud.snapshot("k", lambda: built.append(1))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [1]


def test_control_plane_writes_raise_the_generation_and_reads_do_not(emulator: Emulator) -> None:
    cloud, sns = emulator.server.app.door.cloud, emulator.client("sns")
    before = cloud.generation
    sns.list_topics()
    assert cloud.generation == before
    sns.create_topic(Name="generation")
    assert cloud.generation == before + 1
    logs = emulator.client("logs")
    logs.create_log_group(logGroupName="generation")
    logs.create_log_stream(logGroupName="generation", logStreamName="s")
    assert cloud.generation == before + 2


def test_clients_work_without_a_thread_of_the_server(emulator: Emulator) -> None:
    cloud = emulator.server.app.door.cloud
    emulator.client("s3").create_bucket(
        Bucket="in-process", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    offline = account(emulator.server.app.door)

    offline.client("s3").put_object(Bucket="in-process", Key="a b/ü", Body=b"\x00body")

    reply = cloud.client("s3").get_object(Bucket="in-process", Key="a b/ü")
    assert reply["Body"].read() == b"\x00body"
    assert cloud.client("s3") is cloud.client("s3")


def test_log_events_arrive_in_order_in_a_stream_made_for_them(
    emulator: Emulator, log_events: Callable[[str, str], list[str]]
) -> None:
    emulator.client("logs").create_log_group(logGroupName="/t/order")
    for number in range(50):
        emulator.server.app.door.cloud.log("/t/order", "stream", f"event {number}")

    assert log_events("/t/order", "stream") == [f"event {number}" for number in range(50)]


def test_a_missing_log_group_is_told_once(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    cloud = emulator.server.app.door.cloud
    with caplog.at_level(logging.WARNING, logger="emulator"):
        for _ in range(3):
            cloud.log("/t/missing", "s", "lost")
            cloud.flush()
    assert [record.message for record in caplog.records if "/t/missing" in record.message] == [
        "log group /t/missing does not exist: its events are dropped"
    ]


def test_a_stream_keeps_only_its_newest_events(
    emulator: Emulator, log_events: Callable[[str, str], list[str]]
) -> None:
    emulator.client("logs").create_log_group(logGroupName="/t/cap")
    for number in range(LOG_EVENTS_KEPT + 100):
        emulator.server.app.door.cloud.log("/t/cap", "s", str(number))

    assert log_events("/t/cap", "s")[-1] == str(LOG_EVENTS_KEPT + 99)
    stream = logs_backends[ACCOUNT][REGION].groups["/t/cap"].streams["s"]
    assert len(stream.events) == LOG_EVENTS_KEPT
    assert LogEvent.instances_tracked == []


def test_each_approximation_is_told_once(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="emulator"):
        cloud.approximation("part", "simpler")
        cloud.approximation("part", "simpler")
    assert len(caplog.records) == 1
    assert cloud.approximations == [{"part": "part", "text": "simpler"}]
