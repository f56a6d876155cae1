"""The control plane: what moto lacks or drops, deployments, and who may do what."""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.lambda_ import patches
from tests.emulator.conftest import ACCOUNT, REGION, Emulator
from tests.emulator.shown import shows


def unique(prefix: str = "t") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def test_terraforms_key_is_the_account_itself(emulator: Emulator) -> None:
    identity = emulator.client("sts").get_caller_identity()
    assert identity["Account"] == ACCOUNT
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"


Bad = tuple[str, str, str, str, str]

BAD: list[Bad] = [
    ("logs", "Logs_20140328.CreateLogStream", "POST /", "{", "SerializationException"),
    ("logs", "Logs_20140328.CreateLogStream", "POST /", "[]", "SerializationException"),
    ("logs", "Logs_20140328.CreateLogStream", "POST /", "{}", "InvalidParameterException"),
    ("kms", "TrentService.DescribeKey", "POST /", "", "SerializationException"),
    ("kms", "TrentService.DescribeKey", "POST /", "{}", "ValidationException"),
    ("kms", "TrentService.DescribeKey", "POST /", '{"KeyId": 5}', "SerializationException"),
    ("wafv2", "AWSWAF_20190729.GetWebACL", "POST /", "[]", "SerializationException"),
    ("apigateway", "", "POST /usageplans", "{}", "ValidationException"),
    ("apigateway", "", "POST /usageplans", "{", "SerializationException"),
    ("apigateway", "", "DELETE /restapis/none", "", "NotFoundException"),
    ("lambda", "", "POST /2015-03-31/functions", "{", "InvalidRequestContentException"),
    ("lambda", "", "POST /2015-03-31/functions", "{}", "ValidationException"),
    ("bedrock", "", "PUT /logging/modelinvocations", "{}", "ValidationException"),
    (
        *("bedrock", "", "PUT /logging/modelinvocations"),
        *('{"loggingConfig": {"cloudWatchConfig": {}}}', "ValidationException"),
    ),
    ("iam", "", "POST /", "Action=GetRole&Version=2010-05-08", "ValidationError"),
    ("s3", "", "PUT /some-bucket", "<", "MalformedXML"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: " ".join(bad[:4]))
def test_a_bad_request_gets_awss_error(
    emulator: Emulator, caplog: pytest.LogCaptureFixture, bad: Bad
) -> None:
    service, target, line, body, code = bad
    scope = f"rehearsal/20260101/{REGION}/{service}/aws4_request"
    kind = "x-www-form-urlencoded" if body.startswith("Action") else "json"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Content-Type": f"application/{kind}",
        **({"X-Amz-Target": target} if target else {}),
    }
    method, path = line.split()
    answer = emulator.request(method, path, body.encode(), headers)
    assert answer.status == (404 if code == "NotFoundException" else 400), answer.body
    assert code in answer.headers.get("x-amzn-errortype", "") + answer.body.decode()
    assert not [record for record in caplog.records if record.exc_info]


def test_a_role_may_do_what_its_policies_say_and_no_more(emulator: Emulator) -> None:
    group = unique("/t/allowed")
    emulator.client("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"
    role = emulator.role(
        unique("role"), [{"Effect": "Allow", "Action": "logs:*", "Resource": [arn]}]
    )
    logs = emulator.client("logs", role)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    with pytest.raises(ClientError, match="not authorized to perform: logs:CreateLogGroup"):
        logs.create_log_group(logGroupName=unique("/t/other"))
    with pytest.raises(ClientError) as caught:
        emulator.client("sns", role).list_topics()
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


def test_an_unknown_key_may_nothing(emulator: Emulator) -> None:
    stranger = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "x"}
    with pytest.raises(ClientError, match="security token"):
        emulator.client("logs", stranger).describe_log_groups()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/no-such-role"}, "AccessDenied"),
        ({"RoleArn": "arn:aws:iam::999999999999:role/elsewhere"}, "AccessDenied"),
        ({"RoleSessionName": "with space"}, "ValidationError"),
        ({"DurationSeconds": 100_000}, "ValidationError"),
    ],
)
def test_no_session_of_what_is_not_there(
    emulator: Emulator, given: dict[str, Any], code: str
) -> None:
    role = emulator.role(unique("there"), [])["Arn"]
    request = {"RoleArn": role, "RoleSessionName": "me"} | given
    with pytest.raises(ClientError) as caught:
        emulator.client("sts").assume_role(**request)
    assert caught.value.response["Error"]["Code"] == code


