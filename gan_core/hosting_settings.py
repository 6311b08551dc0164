"""How the app is hosted: for one person, for a class or for strangers; and what each of them may take of the machine.

Every value has an environment variable, GAN_WORKBENCH_ and its name in capitals. What is not given is the mode's
default, which suits a machine of two cores and 8 GiB. Knows nothing of torch.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple, get_args

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gan_core.hosting import NONE, PREFIX, same_login
from gan_core.metrics.result import SAMPLES

Mode = Literal["personal", "class", "public"]
MODES: tuple[Mode, ...] = get_args(Mode)
ELSEWHERE = frozenset(PREFIX + name for name in ("CHECKPOINTS", "DATA", "DATABASE", "FILES", "HOSTS", "TENSORBOARD"))
"""The variables that are read by themselves: where things lie, and the names to which the app answers."""


class ByMode(NamedTuple):
    """A value's default in each mode, and what it is."""

    personal: Any
    of_class: Any
    public: Any
    help: str

    def default(self, mode: Mode) -> Any:
        return self[MODES.index(mode)]


def _by_mode(personal: Any, of_class: Any, public: Any, help: str, **limits: Any) -> Any:
    declared = Field(personal, description=help, **limits)
    declared.metadata.append(ByMode(personal, of_class, public, help))
    return declared


def _limit(personal: float, of_class: float, public: float, help: str) -> Any:
    return _by_mode(personal, of_class, public, help, gt=0)


class Hosting(BaseSettings):
    """The mode, who is who, and every limit. Immutable."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    mode: Mode = Field(default="personal", description="personal (everybody may do everything), class or public")

    # Who is who
    login: Literal["none", "oidc", "proxy"] = Field(
        default="none",
        description="oidc (Streamlit's login) or proxy (a reverse proxy names people)",
    )
    teachers: str = Field(default="", description="with a login: who of them are teachers, with commas between")
    class_code: SecretStr = Field(default=SecretStr(""), description="what students enter; made if none is given")
    teacher_password: SecretStr = Field(default=SecretStr(""), description="the same for the teacher")
    secret: SecretStr = Field(default=SecretStr(""), description="signs cookies; made and kept if none is given")
    metrics_token: SecretStr = Field(default=SecretStr(""), description="opens /metrics from other computers")

    # Of one run
    most_minutes: float = _limit(NONE, 10, 2, "minutes of training of a run")
    most_kimg: float = _limit(NONE, 2_000, 500, "thousand images of a run")
    most_parameters: float = _limit(NONE, 20e6, 10e6, "parameters of generator and discriminator together")
    most_batch: float = _limit(NONE, 512, 256, "images in a batch")
    most_devices: float = _limit(NONE, 1, 1, "GPUs, or processor cores by a process each, that a run uses together")
    most_memory_gib: float = _limit(NONE, 1.5, 1.0, "GiB that a run or an evaluation takes, the program itself apart")
    folders: bool = _by_mode(True, False, False, "whether pictures in a folder of the server may be trained on")

    # Of the queue
    slots: int = _by_mode(1, 2, 2, "runs in training on this machine at the same time; 0 if a cluster trains", ge=0)
    most_active_of_one: float = _limit(NONE, 3, 2, "runs of a person in the queue and in training")
    most_active: float = _limit(NONE, 100, 30, "runs of all in the queue and in training")
    most_evaluations_of_one: float = _limit(NONE, 2, 1, "evaluations of a person that wait or are in work")
    most_evaluations: float = _limit(NONE, 20, 10, "evaluations of all that wait or are in work")

    # Of a request
    most_samples: float = _by_mode(NONE, 10_000, 5_000, "pictures of an evaluation", ge=SAMPLES[0])
    most_pictures: float = _limit(2_000, 500, 200, "pictures of a request on the Generate page")
    most_requests: float = _limit(NONE, 120, 60, "requests that cost something, of a person in a minute")
    most_requests_of_address: float = _limit(NONE, 1_200, 240, "the same of an internet address, which many may share")

    # On disk and in memory
    most_uploads_of_one: float = _limit(20, 5, 3, "uploads of a person that are kept")
    upload_mb_of_one: float = _limit(NONE, 100, 100, "MB that a person may upload in ten minutes")
    upload_mb: float = _limit(NONE, 200, 200, "MB that all may upload in ten minutes, and that the server holds")
    disk_mb_of_one: float = _limit(NONE, 1_000, 200, "MB of a person's runs and uploads")
    disk_mb: float = _limit(NONE, 20_000, 5_000, "MB of all runs and uploads")
    days_kept: float = _limit(NONE, 30, 2, "days after which runs and uploads are deleted; at most 36,500, or inf")

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        """What is not given is the mode's default."""
        mode = given.get("mode", "personal")
        if mode not in MODES:
            return given  # refused below, in words
        return {name: value.default(mode) for name, value in by_mode().items()} | given

    @field_validator("days_kept")
    @classmethod
    def _a_century_at_most(cls, given: float) -> float:
        return given if given <= 36_500 else NONE

    @field_validator("teachers")
    @classmethod
    def _spaces_do_not_count(cls, given: str) -> str:
        return ",".join(filter(None, (same_login(one) for one in given.split(","))))

    @property
    def is_shared(self) -> bool:
        """Whether visitors are told apart."""
        return self.mode != "personal"


