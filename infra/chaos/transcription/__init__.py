"""Provider, worker and broker die under synthetic load whose every word is known; no word may be lost, doubled or moved."""
