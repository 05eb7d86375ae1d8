-- Everything about databases and roles that a dump of one database does not hold by itself, and names that tools
-- stumble over.
CREATE ROLE owner LOGIN PASSWORD 'the "owner''s" secret' CONNECTION LIMIT 9 VALID UNTIL '2030-01-01 00:00:00+00';
CREATE ROLE "Odd role's ""name""" NOLOGIN CREATEDB;
CREATE ROLE grantor CREATEROLE LOGIN PASSWORD 'another';
CREATE ROLE member LOGIN NOINHERIT;
CREATE ROLE replica REPLICATION BYPASSRLS LOGIN;
GRANT "Odd role's ""name""" TO member WITH ADMIN OPTION;
GRANT grantor TO owner;
ALTER ROLE owner SET work_mem = '7MB';
ALTER ROLE owner SET search_path = "$user", "odd, schema", public;
ALTER ROLE member SET my.custom = 'it''s';
COMMENT ON ROLE owner IS 'who owns
it';

CREATE DATABASE "with space" OWNER owner CONNECTION LIMIT 42;
CREATE DATABASE "quo""te's" OWNER "Odd role's ""name""";
CREATE DATABASE "a=b";
CREATE DATABASE "-dash";
CREATE DATABASE "näme";
CREATE DATABASE "new
line";
CREATE DATABASE "UPPER";
CREATE DATABASE "_globals";
CREATE DATABASE empty;
CREATE DATABASE icu TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk' LOCALE 'C.UTF-8';
CREATE DATABASE latin1 TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';

ALTER DATABASE "with space" SET search_path = "$user", "odd, schema", public;
ALTER DATABASE "with space" SET my.custom = 'it''s "quoted"';
ALTER DATABASE "with space" SET default_transaction_read_only = on;
ALTER DATABASE "with space" SET statement_timeout = '1ms';
ALTER ROLE owner IN DATABASE "with space" SET work_mem = '9MB';
ALTER ROLE member IN DATABASE "quo""te's" SET search_path = '';
ALTER DATABASE "a=b" SET role = 'grantor';
COMMENT ON DATABASE "with space" IS 'It''s
two lines';
COMMENT ON DATABASE "quo""te's" IS E'back\\slash';

REVOKE CONNECT, TEMPORARY ON DATABASE "with space" FROM PUBLIC;
GRANT CONNECT ON DATABASE "with space" TO grantor WITH GRANT OPTION;
SET ROLE grantor;
GRANT CONNECT ON DATABASE "with space" TO member, "Odd role's ""name""";
RESET ROLE;
GRANT ALL ON DATABASE "quo""te's" TO PUBLIC;
REVOKE ALL ON DATABASE "-dash" FROM PUBLIC;
REVOKE ALL ON DATABASE "-dash" FROM postgres;
