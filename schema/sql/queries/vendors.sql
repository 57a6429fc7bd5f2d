-- name: page
-- Vendors in the order of their names, those after one of them; $1 is searched in names, aliases and tax ids.
select v.*, c.id as change_id
  from vendors v left join bank_changes c on c.vendor_id = v.id and c.status = 'open'
 where ($1::text is null or v.name ilike $1 or v.tax_id ilike $1 or exists (select from unnest(v.aliases) a where a ilike $1))
   and ($2::boolean is null or v.blocked = $2)
   and ($3::boolean is null or (c.id is not null) = $3)
   and ($4::uuid is null or (lower(v.name), v.id) > (select lower(w.name), w.id from vendors w where w.id = $4))
 order by lower(v.name), v.id limit $5;

-- name: card
select v.*, c.id as change_id
  from vendors v left join bank_changes c on c.vendor_id = v.id and c.status = 'open' where v.id = $1;

-- name: lock
select * from vendors where id = $1 for update;

-- name: add
insert into vendors (id, name, name_key, alias_keys, aliases, tax_id, beneficiary, account_cipher, account_print, account_last4,
                     routing, currency, country, email, phone, phone_since, phone_by,
                     created_at, updated_at, bank_confirmed)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 
        case when $15::text is not null then $16::timestamptz end, case when $15 is not null then $17::uuid end, $16, $16, false)
returning *;

-- name: edit
-- All but bank details, tax id and the block; whoever looks at open bank details must look again.
with touched as (update bank_changes set version = version + 1 where vendor_id = $1 and status = 'open')
update vendors
   set name = $2, name_key = $3, aliases = $4, alias_keys = $5, email = $6, phone = $7::text,
       phone_since = case when phone is distinct from $7 then $8 else phone_since end,
       phone_by = case when phone is distinct from $7 then $9 else phone_by end,
       version = version + 1, updated_at = $8
 where id = $1 returning *;

-- name: block
update vendors set blocked = $2, version = version + 1, updated_at = $3 where id = $1 returning *;
