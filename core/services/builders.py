"""Wires the mkbrr builder to the container engine."""

from __future__ import annotations

from core.config import Configuration
from core.domain.building import Builder
from core.domain.containers import ContainerEngine
from core.domain.path_maps import PathMaps
from core.errors import ConfigError


def mkbrr_builder(config: Configuration, engine: ContainerEngine) -> Builder:
    """A builder by the settings. Raises ConfigError for settings that do not fit together."""
    from core.integrations.mkbrr.client import Mkbrr
    from core.integrations.mkbrr.models import DataFolder, Plan

    settings = config.settings
    if settings.mkbrr.host_data_root is None:
        raise ConfigError(
            "mkbrr.host_data_root is not set.", hint="It is the folder that holds paths.staging_root."
        )
    announce = settings.mam_announce_url.get_secret_value() if settings.mam_announce_url else None
    plan = Plan(
        source=settings.upload.source_tag or None,
        piece_length=settings.upload.piece_size,
        preset=settings.mkbrr.preset,
        container_config_dir=settings.mkbrr.container_config_dir,
        announce=announce,
    )
    return Mkbrr(
        engine,
        plan,
        image=settings.mkbrr.image,
        data=DataFolder(settings.mkbrr.host_data_root, settings.mkbrr.container_data_root),
        host_config_dir=settings.mkbrr.host_config_dir,
        engine_path=PathMaps.of(settings.path_maps, "docker").to_container,
    )
