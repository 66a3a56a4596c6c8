"""How serialisers write a JSON number again that they have read as a floating-point number."""

import json
import re
from decimal import Decimal
from math import copysign, isfinite

_INTEGER = re.compile(r"-?[0-9]++")
_MOST_DIGITS = 308
_LARGEST_PHP_INTEGER = 2**63 - 1


def javascript(literal: str) -> str:
    """Write a number as JSON.stringify does: 10.00 becomes 10 (ECMAScript, Number::toString)."""
    value = float(literal)
    if not isfinite(value):
        return "null"
    if value == 0:
        return "0"
    return _positional(value) if 1e-6 <= abs(value) < 1e21 else _scientific(value, "e+", "e-")  # noqa: PLR2004


def go(literal: str) -> str:
    """Write a number as Go's encoding/json does, which differs from JavaScript in negative zero."""
    negative_zero = float(literal) == 0 and copysign(1, float(literal)) < 0
    return "-0" if negative_zero else javascript(literal)


def php(literal: str) -> str:
    """Write a number as json_encode does: 10.00 becomes 10, and integers of 64 bits stay."""
    if _INTEGER.fullmatch(literal) and _fits_php(literal):
        return str(int(literal))
    value = float(literal)
    if value == 0 or not isfinite(value):
        return "-0" if copysign(1, value) < 0 else "0"
    if 1e-4 <= abs(value) < 1e17:  # noqa: PLR2004  the limits of PHP
        return _positional(value)
    return _with_point(_scientific(value, "e+", "e-"), "e")


def php_with_fraction(literal: str) -> str:
    """Write a number as json_encode does with JSON_PRESERVE_ZERO_FRACTION: 10.00 becomes 10.0."""
    text = php(literal)
    return f"{text}.0" if _INTEGER.fullmatch(text) and not _INTEGER.fullmatch(literal) else text


def python(literal: str) -> str:
    """Write a number as json.dumps does: 10.00 becomes 10.0."""
    return literal if _INTEGER.fullmatch(literal) and len(literal) > _MOST_DIGITS else json.dumps(json.loads(literal))


def java(literal: str) -> str:
    """Write a number as Java does: 10.00 becomes 10.0, 10000000.00 becomes 1.0E7, and integers stay."""
    return literal if _INTEGER.fullmatch(literal) else gson(literal)


def gson(literal: str) -> str:
    """Write a number as Gson does after it read an object without a class: 10 becomes 10.0 (Double.toString)."""
    value = float(literal)
    if value == 0 or not isfinite(value):
        return "-0.0" if copysign(1, value) < 0 else "0.0"
    if 1e-3 <= abs(value) < 1e7:  # noqa: PLR2004  the limits of Java
        text = _positional(value)
        return text if "." in text else f"{text}.0"
    return _with_point(_scientific(value, "E", "E-"), "E")


def two_decimals(literal: str) -> str:
    """Write a number with two decimals: 10 becomes 10.00."""
    value = float(literal)
    return f"{Decimal(literal):.2f}" if isfinite(value) and len(literal) <= _MOST_DIGITS else literal


def _fits_php(literal: str) -> bool:
    return len(literal) <= len(str(_LARGEST_PHP_INTEGER)) + 1 and abs(int(literal)) <= _LARGEST_PHP_INTEGER


def _positional(value: float) -> str:
    """Write the shortest digits that give this value, without an exponent and without zeros at the end."""
    text = f"{Decimal(repr(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scientific(value: float, plus: str, minus: str) -> str:
    """Write the shortest digits that give this value, with one digit before the point."""
    sign, digits, _ = Decimal(repr(value)).normalize().as_tuple()
    exponent = Decimal(repr(value)).adjusted()
    rest = "".join(map(str, digits[1:]))
    mantissa = f"{'-' if sign else ''}{digits[0]}{'.' if rest else ''}{rest}"
    return f"{mantissa}{minus if exponent < 0 else plus}{abs(exponent)}"


def _with_point(text: str, mark: str) -> str:
    mantissa, _, exponent = text.partition(mark)
    return text if "." in mantissa else f"{mantissa}.0{mark}{exponent}"
