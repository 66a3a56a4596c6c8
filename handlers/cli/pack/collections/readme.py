"""The descriptions of the collections."""

NAME = "SNAP access token"

_ABOUT = """\
Requests that sign themselves, for a merchant's SNAP token endpoint. No script uses the network.

1. Select the environment, and check `baseUrl`, `callsUrl` and `clientKey`.
2. {key}
3. Send **Token / Token**. Its script shows what is signed.

Each request of **Mistakes** must be refused, and its tests say with which code. The calls go to `callsUrl`, the proxy
in front of the merchant's service. Their paths and service codes are those of a sandbox made with
`snap-token init --calls`.

The library jsrsasign (MIT licence, https://github.com/kjur/jsrsasign) makes the signatures."""

_KEY = {
    "Postman": """\
Enter `privateKey` as a *current value*, which Postman neither shares nor exports. It is the private key of the client,
   in PEM without a passphrase. A sandbox has it in `nicepay-private.pem`. The other forms of call also need
   `clientSecret` and `notificationPrivateKey`.""",
    "Bruno": """\
Set the environment variable `SNAP_PRIVATE_KEY`, or write it into the file `.env` of this folder, which Git ignores. It
   is the private key of the client, in PEM without a passphrase. A sandbox has it in `nicepay-private.pem`. The other
   forms of call also need `SNAP_CLIENT_SECRET` and `SNAP_NOTIFICATION_PRIVATE_KEY`.""",
}


def about(tool: str) -> str:
    """The description for `Postman` or `Bruno`, in Markdown."""
    return _ABOUT.format(key=_KEY[tool])
