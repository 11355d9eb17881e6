"""WaveNets: described (config), ordinary, and packed for joint training."""
