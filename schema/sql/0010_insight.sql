-- The numbers of a time begin with the invoices that moved in it.
create index invoices_by_move on invoices (updated_at);
create index questions_by_time on questions (asked_at);
