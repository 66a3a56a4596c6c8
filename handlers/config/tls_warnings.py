"""Warnings about the certificates and the TLS versions of the listeners."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from handlers.config.listener import Listener
from handlers.config.listeners import listeners_of
from handlers.config.setting_warning import SOON, SettingWarning
from handlers.config.settings import Settings
from handlers.config.tls_files import TLS_1_2_END, CertificateChain

_LEFT = 4
"""A certificate causes a warning in the last part of its lifetime: a quarter, and at most SOON.

Programs such as certbot renew a certificate when a third of its lifetime is left, so a warning shows that this failed.
"""


_WAIT = "clients refuse it until then; look at the clock"
_CHAIN = "name the file with the certificate and its chain, such as fullchain.pem"


def tls_warnings(settings: Settings, now: datetime) -> Iterator[SettingWarning]:
    """Warnings about both listeners. The server also starts with an expired certificate: some clients do not check."""
    for name, table in listeners_of(settings).items():
        if table.tls:
            yield from _of_certificate(name, table.tls.chain, now)
            yield from _of_chain(name, table.tls.chain)
            yield from _of_version(name, table)


def _of_certificate(name: str, chain: CertificateChain, now: datetime) -> Iterator[SettingWarning]:
    if chain.end - now <= min(SOON, chain.lifetime / _LEFT):
        event, word = ("tls.certificate_expired", "expired") if chain.end <= now else ("tls.certificate_ends", "ends")
        message = f"{name}.tls_certificate_file: the certificate {word} on {chain.end:%Y-%m-%d}; renew it"
        yield SettingWarning(event, message, {"listener": name, "not_after": chain.end.isoformat()})
    if chain.begin > now:
        message = (
            f"{name}.tls_certificate_file: the certificate is valid from {chain.begin:%Y-%m-%d %H:%M} UTC on; {_WAIT}"
        )
        fields = {"listener": name, "not_before": chain.begin.isoformat()}
        yield SettingWarning("tls.certificate_not_yet_valid", message, fields)
    if not chain.has_names:
        advice = "clients refuse it; make one with subjectAltName"
        message = f"{name}.tls_certificate_file: the certificate names no host; {advice}"
        yield SettingWarning("tls.certificate_has_no_names", message, {"listener": name})


def _of_chain(name: str, chain: CertificateChain) -> Iterator[SettingWarning]:
    """Each certificate must be followed by that of its issuer (RFC 5246, section 7.4.2). The root can be left out."""
    certificates = (chain.first, *chain.others)
    missing = [one.issuer for one, other in pairwise(certificates) if one.issuer != other.subject]
    if not chain.others and chain.first.issuer != chain.first.subject:
        missing = [chain.first.issuer]
    if missing:
        issuer = missing[0].rfc4514_string()
        message = f"{name}.tls_certificate_file: the certificate of {issuer} is not where clients need it; {_CHAIN}"
        yield SettingWarning("tls.chain_is_incomplete", message, {"listener": name, "issuer": issuer})


def _of_version(name: str, table: Listener) -> Iterator[SettingWarning]:
    if table.tls_minimum == "1.2":
        message = f'{name}.tls_minimum: SNAP allows TLS 1.2 only until {TLS_1_2_END}; set "1.3" as soon as you can'
        yield SettingWarning("tls.old_version", message, {"listener": name})
