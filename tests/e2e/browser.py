"""Headless Chromium, driven by Selenium, with its requests and its console messages."""

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
"""Seconds until a wait for an element fails."""


@dataclass(frozen=True)
class Browser:
    """One browser window."""

    driver: Chrome

    def open(self, url: str) -> None:
        """Load a page, and discard the logs of the page before it."""
        self.driver.get("about:blank")
        self.console_messages()
        self.requests()
        self.driver.get(url)

    def see(self, css: str) -> WebElement:
        """Wait until an element is visible, and return it."""
        return WebDriverWait(self.driver, PATIENCE).until(visibility_of_element_located((By.CSS_SELECTOR, css)))

    def click(self, css: str) -> None:
        """Click by script, because a sticky element may cover the element."""
        self.driver.execute_script("arguments[0].click()", self.see(css))

    def wait(self, holds: Callable[[], bool]) -> None:
        """Wait until the condition holds."""
        WebDriverWait(self.driver, PATIENCE).until(lambda _driver: holds())

    def follow(self, anchor: str, part: str = "body") -> None:
        """Click a link to an anchor in a part of the page, and wait until the anchor is at the top."""
        self.click(f'{part} a[href="#{anchor}"]')
        target = self.driver.find_element(By.ID, anchor)
        top = "return arguments[0].getBoundingClientRect().top"
        self.wait(lambda: 0 <= self.driver.execute_script(top, target) < 50)  # pixels

    def console_messages(self) -> list[str]:
        """The console's errors, warnings and policy violations since the last call."""
        return [each["message"] for each in self._log("browser") if each["level"] in {"SEVERE", "WARNING"}]

    def requests(self) -> list[str]:
        """The URLs that the page requested since the last call, without `about:`, `blob:` and `data:`."""
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
    """Run the installed Chromium with its installed driver. Selenium downloads nothing."""
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
