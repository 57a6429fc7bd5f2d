-- Makes the record INSERT-only for the application itself: run it as a superuser of the server, connected to the
-- application's database, after `countersign migrate`. It is safe to run again.
--
--     psql -d countersign -f deploy/record_owner.sql
--
-- The record's tables then belong to `countersign_record`, as whom nobody can log in. The application keeps SELECT and
-- INSERT and can neither change nor drop them nor disable their triggers. A later migration that changes these very
-- tables needs the administrator: `grant countersign_record to APPLICATION`, migrate, `revoke` it, run this again.

do $$
declare
    given text;
    application text;
begin
    begin
        create role countersign_record nologin;
    exception when duplicate_object or unique_violation then null;
    end;
    foreach given in array array['audits', 'log_leaves', 'checkpoints'] loop
        select pg_get_userbyid(relowner) into strict application from pg_class where oid = to_regclass('public.' || given);
        continue when application = 'countersign_record';
        execute format('alter table public.%I owner to countersign_record', given);
        execute format('revoke all on public.%I from public', given);
        execute format('grant select, insert, references on public.%I to %I', given, application);
        if given = 'audits' then
            execute format('grant select on sequence public.audits_seq_seq to %I', application);  -- for pg_dump
        end if;
        execute format('grant usage, create on schema public to %I', application);
    end loop;
    alter function public.refuse_changes() owner to countersign_record;
    alter function public.refuse_gaps() owner to countersign_record;
    -- Who owns a schema may drop what others own in it.
    alter schema public owner to countersign_record;
end $$;
