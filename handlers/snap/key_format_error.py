"""The error for a file that is not a usable key. It has the command that makes a usable key of the file."""

import shlex
from dataclasses import dataclass
from typing import NamedTuple


class Form(NamedTuple):
    """How a file holds the bytes of a key.

    `pipe` is a command that writes the bytes to the command of openssl. `options` let that command read the bytes,
    `binary_options` if it reads binary files only.
    """

    options: str
    binary_options: str
    pipe: str = ""


PEM = Form("-in {file}", "-in {file}")
DER = Form("-inform DER -in {file}", "-in {file}")
BASE64 = Form("-inform DER", "-in /dev/stdin", "base64 -di {file} | ")


@dataclass(frozen=True, slots=True)
class KeyKind:
    """A kind of file that is not a key in a known form: its name, and what to do.

    `public` and `private` are the commands that make a public or a private key of it. In a command, `{file}` is the
    file, and `{pem}`, `{der}` and `{p12}` are new files beside it. `{input}` and `{binary}` are options of a `Form`.
    `advice` is for files that no command converts.
    """

    name: str
    public: str = ""
    private: str = ""
    advice: str = "ask for the key in PEM"


class KeyFormatError(ValueError):
    """A text is not a usable key. The message says what the text is and what to do. It quotes nothing of the text.

    `wants_private_key` says that a private key belongs in the place of the text. It chooses the command.
    """

    def __init__(self, problem: str | KeyKind, form: Form = PEM) -> None:
        """`problem` is the message, or the kind of the file, which holds its bytes in this form."""
        super().__init__(problem)
        self._problem, self._form = problem, form
        self.wants_private_key = False

    def for_file(self, file: str) -> str:
        """The message, with the command for this file."""
        if isinstance(self._problem, str):
            return self._problem
        kind = self._problem
        if command := kind.private if self.wants_private_key else kind.public:
            return f"it is {kind.name}; convert it, and use the new file: {self._command(command, file)}"
        is_public = self.wants_private_key and kind.public
        return f"it is {kind.name}; {'give the private key in PEM' if is_public else kind.advice}"

    def _command(self, command: str, file: str) -> str:
        read = command.replace("{input}", self._form.options).replace("{binary}", self._form.binary_options)
        whole = (self._form.pipe if read != command else "") + read
        files = {"file": file, "pem": f"{file}.pem", "der": f"{file}.der", "p12": f"{file}.p12"}
        named = whole.format_map({name: shlex.quote(path) for name, path in files.items()})
        return f"(umask 077; {named})" if self.wants_private_key else named

    def __str__(self) -> str:
        """The message. The file in its command has the name FILE."""
        return self.for_file("FILE")
