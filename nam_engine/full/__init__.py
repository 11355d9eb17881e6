"""The full trainer: any packed WaveNet, described by the official trainer's three files."""
