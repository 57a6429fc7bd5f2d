"""A self-signed certificate for localhost and 127.0.0.1, for the local mail servers."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox import places

VALID: Final = datetime.timedelta(days=365)
RENEW: Final = datetime.timedelta(days=30)


@dataclass(frozen=True)
class Certificate:
    """A PEM certificate, which clients trust as its own authority, and its private key."""

    path: Path
    key_path: Path


def certificate(folder: Path) -> Certificate:
    """The certificate kept in this folder, made when there is none or it ends within a month."""
    kept = Certificate(folder / "cert.pem", folder / "key.pem")
    if not _serves(kept):
        folder.mkdir(mode=0o711, exist_ok=True)
        _make(kept)
    return kept


def _serves(kept: Certificate) -> bool:
    if not (kept.path.exists() and kept.key_path.exists()):
        return False
    read = x509.load_pem_x509_certificate(kept.path.read_bytes())
    return read.not_valid_after_utc - RENEW > datetime.datetime.now(datetime.UTC)


def _make(kept: Certificate) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))  # clients check the address they dialled
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    places.write_private(kept.key_path, private.decode())
    kept.path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
