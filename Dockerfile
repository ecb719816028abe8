# One herd server in a container.
#
#     docker build -t herd .
#     docker run --rm -e HERD_LINK_SECRET="$(openssl rand -hex 32)" -p 127.0.0.1:12480:12480 herd --name Alford
#     docker run --rm --entrypoint herd herd --help        # the other commands
#
# `docker compose up` starts all five: see compose.yaml. What stands after the image's name goes to
# `twistd -n --pidfile= herd`. The configuration is /etc/herd/herd.toml (conf/compose.toml of this repository);
# mount another one over it. That one wants HERD_LINK_SECRET, by which neighbors know each other and of which
# the image has none. State (control socket, log files, journal) is the volume /var/lib/herd. The index of the
# places that come with herd is built into the image, so that the first WHATSAT is answered at once. Nothing
# else is written: `docker run --read-only` works.
#
# Build arguments:
#   BASE            any image with `python3` 3.11 to 3.13 and its venv module (Debian's python3-venv will do)
#   PIP_INDEX_URL   another package index than PyPI
# It builds with BuildKit and with the older builder alike.

ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ARG PIP_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 DEBIAN_FRONTEND=noninteractive
WORKDIR /src
# The compiler of herd's core stays behind too. Where it cannot be had (another system than Debian, or no mirror
# of its packages) the image has the pure core: `docker run --rm --entrypoint herd herd --version` tells.
RUN headers=$(python3 -c "import os, sysconfig; print(os.path.exists(sysconfig.get_path('include') + '/Python.h'))") \
    && { [ "$headers" = True ] || dev=python3-dev; } \
    && { { apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev $dev; } \
        || echo "no compiler: the image will have the pure core" >&2; }
# Two environments: the tools that build stay behind, so does pip.
RUN python3 -m venv --without-pip /opt/herd && python3 -m venv /opt/build && /opt/build/bin/pip install "build>=1.2"
# What herd needs, before herd itself: a change of herd's code leaves this layer as it is.
COPY pyproject.toml ./
RUN python3 -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
        > requirements.txt \
    && /opt/build/bin/pip --python /opt/herd install -r requirements.txt
COPY README.md LICENSE NOTICE hatch_build.py ./
COPY herd ./herd
RUN /opt/build/bin/python -m build --wheel --outdir dist && /opt/build/bin/pip --python /opt/herd install dist/*.whl

FROM ${BASE}
LABEL org.opencontainers.image.title="herd" \
      org.opencontainers.image.description="Named servers that share fast-moving client positions" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/herd/bin:$PATH PYTHONUNBUFFERED=1 HERD_CACHE=/var/cache/herd HERD_STATE=/var/lib/herd
COPY --from=build /opt/herd /opt/herd
# As root, once: what a user could not write, which are the index of places, and Twisted's caches of two plugin
# directories (the last two commands; they also show that the image works).
RUN groupadd --system --gid 10001 herd \
    && useradd --system --uid 10001 --gid herd --home-dir /var/lib/herd --shell /usr/sbin/nologin herd \
    && install -d -o herd -g herd -m 0750 /var/lib/herd \
    && herd places build \
    && chmod -R a+rX /var/cache/herd \
    && herd --version \
    && twistd herd --help > /dev/null \
    && herd places near +34.068930-118.445127 10 5
COPY conf/compose.toml /etc/herd/herd.toml
COPY scripts/container-health /usr/local/bin/herd-health
# Whatever the modes of the checkout are.
RUN chmod 0644 /etc/herd/herd.toml && chmod 0755 /etc/herd /usr/local/bin/herd-health
USER herd
WORKDIR /var/lib/herd
VOLUME /var/lib/herd
# Clients, then links, of the five servers; each listens on its own two.
EXPOSE 12480-12484 12580-12584
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["herd-health"]
# twistd is process 1 itself (no shell, no init): SIGTERM reaches it, and it ends with code 0.
ENTRYPOINT ["twistd", "-n", "--pidfile=", "herd", "--config=/etc/herd/herd.toml"]
CMD ["--help"]
