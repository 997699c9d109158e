"""Tables computed from the journal: one small function per type of fact, and the machinery that runs them."""
