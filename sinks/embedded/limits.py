"""Every bound of the embedded server, in one place. Sizes are bytes, times are seconds."""

from __future__ import annotations

# A hello names a program, a database, a user and a password: nothing before the login is larger.
MAX_HELLO_STRING = 4 * 1024
# ClickHouse's own default for `max_query_size` is 256 KiB; generated SQL is often longer.
MAX_QUERY_BYTES = 16 * 1024 * 1024
MAX_SETTINGS = 1_000
MAX_SETTING_BYTES = 1024 * 1024
MAX_NAME_BYTES = 64 * 1024
MAX_COLUMNS = 10_000
MAX_BLOCK_ROWS = 100_000_000
# One block, uncompressed. It is held once while its columns are measured.
MAX_BLOCK_BYTES = 512 * 1024 * 1024
MAX_STRING_BYTES = 256 * 1024 * 1024
MAX_TYPE_DEPTH = 32
# What one frame of a compressed answer holds, as in ClickHouse (`max_compress_block_size`).
FRAME_BYTES = 1024 * 1024
# LZ4 cannot expand more than this: a frame that claims more is lying about its size.
LZ4_MAX_RATIO = 256

MAX_CONNECTIONS = 256
BACKLOG = 128
# After a connection could not be taken, until the next attempt.
ACCEPT_PAUSE_S = 0.2
RECV_BYTES = 256 * 1024

# From the accepted connection to the end of the login, or of the head of an HTTP request.
LOGIN_TIMEOUT_S = 10.0
# From the first byte of a packet to its last, except while the data of an INSERT keeps coming.
PACKET_TIMEOUT_S = 60.0
# One read or write on a socket: a client that stops in the middle of a block or never reads.
STALL_TIMEOUT_S = 300.0
IDLE_TIMEOUT_S = 3_600.0
# After SIGTERM: what running queries get before the process ends anyway.
STOP_TIMEOUT_S = 6.0

# Between two requests of one connection.
HTTP_KEEP_ALIVE_S = 60.0
HTTP_MAX_FORM_BYTES = MAX_QUERY_BYTES
# An answer is kept in memory up to here when the client asked to wait for its end, then on disk.
HTTP_SPOOL_BYTES = 8 * 1024 * 1024
HTTP_CHUNK_BYTES = 256 * 1024
HTTP_SESSION_TIMEOUT_S = 60.0
HTTP_MAX_SESSION_TIMEOUT_S = 3_600.0
HTTP_MAX_SESSIONS = 200
