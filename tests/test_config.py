"""Settings: defaults that work, names that are checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from donorhub import clock, config, vault
from donorhub.errors import Misconfigured


def test_nothing_set_is_the_small_installation(tmp_path: Path) -> None:
    settings = config.load_settings({"DONORHUB_HOME": str(tmp_path)})
    assert settings.uses_sqlite and settings.is_embedded
    assert settings.database_url == f"sqlite:///{tmp_path / 'donorhub.sqlite3'}"


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    """The keys are made once, and only we can read them."""
    first, second = (config.load_settings({"DONORHUB_HOME": str(tmp_path)}) for _ in range(2))
    assert first.secret_key == second.secret_key != first.field_key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        config.load_settings(
            {
                "DONORHUB_HOME": str(tmp_path),
                "DONORHUB_PROT": "1",
                "DONORHUB_PORT": "x",
                "DONORHUB_MODE": "fun",
            }
        )
    for name in ("DONORHUB_PROT", "DONORHUB_PORT", "DONORHUB_MODE"):
        assert name in caught.value.message


@pytest.mark.parametrize(
    "sender", ["", "Foundation", "Łąka, Foundation <a@example.org>", "ł@example.org", "a@b\n"]
)
def test_impossible_sender_is_refused(tmp_path: Path, sender: str) -> None:
    """A sender that no message could name is refused at once."""
    with pytest.raises(Misconfigured, match="DONORHUB_MAIL_FROM holds no address"):
        config.load_settings({"DONORHUB_HOME": str(tmp_path), "DONORHUB_MAIL_FROM": sender})


@pytest.mark.parametrize(
    "sender", ["a@example.org", "Fundacja Łąka <thanks+x@łąka.example.org>", '"A, B" <a@b>']
)
def test_sender_may_have_a_name(tmp_path: Path, sender: str) -> None:
    """A sender with or without a name is taken."""
    assert (
        config.load_settings({"DONORHUB_HOME": str(tmp_path), "DONORHUB_MAIL_FROM": sender}).mail_from
        == sender
    )


def test_the_clock_cannot_be_set_in_production(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="only for tests"):
        config.load_settings({"DONORHUB_HOME": str(tmp_path), "DONORHUB_CLOCK": "2026-11-22T09:00:00Z"})


def test_postgres_urls_get_our_driver(tmp_path: Path) -> None:
    url = config.load_settings(
        {"DONORHUB_HOME": str(tmp_path), "DATABASE_URL": "postgres://u:p@h/d"}
    ).database_url
    assert url == "postgresql+psycopg://u:p@h/d"


def test_a_set_clock_runs_on_from_its_instant(tmp_path: Path) -> None:
    assert clock.parse_clock("2030-01-01T00:00:00Z")().year == 2030
    shift = tmp_path / "shift"
    shift.write_text("86400")
    assert (clock.parse_clock(f"file:{shift}")() - clock.read_system_clock()).days in (0, 1)
    with pytest.raises(ValueError, match="time zone"):
        clock.parse_clock("2030-01-01T00:00:00")


def test_sealed_text_needs_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sealed opens only with its key and unchanged."""
    monkeypatch.setattr(vault, "_key", None)  # and given back after the test
    vault.use_key("one")
    sealed = vault.seal_bytes(b"secret")
    assert vault.unseal_bytes(sealed) == b"secret"
    with pytest.raises(Misconfigured):
        vault.unseal_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    vault.use_key("two")
    with pytest.raises(Misconfigured):
        vault.unseal_bytes(sealed)
