"""The tables of access. Accounts are operators, not subjects: no name, no e-mail, no telephone.

`account_changes` is the truth about accounts: everything they are is folded from it, and each row
is chained to the one before it, sealed, and bound to its entry in the ledger.
"""

from __future__ import annotations

from fairlead.schema.store import forbid_changes

TABLES = (
    "CREATE TABLE IF NOT EXISTS account_changes ("
    " seq BIGINT PRIMARY KEY, account_id TEXT NOT NULL, body TEXT NOT NULL, actor TEXT NOT NULL,"
    " at_us BIGINT NOT NULL, leaf BIGINT NOT NULL, previous TEXT NOT NULL, seal TEXT NOT NULL)",
    # one authenticator serves one account: held by a key as well
    "CREATE TABLE IF NOT EXISTS passkey_owners ("
    " credential TEXT PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, account_id TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS passkey_counts ("
    " credential TEXT PRIMARY KEY, sign_count BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS passwords ("
    " account_id TEXT PRIMARY KEY, hash TEXT NOT NULL, one_time_key {bytes} NOT NULL)",
    "CREATE TABLE IF NOT EXISTS one_time_codes ("
    " account_id TEXT NOT NULL, step BIGINT NOT NULL, PRIMARY KEY (account_id, step))",
    "CREATE TABLE IF NOT EXISTS enrolment_links ("
    " link_hash TEXT PRIMARY KEY, account_id TEXT NOT NULL, body TEXT NOT NULL,"
    " expires_us BIGINT NOT NULL, seal TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS enrolment_uses (link_hash TEXT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS enrolment_passwords ("
    " link_hash TEXT PRIMARY KEY, hidden {bytes} NOT NULL)",
    "CREATE TABLE IF NOT EXISTS challenges ("
    " challenge TEXT PRIMARY KEY, purpose TEXT NOT NULL, account_id TEXT NOT NULL,"
    " body TEXT NOT NULL, expires_us BIGINT NOT NULL, seal TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS challenge_uses (challenge TEXT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS sessions ("
    " token_hash TEXT PRIMARY KEY, account_id TEXT NOT NULL, method TEXT NOT NULL,"
    " authenticated_us BIGINT NOT NULL, expires_us BIGINT NOT NULL, account_seq BIGINT NOT NULL,"
    " seal TEXT NOT NULL, last_us BIGINT NOT NULL, ended_us BIGINT)",
    "CREATE TABLE IF NOT EXISTS service_tokens ("
    " token_hash TEXT PRIMARY KEY, token_id TEXT NOT NULL UNIQUE, body TEXT NOT NULL,"
    " seal TEXT NOT NULL, ended_us BIGINT)",
    "CREATE TABLE IF NOT EXISTS throttles ("
    " bucket TEXT PRIMARY KEY, failures BIGINT NOT NULL, last_us BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS access_clock (latest_us BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS policies_seen (seq BIGINT PRIMARY KEY, digest TEXT NOT NULL)",
    *forbid_changes("account_changes"),
    *forbid_changes("one_time_codes"),
    *forbid_changes("enrolment_uses"),
)
