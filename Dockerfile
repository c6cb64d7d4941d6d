# One image for each process: docker build --target gateway|worker|agent|discord-double .
# Written for the classic builder too, so without RUN --mount. That builder runs every stage above
# the target, which is why the largest image stands last.
ARG PYTHON_IMAGE=python:3.12-slim

# ---- what builds: none of this reaches an image --------------------------------------------------

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# Without pip of its own: the images carry no installer beside the one in their base.
RUN python -m venv --without-pip /opt/venv
WORKDIR /src

# Our own code, as one small layer beside the large one of its dependencies.
FROM build AS project
COPY pyproject.toml README.md LICENSE ./
COPY shared shared
COPY mcp_gateway mcp_gateway
COPY escalation_worker escalation_worker
COPY customer_agent customer_agent
COPY hitl hitl
RUN pip install --no-deps --target /opt/app .
COPY docker/health.py /opt/app/health.py

FROM build AS discord-double-build
COPY constraints/discord-double.txt constraints/
RUN pip --python /opt/venv/bin/python install --no-deps --require-hashes -r constraints/discord-double.txt
COPY tests/discord_double discord_double
RUN pip install --no-deps --target /opt/app ./discord_double
COPY docker/health.py /opt/app/health.py

FROM build AS gateway-build
COPY constraints/gateway.txt constraints/
RUN pip --python /opt/venv/bin/python install --no-deps --require-hashes -r constraints/gateway.txt

FROM build AS worker-build
COPY constraints/worker.txt constraints/
RUN pip --python /opt/venv/bin/python install --no-deps --require-hashes -r constraints/worker.txt

# ---- what runs: a base, and one target for each process ------------------------------------------

FROM ${PYTHON_IMAGE} AS run
RUN groupadd --gid 10001 hitl && \
    useradd --uid 10001 --gid hitl --no-create-home --home-dir /tmp --shell /usr/sbin/nologin hitl
# Nothing is written but to /tmp, so that the root file system may be read-only.
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/opt/app HOME=/tmp \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/app
STOPSIGNAL SIGTERM

FROM run AS discord-double
COPY --from=discord-double-build /opt/venv /opt/venv
COPY --from=discord-double-build /opt/app /opt/app
USER 10001:10001
EXPOSE 8902
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["python", "health.py", "discord-double"]
ENTRYPOINT ["python", "-m", "discord_double", "--host", "0.0.0.0"]

FROM run AS gateway
COPY --from=gateway-build /opt/venv /opt/venv
COPY --from=project /opt/app /opt/app
USER 10001:10001
ENV GATEWAY_HOST=0.0.0.0
EXPOSE 8765
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s CMD ["python", "health.py", "gateway"]
ENTRYPOINT ["python", "-m", "mcp_gateway"]

FROM run AS worker
COPY --from=worker-build /opt/venv /opt/venv
COPY --from=project /opt/app /opt/app
USER 10001:10001
ENV DESK_HOST=0.0.0.0
EXPOSE 8780
HEALTHCHECK --interval=15s --timeout=8s --start-period=15s CMD ["python", "health.py", "worker"]
ENTRYPOINT ["python", "-m", "escalation_worker"]

# ---- the agent, which brings VideoSDK's runtime --------------------------------------------------

FROM build AS agent-build
COPY constraints/agent.txt constraints/
RUN pip --python /opt/venv/bin/python install --no-deps --require-hashes -r constraints/agent.txt
# VideoSDK's plugins for AGENT_LLM, AGENT_STT, AGENT_TTS …, separated by spaces:
#   --build-arg AGENT_PLUGINS="videosdk-plugins-openai videosdk-plugins-silero"
# They are not among the pinned versions; the pinned versions of everything else stay.
ARG AGENT_PLUGINS=""
RUN if [ -n "$AGENT_PLUGINS" ]; then \
      sed -n 's/ *\\$//; /^[A-Za-z0-9]/p' constraints/agent.txt >/tmp/pins.txt && \
      pip --python /opt/venv/bin/python install -c /tmp/pins.txt $AGENT_PLUGINS; \
    fi

FROM run AS agent
COPY --from=agent-build /opt/venv /opt/venv
COPY --from=project /opt/app /opt/app
USER 10001:10001
ENV CHAT_HOST=0.0.0.0
EXPOSE 8770
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "health.py", "agent"]
ENTRYPOINT ["python", "-m", "customer_agent"]
