"""Turns: provider results become turns with stable ids, dense revisions and names; decided in pure files, fed by Faust."""
