"""What a tool is: a name, arguments with a schema, and the requests that it makes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import getdoc
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from buildos_box.mcp.rest import Json, Refused, Rest

A = TypeVar("A", bound=Struct)
Run = Callable[[Rest, A], Awaitable[Any]]
MOST_ROWS = 100
Limit = Annotated[int, Meta(ge=1, le=MOST_ROWS, description="How many at most")]
Cursor = Annotated[str | None, Meta(description="`next_cursor` of the result before, to go on")]


class ForUser(Struct, kw_only=True, forbid_unknown_fields=True):
    """Arguments of a tool that acts for one person."""

    user: Annotated[
        str | None,
        Meta(description="Whose data, by user id. Leave it out with a person's own token."),
    ] = None


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. Its description, which the model reads, is the docstring of `run`."""

    name: str
    title: str
    arguments: type[Struct]
    run: Run[Any]
    changes: bool
    destructive: bool
    for_operator: bool

    @property
    def description(self) -> str:
        """What the tool does, for the model."""
        return getdoc(self.run) or ""

    def input_schema(self) -> Json:
        """The JSON Schema of the arguments, an object."""
        (reference,), components = msgspec.json.schema_components([self.arguments])
        schema: Json = components[reference["$ref"].rpartition("/")[2]]
        schema.pop("title", None)
        schema.pop("description", None)
        return schema

    async def call(self, rest: Rest, given: Json) -> Any:
        """Run it with these arguments. Raises Refused, also for arguments that do not fit."""
        try:
            arguments = msgspec.convert(given, self.arguments)
        except msgspec.ValidationError as error:
            raise Refused(str(error)) from error
        return await self.run(rest, arguments)


def tool(
    title: str,
    arguments: type[A],
    *,
    changes: bool = False,
    destructive: bool = False,
    for_operator: bool = False,
) -> Callable[[Run[A]], Tool]:
    """Make a function a tool of the function's name.

    `changes`: it changes something, so that a viewer may not call it. `destructive`: what it
    changes cannot be had back. `for_operator`: for tokens with scope service, admin or viewer.
    """

    def make(run: Run[A]) -> Tool:
        name = getattr(run, "__name__", "")
        return Tool(name, title, arguments, run, changes or destructive, destructive, for_operator)

    return make


async def user_of(rest: Rest, asked: ForUser) -> str:
    """The user that a tool acts for: the one named, or the token's own. Raises Refused."""
    if asked.user is not None:
        return asked.user
    scope = str((await rest.get("me"))["scope"])
    kind, _, user_id = scope.partition(":")
    if kind != "user":
        raise Refused("this token acts for every user: name one as `user` (see list_users)")
    return user_id


def given(arguments: Struct, *without: str) -> Json:
    """The arguments that were given, by the API's names in camelCase."""
    return {
        _camel(name): value
        for name in arguments.__struct_fields__
        if name not in without and (value := getattr(arguments, name)) not in (None, msgspec.UNSET)
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def rows_of(page: Json, *fields: str, key: str = "items") -> Json:
    """A page of a list with these fields only, and the cursor that continues it."""
    rows = [{field: row.get(field) for field in fields} for row in page[key]]
    cursor = page.get("nextCursor") or page.get("next_cursor")
    return {"items": rows} | ({"next_cursor": cursor} if cursor else {})
