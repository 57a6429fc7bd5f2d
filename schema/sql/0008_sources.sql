-- Files that people give by hand, and what goes to the ledger.

create table uploads (
    id uuid primary key,
    at timestamptz not null,
    person_id uuid not null references people,
    person text not null,               -- the mail address at that time: the forwarder of what came of it
    name text not null,
    origin text not null default '',    -- the address it was fetched from, without query; empty for a file
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes bigint not null check (size_bytes >= 0),
    blob_key text not null,
    outcome text not null check (outcome in ('taken', 'known', 'refused')),
    reason text not null default '',
    left_out jsonb not null default '[]',  -- [{name, reason}] of what in it cannot be an invoice
    mail_id uuid references mails,
    check ((outcome = 'refused') = (mail_id is null)),
    check ((outcome = 'refused') <= (reason <> '')));
comment on table uploads is 'One row a file, also for those that were refused; its raw bytes are a blob. Append-only.';
create index uploads_newest on uploads (at desc, id desc);
create index uploads_by_mail on uploads (mail_id) where mail_id is not null;
create trigger uploads_append_only before update or delete on uploads for each row execute function refuse_changes();
create trigger uploads_no_truncate before truncate on uploads for each statement execute function refuse_changes();

-- A numbered file of payments for the ledger; a payment goes into one batch of each format, ever.
create table export_batches (
    id uuid primary key,
    number int not null unique check (number > 0),
    format text not null check (format in ('csv', 'tally', 'ubl')),
    made_at timestamptz not null,
    made_by uuid not null references people,
    made_by_address text not null,
    booked_from date,                   -- what was asked for, both days included; null: no limit
    booked_to date,
    payments int not null check (payments > 0),
    totals jsonb not null,              -- [{amount, currency}]
    file_name text not null,
    media_type text not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes bigint not null check (size_bytes > 0),
    blob_key text not null,
    unique (id, format));
create index export_batches_newest on export_batches (number desc);

create table export_items (
    batch_id uuid not null,
    format text not null,
    payment_id uuid not null references payments,
    line int not null check (line > 0),
    primary key (batch_id, line),
    unique (format, payment_id),
    foreign key (batch_id, format) references export_batches (id, format));

create trigger export_batches_append_only before update or delete on export_batches for each row execute function refuse_changes();
create trigger export_batches_no_truncate before truncate on export_batches for each statement execute function refuse_changes();
create trigger export_items_append_only before update or delete on export_items for each row execute function refuse_changes();
create trigger export_items_no_truncate before truncate on export_items for each statement execute function refuse_changes();

-- A batch on its way to the ledger's webhook; the row is its own to-do list.
create table export_deliveries (
    id uuid primary key,
    batch_id uuid not null references export_batches,
    status text not null default 'waiting' check (status in ('waiting', 'delivered', 'failed')),
    attempts int not null default 0 check (attempts >= 0),
    due_at timestamptz,                 -- null: nothing is to be done
    claimed_until timestamptz,
    asked_at timestamptz not null,
    asked_by text not null,
    answered int,                       -- the last HTTP status; null when none came
    problem text not null default '',
    delivered_at timestamptz,
    check ((status = 'waiting') = (due_at is not null)),
    check ((status = 'delivered') = (delivered_at is not null)));
create unique index export_deliveries_one_at_a_time on export_deliveries (batch_id) where status = 'waiting';
create index export_deliveries_due on export_deliveries (due_at) where due_at is not null;

alter table egress drop constraint egress_kind_check;
alter table egress add constraint egress_kind_check
    check (kind in ('model', 'messenger', 'mail', 'bank', 'fetch', 'ledger'));

create index audits_by_actor on audits (lower(actor), seq desc);
create index audits_by_time on audits (at);
create index payments_booked on payments (booked_at) where status = 'booked';
