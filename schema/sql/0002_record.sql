-- The log: the record's entries in one order without gaps, and the signed checkpoints over it (RFC 6962, C2SP).
-- `audits.seq` may have gaps and be passed by a slower transaction; `position` is given when an entry is sealed.

alter table audits add constraint audits_leaf unique (invoice_id, version, leaf_hash);

create table log_leaves (
    position bigint primary key check (position >= 0),
    invoice_id uuid not null,
    version int not null,
    leaf_hash text not null check (leaf_hash ~ '^[0-9a-f]{64}$'),
    unique (invoice_id, version),
    foreign key (invoice_id, version, leaf_hash) references audits (invoice_id, version, leaf_hash));

create table checkpoints (
    size bigint primary key check (size > 0),
    root_hash text not null check (root_hash ~ '^[0-9a-f]{64}$'),
    note text not null,                 -- the signed note: origin, size, root, signature
    at timestamptz not null);

create function refuse_gaps() returns trigger language plpgsql as $$
begin
    if new.position <> (select coalesce(max(position) + 1, 0) from log_leaves) then
        raise exception 'position % does not follow the last one', new.position using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger log_leaves_gapless before insert on log_leaves for each row execute function refuse_gaps();

create trigger log_leaves_append_only before update or delete on log_leaves for each row execute function refuse_changes();
create trigger log_leaves_no_truncate before truncate on log_leaves for each statement execute function refuse_changes();
create trigger checkpoints_append_only before update or delete on checkpoints for each row execute function refuse_changes();
create trigger checkpoints_no_truncate before truncate on checkpoints for each statement execute function refuse_changes();

-- The application owns these tables as it made them, and the triggers hold. Where an administrator has run
-- deploy/record_owner.sql it owns them no longer and may only SELECT and INSERT; `countersign doctor` says which.
