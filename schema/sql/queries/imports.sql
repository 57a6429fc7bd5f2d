-- name: keep
-- The outcome of a check; what nobody wrote within a day is forgotten.
with old as (delete from checked_imports where checked_at < $4::timestamptz - interval '1 day')
insert into checked_imports (kind, sha256, checked_by, checked_at, rows) values ($1, $2, $3, $4, $5)
on conflict (kind, sha256, checked_by) do update set checked_at = excluded.checked_at, rows = excluded.rows;

-- name: take
-- Taken once: whoever writes it the second time checks it again.
delete from checked_imports where kind = $1 and sha256 = $2 and checked_by = $3 and checked_at > $4 returning rows;

-- name: vendors_by_tax_ids
select v.*, exists (select from bank_changes c where c.vendor_id = v.id and c.status = 'open') as open_change
  from vendors v where v.tax_id = any($1::text[]);

-- name: orders_by_numbers
select * from purchase_orders where number = any($1::text[]);

-- name: lock_for_proposal
select id, version, bank_version, account_print, account_last4, beneficiary, routing, currency, country, phone, phone_since, phone_by,
       bank_confirmed
  from vendors where id = $1 for update;
