"""Read what was applied: from the outputs, the function's settings and AWS's own answers."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from toolkit.proofs import personal_data, web_acl
from toolkit.proofs.applied import Applied, Gap, holds, number
from toolkit.proofs.deployment import Deployment
from toolkit.proofs.errors import CREDENTIALS, CannotAskError, RemovedError, tells_nothing
from toolkit.tokens import asked_for

NEEDED = frozenset(
    {
        *("alarm_name_prefix", "alias_arn", "api_id", "api_key_ids", "clients", "deny_policy_arn"),
        *("execution_role_arn", "function_name", "trail_arn", "trail_bucket"),
        "watched_trail_log_group_name",
        *("guardrail_id", "guardrail_version", "log_groups", "region", "stage_name"),
        *("usage_plan_id", "web_acl_arn"),
    }
)

Values = dict[str, Any]
READERS: list[tuple[tuple[str, ...], Callable[[Deployment, Values], Values]]] = []


def reads[T: Callable[[Deployment, Values], Values]](names: str) -> Callable[[T], T]:
    """Register a reader and the names that it reads; a name without a value becomes a Gap."""

    def noted(reader: T) -> T:
        READERS.append((tuple(names.split()), reader))
        return reader

    return noted


def read(deployment: Deployment, origin: str | None = None) -> Applied:
    """Read all values that proofs may name. Never raises: an unreadable value raises when used."""
    values: Values = {}
    if deployment.client is None:
        values |= {name: Gap(CREDENTIALS, removed=False) for name in readable()}
        values |= _headers(sign_in=bool(deployment.token))
        values["origin"] = Gap(f"give --origin; or {CREDENTIALS}", removed=False)
    else:
        for names, reader in READERS:
            values |= _read(names, partial(reader, deployment, values))
    if origin:
        values["origin"] = origin
    keys = values.pop("keys", {})
    return Applied(values, keys if isinstance(keys, dict) else {})


def _read(names: Sequence[str], reader: Callable[[], Values]) -> Values:
    try:
        values = reader()
    except (CannotAskError, RemovedError) as error:
        gap = Gap(str(error), removed=isinstance(error, RemovedError))
        return dict.fromkeys(names, gap)
    except Exception as error:  # noqa: BLE001 - whatever AWS answers, the run goes on
        if hasattr(error, "response") or type(error).__module__.startswith("botocore"):
            gap = Gap(f"not read: {error}", removed=not tells_nothing(error))
        else:
            gap = Gap(f"what AWS says has another shape than was expected: {error!r}")
        return dict.fromkeys(names, gap)
    missing = {name: Gap(f"AWS names no {name.replace('_', ' ')}") for name in names}
    return missing | {name: value for name, value in values.items() if value is not None}


# The outputs, and what is made of them


@reads(
    "account alarms alerts_topic_arn alias_arn api_id api_log_group bedrock "
    "deny_policy_arn execution_role execution_role_arn function_log_group "
    "function_name guardrail_arn guardrail_id guardrail_version iam "
    "invocations_log_group logs name partition region stage_arn stage_name "
    "trail_log_group usage_plan_id waf_log_group watched_trail_log_group web_acl_arn"
)
def _outputs(deployment: Deployment, _: Values) -> Values:
    outputs = deployment.outputs
    if missing := sorted(NEEDED - set(outputs)):
        raise CannotAskError(f"the output `deployment` lacks {', '.join(missing)}")
    texts = {name: value for name, value in outputs.items() if isinstance(value, str)}
    region, alias = outputs["region"], outputs["alias_arn"].split(":")
    partition, account, function = alias[1], alias[4], outputs["function_name"]
    bedrock, iam = f"arn:{partition}:bedrock:{region}:{account}", f"arn:{partition}:iam::{account}"
    api = f"arn:{partition}:apigateway:{region}::/restapis/{outputs['api_id']}"
    unmanaged = Gap("this environment does not manage it: its log group is null", removed=False)
    logs = {
        f"{log}_log_group": unmanaged if group is None else group
        for log, group in outputs["log_groups"].items()
    }
    unwatched = Gap("this environment has no such alarms: monitoring.alarms", removed=False)
    return texts | {
        "account": account,
        "alarms": outputs["alarm_name_prefix"] or unwatched,
        "bedrock": bedrock,
        "execution_role": outputs["execution_role_arn"].split("/")[-1],
        "guardrail_arn": f"{bedrock}:guardrail/{outputs['guardrail_id']}",
        "iam": iam,
        "logs": f"arn:{partition}:logs:{region}:{account}:log-group",
        "name": function,
        "partition": partition,
        "stage_arn": f"{api}/stages/{outputs['stage_name']}",
        "watched_trail_log_group": outputs["watched_trail_log_group_name"] or unwatched,
        **logs,
    }


@reads("allowed_headers scopes sign_in token_use user_pools")
def _identity(deployment: Deployment, _: Values) -> Values:
    """Return whether people sign in, as the environment says: what is applied may lack it."""
    identity = deployment.outputs.get("identity")
    return _headers(sign_in=bool(identity)) | {
        "scopes": sorted(identity.get("scopes") or ()) if identity else [],
        "token_use": asked_for(identity)["token_use"] if identity else "none",
        "user_pools": sorted(identity["user_pool_arns"]) if identity else [],
    }


@reads(
    "budgets client_budget conversation_chars conversation_turns conversations memory "
    "store_failure table_arn"
)
def _memory(deployment: Deployment, values: Values) -> Values:
    """Return what the environment remembers between two requests, and where, as it says itself."""
    outputs, arn = deployment.outputs, ":".join(("arn", values["partition"], "dynamodb"))
    budget, conversation = outputs.get("budget") or {}, outputs.get("conversation") or {}
    limits = (budget.get(f"client_tokens_per_{period}") for period in ("day", "month"))
    return {
        "budgets": bool(budget),
        "client_budget": any(limits),
        "conversation_chars": conversation.get("max_chars", 0),
        "conversation_turns": conversation.get("max_turns", 0),
        "conversations": bool(conversation),
        "store_failure": budget.get("on_store_failure", "none"),
        "memory": bool(outputs.get("table_name")),
        "table_arn": f"{arn}:{values['region']}:{values['account']}:table/{values['name']}",
    }


def _headers(*, sign_in: bool) -> Values:
    own = "content-type,x-api-key"
    return {"sign_in": sign_in, "allowed_headers": f"authorization,{own}" if sign_in else own}


@reads("bucket bucket_arn trail trail_arn trail_role")
def _trail(deployment: Deployment, values: Values) -> Values:
    """Return the names of the account's singleton trail, where this environment manages it."""
    arn, bucket = deployment.outputs["trail_arn"], deployment.outputs["trail_bucket"]
    if arn is None:
        raise CannotAskError("this environment does not manage the trail")
    name = arn.rpartition("/")[2]
    return {
        "bucket": bucket,
        "bucket_arn": f"arn:{values['partition']}:s3:::{bucket}",
        "trail": name,
        "trail_arn": arn,
        "trail_role": f"{name}-trail",
    }


