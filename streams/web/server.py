"""A small HTTP server on the worker's event loop. It starts first and ends last.

Only GET, no parameters, no body, nothing of a customer: whoever reaches the port may read it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from schemas.errors import ConfigError
from streams.web.pages import Answer, Pages

__all__ = ["served"]

log = structlog.get_logger(__name__)

#: Bytes of a request's body, of its first line, and of each header. Ours need none of the first.
_MOST_BODY = 1024
_MOST_LINE = 2048
_MOST_HEADER = 4096

_GOODBYE_S = 1.0

#: Seconds an idle connection stays open: longer than a probe's period is of no use.
_IDLE_S = 15.0


@asynccontextmanager
async def served(pages: Pages, host: str, port: int) -> AsyncIterator[int]:
    """Answer at `host` and `port` inside the block; yields the port. 0 takes any that is free.

    Raises:
        ConfigError: The address cannot be listened on.
    """
    app = web.Application(client_max_size=_MOST_BODY)
    for path, page in (("/live", pages.live), ("/ready", pages.ready), ("/status", pages.status)):
        app.router.add_get(path, _handler(page))
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        keepalive_timeout=_IDLE_S,
        max_line_size=_MOST_LINE,
        max_field_size=_MOST_HEADER,
        shutdown_timeout=_GOODBYE_S,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise ConfigError(
                f"The worker cannot listen on {host}:{port} ({error.strerror or type(error).__name__}).",
                cure="Free the port, or name another one in EARSHOT_WORKER__WEB_PORT; each worker of a "
                "machine needs its own.",
            ) from None
        bound: int = runner.addresses[0][1]
        log.info("web_listening", host=host, port=bound)
        yield bound
    finally:
        await runner.cleanup()


def _handler(page: Callable[[], Answer]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(_: web.Request) -> web.Response:
        answer = page()
        return web.Response(
            status=answer.code,
            text=json.dumps(answer.body, indent=2) + "\n",
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    return handle
