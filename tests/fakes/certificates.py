"""TLS certificates with one fault each, made when a test asks."""

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from schemas.timebase import SystemClock


@dataclass(frozen=True)
class Certificate:
    """Signed by itself; ends in `days` from now, before now when negative."""

    host: str = "127.0.0.1"
    days: int = 7

    def write(self, folder: Path) -> Path:
        """Certificate and key in one PEM file."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.host)])
        now = datetime.datetime.fromtimestamp(SystemClock().now_us() / 1e6, datetime.UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=30))
            .not_valid_after(now + datetime.timedelta(days=self.days))
            .add_extension(x509.SubjectAlternativeName([self._alternative_name()]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = folder / f"{self.host}-{self.days}.pem"
        path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
        return path

    def _alternative_name(self) -> x509.GeneralName:
        try:
            return x509.IPAddress(ipaddress.ip_address(self.host))
        except ValueError:
            return x509.DNSName(self.host)


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
