"""`webhook.commands`: what operators ask of the sinks, and how it is carried out."""
