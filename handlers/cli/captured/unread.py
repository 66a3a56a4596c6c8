"""Forms of captures that are not read: what they are, and how to get a form that is read."""

import re

from handlers.cli.errors import UsageError

_EXAMINED = 8_192
"""Bytes at the start of a capture that are examined."""

_AS_CURL = "copy the request as a curl command, which browsers and API clients offer"
_AS_TEXT = "copy the request itself as text"
_WHOLE = "give the whole request, with its headers, as raw HTTP"

_BINARY = (
    (
        rb"\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\x4d\x3c\xb2\xa1|\xa1\xb2\x3c\x4d|\n\r\r\n",
        "a network capture (pcap)",
        "in Wireshark choose Follow, HTTP Stream, and save it as ASCII",
    ),
    (rb"\x1f\x8b", "compressed with gzip", "unpack it first"),
    (rb"%PDF|\x89PNG|\xff\xd8\xff|GIF8", "a picture or a PDF file", _AS_TEXT),
    (rb"[0-9]{1,9}:[0-9]{1,9}:\w+;", "a file of mitmproxy", "convert it: mitmdump -nr FILE --set hardump=capture.har"),
    (
        rb"(?!\s*[A-Z]{3,16} \S+ HTTP/)[^\0]{0,1024}\0",
        "binary data",
        f"if it is a session of Charles, export it as HAR; if not, {_AS_TEXT}",
    ),
)
"""For each form: a pattern of its first bytes, what it is, and what to do."""

_TEXT = (
    (r"\{\\rtf", "an RTF document", _AS_TEXT),
    (
        r"[\"']?[A-Z]{3,16} [^\n]{1,400}HTTP/[0-9.]{1,3}(?:\\r)?\\n",
        r"a request whose line ends are written as \n",
        "replace them with real line ends",
    ),
    (
        r"[^\n{]{1,160}[ \t:|][A-Z]{3,16} /\S{0,1000} HTTP/[0-9.]{1,3}\r?\n",
        "a request with a number, a time or a name before each line",
        "remove what is before each line",
    ),
    (
        r"[A-Z]{3,16} \S{1,1000} HTTP/[0-9.]{1,3}\r?\n[\w-]{1,80}\t",
        "a request with tabs in its headers",
        "write each header as Name: value",
    ),
    (r"[a-z]{3,8} /\S* HTTP/", "a request whose method is in lower case", "write the method as it was sent: POST"),
    (
        r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+ IP",
        "the output of tcpdump",
        "write a file with -w, and open it in Wireshark",
    ),
    (r"https?://\S+\s*\Z", "only a URL", _WHOLE),
    (r"openapi: |\{\s*\"openapi\"", "an OpenAPI document", _WHOLE),
    (
        r"[{\s:\"']{0,20}(?i:host|authority|authorization|accept|content-type|user-agent|x-[a-z-]{1,40})[\"']? ?[:=]",
        "only headers",
        "put the request line above them, such as POST /api/v1.0/access-token/b2b HTTP/1.1, and the body below",
    ),
    (
        (
            r"(?i)\$\w+(?:\.\w+)* *=.*\n?.*invoke-|\$\w+ *= *(?:@|new-object)"
            r"|iwr |irm |invoke-(?:webrequest|restmethod)\b|curl(?:\.exe)? [^\n]*-Uri\b"
        ),
        "a PowerShell command",
        "write it as a curl command; in a browser choose Copy as cURL (bash)",
    ),
    (r"wget\s", "a wget command", "write it as a curl command: --header is -H, and --post-data is --data-raw"),
    (
        r"https?\s+(?:--?\w|[A-Z]{3,7}\s|\S+[:/.])",
        "an HTTPie command",
        "add --offline, and give the raw HTTP that it then prints",
    ),
    (r"meta\s*\{|(?:get|post|put|patch|delete)\s*\{\s*url:", "a file of Bruno", f"{_AS_CURL}, or export JSON"),
    (r"type: (?:collection\.|spec\.)?insomnia|_type: export", "an Insomnia export in YAML", _AS_CURL),
    (
        r"(?:<\?xml[^>]*>\s*)?<charles-session",
        "a session of Charles in XML",
        "export it as HAR, or as a JSON session file (.chlsj)",
    ),
    (r"<(?i:!doctype|html|\?xml|\w+[ >])", "HTML or XML", _AS_TEXT),
    (r"=> Send|== Info|[0-9a-f]{4}: ", "the output of curl --trace", "run curl with -v instead"),
    (r"(?:[<*#] ?)?HTTP/[0-9.]+ [0-9]{3}", "an answer", "give the request that got this answer"),
    (r"\"?(?:uuid|id|request[_ ]id)\"?[,;]\"?\w+", "a CSV file", f"export JSON, or {_AS_TEXT}"),
    (
        r"\S+ \S+ \S+ \[[0-9]{2}/\w{3}/[0-9]{4}:",
        "a line of an access log",
        "it has no headers; set debug.capture_dir to keep requests",
    ),
    (
        r"[^\n{]{0,400}(?:\{[^\n]{0,4000})?\"event\": ?\"[a-z_]+\.[a-z_.]+\"|\S+ +\[\w+ *\] +[a-z_]+\.[a-z_.]+",
        "a line of this server's log",
        "give its request_id with --request-id; debug.capture_dir must be set before the request arrives",
    ),
    (r"\{\"log\": ?\"", "a log file of Docker", "copy the lines that docker logs prints"),
    (r"[{\s]{1,40}[^{}]{0,4000}\"responseCode\"", "the body of an answer", "give the request that got this answer"),
    (r"\{[^{}]{0,4000}\"values\": ?\[", "a Postman environment", f"export the collection, or {_AS_CURL}"),
    (
        r"\{[^{}]{0,4000}\"(?:grantType|grant_?type|partnerServiceId|partnerReferenceNo|virtualAccountNo)\"",
        "the body of a request",
        f"the signature is in the headers; {_WHOLE}",
    ),
    (
        (
            r"import |from \w+ import|const |let |var |function |<\?php|\$\w+|requests\.|axios|package |using |require"
            r"|curl_|public "
        ),
        "program code",
        "print the request that it sends, with all headers, as raw HTTP",
    ),
)


def require_readable(content: bytes, text: bytes) -> None:
    """Require a form that may be read. `text` is the content without what people paste around a request.

    Raises:
        UsageError: this is another form. The message names it, and says how to get a form that is read.
    """
    start, shown = content[:_EXAMINED], text[:_EXAMINED].decode("utf-8", "replace")
    found = [(what, advice) for pattern, what, advice in _BINARY if re.match(pattern, start)]
    found += [(what, advice) for pattern, what, advice in _TEXT if re.match(pattern, shown)]
    for what, advice in found[:1]:
        message = f"the capture is {what}; {advice}"
        raise UsageError(message)
