-- What an operator stops, is told and can check: pauses, alarms, and the ledger of everything that left.

-- The kill switch. A row without an end stops payments: to one vendor, or to all when tax_id is null.
create table pauses (
    id uuid primary key default gen_random_uuid(),
    tax_id text references vendors (tax_id),
    paused_by text not null check (paused_by <> ''),
    note text not null check (note <> ''),
    paused_at timestamptz not null default now(),
    resumed_by text check (resumed_by <> ''),
    resume_note text,
    resumed_at timestamptz,
    check ((resumed_at is null) = (resumed_by is null)));
create unique index pauses_one_at_a_time on pauses (coalesce(tax_id, '')) where resumed_at is null;
create function refuse_false_pauses() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.resumed_at is not null
       or (old.id, old.tax_id, old.paused_by, old.note, old.paused_at)
          is distinct from (new.id, new.tax_id, new.paused_by, new.note, new.paused_at) then
        raise exception 'a pause is ended once and kept as it was' using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;
create trigger pauses_are_kept before update or delete on pauses for each row execute function refuse_false_pauses();
create trigger pauses_no_truncate before truncate on pauses for each statement execute function refuse_changes();

-- What is wrong now and when people were last told; two watchers race for the same row, and one of them tells.
create table alarms (
    name text primary key check (name <> ''),
    sentence text not null,
    since timestamptz not null default clock_timestamp(),
    said_at timestamptz not null default clock_timestamp());

-- Everything that left the house, written before it leaves.
create table egress (
    seq bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    kind text not null check (kind in ('model', 'messenger', 'mail', 'bank')),
    method text not null,               -- an HTTP method, MAIL, or CONNECT for the bank's browser
    destination text not null,          -- scheme, host, port and path without query; the mailbox of a mail
    sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),  -- of the exact bytes of the body; null: the browser's own connections
    size_bytes bigint check (size_bytes >= 0),
    body_key text,                      -- blob of the body with account numbers masked; null when there is none
    invoice_id uuid references invoices,
    check ((sha256 is null) = (size_bytes is null)),
    check ((kind = 'bank') = (sha256 is null)));
create index egress_by_invoice on egress (invoice_id) where invoice_id is not null;
create index egress_by_sha256 on egress (sha256) where sha256 is not null;
create trigger egress_append_only before update or delete on egress for each row execute function refuse_changes();
create trigger egress_no_truncate before truncate on egress for each statement execute function refuse_changes();
