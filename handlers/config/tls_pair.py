"""What is wrong with a certificate and a private key that were read for the same listener."""

import ssl
from contextlib import suppress

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import Certificate

from handlers.config.tls_files import CertificateChain, ServerKey, Tls


def pair_mistake(chain: CertificateChain, key: ServerKey) -> str | None:
    """What is wrong with the two. None if clients can connect with them."""
    if not _belongs(chain.first, key):
        if any(_belongs(each, key) for each in chain.others):
            return f"the certificate of the key is not the first one in {chain.path}; put it first, then its issuer"
        return f"the key does not belong to the certificate in {chain.path}; name the two files of one certificate"
    try:
        context = Tls(chain, key, "1.3").context()
    except ssl.SSLError as error:
        return f"OpenSSL refuses the certificate in {chain.path} or its key: {error.reason}; make a new pair"
    if not _serves(context):
        return f"TLS 1.3 has no signature for this kind of key, so no client can connect; {_ADVICE}"
    return None


_ADVICE = "make a new pair with an RSA key, or with an EC key on the curve P-256"


def _belongs(certificate: Certificate, key: ServerKey) -> bool:
    with suppress(ValueError, UnsupportedAlgorithm):
        return certificate.public_key() == key.key.public_key()
    return False


def _serves(context: ssl.SSLContext) -> bool:
    """Whether a client that accepts any certificate connects. The handshake takes place in memory."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (client.wrap_bio(to_client, to_server), context.wrap_bio(to_server, to_client, server_side=True))
    try:
        for side in sides * 2:  # ClientHello, ServerHello to Finished, Finished (RFC 8446, section 2).
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    except ssl.SSLError:
        return False
    return True
