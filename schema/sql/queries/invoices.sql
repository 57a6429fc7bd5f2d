-- name: plan_for_these_values
-- The lists below have optional filters: planned for the very values, an absent one costs nothing.
set local plan_cache_mode = force_custom_plan;

-- name: page
-- One page of invoices, the newest first; each filter counts unless it is null.
select i.id, i.version, i.state::text as state, i.standing::text as standing, i.reason, i.invoice_number, i.total, i.currency,
       coalesce(v.name, i.parsed_json -> 'fields' -> 'seller_name' ->> 'value') as vendor, i.vendor_id, i.due_date,
       i.created_at, i.since, i.forwarder, d.name as document_name, coalesce(y.simulated, false) as simulated,
       i.split_from, i.merged_into, (select count(*) from invoices c where c.split_from = i.id) as parts
  from invoices i left join documents d on d.id = i.document_id left join vendors v on v.id = i.vendor_id
  left join payments y on y.invoice_id = i.id and y.status <> 'void'
 where ($1::text is null or i.search like $1)
   and ($2::text[] is null or i.standing = any($2::text[]::state[]))
   and ($3::uuid is null or i.vendor_id = $3)
   and ($4::timestamptz is null or i.created_at >= $4)
   and ($5::timestamptz is null or i.created_at < $5)
   and ($6::timestamptz is null or (i.created_at, i.id) < ($6, $7::uuid))
   and ($8::uuid is null or i.purchase_order_id = $8)
 order by i.created_at desc, i.id desc limit $9;

-- name: exceptions
-- Held invoices, the longest held first, each with its owner and the group of its reason.
select i.id, i.version, i.held_from::text as held_from, i.reason, i.invoice_number, i.total, i.currency, i.since,
       coalesce(v.name, i.parsed_json -> 'fields' -> 'seller_name' ->> 'value') as vendor, d.name as document_name,
       case when i.held_from = 'assessed' then coalesce(i.findings -> 0 ->> 'rule', 'assessed') else i.held_from::text end as reason_group,
       p.id as owner_id, p.name as owner_name,
       exists (select from audits a where a.invoice_id = i.id and a.version = i.version and a.facts ? 'answered') as answered
  from invoices i left join documents d on d.id = i.document_id left join vendors v on v.id = i.vendor_id
  left join lateral (select w.owner_id from ownerships w where w.invoice_id = i.id order by w.seq desc limit 1) o on true
  left join people p on p.id = o.owner_id
 where i.state = 'held'
   and ($1::timestamptz is null or (i.since, i.id) > ($1, $2::uuid))
   and ($3::uuid is null or p.id = $3)
   and (not $4::boolean or p.id is null)
   and ($5::text is null or case when i.held_from = 'assessed' then coalesce(i.findings -> 0 ->> 'rule', 'assessed')
                                 else i.held_from::text end = $5)
 order by i.since, i.id limit $6;

-- name: lines
-- Some invoices by their ids, as the page of one shows its twins.
select i.id, i.version, i.state::text as state, i.standing::text as standing, i.reason, i.invoice_number, i.total, i.currency,
       coalesce(v.name, i.parsed_json -> 'fields' -> 'seller_name' ->> 'value') as vendor, i.vendor_id, i.due_date,
       i.created_at, i.since, i.forwarder, d.name as document_name, coalesce(y.simulated, false) as simulated,
       i.split_from, i.merged_into, (select count(*) from invoices c where c.split_from = i.id) as parts
  from invoices i left join documents d on d.id = i.document_id left join vendors v on v.id = i.vendor_id
  left join payments y on y.invoice_id = i.id and y.status <> 'void'
 where i.id = any($1::uuid[]) order by i.created_at;

-- name: order_of
-- The PO that a number on an invoice names, and what is left of it beside this invoice.
select p.id, p.number, p.currency, p.total, p.open,
       p.total - (select coalesce(sum(i.total), 0) from invoices i
                   where i.purchase_order_id = p.id and i.id <> $2
                     and i.state <> 'rejected' and (i.state <> 'held' or i.held_from = 'paying')
                     and not (i.state = 'closed' and not exists (select from payments y where y.invoice_id = i.id and y.status = 'booked')))
       as remaining
  from purchase_orders p where upper(p.number) = upper($1);

-- name: owner
select p.id, p.name from ownerships w join people p on p.id = w.owner_id
 where w.seq = (select max(seq) from ownerships where invoice_id = $1);
