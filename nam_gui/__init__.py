"""The window: PySide6, imports the engine, never the reverse."""
