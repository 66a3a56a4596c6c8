"""When to read from a connection: not while something that was read still waits."""

from uvicorn.protocols.http.flow_control import FlowControl


class Backpressure(FlowControl):
    """Uvicorn's flow control, which resumes reading at every answer, with a reason to pause that outlives an answer."""

    is_held = False

    def hold(self) -> None:
        """Read no more until the release, whatever else asks for it."""
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
