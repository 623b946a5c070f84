"""Which values there are, by the type that refused another."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from buildos_box.api.allowed_values import allowed_values


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Shirt(msgspec.Struct, rename="camel"):
    size: Size
    how_worn: Annotated[Literal["in", "out"], msgspec.Meta(description="?")] | None = None


class Wardrobe(msgspec.Struct):
    shirts: list[Shirt]
    best: Shirt | None = None
    by_name: dict[str, Shirt] = {}
    colour: str = "blue"


@pytest.mark.parametrize(
    ("kind", "path", "values"),
    [
        (Shirt, "size", ["small", "large"]),
        (Shirt | None, "howWorn", ["in", "out"]),
        (Wardrobe, "shirts[0].size", ["small", "large"]),
        (Wardrobe, "best.howWorn", ["in", "out"]),
        (Wardrobe, "by_name[...].size", ["small", "large"]),
        (Size | None, "", ["small", "large"]),
        (Wardrobe, "colour", []),
        (Wardrobe, "colour[0]", []),
        (Wardrobe, "missing.size", []),
        (dict[str, Any], "size", []),
    ],
)
def test_the_values_of_an_enumeration_are_found(kind: Any, path: str, values: list[str]) -> None:
    assert allowed_values(kind, path) == values
