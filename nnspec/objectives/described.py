"""A class of PyTorch's that is described by its fields and written as its constructor's call."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Described(BaseModel):
    """Fields with torch's names and defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)

    def changed(self) -> dict[str, Any]:
        """The fields that differ from their defaults: what is written."""
        fields = type(self).model_fields
        values = {name: getattr(self, name) for name in fields}
        return {name: value for name, value in values.items() if value != fields[name].get_default()}
