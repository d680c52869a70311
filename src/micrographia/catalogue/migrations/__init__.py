"""Schema migrations, applied by Alembic when a catalogue is opened."""
