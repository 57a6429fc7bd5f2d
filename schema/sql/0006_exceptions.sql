-- What people do with invoices that stopped: they own them, correct them, ask about them; and the lists that show it.

-- Where an invoice stands in people's words: one that is closed was paid or rejected.
alter table invoices
    add column since timestamptz not null default now(),
    add column standing state generated always as (case when state = 'closed' then came_from else state end) stored,
    add column search text generated always as (lower(
        coalesce(invoice_number, '') || ' ' || coalesce(parsed_json -> 'fields' -> 'seller_name' ->> 'value', '') || ' '
        || coalesce(parsed_json -> 'fields' -> 'po_number' ->> 'value', '') || ' ' || forwarder)) stored;
comment on column invoices.since is 'Since when it is in its state; telling people that it is held changes nothing about that.';

update invoices i set since = a.at
  from (select invoice_id, max(at) as at from audits where source is distinct from target group by invoice_id) a
 where a.invoice_id = i.id;

create function stamp_since() returns trigger language plpgsql as $$
begin
    new.since := now();
    return new;
end $$;
create trigger invoices_since before update of state on invoices for each row
    when (old.state is distinct from new.state) execute function stamp_since();

-- Everyone who looks at a list hears of a move; a hint like the bell, the row is the truth.
create function tell_move() returns trigger language plpgsql as $$
begin
    perform pg_notify('moved', json_build_object('id', new.id, 'state', new.state, 'version', new.version)::text);
    return null;
end $$;
create trigger invoices_told after insert or update of version on invoices for each row execute function tell_move();

create extension if not exists pg_trgm;
create index invoices_in_order on invoices (created_at desc, id desc);
create index invoices_by_standing on invoices (standing, created_at desc, id desc);
create index invoices_of_a_vendor on invoices (vendor_id, created_at desc, id desc);
create index invoices_by_words on invoices using gin (search gin_trgm_ops);
create index invoices_held on invoices (since, id) where state = 'held';
create index payments_booked_when on payments (booked_at) where status = 'booked';
create index payments_going_out on payments (pay_on) where status in ('planned', 'intended');

-- Who looks after a held invoice: the last line of an invoice counts; without an owner it was given back.
create table ownerships (
    seq bigint generated always as identity primary key,
    invoice_id uuid not null references invoices,
    owner_id uuid references people,
    by_id uuid not null references people,
    at timestamptz not null);
create index ownerships_of_an_invoice on ownerships (invoice_id, seq desc);
create trigger ownerships_append_only before update or delete on ownerships for each row execute function refuse_changes();
create trigger ownerships_no_truncate before truncate on ownerships for each statement execute function refuse_changes();

-- What a person put in the place of what was read; the reader's own field is kept as it was.
create table corrections (
    seq bigint generated always as identity primary key,
    invoice_id uuid not null references invoices,
    version int not null,               -- of the move that came with it
    field text not null check (field not in ('account', 'ifsc', 'lines')),
    before jsonb not null,              -- the whole field with text, place and confidence
    after jsonb not null,
    person_id uuid not null references people,
    address text not null,
    at timestamptz not null,
    unique (invoice_id, version, field),
    foreign key (invoice_id, version) references audits (invoice_id, version));
create trigger corrections_append_only before update or delete on corrections for each row execute function refuse_changes();
create trigger corrections_no_truncate before truncate on corrections for each statement execute function refuse_changes();

-- What the forwarder is asked; the step `tell` sends it in their thread.
create table forwarder_questions (
    id uuid primary key,
    invoice_id uuid not null references invoices,
    question text not null check (question <> ''),
    person_id uuid not null references people,
    person_name text not null,
    asked_at timestamptz not null,
    sent_at timestamptz check (sent_at >= asked_at));
create index forwarder_questions_unsent on forwarder_questions (invoice_id, asked_at) where sent_at is null;
