"""What the doctor says of a request that the sandbox's page had refused, by the clients and keys of now."""

from collections.abc import Callable, Mapping

from handlers.doctor.context import MerchantContext
from handlers.doctor.diagnose import diagnose
from handlers.doctor.messages.render import as_data, message_of
from handlers.doctor.request import Request
from handlers.server.observability.mask_secrets import SECRET_MASKER
from handlers.server.sandbox.page_api import Explain, RefusedRequest
from handlers.services import Services


def explain_with_doctor(services: Callable[[], Services], token_path: str) -> Explain:
    """`services` gives those of now; `token_path` is where tokens are asked for. Adds `says`: the finding in words."""

    def explained(asked: RefusedRequest) -> Mapping[str, object]:
        request = Request(asked.method, asked.target, asked.headers, asked.body.encode())
        diagnosis = diagnose(request, _context(services(), token_path))
        return {
            "says": message_of(diagnosis.main, asked.lang, SECRET_MASKER.masked).meaning,
            **as_data(diagnosis, asked.lang, SECRET_MASKER.masked),
        }

    return explained


def _context(services: Services, token_path: str) -> MerchantContext:
    return MerchantContext(
        now=services.now(),
        clients=services.clients,
        token_keys=services.token_keys,
        token_path=token_path,
        call_paths=frozenset(services.called_services),
        call_methods={path: service.methods for path, service in services.called_services.items()},
        call_forms={path: service.forms for path, service in services.called_services.items()},
        secrets={client.key: client.secrets for client in services.clients if client.secrets},
    )
