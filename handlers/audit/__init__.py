"""The audit trail: signed, chained lines of JSON that prove who was given what, and when."""
