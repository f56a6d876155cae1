"""What is applied tells what it will not do."""

from tests.emulator.conftest import Emulator
from tests.emulator.shown import unique


def test_what_is_applied_tells_what_it_will_not_do(emulator: Emulator, package: bytes) -> None:
    name = unique("approximate")
    group = f"/t/{name}"
    emulator.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="N",
        MetricName="M",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ExtendedStatistic="p99",
        ComparisonOperator="GreaterThanThreshold",
    )
    topic = emulator.client("sns").create_topic(Name=name)["TopicArn"]
    emulator.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="a@b.example")
    logs = emulator.client("logs")
    logs.create_log_group(logGroupName=group)
    logs.put_data_protection_policy(logGroupIdentifier=group, policyDocument="{}")
    logs.put_metric_filter(
        logGroupName=group,
        filterName="words",
        filterPattern="ERROR",
        metricTransformations=[{"metricName": "M", "metricNamespace": "N", "metricValue": "1"}],
    )
    emulator.client("kms").create_key()
    emulator.client("bedrock").create_guardrail(
        name=name,
        blockedInputMessaging="no",
        blockedOutputsMessaging="no",
        wordPolicyConfig={"wordsConfig": [{"text": "x"}]},
    )
    emulator.function(name, package)
    listed = {
        (each["part"], each["text"])
        for each in emulator.request("GET", "/_aws/health").json()["approximations"]
    }
    assert listed >= {
        ("CloudWatch", "an alarm on a percentile is evaluated on the maximum"),
        ("SNS", "mails go to the mailbox, /_aws/mailbox, and to nobody"),
        ("CloudWatch", "a data protection policy masks nothing"),
        (
            "CloudWatch",
            f"the metric filter words of {group} counts nothing: its pattern is not known here",
        ),
        ("Control plane", "keys encrypt nothing; who may use one is decided"),
        ("Guardrail", "topics, content filters and personal data are phrase lists"),
        ("Lambda", "neither the processor nor the memory of a function is limited"),
    }
