"""Somebody of the rehearsal's who reads alerts, and a clock that need not be waited for."""

import json
import urllib.request
from collections.abc import Callable

import boto3

from toolkit.mailbox import confirm, mails
from toolkit.rehearsal import Rehearsal

NAME = "chatbot-dev"
REGION = "us-east-2"
GLOBAL = f"{NAME}-{REGION}"  # of what an account has once, for all regions together
TOPICS = (f"{NAME}-alerts", f"{NAME}-alerts-watchdog")
WHO = "oncall@example.com"
# After which no alarm of five minutes rings any longer: it looks three periods back.
QUIET_SECONDS = 1300


def watched(dev: Rehearsal) -> Callable[[], None]:
    """Let somebody subscribe to both topics; return what does it again."""
    account = dev.client("sts", REGION).get_caller_identity()["Account"]

    def subscribe() -> None:
        for topic in TOPICS:
            arn = f"arn:aws:sns:{REGION}:{account}:{topic}"
            dev.client("sns", REGION).subscribe(TopicArn=arn, Protocol="email", Endpoint=WHO)
        confirm(dev.endpoint, dev.client)

    subscribe()
    return subscribe


def as_role(rehearsal: Rehearsal, arn: str, name: str) -> boto3.Session:
    """Return a session of a role, by its ARN and the name that the session gets."""
    sts = rehearsal.client("sts", REGION)
    keys = sts.assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
    return boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=REGION,
    )


def pass_time(dev: Rehearsal, seconds: float) -> None:
    """Let the trail deliver, and alarms be evaluated, so much later.

    Nobody sets the clock right again: alarms would meet what was measured ahead of it once more.
    """
    body = json.dumps({"forward_seconds": seconds}).encode()
    request = urllib.request.Request(f"{dev.endpoint}/_aws/clock", body, method="PUT")
    with urllib.request.urlopen(request, timeout=60) as reply:
        reply.read()


def quiet(dev: Rehearsal) -> None:
    """Let what was done be forgotten, so that alarms ring anew."""
    for seconds in (0, QUIET_SECONDS):
        pass_time(dev, seconds)


def mailed(dev: Rehearsal, since: int = 0) -> list[tuple[str, str]]:
    """Return topic and text of the mails that somebody got: a subject comes first, if there is one.

    The quotation marks around a template's text, which people see, are taken off.
    """
    return [
        (mail["topic"], f"{mail['subject']}\n{mail['text']}".strip('\n"'))
        for mail in mails(dev.endpoint)[since:]
        if WHO in mail["to"] and not mail["refused"]
    ]
