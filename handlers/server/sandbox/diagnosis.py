"""The doctor's explanation of a refused request of the sandbox page."""

from collections.abc import Callable, Mapping

from handlers.doctor.context import MerchantContext
from handlers.doctor.diagnose import diagnose
from handlers.doctor.messages.render import as_data, message_of
from handlers.doctor.request import Request
from handlers.server.observability.mask_secrets import SECRET_MASKER
from handlers.server.sandbox.page_api import Explain, RefusedRequest
from handlers.services import Services


def explain_with_doctor(services: Callable[[], Services], token_path: str) -> Explain:
    """A function that explains refusals with the current clients and keys.

    `services` returns the current services. `token_path` is the path of the token endpoint. The explanation has the
    doctor's data, and the finding as text in `says`.
    """

    def explain(refused: RefusedRequest) -> Mapping[str, object]:
        request = Request(refused.method, refused.target, refused.headers, refused.body.encode())
        diagnosis = diagnose(request, _merchant_context(services(), token_path))
        return {
            "says": message_of(diagnosis.main, refused.lang, SECRET_MASKER.mask).meaning,
            **as_data(diagnosis, refused.lang, SECRET_MASKER.mask),
        }

    return explain


def _merchant_context(services: Services, token_path: str) -> MerchantContext:
    return MerchantContext(
        now=services.now(),
        clients=services.clients,
        token_keys=services.token_keys,
        token_path=token_path,
        called_services=services.called_services,
        secrets={client.key: client.secrets for client in services.clients if client.secrets},
    )
