"""moto answers the control plane's calls; what it cannot is refused in the caller's protocol."""

import functools
import logging
from collections.abc import Callable, Iterable
from xml.parsers.expat import ExpatError

from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from emulator import patching
from emulator.wire.call import Call
from emulator.wire.errors import AwsError
from emulator.wire.http import HttpResponse
from emulator.wire.operations import environ
from emulator.wire.validation import unreadable

_log = logging.getLogger("emulator")

_Wsgi = Callable[..., Iterable[bytes]]


class MotoServer:
    """moto's server, in-process, with our changes in place."""

    def __init__(self) -> None:
        patching.apply()
        app = DomainDispatcherApplication(create_backend_app)
        # For each request moto looks at the folders of all its services, a third of its time.
        app.get_backend_for_host = functools.lru_cache(1024)(app.get_backend_for_host)
        self._app: _Wsgi = app

    def answer(self, call: Call) -> HttpResponse:
        """Return moto's answer. Raises AwsError where moto has none."""
        started: list[tuple[str, list[tuple[str, str]]]] = []
        try:
            chunks = self._app(environ(call.request), lambda *given: started.append(given[:2]))
            content = b"".join(chunks)
            if close := getattr(chunks, "close", None):
                close()
        except AwsError:  # from a change to moto
            raise
        except (ImportError, NotImplementedError):
            _log.warning("moto lacks %s", call.name)
            raise _absent(call) from None
        except Exception as error:  # noqa: BLE001  # moto's own errors must not reach a client
            explained = _explained(call, error)
            if explained is None:
                _log.error(  # a traceback is for those who look for it
                    *("moto cannot answer %s: %r", call.name, error),
                    exc_info=_log.isEnabledFor(logging.DEBUG),
                )
            raise explained or _absent(call) from None
        status, headers = int(started[0][0][:3]), tuple(started[0][1])
        page = not content or content.startswith(b"<!doctype html>")
        if status in {404, 405} and page and call.method != "HEAD":
            raise _absent(call, 404, "UnknownOperationException")
        if status == 500 and page:
            raise _absent(call)
        return HttpResponse(_modeled(call, status), headers, content)


def _absent(call: Call, status: int = 501, code: str = "InternalFailure") -> AwsError:
    """Refuse. 501 and not 500: SDKs repeat a 500 for minutes, in vain."""
    text = f"The emulator's control plane cannot answer {call.name}."
    return AwsError(status, code, text)


def _modeled(call: Call, status: int) -> int:
    """Return the status of a success as AWS's model has it: moto says 200 to much that makes."""
    if call.protocol != "rest-json" or status not in {200, 201, 202}:
        return status
    model = get_service_model(call.service).operation_model(call.operation)
    return int(model.http.get("responseCode", 200))


def _explained(call: Call, error: Exception) -> AwsError | None:
    """Return what AWS says of a request on which moto failed; None if nothing is wrong with it."""
    if isinstance(error, KeyError) and error.args and error.args[0] in call.params.values():
        code = "NotFoundException" if call.service == "apigateway" else "ResourceNotFoundException"
        return AwsError(404, code, f"{error.args[0]} does not exist.")
    if call.protocol == "rest-xml" and isinstance(error, KeyError | ExpatError):
        return unreadable(call)
    return None
