"""Text that is safe to show on a terminal or in a line of the log."""


def escaped(text: str) -> str:
    r"""Return the text on one line. Every character that cannot be printed becomes a Python escape, such as `\x1b`.

    These are all control characters (C1 and DEL too), the line and paragraph separators U+2028 and U+2029, the
    characters that change the direction of text, and surrogates.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
