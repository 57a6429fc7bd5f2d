"""A Dovecot 2.3 of our own: IMAP, IMAPS and LMTP on loopback, as root and as an ordinary user.

Every address is a mailbox, made at its first mail or log-in; one generated password opens them all. LMTP is a
UNIX socket only we may write to: nobody else on the machine can deliver mail that claims to have passed our border.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox import places
from sandbox.places import Passwords
from sandbox.ports import LOOPBACK, answers, free_ports
from sandbox.processes import Account, Children, Command, ServiceError
from sandbox.tls import Certificate

VERSION: Final = "2.3"
"""2.4 refuses this configuration (its release notes); Debian 12 has 2.3.19."""

CONFIGURATION: Final = """\
base_dir = {run}
state_dir = {home}/state
instance_name = countersign
log_path = /dev/stderr
protocols = imap lmtp
listen = {host}
login_greeting = ready
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Lu
auth_failure_delay = 0
first_valid_uid = 1
mail_home = {home}/mail/%u
mail_location = maildir:~/Maildir
mailbox_list_index = yes
mail_max_userip_connections = 50
imap_idle_notify_interval = 2 mins
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Processed {{
    auto = subscribe
  }}
  mailbox Failed {{
    auto = subscribe
  }}
}}
service imap-login {{
  inet_listener imap {{
    address = {host}
    port = {imap}
  }}
  inet_listener imaps {{
    address = {host}
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0600
  }}
}}
# Without this the next good log-in after one wrong password takes four seconds.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@localhost
}}
"""

UNPRIVILEGED: Final = """\
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service imap-login {{
  chroot =
}}
service stats {{
  chroot =
}}
service anvil {{
  chroot =
}}
"""
"""As an ordinary user Dovecot can neither change user nor its root folder."""


@dataclass(frozen=True)
class MailServer:
    """Where the mail server listens and what opens it."""

    host: str
    port: int
    imaps_port: int
    password: str
    ca_path: Path
    """The certificate to trust for TLS: it names localhost and 127.0.0.1."""

    lmtp_path: Path


def start(
    children: Children, home: Path, run: Path, keys: Passwords, certificate: Certificate, user: Account | None
) -> MailServer:
    """Start Dovecot on the mail kept under `home`, with its sockets in `run`, a short path.

    `run` must be empty: a socket left by a former start makes the first log-in wait five seconds.
    """
    binary = find_binary()
    data = _make_folders(home, user)
    imap, imaps = free_ports(2)
    server = MailServer(LOOPBACK, imap, imaps, keys.mailbox, certificate.path, run / "lmtp")
    places.write_private(data / "dovecot.conf", _configuration(data, run, server, certificate, user))
    child = children.start(
        Command(
            "dovecot",
            (binary, "-F", "-c", str(data / "dovecot.conf")),
            log=home / "dovecot.log",
            cwd=data,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC"},
        )
    )
    try:
        child.wait_ready(lambda: answers(imap, b"* OK") and _greets(server.lmtp_path))
    except ServiceError:
        children.stop(child)
        raise
    return server


def find_binary() -> str:
    """The master's program, in a version that understands our configuration."""
    # /usr/sbin is not on an ordinary user's PATH.
    found = shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if found is None:
        raise ServiceError("Dovecot is not installed: apt-get install dovecot-imapd dovecot-lmtpd")
    version = subprocess.run(
        [found, "--version"], capture_output=True, text=True, timeout=10, check=False
    ).stdout.strip()
    if not version.startswith(VERSION + "."):
        raise ServiceError(
            f"Dovecot {version} is installed, and this configuration is for {VERSION} (Debian 12)"
        )
    return found


def _make_folders(home: Path, user: Account | None) -> Path:
    data = home / "dovecot"
    for folder in (data, data / "state", data / "mail"):
        folder.mkdir(mode=0o711, exist_ok=True)
    # Maildirs are made by the user who owns the mail, never by root.
    places.give(data / "mail", user)
    return data


def _configuration(
    data: Path, run: Path, server: MailServer, certificate: Certificate, user: Account | None
) -> str:
    text = CONFIGURATION.format(
        run=run,
        home=data,
        host=server.host,
        imap=server.port,
        imaps=server.imaps_port,
        password=server.password,
        certificate=certificate.path,
        key=certificate.key_path,
        uid=user.uid if user else os.getuid(),
        gid=user.gid if user else os.getgid(),
    )
    return (
        text
        if user
        else text + UNPRIVILEGED.format(user=_own_name(), group=grp.getgrgid(os.getgid()).gr_name)
    )


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError as unknown:
        raise ServiceError(
            f"user id {os.getuid()} has no name on this machine; Dovecot and PostgreSQL need one"
        ) from unknown


def _greets(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1.0)
            connection.connect(str(path))
            return connection.recv(64).startswith(b"220")
    except OSError:
        return False
