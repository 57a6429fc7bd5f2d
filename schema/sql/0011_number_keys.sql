-- What an invoice's number is compared by, made in code: no SQL function knows the look-alikes of all scripts.

alter table invoices add column number_key text;
comment on column invoices.number_key is
    'The number without punctuation, in capitals and Latin digits; null in rows of older code, where SQL reckons it.';
