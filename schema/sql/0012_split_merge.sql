-- One file may hold several invoices, and one invoice may lie in several files: people divide and join them by pages.
-- No page is ever in two living invoices: of the same file by constraint, of the same bytes by rule `duplicate_file`.

alter table invoices
    add column split_from uuid references invoices check (split_from <> id),
    add column merged_into uuid references invoices check (merged_into <> id),
    add constraint invoices_merged_are_over check (merged_into is null or state in ('rejected', 'closed'));
comment on column invoices.split_from is 'The invoice that was divided; this one is a part of it.';
comment on column invoices.merged_into is 'The invoice that this one turned out to be a piece of.';
create index invoices_by_origin on invoices (split_from) where split_from is not null;
create index invoices_by_union on invoices (merged_into) where merged_into is not null;

-- A file still opens one invoice; only the parts of a divided one share it.
alter table invoices drop constraint invoices_document_id_key;
create unique index invoices_one_per_document on invoices (document_id) where split_from is null;
create index invoices_by_document on invoices (document_id);

create extension if not exists btree_gist;

create function covered_pages(pages int[]) returns int4multirange language sql immutable as $$
    select case when pages is null then '{[1,)}'::int4multirange
                else (select range_agg(int4range(page, page + 1)) from unnest(pages) page) end
$$;

-- Of which pages an invoice consists, in order; one without rows here is simply its whole document.
create table invoice_sheets (
    invoice_id uuid not null references invoices,
    since int not null,                 -- version of the move that came with it; the latest counts
    position int not null check (position > 0),
    document_id uuid not null references documents,
    pages int[] check (cardinality(pages) > 0 and array_position(pages, null) is null and 0 < all (pages)),
    covers int4multirange generated always as (covered_pages(pages)) stored,
    given_on boolean not null default false,
    person_id uuid not null references people,
    address text not null,
    at timestamptz not null,
    primary key (invoice_id, since, position),
    foreign key (invoice_id, since) references audits (invoice_id, version),
    exclude using gist (document_id with =, covers with &&) where (not given_on));
comment on column invoice_sheets.pages is 'Pages of the file from 1, in this order; null: the whole file.';
comment on column invoice_sheets.given_on is 'The pages went to another invoice, or to the next arrangement of this one.';

create function refuse_shared_pages() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then  -- `covers` follows from `pages`, and is not reckoned yet
        if old.given_on or not new.given_on or to_jsonb(old) - '{given_on,covers}'::text[] <> to_jsonb(new) - '{given_on,covers}'::text[] then
            raise exception 'pages of invoice % may only be given on', old.invoice_id using errcode = 'check_violation';
        end if;
        return new;
    end if;
    if exists (select from invoices i
                where i.document_id = new.document_id and i.id <> new.invoice_id and i.standing <> 'rejected'
                  and not exists (select from invoice_sheets s where s.invoice_id = i.id)) then
        raise exception 'a living invoice has this whole document' using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger invoice_sheets_once before insert or update on invoice_sheets for each row execute function refuse_shared_pages();

-- Looked at when all is done: only an invoice that ended, or has other pages now, gives pages on.
create function refuse_orphaned_pages() returns trigger language plpgsql as $$
begin
    if exists (select from invoices i where i.id = new.invoice_id and i.standing <> 'rejected')
       and not exists (select from invoice_sheets s where s.invoice_id = new.invoice_id and not s.given_on) then
        raise exception 'invoice % lives, and has no pages', new.invoice_id using errcode = 'check_violation';
    end if;
    return null;
end $$;
create constraint trigger invoice_sheets_given_on after update on invoice_sheets deferrable initially deferred
    for each row execute function refuse_orphaned_pages();
create trigger invoice_sheets_kept before delete on invoice_sheets for each row execute function refuse_changes();
create trigger invoice_sheets_no_truncate before truncate on invoice_sheets for each statement execute function refuse_changes();
