"""Signed digests of what a trail delivered, so that a changed or missing record shows.

Sources: CloudTrail User Guide, "CloudTrail digest file structure" and "Custom implementations of
CloudTrail log file integrity validation"; "Encrypting CloudTrail log files with AWS KMS keys":
digests are encrypted with S3's own key. AWS writes one an hour; here each delivery has its own.
"""

import gzip
import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from emulator.wire.documents import Document, JsonObject

_EXTENDED = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class LogFile:
    """One delivered file of records."""

    bucket: str
    key: str
    content: bytes  # as it was before it was compressed
    events: tuple[str, ...]  # when each of its events was

    def entry(self) -> dict[str, str]:
        """Return its line in a digest."""
        return {
            "s3Bucket": self.bucket,
            "s3Object": self.key,
            "hashValue": hashlib.sha256(self.content).hexdigest(),
            "hashAlgorithm": "SHA-256",
            "newestEventTime": max(self.events),
            "oldestEventTime": min(self.events),
        }


@dataclass(frozen=True)
class Digest:
    """A signed digest, ready to be stored."""

    key: str
    body: bytes
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class _Last:
    """What the next digest of a chain repeats of the one before it."""

    end: datetime
    fields: Mapping[str, str]


class Signer:
    """CloudTrail's key pair of a Region, and a chain of digests for each trail and Region."""

    def __init__(self, account_id: str, region: str) -> None:
        self._account_id = account_id
        self._home = region
        self._lock = threading.Lock()
        self._private: rsa.RSAPrivateKey | None = None
        self._since = datetime.now(UTC)
        self._chains: dict[tuple[str, str], _Last] = {}
        self._waiting: dict[tuple[str, str], list[LogFile]] = {}

    def public_keys(self) -> list[JsonObject]:
        """Return what ListPublicKeys returns: the key in use, in PKCS #1 DER."""
        return [
            {
                "Value": self._public(),
                "ValidityStartTime": self._since,
                "ValidityEndTime": self._since + timedelta(days=365),
                "Fingerprint": self._fingerprint(),
            }
        ]

    def sign(
        self, trail: str, bucket: str, prefix: str, region: str, files: Iterable[LogFile]
    ) -> Digest | None:
        """Return the next digest of a chain; None while less than a second has passed.

        The time in a digest's name has no fractions. What is not digested now is with the next.
        """
        with self._lock:
            chain = trail, region
            waiting = self._waiting.setdefault(chain, [])
            waiting.extend(files)
            end = datetime.now(UTC).replace(microsecond=0)
            last = self._chains.get(chain)
            if last is not None and end <= last.end:
                return None
            self._waiting[chain] = []
            key = self._object_key(prefix, region, trail.rpartition("/")[2], end)
            start = last.end if last else min(end, self._since.replace(microsecond=0))
            entries = [file.entry() for file in waiting]
            document = {
                "awsAccountId": self._account_id,
                "digestStartTime": f"{start:{_EXTENDED}}",
                "digestEndTime": f"{end:{_EXTENDED}}",
                "digestS3Bucket": bucket,
                "digestS3Object": key,
                "digestPublicKeyFingerprint": self._fingerprint(),
                "digestSignatureAlgorithm": "SHA256withRSA",
                "newestEventTime": max((one["newestEventTime"] for one in entries), default=None),
                "oldestEventTime": min((one["oldestEventTime"] for one in entries), default=None),
                **(last.fields if last else dict.fromkeys(_PREVIOUS)),
                "logFiles": entries,
            }
            content = json.dumps(document).encode()
            signature = self._signature(document, content)
            previous = (bucket, key, hashlib.sha256(content).hexdigest(), "SHA-256", signature)
            self._chains[chain] = _Last(end, dict(zip(_PREVIOUS, previous, strict=True)))
        return Digest(
            key,
            gzip.compress(content),
            {"signature": signature, "signature-algorithm": "SHA256withRSA"},
        )

    def _object_key(self, prefix: str, region: str, name: str, end: datetime) -> str:
        account = self._account_id
        file = f"{account}_CloudTrail-Digest_{region}_{name}_{self._home}_{end:%Y%m%dT%H%M%SZ}"
        path = f"AWSLogs/{account}/CloudTrail-Digest/{region}/{end:%Y/%m/%d}/{file}.json.gz"
        return f"{prefix}/{path}" if prefix else path

    def _signature(self, document: Document, content: bytes) -> str:
        signed = "\n".join(
            (
                document["digestEndTime"],
                f"{document['digestS3Bucket']}/{document['digestS3Object']}",
                hashlib.sha256(content).hexdigest(),
                document["previousDigestSignature"] or "null",
            )
        )
        return self._key().sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()

    def _key(self) -> rsa.RSAPrivateKey:
        if self._private is None:
            self._private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self._private

    def _public(self) -> bytes:
        return self._key().public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)

    def _fingerprint(self) -> str:
        return hashlib.md5(self._public(), usedforsecurity=False).hexdigest()


_PREVIOUS = (
    "previousDigestS3Bucket",
    "previousDigestS3Object",
    "previousDigestHashValue",
    "previousDigestHashAlgorithm",
    "previousDigestSignature",
)
