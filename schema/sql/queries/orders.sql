-- name: page
-- Purchase orders, the newest first, those before one of them, with what their live invoices use (as master.sql says it).
select p.*, v.name as vendor_name, v.tax_id as vendor_tax_id,
       (select coalesce(sum(i.total), 0) from invoices i
         where i.purchase_order_id = p.id and i.state <> 'rejected' and (i.state <> 'held' or i.held_from = 'paying')
           and not (i.state = 'closed' and not exists (select from payments y where y.invoice_id = i.id and y.status = 'booked'))) as used
  from purchase_orders p join vendors v on v.id = p.vendor_id
 where ($1::text is null or p.number ilike $1 or p.description ilike $1 or v.name ilike $1)
   and ($2::uuid is null or p.vendor_id = $2)
   and ($3::boolean is null or p.open = $3)
   and ($4::uuid is null or (p.created_at, p.id) < (select o.created_at, o.id from purchase_orders o where o.id = $4))
 order by p.created_at desc, p.id desc limit $5;

-- name: card
select p.*, v.name as vendor_name, v.tax_id as vendor_tax_id,
       (select coalesce(sum(i.total), 0) from invoices i
         where i.purchase_order_id = p.id and i.state <> 'rejected' and (i.state <> 'held' or i.held_from = 'paying')
           and not (i.state = 'closed' and not exists (select from payments y where y.invoice_id = i.id and y.status = 'booked'))) as used
  from purchase_orders p join vendors v on v.id = p.vendor_id where p.id = $1;

-- name: lock
select p.*, v.name as vendor_name from purchase_orders p join vendors v on v.id = p.vendor_id where p.id = $1 for update of p;

-- name: add
insert into purchase_orders (id, number, vendor_id, currency, total, description, open, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8);

-- name: edit
update purchase_orders
   set total = $2, currency = $3, description = $4, open = $5, version = version + 1, updated_at = $6
 where id = $1;