# Lambda


@pytest.fixture
def function(emulator: Emulator, package: bytes) -> str:
    name = unique("function")
    role = emulator.role(unique("lambda"), [])
    emulator.client("lambda").create_function(
        FunctionName=name,
        Role=role["Arn"],
        Runtime="python3.12",
        Handler="app.handler",
        Code={"ZipFile": package},
        Publish=True,
        Architectures=["arm64"],
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "LogGroup": "/x"},
        SnapStart={"ApplyOn": "PublishedVersions"},
        TracingConfig={"Mode": "Active"},
    )
    return name


def test_a_functions_settings_are_kept(emulator: Emulator, function: str) -> None:
    lambda_ = emulator.client("lambda")
    read = lambda_.get_function_configuration(FunctionName=function)
    assert read["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "WARN",
        "SystemLogLevel": "INFO",
        "LogGroup": "/x",
    }
    assert read["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}


def test_a_version_with_snapstart_is_pending_until_its_snapshot_is_there(
    emulator: Emulator, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lambda_ = emulator.client("lambda")
    version = {"FunctionName": function, "Qualifier": "1"}
    permission = {"Action": "lambda:InvokeFunction", "Principal": ACCOUNT, "StatementId": "one"}
    monkeypatch.setattr(patches, "SNAPSHOT_SECONDS", 60.0)
    read = lambda_.get_function_configuration(**version)
    assert (read["State"], read["SnapStart"]["OptimizationStatus"]) == ("Pending", "Off")
    assert "LastUpdateStatus" not in read
    for action, given in ((lambda_.invoke, {}), (lambda_.add_permission, permission)):
        with pytest.raises(ClientError) as caught:
            action(**version, **given)
        assert caught.value.response["Error"]["Code"] == "ResourceConflictException"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert lambda_.get_function_configuration(FunctionName=function)["State"] == "Active"
    monkeypatch.setattr(patches, "SNAPSHOT_SECONDS", 0.0)
    read = lambda_.get_function_configuration(**version)
    assert (read["State"], read["SnapStart"]["OptimizationStatus"]) == ("Active", "On")
    assert read["LastUpdateStatus"] == "Successful"
    assert lambda_.invoke(**version)["StatusCode"] == 200
    lambda_.add_permission(**version, **permission)


def test_a_functions_settings_change_and_its_versions_do_not(
    emulator: Emulator, function: str, package: bytes
) -> None:
    lambda_ = emulator.client("lambda")
    lambda_.update_function_configuration(
        FunctionName=function,
        LoggingConfig={"LogFormat": "Text"},
        TracingConfig={"Mode": "PassThrough"},
        SnapStart={"ApplyOn": "None"},
        Timeout=9,
    )
    lambda_.update_function_code(FunctionName=function, ZipFile=package, Architectures=["x86_64"])
    read = lambda_.get_function_configuration(FunctionName=function)
    assert read["LoggingConfig"]["LogFormat"] == "Text"
    assert read["TracingConfig"]["Mode"] == "PassThrough"
    assert read["Architectures"] == ["x86_64"]
    old = lambda_.get_function_configuration(FunctionName=function, Qualifier="1")
    assert old["LoggingConfig"]["LogFormat"] == "JSON"
    assert old["TracingConfig"]["Mode"] == "Active"
    assert old["Architectures"] == ["arm64"]


def test_a_reserved_concurrency_of_zero_is_not_none(emulator: Emulator, function: str) -> None:
    lambda_ = emulator.client("lambda")
    lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    read = lambda_.get_function(FunctionName=function)
    assert read["Concurrency"] == {"ReservedConcurrentExecutions": 0}


def test_invoking_asks_for_leave(emulator: Emulator, function: str) -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    may = emulator.role(
        unique("may"), [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn}]
    )
    may_not = emulator.role(unique("may-not"), [])
    reply = emulator.client("lambda", may).invoke(FunctionName=function, InvocationType="DryRun")
    assert reply["StatusCode"] == 204
    with pytest.raises(ClientError, match="not authorized to perform: lambda:InvokeFunction"):
        emulator.client("lambda", may_not).invoke(FunctionName=function, InvocationType="DryRun")


def test_a_function_runs_as_a_role_that_trusts_lambda(
    emulator: Emulator, function: str, package: bytes
) -> None:
    iam, lambda_ = emulator.client("iam"), emulator.client("lambda")
    stranger = iam.create_role(
        RoleName=unique("stranger"), AssumeRolePolicyDocument=trusting("ec2.amazonaws.com")
    )["Role"]
    message = "The role defined for the function cannot be assumed by Lambda"
    with pytest.raises(ClientError, match=message) as caught:
        lambda_.create_function(
            FunctionName=unique("function"),
            Role=stranger["Arn"],
            Runtime="python3.12",
            Handler="app.handler",
            Code={"ZipFile": package},
        )
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    with pytest.raises(ClientError, match=message):
        lambda_.update_function_configuration(FunctionName=function, Role=stranger["Arn"])

    # Once made, a function starts no further worker when the trust is withdrawn.
    role = lambda_.get_function_configuration(FunctionName=function)["Role"].rpartition("/")[2]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=trusting("ec2.amazonaws.com"))
    with pytest.raises(ClientError, match=message) as caught:
        lambda_.invoke(FunctionName=function)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_lambda_sends_no_key_that_is_not_on_the_list(emulator: Emulator, function: str) -> None:
    iam, lambda_ = emulator.client("iam"), emulator.client("lambda")
    role = lambda_.get_function_configuration(FunctionName=function)["Role"].rpartition("/")[2]
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    bound = trusting("lambda.amazonaws.com", ArnLike={"aws:SourceArn": arn})
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=bound)
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        lambda_.update_function_configuration(
            FunctionName=function, Role=f"arn:aws:iam::{ACCOUNT}:role/{role}"
        )


