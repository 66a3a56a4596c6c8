"""Text that a terminal, or a line of a log, may show."""


def escaped(text: str) -> str:
    r"""The text on one line: what cannot be printed is written as Python writes it in a string, such as `\x1b`.

    These are all control characters (C1 and DEL too), the line and paragraph separators U+2028 and U+2029, the
    characters that change the direction of text, and surrogates.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
