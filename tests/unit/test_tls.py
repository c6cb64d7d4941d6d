"""What is said of files that this process may not read. All else of TLS is in tests/e2e."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.certificates import Authority

from mcp_gateway.door.tls import check_certificate
from mcp_gateway.settings import GatewaySettings
from shared.errors import ConfigurationError


def settings_of(pair: tuple[Path, Path]) -> GatewaySettings:
    return GatewaySettings(
        _env_file=None,  # pyright: ignore[reportCallIssue]
        gateway_tls_certificate=pair[0],
        gateway_tls_key=pair[1],
    )


def test_a_pair_that_fits_is_taken_as_is_none_at_all(tmp_path: Path) -> None:
    check_certificate(settings_of(Authority(tmp_path).certify("ask.example.org")))
    check_certificate(GatewaySettings(_env_file=None))  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize(("suffix", "name"), [(".pem", "CERTIFICATE"), (".key", "KEY")])
def test_a_file_that_may_not_be_read_is_named_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, name: str
) -> None:
    settings = settings_of(Authority(tmp_path).certify("ask.example.org"))
    read = Path.read_bytes

    def refuse(file: Path) -> bytes:
        if file.suffix == suffix:
            raise PermissionError(13, "Permission denied", str(file))
        return read(file)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ConfigurationError, match=rf"^GATEWAY_TLS_{name}=.* can't be read: Permis"):
        check_certificate(settings)