def trusting(service: str, **condition: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    whole = statement | ({"Condition": condition} if condition else {})
    return json.dumps({"Version": "2012-10-17", "Statement": [whole]})


def test_what_is_applied_tells_what_it_will_not_do(emulator: Emulator, function: str) -> None:
    name = unique("approximate")
    group = f"/t/{name}"
    emulator.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="N",
        MetricName="M",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        Statistic="Sum",
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
    told = {
        (each["part"], each["text"])
        for each in emulator.request("GET", "/_aws/health").json()["approximations"]
    }
    assert told >= {
        ("CloudWatch", "alarms change state by SetAlarmState only"),
        ("CloudWatch", "SNS mails nothing: the emulator's log shows what it would send"),
        ("CloudWatch", "a data protection policy masks nothing"),
        (
            "CloudWatch",
            f"the metric filter words of {group} counts nothing: its pattern is not known here",
        ),
        ("Control plane", "keys encrypt nothing; who may use one is decided"),
        ("Guardrail", "topics, content filters and personal data are phrase lists"),
        ("Lambda", "neither the processor nor the memory of a function is limited"),
    }, function


# Fields and semantics of the other services


def test_log_groups_tell_their_class(emulator: Emulator) -> None:
    logs, name = emulator.client("logs"), unique("/t/class")
    logs.create_log_group(logGroupName=name, logGroupClass="INFREQUENT_ACCESS")
    [group] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert group["logGroupClass"] == "INFREQUENT_ACCESS"


def test_keys_tell_their_rotation_period(emulator: Emulator) -> None:
    kms = emulator.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 180


def test_awss_own_policies_can_be_attached(emulator: Emulator) -> None:
    iam, name = emulator.client("iam"), unique("role")
    emulator.role(name, [])
    arn = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [arn]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicy")


def test_a_bucket_policy_denies_only_what_its_condition_says(emulator: Emulator) -> None:
    s3, bucket = emulator.client("s3"), unique("bucket")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")


def test_the_object_lock_of_a_bucket_in_use_can_change(emulator: Emulator) -> None:
    s3, bucket = emulator.client("s3"), unique("locked")
    s3.create_bucket(
        Bucket=bucket,
        CreateBucketConfiguration={"LocationConstraint": REGION},
        ObjectLockEnabledForBucket=True,
    )

    def lock(rule: dict[str, Any]) -> Any:
        configuration = {"ObjectLockEnabled": "Enabled", **rule}
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=configuration)
        return s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]

    days = {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}}}
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert lock(days)["Rule"]["DefaultRetention"]["Days"] == 3
    assert "Rule" not in lock({})


