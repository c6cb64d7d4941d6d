"""An OAuth issuer for tests: signs tokens, and publishes its keys over HTTP on loopback."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "https://ask.example.org/mcp"
ISSUER = "https://id.example.org"


class Issuer:
    """Has one RSA key, and may get others."""

    def __init__(self) -> None:
        self.reads = 0
        self.is_away = False
        self.published: list[dict[str, Any]] = []
        self._private: dict[str, Any] = {}
        self.add_rsa("key-1")

    def add_rsa(self, key_id: str) -> None:
        """Make an RSA key and publish it."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._private[key_id] = key
        public = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
        self.published.append({**public, "kid": key_id, "use": "sig", "alg": "RS256"})

    def add_ec(self, key_id: str) -> None:
        """Make an elliptic-curve key and publish it."""
        key = ec.generate_private_key(ec.SECP256R1())
        self._private[key_id] = key
        public = json.loads(ECAlgorithm.to_jwk(key.public_key()))
        self.published.append({**public, "kid": key_id, "use": "sig", "alg": "ES256"})

    def token(
        self,
        *,
        key_id: str = "key-1",
        algorithm: str = "RS256",
        key: Any = None,
        named: bool = True,
        **claims: Any,
    ) -> str:
        """Sign a token that says with which key, if it is `named`. A claim of None is left out."""
        now = int(time.time())
        body: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "subject-1",
            "client_id": "shop",
            "scope": "ask other",
            "iat": now,
            "exp": now + 300,
            **claims,
        }
        return jwt.encode(
            {name: value for name, value in body.items() if value is not None},
            key or self._private[key_id],
            algorithm=algorithm,
            headers={"kid": key_id} if named else None,
        )

    def unname(self) -> None:
        """Publish the keys without their ids."""
        for key in self.published:
            key.pop("kid", None)

    def signed(self, payload: bytes) -> str:
        """Sign what may be no claims at all."""
        return jwt.api_jws.encode(payload, self._private["key-1"], "RS256", {"kid": "key-1"})

    @contextmanager
    def serving(self) -> Generator[str]:
        """Publish the keys; yield where."""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.reads += 1
                body = json.dumps({"keys": issuer.published}).encode()
                self.send_response(503 if issuer.is_away else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its base's name)
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/jwks"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
