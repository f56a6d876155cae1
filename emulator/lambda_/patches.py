"""Changes to moto's Lambda, each with its reason."""

import json
import time
import uuid
from urllib.parse import unquote

from moto.awslambda.exceptions import ConflictException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse

from emulator.lambda_.functions import PENDING, runtime_version_arn, split_name
from emulator.lambda_.objects import uploaded
from emulator.lambda_.policies import Policies
from emulator.patching import Moto, add, patch
from emulator.wire.documents import JsonObject

# Lambda: settings that moto accepts and forgets, at creation or at an update

_FUNCTION_SETTINGS = ("DeadLetterConfig", "FileSystemConfigs", "LoggingConfig", "SnapStart")


@patch(LambdaFunction, "__init__")
def _keep_function_settings(
    original: Moto,
    function: LambdaFunction,
    account_id: str,
    spec: JsonObject,
    *rest: object,
    **kw: object,
) -> None:
    function.settings = {name: spec[name] for name in _FUNCTION_SETTINGS if spec.get(name)}
    function.revision = str(uuid.uuid4())
    region = str(kw.get("region", rest[0] if rest else ""))
    spec = spec | {"Code": uploaded(account_id, region, spec["Code"])}
    original(function, account_id, spec, *rest, **kw)


@patch(LambdaFunction, "update_configuration")
def _update_function_settings(
    original: Moto, function: LambdaFunction, updates: JsonObject
) -> object:
    # A new dictionary: published versions share the old one.
    changed = {name: updates[name] for name in _FUNCTION_SETTINGS if name in updates}
    function.settings = function.settings | changed
    function.revision = str(uuid.uuid4())
    if "TracingConfig" in updates:
        function.tracing_config = updates["TracingConfig"]
    if "KMSKeyArn" in updates:
        function.kms_key_arn = updates["KMSKeyArn"]
    if "EphemeralStorage" in updates:
        function.ephemeral_storage = updates["EphemeralStorage"]["Size"]
    return original(function, updates)


@patch(LambdaFunction, "update_function_code")
def _update_architectures(original: Moto, function: LambdaFunction, spec: JsonObject) -> object:
    function.revision = str(uuid.uuid4())
    if spec.get("Architectures"):
        function.architectures = spec["Architectures"]
    return original(function, uploaded(function.account_id, function.region, spec))


@patch(LambdaFunction, "get_configuration")
def _show_function_settings(
    original: Moto, function: LambdaFunction, *args: object, **kw: object
) -> object:
    settings = dict(function.settings)
    logging = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}"}
    logging |= settings.get("LoggingConfig") or {}
    if logging["LogFormat"] == "JSON":
        logging = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} | logging
    settings["LoggingConfig"] = logging
    apply_on = (settings.get("SnapStart") or {}).get("ApplyOn", "None")
    optimized = apply_on == "PublishedVersions" and str(function.version) != "$LATEST"
    settings["SnapStart"] = {
        "ApplyOn": apply_on,
        "OptimizationStatus": "On" if optimized else "Off",
    }
    shown = original(function, *args, **kw) | settings
    if optimized and _snapshot_pending(function):
        shown["SnapStart"]["OptimizationStatus"] = "Off"
        shown |= _CREATING
        shown.pop("LastUpdateStatus", None)  # null on record (terraform-provider-aws #43395)
    if not shown.get("Layers"):
        shown.pop("Layers", None)
    shown["RevisionId"] = function.revision
    shown["RuntimeVersionConfig"] = {
        "RuntimeVersionArn": runtime_version_arn(function.region, function.run_time)
    }
    if kw.get("on_create"):
        # On record. GetFunction says Active at once: here nothing has to be made ready.
        shown |= _CREATING
    return shown


_CREATING = {
    "State": "Pending",
    "StateReason": "The function is being created.",
    "StateReasonCode": "Creating",
}
# A snapshot takes AWS a minute or two; long enough here for whoever does not wait to be found out.
SNAPSHOT_SECONDS = 8.0


def _snapshot_pending(function: LambdaFunction) -> bool:
    return time.monotonic() - getattr(function, "published", 0.0) < SNAPSHOT_SECONDS


@patch(LambdaFunction, "set_version")
def _note_publication(original: Moto, function: LambdaFunction, version: int) -> None:
    function.published = time.monotonic()
    original(function, version)


@patch(LambdaFunction, "get_code")
def _show_zero_concurrency(original: Moto, function: LambdaFunction) -> object:
    # moto takes a reserved concurrency of 0, the switch that turns a function off, for none.
    answer = original(function)
    if function.reserved_concurrency == 0:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": 0}
    return answer


@patch(ConflictException, "__init__")
def _name_conflicts(original: Moto, error: ConflictException, message: str) -> None:
    # On record as ResourceConflictException, which is the only such error in Lambda's model.
    original(error, message)
    error.error_type = "ResourceConflictException"
    error.description = json.dumps({"__type": error.error_type, "message": message})


@patch(LambdaBackend, "list_versions_by_function")
def _know_the_function(original: Moto, backend: LambdaBackend, function_name: str) -> object:
    # moto lists no versions of a function that is not there.
    backend.get_function(function_name)
    return original(backend, function_name)


@patch(LambdaBackend, "delete_function")
def _keep_a_version_in_use(
    original: Moto, backend: LambdaBackend, function_name: str, qualifier: str | None = None
) -> None:
    # API reference, DeleteFunction: "You can't delete a function version that's referenced by an
    # alias".
    if qualifier:
        function = backend.get_function(function_name)
        for alias in backend._lambdas.list_aliases(function.function_name):
            config = alias.routing_config or {}
            weights = config.get("AdditionalVersionWeights") or {}
            if qualifier == alias.function_version or qualifier in weights:
                raise ConflictException(
                    f"Cannot delete version {qualifier}: it is referenced by the alias"
                    f" {alias.name}."
                )
    original(backend, function_name, qualifier)


# Resource policies


def _policies(
    backend: LambdaBackend, function: str, qualifier: str | None
) -> tuple[Policies, str | None]:
    """Return the policies of a function and the qualifier that is meant."""
    name, qualifier = split_name(function, qualifier)
    if qualifier:
        backend.get_function(name, qualifier)  # raises without such a version or alias
    known = backend.get_function(name)
    kept = known.__dict__.setdefault("policies", Policies(known.function_arn))
    return kept, qualifier


@add(LambdaBackend, "add_permission")
def _add_permission(
    backend: LambdaBackend, function: str, qualifier: str | None, raw: str
) -> JsonObject:
    policies, qualifier = _policies(backend, function, qualifier)
    known = backend.get_function(split_name(function, None)[0], qualifier)
    if known.get_configuration()["State"] == "Pending":
        # "Any invocations or other API actions that operate on the function version fail" (AWS
        # Lambda Developer Guide, "Lambda SnapStart and function states").
        raise ConflictException(PENDING)
    return policies.add(qualifier, json.loads(raw))


@add(LambdaResponse, "remove_permission")
def _remove_permission(response: LambdaResponse) -> object:
    *_, function, _, sid = response.path.split("?")[0].split("/")
    given = {name: values[0] for name, values in response.querystring.items()}
    policies, qualifier = _policies(response.backend, unquote(function), given.get("Qualifier"))
    policies.remove(qualifier, unquote(sid), given.get("RevisionId"))
    return 204, {"status": 204}, "{}"


@add(LambdaBackend, "get_policy")
def _get_policy(backend: LambdaBackend, function: str, qualifier: str | None = None) -> str:
    policies, qualifier = _policies(backend, function, qualifier)
    return policies.document(qualifier)
