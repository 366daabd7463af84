"""What is speech: detectors, the gate that makes utterances of what they say, and the rate they hear at."""
