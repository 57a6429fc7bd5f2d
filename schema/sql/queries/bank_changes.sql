-- name: lock_vendor
select id, version, bank_version, account_print, beneficiary, routing, currency, country, phone, phone_since, phone_by, account_last4, bank_confirmed
  from vendors where id = $1 for update;

-- name: lock_vendor_of
-- The vendor of a change: locked before the change itself, so that everybody locks in one order.
select id, version, bank_version, account_print, beneficiary, routing, currency, country, phone, phone_since, phone_by, account_last4, bank_confirmed
  from vendors where id = (select vendor_id from bank_changes where id = $1) for update;

-- name: propose
insert into bank_changes (id, vendor_id, kind, vendor_bank_version, beneficiary, account_cipher, account_print, account_last4,
                          routing, currency, country, reason, proposed_by, proposed_by_address, proposed_at, not_before)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- name: call_payments_back
-- Whoever was asked to approve a payment to this vendor is looked at again at once, and held.
update invoices set due_at = clock_timestamp()
 where vendor_id = $1 and state = 'asked' and claimed_until is null;

-- name: open_of
select * from bank_changes where vendor_id = $1 and status = 'open';

-- name: of_vendor
select * from bank_changes where vendor_id = $1 order by proposed_at desc, id limit 100;

-- name: one
select * from bank_changes where id = $1;

-- name: lock
select * from bank_changes where id = $1 for update;

-- name: call
update bank_changes
   set called_person = $2, called_number = $3, called_at = $4, called_by = $5, called_by_address = $6, call_note = $7, version = version + 1
 where id = $1;

-- name: close
update bank_changes
   set status = $2, closed_by = $3, closed_by_address = $4, closed_at = $5, closing_note = $6, version = version + 1
 where id = $1;

-- name: apply
-- The confirmed details become the vendor's own; only here, and only from the change itself.
update vendors v
   set beneficiary = c.beneficiary, account_cipher = c.account_cipher, account_print = c.account_print, account_last4 = c.account_last4,
       routing = c.routing, currency = c.currency, country = c.country,
       bank_version = v.bank_version + ((v.account_print, v.routing, v.beneficiary) is distinct from (c.account_print, c.routing, c.beneficiary))::int,
       bank_confirmed = true, version = v.version + 1, updated_at = c.closed_at
  from bank_changes c
 where c.id = $1 and c.status = 'confirmed' and v.id = c.vendor_id
returning v.id;

-- name: waiting
-- All open changes, the oldest first.
select c.*, v.name as vendor_name from bank_changes c join vendors v on v.id = c.vendor_id
 where c.status = 'open' order by c.proposed_at, c.id limit $1;

-- name: affects_payment
-- Whether the bank details of an invoice's live payment are being changed, and whether they are others by now.
select not v.bank_confirmed or exists (select from bank_changes c where c.vendor_id = p.vendor_id and c.status = 'open') as changing,
       p.vendor_bank_version <> v.bank_version as changed, v.blocked, v.name
  from payments p join vendors v on v.id = p.vendor_id where p.invoice_id = $1 and p.status <> 'void';
