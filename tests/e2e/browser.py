"""Chromium without a window, driven by Selenium, and what it asked for and complained of."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import visibility_of_element_located
from selenium.webdriver.support.wait import WebDriverWait

from tests.programs import program

PATIENCE = 30
"""Seconds that a page may take to show something."""


@dataclass(frozen=True)
class Browser:
    """One window with one page."""

    driver: Chrome

    def open(self, url: str) -> None:
        """Forget what was before, and load a page."""
        self.driver.get("about:blank")
        self.complaints()
        self.requests()
        self.driver.get(url)

    def see(self, css: str) -> WebElement:
        """Wait until there is such an element to be seen."""
        return WebDriverWait(self.driver, PATIENCE).until(visibility_of_element_located((By.CSS_SELECTOR, css)))

    def click(self, css: str) -> None:
        """Click as a script does, whatever lies above: what is sticky covers what scrolls below it."""
        self.driver.execute_script("arguments[0].click()", self.see(css))

    def wait(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds."""
        WebDriverWait(self.driver, PATIENCE).until(lambda _driver: holds())

    def complaints(self) -> list[str]:
        """What the console says since the last time: errors, warnings, breaches of the page's policy."""
        return [each["message"] for each in self._log("browser") if each["level"] in {"SEVERE", "WARNING"}]

    def requests(self) -> list[str]:
        """The URLs that the page asked for since the last time; what is in the page itself is none."""
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        urls = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(("about:", "blob:", "data:"))]

    def _log(self, name: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.driver.get_log(name)  # type: ignore[no-untyped-call]  # Selenium's
        return entries

    def screenshot(self, file: Path) -> None:
        file.parent.mkdir(exist_ok=True)
        assert self.driver.save_screenshot(str(file))


@contextmanager
def browsing(width: int = 1200, height: int = 1400) -> Iterator[Browser]:
    """A browser of Debian's with its own driver; nothing is downloaded."""
    options = ChromeOptions()
    options.binary_location = program("chromium")
    for argument in _arguments(width, height):
        options.add_argument(argument)
    logged: dict[str, Any] = {"browser": "ALL", "performance": "ALL"}
    options.set_capability("goog:loggingPrefs", logged)
    driver = Chrome(options, ChromeService(program("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


def _arguments(width: int, height: int) -> list[str]:
    arguments = ["--headless=new", "--disable-dev-shm-usage", "--no-proxy-server", f"--window-size={width},{height}"]
    # Chromium refuses to run its sandbox as root, which CI is.
    return [*arguments, "--no-sandbox"] if os.geteuid() == 0 else arguments
