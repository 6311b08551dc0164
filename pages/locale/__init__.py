"""The translations, a catalogue (gettext's .po) for each language but English."""
