"""The provider `assemblyai`: AssemblyAI's streaming service (v3), over a WebSocket.

Every message says the whole turn again. On the way words become final one by one, but the turn's formatted end may write
them anew, two words as one, so no word of an open turn is a final here: a turn is partial until its end, and then one
final up to its last word. That keeps the meaning of a final, and costs no more audio to send again than one utterance:
our own gate ends it, with ForceEndpoint, before AssemblyAI would.

AssemblyAI says nothing about silence. When a final is asked for and no turn answers, the session is terminated, which
AssemblyAI has to answer with everything it still owes; the next audio goes to a fresh socket of the same session.
"""
