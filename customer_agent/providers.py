"""Builds the runtime's pipeline from settings: which model hears, thinks and speaks.

VideoSDK's plugins are packages of their own and are imported only when a setting asks for one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from videosdk.agents import Pipeline

from customer_agent.notices import Notices
from customer_agent.rule_based_llm import RuleBasedLLM
from customer_agent.settings import AgentSettings
from customer_agent.text_voice import TextTrack, TextVoice
from shared.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class _Plugin:
    """A class of a plugin package, and the package that brings it."""

    module: str
    name: str

    @property
    def package(self) -> str:
        return f"videosdk-plugins-{self.module.replace('_', '-')}"


_LLM: Final = {
    "openai": _Plugin("openai", "OpenAILLM"),
    "anthropic": _Plugin("anthropic", "AnthropicLLM"),
    "google": _Plugin("google", "GoogleLLM"),
}
_STT: Final = {
    "deepgram": _Plugin("deepgram", "DeepgramSTT"),
    "openai": _Plugin("openai", "OpenAISTT"),
    "google": _Plugin("google", "GoogleSTT"),
}
_TTS: Final = {
    "openai": _Plugin("openai", "OpenAITTS"),
    "elevenlabs": _Plugin("elevenlabs", "ElevenLabsTTS"),
    "cartesia": _Plugin("cartesia", "CartesiaTTS"),
    "google": _Plugin("google", "GoogleTTS"),
    "deepgram": _Plugin("deepgram", "DeepgramTTS"),
}
_VAD: Final = {"silero": _Plugin("silero", "SileroVAD")}
_TURN: Final = {
    "turnsense": _Plugin("turn_detector", "TurnDetector"),
    "namo": _Plugin("turn_detector", "NamoTurnDetectorV1"),
    "videosdk": _Plugin("turn_detector", "VideoSDKTurnDetector"),
}


def build_llm(settings: AgentSettings, notices: Notices) -> Any:
    """Build the language model that AGENT_LLM names.

    Raises:
        ConfigurationError: Its plugin is not installed or refuses its settings.
    """
    if settings.agent_llm == "rules":
        return RuleBasedLLM(notices)
    options: dict[str, Any] = {}
    if settings.agent_llm_model:
        options["model"] = settings.agent_llm_model
    if settings.agent_llm_base_url:
        if settings.agent_llm == "google":
            raise ConfigurationError("AGENT_LLM_BASE_URL: google takes none; remove it")
        options["base_url"] = settings.agent_llm_base_url
    return _build("AGENT_LLM", settings.agent_llm, _LLM, **options)


def text_pipeline(
    settings: AgentSettings, write: Callable[[str], None]
) -> Callable[[Notices], Pipeline]:
    """Prepare pipelines for written conversations; what the agent says goes to `write`."""

    def build(notices: Notices) -> Pipeline:
        return pipeline_that_writes(build_llm(settings, notices), write)

    return build


def pipeline_that_writes(llm: Any, write: Callable[[str], None]) -> Pipeline:
    """Build a pipeline without audio."""
    track = TextTrack()
    # Written words need neither sentence chunks for a speech engine nor its text filter.
    pipeline = Pipeline(
        llm=llm, tts=TextVoice(write, track), text_chunking=False, text_filtering=False
    )
    pipeline.audio_track = track  # pyright: ignore[reportAttributeAccessIssue]  It stands in for a real track.
    return pipeline


def voice_pipeline(settings: AgentSettings) -> Callable[[Notices], Pipeline]:
    """Prepare pipelines for spoken conversations.

    Raises:
        ConfigurationError: Nothing is set to hear or speak with.
    """
    for name, value in (("AGENT_STT", settings.agent_stt), ("AGENT_TTS", settings.agent_tts)):
        if value == "none":
            raise ConfigurationError(f"{name}: a room needs it; choose a provider other than none")

    def build(notices: Notices) -> Pipeline:
        vad, turn = settings.agent_vad, settings.agent_turn_detector
        return Pipeline(
            stt=_build("AGENT_STT", settings.agent_stt, _STT),
            llm=build_llm(settings, notices),
            tts=_build("AGENT_TTS", settings.agent_tts, _TTS),
            vad=None if vad == "none" else _build("AGENT_VAD", vad, _VAD),
            turn_detector=(None if turn == "none" else _build("AGENT_TURN_DETECTOR", turn, _TURN)),
        )

    return build


def _build(setting: str, choice: str, plugins: dict[str, _Plugin], **options: Any) -> Any:
    """Import a plugin and make its component.

    Raises:
        ConfigurationError: The package is missing, or the plugin lacks its key.
    """
    plugin = plugins[choice]
    try:
        module = importlib.import_module(f"videosdk.plugins.{plugin.module}")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{setting}={choice} needs a package that is not installed ({error.name}): "
            f"pip install {plugin.package}"
        ) from error
    try:
        return getattr(module, plugin.name)(**options)
    except ValueError as error:
        # Plugins complain so about a missing key of their provider, and name its variable.
        raise ConfigurationError(f"{setting}={choice}: {error}") from error
