"""Configuration: defaults, one TOML file, the environment, in this order (spec 2)."""

from buildos_box.settings.load import Fault, Loaded, SettingsError, load_settings
from buildos_box.settings.model import (
    BriefSettings,
    DataSettings,
    EgressSettings,
    EmailSettings,
    LaneSettings,
    LlmSettings,
    ProviderSettings,
    QueueSettings,
    Secret,
    Settings,
    SmtpSettings,
)

__all__ = [
    "BriefSettings",
    "DataSettings",
    "EgressSettings",
    "EmailSettings",
    "Fault",
    "LaneSettings",
    "LlmSettings",
    "Loaded",
    "ProviderSettings",
    "QueueSettings",
    "Secret",
    "Settings",
    "SettingsError",
    "SmtpSettings",
    "load_settings",
]
