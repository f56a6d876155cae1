"""Terraform with the real provider and no AWS: made-up keys, and an answer to what a plan asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

# Beginning of a region's name to its partition; `aws` is the partition of all others.
PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
ACCOUNT = "111122223333"  # The placeholder of envs/*/providers.tf, AWS's own for documentation.
IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Account>{account}</Account><UserId>AIDAEXAMPLE</UserId>
<Arn>arn:{partition}:iam::{account}:user/offline</Arn></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""


@contextmanager
def offline(account: str = ACCOUNT) -> Iterator[dict[str, str]]:
    """Return the variables with which the provider plans for an account, without asking AWS."""

    class CallerIdentity(BaseHTTPRequestHandler):
        """The one question that a plan asks AWS: whose account is this?"""

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            # Signed for a region: Credential=<key>/<date>/<region>/sts/aws4_request.
            region = self.headers["Authorization"].split("/")[2]
            named = [one for start, one in PARTITIONS.items() if region.startswith(start)]
            said = IDENTITY.format(account=account, partition=(named or ["aws"])[0])
            identity = said.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(identity)))
            self.end_headers()
            self.wfile.write(identity)

        def log_message(self, *_: object) -> None:
            """Log nothing: what matters is in the plan."""

    with ThreadingHTTPServer(("127.0.0.1", 0), CallerIdentity) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield {
                "AWS_ACCESS_KEY_ID": "offline",
                "AWS_SECRET_ACCESS_KEY": "offline",
                "AWS_PROFILE": "",
                "AWS_REGION": "us-east-2",
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_CONFIG_FILE": "/dev/null",
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                "AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{server.server_port}",
            }
        finally:
            server.shutdown()
