-- What people keep by hand: vendors and POs with a version, bank details that two people change, policy versions,
-- and the history of every such change.

create table history (
    seq bigint generated always as identity primary key,
    at timestamptz not null,
    who text not null check (who <> ''),        -- a person's mail address, or `operator` at the command line
    subject text not null check (subject in ('vendor', 'purchase_order', 'person', 'api_key', 'policy', 'export')),
    subject_id text not null check (subject_id <> ''),
    what text not null check (what ~ '^[a-z][a-z ]*$'),
    note text not null default '',
    changes jsonb not null default '[]');       -- [{field, before, after}], account numbers masked
comment on table history is 'Who changed what people keep by hand, and when; append-only.';
create index history_of_a_subject on history (subject, subject_id, seq);
create trigger history_append_only before update or delete on history for each row execute function refuse_changes();
create trigger history_no_truncate before truncate on history for each statement execute function refuse_changes();

alter table vendors
    add column version int not null default 1 check (version > 0),
    add column aliases text[] not null default '{}',
    add column phone text check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    add column phone_since timestamptz,
    add column phone_by uuid,
    add column bank_version int not null default 1 check (bank_version > 0),
    add column bank_confirmed boolean not null default true;
comment on column vendors.phone is 'E.164; the number that is called before bank details change.';
comment on column vendors.bank_version is
    'Grows whenever beneficiary, account or routing code are others; a payment planned for an earlier one is not made.';
comment on column vendors.bank_confirmed is
    'False for a vendor made in the console until a second person confirmed its very first bank details.';
update vendors set aliases = alias_keys;
create index vendors_in_order on vendors (lower(name), id);

alter table purchase_orders
    add column version int not null default 1 check (version > 0),
    add column updated_at timestamptz not null default now();
create index purchase_orders_in_order on purchase_orders (created_at desc, id desc);
create index purchase_orders_by_vendor on purchase_orders (vendor_id);
create index invoices_by_purchase_order on invoices (purchase_order_id) where purchase_order_id is not null;

-- New bank details wait here until a second person confirms them; the vendor is not paid meanwhile.
create table bank_changes (
    id uuid primary key,
    vendor_id uuid not null references vendors,
    kind text not null check (kind in ('first', 'change')),  -- first: of a vendor whose details nobody confirmed yet
    status text not null default 'open' check (status in ('open', 'confirmed', 'rejected')),
    version int not null default 1 check (version > 0),
    vendor_bank_version int not null,           -- of the details that it would replace
    beneficiary text not null check (beneficiary <> ''),
    account_cipher text not null,
    account_print text not null,
    account_last4 text not null check (length(account_last4) between 2 and 4),
    routing text not null check (routing ~ '^([A-Z]{4}0[A-Z0-9]{6}|[A-Z0-9]{8}([A-Z0-9]{3})?)$'),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    country text not null check (country ~ '^[A-Z]{2}$'),
    reason text not null check (reason <> ''),
    proposed_by uuid not null,
    proposed_by_address text not null,
    proposed_at timestamptz not null,
    not_before timestamptz not null check (not_before >= proposed_at),  -- when the cooling-off is over
    called_person text check (called_person <> ''),
    called_number text,
    called_at timestamptz check (called_at >= proposed_at),
    called_by uuid,
    called_by_address text,
    call_note text not null default '',
    closed_by uuid,
    closed_by_address text,
    closed_at timestamptz,
    closing_note text not null default '',
    constraint bank_changes_need_a_second_person check (status <> 'confirmed' or closed_by <> proposed_by),
    constraint bank_changes_are_called_by_another check (called_by <> proposed_by),
    constraint bank_changes_need_a_call check (status <> 'confirmed' or kind = 'first' or called_at is not null),
    constraint bank_changes_cool_off check (status <> 'confirmed' or closed_at >= not_before),
    constraint bank_changes_whole_call check (
        num_nonnulls(called_person, called_number, called_at, called_by, called_by_address) in (0, 5)),
    constraint bank_changes_whole_end check (
        num_nonnulls(closed_by, closed_by_address, closed_at) = case status when 'open' then 0 else 3 end));
create unique index bank_changes_one_open on bank_changes (vendor_id) where status = 'open';
create index bank_changes_by_vendor on bank_changes (vendor_id, proposed_at);

