"""A Bedrock and a DynamoDB on loopback that give the same answer at once, in TLS.

`python -m benchmarks.stub_bedrock CERTIFICATE` prints its port and ends with its standard input.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import sys
import threading

REPLY = json.dumps(
    {
        "output": {
            "message": {
                "role": "assistant",
                "content": [{"text": "Choose Forgot password on the sign-in page."}],
            }
        },
        "stopReason": "end_turn",
        "usage": {"inputTokens": 21, "outputTokens": 13, "totalTokens": 34},
        "metrics": {"latencyMs": 1},
        "trace": {
            "guardrail": {
                "inputAssessment": {
                    "gr4ha1rd": {"invocationMetrics": {"guardrailProcessingLatency": 1}}
                }
            }
        },
    }
).encode()
# What DynamoDB says of an item that it has changed: a budget's, or three turns of a conversation.
TURNS = json.dumps([["q" * 400, "a" * 1000]] * 3)
ITEM = json.dumps({"Attributes": {"total": {"N": "900"}, "turns": {"S": TURNS}}}).encode()


def http(body: bytes) -> bytes:
    """Return an answer with a body."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-amzn-RequestId: stub\r\n"
    return head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


ANSWER, CHANGED = http(REPLY), http(ITEM)


def answer(connection: socket.socket, context: ssl.SSLContext) -> None:
    """Answer each request of one connection."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
        received = b""
        while chunk := secured.recv(65_536):
            received += chunk
            head, end, body = received.partition(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            if end and len(body) >= int(length or 0):
                secured.sendall(CHANGED if b"x-amz-target: dynamodb" in head.lower() else ANSWER)
                received = b""


def main() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    server = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(server.getsockname()[1], flush=True)

    def serve() -> None:
        while True:
            connection = server.accept()[0]
            threading.Thread(target=answer, args=(connection, context), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    while os.read(0, 1):
        pass


if __name__ == "__main__":
    main()