@reads("key_arn")
def _key(deployment: Deployment, values: Values) -> Values:
    key = deployment.aws("kms").describe_key(KeyId=f"alias/{values['name']}")
    return {"key_arn": key["KeyMetadata"]["Arn"]}


@reads("logging_role logging_role_arn")
def _logging_role(deployment: Deployment, _: Values) -> Values:
    if deployment.outputs["log_groups"].get("invocations") is None:
        raise CannotAskError("this environment does not manage the invocation log")
    logging = deployment.aws("bedrock").get_model_invocation_logging_configuration()
    arn = logging["loggingConfig"]["cloudWatchConfig"]["roleArn"]
    return {"logging_role_arn": arn, "logging_role": arn.rpartition("/")[2]}


@reads("api_log_role api_log_role_arn")
def _api_role(deployment: Deployment, _: Values) -> Values:
    arn = deployment.aws("apigateway").get_account()["cloudwatchRoleArn"]
    return {"api_log_role_arn": arn, "api_log_role": arn.rpartition("/")[2]}


# The function and its model


@reads(
    "blocked_message function_version further_origins log_level message_chars origin profile "
    "screening_mode"
)
def _function(deployment: Deployment, _: Values) -> Values:
    arn = deployment.outputs["alias_arn"]
    configuration = deployment.aws("lambda").get_function_configuration(FunctionName=arn)
    variables = configuration["Environment"]["Variables"]
    chars = variables.get("MAX_MESSAGE_CHARS")
    return {
        "blocked_message": variables.get("BLOCKED_MESSAGE"),
        "further_origins": [
            {"further_origin": one} for one in variables.get("FURTHER_ORIGINS", "").split()
        ],
        "function_version": configuration.get("Version"),
        "log_level": (configuration.get("LoggingConfig") or {}).get("ApplicationLogLevel"),
        "message_chars": int(chars) if chars else None,
        "origin": variables.get("ALLOWED_ORIGIN"),
        "profile": variables.get("MODEL_ID"),
        "screening_mode": variables.get("SCREENING_MODE"),
    }


