"""What is wrong with a capture itself, in both languages. The request is judged nevertheless."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from handlers.doctor.messages.render import Language


class NoteKind(StrEnum):
    """One constant for each kind of note."""

    BODY_LENGTH = "body_length"
    BODY_MISSING = "body_missing"
    MORE_REQUESTS = "more_requests"
    AUTHORIZATION_REMOVED = "authorization_removed"


class Note(NamedTuple):
    """A note. `values` are numbers for its text."""

    kind: NoteKind
    values: Mapping[str, int]

    def text(self, language: Language) -> str:
        """The note in one sentence or two."""
        return _TEXTS[language][self.kind].format(**self.values)


_TEXTS: Mapping[Language, Mapping[NoteKind, str]] = {
    "en": {
        NoteKind.MORE_REQUESTS: "The capture has more requests. Only the first was judged.",
        NoteKind.BODY_LENGTH: "Content-Length is {length}, but the body has {found} bytes. The whole body was judged.",
        NoteKind.BODY_MISSING: "Content-Length is {length}, but the capture has no body. Add the body, and try again.",
        NoteKind.AUTHORIZATION_REMOVED: (
            "This HAR file has no Authorization: Chrome and Edge leave it out. "
            "Export the HAR file with sensitive data, which the settings of the developer tools allow."
        ),
    },
    "id": {
        NoteKind.MORE_REQUESTS: "Capture ini memuat request lain. Hanya yang pertama diperiksa.",
        NoteKind.BODY_LENGTH: "Content-Length {length}, tetapi body-nya {found} byte. Seluruh body diperiksa.",
        NoteKind.BODY_MISSING: "Content-Length {length}, tetapi capture ini tanpa body. Tambahkan, lalu coba lagi.",
        NoteKind.AUTHORIZATION_REMOVED: (
            "File HAR ini tanpa Authorization: Chrome dan Edge menghapusnya. "
            "Ekspor file HAR dengan data sensitif, yang diizinkan di pengaturan developer tools."
        ),
    },
}
