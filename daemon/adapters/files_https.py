"""Fetches a hosted file: only from the hosts of UPLOAD_HOSTS, by https, from a public address, and nowhere else.

The host is resolved once; every address it has must be public; and the connection is made to that very address. So a
name that means something else a moment later (DNS rebinding) leads nowhere. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import unquote

import httpx
import structlog

from handlers.world import FetchedFile
from schema.errors import PermanentError, TransientError

log = structlog.get_logger()

DEADLINE_S: Final = 60.0
CONNECT_S: Final = 10.0
LONGEST_ADDRESS: Final = 2_000
HTTPS: Final = 443

PLAIN: Final = re.compile(r"[\x21-\x7e]+")
"""No blanks, no controls, no letters that look like others."""

HOST: Final = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
NAT64: Final = IPv6Network("64:ff9b::/96")

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host and port -> all addresses."""

Public = Callable[[str], bool]


class PinnedTransport(httpx.AsyncBaseTransport):
    """Resolves a host once and connects to the address it has just judged; the certificate is still the host's."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, resolve: Resolve | None = None, public: Public | None = None
    ) -> None:
        self._inner = inner
        self._resolve = resolve or resolve_host
        self._public = public or is_public

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the network does; PermanentError for a host with an address that is not public."""
        host, port = request.url.host, request.url.port or HTTPS
        addresses = await self._resolve(host, port)
        if not addresses or not all(self._public(address) for address in addresses):
            log.warning("address refused", host=host, addresses=addresses)
            raise PermanentError(f"{host} leads to an address that is not public, so it was not asked.")
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=addresses[0]),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await self._inner.handle_async_request(pinned)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class HttpsFiles:
    """`handlers.world.Files` by HTTPS; `hosts` are `host` or `host:port`."""

    def __init__(
        self, hosts: Iterable[str], transport: httpx.AsyncBaseTransport, *, largest_bytes: int
    ) -> None:
        self._hosts = frozenset(_with_port(host) for host in hosts)
        self._largest_bytes = largest_bytes
        self._client = httpx.AsyncClient(
            transport=transport,
            headers={"Accept-Encoding": "identity", "User-Agent": "Countersign"},
            timeout=None,  # noqa: S113 - the total deadline is asyncio's
            follow_redirects=False,
            trust_env=False,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def fetch(self, address: str) -> FetchedFile:
        """The file at an address; PermanentError says why it is refused, TransientError to try again."""
        url = allowed_url(address, self._hosts)
        try:
            async with asyncio.timeout(DEADLINE_S), self._client.stream("GET", url) as response:
                data = await self._read(response)
        except TimeoutError as error:
            raise TransientError(f"The file did not come within {DEADLINE_S:.0f} seconds.") from error
        except httpx.HTTPError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise PermanentError(f"The certificate does not prove that it is {url.host}.") from error
            raise TransientError(f"The connection to {url.host} failed; try again.") from error
        name = unquote(url.path).rpartition("/")[2]
        return FetchedFile(name=name or url.host, data=data, origin=str(url.copy_with(query=None)))

    async def _read(self, response: httpx.Response) -> bytes:
        if response.is_redirect:
            raise PermanentError("The address leads on to another one; give the address of the file itself.")
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise TransientError(f"The server answered {response.status_code}; try again later.")
        if response.status_code != httpx.codes.OK:
            raise PermanentError(f"The server answered {response.status_code}; give the file itself.")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise PermanentError("The server packed the file, which was not asked for.")
        data = bytearray()
        async for chunk in response.aiter_raw():
            data += chunk
            if len(data) > self._largest_bytes:
                raise PermanentError(f"The file is larger than {self._largest_bytes // 2**20} MiB.")
        return bytes(data)


def allowed_url(address: str, hosts: frozenset[str]) -> httpx.URL:
    """The address, put together anew from its parts, so that no two readers can take it differently.

    PermanentError for anything but https, for a user name, and for a host and port that are not on the list.
    """
    refused = PermanentError("This is no address of a file; it begins with https:// and has no blanks.")
    if len(address) > LONGEST_ADDRESS or not PLAIN.fullmatch(address) or "\\" in address:
        raise refused
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError) as error:
        raise refused from error
    host, port = url.host.lower(), HTTPS if url.port is None else url.port
    if url.scheme != "https" or not HOST.fullmatch(host):
        raise refused
    if "@" in address.split("/")[2]:
        raise PermanentError("The address holds a user name or password; give one without.")
    if f"{host}:{port}" not in hosts:
        raise PermanentError(
            f"{host}:{port} is not one of the hosts that files are fetched from (UPLOAD_HOSTS)."
        )
    return httpx.URL(scheme="https", host=host, port=port, raw_path=url.raw_path)


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, also the one that is wrapped in an IPv6 address."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        if parsed.is_site_local or any(not is_public(str(each)) for each in _wrapped(parsed)):
            return False
        if parsed.ipv4_mapped:
            return is_public(str(parsed.ipv4_mapped))
    return parsed.is_global and not (parsed.is_multicast or parsed.is_reserved or parsed.is_unspecified)


def _wrapped(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that an IPv6 address stands for: 6to4, Teredo, NAT64."""
    found = [address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in found if each is not None]


async def resolve_host(host: str, port: int) -> list[str]:
    """All addresses of a host, by this machine's resolver."""
    try:
        async with asyncio.timeout(CONNECT_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise TransientError(f"{host} could not be found; try again.") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _with_port(host: str) -> str:
    return host if ":" in host else f"{host}:{HTTPS}"
