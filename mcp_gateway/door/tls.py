"""The gateway's own certificate and key, looked at before it listens: a mistake gets words."""

from __future__ import annotations

import ssl
from pathlib import Path

from mcp_gateway.door.access_settings import AccessSettings
from shared.errors import ConfigurationError


def check_certificate(settings: AccessSettings) -> None:
    """Refuse to start with what no client could be served by.

    Raises:
        ConfigurationError: A file can't be read, is not what it should be, or the two don't fit.
    """
    certificate, key = settings.gateway_tls_certificate, settings.gateway_tls_key
    if certificate is None or key is None:
        return
    _read("GATEWAY_TLS_CERTIFICATE", certificate)
    _read("GATEWAY_TLS_KEY", key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_verify_locations(certificate)
    except ssl.SSLError as error:
        raise ConfigurationError(
            f"GATEWAY_TLS_CERTIFICATE={certificate} holds no certificate in PEM form "
            "(-----BEGIN CERTIFICATE-----)"
        ) from error
    try:
        context.load_cert_chain(certificate, key, password=_refuse_to_ask)
    except _EncryptedKeyError as error:
        raise ConfigurationError(
            f"GATEWAY_TLS_KEY={key} is sealed with a passphrase, which nobody could enter at a "
            "start: write it without one (openssl pkey -in KEY -out OPEN_KEY)"
        ) from error
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            problem = (
                f"is not the key of GATEWAY_TLS_CERTIFICATE={certificate}: give the two that "
                "belong together, the server's own certificate first in its file"
            )
        else:
            problem = "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)"
        raise ConfigurationError(f"GATEWAY_TLS_KEY={key} {problem}") from error


class _EncryptedKeyError(Exception):
    """OpenSSL would ask for a passphrase."""


def _refuse_to_ask() -> str:
    """Keep OpenSSL from asking at a terminal that may not be there."""
    raise _EncryptedKeyError


def _read(name: str, file: Path) -> None:
    try:
        file.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{name}={file} can't be read: {error.strerror}. The user that the gateway runs as "
            "must be allowed to"
        ) from error
