# mypy: disable-error-code="import-not-found"
"""Request a token with the unmodified python-nicepay library, and print the access token.

Arguments: the base URL up to `/api`, the client id, and the file of the private key (PKCS #8, DER, in base64).
"""

import sys
from pathlib import Path

from python_nicepay.constants.constantsGeneral import ConstantsGeneral
from python_nicepay.data.builder.builderEnvironment import BuildEnvironment
from python_nicepay.data.builder.snap.builderAccessToken import BuildAccessToken
from python_nicepay.service.snapService import SnapService

base_url, client_id, key_file = sys.argv[1:]
ConstantsGeneral.setSandboxBaseUrl(base_url)
ConstantsGeneral.setSnapConfiguration(client_id, "unused", Path(key_file).read_text(encoding="ascii"))

body = BuildAccessToken().setGrantType("client_credentials").setAdditionalInfo("").build()
sandbox = BuildEnvironment().isCloud(False).isProduction(False).build()  # noqa: FBT003  the library's own form
sys.stdout.write(SnapService.serviceOAUTH(body.jsonAccessToken(), sandbox))
