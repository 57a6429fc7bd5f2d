-- How people prove who they are, keys for programs, and first answers. Whatever opens a door is kept as a hash only.

create table sign_in_links (
    token_sha256 text primary key check (token_sha256 ~ '^[0-9a-f]{64}$'),
    person_id uuid not null references people,
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    used_at timestamptz);
comment on table sign_in_links is 'Links mailed to people; one signs in once.';
create index sign_in_links_of_a_person on sign_in_links (person_id);

create table passkeys (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references people,
    name text not null check (name <> ''),
    credential_id bytea not null unique,
    public_key bytea not null,                  -- COSE_Key, RFC 9052
    sign_count bigint not null check (sign_count >= 0),
    created_at timestamptz not null,
    used_at timestamptz);
create index passkeys_of_a_person on passkeys (person_id, created_at);

create table challenges (
    id uuid primary key default gen_random_uuid(),
    purpose text not null check (purpose in ('sign-in', 'passkey', 'step-up')),
    session_id uuid references sessions,        -- whose session may answer; null before anyone is signed in
    challenge bytea not null check (length(challenge) >= 16),
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    check ((session_id is null) = (purpose = 'sign-in')));
comment on table challenges is 'What an authenticator must sign; the row is gone once it was answered.';

create table step_up_codes (
    session_id uuid primary key references sessions,
    code_tag text not null,                     -- HMAC of session and code: eight digits would be found from a bare hash
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    attempts int not null default 0 check (attempts between 0 and 5));
comment on table step_up_codes is 'The newest code mailed to a session; it is gone once it was right, and dead after five guesses.';

create table api_keys (
    id uuid primary key default gen_random_uuid(),
    name text not null check (name <> ''),
    key_sha256 text not null unique check (key_sha256 ~ '^[0-9a-f]{64}$'),
    hint text not null,                         -- the first characters, to tell keys apart
    scopes text[] not null check (cardinality(scopes) > 0),
    person_id uuid not null references people,  -- who made it: a key never may more than they may now
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    used_at timestamptz,
    ended_at timestamptz);

create table first_answers (
    who text not null,                          -- the person, or the API key
    key text not null check (length(key) between 1 and 200),
    request_sha256 text not null check (request_sha256 ~ '^[0-9a-f]{64}$'),
    created_at timestamptz not null,
    status int,                                 -- null while the first request is being answered
    media_type text,
    body bytea,                                 -- encrypted: a first answer may hold a new API key
    primary key (who, key));
comment on table first_answers is 'What was answered to a POST with an Idempotency-Key, so that it can be said again for a day.';
create index first_answers_by_age on first_answers (created_at);
