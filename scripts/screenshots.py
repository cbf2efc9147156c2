"""Renew the README's pictures of TensorBoard: python scripts/screenshots.py.

The script trains the runs and takes screenshots in a headless Chromium, which must be
installed. It needs the extra: pip install -e ".[screenshots]".
"""

import argparse
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from PIL import Image

from litmlp.engine.terminal.mistakes import fail
from litmlp.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / ".github" / "images"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SETTLED = 4000  # milliseconds until TensorBoard has finished drawing


@dataclass
class Shot:
    """A screenshot: its training, the tab of TensorBoard, its size in pixels."""

    command: str
    tab: str
    height: int
    width: int = 1560


SHOTS = {
    "custom_scalars": Shot(
        "-m activation=relu,tanh,gelu,sigmoid model.hidden_sizes=[64,64,64,64]"
        " trainer.max_epochs=30",
        tab="custom_scalars",
        height=1100,
    ),
    "hparams": Shot(
        "-m data=wine optimizer=adam,momentum optimizer.lr=1e-3,3e-3,1e-2"
        " activation=relu,tanh sweep.seeds=2 trainer.max_epochs=20",
        tab="hparams",
        height=620,
    ),
    "decision_surface": Shot("experiment=playground/spiral", tab="images", height=650),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    try:
        if browser is None:
            raise UserError(f"no browser: install one of {', '.join(CHROMIUM)}")
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)  # TensorBoard shows the path of the runs
            for name, shot in SHOTS.items():
                train(shot.command.split(), name)
                with tensorboard(name) as address:
                    save(photograph(browser, address, shot), name)
    except UserError as error:
        fail(error, full=False)


def train(overrides: list[str], logs: str) -> None:
    """Train a run or a sweep, with all run folders in ``logs``."""
    places = [f"hydra.run.dir={logs}/run", f"hydra.sweep.dir={logs}"]
    script = str(ROOT / "scripts" / "train.py")
    subprocess.run([sys.executable, script, *overrides, *places], check=True)


@contextmanager
def tensorboard(logs: str) -> Iterator[str]:
    """Start TensorBoard, yield its address, and stop it after the block."""
    port = "6116"
    program = str(Path(sys.executable).with_name("tensorboard"))
    process = subprocess.Popen([program, "--logdir", logs, "--port", port])
    address = f"http://localhost:{port}"
    try:
        while process.poll() is None and not is_up(address):
            time.sleep(0.5)
        if process.poll() is not None:
            raise UserError(f"TensorBoard did not start: is port {port} in use?")
        time.sleep(SETTLED / 1000)  # it reads the runs
        yield address
    finally:
        process.terminate()
        process.wait()


def is_up(address: str) -> bool:
    """Return whether a server answers."""
    try:
        with urlopen(address):
            return True
    except URLError:
        return False


def photograph(browser: str, address: str, shot: Shot) -> bytes:
    """Return a screenshot of TensorBoard as PNG.

    Raises:
        UserError: the extra is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise UserError('pip install -e ".[screenshots]" first') from None
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page(viewport={"width": shot.width, "height": shot.height})
        page.goto(f"{address}/#{shot.tab}")
        page.wait_for_timeout(SETTLED)
        if shot.tab == "hparams":
            page.get_by_text("PARALLEL COORDINATES VIEW").click()
        if shot.tab == "images":
            dashboard = page.locator("tf-image-dashboard")
            dashboard.get_by_text("Show actual image size").click()
            dashboard.locator("tf-tag-filterer input").fill("decision_surface")
        page.wait_for_timeout(SETTLED)
        picture = page.screenshot()
        chromium.close()
        return bytes(picture)


def save(picture: bytes, name: str) -> None:
    """Save a picture with 128 colours, which is a third of the size."""
    with Image.open(io.BytesIO(picture)) as image:
        small = image.convert("RGB").quantize(128)
    small.save(PICTURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
