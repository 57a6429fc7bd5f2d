-- name: vendor_accounts
select id, account_cipher, account_print, account_last4 from vendors order by id for update;

-- name: renew_vendor
update vendors set account_cipher = $2, account_print = $3 where id = $1;

-- name: payment_accounts
-- A void payment is never read again and may not be changed.
select id, account_cipher, account_print, account_last4 from payments where status <> 'void' order by id for update;

-- name: renew_payment
-- The print stays: it is among the terms that were approved.
update payments set account_cipher = $2 where id = $1;

-- name: renew_printed
-- The account that a document shows is known by its print alone; it is renewed where it is a vendor's.
update invoices set account_print = $2 where account_print = $1 returning id;

-- name: old_prints_under_way
-- Payments that are not booked yet and whose terms carry another print than their vendor's.
select count(*) from payments p join vendors v on v.id = p.vendor_id
 where p.status in ('planned', 'intended') and p.account_print <> v.account_print;

-- name: bank_change_accounts
select id, account_cipher, account_print, account_last4 from bank_changes order by id for update;

-- name: renew_bank_change
update bank_changes set account_cipher = $2, account_print = $3 where id = $1;
