-- The street: mails, documents, invoices, vendors, POs, payments, approvals, and the record.
-- What may not happen is forbidden here; the code only explains it.

create type state as enum (
    'received', 'extracted', 'assessed', 'cleared', 'prepared', 'asked', 'approved', 'paying', 'paid',
    'held', 'rejected', 'closed');
comment on type state is 'Where an invoice stands; schema/states.py says the same, and a test compares them.';

-- Every legal move of the lifecycle: (state, step) -> state. Filled below, compared with schema/states.py by a test.
create table moves (
    source state not null,
    step text not null,
    target state not null,
    primary key (source, step, target));

insert into moves values
    ('received', 'extract', 'extracted'), ('received', 'extract', 'held'), ('received', 'extract', 'rejected'),
    ('extracted', 'assess', 'assessed'), ('extracted', 'assess', 'held'),
    ('assessed', 'check', 'cleared'), ('assessed', 'check', 'held'), ('assessed', 'check', 'rejected'),
    ('cleared', 'prepare', 'prepared'), ('cleared', 'prepare', 'held'),
    ('prepared', 'ask', 'asked'), ('prepared', 'ask', 'held'),
    ('asked', 'wait', 'asked'), ('asked', 'wait', 'held'), ('asked', 'wait', 'rejected'),
    ('asked', 'answer', 'asked'), ('asked', 'answer', 'approved'), ('asked', 'answer', 'rejected'),
    ('approved', 'intend', 'paying'), ('approved', 'intend', 'held'),
    ('paying', 'pay', 'paid'), ('paying', 'pay', 'held'),
    ('paid', 'report', 'closed'), ('rejected', 'report', 'closed'),
    ('held', 'tell', 'held'),
    ('held', 'decide', 'received'), ('held', 'decide', 'extracted'), ('held', 'decide', 'paying'),
    ('held', 'decide', 'rejected');

-- The vendor master: the only source of account, routing code and beneficiary of a payment.
create table vendors (
    id uuid primary key default gen_random_uuid(),
    name text not null check (name <> ''),
    name_key text not null,             -- the name without case, punctuation and legal form, for look-up
    alias_keys text[] not null default '{}',
    tax_id text unique,                 -- GSTIN or VAT number
    beneficiary text not null check (beneficiary <> ''),
    account_cipher text not null,       -- AES-256-GCM, base64; the only place of the full number
    account_print text not null,        -- keyed HMAC, equal exactly when the numbers are equal
    account_last4 text not null check (length(account_last4) between 2 and 4),
    routing text not null check (routing ~ '^([A-Z]{4}0[A-Z0-9]{6}|[A-Z0-9]{8}([A-Z0-9]{3})?)$'), -- IFSC or BIC
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    country text not null check (country ~ '^[A-Z]{2}$'),
    email text,
    blocked boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now());
create index vendors_by_name on vendors (name_key);
create index vendors_by_account on vendors (account_print);

create table purchase_orders (
    id uuid primary key default gen_random_uuid(),
    number text not null unique check (number <> ''),
    vendor_id uuid not null references vendors,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    total numeric(18, 3) not null check (total > 0),
    description text not null default '',
    open boolean not null default true,
    created_at timestamptz not null default now());

-- A mail, known by its raw bytes: the same bytes under another UID are the same mail.
create table mails (
    id uuid primary key default gen_random_uuid(),
    raw_sha256 text not null unique check (raw_sha256 ~ '^[0-9a-f]{64}$'),
    raw_key text not null,              -- blob; for an oversized mail its headers only
    size_bytes bigint not null check (size_bytes >= 0),
    message_id text,
    thread text[] not null default '{}',
    sender text,
    sender_name text not null default '',
    subject text not null default '',
    dated timestamptz,                  -- what the mail claims
    stored_at timestamptz not null default now(),
    disposition text not null check (disposition in ('accepted', 'quarantined', 'ignored', 'unreadable')),
    reason text not null default '',
    evidence jsonb not null default '{}');

-- Where a mail lay on the server (RFC 3501, 2.3.1.1). A row without mail is one still to be taken in.
create table mail_places (
    account text not null,
    folder text not null,
    uidvalidity bigint not null,
    uid bigint not null,
    mail_id uuid references mails,
    tried_at timestamptz not null default now(),
    problem text,
    primary key (account, folder, uidvalidity, uid));

-- The last proven round trip with each mailbox: silence is an alarm.
create table mailboxes (
    account text not null,
    folder text not null,
    proved_at timestamptz not null,
    primary key (account, folder));

create table documents (
    id uuid primary key default gen_random_uuid(),
    mail_id uuid not null references mails,
    path text not null,                 -- place in the MIME tree
    name text not null,
    declared_type text not null,
    sniffed text not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes bigint not null check (size_bytes >= 0),
    blob_key text not null,
    unique (mail_id, path));
