"""Environment and files become one frozen Settings; secrets stay secret; logging redacts them."""

from config.accounts import AccountSpec
from config.errors import Mistake, SettingsError
from config.loading import load_settings
from config.profiles import ProfileSpec
from config.settings import Settings
from config.values import AccountPreset, BybitEnv, DeskMode, LogLevel, SecondFactor

__all__ = [
    "AccountPreset",
    "AccountSpec",
    "BybitEnv",
    "DeskMode",
    "LogLevel",
    "Mistake",
    "ProfileSpec",
    "SecondFactor",
    "Settings",
    "SettingsError",
    "load_settings",
]
