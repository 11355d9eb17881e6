"""What tells a Linux desktop about the program agrees with the program."""

from __future__ import annotations

import configparser
from pathlib import Path
from xml.etree import ElementTree

LINUX = Path(__file__).parents[2] / "packaging" / "linux"
APP = Path(__file__).parents[2] / "nam_gui" / "app.py"


def desktop_entry() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(LINUX / "nam-a2-trainer.desktop", encoding="utf-8")
    return parser["Desktop Entry"]


def test_the_desktop_finds_the_entry_by_the_name_that_the_program_gives() -> None:
    assert f'setDesktopFileName("{(LINUX / "nam-a2-trainer.desktop").stem}")' in APP.read_text()


def test_models_are_opened_by_the_type_that_is_defined_for_them() -> None:
    mime = ElementTree.parse(LINUX / "nam-a2-trainer-mime.xml").getroot()
    (kind,) = mime.findall("{*}mime-type")
    (glob,) = mime.findall(".//{*}glob")
    assert glob.attrib["pattern"] == "*.nam"
    assert desktop_entry()["MimeType"] == f"{kind.attrib['type']};"
    provided = ElementTree.parse(LINUX / "nam-a2-trainer.metainfo.xml").findtext(".//mediatype")
    assert provided == kind.attrib["type"]


def test_dropped_files_reach_the_program() -> None:
    assert desktop_entry()["Exec"] == "nam-gui %F"