create index documents_by_sha256 on documents (sha256);

-- The traveller. The row is its own to-do list: state, version, due_at, attempts, claimed_until.
create table invoices (
    id uuid primary key default gen_random_uuid(),
    mail_id uuid not null references mails,
    document_id uuid references documents,      -- null: the mail had none, and the invoice is rejected for it
    forwarder text not null,
    state state not null default 'received',
    version int not null default 0 check (version >= 0),
    came_from state,
    came_by text,
    held_from state,
    due_at timestamptz default now(),
    attempts int not null default 0 check (attempts >= 0),
    claimed_until timestamptz,
    claim_token uuid,
    last_error text,
    reason text not null default '',
    vendor_id uuid references vendors,
    purchase_order_id uuid references purchase_orders,
    invoice_number text,
    issue_date date,
    due_date date,
    currency text check (currency ~ '^[A-Z]{3}$'),
    total numeric(18, 3),
    account_print text,                 -- of the account printed on the document: evidence, never paid to
    account_last4 text,
    parsed_json jsonb,
    text_key text,
    groq_validation_report jsonb,
    groq_action_list_raw jsonb,
    groq_action_list jsonb,             -- the accepted list; null when it was refused
    groq_action_refusal text,
    groq_request_hash text check (groq_request_hash ~ '^[0-9a-f]{64}$'),
    groq_response_hash text check (groq_response_hash ~ '^[0-9a-f]{64}$'),
    groq_exchange jsonb,                -- models asked and served, provider, cost, blob keys of both bodies
    findings jsonb not null default '[]',
    duplicate_key text,                 -- vendor and number, while the invoice lives
    people_needed int check (people_needed between 1 and 2),
    policy_version text,
    screenshot_key text,
    screenshot_sha256 text check (screenshot_sha256 ~ '^[0-9a-f]{64}$'),
    fingerprint text check (fingerprint ~ '^[0-9a-f]{64}$'),
    prepared_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (id, forwarder),
    unique (document_id),
    foreign key (came_from, came_by, state) references moves (source, step, target),
    check (came_from is not null or state = 'received'),
    check ((state = 'held') = (held_from is not null)),
    check (state not in ('asked', 'approved', 'paying', 'paid') or fingerprint is not null));
create unique index invoices_one_of_a_kind on invoices (duplicate_key) where duplicate_key is not null;
create index invoices_due on invoices (due_at) where due_at is not null;
create index invoices_by_vendor on invoices (vendor_id, invoice_number);
create index invoices_by_mail on invoices (mail_id);

-- A payment that was held while paying goes back only to paying, which asks the bank first.
create function refuse_false_moves() returns trigger language plpgsql as $$
begin
    if new.version <> old.version + 1 then
        raise exception 'invoice % moved from version % to %', old.id, old.version, new.version using errcode = 'check_violation';
    end if;
    if new.came_from is distinct from old.state then
        raise exception 'invoice % says it came from %, it was %', old.id, new.came_from, old.state using errcode = 'check_violation';
    end if;
    if old.held_from = 'paying' and new.state not in ('paying', 'held') then
        raise exception 'invoice % was held while paying: only paying may follow', old.id using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger invoices_move before update on invoices for each row
    when (old.state is distinct from new.state or old.version is distinct from new.version)
    execute function refuse_false_moves();

-- The bell: a hint with the id; the row is the truth.
create function ring() returns trigger language plpgsql as $$
begin
    perform pg_notify('bell', new.id::text);
    return null;
end $$;
create trigger invoices_ring after insert or update of due_at, state on invoices for each row
    when (new.due_at is not null) execute function ring();

-- One person asked about one fingerprint.
create table questions (
    id uuid primary key,
    invoice_id uuid not null references invoices,
    fingerprint text not null,
    approver text not null,
    approver_name text not null,
    phone text not null,
    code text not null,
    asked_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > asked_at),
    reminded_at timestamptz,
    message_sid text,
    unique (id, invoice_id, fingerprint, approver),
    unique (invoice_id, fingerprint, approver));
create index questions_by_code on questions (phone, code);

-- What a person answered: one answer per question, one per message, never changed.
create table approvals (
    id uuid primary key default gen_random_uuid(),
    question_id uuid not null unique,
    invoice_id uuid not null,
    fingerprint text not null,
    approver text not null,
    verdict text not null check (verdict in ('approve', 'reject')),
    message_sid text not null unique,
    at timestamptz not null,
    foreign key (question_id, invoice_id, fingerprint, approver) references questions (id, invoice_id, fingerprint, approver),
    unique (id, invoice_id, fingerprint, approver, verdict));

