-- name: search
-- The newest entries first, each condition only where it is given; $8 is a pattern of ILIKE.
select a.seq, a.invoice_id, a.version, a.step, a.source::text as source, a.target::text as target, a.actor, a.at, a.note,
       a.facts, a.leaf_hash, l.position, i.invoice_number, v.name as vendor
  from audits a join invoices i on i.id = a.invoice_id left join vendors v on v.id = i.vendor_id
  left join log_leaves l on l.invoice_id = a.invoice_id and l.version = a.version
 where ($1::bigint is null or a.seq < $1)
   and ($2::uuid is null or a.invoice_id = $2)
   and ($3::text is null or lower(a.actor) = $3)
   and ($4::text is null or a.target = $4::text::state)
   and ($5::text is null or a.step = $5)
   and ($6::timestamptz is null or a.at >= $6)
   and ($7::timestamptz is null or a.at < $7)
   and ($8::text is null or a.note ilike $8 or a.actor ilike $8 or i.invoice_number ilike $8 or v.name ilike $8
        or a.facts::text ilike $8 or a.leaf_hash ilike $8)
 order by a.seq desc limit $9;

-- name: checkpoints
-- The newest first, from one on backwards.
select size, root_hash, note, at from checkpoints where $1::bigint is null or size < $1 order by size desc limit $2;

-- name: counts
select (select count(*) from audits) as entries, (select coalesce(max(position) + 1, 0) from log_leaves) as sealed,
       (select count(*) from checkpoints) as checkpoints;