def test_an_update_of_a_web_acl_removes_what_it_leaves_out(emulator: Emulator) -> None:
    waf, name = emulator.client("wafv2"), unique("acl")
    seen = {
        "SampledRequestsEnabled": False,
        "CloudWatchMetricsEnabled": False,
        "MetricName": "m",
    }
    base = {"Name": name, "Scope": "REGIONAL", "DefaultAction": {"Allow": {}}}
    rule = {
        "Name": "r",
        "Priority": 0,
        "Action": {"Block": {}},
        "Statement": {"GeoMatchStatement": {"CountryCodes": ["KP"]}},
        "VisibilityConfig": seen,
    }
    made = waf.create_web_acl(
        **base,
        VisibilityConfig=seen,
        Rules=[rule],
        CustomResponseBodies={"k": {"ContentType": "TEXT_PLAIN", "Content": "c"}},
        AssociationConfig={"RequestBody": {"API_GATEWAY": {"DefaultSizeInspectionLimit": "KB_64"}}},
    )["Summary"]
    with pytest.raises(waf.exceptions.WAFOptimisticLockException):
        waf.update_web_acl(
            **base, Id=made["Id"], LockToken=str(uuid.uuid4()), VisibilityConfig=seen
        )
    waf.update_web_acl(**base, Id=made["Id"], LockToken=made["LockToken"], VisibilityConfig=seen)
    acl = waf.get_web_acl(Name=name, Scope="REGIONAL", Id=made["Id"])["WebACL"]
    assert acl["Rules"] == []
    assert "CustomResponseBodies" not in acl
    assert "AssociationConfig" not in acl
    with pytest.raises(waf.exceptions.WAFDuplicateItemException):
        waf.create_web_acl(**base, VisibilityConfig=seen)


@shows("bedrock:PutModelInvocationLoggingConfiguration",
       "bedrock:GetModelInvocationLoggingConfiguration",
       "bedrock:DeleteModelInvocationLoggingConfiguration")  # fmt: skip
def test_invocation_logging_needs_a_role_that_may_write(emulator: Emulator) -> None:
    bedrock, group = emulator.client("bedrock"), unique("/t/invocations")
    emulator.client("logs").create_log_group(logGroupName=group)
    stream = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:*"
    may_not = emulator.role(unique("mute"), [])["Arn"]
    may = emulator.role(
        unique("logger"),
        [
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": stream,
            }
        ],
    )["Arn"]

    def configure(role: str) -> None:
        bedrock.put_model_invocation_logging_configuration(
            loggingConfig={"cloudWatchConfig": {"logGroupName": group, "roleArn": role}}
        )

    with pytest.raises(ClientError, match="Failed to validate permissions for log group"):
        configure(may_not)
    assert not bedrock.get_model_invocation_logging_configuration().get("loggingConfig")
    configure(may)
    assert bedrock.get_model_invocation_logging_configuration()["loggingConfig"]
    bedrock.delete_model_invocation_logging_configuration()


# API Gateway


@pytest.fixture
def api(emulator: Emulator) -> str:
    """Make an API with one mock method, a model and a gateway response, not deployed yet."""
    apis = emulator.client("apigateway")
    api_id: str = apis.create_rest_api(name=unique("api"))["id"]
    root = apis.get_resources(restApiId=api_id)["items"][0]["id"]
    chat = apis.create_resource(restApiId=api_id, parentId=root, pathPart="chat")["id"]
    apis.create_model(
        restApiId=api_id, name="Chat", contentType="application/json", schema='{"maxLength": 1}'
    )
    at = {"restApiId": api_id, "resourceId": chat, "httpMethod": "POST"}
    apis.put_method(
        **at, authorizationType="NONE", apiKeyRequired=True, requestModels={"$default": "Chat"}
    )
    apis.put_integration(
        **at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'}
    )
    apis.put_method_response(**at, statusCode="200")
    apis.put_integration_response(**at, statusCode="200", responseTemplates={})
    apis.put_gateway_response(restApiId=api_id, responseType="THROTTLED", statusCode="429")
    return api_id


def deploy(emulator: Emulator, api: str) -> str:
    deployment: str = emulator.client("apigateway").create_deployment(restApiId=api)["id"]
    return deployment


def chat_method(served: Mapping[str, Any]) -> dict[str, Any]:
    [resource] = [each for each in served["resources"] if each["path"] == "/chat"]
    method: dict[str, Any] = resource["resourceMethods"]["POST"]
    return method


