-- The people of the console, and how they prove who they are.

create table people (
    id uuid primary key default gen_random_uuid(),
    address text not null unique check (address = lower(address) and address like '_%@_%'),
    name text not null check (name <> ''),
    role text not null check (role in ('admin', 'approver', 'clerk', 'auditor')),
    active boolean not null default true,
    version int not null default 1 check (version > 0),
    created_at timestamptz not null,
    signed_in_at timestamptz);

-- A sign-in; what the browser holds is not here, only its SHA-256. Kept after its end, so that people can see it.
create table sessions (
    id uuid primary key default gen_random_uuid(),
    token_sha256 text not null unique check (token_sha256 ~ '^[0-9a-f]{64}$'),
    person_id uuid not null references people,
    how text not null check (how in ('link', 'passkey', 'sso')),
    device text not null default '',
    created_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    stepped_up_at timestamptz,
    ended_at timestamptz);
create index sessions_of_a_person on sessions (person_id, created_at);
