"""nginx and Caddy as docs/deploying.md sets them up, with TLS by an authority of the test."""

import datetime
import ipaddress
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.faults.box_process import BoxProcess, until
from tests.free_port import free_port

ROOT = Path(__file__).parent.parent.parent
HOST = "127.0.0.1"
PATH = "/box"
CONFIG = """
[server]
base_url = "{base_url}"
trusted_proxies = ["127.0.0.1/32"]
wrong_tokens_per_minute = 3
"""
NGINX = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/proxy.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{server}
}}
"""
CADDY = """
{{
  admin off
  auto_https disable_redirects
  storage file_system {folder}/caddy
}}
{site}
"""


@dataclass(frozen=True)
class Proxied:
    """A box behind a proxy, the address that people see, and the file of who signed it."""

    process: BoxProcess
    url: str
    authority: Path

    def post(self, path: str, body: object) -> object:
        """As the admin, past the proxy."""
        return self.process.post(path, body)


@dataclass(frozen=True)
class Certificate:
    """Files in PEM."""

    authority: Path
    chain: Path
    key: Path


def certificate(folder: Path) -> Certificate:
    """One for 127.0.0.1, signed by an authority that is made for it."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority for tests")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    authority = (
        _builder(issuer, issuer, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    leaf = (
        _builder(subject, issuer, key.public_key())
        .add_extension(names, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    files = Certificate(folder / "authority.pem", folder / "fullchain.pem", folder / "privkey.pem")
    pem = serialization.Encoding.PEM
    files.authority.write_bytes(authority.public_bytes(pem))
    files.chain.write_bytes(leaf.public_bytes(pem))
    form = serialization.PrivateFormat.PKCS8
    files.key.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return files


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
    )


def documented(kind: str) -> str:
    """The block of that language under "Under a path"."""
    page = (ROOT / "docs" / "deploying.md").read_text("utf-8")
    found = re.search(rf"^```{kind}\n(.*?)^```", page, re.M | re.S)
    assert found is not None
    return found[1]


def nginx(folder: Path, port: int, box_port: str, files: Certificate) -> list[str]:
    """Its command, with packaging/nginx.conf under the documented path."""
    server = (ROOT / "packaging" / "nginx.conf").read_text("utf-8")
    opening, inner = documented("nginx").splitlines()[:2]
    server = server.replace("location / {", opening)
    server = re.sub(r"proxy_pass [^;]+;", inner.strip(), server)
    server = _replaced(
        server,
        {
            "listen 443 ssl": f"listen {HOST}:{port} ssl",
            "/etc/ssl/box/fullchain.pem": str(files.chain),
            "/etc/ssl/box/privkey.pem": str(files.key),
            f"{HOST}:8787": f"{HOST}:{box_port}",
        },
    )
    # Its workers give up root, and could not reach the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, server=server, user=user), "utf-8")
    return ["nginx", "-e", str(folder / "proxy.log"), "-c", str(config)]


def caddy(folder: Path, port: int, box_port: str, files: Certificate) -> list[str]:
    """Its command, with the documented lines."""
    site = _replaced(
        documented("caddy"),
        {
            "example.org {": f"https://{HOST}:{port} {{\n\ttls {files.chain} {files.key}",
            f"{HOST}:8787": f"{HOST}:{box_port}",
        },
    )
    config = folder / "Caddyfile"
    config.write_text(CADDY.format(folder=folder, site=site), "utf-8")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(config)]


def _replaced(text: str, values: dict[str, str]) -> str:
    for old, new in values.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


COMMANDS = {"nginx": nginx, "caddy": caddy}


@contextmanager
def behind(name: str, folder: Path) -> Iterator[Proxied]:
    """A box behind that proxy; both really serve."""
    port = free_port()
    url = f"https://{HOST}:{port}{PATH}"
    files = certificate(folder)
    with BoxProcess(folder / "box", config=CONFIG.format(base_url=url)) as box:
        box_port = str(box.url()).rpartition(":")[2]
        log = (folder / "out.log").open("wb")
        command = COMMANDS[name](folder, port, box_port, files)
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            until(lambda: _listens(port) or process.poll() is not None, seconds=20)
            assert process.poll() is None, (folder / "out.log").read_text("utf-8")
            yield Proxied(box, url, files.authority)
        finally:
            process.terminate()
            process.wait(20)
            log.close()


def installed(name: str) -> bool:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is not None


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
