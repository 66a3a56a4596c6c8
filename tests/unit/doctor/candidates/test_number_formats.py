"""Numbers as serialisers write them. The expected texts were written by PHP 8.2, Node 20 and Go 1.19."""

from collections.abc import Callable

import pytest

from handlers.doctor.candidates import number_formats


@pytest.mark.parametrize(
    ("write", "texts"),
    [
        (
            number_formats.javascript,
            {
                "10000.00": "10000",
                "1e2": "100",
                "-0": "0",
                "1e21": "1e+21",
                "1.5e21": "1.5e+21",
                "1e20": "100000000000000000000",
                "-1e-7": "-1e-7",
                "0.000001": "0.000001",
                "12345678901234567890": "12345678901234567000",
                "1e400": "null",
                "1.10": "1.1",
            },
        ),
        (number_formats.go, {"-0": "-0", "0.0": "0", "10000.00": "10000", "1e21": "1e+21"}),
        (
            number_formats.php,
            {
                "10000.00": "10000",
                "-0": "0",
                "-0.0": "-0",
                "0.0": "0",
                "1e15": "1000000000000000",
                "1e17": "1.0e+17",
                "123456789012345678": "123456789012345678",
                "12345678901234567890": "1.2345678901234567e+19",
                "0.00001": "1.0e-5",
                "0.0001": "0.0001",
                "123456789.123456789": "123456789.12345679",
            },
        ),
        (
            number_formats.php_with_fraction,
            {"10000.00": "10000.0", "10000": "10000", "1.10": "1.1", "1e17": "1.0e+17", "-0.0": "-0.0"},
        ),
        (
            number_formats.python,
            {
                "10000.00": "10000.0",
                "1e2": "100.0",
                "12345678901234567890": "12345678901234567890",
                "1" * 999: "1" * 999,
            },
        ),
        (
            number_formats.java,
            {
                "10000.00": "10000.0",
                "10": "10",
                "10000000.00": "1.0E7",
                "12345678.50": "1.23456785E7",
                "0.0001": "1.0E-4",
            },
        ),
        (number_formats.gson, {"10": "10.0", "10.25": "10.25", "0": "0.0", "-0": "-0.0", "10000000": "1.0E7"}),
        (number_formats.two_decimals, {"10": "10.00", "10.5": "10.50", "1e400": "1e400", "9" * 400: "9" * 400}),
    ],
    ids=["JavaScript", "Go", "PHP", "PHP with fraction", "Python", "Java", "Gson", "two decimals"],
)
def test_a_number_is_written_as_the_serialiser_writes_it(write: Callable[[str], str], texts: dict[str, str]) -> None:
    """Each literal becomes the text that the serialiser makes of it."""
    assert {literal: write(literal) for literal in texts} == texts
