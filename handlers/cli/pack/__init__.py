"""The pack that a merchant sends to NICEPAY."""
