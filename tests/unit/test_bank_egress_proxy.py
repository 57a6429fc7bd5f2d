"""The proxy's reading of requests, and what it lets through, over real loopback sockets."""

from __future__ import annotations

import asyncio

import pytest

from daemon.adapters.egress_proxy import EgressProxy, Endpoint


@pytest.mark.parametrize(
    ("origin", "endpoint"),
    [
        ("http://127.0.0.1:8070", Endpoint("127.0.0.1", 8070)),
        ("https://Bank.Example/x", Endpoint("bank.example", 443)),
        ("http://[::1]:80", Endpoint("::1", 80)),
    ],
)
def test_an_origin_has_an_endpoint(origin: str, endpoint: Endpoint) -> None:
    assert Endpoint.of_origin(origin) == endpoint


@pytest.mark.parametrize("authority", ["bank.example", "a@bank.example:443", "bank.example:x", ":443", ""])
def test_a_connect_target_must_be_host_and_port(authority: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError ends the connection
        Endpoint.of_authority(authority)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + head)
    await writer.drain()
    writer.close()


async def has_ended(reader: asyncio.StreamReader) -> bool:
    try:
        await asyncio.wait_for(reader.read(), 5)
    except ConnectionError:
        return True
    return reader.at_eof()


async def asked(proxy: EgressProxy, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


async def test_only_the_allowed_endpoint_is_reached() -> None:
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as bank:
        port = bank.sockets[0].getsockname()[1]
        proxy = EgressProxy(frozenset({Endpoint("127.0.0.1", port)}))
        await proxy.start()
        plain = await asked(
            proxy, b"GET http://127.0.0.1:%d/a?b HTTP/1.1\r\nProxy-Authorization: x\r\nHost: h\r\n\r\n" % port
        )
        assert b"\r\n\r\nGET /a?b HTTP/1.1\r\nHost: h\r\nConnection: close" in plain
        other_port = await asked(proxy, b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n")
        other_host = await asked(proxy, b"GET http://localhost:%d/ HTTP/1.1\r\n\r\n" % port)
        assert other_port.startswith(b"HTTP/1.1 403")
        assert other_host.startswith(b"HTTP/1.1 403")
        assert proxy.blocked == {Endpoint("127.0.0.1", 1): 1, Endpoint("localhost", port): 1}
        await proxy.stop()


@pytest.mark.parametrize(
    "request_head", [b"nonsense\r\n\r\n", b"GET /path HTTP/1.1\r\n\r\n", b"GET ftp://h/ H\r\n\r\n"]
)
async def test_what_is_no_proxy_request_gets_no_answer(request_head: bytes) -> None:
    proxy = EgressProxy(frozenset())
    await proxy.start()
    assert await asked(proxy, request_head) == b""
    await proxy.stop()


async def test_cutting_ends_open_tunnels_and_new_ones_still_open() -> None:
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as bank:
        port = bank.sockets[0].getsockname()[1]
        proxy = EgressProxy(frozenset({Endpoint("127.0.0.1", port)}))
        await proxy.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        connect = b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % port
        writer.write(connect)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        proxy.cut()
        assert await has_ended(reader)
        writer.close()
        assert b"200 OK" in await asked(proxy, connect + b"GET / HTTP/1.1\r\n\r\n")
        await proxy.stop()
