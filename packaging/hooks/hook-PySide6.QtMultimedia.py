"""QtMultimedia without its plugin, which is FFmpeg: sound outputs work without it."""

from PyInstaller.utils.hooks.qt import add_qt6_dependencies

hiddenimports, _, datas = add_qt6_dependencies(__file__)
