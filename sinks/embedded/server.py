"""The life of the embedded server: bind, open the data, say it is ready, accept, stop."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading

import structlog

from schemas.errors import LocalError
from sinks.embedded import limits
from sinks.embedded.accepting import accept
from sinks.embedded.engine import Engine
from sinks.embedded.native import NativeConnection
from sinks.embedded.options import Options
from sinks.embedded.queries import Running
from sinks.embedded.watch import Lease, Watcher
from sinks.embedded.web import WebConnection
from sinks.embedded.websessions import HttpSessions

__all__ = ["serve"]

log = structlog.get_logger(__name__)

_STOPPING = frozenset({signal.SIGINT, signal.SIGTERM})


def serve(options: Options) -> None:
    """Run the server until SIGINT or SIGTERM.

    Call it from the main thread, before any other thread exists: the signals are blocked in all
    of them, so that none of the engine's threads takes one, and waited for here.

    Raises:
        LocalError: a port is taken, or another server holds the data folder.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    native = _bind(options.host, options.port, "--port")
    web = _bind(options.host, options.http_port, "--http-port")
    engine = Engine(options.path, options.database)
    watcher = Watcher()
    running = Running(watcher)
    sessions = HttpSessions(engine)

    def serve_native(lease: Lease) -> None:
        NativeConnection(
            lease, engine=engine, gate=options.gate, running=running, watcher=watcher
        ).serve()

    def serve_web(lease: Lease) -> None:
        WebConnection(
            lease,
            engine=engine,
            gate=options.gate,
            running=running,
            watcher=watcher,
            sessions=sessions,
        ).serve()

    for listener in (native, web):
        listener.listen(limits.BACKLOG)
    address = {
        "pid": os.getpid(),
        "host": options.host,
        "port": native.getsockname()[1],
        "http_port": web.getsockname()[1],
    }
    stopping = threading.Event()
    watcher.start()
    _write_ready(options, address)
    log.info("embedded_clickhouse_ready", version=engine.version, **address)
    for listener, body in ((native, serve_native), (web, serve_web)):
        threading.Thread(
            target=accept, args=(listener, watcher, body, stopping), daemon=True
        ).start()
    received = signal.sigwait(_STOPPING)
    log.info("embedded_clickhouse_stopping", signal=signal.Signals(received).name)
    stopping.set()
    for listener in (native, web):
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    options.ready_file.unlink(missing_ok=True)
    if not watcher.stop(limits.STOP_TIMEOUT_S):
        # A query that does not stop would make the engine wait for it; its data is safe.
        log.warning("embedded_clickhouse_stopped", clean=False)
        os._exit(0)
    sessions.close()
    engine.close()
    log.info("embedded_clickhouse_stopped", clean=True)


def _bind(host: str, port: int, option: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise LocalError(
            f"Port {port} on {host} cannot be used ({error.strerror}).",
            cure=f"Stop the program that holds it, or give another one with {option}.",
        ) from error
    return listener


def _write_ready(options: Options, address: dict[str, str | int]) -> None:
    """Write the address so that a reader sees all of it or nothing."""
    options.ready_file.parent.mkdir(parents=True, exist_ok=True)
    draft = options.ready_file.with_name(f"{options.ready_file.name}.{os.getpid()}.tmp")
    draft.write_text(json.dumps(address), encoding="utf-8")
    draft.replace(options.ready_file)
