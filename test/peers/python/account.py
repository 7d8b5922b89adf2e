"""The device account of docs/protocol.md, section 1: keys, JWTs and POST /v1/devices."""

import base64
import hashlib
import json
import secrets
import time
import urllib.error
import urllib.request

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

TOKEN_SECONDS = 120


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class KeyPair:
    """An Ed25519 key pair that signs JWTs."""

    def __init__(self, seed: bytes | None = None) -> None:
        self._private = (
            Ed25519PrivateKey.from_private_bytes(seed) if seed else Ed25519PrivateKey.generate()
        )

    @property
    def seed(self) -> bytes:
        return self._private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())

    @property
    def x(self) -> str:
        """The public key as a JWK has it."""
        return b64url(self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def jwt(self, typ: str, claims: dict, with_key: bool, now: float | None = None) -> str:
        """A JWS in compact form with the claims that every token of the protocol has."""
        header = {"alg": "EdDSA", "typ": typ}
        if with_key:
            header["jwk"] = {"kty": "OKP", "crv": "Ed25519", "x": self.x}
        issued = int(time.time() if now is None else now)
        common = {
            "aud": "pushmesh",
            "iat": issued,
            "exp": issued + TOKEN_SECONDS,
            "jti": b64url(secrets.token_bytes(12)),
        }
        signed = ".".join(b64url(json.dumps(part).encode()) for part in (header, common | claims))
        return f"{signed}.{b64url(self._private.sign(signed.encode()))}"


class Refused(Exception):
    """The mesh's answer was a problem (RFC 9457)."""

    def __init__(self, status: int, problem: dict, retry_after: str | None) -> None:
        super().__init__(f"{status} {problem['code']}: {problem['detail']}")
        self.status = status
        self.code = problem["code"]
        self.retry_after = retry_after


def post_json(url: str, body: bytes, headers: dict[str, str]) -> dict:
    request = urllib.request.Request(
        url, data=body, headers={"content-type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return {"httpStatus": answer.status, **json.load(answer)}
    except urllib.error.HTTPError as error:
        raise Refused(error.code, json.load(error), error.headers.get("retry-after")) from None


def identifier_hash(identifier: str) -> str:
    return b64url(hashlib.sha256(identifier.encode()).digest())


def open_account(mesh: str, key: KeyPair, ids: list[str], handover_by: KeyPair | None) -> dict:
    """Makes the account, or finds the one that stands; `ids` are hashes in base64url."""
    body = {"proof": key.jwt("pushmesh-account+jwt", {"ids": ids}, with_key=True)}
    if handover_by is not None:
        claims = {"to": key.x}
        body["handover"] = handover_by.jwt("pushmesh-handover+jwt", claims, with_key=True)
    return post_json(f"{mesh}/v1/devices", json.dumps(body).encode(), {})
