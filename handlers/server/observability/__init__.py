"""What operators read: log lines, captured requests, and warnings about clocks."""
