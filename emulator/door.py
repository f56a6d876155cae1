"""The one door: a request becomes one call, and walks a list of steps until one answers it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from emulator import operations
from emulator.account import Account
from emulator.apigateway.deployments import Deployments
from emulator.apigateway.gateway import ExecuteApi
from emulator.bedrock import conversation
from emulator.bedrock.model import SCRIPT
from emulator.bedrock.model_server import ModelServer
from emulator.bedrock.runtime import BedrockRuntime
from emulator.cloudtrail.trail import Trail
from emulator.cloudwatch.alarms import Alarms
from emulator.cloudwatch.clock import Clock
from emulator.cloudwatch.metrics import Metrics
from emulator.cognito import pools
from emulator.console import Console, opens
from emulator.events.rules import Rules
from emulator.faults import Faults
from emulator.iam import Authorizer
from emulator.lambda_ import LambdaRuntime, invocations
from emulator.logs.writer import LogWriter
from emulator.moto_server import MotoServer
from emulator.services import Service, services
from emulator.sns.publishing import Publisher
from emulator.waf import Waf
from emulator.wire.call import Call
from emulator.wire.errors import AwsError, render
from emulator.wire.http import HttpRequest, HttpResponse, json_response
from emulator.wire.operations import recognize
from emulator.wire.origin import custom_host, is_of_a_web_page, is_of_the_console
from emulator.wire.read_only import is_read_only
from emulator.wire.validation import validate

_log = logging.getLogger("emulator")

_PLAIN = Service()

Step = Callable[[Call], Call | HttpResponse | None]
"""Returns the call as it is known now, or its answer, or None to pass it on; raises AwsError."""


class Door:
    """Answers every request to the local AWS.

    Four lists of steps, and what each step may take for granted is what those before it did. A new
    concern of every call is a step here, not a line in a service.
    """

    def __init__(
        self,
        *,
        account_id: str,
        region: str,
        endpoint: str,
        state_dir: Path | None = None,
        model: ModelServer | None = None,
    ) -> None:
        self.clock = Clock()
        metrics = Metrics(account_id, region, self.clock.now)
        logs = LogWriter(account_id, region, metrics)
        self.account = account = Account(
            account_id, region, endpoint, metrics=metrics, logs=logs, answer=self
        )
        self.authorizer = authorizer = Authorizer(account)
        publisher = Publisher(account, authorizer)
        self.mailbox = publisher.mailbox
        self.alarms = Alarms(account, publisher, metrics, self.clock)
        self.trail = Trail(account, authorizer, on_records=Rules(account, publisher).deliver)
        self.deployments = Deployments(account)
        self.functions = LambdaRuntime(account, authorizer, scratch=state_dir)
        self.faults = Faults()
        self.bedrock = BedrockRuntime(account, authorizer, self.trail, self.faults, model)
        self._model = str(model or SCRIPT)
        self.apis = ExecuteApi(
            account,
            Waf(account),
            self.functions,
            authorizer=authorizer,
            deployed_api=self.deployments.served,
        )
        self.console = Console(account, self._model)
        self._moto = MotoServer()
        self._services = services(
            account,
            authorizer,
            self.trail,
            publisher,
            alarms=self.alarms,
            deployments=self.deployments,
            faults=self.faults,
        )

        self._control_plane: tuple[Step, ...] = (
            self.refuse_web_pages,
            self.recognize,
            self.authenticate,
            self.authorize,
            operations.check,
            validate,
            self.refuse,
            self.serve,
        )
        self._inference: tuple[Step, ...] = (
            self.refuse_web_pages,
            conversation.recognize,
            self.bedrock.check_scope,
            self.authenticate,
            self.bedrock.answer,
        )
        self._invocation: tuple[Step, ...] = (
            self.refuse_web_pages,
            invocations.check_payload,
            self.recognize,
            self.authenticate,
            self.authorize,
            self.invoke,
        )
        self._own_pages: tuple[Step, ...] = (self.refuse_web_pages, self.answer_page)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request. Never raises: the client gets an AWS error, the log the cause."""
        try:
            match request.path.split("/"):
                case ["", "_aws", "execute-api", api_id, *rest] if api_id:
                    return self._at_stage(request, api_id, "/".join(rest))
                case ["", "_aws", "custom-domain", domain, *rest] if domain:
                    return self.apis.handle_domain(request, domain, f"/{'/'.join(rest)}")
            host = custom_host(request.header("host"))
            # Whatever page asks: the name leads to the API, and to nothing else.
            if host and self.apis.domains.known(host):
                return self.apis.handle_domain(request, host, request.path)
            return self._walk(request)
        except Exception:  # noqa: BLE001  # whatever it is
            _log.exception("internal error on %s %s", request.method, request.path)
            text = "The emulator failed to answer; its log says why."
            return render(AwsError(500, "InternalFailure", text), "rest-json")

    def _at_stage(self, request: HttpRequest, api_id: str, below: str) -> HttpResponse:
        # On record: slashes before the stage count as one.
        stage, slash, path = below.lstrip("/").partition("/")
        return self.apis.handle(request, api_id, stage, slash + path)

    def _walk(self, request: HttpRequest) -> HttpResponse:
        """Answer a request by the steps of its way, and record what was answered."""
        call = Call(request)
        try:
            response = None
            for step in self._steps(request):
                done = step(call)
                if isinstance(done, HttpResponse):
                    response = done
                    break
                call = done or call
            if response is None:
                raise AssertionError("the last step of each way answers")
        except AwsError as error:
            head = request.method == "HEAD"
            response = render(error, call.protocol, request_id=call.request_id, head=head)
        self.record(call, response)
        return response

    def _steps(self, request: HttpRequest) -> tuple[Step, ...]:
        match request.method, request.path.split("/"):
            case _, ["", "_aws", *_]:
                return self._own_pages
            case "GET" | "HEAD", ["", ""] if opens(request):
                return self._own_pages
            case "POST", ["", "2015-03-31", "functions", _, "invocations"]:
                return self._invocation
            case "POST", ["", "model" | "guardrail", *_]:
                return self._inference
        return self._control_plane

    # --- the steps ------------------------------------------------------------------------------

    @staticmethod
    def refuse_web_pages(call: Call) -> None:
        """Refuse what a browser sends for some web page; only deployed APIs are for these."""
        request = call.request
        if is_of_a_web_page(request.header) and not is_of_the_console(request):
            raise AwsError(
                403,
                "AccessDeniedException",
                "The local AWS does nothing for web pages: call it from a program, by the name"
                " 127.0.0.1 or localhost. A web page may call the deployed APIs, below"
                " /_aws/execute-api/.",
            )

    @staticmethod
    def recognize(call: Call) -> Call:
        """Return the call with its credential, operation and parameters."""
        return recognize(call.request)

    def authenticate(self, call: Call) -> Call:
        """Return the call with the principal behind its credential."""
        return replace(call, principal=self.authorizer.identify(call))

    def authorize(self, call: Call) -> None:
        """Refuse what the caller's policies do not allow."""
        self.authorizer.check(call)

    def refuse(self, call: Call) -> None:
        """Refuse what the service refuses beyond its model, and moto does not."""
        self._service(call).refuse(call)

    def serve(self, call: Call) -> HttpResponse:
        """Answer by what the emulator adds, or else by moto; note what that changed."""
        service = self._service(call)
        finish = service.watch(call)
        answer = service.answers.get(call.operation)
        response = (answer(call) if answer else None) or self._moto.answer(call)
        if response.status < 400:
            if approximation := service.approximations.get(call.operation):
                self.account.approximations.note(*approximation)
            if finish:
                finish(response)
            if not (
                is_read_only(call.service, call.operation) or call.operation in service.data_writes
            ):
                self.account.written()
        return response

    def invoke(self, call: Call) -> HttpResponse:
        """Run a function."""
        return invocations.invoke(call, self.functions)

    def answer_page(self, call: Call) -> HttpResponse:
        """Answer a page of the emulator's own."""
        match call.path.split("/")[2:]:
            case ["health"]:
                return json_response(
                    200,
                    {
                        "status": "ok",
                        "account_id": self.account.id,
                        "region": self.account.region,
                        "model": self._model,
                        "generation": self.account.generation,
                        "approximations": self.account.approximations.listed(),
                    },
                )
            case ["faults"]:
                return self.faults.handle(call.request)
            case ["clock"]:
                return self.clock.handle(call.request, self._catch_up)
            case ["mailbox"]:
                return self.mailbox.handle(call.request)
            case ["tokens"]:
                return pools.answer(call.request)
            case ["console", _] | []:
                return self.console.answer(call)
        raise AwsError(
            404,
            "UnknownOperationException",
            "Below /_aws are: clock, console/<name>, faults, health, mailbox, tokens,"
            " execute-api/<api id>/<stage>/<path>"
            " and custom-domain/<name>/<path>.",
        )

    def _catch_up(self) -> None:
        """Do what time does: deliver the trail's records, and evaluate the alarms."""
        self.trail.flush()
        self.account.logs.flush()
        self.alarms.evaluate()

    def record(self, call: Call, response: HttpResponse) -> None:
        """Let CloudTrail record the call: always the last step, whatever the answer was."""
        self.trail.record(call, response)

    def _service(self, call: Call) -> Service:
        return self._services.get(call.service, _PLAIN)

    # --- the end --------------------------------------------------------------------------------

    def end_waits(self) -> None:
        """Stop what requests may wait for long: function workers, a slow model, a slow store."""
        self.functions.close()
        self.faults.close()

    def close(self) -> None:
        """Stop all that runs, and write out the trail and the logs."""
        self.end_waits()
        self.alarms.close()
        self.trail.close()
        self.account.close()
