# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of a server with providers of OpenID Connect: their discovery documents, over TLS. Nobody can log in."""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

_PATH = "/realms/{}/.well-known/openid-configuration"


class IdentityProvider:
    """Serves the documents of realms while its block runs. certificate, key: PEM files for 127.0.0.1."""

    def __init__(self, certificate: Path, key: Path) -> None:
        provider = self
        self._documents: dict[str, dict[str, Any]] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = provider._documents.get(self.path)
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name of the base class
                """Nothing is logged."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._url = f"https://127.0.0.1:{self._server.server_address[1]}"

    def realm(self, name: str, **document: Any) -> str:
        """Make a realm; returns the address of its document, which is as Keycloak's, as far as clients need it, but for
        what is given."""
        issuer = f"{self._url}/realms/{name}"
        self._documents[_PATH.format(name)] = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/protocol/openid-connect/auth",
            "token_endpoint": f"{issuer}/protocol/openid-connect/token",
            "jwks_uri": f"{issuer}/protocol/openid-connect/certs",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["sub", "iss", "name", "preferred_username", "email"],
            **document,
        }
        return self._url + _PATH.format(name)

    def __enter__(self) -> IdentityProvider:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