-- A transfer. From `intended` on it carries its approvals: of this fingerprint, by different people, never by the
-- forwarder alone. No path leads to `booked` without them.
create table payments (
    id uuid primary key,
    invoice_id uuid not null references invoices,
    vendor_id uuid not null references vendors,
    forwarder text not null,
    reference text not null unique check (reference ~ '^CS[A-Z2-7]{20}$'),
    status text not null default 'planned' check (status in ('planned', 'intended', 'booked', 'void')),
    beneficiary text not null,
    account_cipher text not null,
    account_print text not null,
    account_last4 text not null,
    routing text not null,
    rail text not null check (rail in ('NEFT', 'RTGS', 'IMPS', 'SEPA')),
    amount numeric(18, 3) not null check (amount > 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    pay_on date not null,
    people_needed int not null check (people_needed between 1 and 2),
    fingerprint text,
    verdict text not null default 'approve' check (verdict = 'approve'),
    approval_one uuid,
    approver_one text,
    approval_two uuid,
    approver_two text,
    intended_at timestamptz,
    bank_reference text unique,
    booked_at timestamptz,
    simulated boolean,
    receipt_key text,
    created_at timestamptz not null default now(),
    foreign key (invoice_id, forwarder) references invoices (id, forwarder),
    foreign key (approval_one, invoice_id, fingerprint, approver_one, verdict) references approvals (id, invoice_id, fingerprint, approver, verdict),
    foreign key (approval_two, invoice_id, fingerprint, approver_two, verdict) references approvals (id, invoice_id, fingerprint, approver, verdict),
    constraint payments_need_approvals check (
        status in ('planned', 'void')
        or (fingerprint is not null and approval_one is not null and approver_one is not null and intended_at is not null
            and (people_needed = 1 or (approval_two is not null and approver_two is not null)))),
    constraint payments_need_two_different_people check (
        (approval_two is null) = (approver_two is null)
        and (approver_two is null or approver_one <> approver_two)),
    constraint payments_not_by_the_forwarder_alone check (
        approver_one is null or approver_one <> forwarder or (approver_two is not null and approver_two <> forwarder)),
    constraint payments_booked_have_a_receipt check (
        (status = 'booked') = (bank_reference is not null) and (status = 'booked') = (booked_at is not null)));
create unique index payments_one_live_per_invoice on payments (invoice_id) where status <> 'void';

-- `void` is only for what was never sent: once intended, a payment stays or is booked.
create function refuse_false_payments() returns trigger language plpgsql as $$
begin
    if (old.status, new.status) not in (('planned', 'planned'), ('planned', 'intended'), ('planned', 'void'),
                                        ('intended', 'intended'), ('intended', 'booked'), ('booked', 'booked')) then
        raise exception 'payment % may not go from % to %', old.id, old.status, new.status using errcode = 'check_violation';
    end if;
    if (old.reference, old.account_print, old.routing, old.amount, old.currency, old.beneficiary, old.invoice_id, old.pay_on)
       is distinct from
       (new.reference, new.account_print, new.routing, new.amount, new.currency, new.beneficiary, new.invoice_id, new.pay_on) then
        raise exception 'the terms of payment % may not change', old.id using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger payments_move before update on payments for each row execute function refuse_false_payments();

-- Every message that came by webhook, once.
create table webhooks (
    provider text not null,
    message_sid text not null,
    kind text not null,
    received_at timestamptz not null default now(),
    body_sha256 text not null,
    outcome text not null default '',
    primary key (provider, message_sid, kind));

-- What we sent on WhatsApp and what became of it; `rank` only grows, since callbacks come in any order.
create table messages (
    sid text primary key,
    invoice_id uuid references invoices,
    kind text not null,
    status text not null default 'queued',
    rank int not null default 0,
    error_code text,
    sent_at timestamptz not null default now(),
    updated_at timestamptz not null default now());

-- The record: what happened to each invoice, in order, append-only.
create table audits (
    seq bigint generated always as identity unique,
    invoice_id uuid not null references invoices,
    version int not null,
    step text not null,
    source state,
    target state not null,
    actor text not null,
    at timestamptz not null,
    note text not null,
    facts jsonb not null default '{}',
    leaf_hash text not null check (leaf_hash ~ '^[0-9a-f]{64}$'),  -- RFC 6962 leaf hash of the canonical entry
    primary key (invoice_id, version),
    foreign key (source, step, target) references moves (source, step, target),
    check (source is not null or (step = 'receive' and target = 'received')));
create function refuse_changes() returns trigger language plpgsql as $$
begin
    raise exception 'the record is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger audits_append_only before update or delete on audits for each row execute function refuse_changes();
create trigger audits_no_truncate before truncate on audits for each statement execute function refuse_changes();
create trigger approvals_append_only before update or delete on approvals for each row execute function refuse_changes();
create trigger approvals_no_truncate before truncate on approvals for each statement execute function refuse_changes();
