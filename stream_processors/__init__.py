"""Stream processors: frames to ordered audio, audio to results, results to turns."""
