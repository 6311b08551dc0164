"""The teacher's page."""

REFRESH_SECONDS = 2
"""How often its parts are brought up to date."""
