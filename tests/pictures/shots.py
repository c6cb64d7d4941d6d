"""Pictures of a page in a browser."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

from desk.browser import Page


async def look(
    page: Page, *, width: int, height: int = 900, dark: bool = False, scale: float = 1.5
) -> None:
    """Show the page on a screen of this size."""
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    still = {"name": "prefers-reduced-motion", "value": "reduce"}
    await page.call("Emulation.setEmulatedMedia", features=[scheme, still])
    await page.call("Emulation.setScrollbarsHidden", hidden=True)
    await page.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=scale,
        mobile=False,
    )


async def shoot(page: Page, file: Path) -> None:
    """Write the whole page."""
    size = (await page.call("Page.getLayoutMetrics"))["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
    await page.run("scrollTo(0, 0)")
    taken = await page.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
    await asyncio.to_thread(file.write_bytes, base64.b64decode(taken["data"]))
