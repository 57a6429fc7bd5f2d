-- name: vendor_by_tax_id
select v.*, not v.bank_confirmed or exists (select from bank_changes c where c.vendor_id = v.id and c.status = 'open') as changing
  from vendors v where v.tax_id = $1;

-- name: vendors_by_name
select v.*, not v.bank_confirmed or exists (select from bank_changes c where c.vendor_id = v.id and c.status = 'open') as changing
  from vendors v where v.name_key = $1 or $1 = any(v.alias_keys) limit 2;

-- name: vendor
select v.*, not v.bank_confirmed or exists (select from bank_changes c where c.vendor_id = v.id and c.status = 'open') as changing
  from vendors v where v.id = $1;

-- name: lock_vendor_by_tax_id
select * from vendors where tax_id = $1 for update;

-- name: put_vendor
-- Add a vendor, or change the one with this tax id.
insert into vendors (id, name, name_key, alias_keys, tax_id, beneficiary, account_cipher, account_print, account_last4, routing,
                     currency, country, email, aliases)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict (tax_id) do update
   set name = excluded.name, name_key = excluded.name_key, alias_keys = excluded.alias_keys, aliases = excluded.aliases,
       beneficiary = excluded.beneficiary,
       bank_version = vendors.bank_version + ((vendors.account_print, vendors.routing, vendors.beneficiary)
           is distinct from (excluded.account_print, excluded.routing, excluded.beneficiary))::int,
       account_cipher = case when vendors.account_print = excluded.account_print then vendors.account_cipher else excluded.account_cipher end,
       account_print = excluded.account_print, account_last4 = excluded.account_last4, routing = excluded.routing,
       currency = excluded.currency, country = excluded.country, email = excluded.email, version = vendors.version + 1,
       bank_confirmed = true, updated_at = now()
returning id, (xmax = 0) as added;

-- name: purchase_order
select p.*, (select coalesce(sum(i.total), 0) from invoices i
              where i.purchase_order_id = p.id and i.id <> $2
                and i.state <> 'rejected' and (i.state <> 'held' or i.held_from = 'paying')
                and not (i.state = 'closed' and not exists (select from payments y where y.invoice_id = i.id and y.status = 'booked')))
             as used
  from purchase_orders p where upper(p.number) = upper($1);

-- name: lock_purchase_order_by_number
select p.*, v.name as vendor_name from purchase_orders p join vendors v on v.id = p.vendor_id where p.number = $1 for update of p;

-- name: put_purchase_order
insert into purchase_orders (id, number, vendor_id, currency, total, description, open)
select $1, $2, v.id, $4, $5, $6, $7 from vendors v where v.tax_id = $3
on conflict (number) do update
   set vendor_id = excluded.vendor_id, currency = excluded.currency, total = excluded.total, description = excluded.description,
       open = excluded.open, version = purchase_orders.version + 1, updated_at = now()
returning id, (xmax = 0) as added;

-- name: twins
-- Other invoices of this vendor with this number, or the same file, that were not turned away.
-- Of two the earlier goes on, by id where they came in one mail; but one that was cleared already is never overtaken.
-- The same file is a page of it that both have: of a divided file each part has its own.
-- What is alike is looked up by indexes first: one condition with OR would read every invoice there is.
with ours as materialized (
    select f.sha256, s.covers from invoice_sheets s join documents f on f.id = s.document_id
     where s.invoice_id = $1 and not s.given_on
    union all
    select f.sha256, covered_pages(null) from invoices i join documents f on f.id = i.document_id
     where i.id = $1 and not exists (select from invoice_sheets s where s.invoice_id = $1)),
alike as materialized (
    select s.invoice_id as id, true as same_file from ours o join documents f on f.sha256 = o.sha256
      join invoice_sheets s on s.document_id = f.id and not s.given_on and s.covers && o.covers
    union
    select x.id, true from ours o join documents f on f.sha256 = o.sha256 join invoices x on x.document_id = f.id
     where not exists (select from invoice_sheets s where s.invoice_id = x.id)
    union
    select x.id, false from invoices x
     where x.vendor_id = $2 and upper(regexp_replace(x.invoice_number, '[^A-Za-z0-9]', '', 'g')) = $3),
each as (select id, bool_or(same_file) as same_file from alike group by id)
select i.id, i.invoice_number, i.total, i.currency, i.state::text as state, i.created_at, each.same_file
  from each join invoices i on i.id = each.id
  left join payments y on y.invoice_id = i.id and y.status = 'booked'
 where i.id <> $1
   and (i.duplicate_key is not null or (i.created_at, i.id) < (select created_at, id from invoices where id = $1))
   and i.state <> 'rejected' and (i.state <> 'closed' or y.id is not null)
 order by i.created_at limit 5;

-- name: account_prints
-- The keyed prints of every account we know: the vendors', those proposed for them, and those printed on invoices.
select account_print from vendors union select account_print from bank_changes
 union select account_print from invoices where account_print is not null;
