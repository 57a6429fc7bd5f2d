"""Secrets out of files: NAME_FILE names the file of NAME, as Docker and Kubernetes mount them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from schema.errors import SettingsError

LARGEST_BYTES: Final = 65_536
"""Of a file of a secret; what is larger is something else."""


def secret_names(settings_cls: type[BaseSettings]) -> tuple[str, ...]:
    """The settings that are kept as secrets, lower case; each may be named by NAME_FILE instead."""
    kept = (SecretStr, tuple[SecretStr, ...])
    return tuple(name for name, field in settings_cls.model_fields.items() if field.annotation in kept)


class SecretFiles(PydanticBaseSettingsSource):
    """The contents of the files that NAME_FILE names, without the line's end that editors put there."""

    def __init__(self, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource) -> None:
        """`sources` say where NAME and NAME_FILE may stand: `.env`, then the environment, which wins."""
        super().__init__(settings_cls)
        self._variables: dict[str, str | None] = {}
        for source in sources:
            assert isinstance(source, EnvSettingsSource), "bug: a source without variables"
            self._variables.update(source.env_vars)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The secret's value, or None when no file is named; SettingsError when it cannot be had."""
        path = self._variables.get(f"{field_name}_file")
        if not path:
            return None, field_name, False
        if self._variables.get(field_name):
            name = field_name.upper()
            raise SettingsError(f"{name} and {name}_FILE are both set: leave one of them out.")
        return _secret(f"{field_name.upper()}_FILE", Path(path)), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Every secret that comes out of a file."""
        fields = self.settings_cls.model_fields
        read = {name: self.get_field_value(fields[name], name)[0] for name in secret_names(self.settings_cls)}
        return {name: value for name, value in read.items() if value is not None}


def _secret(setting: str, path: Path) -> str:
    """The one text in a file, empty for an empty one; SettingsError, which never repeats it, when it is none."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_BYTES + 1)
        text = raw.decode().rstrip("\r\n")
    except OSError as error:
        raise SettingsError(f"{setting} names {path}, which cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise SettingsError(f"{setting} names {path}, which holds no text.") from None
    if len(raw) > LARGEST_BYTES:
        raise SettingsError(f"{setting} names {path}, which is too large for a secret.")
    return text
