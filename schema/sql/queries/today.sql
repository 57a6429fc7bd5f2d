-- name: counts
-- How many are on their way, asked about and held, and were paid since a moment.
select count(*) filter (where state not in ('held', 'closed', 'rejected')) as moving,
       count(*) filter (where state = 'asked') as asked,
       count(*) filter (where state = 'held') as held,
       (select count(*) from payments where status = 'booked' and booked_at >= $1) as paid_today
  from invoices where state <> 'closed';

-- name: waiting
-- Who has not answered yet about what is asked now, the longest asked first.
select i.id as invoice_id, i.invoice_number, i.total, i.currency, v.name as vendor, q.approver_name as person, q.asked_at as since
  from invoices i join questions q on q.invoice_id = i.id and q.fingerprint = i.fingerprint
  left join approvals a on a.question_id = q.id left join vendors v on v.id = i.vendor_id
 where i.state = 'asked' and i.standing = 'asked' and a.id is null
 order by q.asked_at limit $1;

-- name: outgoing
-- Money by day: booked since a moment, and planned or intended for what is still on its way.
select day, currency, sum(amount) as amount, count(*) as payments, paid, bool_or(simulated) as simulated from (
    select (booked_at at time zone $2)::date as day, currency, amount, true as paid, coalesce(simulated, false) as simulated
      from payments where status = 'booked' and booked_at >= $1
    union all
    select y.pay_on, y.currency, y.amount, false, false
      from payments y join invoices i on i.id = y.invoice_id
     where y.status in ('planned', 'intended')
       and (i.state in ('cleared', 'prepared', 'asked', 'approved', 'paying') or i.held_from = 'paying')) as out
 group by day, currency, paid order by day, currency, paid;

-- name: simulated
-- Whether the last booked payment was simulated: then the next will be, too.
select coalesce((select simulated from payments where status = 'booked' order by booked_at desc limit 1), false);