@reads("destinations elsewhere model profile_arn")
def _model(deployment: Deployment, values: Values) -> Values:
    """Return where the profile routes to, as AWS says."""
    profile = deployment.aws("bedrock").get_inference_profile(
        inferenceProfileIdentifier=values["profile"]
    )
    arns = [model["modelArn"] for model in profile["models"]]
    regions = sorted({arn.split(":")[3] for arn in arns} - {""})
    elsewhere = ("eu-west-1", "us-west-1", "ap-south-1", "sa-east-1")
    return {
        "destinations": [{"destination": region} for region in regions],
        "elsewhere": next(region for region in elsewhere if region not in regions),
        "model": arns[0].rpartition("/")[2],
        "profile_arn": profile["inferenceProfileArn"],
    }


# The guardrail


@reads(
    "answer_filters blocked_data blocked_data_text blocked_data_values blocked_words "
    "denied_topics managed_words masked_data masked_data_text masked_data_values "
    "passing_data prompt_filters words"
)
def _guardrail(deployment: Deployment, values: Values) -> Values:
    return guardrail(
        deployment.aws("bedrock").get_guardrail(
            guardrailIdentifier=values["guardrail_id"], guardrailVersion=values["guardrail_version"]
        )
    )


def guardrail(found: Mapping[str, Any]) -> Values:
    """Return what proofs may name of a guardrail, as GetGuardrail describes it."""
    words = [word["text"] for word in _listed(found, "wordPolicy", "words")]
    topics = _listed(found, "topicPolicy", "topics")
    filters = _listed(found, "contentPolicy", "filters")
    personal = _listed(found, "sensitiveInformationPolicy", "piiEntities")
    sides = {
        f"{side}_filters": [one["type"] for one in filters if one[f"{key}Strength"] != "NONE"]
        for side, key in (("prompt", "input"), ("answer", "output"))
    }
    acts = {
        name: sorted(one["type"] for one in personal if one["action"] == action)
        for name, action in (("blocked", "BLOCK"), ("masked", "ANONYMIZE"))
    }
    return sides | {
        "blocked_data": acts["blocked"],
        "blocked_data_text": personal_data.text(acts["blocked"]),
        "blocked_data_values": personal_data.values(acts["blocked"]),
        "denied_topics": [{"topic": one["name"], "spoken": _spoken(one, words)} for one in topics],
        "managed_words": [one["type"] for one in _listed(found, "wordPolicy", "managedWordLists")],
        "masked_data": acts["masked"],
        "masked_data_text": personal_data.text(acts["masked"]),
        "masked_data_values": personal_data.values(acts["masked"]),
        "passing_data": sorted(set(personal_data.EXAMPLES) - {one["type"] for one in personal}),
        "words": words,
        "blocked_words": [{"word": word} for word in words],
    }


