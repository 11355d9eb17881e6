"""Write docs/troubleshooting.md from the words that the programs use."""

from pathlib import Path

from nam_engine.findings import troubleshooting_page

Path(__file__).with_name("troubleshooting.md").write_text(troubleshooting_page(), encoding="utf-8")
