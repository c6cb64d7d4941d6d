"""Imports VideoSDK's runtime once, so that its own warnings don't fail a test.

Version 1.0.30 imports names that `websockets` calls deprecated. Imported here, they cannot warn
again in a test, where every warning is an error.
"""

from __future__ import annotations

import importlib
import re
import warnings

with warnings.catch_warnings():
    for _name in ("websockets.legacy", "websockets.WebSocketClientProtocol"):
        warnings.filterwarnings("ignore", rf"{re.escape(_name)} is deprecated", DeprecationWarning)
    importlib.import_module("videosdk.agents")
