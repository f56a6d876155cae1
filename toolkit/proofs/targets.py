"""What proofs can be asked of: an applied environment, a rehearsal that is up, or an address."""

import os
import urllib.parse
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from functools import partial
from typing import Any

from toolkit.errors import ToolkitError
from toolkit.proofs.deployment import Deployment
from toolkit.rehearsal import Rehearsal
from toolkit.terraform import ROOT, Terraform, TerraformError


def arguments(parser: ArgumentParser, **others: Mapping[str, Any]) -> None:
    """Let a command line name a deployment, or give one of `others`, with argparse's settings."""
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--rehearsal", metavar="ENV", help="a rehearsal that is up")
    group.add_argument("--env", help="an applied environment under envs/")
    for name, settings in others.items():
        group.add_argument(f"--{name}", **settings)


def named(options: Namespace, client: str = "") -> Deployment:
    """Return the deployment that a command line names. Raises ToolkitError."""
    if options.rehearsal:
        return rehearsal(Rehearsal(options.rehearsal), client)
    return environment(options.env, client)


def address(url: str, api_key: str | None) -> Deployment:
    """Return the deployment at an address, without access to its AWS account."""
    if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
        raise ToolkitError(f"{url} is no http or https address.")
    if not api_key:
        raise ToolkitError("--url needs --api-key, or CHATBOT_API_KEY in the environment.")
    return Deployment(url, api_key, token=_token())


def environment(env: str, client: str = "") -> Deployment:
    """Return what envs/<env> has deployed, to be asked as one client. Raises ToolkitError."""
    folder = ROOT / "envs" / env
    if not folder.is_dir():
        raise ToolkitError(f"envs/{env} does not exist. Name an environment that does.")
    try:
        outputs = Terraform(folder).outputs()
    except TerraformError as error:
        raise ToolkitError(
            f"Terraform has no outputs for envs/{env}: {error}\n"
            f"`make plan ENV={env}` connects this folder with its state, `make apply ENV={env}` "
            "applies it where it never was. Or use --url and --api-key."
        ) from error
    if "url" not in outputs:
        raise ToolkitError(f"envs/{env} is not applied yet: run `make apply ENV={env}` first.")
    import boto3  # noqa: PLC0415 - only this way of asking needs it

    aws = boto3.Session(region_name=outputs.get("region")).client
    asking, key = client_key(aws("apigateway"), outputs, client)
    seen = seen_by(asking, outputs)
    return Deployment(outputs["url"], key, client=aws, outputs=seen, token=_token())


def _token() -> str:
    """Return a person's own token, where people sign in: other users cannot see the variable."""
    return os.environ.get("CHATBOT_TOKEN", "")


def rehearsal(up: Rehearsal, client: str = "") -> Deployment:
    """Return a rehearsal that is up, to be asked as one client. Raises ToolkitError."""
    session, outputs = up.session(), up.outputs()
    aws = partial(up.client, region=session.region)
    asking, key = client_key(aws("apigateway"), outputs, client)
    seen = seen_by(asking, outputs)
    return Deployment(session.url, key, client=aws, outputs=seen, endpoint=up.endpoint)


def seen_by(client: str, outputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the outputs with the usage plan of the client that asks."""
    own = outputs.get("clients", {}).get(client, {})
    return {**outputs, "usage_plan_id": own["usage_plan_id"]} if own else outputs


def client_key(gateway: Any, outputs: Mapping[str, Any], wanted: str = "") -> tuple[str, str]:
    """Return a client with its newest API key, by default the first that is enabled.

    Raises ToolkitError, also for a client that is disabled.
    """
    ids = outputs.get("api_key_ids", {})
    if wanted and wanted not in ids:
        raise ToolkitError(f"There is no client {wanted!r}. There are: {', '.join(sorted(ids))}.")
    disabled = []
    for client, key_id in [(wanted, ids[wanted])] if wanted else sorted(ids.items()):
        try:
            key = gateway.get_api_key(apiKey=key_id, includeValue=True)
        except Exception as error:
            raise ToolkitError(
                f"The API key of client {client!r} could not be read: {error}\n"
                "Allow apigateway:GET on it, or use --url and --api-key."
            ) from error
        if key["enabled"]:
            return client, str(key["value"])
        disabled.append(client)
    if wanted:
        raise ToolkitError(f"Client {wanted!r} is disabled. Enable it, and apply.")
    raise ToolkitError(
        f"No client is enabled ({', '.join(disabled) or 'there is none'}): nobody may ask. "
        "Enable one, and apply."
    )
