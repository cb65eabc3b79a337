"""Every setting there is, as one frozen model; `core.config` reads it from the environment, .env and YAML."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.settings_types import (
    EVENT_NAMES,
    Address,
    AlertEventName,
    AlertTags,
    AppriseUrls,
    DayHours,
    DiscordId,
    DiscordIds,
    Folder,
    HostOrUrl,
    HttpUrl,
    Interval,
    NotBuilt,
    PieceSize,
    Plan,
    SecretHttpUrl,
    Size,
    SqliteUrl,
    TimeZone,
    without_empty,
)


class Section(BaseModel):
    """A section of config.yaml; an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: Any) -> Any:
        return without_empty(data, cls.model_fields)


class Paths(Section):
    """Folders. Relative ones count from the configuration file."""

    data: Folder = Field(
        "./data", description="The program's own folder: database, logs, staging by default."
    )
    libation_library_root: Folder | None = Field(None, description="Where Libation puts liberated books.")
    staging_root: Folder = Field("", description="Hardlinked release folders; default: data/staging.")
    torrent_output: Folder = Field("", description="Torrents and metadata files; default: data/torrents.")
    library_root: Folder | None = Field(None, description="The Audiobookshelf library's folder.")
    recycle: Folder = Field("", description="Where replaced files go; default: data/recycle.")


class PathMap(Section):
    """One folder as two systems see it."""

    host: str = Field(description="The folder as Mousekeeper sees it.")
    container: str = Field(description="The same folder as the other system sees it.")
    system: str | None = Field(None, description="Which system, such as qbittorrent; all when left out.")


class Staging(Section):
    """How release folders are made."""

    allow_copy: bool = Field(False, description="Copy when a hardlink is impossible (another file system).")


class Libation(Section):
    """Asking Libation's container for new books."""

    liberate: bool = Field(False, description="Let a scheduled scan also download (liberate) new books.")
    scan_timeout_seconds: float = Field(600, gt=0)
    liberate_timeout_seconds: float = Field(14_400, gt=0)


class Mam(Section):
    """The tracker's form and pacing."""

    max_filename_length: int = Field(225, ge=60, le=4096, description="Most characters in folder/file.")
    allowed_extensions: list[str] = Field(
        default_factory="m4b m4a mp3 opus flac jpg jpeg png pdf cue".split,
        description="What a release may contain.",
    )
    category_id: int | None = Field(None, description="The form's category when genres do not tell it.")
    min_seconds_between_requests: float = Field(2.0, ge=2.0)
    max_requests_per_day: int = Field(
        500, ge=100, le=1000, description="Requests to the tracker within any 24 hours."
    )

    @model_validator(mode="before")
    @classmethod
    def _plain_extensions(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("allowed_extensions"), list):
            plain = [e.lower().lstrip(".") if isinstance(e, str) else e for e in data["allowed_extensions"]]
            return {**data, "allowed_extensions": plain}
        return data


class Upload(Section):
    """From a liberated book to a seeded torrent."""

    publish: Literal["confirm", "direct"] = Field(
        "confirm",
        description="confirm: seed only after a person says it is uploaded. direct: seed on approval.",
    )
    first_run: Literal["baseline", "all"] = Field(
        "baseline", description="What a library met for the first time means: wait until asked, or take all."
    )
    max_open_approvals: int = Field(
        20, ge=1, description="Most releases the automatic loop keeps awaiting approval."
    )
    exclude_plus_loans: bool = Field(True, description="Leave out books on loan from the Plus catalogue.")
    exclude_authors: list[str] | None = Field(
        None, description="Authors that must not be uploaded; left out: the built-in list."
    )
    source_tag: str = Field("MAM", description="The torrent's source field.")
    name_tag: str | None = Field(None, description="A tag at the end of folder names, without its brackets.")
    piece_size: PieceSize | None = Field(
        None, description="Bytes or text such as 1 MiB; left out: by total size."
    )
    builder: Literal["builtin", "mkbrr"] = "builtin"
    kit_dialect: Literal["native", "helper"] = "native"
    description: Literal["html", "bbcode"] = "html"
    description_template: str | None = Field(None, description="Your own Jinja template for the description.")


class Mkbrr(Section):
    """The other torrent builder, run through Docker."""

    image: str = "ghcr.io/autobrr/mkbrr:latest"
    preset: str | None = None
    host_data_root: str | None = None
    container_data_root: str = "/data"
    host_config_dir: str | None = None
    container_config_dir: str = "/config"


