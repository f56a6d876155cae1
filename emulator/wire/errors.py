"""AWS's errors: raised by any part, and rendered once, in the protocol of the caller."""

import json
import struct
import uuid
from collections.abc import Mapping
from typing import Literal
from xml.sax.saxutils import escape

from emulator.wire.http import HttpResponse

WireProtocol = Literal["json", "query", "rest-json", "rest-xml", "cbor"]

Headers = tuple[tuple[str, str], ...]


class AwsError(Exception):
    """An error in AWS's words.

    Args:
        status: HTTP status.
        code: name of the error, as an SDK shows it.
        message: the text; it must not quote a secret.
        members: further members of the error's shape, for the JSON protocols.
        headers: further headers.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        members: Mapping[str, object] | None = None,
        headers: Headers = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.members = members or {}
        self.headers = headers

    def worded(self, protocol: WireProtocol) -> tuple[int, str, str]:
        """Return status, code and message as services of a protocol have them."""
        del protocol  # the same in each
        return self.status, self.code, str(self)


# What every service answers, each protocol by its own name: the name in JSON, and S3's name, status
# and message (None for the same).
_COMMON: dict[str, tuple[str, str, int, str | None]] = {
    "AccessDenied": ("AccessDeniedException", "AccessDenied", 403, None),
    "ExpiredToken": (
        "ExpiredTokenException",
        "ExpiredToken",
        400,
        "The provided token has expired.",
    ),
    "InvalidClientTokenId": (
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    "MissingAuthenticationToken": (
        "MissingAuthenticationTokenException",
        "AccessDenied",
        403,
        "Access Denied",
    ),
}


class CallerError(AwsError):
    """The caller is unknown, or is not allowed what it asks for.

    `code` is the query protocol's name: AccessDenied, ExpiredToken, InvalidClientTokenId or
    MissingAuthenticationToken.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(403, code, message)

    def worded(self, protocol: WireProtocol) -> tuple[int, str, str]:
        """Return status, code and message as services of a protocol have them."""
        name, s3_code, s3_status, s3_message = _COMMON[self.code]
        match protocol:
            case "query":
                return 403, self.code, str(self)
            case "rest-xml":
                return s3_status, s3_code, s3_message or str(self)
            case "rest-json":
                return 403, name, str(self)
            case _:
                return 400, name, str(self)


def render(
    error: AwsError, protocol: WireProtocol, *, request_id: str = "", head: bool = False
) -> HttpResponse:
    """Return the response that a service of this protocol gives; that to HEAD has no body."""
    request_id = request_id or str(uuid.uuid4())
    status, code, message = error.worded(protocol)
    id_header = "x-amz-request-id" if protocol == "rest-xml" else "x-amzn-RequestId"
    headers: Headers = ((id_header, request_id),)
    match protocol:
        case "json":
            kind = "application/x-amz-json-1.1"
            body = json.dumps({"__type": code, "message": message, **error.members}).encode()
        case "rest-json":
            kind = "application/json"
            headers += (("x-amzn-ErrorType", code),)
            body = json.dumps({"message": message, **error.members}).encode()
        case "cbor":
            kind = "application/cbor"
            headers += (("smithy-protocol", "rpc-v2-cbor"),)
            body = _cbor_map({"__type": code, "message": message})
        case "rest-xml":
            kind = "text/xml"
            body = _xml(
                f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>"
                f"<RequestId>{request_id}</RequestId></Error>"
            )
        case "query":
            kind = "text/xml"
            body = _xml(
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
                f"<Message>{escape(message)}</Message></Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>"
            )
    headers = (*headers, *error.headers, ("Content-Type", kind))
    return HttpResponse(status, headers, b"" if head else body)


def _xml(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def _cbor_map(texts: Mapping[str, str]) -> bytes:
    """Encode a small map of texts as CBOR (RFC 8949)."""
    out = bytearray([0xA0 | len(texts)])
    for text in (part for pair in texts.items() for part in pair):
        data = text.encode()
        out += b"\x79" + struct.pack(">H", len(data)) + data
    return bytes(out)
