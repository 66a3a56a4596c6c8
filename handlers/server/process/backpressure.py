"""Flow control: stops reading from a connection while received bytes still wait to be parsed."""

from uvicorn.protocols.http.flow_control import FlowControl


class Backpressure(FlowControl):
    """Flow control that can hold reading. Uvicorn's own resumes reading at every answer."""

    is_held = False

    def hold(self) -> None:
        """Stop reading until `release`, even if uvicorn resumes reading before."""
        self.is_held = True
        self.pause_reading()

    def release(self) -> None:
        """Resume reading if it was held."""
        if self.is_held:
            self.is_held = False
            self.resume_reading()

    def resume_reading(self) -> None:
        """Resume reading, unless it is held."""
        if not self.is_held:
            super().resume_reading()
