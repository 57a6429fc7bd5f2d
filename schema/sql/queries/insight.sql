-- name: touchless
-- Of what was paid in the time, how much went through without a hold and without a decision of anyone but approvers.
select case when exists (select from audits b where b.invoice_id = a.invoice_id and (b.target = 'held' or b.step = 'decide'))
            then 'touched' else 'touchless' end as key, count(*) as invoices
  from audits a join invoices i on i.id = a.invoice_id and i.updated_at >= $1
 where a.target = 'paid' and a.step = 'pay' and a.at >= $1 and a.at < $2 group by 1;

-- name: stays
-- How long invoices stood in each state that they left in the time; reminders and letters do not end a stay.
with stays as (
    select a.invoice_id, a.target::text as key, a.at as entered_at, lead(a.at) over (partition by a.invoice_id order by a.version) as left_at
      from audits a join invoices i on i.id = a.invoice_id and i.updated_at >= $1
     where a.source is distinct from a.target)
select key, count(*) as stays,
       percentile_cont(0.5) within group (order by extract(epoch from left_at - entered_at))::float8 as p50_s,
       percentile_cont(0.95) within group (order by extract(epoch from left_at - entered_at))::float8 as p95_s
  from stays where left_at >= $1 and left_at < $2 group by key;

-- name: stops
-- What stopped invoices in the time: the rules that held or rejected them, else the step at which they were stopped.
select r.reason as key, count(distinct a.invoice_id) as invoices
  from audits a join invoices i on i.id = a.invoice_id and i.updated_at >= $1
 cross join lateral (
       select split_part(f, ': ', 2) as reason from jsonb_array_elements_text(coalesce(a.facts -> 'findings', '[]')) f
        where f like 'hold: %' or f like 'reject: %'
       union all
       select a.step where not exists (
              select from jsonb_array_elements_text(coalesce(a.facts -> 'findings', '[]')) f where f like 'hold: %' or f like 'reject: %')) r
 where a.target in ('held', 'rejected') and a.source is distinct from a.target and a.at >= $1 and a.at < $2
 group by r.reason order by 2 desc, 1;

-- name: vendors
-- The vendors whose invoices were stopped most in the time, beside all invoices of theirs that came in it.
select v.id::text as key, v.name,
       count(distinct i.id) filter (where i.created_at >= $1 and i.created_at < $2) as invoices, count(distinct a.invoice_id) as stopped
  from invoices i join vendors v on v.id = i.vendor_id
  left join audits a on a.invoice_id = i.id and a.target in ('held', 'rejected') and a.source is distinct from a.target
                    and a.at >= $1 and a.at < $2
 where i.updated_at >= $1
 group by v.id, v.name having count(distinct a.invoice_id) > 0 order by 4 desc, v.name limit $3;

-- name: approvers
-- Who was asked in the time, how quickly they answered, and how often with yes.
select q.approver as key, min(q.approver_name) as name, count(*) as asked, count(a.id) as answered,
       count(a.id) filter (where a.verdict = 'approve') as approved,
       percentile_cont(0.5) within group (order by extract(epoch from a.at - q.asked_at))::float8 as median_s
  from questions q left join approvals a on a.question_id = q.id
 where q.asked_at >= $1 and q.asked_at < $2 group by q.approver order by asked desc, key;

-- name: spend
-- What the newest question to the model about each invoice of the time cost.
select count(*) as invoices, count(groq_exchange ->> 'cost_usd') as priced,
       coalesce(sum((groq_exchange ->> 'cost_usd')::numeric), 0) as usd
  from invoices where groq_exchange is not null and created_at >= $1 and created_at < $2;

-- name: due
-- What is neither paid nor turned away, by the time to its due date.
select case when i.due_date is null then 'unknown' when i.due_date < $1::date then 'overdue' when i.due_date <= $1 + 7 then 'in_7_days'
            when i.due_date <= $1 + 30 then 'in_30_days' else 'later' end as key,
       i.currency, count(*) as invoices, coalesce(sum(i.total), 0) as total
  from invoices i where i.state not in ('closed', 'rejected', 'paid') group by 1, 2 order by 1, 2;

-- name: msme
-- What is neither paid nor turned away and is owed to a vendor in India, by the days since its date.
select case when i.issue_date is null then 'unknown' when $1::date - i.issue_date <= 15 then 'within_15_days'
            when $1::date - i.issue_date <= 45 then 'within_45_days' else 'over_45_days' end as key,
       i.currency, count(*) as invoices, coalesce(sum(i.total), 0) as total
  from invoices i join vendors v on v.id = i.vendor_id and v.country = 'IN'
 where i.state not in ('closed', 'rejected', 'paid') group by 1, 2 order by 1, 2;

-- name: invoices
-- The invoices behind one number ($1) and one row of it ($2), the newest first; each branch says what the number's own query says.
select i.id, i.invoice_number, i.total, i.currency, i.state::text as state, i.reason, i.created_at, v.name as vendor_name,
       coalesce(y.simulated, false) as simulated
  from invoices i left join vendors v on v.id = i.vendor_id
  left join payments y on y.invoice_id = i.id and y.status <> 'void'
 where case $1::text
       when 'touchless' then $2 in ('touchless', 'touched') and
            exists (select from audits a where a.invoice_id = i.id and a.target = 'paid' and a.step = 'pay' and a.at >= $3 and a.at < $4)
            and ($2::text = 'touchless') = not exists (
                select from audits b where b.invoice_id = i.id and (b.target = 'held' or b.step = 'decide'))
       when 'times' then exists (
            select from audits a
             where a.invoice_id = i.id and a.source::text = $2 and a.source is distinct from a.target and a.at >= $3 and a.at < $4)
       when 'stops' then exists (
            select from audits a where a.invoice_id = i.id and a.target in ('held', 'rejected') and a.source is distinct from a.target
               and a.at >= $3 and a.at < $4
               and case when exists (select from jsonb_array_elements_text(coalesce(a.facts -> 'findings', '[]')) f
                                      where f like 'hold: %' or f like 'reject: %')
                        then a.facts -> 'findings' ?| array['hold: ' || $2, 'reject: ' || $2] else a.step = $2 end)
       when 'vendors' then i.vendor_id::text = $2 and exists (
            select from audits a where a.invoice_id = i.id and a.target in ('held', 'rejected') and a.source is distinct from a.target
               and a.at >= $3 and a.at < $4)
       when 'approvers' then exists (
            select from questions q where q.invoice_id = i.id and q.approver = $2 and q.asked_at >= $3 and q.asked_at < $4)
       when 'spend' then i.groq_exchange is not null and i.created_at >= $3 and i.created_at < $4
       when 'due' then i.state not in ('closed', 'rejected', 'paid') and $2 = case
            when i.due_date is null then 'unknown' when i.due_date < $5::date then 'overdue' when i.due_date <= $5 + 7 then 'in_7_days'
            when i.due_date <= $5 + 30 then 'in_30_days' else 'later' end
       when 'msme' then v.country = 'IN' and i.state not in ('closed', 'rejected', 'paid') and $2 = case
            when i.issue_date is null then 'unknown' when $5::date - i.issue_date <= 15 then 'within_15_days'
            when $5::date - i.issue_date <= 45 then 'within_45_days' else 'over_45_days' end
       else false end
   and ($6::uuid is null or (i.created_at, i.id) < (select o.created_at, o.id from invoices o where o.id = $6))
 order by i.created_at desc, i.id desc limit $7;
