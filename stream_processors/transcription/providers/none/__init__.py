"""The provider `none`: takes speech and says that it will say nothing about it. For sizing, without an engine."""
