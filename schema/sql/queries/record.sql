-- name: lock_log
-- One sealer at a time; freed with the transaction. The next statement sees what the former one committed.
select pg_advisory_xact_lock(hashtext('countersign log'));

-- name: append
-- Entries that have no place yet get the next ones, in the order they were written; $1 at most.
insert into log_leaves (position, invoice_id, version, leaf_hash)
select (select coalesce(max(position) + 1, 0) from log_leaves) + row_number() over (order by a.seq) - 1,
       a.invoice_id, a.version, a.leaf_hash
  from audits a
 where not exists (select from log_leaves l where l.invoice_id = a.invoice_id and l.version = a.version)
 order by a.seq limit $1;

-- name: leaves
-- An aggregate: one row instead of one for each leaf.
select coalesce(array_agg(leaf_hash order by position), '{}') as hashes, max(position) + 1 as size from log_leaves;

-- name: size
select coalesce(max(position) + 1, 0) as size from log_leaves;

-- name: place
select position from log_leaves where invoice_id = $1 and version = $2;

-- name: places
select position, version from log_leaves where invoice_id = $1 order by version;

-- name: last_checkpoint
select size, root_hash, note, at from checkpoints order by size desc limit 1;

-- name: checkpoints
select size, root_hash, note, at from checkpoints order by size;

-- name: save_checkpoint
insert into checkpoints (size, root_hash, note, at) values ($1, $2, $3, $4);

-- name: whole_log
-- Every entry and every place, also those that miss the other.
select l.position, l.leaf_hash as sealed_hash, a.seq, a.invoice_id, a.version, a.step, a.source::text as source,
       a.target::text as target, a.actor, a.at, a.note, a.facts, a.leaf_hash
  from audits a full join log_leaves l on l.invoice_id = a.invoice_id and l.version = a.version
 order by l.position;

-- name: guarded
-- What the application itself could do to the record: owner (also by membership), superuser, or more than INSERT.
select c.relname as name,
       pg_has_role(current_user, c.relowner, 'member') as owner,
       has_table_privilege(c.oid, 'update') or has_table_privilege(c.oid, 'delete')
         or has_table_privilege(c.oid, 'truncate') or has_table_privilege(c.oid, 'trigger') as more,
       (select count(*) from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled in ('O', 'A')
           and t.tgfoid = 'refuse_changes'::regproc) as triggers
  from pg_class c where c.oid in ('audits'::regclass, 'log_leaves'::regclass, 'checkpoints'::regclass) order by c.relname;
