"""Meeting platforms: one folder each, behind one small interface."""
