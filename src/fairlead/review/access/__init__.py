"""Who may see and do what: accounts, ways to sign in, sessions, markings and policies.

No web server in here: `Gate` puts the pieces together for whoever serves them, and every call takes
the time as `now_us`. What is refused is in the ledger, with a reason and without a secret.
"""
