"""One frozen Settings; only the command line, the pipeline and the steps read it."""

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[1]
"""The folder that holds the packages: the checkout, or site-packages for an installed wheel."""


class Settings(BaseSettings):
    """Where things are; each may be given as `COMMUNIQUE_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="COMMUNIQUE_", frozen=True, hide_input_in_errors=True)

    data: Path = Field(default=Path("data"), description="The data folder: datasets and releases in, packages out.")
    notify: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), description="Addresses of apprise, with blanks between: where it is told that a dataset is held."
    )
    roots: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(),
        description="Folders below which the flow validate-releases may read, with colons between; the data folder.",
    )
    log: Literal["text", "json"] = Field(default="text", description="How the log is written.")
    base_url: str = Field(default="", description="Where the catalog lies on the web: its pages tell whole addresses.")

    @field_validator("notify", mode="before")
    @classmethod
    def _words(cls, given: object) -> object:
        return tuple(given.split()) if isinstance(given, str) else given

    @field_validator("roots", mode="before")
    @classmethod
    def _paths(cls, given: object) -> object:
        return tuple(filter(None, given.split(os.pathsep))) if isinstance(given, str) else given

    @field_validator("base_url")
    @classmethod
    def _address(cls, given: str) -> str:
        parts = urlsplit(given)
        whole = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
        if given and not (whole and given.isprintable() and not set(given) & set(' "<>')):
            raise PydanticCustomError("address", "it is no address of a site, as https://data.example.org/ is")
        return given.rstrip("/") + "/" if given else ""

    @cached_property
    def root(self) -> Path:
        """The data folder, absolute."""
        return self.data.resolve()

    @property
    def datasets(self) -> Path:
        """One TOML file a dataset."""
        return self.root / "datasets"

    def expectations(self, dataset: str) -> Path:
        """Return the folder of the suites that are asked of one dataset alone."""
        return self.root / "expectations" / dataset

    @property
    def raw(self) -> Path:
        """The bytes as received, and their journals."""
        return self.root / "raw"

    @property
    def cache(self) -> Path:
        """What is remembered only to save time."""
        return self.root / "cache"

    @property
    def packages(self) -> Path:
        """What is published."""
        return self.root / "packages"

    def run(self, dataset: str, run_id: str) -> Path:
        """Return the working folder of a run."""
        return self.root / "runs" / dataset / run_id

    def quarantine(self, dataset: str) -> Path:
        """Return the folder of what was refused."""
        return self.root / "quarantine" / dataset

    def staging(self, dataset: str) -> Path:
        """Return the folder where a version is made ready; on the file system of the packages."""
        return self.root / "staging" / dataset

    def lock(self, dataset: str) -> Path:
        """Return the lock file of a dataset's publisher."""
        return self.root / "runs" / dataset / ".lock"

    def told(self, dataset: str) -> Path:
        """Return the file that says what people were told of a dataset."""
        return self.root / "runs" / dataset / "told.json"

    @property
    def readable(self) -> tuple[Path, ...]:
        """The folders below which a flow may read what it is asked to validate."""
        return tuple(root.resolve() for root in self.roots) or (self.root,)

    @property
    def prefect_home(self) -> Path:
        """The home of our own Prefect server."""
        return self.root / ".prefect"


def given_by_environment(name: str) -> str | None:
    """Return the value of the environment variable `name`, or None where it is empty or not set."""
    return os.environ.get(name) or None
