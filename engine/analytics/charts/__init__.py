"""Pictures for a phone. Requests and results live in `requests`; everything else runs in a worker process only."""