def test_only_the_deployed_snapshot_is_served(emulator: Emulator, api: str) -> None:
    apis = emulator.client("apigateway")
    assert emulator.server.app.door.deployments.served(api, "v1") is None
    first = deploy(emulator, api)
    apis.create_stage(restApiId=api, stageName="v1", deploymentId=first)
    served = emulator.server.app.door.deployments.served(api, "v1")
    assert served is not None
    assert served["stage"]["deploymentId"] == first
    assert chat_method(served)["apiKeyRequired"] is True
    assert chat_method(served)["methodIntegration"]["type"] == "MOCK"
    assert json.loads(served["models"]["Chat"]) == {"maxLength": 1}
    assert served["gateway_responses"]["THROTTLED"]["statusCode"] == "429"

    resource = next(each["id"] for each in served["resources"] if each["path"] == "/chat")
    apis.update_method(
        restApiId=api,
        resourceId=resource,
        httpMethod="POST",
        patchOperations=[{"op": "replace", "path": "/apiKeyRequired", "value": "false"}],
    )
    apis.update_model(
        restApiId=api,
        modelName="Chat",
        patchOperations=[{"op": "replace", "path": "/schema", "value": '{"maxLength": 2}'}],
    )
    apis.delete_gateway_response(restApiId=api, responseType="THROTTLED")
    apis.update_stage(
        restApiId=api,
        stageName="v1",
        patchOperations=[{"op": "replace", "path": "/description", "value": "live"}],
    )
    served = emulator.server.app.door.deployments.served(api, "v1")
    assert served is not None
    assert chat_method(served)["apiKeyRequired"] is True
    assert "THROTTLED" in served["gateway_responses"]
    assert served["stage"]["description"] == "live"

    second = deploy(emulator, api)
    apis.update_stage(
        restApiId=api,
        stageName="v1",
        patchOperations=[{"op": "replace", "path": "/deploymentId", "value": second}],
    )
    served = emulator.server.app.door.deployments.served(api, "v1")
    assert served is not None
    assert chat_method(served)["apiKeyRequired"] is False
    assert json.loads(served["models"]["Chat"]) == {"maxLength": 2}
    assert "THROTTLED" not in served["gateway_responses"]


def test_a_deleted_api_is_served_no_more(emulator: Emulator, api: str) -> None:
    apis = emulator.client("apigateway")
    apis.create_stage(restApiId=api, stageName="v1", deploymentId=deploy(emulator, api))
    assert emulator.server.app.door.deployments.served(api, "v1") is not None
    assert emulator.server.app.door.deployments.served(api, "v2") is None
    apis.delete_rest_api(restApiId=api)
    assert emulator.server.app.door.deployments.served(api, "v1") is None


def _change(path: str, value: str | None = None, op: str = "replace") -> list[dict[str, str]]:
    return [{"op": op, "path": path} | ({} if value is None else {"value": value})]


def test_methods_and_integrations_change_in_place(emulator: Emulator, api: str) -> None:
    apis = emulator.client("apigateway")
    resources = apis.get_resources(restApiId=api)["items"]
    resource = next(each["id"] for each in resources if each["path"] == "/chat")
    at = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
    apis.update_method(**at, patchOperations=_change("/requestModels/application~1json", "Chat"))
    apis.update_method(**at, patchOperations=_change("/requestModels/$default", op="remove"))
    assert apis.get_method(**at)["requestModels"] == {"application/json": "Chat"}
    apis.update_integration(**at, patchOperations=_change("/timeoutInMillis", "1000"))
    assert apis.get_integration(**at)["timeoutInMillis"] == 1000
    header = "method.response.header.X"
    add = {"op": "add", "path": f"/responseParameters/{header}", "value": "true"}
    apis.update_method_response(**at, statusCode="200", patchOperations=[add])
    read = apis.get_method_response(**at, statusCode="200")
    assert read["responseParameters"] == {header: True}
    apis.update_integration_response(
        **at, statusCode="200", patchOperations=_change(f"/responseParameters/{header}", "'x'")
    )
    read = apis.get_integration_response(**at, statusCode="200")
    assert read["responseParameters"] == {header: "'x'"}


def test_a_missing_integration_is_not_found(emulator: Emulator, api: str) -> None:
    apis = emulator.client("apigateway")
    root = apis.get_resources(restApiId=api)["items"][0]["id"]
    at = {"restApiId": api, "resourceId": root, "httpMethod": "PATCH"}
    apis.put_method(**at, authorizationType="NONE")
    for call in (
        lambda: apis.get_integration(**at),
        lambda: apis.get_integration_response(**at, statusCode="200"),
        lambda: apis.put_integration_response(**at, statusCode="200"),
        lambda: apis.delete_integration_response(**at, statusCode="200"),
    ):
        with pytest.raises(apis.exceptions.NotFoundException, match="Invalid Integration"):
            call()  # type: ignore[no-untyped-call]  # boto3 has no types


