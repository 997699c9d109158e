"""The shape of a profile in desk.yaml: which strategy trades what, with which parameters, rules and limits.

Names of strategies, presets, parameters and limits are checked by those who own them.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from config.values import Parameter

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
Symbol = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,30}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}\.py$")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]
Parameters = dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")], Parameter]


class ProfileSpec(BaseModel):
    """One profile as written. Fractions arrive as exact decimals; lists of numbers as tuples."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    name: Name
    strategy: Name
    preset: Name | None = None
    symbols: tuple[Symbol, ...] = ()
    params: Parameters = Field(default_factory=dict)
    settings: Parameters = Field(default_factory=dict)
    limits: Parameters = Field(default_factory=dict)
    bounds: Parameters = Field(default_factory=dict)
    approval: Parameters = Field(default_factory=dict)
