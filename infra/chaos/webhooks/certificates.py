"""A certificate that the sinks trust, and one that nobody does, both for 127.0.0.1."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MADE_AT = datetime(2020, 1, 1, tzinfo=UTC)
TRUSTED, EXPIRED = "trusted.pem", "expired.pem"


class Certificates:
    """Made in `folder` the first time; `trusted.pem` is for SSL_CERT_FILE of whoever shall trust it."""

    def __init__(self, folder: Path) -> None:
        self.trusted, self._expired = folder / TRUSTED, folder / EXPIRED
        if not self.trusted.exists():
            _make(self.trusted, valid_days=36_500)
            _make(self._expired, valid_days=30)

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.load(context, good=True)
        return context

    def load(self, context: ssl.SSLContext, *, good: bool) -> None:
        """What handshakes from now on see."""
        context.load_cert_chain(self.trusted if good else self._expired)


def _make(path: Path, valid_days: int) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "earshot chaos")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(MADE_AT)
        .not_valid_after(MADE_AT + timedelta(days=valid_days))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key_bytes = key.private_bytes(pem, private, serialization.NoEncryption())
    path.write_bytes(certificate.public_bytes(pem) + key_bytes)
