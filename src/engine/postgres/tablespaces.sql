-- The tablespaces that something in this database lies in, but for its own default. Asked from inside.
SELECT pg_catalog.json_build_object('tablespaces', (
  SELECT pg_catalog.json_agg(t.spcname::text ORDER BY t.spcname::text COLLATE "C") FROM pg_catalog.pg_tablespace t
  WHERE t.spcname !~ '^pg_' AND t.oid IN (SELECT c.reltablespace FROM pg_catalog.pg_class c)))
