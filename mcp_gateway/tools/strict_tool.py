"""Tools whose bad arguments are refused with the field and the limit, and nothing else happens.

The SDK's own tools ignore unknown arguments, convert types, and show pydantic's whole report.
Errors are results with `is_error`, as the standard asks for input errors, so that the model can
read and mend them.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from types import UnionType
from typing import Annotated, Any, Self, Union, get_args, get_origin

from mcp.server.mcpserver.context import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp_types import ToolAnnotations
from pydantic import ConfigDict, Field, ValidationError

from mcp_gateway.results.bad_arguments import refusal_of
from shared.errors import EscalationError, StoreUnavailableError, StoreUncertainError

Admit = Callable[[], Awaitable[None]]
"""Raises what keeps a call out."""


class StrictTool(Tool):
    """A tool with strict arguments and readable errors."""

    if_uncertain: str = "it may have been done all the same. Please try again: it is safe to repeat"
    """What a caller reads when Redis was told and did not answer.

    Holds "try again", as every error does that comes of an outage: agents tell it by these words
    from what they must mend themselves.
    """

    admit: Admit | None = Field(default=None, exclude=True)
    """Asked before each call."""

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        *,
        annotations: ToolAnnotations,
        admit: Admit | None = None,
        if_uncertain: str | None = None,
    ) -> Self:
        """Make a tool of a function; its annotations are the schema, its docstring the text."""
        # Python before 3.13 keeps the code's indentation in a docstring, and models would read it.
        words = inspect.getdoc(function)
        tool = cls.from_function(function, description=words, annotations=annotations)
        strict = type(
            f"{function.__name__}Arguments",
            (tool.fn_metadata.arg_model,),
            {
                "model_config": ConfigDict(extra="forbid", strict=True),
                "__module__": __name__,
            },
        )
        return cls.model_validate(
            tool.model_copy(
                update={
                    "fn_metadata": _Metadata(
                        arg_model=strict,
                        output_schema=tool.fn_metadata.output_schema,
                        output_model=tool.fn_metadata.output_model,
                        wrap_output=tool.fn_metadata.wrap_output,
                    ),
                    "parameters": strict.model_json_schema(),
                    "admit": admit,
                    **({"if_uncertain": if_uncertain} if if_uncertain else {}),
                }
            )
        )

    async def run(
        self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False
    ) -> Any:
        """Run the tool.

        Raises:
            ToolError: Bad arguments or an expected failure, in words for the caller.
        """
        try:
            if self.admit is not None:
                await self.admit()
            return await super().run(arguments, context, convert_result)
        except EscalationError as error:
            raise ToolError(self._in_words(error)) from error
        except UnexpectedToolError as error:
            if isinstance(error.__cause__, EscalationError):
                raise ToolError(self._in_words(error.__cause__)) from error
            raise
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(refusal_of(error.__cause__)) from error
            if isinstance(error.__cause__, ToolError):
                raise ToolError(str(error.__cause__)) from error
            raise

    def _in_words(self, error: EscalationError) -> str:
        """Say what failed, and whether anything was done."""
        if isinstance(error, StoreUncertainError):
            return f"{error}: {self.if_uncertain}"
        if isinstance(error, StoreUnavailableError):
            return f"{error} (nothing was done: try again)"
        return str(error)


class _Metadata(FuncMetadata):
    """Reads lists and objects that come as texts, as some clients write them; a text stays a text.

    The SDK's own would take a customer's `null` or `[1]` for JSON where a text may be left out.
    """

    def pre_parse_json(self, data: dict[str, Any]) -> dict[str, Any]:
        """See `FuncMetadata.pre_parse_json`."""
        read = super().pre_parse_json(data)
        return {
            name: value if isinstance(value, list | dict) and self._has_parts(name) else data[name]
            for name, value in read.items()
        }

    def _has_parts(self, name: str) -> bool:
        known = self.arg_model.model_fields.get(name)
        return known is not None and any(
            get_origin(each) in {list, dict} for each in _types_in(known.annotation)
        )


def _types_in(annotation: object) -> Iterator[object]:
    """Walk through unions, and what is annotated."""
    match get_origin(annotation):
        case origin if origin is Annotated:
            yield from _types_in(get_args(annotation)[0])
        case origin if origin in {Union, UnionType}:
            for part in get_args(annotation):
                yield from _types_in(part)
        case _:
            yield annotation
