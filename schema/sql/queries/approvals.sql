-- name: ask
insert into questions (id, invoice_id, fingerprint, approver, approver_name, phone, code, asked_at, expires_at, message_sid)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (id) do update set message_sid = coalesce(questions.message_sid, excluded.message_sid);

-- name: questions
-- All questions about an invoice's present fingerprint, with their answers and what became of their messages.
select q.*, a.verdict, a.at as answered_at, a.id as approval_id,
       case when m.status in ('failed', 'undelivered', 'canceled') then coalesce(m.error_code, m.status) end as undelivered
  from questions q left join approvals a on a.question_id = q.id left join messages m on m.sid = q.message_sid
 where q.invoice_id = $1 and q.fingerprint = $2 order by q.asked_at, q.approver;

-- name: all_questions
select q.*, a.verdict, a.at as answered_at, a.id as approval_id,
       case when m.status in ('failed', 'undelivered', 'canceled') then coalesce(m.error_code, m.status) end as undelivered
  from questions q left join approvals a on a.question_id = q.id left join messages m on m.sid = q.message_sid
 where q.invoice_id = $1 order by q.asked_at, q.approver;

-- name: question
select q.*, a.verdict from questions q left join approvals a on a.question_id = q.id where q.id = $1;

-- name: question_by_code
select q.*, a.verdict from questions q left join approvals a on a.question_id = q.id
 where q.phone = $1 and q.code = $2 order by q.asked_at desc limit 1;

-- name: remind
update questions set reminded_at = $2 where id = $1;

-- name: record_webhook
-- Every message counts once: no row back means it was seen before.
insert into webhooks (provider, message_sid, kind, body_sha256) values ($1, $2, $3, $4)
on conflict do nothing returning message_sid;

-- name: settle_webhook
update webhooks set outcome = $4 where provider = $1 and message_sid = $2 and kind = $3;

-- name: webhook_outcome
select outcome from webhooks where provider = $1 and message_sid = $2 and kind = $3;

-- name: answer
insert into approvals (question_id, invoice_id, fingerprint, approver, verdict, message_sid, at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict do nothing returning id;
