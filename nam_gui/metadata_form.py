"""What the user says about a capture. Nothing is said until the user says it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSignalBlocker, Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from nam_engine.metadata import GearType, ToneType, UserMetadata
from nam_gui.caption import Caption
from nam_gui.choice_box import ChoiceBox
from nam_gui.flow_layout import FlowLayout
from nam_gui.level_field import LevelField
from nam_gui.style import SPACING

__all__ = ["MetadataForm"]

GEAR_TYPES = tuple(GearType)
TONE_TYPES = tuple(ToneType)
CHARACTERS = 90
MAX_CHARACTERS = 1_000  # what is longer could not be read back from the training's folder


class MetadataForm(QWidget):
    """A form for :class:`UserMetadata`; what is not set is None."""

    changed = Signal()
    """The user changed the metadata."""
    apply_to_all_requested = Signal()
    remember_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._metadata = UserMetadata()
        self._name = self._text_field()
        self._modeled_by = self._text_field()
        self._gear_type = self._choice_field(self._gear_words())
        self._gear_make = self._text_field()
        self._gear_model = self._text_field()
        self._tone_type = self._choice_field(self._tone_words())
        self._input_level = LevelField(
            self.tr("Input level"),
            self.tr(
                "Play a 100 Hz sine at 0 dBFS and measure the voltage at the interface's output."
            ),
        )
        self._input_level.setToolTip(
            self.tr("How strong a sine at 0 dBFS leaves your interface for the gear")
        )
        self._output_level = LevelField(
            self.tr("Output level"),
            self.tr(
                "Turn a 100 Hz sine up until it records at 0 dBFS, and measure the voltage at the"
                " interface's input."
            ),
        )
        self._output_level.setToolTip(
            self.tr("How strong a sine from the gear is that your interface records at 0 dBFS")
        )
        for level in (self._input_level, self._output_level):
            level.changed.connect(self._read)

        form = QFormLayout()
        form.setSpacing(SPACING)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title, field in (
            (self.tr("Name"), self._name),
            (self.tr("Modeled by"), self._modeled_by),
            (self.tr("Gear"), self._gear_type),
            (self.tr("Make"), self._gear_make),
            (self.tr("Model"), self._gear_model),
            (self.tr("Tone"), self._tone_type),
            (self.tr("Input level"), self._input_level),
            (self.tr("Output level"), self._output_level),
        ):
            form.addRow(Caption(title, field), field)
            field.setAccessibleName(title)

        apply_to_all = QPushButton(self.tr("Use for all recordings"))
        apply_to_all.clicked.connect(self.apply_to_all_requested)
        remember = QPushButton(self.tr("Use these for new recordings"))
        remember.clicked.connect(self.remember_requested)
        buttons = FlowLayout()
        buttons.addWidget(apply_to_all)
        buttons.addWidget(remember)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * SPACING, 2 * SPACING, 2 * SPACING, 2 * SPACING)
        layout.setSpacing(2 * SPACING)
        layout.addLayout(form)
        layout.addLayout(buttons)
        layout.addStretch()
        self._limit_width()

    def metadata(self) -> UserMetadata:
        """What was set, by :meth:`set_metadata` or by the user since."""
        return self._metadata

    def set_metadata(self, metadata: UserMetadata) -> None:
        self._metadata = metadata
        for field, text in (
            (self._name, metadata.name),
            (self._modeled_by, metadata.modeled_by),
            (self._gear_make, metadata.gear_make),
            (self._gear_model, metadata.gear_model),
        ):
            with QSignalBlocker(field):
                field.setText(text or "")
                field.setCursorPosition(0)
        with QSignalBlocker(self._gear_type), QSignalBlocker(self._tone_type):
            gear, tone = metadata.gear_type, metadata.tone_type
            self._gear_type.setCurrentIndex(0 if gear is None else GEAR_TYPES.index(gear) + 1)
            self._tone_type.setCurrentIndex(0 if tone is None else TONE_TYPES.index(tone) + 1)
        self._input_level.set_level(metadata.input_level_dbu)
        self._output_level.set_level(metadata.output_level_dbu)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._limit_width()

    def _limit_width(self) -> None:
        """Nobody writes a name that goes through a wide screen."""
        self.setMaximumWidth(CHARACTERS * self.fontMetrics().averageCharWidth())

    def _read(self) -> None:
        gear, tone = self._gear_type.currentIndex(), self._tone_type.currentIndex()
        metadata = UserMetadata(
            name=_text(self._name),
            modeled_by=_text(self._modeled_by),
            gear_make=_text(self._gear_make),
            gear_model=_text(self._gear_model),
            gear_type=GEAR_TYPES[gear - 1] if gear else None,
            tone_type=TONE_TYPES[tone - 1] if tone else None,
            input_level_dbu=self._input_level.level(),
            output_level_dbu=self._output_level.level(),
        )
        if metadata != self._metadata:
            self._metadata = metadata
            self.changed.emit()

    def _text_field(self) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(self.tr("Not set"))
        field.setMaxLength(MAX_CHARACTERS)
        field.textChanged.connect(self._read)
        return field

    def _choice_field(self, words: list[str]) -> ChoiceBox:
        field = ChoiceBox([self.tr("Not set"), *words])
        field.currentIndexChanged.connect(self._read)
        return field

    def _gear_words(self) -> list[str]:
        words = {
            GearType.AMP: self.tr("Amp"),
            GearType.PEDAL: self.tr("Pedal"),
            GearType.PEDAL_AMP: self.tr("Pedal and amp"),
            GearType.AMP_CAB: self.tr("Amp and cab"),
            GearType.AMP_PEDAL_CAB: self.tr("Pedal, amp and cab"),
            GearType.PREAMP: self.tr("Preamp"),
            GearType.STUDIO: self.tr("Studio gear"),
        }
        return [words[gear] for gear in GEAR_TYPES]

    def _tone_words(self) -> list[str]:
        words = {
            ToneType.CLEAN: self.tr("Clean"),
            ToneType.OVERDRIVE: self.tr("Overdrive"),
            ToneType.CRUNCH: self.tr("Crunch"),
            ToneType.HI_GAIN: self.tr("High gain"),
            ToneType.FUZZ: self.tr("Fuzz"),
        }
        return [words[tone] for tone in TONE_TYPES]


def _text(field: QLineEdit) -> str | None:
    return field.text().strip() or None
