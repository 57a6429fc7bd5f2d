-- name: add
insert into history (at, who, subject, subject_id, what, note, changes) values ($1, $2, $3, $4, $5, $6, $7);

-- name: of_subject
-- The newest first, from one on backwards.
select * from history
 where subject = $1 and subject_id = $2 and ($3::bigint is null or seq < $3)
 order by seq desc limit $4;

-- name: search
-- The newest of all subjects first, each condition only where it is given; $6 is a pattern of ILIKE.
select * from history
 where ($1::bigint is null or seq < $1)
   and ($2::text is null or subject = $2)
   and ($3::text is null or lower(who) = $3)
   and ($4::timestamptz is null or at >= $4)
   and ($5::timestamptz is null or at < $5)
   and ($6::text is null or what ilike $6 or note ilike $6 or who ilike $6 or subject_id ilike $6
        or changes::text ilike $6)
 order by seq desc limit $7;
