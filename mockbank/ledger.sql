-- The bank's whole memory. Amounts are paise or cents, times ISO 8601 with zone, days ISO 8601.

CREATE TABLE IF NOT EXISTS account (
    currency      TEXT PRIMARY KEY CHECK (currency IN ('INR', 'EUR')),
    number        TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    balance_minor INTEGER NOT NULL CHECK (balance_minor >= 0)
) STRICT;

CREATE TABLE IF NOT EXISTS beneficiary (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL,
    account_number TEXT NOT NULL,
    routing        TEXT NOT NULL,
    UNIQUE (account_number, routing)
) STRICT;

-- What a customer filled in and has not confirmed yet. code_step is the newest time step whose
-- one-time password was used for it, so that a code is good once per transfer.
CREATE TABLE IF NOT EXISTS draft (
    id               TEXT PRIMARY KEY,
    rail             TEXT NOT NULL,
    beneficiary_name TEXT NOT NULL,
    account_number   TEXT NOT NULL,
    routing          TEXT NOT NULL,
    amount_minor     INTEGER NOT NULL CHECK (amount_minor > 0),
    currency         TEXT NOT NULL REFERENCES account (currency),
    reference        TEXT NOT NULL,
    value_date       TEXT NOT NULL,
    remark           TEXT NOT NULL,
    cancelled        INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1)),
    code_step        INTEGER
) STRICT;

-- Money that moved. One row per reference and one per draft, whatever the code above believes.
CREATE TABLE IF NOT EXISTS transfer (
    id             INTEGER PRIMARY KEY,
    draft_id       TEXT NOT NULL UNIQUE REFERENCES draft (id),
    reference      TEXT NOT NULL UNIQUE,
    bank_reference TEXT NOT NULL UNIQUE,
    booked_at      TEXT NOT NULL,
    booked_day     TEXT NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS transfer_booked_day ON transfer (booked_day);

CREATE TRIGGER IF NOT EXISTS transfer_is_final_update BEFORE UPDATE ON transfer
BEGIN SELECT RAISE (ABORT, 'a booked transfer never changes'); END;

CREATE TRIGGER IF NOT EXISTS transfer_is_final_delete BEFORE DELETE ON transfer
BEGIN SELECT RAISE (ABORT, 'a booked transfer is never deleted'); END;

-- Wrong answers at the two doors: log-in and one-time password.
CREATE TABLE IF NOT EXISTS tries (
    door         TEXT PRIMARY KEY CHECK (door IN ('login', 'otp')),
    wrong        INTEGER NOT NULL,
    locked_until TEXT
) STRICT;
