-- Signing in by the company's own identity provider (OpenID Connect), which only ever names people we know already.

create table pending_sign_ons (
    state_sha256 text primary key check (state_sha256 ~ '^[0-9a-f]{64}$'),
    browser_sha256 text not null check (browser_sha256 ~ '^[0-9a-f]{64}$'),  -- of the cookie of the browser that began it
    nonce text not null check (length(nonce) >= 43),
    verifier text not null check (length(verifier) between 43 and 128),     -- RFC 7636, 4.1
    redirect_uri text not null,
    next_path text not null check (next_path like '/%'),
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at));
comment on table pending_sign_ons is
    'Sign-ins that were begun and sent to the provider; the row is gone once its browser came back.';
create index pending_sign_ons_by_age on pending_sign_ons (expires_at);

create table sign_on_identities (
    issuer text not null check (issuer <> ''),
    subject text not null check (length(subject) between 1 and 255),
    person_id uuid not null references people,
    created_at timestamptz not null,
    primary key (issuer, subject),
    unique (issuer, person_id));
comment on table sign_on_identities is
    'Who of a provider is which person: bound at the first sign-in, so that a mail address given to someone else later '
    'opens nothing. Gone when the person is let out.';

alter table egress drop constraint egress_kind_check;
alter table egress add constraint egress_kind_check
    check (kind in ('model', 'messenger', 'mail', 'bank', 'fetch', 'ledger', 'identity'));
