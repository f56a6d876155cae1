"""Custom domain names: which stage answers to a host name and a path.

Source: API Gateway Developer Guide, "Custom domain names for public REST APIs in API Gateway" and
"API mappings": the longest base path that fits decides; a mapping without a stage takes the stage
from the path.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.client import BaseClient

from emulator.account import Account, every


@dataclass(frozen=True)
class Place:
    """Where a request of a custom domain goes; `path` is what follows the base path."""

    api_id: str
    stage: str
    path: str


@dataclass(frozen=True)
class _Base:
    path: str  # "/shop", or "" for what no other mapping takes
    api_id: str
    stage: str


class Domains:
    """The domain names of the account, as they are applied."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def known(self, host: str) -> bool:
        """Return whether a host name is a custom domain here."""
        return host in self._bases()

    def place(self, host: str, path: str) -> Place | None:
        """Return where a request goes; None where nothing is mapped, and AWS answers 403."""
        for base in self._bases().get(host, ()):
            if path == base.path or path.startswith(f"{base.path}/"):
                rest = path.removeprefix(base.path) or "/"
                if base.stage:
                    return Place(base.api_id, base.stage, rest)
                stage, _, rest = rest[1:].partition("/")
                return Place(base.api_id, stage, f"/{rest}")
        return None

    def _bases(self) -> Mapping[str, tuple[_Base, ...]]:
        return self._account.snapshot("execute_api.domains", self._read)

    def _read(self) -> Mapping[str, tuple[_Base, ...]]:
        client = self._account.client("apigateway")
        names = [one["domainName"] for one in every(client, "get_domain_names", "items")]
        return {name: self._mapped(client, name) for name in names}

    def _mapped(self, client: BaseClient, name: str) -> tuple[_Base, ...]:
        bases = [
            _Base(
                "" if mapping["basePath"] == "(none)" else f"/{mapping['basePath']}",
                mapping["restApiId"],
                mapping.get("stage") or "",
            )
            for mapping in every(client, "get_base_path_mappings", "items", domainName=name)
        ]
        return tuple(sorted(bases, key=lambda base: -len(base.path)))
