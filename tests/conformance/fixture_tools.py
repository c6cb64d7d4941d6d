"""The suite's tools that answer at once: they show that what a tool returns arrives as it is."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from mcp.server.mcpserver.context import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    TextContent,
    TextResourceContents,
)
from pydantic import Field

PIXEL: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
)
SILENCE: Final = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="
PAUSE_SECONDS: Final = 0.05

SCHEMA_2020_12: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}

Call = Context[Any, Any]


def text(words: str) -> CallToolResult:
    """Return words."""
    return CallToolResult(content=[TextContent(type="text", text=words)])


def _resource(uri: str, mime_type: str, words: str) -> EmbeddedResource:
    return EmbeddedResource(
        type="resource",
        resource=TextResourceContents(uri=uri, mime_type=mime_type, text=words),
    )


def _image() -> ImageContent:
    return ImageContent(type="image", data=PIXEL, mime_type="image/png")


async def greet(name: str = "World") -> CallToolResult:
    """Greet somebody."""
    return text(f"Hello, {name}!")


async def _simple_text() -> CallToolResult:
    """Return a text."""
    return text("This is a simple text response for testing.")


async def _image_content() -> CallToolResult:
    """Return an image."""
    return CallToolResult(content=[_image()])


async def _audio_content() -> CallToolResult:
    """Return a sound."""
    return CallToolResult(content=[AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")])


async def _embedded_resource() -> CallToolResult:
    """Return a resource."""
    words = "This is an embedded resource content."
    return CallToolResult(content=[_resource("test://embedded-resource", "text/plain", words)])


async def _multiple_content_types() -> CallToolResult:
    """Return some of each."""
    mixed = _resource(
        "test://mixed-content-resource", "application/json", '{"test":"data","value":123}'
    )
    words = TextContent(type="text", text="Multiple content types test:")
    return CallToolResult(content=[words, _image(), mixed])


async def _error_handling() -> CallToolResult:
    """Fail as tools fail."""
    raise ToolError("This tool intentionally returns an error for testing")


async def _tool_with_progress(ctx: Call) -> CallToolResult:
    """Tell of progress."""
    for progress in (0, 50, 100):
        await ctx.report_progress(progress, 100)
        await asyncio.sleep(PAUSE_SECONDS)
    return text("Done.")


async def _missing_capability() -> CallToolResult:
    """Want more than any client says that it can do."""
    raise MCPError(
        MISSING_REQUIRED_CLIENT_CAPABILITY,
        "Missing required client capability",
        {"requiredCapabilities": {"sampling": {}}},
    )


async def _streaming_elicitation(ctx: Call) -> CallToolResult:
    """Answer on a stream, with nothing but notifications before the result."""
    await ctx.report_progress(1, 1)
    return text("Done.")


async def _done() -> CallToolResult:
    """Say nothing but the result."""
    return text("Done.")


async def _custom_header(
    region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})] = "",
) -> CallToolResult:
    """Take an argument that stands in a header, too."""
    return text(region)


def plain_tools() -> list[Tool]:
    """Make them all, under the suite's names."""
    with_schema = Tool.from_function(_done, name="json_schema_2020_12_tool", description="Done.")
    tests = (
        _simple_text,
        _image_content,
        _audio_content,
        _embedded_resource,
        _multiple_content_types,
        _error_handling,
        _tool_with_progress,
        _missing_capability,
        _streaming_elicitation,
        _custom_header,
    )
    return [
        Tool.from_function(greet),
        Tool.from_function(_done, name="test_logging_tool"),
        *(Tool.from_function(each, name=f"test{each.__name__}") for each in tests),
        with_schema.model_copy(update={"parameters": SCHEMA_2020_12}),
    ]
