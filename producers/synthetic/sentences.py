"""What speakers say when nobody gives them recordings: plain sentences of a working day, and flite's voices to say them."""

VOICES = ("slt", "rms", "awb", "kal16")
SENTENCES = (
    "Good morning everybody, I think we can begin.",
    "The first thing on the list is the report from last week.",
    "We had two problems with the delivery, and both of them are solved now.",
    "Can you tell me how long the second part will take?",
    "I would say three days, maybe four if the weather is bad.",
    "The customer has asked for a new price before the end of the month.",
    "Let us look at the numbers together after lunch.",
    "I am not sure that this is the right way to do it.",
    "If we start on Monday, the work will be done by Thursday.",
    "Somebody should write that down, so that we do not forget it.",
    "The old system is slow, but it has never lost a single order.",
    "We need one more person to help with the tests.",
    "That sounds good to me, please go on.",
    "The office will be closed on the last Friday of the year.",
    "I will send you the plan this afternoon and you can read it at home.",
    "Thank you all for coming, and have a good evening.",
)
