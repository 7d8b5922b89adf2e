"""
A sender written from docs/api.md alone, with Python's own library: RFC 9421 by hand, HMAC-SHA-256 or Ed25519.

    sender.py --mesh URL --key-id KEY_ID [--ed25519] --to REG_ID --data JSON [--idempotency-key KEY]

The key, 32 bytes in base64url, comes from the environment variable PUSH_KEY: the HMAC secret, or the private key.
Prints the mesh's answer as JSON.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import secrets
import time

from account import Refused, from_b64url, post_json
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PATH = "/v1/messages"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def sign(base: bytes, key: bytes, ed25519: bool) -> bytes:
    if ed25519:
        return Ed25519PrivateKey.from_private_bytes(key).sign(base)
    return hmac.new(key, base, hashlib.sha256).digest()


def signed_headers(body: bytes, key_id: str, key: bytes, ed25519: bool, idempotency_key: str) -> dict:
    digest = f"sha-256=:{b64(hashlib.sha256(body).digest())}:"
    components = '("@method" "@path" "content-digest" "idempotency-key")'
    params = f'{components};created={int(time.time())};keyid="{key_id}"'
    base = "\n".join(
        [
            '"@method": POST',
            f'"@path": {PATH}',
            f'"content-digest": {digest}',
            f'"idempotency-key": {idempotency_key}',
            f'"@signature-params": {params}',
        ]
    )
    return {
        "content-digest": digest,
        "idempotency-key": idempotency_key,
        "signature-input": f"sig1={params}",
        "signature": f"sig1=:{b64(sign(base.encode(), key, ed25519))}:",
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("mesh", "key-id", "to", "data"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--ed25519", action="store_true")
    parser.add_argument("--idempotency-key", default=secrets.token_hex(16))
    options = parser.parse_args()
    body = json.dumps({"to": options.to, "data": json.loads(options.data)}).encode()
    key = from_b64url(os.environ["PUSH_KEY"])
    headers = signed_headers(body, options.key_id, key, options.ed25519, options.idempotency_key)
    try:
        print(json.dumps(post_json(options.mesh + PATH, body, headers)))
    except Refused as refused:
        print(json.dumps({"httpStatus": refused.status, "code": refused.code}))


if __name__ == "__main__":
    main()