def _listed(guardrail: Mapping[str, Any], policy: str, items: str) -> list[dict[str, Any]]:
    return list((guardrail.get(policy) or {}).get(items) or ())


def _spoken(topic: Mapping[str, Any], words: Sequence[str]) -> str:
    """Return a text about a denied topic, if possible one that no blocked word gives away."""
    texts = [*(topic.get("examples") or ()), topic["definition"]]
    return str(next((text for text in texts if not holds(words, text)), texts[0]))


# The edge


@reads(
    "body_bytes counted_rules group_modes injection_mode inspected_bytes ip_reputation "
    "rate_requests rate_seconds"
)
def _web_acl(deployment: Deployment, values: Values) -> Values:
    modes = deployment.outputs.get("managed_rule_groups") or {}
    return web_acl.settings(_applied_acl(deployment, values), modes)


@reads("allowed_address exempt_address")
def _addresses(deployment: Deployment, values: Values) -> Values:
    return web_acl.addresses(_applied_acl(deployment, values), deployment.aws("wafv2"))


@reads("own_patterns transformations")
def _patterns(deployment: Deployment, values: Values) -> Values:
    return web_acl.patterns(_applied_acl(deployment, values), deployment.aws("wafv2"))


def _applied_acl(deployment: Deployment, values: Values) -> Mapping[str, Any]:
    edge = deployment.aws("wafv2")
    acl = edge.get_web_acl_for_resource(ResourceArn=values["stage_arn"]).get("WebACL")
    if not acl:
        raise RemovedError("there is no web ACL in front of the stage")
    found: Mapping[str, Any] = acl
    return found


# The plan and its clients


@reads("burst_of_all flood quota_limit quota_period rate_limit rate_of_all")
def _plan(deployment: Deployment, values: Values) -> Values:
    gateway = deployment.aws("apigateway")
    plan = gateway.get_usage_plan(usagePlanId=values["usage_plan_id"])
    throttle, quota = plan.get("throttle") or {}, plan.get("quota") or {}
    burst, rate = number(throttle.get("burstLimit")), number(throttle.get("rateLimit"))
    # Of every key: a client that moves from one to another has two.
    limits = [
        gateway.get_usage_plan(usagePlanId=client["usage_plan_id"]).get("throttle") or {}
        for client in deployment.outputs["clients"].values()
        for _ in client["api_key_ids"]
    ]
    return {
        "burst_of_all": sum(number(one.get("burstLimit")) or 0 for one in limits) or None,
        "flood": 3 * burst + 15 if burst else None,
        "quota_limit": number(quota.get("limit")),
        "quota_period": quota.get("period"),
        "rate_limit": rate,
        "rate_of_all": sum(number(one.get("rateLimit")) or 0 for one in limits) or None,
    }


@reads("client_keys disabled_clients keys")
def _clients(deployment: Deployment, _: Values) -> Values:
    gateway = deployment.aws("apigateway")
    key_ids = {
        client: gateway.get_api_key(apiKey=key_id, includeValue=True)
        for client, key_id in sorted(deployment.outputs["api_key_ids"].items())
    }
    return {
        "client_keys": [
            {"client": name, "key_id": key_id, "plan_id": client["usage_plan_id"]}
            for name, client in sorted(deployment.outputs["clients"].items())
            for key_id in client["api_key_ids"]
        ],
        "disabled_clients": [
            {"client": name} for name, key in key_ids.items() if not key["enabled"]
        ],
        "keys": {name: key["value"] for name, key in key_ids.items()},
    }


def readable() -> frozenset[str]:
    """Return the placeholders that proofs may use."""
    return frozenset(name for names, _ in READERS for name in names)


# What an item of a list, named by `each`, is called.
ITEMS = {
    "blocked_words": ("word",),
    "client_keys": ("client", "key_id", "plan_id"),
    "denied_topics": ("topic", "spoken"),
    "disabled_clients": ("client",),
    "further_origins": ("further_origin",),
    "destinations": ("destination",),
}
