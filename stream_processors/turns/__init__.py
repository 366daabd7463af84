"""Turns: provider results become turns with stable ids, dense revisions and names; decided in pure files, fed by Faust.

From the top floor down: `worker` is the process, `group` brings it records, `stage` is one record's way, `log` where it writes,
`transcript` one bot, `machine` one voice.
"""
