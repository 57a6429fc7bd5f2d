"""Hosted files over real TLS sockets: who is asked, who is never asked, and what is taken of an answer."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from daemon.adapters import files_https
from daemon.adapters.files_https import HttpsFiles, PinnedTransport, allowed_url, is_public
from sandbox.tls import Certificate, certificate
from schema.errors import PermanentError, TransientError

LARGEST = 100_000
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n%PDF-"


@dataclass
class Host:
    """A real TLS server that answers the same to everyone and keeps what it was asked."""

    port: int
    certificate: Certificate
    asked: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def serving(folder: Path, answer: bytes, *, silent: bool = False) -> AsyncIterator[Host]:
    kept = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(kept.path, kept.key_path)
    host = Host(0, kept)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host.asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(await reader.read() if silent else answer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    host.port = server.sockets[0].getsockname()[1]
    async with server:
        yield host


def files(
    host: Host,
    *,
    leads_to: list[list[str]] | None = None,
    public: Callable[[str], bool] | None = lambda _: True,
    name: str = "localhost",
) -> tuple[HttpsFiles, list[str]]:
    """A client that trusts the server's certificate; `leads_to` is what the resolver says, call by call."""
    answers = iter(leads_to or [["127.0.0.1"]] * 9)
    resolved: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        resolved.append(host)
        return next(answers)

    context = ssl.create_default_context(cafile=str(host.certificate.path))
    pinned = PinnedTransport(httpx.AsyncHTTPTransport(verify=context, trust_env=False), resolve, public)
    return HttpsFiles([f"{name}:{host.port}"], pinned, largest_bytes=LARGEST), resolved


async def test_a_file_of_an_allowed_host_comes_with_its_name_and_origin(tmp_path: Path) -> None:
    async with serving(tmp_path, OK) as host:
        client, _ = files(host)
        file = await client.fetch(f"https://localhost:{host.port}/a/inv%20one.pdf?token=secret")
    assert (file.name, file.data) == ("inv one.pdf", b"%PDF-")
    assert file.origin == f"https://localhost:{host.port}/a/inv%20one.pdf"
    assert f"Host: localhost:{host.port}".encode() in host.asked[0]


async def test_a_name_that_means_another_address_a_moment_later_is_asked_for_once(tmp_path: Path) -> None:
    """DNS rebinding: judged and connected to is the same answer of the resolver."""
    async with serving(tmp_path, OK) as host:
        client, resolved = files(host, leads_to=[["127.0.0.1"], ["169.254.169.254"]])
        await client.fetch(f"https://localhost:{host.port}/a.pdf")
    assert resolved == ["localhost"]


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], []]
)
async def test_a_host_with_an_address_that_is_not_public_is_never_asked(
    tmp_path: Path, addresses: list[str]
) -> None:
    async with serving(tmp_path, OK) as host:
        client, _ = files(host, leads_to=[addresses], public=None)
        with pytest.raises(PermanentError, match="not public"):
            await client.fetch(f"https://localhost:{host.port}/a.pdf")
    assert host.asked == []


async def test_this_machines_own_resolver_does_not_help_either(tmp_path: Path) -> None:
    async with serving(tmp_path, OK) as host:
        pinned = PinnedTransport(httpx.AsyncHTTPTransport(trust_env=False))
        client = HttpsFiles([f"localhost:{host.port}"], pinned, largest_bytes=LARGEST)
        with pytest.raises(PermanentError, match="not public"):
            await client.fetch(f"https://localhost:{host.port}/a.pdf")
    assert host.asked == []


async def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, OK) as host:
        client, _ = files(host, name="files.example.com")
        with pytest.raises(PermanentError, match="certificate"):
            await client.fetch(f"https://files.example.com:{host.port}/a.pdf")
    assert host.asked == []


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
            PermanentError,
            "leads",
        ),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", PermanentError, "404"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", TransientError, "503"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
            PermanentError,
            "packed",
        ),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(LARGEST + 1), PermanentError, "larger"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", TransientError, "failed"),
        (b"220 smtp.example ESMTP\r\n", TransientError, "failed"),
    ],
)
async def test_an_answer_that_is_no_file_is_not_taken(
    tmp_path: Path, answer: bytes, error: type[Exception], says: str
) -> None:
    async with serving(tmp_path, answer) as host:
        client, _ = files(host)
        with pytest.raises(error, match=says):
            await client.fetch(f"https://localhost:{host.port}/a.pdf")
    assert len(host.asked) == 1


async def test_a_server_that_never_answers_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_https, "DEADLINE_S", 0.3)
    async with serving(tmp_path, OK, silent=True) as host:
        client, _ = files(host)
        with pytest.raises(TransientError, match="did not come"):
            await client.fetch(f"https://localhost:{host.port}/a.pdf")


@pytest.mark.parametrize(
    "address",
    [
        "http://files.example.com/a.pdf",
        "ftp://files.example.com/a.pdf",
        "file:///etc/passwd",
        "//files.example.com/a.pdf",
        "files.example.com/a.pdf",
        "https://evil.example/a.pdf",
        "https://files.example.com.evil.example/a.pdf",
        "https://files.example.com@evil.example/a.pdf",
        "https://user:word@files.example.com/a.pdf",
        "https://@files.example.com/a.pdf",
        "https://evil.example\\@files.example.com/a.pdf",
        "https://files.example.com\\.evil.example/",
        "https://files.example.com:8443/a.pdf",
        "https://files.example.com:22/",
        "https://files.example.com:0/",
        "https://files.example.com./a.pdf",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[fe80::1%25eth0]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "https://\uff46iles.example.com/",
        "https://files.example.com/a b.pdf",
        "https://files.example.com/\r\nHost: evil.example",
        "https://files.example.com/" + "a" * 2_000,
        "https:///a.pdf",
        "https://",
        "",
    ],
)
def test_an_address_that_is_not_on_the_list_is_refused(address: str) -> None:
    with pytest.raises(PermanentError):
        allowed_url(address, frozenset({"files.example.com:443"}))


@pytest.mark.parametrize(
    "address", ["https://files.example.com/a.pdf?x=1", "https://FILES.example.com:443/a.pdf?x=1#part"]
)
def test_an_address_on_the_list_is_put_together_anew(address: str) -> None:
    url = allowed_url(address, frozenset({"files.example.com:443"}))
    assert (url.host, url.raw_path, url.fragment) == ("files.example.com", b"/a.pdf?x=1", "")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
        "fe80::1%eth0", "fc00::1", "fd00::1", "fec0::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "no address", "",
    ],
)  # fmt: skip
def test_what_is_not_the_public_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_what_is_the_public_internet(address: str) -> None:
    assert is_public(address)