-- A proposal stays what it was: called for once, closed once, kept. Only its seal is renewed with the master key.
create function refuse_false_bank_changes() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE'
       or (old.id, old.vendor_id, old.kind, old.vendor_bank_version, old.beneficiary, old.account_last4, old.routing, old.currency,
           old.country, old.reason, old.proposed_by, old.proposed_by_address, old.proposed_at, old.not_before)
          is distinct from
          (new.id, new.vendor_id, new.kind, new.vendor_bank_version, new.beneficiary, new.account_last4, new.routing, new.currency,
           new.country, new.reason, new.proposed_by, new.proposed_by_address, new.proposed_at, new.not_before)
       or (old.called_at is not null
           and (old.called_person, old.called_number, old.called_at, old.called_by, old.called_by_address, old.call_note)
               is distinct from
               (new.called_person, new.called_number, new.called_at, new.called_by, new.called_by_address, new.call_note))
       or (old.status <> 'open'
           and (old.status, old.version, old.closed_by, old.closed_by_address, old.closed_at, old.closing_note)
               is distinct from
               (new.status, new.version, new.closed_by, new.closed_by_address, new.closed_at, new.closing_note)) then
        raise exception 'a change of bank details is closed once and kept as it was' using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;
create trigger bank_changes_are_kept before update or delete on bank_changes for each row execute function refuse_false_bank_changes();
create trigger bank_changes_no_truncate before truncate on bank_changes for each statement execute function refuse_changes();

-- A payment is for the bank details of one moment. Where they are being changed, or are others by now, it gets no intent and no START.
alter table payments add column vendor_bank_version int not null default 1;
comment on column payments.vendor_bank_version is 'The bank details it was planned for; 0: they changed while it was planned.';

create function stamp_bank_version() returns trigger language plpgsql as $$
begin
    select case when (v.account_print, v.routing, v.beneficiary) = (new.account_print, new.routing, new.beneficiary)
                then v.bank_version else 0 end
      into new.vendor_bank_version from vendors v where v.id = new.vendor_id;
    return new;
end $$;
create trigger payments_bank_version before insert on payments for each row execute function stamp_bank_version();

create function refuse_changing_bank_details() returns trigger language plpgsql as $$
declare
    now_at vendors%rowtype;
begin
    -- Locked, so that a proposal comes wholly before or wholly after.
    select * into now_at from vendors where id = new.vendor_id for share;
    if new.vendor_bank_version <> now_at.bank_version or not now_at.bank_confirmed
       or exists (select from bank_changes where vendor_id = new.vendor_id and status = 'open') then
        raise exception 'the bank details of the vendor of payment % are being changed', new.id using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger payments_bank_details before update on payments for each row
    when ((old.status = 'planned' and new.status = 'intended')
          or (new.submit_started_at is not null and old.submit_started_at is distinct from new.submit_started_at))
    execute function refuse_changing_bank_details();

-- A CSV file that was checked row by row and may be written by its hash; rows hold sealed account numbers only.
create table checked_imports (
    kind text not null check (kind in ('vendors', 'purchase_orders')),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    checked_by uuid not null,
    checked_at timestamptz not null,
    rows jsonb not null,
    primary key (kind, sha256, checked_by));

-- Policies by their text, and which was put in force when. Before the first row the policy file is in force.
create table policies (
    version text primary key check (version ~ '^[0-9a-f]{12}$'),
    body text not null,                         -- TOML; `version` begins its SHA-256
    saved_by text not null check (saved_by <> ''),
    saved_at timestamptz not null,
    note text not null default '');
create table policy_activations (
    seq bigint generated always as identity primary key,
    follows bigint references policy_activations (seq),
    version text not null references policies,
    activated_by text not null check (activated_by <> ''),
    activated_at timestamptz not null,
    note text not null check (note <> ''));
comment on column policy_activations.follows is 'The activation that this one ends: of two people at once only one can follow it.';
create unique index policy_activations_one_after_another on policy_activations (coalesce(follows, 0));
create trigger policies_append_only before update or delete on policies for each row execute function refuse_changes();
create trigger policies_no_truncate before truncate on policies for each statement execute function refuse_changes();
create trigger policy_activations_append_only before update or delete on policy_activations for each row execute function refuse_changes();
create trigger policy_activations_no_truncate before truncate on policy_activations for each statement execute function refuse_changes();
