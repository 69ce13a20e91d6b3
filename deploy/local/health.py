"""Asks a process how it is. Plain sockets: the supervisor stays small and asks many times a second."""

import asyncio

_LIMIT_S = 3


async def answers(address: str, path: str) -> bool:
    """Whether `GET path` at host:port answers 200."""
    host, _, port = address.rpartition(":")
    request = f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(_LIMIT_S):
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                writer.write(request.encode())
                return (await reader.readline()).split(b" ")[1:2] == [b"200"]
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


async def connects(address: str) -> bool:
    """Whether something accepts connections at host:port (the first, when several are listed)."""
    host, _, port = address.partition(",")[0].rpartition(":")
    try:
        async with asyncio.timeout(_LIMIT_S):
            _, writer = await asyncio.open_connection(host, int(port))
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