def by_mode() -> Mapping[str, ByMode]:
    """What has a default for each mode, by name."""
    found = {name: [item for item in field.metadata if isinstance(item, ByMode)]
             for name, field in Hosting.model_fields.items()}  # fmt: skip
    return {name: items[0] for name, items in found.items() if items}


def variables_of_jobs() -> list[str]:
    """The environment variables by which workers and what they start differ."""
    return [PREFIX + name.upper() for name in ("mode", *by_mode())]


def secret_variables() -> frozenset[str]:
    """The environment variables whose values only the server may know."""
    secret = [name for name, field in Hosting.model_fields.items() if field.annotation is SecretStr]
    return frozenset(PREFIX + name.upper() for name in secret)


def without_meaning(variables: Iterable[str]) -> dict[str, str]:
    """Those that begin as ours do and are none of ours, each with the one that is probably meant; "" if none is.

    Capitals do not count in those of `Hosting`, as pydantic-settings reads them.
    """
    ours = [PREFIX + name.upper() for name in Hosting.model_fields]
    known = [*ours, *ELSEWHERE]
    unknown = [
        name for name in variables
        if name.upper().startswith(PREFIX) and name.upper() not in ours and name not in ELSEWHERE
    ]  # fmt: skip
    return {name: "".join(get_close_matches(name.upper(), known, n=1)) for name in unknown}


def differing(chosen: Hosting) -> dict[str, str]:
    """By variable, every value that is not its mode's default; of a secret only that it is given."""
    found = {}
    for name in Hosting.model_fields:
        default = _defaults(name)[MODES.index(chosen.mode)]
        if (value := getattr(chosen, name)) != default:
            found[PREFIX + name.upper()] = "given" if isinstance(value, SecretStr) else _as_text(value)
    return found


def table() -> list[tuple[str, str, str, str, str]]:
    """Of every setting: its variable, its default in the three modes, and what it is."""
    rows = []
    for name, field in Hosting.model_fields.items():
        personal, of_class, public = map(_as_text, _defaults(name))
        rows.append((PREFIX + name.upper(), personal, of_class, public, field.description or ""))
    return rows


def _defaults(name: str) -> tuple[Any, ...]:
    if name == "mode":
        return MODES
    value = by_mode().get(name)
    default = Hosting.model_fields[name].default
    return (value.personal, value.of_class, value.public) if value else (default, default, default)


def _as_text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return ("none" if value == NONE else f"{value:,.10g}") if isinstance(value, int | float) else str(value)
