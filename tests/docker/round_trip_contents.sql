-- A bit of everything that has an order in which it has to come back, or needs a setting while it does.
SET statement_timeout = 0;
SET default_transaction_read_only = off;
CREATE SCHEMA "odd, schema" AUTHORIZATION owner;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION hstore WITH SCHEMA "odd, schema";
CREATE TYPE public.mood AS ENUM ('sad', 'o''kay');
CREATE TABLE public.people (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" CHECK (name <> ''), mood public.mood,
  twice int GENERATED ALWAYS AS (2 * length(name)) STORED, "odd ""column" bytea DEFAULT '\x00ff');
INSERT INTO public.people (name, mood) VALUES ('a	tab', 'sad'), (E'back\\slash\nnewline', 'o''kay'), ('\.', NULL);
CREATE FUNCTION public.shout(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT upper($1) $$;
CREATE INDEX ON public.people (public.shout(name));
CREATE VIEW public.loud AS SELECT public.shout(name) AS loud FROM public.people;
CREATE MATERIALIZED VIEW "odd, schema".counted AS SELECT count(*) FROM public.loud;
CREATE TABLE public.parts (a int) PARTITION BY RANGE (a);
CREATE TABLE public.parts_1 PARTITION OF public.parts FOR VALUES FROM (0) TO (10);
INSERT INTO public.parts SELECT generate_series(0, 9);
ALTER TABLE public.people ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON public.people TO member USING (name = current_user);
GRANT SELECT (name) ON public.people TO member WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA "odd, schema" GRANT SELECT ON TABLES TO grantor;
CREATE FUNCTION public.note() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION public.note();
SELECT lo_from_bytea(4711, '\x00010203');
COMMENT ON LARGE OBJECT 4711 IS 'four bytes';
CREATE PUBLICATION everything FOR ALL TABLES;