class QBittorrent(Section):
    """What added torrents carry."""

    category: str = "mousekeeper"
    tags: list[str] = Field(default_factory=lambda: ["mk"])
    auto_start: bool = Field(
        True, description="Start seeding by itself once it may; false: leave it stopped."
    )


class Audnex(Section):
    """The metadata service behind ASINs."""

    enabled: bool = True
    base_url: HttpUrl = "https://api.audnex.us"
    regions: list[str] = Field(default_factory="us uk ca au de fr es it in jp".split)
    timeout_seconds: float = Field(20, gt=0, le=300)


class Audible(Section):
    """The Audible catalogue, asked after Audnex and at a low rate."""

    enabled: bool = True
    base_url: HttpUrl | None = Field(
        None, description="Another host; left out: the marketplace of each region."
    )


class Provider(Section):
    """A metadata provider's address."""

    base_url: HttpUrl | None = None


class MediaInfo(Section):
    """How audio files are looked at."""

    binary: str | None = Field(
        None, description="Path of a mediainfo program; left out: the built-in library."
    )


class Library(Section):
    """The Audiobookshelf library's layout."""

    folder_pattern: str = "{author}/{series}/{series} - {index} - {title} ({year})"
    use_series_folders: bool = True
    languages: list[str] = Field(default_factory=list)
    skip_genres: list[str] = Field(default_factory=list)


class Cost(Section):
    """What may be paid for a book."""

    ratio_floor: float = 1.0
    ratio_target: float = 2.0
    unsat_buffer: int = 10
    wedge: Literal["never", "ask", "auto"] = "ask"
    wedge_min_size: Size = 2**30
    wedge_reserve: int = 0
    points_reserve: int = 0


class Vip(Section):
    """Keeping VIP."""

    renew: Literal["auto", "ask", "never"] = "auto"
    renew_days_before: int = Field(
        7, ge=1, le=80, description="Renew at the latest so many days before it ends."
    )
    warn_days: list[int] = Field(
        default_factory=lambda: [14, 7, 3, 1], description="Days before its end on which you are told."
    )


class Guard(Section):
    """Watching the tracker account. Spending by itself only while the autopilot is on."""

    poll_minutes: int = Field(30, ge=10, le=60, description="How often the account is looked at.")
    emergency_ratio: float = Field(1.0, ge=0, description="At this ratio or less: emergency.")
    emergency_back: float = Field(1.05, ge=0, description="Above this for a while: no emergency any more.")
    caution_ratio: float = Field(1.5, ge=0, description="Under this ratio: caution.")
    caution_back: float = Field(1.6, ge=0, description="Above this for a while: no caution any more.")
    back_after_minutes: int = Field(60, ge=0, le=10_080)
    seed_harder: bool = Field(
        True, description="In an emergency start, force and unlimit what is complete; put back afterwards."
    )
    upload_limit: Size = Field(0, description="Upload limit a second in an emergency; 0: none.")
    let_finish: float = Field(
        0.9, ge=0, le=1, description="A paid download this far along is not stopped in an emergency."
    )
    upload_credit: Literal["auto", "ask", "never"] = Field(
        "ask", description="Buy upload credit to mend the ratio, or before points are lost at the cap."
    )
    purchases_per_day: int = Field(2, ge=0, le=24, description="Most purchases of each kind in a day.")
    dry_run: bool = Field(False, description="Only say what would be bought.")

    @model_validator(mode="after")
    def _in_order(self) -> Guard:
        ladder = (self.emergency_ratio, self.emergency_back, self.caution_ratio, self.caution_back)
        if list(ladder) != sorted(ladder):
            raise ValueError("must rise: emergency_ratio, emergency_back, caution_ratio, caution_back")
        return self


class Channels(Section):
    """Discord channels by purpose."""

    uploads: DiscordId | None = None
    requests: DiscordId | None = None
    alerts: DiscordId | None = None
    status: DiscordId | None = None


class Roles(Section):
    """Who may, by Discord role: one id or a list."""

    approve: DiscordIds = Field(default_factory=list)
    request: DiscordIds = Field(default_factory=list)
    admin: DiscordIds = Field(default_factory=list)


class Discord(Section):
    """Where and to whom the bot speaks."""

    channels: Channels = Field(default_factory=Channels)
    roles: Roles = Field(default_factory=Roles)
    language: Literal["en", "de"] = Field(
        "en", description="What everybody sees in channels; answers to a person use that person's language."
    )
    attach_torrent: bool = Field(
        False, description="Also hand out the .torrent with a kit; it holds your passkey."
    )
    quotas: dict[str, int] = Field(default_factory=dict)


