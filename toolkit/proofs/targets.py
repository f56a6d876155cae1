"""What proofs can be asked of: an applied environment, a rehearsal that is up, or an address."""

import os
import urllib.parse
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from functools import partial
from typing import Any

from toolkit.proofs.deployment import Deployment
from toolkit.rehearsal import Rehearsal, RehearsalError
from toolkit.terraform import ROOT, Terraform, TerraformError


class TargetError(Exception):
    """There is nothing to ask. The text says what is missing, and what to do."""


def arguments(parser: ArgumentParser, **others: Mapping[str, Any]) -> None:
    """Let a command line name a deployment, or give one of `others`, with argparse's settings."""
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--rehearsal", metavar="ENV", help="a rehearsal that is up")
    group.add_argument("--env", help="an applied environment under envs/")
    for name, settings in others.items():
        group.add_argument(f"--{name}", **settings)


def named(options: Namespace, client: str = "") -> Deployment:
    """Return the deployment that a command line names. Raises TargetError."""
    if not options.rehearsal:
        return environment(options.env, client)
    try:
        return rehearsal(Rehearsal(options.rehearsal), client)
    except RehearsalError as error:
        raise TargetError(str(error)) from error


def address(url: str, api_key: str | None) -> Deployment:
    """Return the deployment at an address, without access to its AWS account."""
    if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
        raise TargetError(f"{url} is no http or https address.")
    if not api_key:
        raise TargetError("--url needs --api-key, or CHATBOT_API_KEY in the environment.")
    return Deployment(url, api_key, token=_token())


def environment(env: str, client: str = "") -> Deployment:
    """Return what envs/<env> has deployed, to be asked as one client. Raises TargetError."""
    folder = ROOT / "envs" / env
    if not folder.is_dir():
        raise TargetError(f"envs/{env} does not exist. Name an environment that does.")
    try:
        outputs = Terraform(folder).outputs()
    except TerraformError as error:
        raise TargetError(
            f"Terraform has no outputs for envs/{env}: {error}\n"
            f"`make plan ENV={env}` connects this folder with its state, `make apply ENV={env}` "
            "applies it where it never was. Or use --url and --api-key."
        ) from error
    if "url" not in outputs:
        raise TargetError(f"envs/{env} is not applied yet: run `make apply ENV={env}` first.")
    import boto3  # noqa: PLC0415 - only this way of asking needs it

    aws = boto3.Session(region_name=outputs.get("region")).client
    asking, key = client_key(aws("apigateway"), outputs, client)
    seen = seen_by(asking, outputs)
    return Deployment(outputs["url"], key, client=aws, outputs=seen, token=_token())


def _token() -> str:
    """Return a person's own token, where people sign in: other users cannot see the variable."""
    return os.environ.get("CHATBOT_TOKEN", "")


def rehearsal(up: Rehearsal, client: str = "") -> Deployment:
    """Return a rehearsal that is up, to be asked as one client. Raises TargetError."""
    try:
        session, outputs = up.session(), up.outputs()
    except (RehearsalError, TerraformError) as error:
        raise TargetError(str(error)) from error
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

    Raises TargetError, also for a client that is disabled.
    """
    ids = outputs.get("api_key_ids", {})
    if wanted and wanted not in ids:
        raise TargetError(f"There is no client {wanted!r}. There are: {', '.join(sorted(ids))}.")
    disabled = []
    for client, key_id in [(wanted, ids[wanted])] if wanted else sorted(ids.items()):
        try:
            key = gateway.get_api_key(apiKey=key_id, includeValue=True)
        except Exception as error:
            raise TargetError(
                f"The API key of client {client!r} could not be read: {error}\n"
                "Allow apigateway:GET on it, or use --url and --api-key."
            ) from error
        if key["enabled"]:
            return client, str(key["value"])
        disabled.append(client)
    if wanted:
        raise TargetError(f"Client {wanted!r} is disabled. Enable it, and apply.")
    raise TargetError(
        f"No client is enabled ({', '.join(disabled) or 'there is none'}): nobody may ask. "
        "Enable one, and apply."
    )
