"""Configuration: defaults, one TOML file, the environment, in this order.

The rules: docs/spec.md#config-sources.
"""

from buildos_box.settings.channels import EmailSettings, SmsSettings, SmtpSettings
from buildos_box.settings.limits import LimitsSettings
from buildos_box.settings.load import Fault, Loaded, SettingsError, load_settings
from buildos_box.settings.model import (
    BriefSettings,
    DataSettings,
    EgressSettings,
    LaneSettings,
    LlmSettings,
    ProviderSettings,
    QueueSettings,
    Settings,
)
from buildos_box.settings.section import Secret

__all__ = [
    "BriefSettings",
    "DataSettings",
    "EgressSettings",
    "EmailSettings",
    "Fault",
    "LaneSettings",
    "LimitsSettings",
    "LlmSettings",
    "Loaded",
    "ProviderSettings",
    "QueueSettings",
    "Secret",
    "Settings",
    "SettingsError",
    "SmsSettings",
    "SmtpSettings",
    "load_settings",
]