class Alerts(Section):
    """Which events reach which tags of APPRISE_URLS, and when."""

    rules: dict[AlertEventName, AlertTags] = Field(
        default_factory=dict,
        description="Event: tags. * stands for every event without a rule, the tag all for every service.",
        json_schema_extra={"propertyNames": {"enum": list(EVENT_NAMES)}},
    )
    cool_down: Interval = Field("15m", description="The same about the same thing is told once in this time.")
    quiet_hours: DayHours | None = Field(
        None, description="Such as 22:00-07:00: what is not urgent waits for their end."
    )


class Schedules(Section):
    """How often what runs: an interval such as 30m or 6h, a cron line, or off."""

    scan: Plan = "6h"
    discover: Plan = "30m"
    full_read: Plan = "1d"
    enrich: Plan = "1d"
    retention: Plan = "1d"


class Settings(BaseSettings):
    """All settings. Fields without a section come from the environment or .env."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    # From .env: secrets and addresses.
    discord_token: SecretStr | None = None
    discord_guild_id: DiscordId | None = None
    discord_api_base: HttpUrl | None = None
    discord_gateway_url: Address | None = None
    qb_host: HostOrUrl | None = None
    qb_username: str | None = None
    qb_password: SecretStr | None = None
    mam_id: SecretStr | None = None
    mam_announce_url: SecretHttpUrl | None = None
    mam_base_url: HttpUrl | None = None
    mam_tracker_url: HttpUrl | None = None
    prowlarr_url: HttpUrl | None = None
    prowlarr_api_key: SecretStr | None = None
    abs_url: HttpUrl | None = None
    abs_token: SecretStr | None = None
    google_books_api_key: SecretStr | None = None
    hardcover_token: SecretStr | None = None
    docker_host: Address | None = None
    libation_container: str | None = None
    apprise_urls: AppriseUrls | None = None
    database_url: SqliteUrl | None = None
    mqtt_url: NotBuilt | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    # From config.yaml: behaviour.
    paths: Paths = Field(default_factory=Paths)
    timezone: TimeZone = "UTC"
    autopilot: bool = False
    path_maps: list[PathMap] = Field(default_factory=list)
    staging: Staging = Field(default_factory=Staging)
    libation: Libation = Field(default_factory=Libation)
    mam: Mam = Field(default_factory=Mam)
    upload: Upload = Field(default_factory=Upload)
    mkbrr: Mkbrr = Field(default_factory=Mkbrr)
    qbittorrent: QBittorrent = Field(default_factory=QBittorrent)
    audnex: Audnex = Field(default_factory=Audnex)
    audible: Audible = Field(default_factory=Audible)
    google_books: Provider = Field(default_factory=Provider)
    hardcover: Provider = Field(default_factory=Provider)
    open_library: Provider = Field(default_factory=Provider)
    mediainfo: MediaInfo = Field(default_factory=MediaInfo)
    library: Library = Field(default_factory=Library)
    quality: dict[str, Any] = Field(default_factory=dict)
    cost: Cost = Field(default_factory=Cost)
    vip: Vip = Field(default_factory=Vip)
    guard: Guard = Field(default_factory=Guard)
    discord: Discord = Field(default_factory=Discord)
    schedules: Schedules = Field(default_factory=Schedules)
    alerts: Alerts = Field(default_factory=Alerts)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: Any) -> Any:
        return without_empty(data, cls.model_fields)

    @field_validator("mkbrr")
    @classmethod
    def _mkbrr_is_whole(cls, value: Mkbrr, info: ValidationInfo) -> Mkbrr:
        upload = info.data.get("upload")
        if upload and upload.builder == "mkbrr" and not value.host_data_root:
            raise ValueError(
                "host_data_root is needed for upload.builder: mkbrr (the data folder as Docker sees it)"
            )
        return value

    @classmethod
    def settings_customise_sources(  # type: ignore[override]  # the other sources are core.config's to read
        cls, _settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, **_: object
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


SECTIONS = tuple(
    name
    for name, field in Settings.model_fields.items()
    if list(Settings.model_fields).index(name) >= list(Settings.model_fields).index("paths")
)
ENVIRONMENT = tuple(name for name in Settings.model_fields if name not in SECTIONS)
SECRETS = tuple(name for name in ENVIRONMENT if "SecretStr" in str(Settings.model_fields[name].annotation))
