"""What comes along with QtGui: PyInstaller's choice without what no widget needs.

Left out here, and not from the finished bundle, so that what only these link to stays out too:
QtQuick and QtQml, QtPdf, and half of GTK, which is of no use without the other half.
"""

from pathlib import Path

from PyInstaller.utils.hooks.qt import add_qt6_dependencies

UNUSED = ("qtvirtualkeyboard", "qpdf", "qgtk3")

hiddenimports, binaries, datas = add_qt6_dependencies(__file__)
binaries = [entry for entry in binaries if not any(name in Path(entry[0]).name for name in UNUSED)]
