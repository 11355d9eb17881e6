"""What the user may set, all of it applied at once."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from nam_engine.device_report import DEVICES
from nam_gui.caption import Caption
from nam_gui.choice_box import ChoiceBox
from nam_gui.device_words import device_title
from nam_gui.export import PLACEHOLDERS
from nam_gui.folder_field import FolderField
from nam_gui.number_field import NumberField
from nam_gui.page_dialog import PageDialog
from nam_gui.settings import (
    MAX_TEXT,
    NAME_TEMPLATE,
    TEXT_PERCENTS,
    THEMES,
    Settings,
    default_output_folder,
)
from nam_gui.style import SPACING
from nam_gui.training_length import TrainingLength

__all__ = ["SettingsDialog"]


class SettingsDialog(PageDialog):
    """Stays open beside the window; Escape closes it."""

    changed = Signal(object)
    """The :class:`Settings` after the user changed one of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self._settings = Settings()
        titles = {
            "length": self.tr("How long to train"),
            "target": self.tr("Stop when this good"),
            "device": self.tr("Train on"),
            "captures": self.tr("Captures go to"),
            "exports": self.tr("Exports go to"),
            "name": self.tr("Their names"),
            "theme": self.tr("Appearance"),
            "text": self.tr("Text size"),
        }
        self._length = TrainingLength(titles["length"])
        self._target = self._target_field(titles["target"])
        self._device = ChoiceBox([device_title(name) for name in DEVICES])
        self._output_folder = FolderField(titles["captures"], str(default_output_folder()))
        self._export_folder = FolderField(titles["exports"], self.tr("Where the captures are"))
        self._name_template = QLineEdit()
        self._name_template.setPlaceholderText(NAME_TEMPLATE)
        self._name_template.setMaxLength(MAX_TEXT)
        self._theme = ChoiceBox(self._theme_words())
        self._text_size = ChoiceBox([])
        form = QFormLayout()
        form.setSpacing(SPACING)
        form.setHorizontalSpacing(2 * SPACING)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields = (
            self._length,
            self._target,
            self._device,
            self._output_folder,
            self._export_folder,
            self._name_template,
            self._theme,
            self._text_size,
        )
        for title, field in zip(titles.values(), fields, strict=True):
            row = self._with_placeholders(field) if field is self._name_template else field
            form.addRow(Caption(title, field), row)
            field.setAccessibleName(title)
        self.page.addLayout(form)
        self.page.addStretch(1)
        self._show_settings()
        self._name_template.textChanged.connect(self._read)
        for choice in (self._device, self._theme, self._text_size):
            choice.currentIndexChanged.connect(self._read)
        for field in (self._length, self._target, self._output_folder, self._export_folder):
            field.changed.connect(self._read)

    def set_settings(self, settings: Settings) -> None:
        # What comes back while the user types would take the text from under the cursor.
        if settings != self._settings:
            self._settings = settings
            self._show_settings()

    def _show_settings(self) -> None:
        settings = self._settings
        self._length.set_epochs(settings.epochs)
        self._target.set_number(settings.target_esr)
        self._output_folder.set_folder(settings.output_folder)
        self._export_folder.set_folder(settings.export_folder)
        with QSignalBlocker(self._name_template):
            self._name_template.setText(settings.name_template)
        with QSignalBlocker(self._device), QSignalBlocker(self._theme):
            self._device.setCurrentIndex(DEVICES.index(settings.device))
            self._theme.setCurrentIndex(THEMES.index(settings.theme))
        with QSignalBlocker(self._text_size):
            self._text_size.clear()
            for percent in sorted({*TEXT_PERCENTS, settings.text_percent}):
                self._text_size.addItem(self.tr("{percent} %").format(percent=percent), percent)
            self._text_size.setCurrentIndex(self._text_size.findData(settings.text_percent))

    def _read(self) -> None:
        settings = replace(
            self._settings,
            epochs=self._length.epochs(),
            target_esr=self._target.number(),
            device=DEVICES[self._device.currentIndex()],
            output_folder=self._output_folder.folder(),
            export_folder=self._export_folder.folder(),
            name_template=self._name_template.text().strip() or NAME_TEMPLATE,
            theme=THEMES[self._theme.currentIndex()],
            text_percent=self._text_size.currentData(),
        )
        if settings != self._settings:
            self._settings = settings
            self.changed.emit(settings)

    def _target_field(self, name: str) -> NumberField:
        field = NumberField(
            name,
            self.tr("ESR"),
            self.tr("Write a number between 0 and 1, such as 0.004. Until then it is left out."),
            _is_esr,
        )
        field.set_placeholder(self.tr("Not set: train to the end"))
        field.setToolTip(
            self.tr("How close A2-Full has to sound; the smaller the error (ESR), the closer")
        )
        return field

    def _with_placeholders(self, field: QWidget) -> QWidget:
        """A field, and under it what may stand in it."""
        placeholders = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        hint = QLabel(self.tr("Filled in: {0}").format(placeholders))
        hint.setWordWrap(True)
        place = QWidget()
        rows = QVBoxLayout(place)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(field)
        rows.addWidget(hint)
        return place

    def _theme_words(self) -> list[str]:
        words = {
            "system": self.tr("As the system"),
            "light": self.tr("Light"),
            "dark": self.tr("Dark"),
        }
        return [words[theme] for theme in THEMES]


def _is_esr(number: float) -> bool:
    return 0 < number < 1