def test_usage_plans_change_in_place(emulator: Emulator, api: str) -> None:
    apis = emulator.client("apigateway")
    apis.create_stage(restApiId=api, stageName="v1", deploymentId=deploy(emulator, api))
    plan = apis.create_usage_plan(
        name=unique("plan"),
        throttle={"rateLimit": 10.0, "burstLimit": 5},
        quota={"limit": 500, "period": "MONTH"},
        apiStages=[
            {
                "apiId": api,
                "stage": "v1",
                "throttle": {"/chat/POST": {"rateLimit": 2.0, "burstLimit": 1}},
            }
        ],
    )["id"]

    def update(path: str, value: str | None = None, op: str = "replace") -> Any:
        return apis.update_usage_plan(usagePlanId=plan, patchOperations=_change(path, value, op))

    assert update("/throttle/rateLimit", "2.5")["throttle"]["rateLimit"] == 2.5
    assert update("/quota/limit", "100")["quota"]["limit"] == 100
    throttle = f"/apiStages/{api}:v1/throttle//chat/POST"
    changed = update(f"{throttle}/rateLimit", "1.5")["apiStages"][0]["throttle"]
    assert changed == {"/chat/POST": {"rateLimit": 1.5, "burstLimit": 1}}
    assert update(throttle, op="remove")["apiStages"][0]["throttle"] == {}
    assert update("/apiStages", f"{api}:v1", op="remove")["apiStages"] == []


def test_an_api_can_be_opened_and_closed(emulator: Emulator, api: str) -> None:
    apis = emulator.client("apigateway")
    for value in ("true", "false"):
        read = apis.update_rest_api(
            restApiId=api, patchOperations=_change("/disableExecuteApiEndpoint", value)
        )
        assert read["disableExecuteApiEndpoint"] is (value == "true")


def test_the_value_of_an_api_key_is_told_only_on_demand(emulator: Emulator) -> None:
    apis = emulator.client("apigateway")
    made = apis.create_api_key(name=unique("key"), enabled=True)
    assert len(made["value"]) >= 20
    assert "value" not in apis.get_api_key(apiKey=made["id"])
    assert apis.get_api_key(apiKey=made["id"], includeValue=True)["value"] == made["value"]


# The trail


def test_calls_of_the_control_plane_are_recorded_with_their_caller(
    emulator: Emulator, log_events: Callable[[str, str], list[str]]
) -> None:
    name = unique("trail")
    s3, logs, trails = (emulator.client(each) for each in ("s3", "logs", "cloudtrail"))
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    write = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    write |= {"Action": "s3:*", "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]}
    s3.put_bucket_policy(
        Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [write]})
    )
    logs.create_log_group(logGroupName=name)
    stream = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:log-stream:*"
    role = emulator.client("iam").create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudtrail.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )["Role"]["Arn"]
    emulator.client("iam").put_role_policy(
        RoleName=name,
        PolicyName="logs",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": stream}],
            }
        ),
    )
    trails.create_trail(
        Name=name,
        S3BucketName=name,
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*",
        CloudWatchLogsRoleArn=role,
    )
    trails.start_logging(Name=name)
    emulator.client("sns").create_topic(Name=name)
    nobody = emulator.role(unique("nobody"), [])
    with pytest.raises(ClientError):
        emulator.client("kms", nobody).list_keys()
    with pytest.raises(ClientError, match="security token"):  # somebody who only knows its key id
        emulator.client("kms", nobody | {"SessionToken": "made-up"}).list_aliases()
    trails.stop_logging(Name=name)
    emulator.server.app.door.trail.flush()

    records = [json.loads(each) for each in log_events(name, f"{ACCOUNT}_CloudTrail_{REGION}")]
    by_name = {record["eventName"]: record for record in records}
    assert by_name["CreateTopic"]["userIdentity"]["arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert by_name["ListKeys"]["errorCode"] == "AccessDenied"
    assert ":assumed-role/nobody-" in by_name["ListKeys"]["userIdentity"]["arn"]
    assert "StopLogging" in by_name
    assert "ListAliases" not in by_name
