-- PostgreSQL: the portal works with a role that owns nothing. It can add to the trail and read it, and no more; it can
-- switch off no trigger. Tables belong to another role, which only migrations use. Run by a superuser in the portal's
-- own, empty database, with passwords of your own (or none, where the socket says who somebody is):
--
--   createdb portal
--   psql -d portal -f deploy/postgres-roles.sql
--   PORTAL_DATABASE_URL=postgresql://portal_owner@…/portal flask --app wsgi init     (and: … db upgrade)
--   psql -d portal -f deploy/postgres-roles.sql     once more, after init and after every upgrade
--   PORTAL_DATABASE_URL=postgresql://portal_app@…/portal                             for everything else
--
-- Running it again changes nothing.

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_owner') THEN CREATE ROLE portal_owner LOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_app') THEN CREATE ROLE portal_app LOGIN; END IF;
END $$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO portal_owner;
GRANT USAGE ON SCHEMA public TO portal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO portal_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO portal_app;

DO $$ BEGIN
  IF to_regclass('public.audit_entries') IS NOT NULL THEN
    REVOKE ALL ON audit_entries, audit_links, audit_checks, alembic_version FROM portal_app;
    GRANT SELECT, INSERT ON audit_entries, audit_links, audit_checks TO portal_app;
    GRANT SELECT ON alembic_version TO portal_app;
  END IF;
END $$;
