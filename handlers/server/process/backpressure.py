"""When to read from a connection: not while bytes that were read still wait."""

from uvicorn.protocols.http.flow_control import FlowControl


class Backpressure(FlowControl):
    """Uvicorn's flow control resumes reading at every answer. This one can also pause for longer."""

    is_held = False

    def hold(self) -> None:
        """Read no more until `release`, even if uvicorn resumes reading."""
        self.is_held = True
        self.pause_reading()

    def release(self) -> None:
        """Read on, if reading was held."""
        if self.is_held:
            self.is_held = False
            self.resume_reading()

    def resume_reading(self) -> None:
        """Read on, unless reading is held."""
        if not self.is_held:
            super().resume_reading()
