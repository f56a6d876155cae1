"""AWS's errors, in each protocol that its services speak."""

import json
import struct
import uuid
from collections.abc import Mapping
from typing import Literal
from xml.sax.saxutils import escape

from emulator.wire.http import HttpResponse

WireProtocol = Literal["json", "query", "rest-json", "rest-xml", "cbor"]


def service_error(
    protocol: WireProtocol, status: int, code: str, message: str, *, head: bool = False
) -> HttpResponse:
    """Say what is wrong as a service of this protocol does; the answer to HEAD has no body."""
    request_id = str(uuid.uuid4())
    known_as = "x-amz-request-id" if protocol == "rest-xml" else "x-amzn-RequestId"
    headers: tuple[tuple[str, str], ...] = ((known_as, request_id),)
    match protocol:
        case "json":
            kind = "application/x-amz-json-1.1"
            body = json.dumps({"__type": code, "message": message}).encode()
        case "rest-json":
            kind = "application/json"
            headers += (("x-amzn-ErrorType", code),)
            body = json.dumps({"message": message, "Message": message}).encode()
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
    return HttpResponse(status, (*headers, ("Content-Type", kind)), b"" if head else body)


def _xml(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def _cbor_map(texts: Mapping[str, str]) -> bytes:
    """Encode a small map of texts as CBOR (RFC 8949)."""
    out = bytearray([0xA0 | len(texts)])
    for text in (part for pair in texts.items() for part in pair):
        data = text.encode()
        out += b"\x79" + struct.pack(">H", len(data)) + data
    return bytes(out)
