"""What the emulator adds to moto, service by service: the one table of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from emulator.account import Account
from emulator.apigateway import refusals as apigateway_refusals
from emulator.apigateway import tags, usage_log
from emulator.apigateway.account import refuse_role
from emulator.apigateway.deployments import Deployments
from emulator.approximations import Part
from emulator.bedrock import inference_profiles
from emulator.bedrock import refusals as bedrock_refusals
from emulator.bedrock.guardrails import GuardrailApi
from emulator.cloudtrail import refusals as cloudtrail_refusals
from emulator.cloudtrail.history import public_keys
from emulator.cloudtrail.trail import Trail
from emulator.cloudwatch.alarms import Alarms
from emulator.cloudwatch.metrics import compiled
from emulator.dynamodb import refusals as dynamodb_refusals
from emulator.faults import Faults
from emulator.iam import Authorizer, simulation
from emulator.lambda_ import refusals as lambda_refusals
from emulator.lambda_.account import settings as lambda_account
from emulator.logs import refusals as logs_refusals
from emulator.s3 import refusals as s3_refusals
from emulator.sns.publishing import Publisher
from emulator.sts import refusals as sts_refusals
from emulator.waf import refusals as waf_refusals
from emulator.wire.call import Call
from emulator.wire.http import HttpResponse

Approximation = tuple[Part, str]
"""Where something differs, and what."""

Finish = Callable[[HttpResponse], None]


def _pass(_: Call) -> None:
    return None


@dataclass(frozen=True)
class Service:
    """What is added to one service.

    Attributes:
        refuse: raises AwsError for what AWS refuses, and moto does not.
        answers: operations that moto lacks; an answer of None leaves the call to moto.
        watch: called before a call is served; what it returns is called once that succeeded.
        approximations: operations that do nothing or less than AWS's, and are kept as configured.
        data_writes: operations that change data, not configuration: snapshots stay valid.
    """

    refuse: Callable[[Call], None] = _pass
    answers: Mapping[str, Callable[[Call], HttpResponse | None]] = field(default_factory=dict)
    watch: Callable[[Call], Finish | None] = _pass
    approximations: Mapping[str, Approximation] = field(default_factory=dict)
    data_writes: frozenset[str] = frozenset()


def services(
    account: Account,
    authorizer: Authorizer,
    trail: Trail,
    publisher: Publisher,
    *,
    alarms: Alarms,
    deployments: Deployments,
    faults: Faults,
) -> Mapping[str, Service]:
    """Return the table, by botocore's names of the services."""
    guardrails = GuardrailApi(account.id)
    account_id = account.id
    client = account.client
    return {
        "apigateway": Service(
            refuse=lambda call: _refuse_apigateway(call, account, authorizer),
            answers={
                "GetTags": lambda call: tags.answer(call, account_id),
                "TagResource": lambda call: tags.answer(call, account_id),
                "UntagResource": lambda call: tags.answer(call, account_id),
                "GetUsage": lambda call: usage_log.answer(call, client("apigateway")),
            },
            watch=lambda call: partial(deployments.note, call),
        ),
        "bedrock": Service(
            refuse=lambda call: bedrock_refusals.refuse(call, account, authorizer),
            answers={
                **dict.fromkeys(GuardrailApi.OPERATIONS, guardrails.answer),
                "GetInferenceProfile": lambda call: inference_profiles.answer(call, account_id),
                "ListInferenceProfiles": lambda call: inference_profiles.answer(call, account_id),
            },
            approximations={
                "CreateGuardrail": (
                    "Guardrail",
                    "topics, content filters and personal data are phrase lists",
                )
            },
        ),
        "budgets": Service(
            approximations={"CreateBudget": ("Control plane", "a budget counts no cost")}
        ),
        "cloudtrail": Service(
            refuse=lambda call: cloudtrail_refusals.refuse(call, trail, account),
            answers={
                "ListPublicKeys": lambda call: public_keys(trail.delivery.signer, call),
                "LookupEvents": trail.history.answer,
            },
        ),
        "cloudwatch": Service(
            watch=alarms.watch,
            data_writes=frozenset({"PutMetricData", "SetAlarmState"}),
        ),
        "dynamodb": Service(
            refuse=lambda call: dynamodb_refusals.refuse(call, account, authorizer, faults),
            approximations={
                "UpdateTimeToLive": ("DynamoDB", "items that have expired are not deleted")
            },
            data_writes=frozenset({"DeleteItem", "PutItem", "Query", "UpdateItem"}),
        ),
        "events": Service(data_writes=frozenset({"PutEvents"})),
        "iam": Service(
            answers={
                "SimulateCustomPolicy": lambda call: simulation.answer(call, authorizer),
                "SimulatePrincipalPolicy": lambda call: simulation.answer(call, authorizer),
            }
        ),
        "kms": Service(
            approximations={
                "CreateKey": (
                    "Control plane",
                    "keys encrypt nothing; who may use one is decided",
                )
            }
        ),
        "lambda": Service(
            refuse=lambda call: lambda_refusals.refuse(call, account, authorizer),
            answers={"GetAccountSettings": lambda _: lambda_account(client("lambda"))},
            approximations={
                "CreateFunction": (
                    "Lambda",
                    "neither the processor nor the memory of a function is limited",
                )
            },
        ),
        "logs": Service(
            refuse=lambda call: logs_refusals.refuse(call, authorizer, account_id),
            watch=lambda call: _watch_filter(call, account),
            approximations={
                "PutDataProtectionPolicy": (
                    "CloudWatch",
                    "a data protection policy masks nothing",
                )
            },
            data_writes=frozenset({"CreateLogStream", "PutLogEvents"}),
        ),
        "s3": Service(
            refuse=lambda call: s3_refusals.refuse(call, account),
            data_writes=frozenset({"PutObject"}),
        ),
        "sns": Service(
            refuse=publisher.refuse,
            watch=publisher.watch,
            approximations={
                "Subscribe": ("SNS", "mails go to the mailbox, /_aws/mailbox, and to nobody")
            },
            data_writes=frozenset({"Publish", "PublishBatch"}),
        ),
        "sts": Service(
            refuse=lambda call: sts_refusals.refuse(call, client("iam")),
            approximations={
                "AssumeRoleWithWebIdentity": (
                    "Control plane",
                    "the signature of a web identity's token is not checked; its claims are",
                )
            },
        ),
        "wafv2": Service(
            refuse=lambda call: waf_refusals.refuse(call, account),
            answers={"CheckCapacity": lambda call: waf_refusals.answer_capacity(call, account)},
        ),
        "xray": Service(data_writes=frozenset({"PutTelemetryRecords", "PutTraceSegments"})),
    }


def _refuse_apigateway(call: Call, account: Account, authorizer: Authorizer) -> None:
    if call.operation == "UpdateAccount":
        refuse_role(call, authorizer)
    else:
        apigateway_refusals.refuse(call, account)


def _watch_filter(call: Call, account: Account) -> Finish | None:
    """Note a metric filter that counts nothing, because its pattern is not known here."""
    if call.operation == "PutMetricFilter":
        try:
            compiled(call.params["filterPattern"])
        except ValueError:
            name, group = call.params["filterName"], call.params["logGroupName"]
            what = f"the metric filter {name} of {group} counts nothing"
            text = f"{what}: its pattern is not known here"
            return lambda _: account.approximations.note("CloudWatch", text)
    return None
