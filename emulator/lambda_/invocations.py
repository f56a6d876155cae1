"""Lambda's Invoke: a function is run, and its answer becomes headers and a payload."""

from urllib.parse import parse_qs

from emulator.lambda_.runtime import LambdaRuntime, check_size
from emulator.wire.call import Call
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpResponse


def check_payload(call: Call) -> None:
    """Refuse a payload that is too large, before anything else is asked. Raises AwsError."""
    check_size(call.request.body)


def invoke(call: Call, functions: LambdaRuntime) -> HttpResponse:
    """Run a function and wait for its answer. Raises AwsError for what is no such call."""
    request = call.request
    if call.operation != "Invoke":
        raise AwsError(404, "UnknownOperationException", "This is no operation of Lambda.")
    kind = request.header("x-amz-invocation-type") or "RequestResponse"
    if kind == "DryRun":
        return HttpResponse(204, (), b"")
    if kind != "RequestResponse":
        text = f"The emulator invokes functions synchronously only, not as {kind!r}."
        raise AwsError(501, "UnsupportedOperation", text)
    invocation = functions.invoke(
        call.params["FunctionName"],
        parse_qs(request.query).get("Qualifier", [None])[0],
        request.body,
        trace_header=request.header("x-amzn-trace-id"),
    )
    optional = {
        "x-amzn-ErrorType": invocation.error_type,
        "X-Amz-Executed-Version": invocation.executed_version,
        "X-Amz-Function-Error": invocation.function_error,
        "X-Amz-Log-Result": request.header("x-amz-log-type") == "Tail" and invocation.log_tail,
    }
    headers = (
        ("Content-Type", "application/json"),
        ("x-amzn-RequestId", invocation.request_id),
        *((name, value) for name, value in optional.items() if value),
    )
    return HttpResponse(invocation.status, headers, invocation.payload)
