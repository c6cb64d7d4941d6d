"""The processes of a campaign, and everything that can be done to them.

Each is addressed through its `Slot`, whose lock lets only one act at a time have it. Every end
that was brought about is noted in the history; an end that nobody brought about is noted as such.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from discord_double import defaults
from redis.asyncio import Redis
from redis.exceptions import RedisError
from support import processes
from support.processes import ROOT, Process

from faults.history import Component, History, What
from faults.plan import DROPS, KEEPS, Asking, Plan
from hitl import embedded_redis
from hitl.embedded_redis import EmbeddedRedis, free_port
from shared.crash_points import VARIABLE
from shared.redis_adapter.keys import Keys

CRASH_SECONDS = 12.0
"""How long a process is awaited at the place where it is to die."""
UP_SECONDS = 10.0
UP_MARKS = {
    Component.GATEWAY: (b"gateway_listening",),
    Component.WORKER: (b"discord_listening", b"discord_standby"),
    Component.AGENT: (b"chat_listening",),
}
CONNECTION_KINDS = ("normal", "pubsub")


@dataclass(slots=True)
class Slot:
    """A place for one process, which comes and goes."""

    component: Component
    name: str
    process: Process
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    log_start: int = 0
    """Where in its log the present process began."""

    def is_up(self) -> bool:
        """Whether its log says that it can do its work."""
        with self.process.log.open("rb") as log:
            log.seek(self.log_start)
            text = log.read()
        return any(mark in text for mark in UP_MARKS[self.component])


class Fleet:
    """Valkey, gateways, workers and the Discord double."""

    def __init__(
        self, plan: Plan, folder: Path, history: History, *, mutation: str | None = None
    ) -> None:
        self.keys = Keys("faults")
        self.redis_lock = asyncio.Lock()
        self.nobody_listens = asyncio.Event()
        self._plan = plan
        self._folder = folder
        self._history = history
        self._mutation = mutation
        self._redis: EmbeddedRedis | None = None
        port = free_port()
        self.double_url = f"http://127.0.0.1:{port}"
        self._double = Process(
            "discord_double",
            {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
            folder / "discord.log",
            ("--port", str(port), "--nonce-window", str(plan.nonce_seconds)),
        )
        self.gateways: list[Slot] = []
        self.workers: list[Slot] = []
        self.agents: list[Slot] = []
        """Hosts of agents: each serves the chat page, and asks the first gateway."""

    @property
    def redis_url(self) -> str:
        """The server's address, which outlives its restarts."""
        assert self._redis is not None, "not started"
        return self._redis.url

    @property
    def slots(self) -> list[Slot]:
        """All gateways, workers and hosts of agents."""
        return [*self.gateways, *self.workers, *self.agents]

    def gateway_url(self, number: int) -> str:
        """Tell a gateway's address."""
        return processes.gateway_url(self.gateways[number].process)

    async def start(self) -> None:
        """Start everything, and wait until questions can be asked and answers are heard."""
        self._double.start()
        await self._start_redis()
        await self._until_double_answers()
        env = {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
            "REDIS_URL": self.redis_url,
            "REDIS_KEY_PREFIX": self.keys.prefix,
            "DISCORD_TOKEN": defaults.BOT_TOKEN,
            "DISCORD_CHANNEL_ID": str(defaults.CHANNEL_ID),
            "DISCORD_USER_ID": str(defaults.MAYA_ID),
            "DISCORD_OPERATOR_ROLE_IDS": str(defaults.OPERATOR_ROLE_ID),
            "DISCORD_API_BASE": f"{self.double_url}/api/v10",
            "DISCORD_GATEWAY_URL": self.double_url.replace("http", "ws") + "/",
        }
        for number, timeout in enumerate(self._plan.timeouts):
            name = f"gateway-{number}"
            own = {"GATEWAY_PORT": str(free_port()), **self._routes(name, timeout)}
            process = self._process("mcp_gateway", {**env, **own}, name)
            self.gateways.append(Slot(Component.GATEWAY, name, process))
        for number in range(self._plan.workers):
            name = f"worker-{number}"
            own = self._routes(name, self._plan.timeouts[0])
            process = self._process("escalation_worker", {**env, **own}, name)
            self.workers.append(Slot(Component.WORKER, name, process))
        for number in range(self._plan.agents):
            self.agents.append(self._agent(f"agent-{number}"))
        for slot in self.slots:
            slot.process.start()
        await asyncio.gather(
            *(slot.process.until_logged("chat_listening") for slot in self.agents),
            *(processes.until_ready(slot.process) for slot in self.gateways),
            *(
                slot.process.until_logged("discord_listening", "discord_standby")
                for slot in self.workers
            ),
        )

    def end(self) -> None:
        """End every process, whatever state it is in."""
        with ExitStack() as stack:
            for process in (self._double, *(slot.process for slot in self.slots)):
                if process.process is not None:
                    stack.callback(process.kill)
            if self._redis is not None:
                stack.callback(self._redis.kill)

    async def kill(self, slot: Slot) -> None:
        """End a process as a crash would."""
        if self._is_dead(slot):
            return
        self._note_fault(slot, "kill")
        await asyncio.to_thread(slot.process.kill)

    async def stop(self, slot: Slot) -> None:
        """End a process in order."""
        if self._is_dead(slot):
            return
        self._note_fault(slot, "stop")
        try:
            status = await asyncio.to_thread(slot.process.stop)
        except subprocess.TimeoutExpired:
            status = -signal.SIGKILL  # it did not leave, and was killed
        if status not in {0, -signal.SIGTERM}:  # before it has its handlers, the signal itself
            self._note_own_end(slot, status)

    async def pause(self, slot: Slot, seconds: float) -> None:
        """Let a process stand still for a while."""
        if self._is_dead(slot):
            return
        self._note_fault(slot, "pause", seconds=round(seconds, 1))
        slot.process.pause()
        await asyncio.sleep(seconds)
        slot.process.resume()

    async def restart(self, slot: Slot) -> None:
        """Start a process that has ended, and wait until it can do its work; bounded.

        What is not up yet is not ended again: a machine that starts slowly is disturbed less.
        """
        self.start_slot(slot)
        with suppress(TimeoutError):
            async with asyncio.timeout(UP_SECONDS):
                while not slot.is_up():
                    await asyncio.sleep(0.1)

    def start_slot(self, slot: Slot, *, crash_point: str = "") -> None:
        """Start a process that has ended; it may be told a place at which to die."""
        slot.log_start = slot.process.log.stat().st_size
        slot.process.env = {**slot.process.env, VARIABLE: crash_point}
        slot.process.start()
        self._history.note(What.STARTED, component=slot.component, process=slot.name)

    async def crash(self, slot: Slot, point: str) -> None:
        """Let a process die at a named place; where it never comes there, it is killed."""
        await self.kill(slot)
        self.start_slot(slot, crash_point=point)
        running = slot.process.process
        assert running is not None
        for _ in range(int(CRASH_SECONDS / 0.05)):
            if running.poll() is not None:
                break
            await asyncio.sleep(0.05)
        kind = "kill" if running.poll() is None else "crash"
        self._note_fault(slot, kind, point=point)
        await asyncio.to_thread(slot.process.kill)

    async def kill_redis(self, away: float) -> None:
        """Kill the Redis server, and start it on its data."""
        async with self.redis_lock:
            assert self._redis is not None
            self._history.note(What.FAULT, component=Component.REDIS, kind="kill")
            await asyncio.to_thread(self._redis.kill)
            await asyncio.sleep(away)
            await self._start_redis()
            self._history.note(What.STARTED, component=Component.REDIS, process="redis")

    async def cut_redis(self) -> None:
        """Cut every connection to Redis."""
        async with self.redis_lock, Redis.from_url(self.redis_url) as redis:
            self._history.note(What.FAULT, component=Component.REDIS, kind="cut")
            try:
                for kind in CONNECTION_KINDS:
                    await redis.client_kill_filter(_type=kind, skipme=True)
            except RedisError:
                pass  # its own connection may be among them

    def notice_ends(self) -> None:
        """Note the processes that ended although nobody ended them, and start them anew."""
        for slot in self.slots:
            if not slot.lock.locked() and self._is_dead(slot):
                self.start_slot(slot)

    def _is_dead(self, slot: Slot) -> bool:
        running = slot.process.process
        assert running is not None
        if (status := running.poll()) is None:
            return False
        self._note_own_end(slot, status)
        return True

    def _note_own_end(self, slot: Slot, status: int) -> None:
        self._history.note(
            What.ENDED_ITSELF, component=slot.component, process=slot.name, status=status
        )

    def _note_fault(self, slot: Slot, kind: str, **about: object) -> None:
        self._history.note(
            What.FAULT, component=slot.component, kind=kind, process=slot.name, **about
        )

    def _agent(self, name: str) -> Slot:
        env = {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
            "GATEWAY_URL": self.gateway_url(0),
            "CHAT_PORT": str(free_port()),
            "CHAT_MAX_CONVERSATIONS": "1000",
            "AGENT_HOLD_LINE_SECONDS": "0",
        }
        return Slot(Component.AGENT, name, self._process("customer_agent", env, name))

    def _routes(self, name: str, timeout: float) -> dict[str, str]:
        """Tell a process how long people have, and where the plan needs them, of two routes."""
        if Asking.HANGS_UP not in self._plan.asking:
            return {"ESCALATION_TIMEOUT": str(timeout)}
        file = self._folder / f"{name}.toml"
        channel, maya = defaults.CHANNEL_ID, defaults.MAYA_ID
        operators = f"users = [{maya}], roles = [{defaults.OPERATOR_ROLE_ID}]"
        text = (
            f"[routes.{route}]\nchannels = [{channel}]\noperators = {{ {operators} }}\n"
            f'timeout = "{timeout:.0f}s"\ncaller_gone = "{policy}"\n'
            for route, policy in ((KEEPS, "keep"), (DROPS, "drop"))
        )
        file.write_text("".join(text), encoding="utf-8")
        return {"ROUTES_FILE": str(file)}

    def _process(self, module: str, env: dict[str, str], name: str) -> Process:
        log = self._folder / f"{name}.log"
        if self._mutation is None:
            return Process(module, env, log)
        return Process("faults.mutant", env, log, (self._mutation, module))

    async def _start_redis(self) -> None:
        self._redis = await asyncio.to_thread(
            embedded_redis.start,
            self._folder / "redis",
            server=embedded_redis.find_wheel_server(),
            port=self._redis.port if self._redis else None,
            appendonly=self._mutation != "redis_forgets",
        )

    async def _until_double_answers(self) -> None:
        async with asyncio.timeout(processes.START_SECONDS), httpx2.AsyncClient() as client:
            while True:
                try:
                    (await client.get(f"{self.double_url}/_double/health")).raise_for_status()
                except httpx2.HTTPError:
                    await asyncio.sleep(0.05)
                else:
                    return


def free(slots: Sequence[Slot]) -> list[Slot]:
    """Those that no act has now."""
    return [slot for slot in slots if not slot.lock.locked()]
