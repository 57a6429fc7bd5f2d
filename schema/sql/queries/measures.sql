-- name: due
-- What is due now, and for how long, by state; the queue is the state's.
select state::text as state, count(*) as due, extract(epoch from clock_timestamp() - min(due_at))::float8 as oldest_s
  from invoices where due_at <= clock_timestamp() group by state;

-- name: held
-- What is held now, by the rules that held it, else by the step; an invoice that two rules held counts for both.
with last as (
    select distinct on (a.invoice_id) a.invoice_id, a.step, a.facts
      from invoices i join audits a on a.invoice_id = i.id
     where i.state = 'held' and a.target = 'held' and a.source is distinct from a.target
     order by a.invoice_id, a.version desc)
select r.reason as key, count(distinct l.invoice_id) as value
  from last l cross join lateral (
       select split_part(f, ': ', 2) as reason from jsonb_array_elements_text(coalesce(l.facts -> 'findings', '[]')) f
        where f like 'hold: %'
       union all
       select l.step where not exists (
              select from jsonb_array_elements_text(coalesce(l.facts -> 'findings', '[]')) f where f like 'hold: %')) r
 group by r.reason order by r.reason;

-- name: failures
-- What is held now because its step failed: for good, or until its attempts were used up.
with last as (
    select distinct on (a.invoice_id) a.invoice_id, a.step, a.facts
      from invoices i join audits a on a.invoice_id = i.id
     where i.state = 'held' and a.target = 'held' and a.source is distinct from a.target
     order by a.invoice_id, a.version desc)
select step, facts ->> 'error' as error, count(*) as invoices from last where facts ? 'error' group by 1, 2 order by 1, 2;

-- name: stages
-- How long invoices stood in each state that they left since $1; reminders and letters do not end a stay.
with stays as (
    select a.target::text as state, a.at as entered_at, lead(a.at) over (partition by a.invoice_id order by a.version) as left_at
      from audits a join invoices i on i.id = a.invoice_id and i.updated_at >= $1
     where a.source is distinct from a.target)
select state, count(*) as stays,
       percentile_cont(0.5) within group (order by extract(epoch from left_at - entered_at))::float8 as p50_s,
       percentile_cont(0.95) within group (order by extract(epoch from left_at - entered_at))::float8 as p95_s
  from stays where left_at >= $1 group by state order by state;

-- name: spend
-- What the newest question about each invoice cost, by the model that answered.
select coalesce(groq_exchange ->> 'served_model', 'unknown') as model, count(*) as answers,
       coalesce(sum((groq_exchange ->> 'cost_usd')::numeric), 0)::float8 as usd
  from invoices where groq_exchange is not null group by 1 order by 2 desc, 1;

-- name: deliveries
-- The newest delivery of each batch, by how it stands.
select status, count(*) as batches, extract(epoch from clock_timestamp() - min(asked_at))::float8 as oldest_s
  from (select distinct on (batch_id) status, asked_at from export_deliveries order by batch_id, asked_at desc) d
 group by status order by status;

-- name: troubled_deliveries
-- Batches whose newest delivery was given up, or has been tried in vain since before $1; the oldest first.
select number, status, attempts, problem, asked_at
  from (select distinct on (d.batch_id) b.number, d.status, d.attempts, d.problem, d.asked_at
          from export_deliveries d join export_batches b on b.id = d.batch_id order by d.batch_id, d.asked_at desc) newest
 where status = 'failed' or (status = 'waiting' and attempts > 0 and asked_at < $1) order by asked_at;

-- name: record_refusal
insert into egress_refusals (kind, reason, invoice_id) values ($1, $2, (select id from invoices where id = $3));

-- name: refusals
select kind, reason, count(*) as refused from egress_refusals group by kind, reason order by kind, reason;

-- name: applied
-- The migrations this database has seen; none when it has no schema at all.
select name from migrations order by name;
