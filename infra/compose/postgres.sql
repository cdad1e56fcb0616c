-- Made by `python -m infra.compose`.
\getenv password SESSIONTRACK_POSTGRES__PASSWORD
CREATE ROLE sessiontrack LOGIN PASSWORD :'password';
CREATE DATABASE sessiontrack OWNER sessiontrack;
\connect sessiontrack
CREATE EXTENSION vector;
CREATE EXTENSION pg_trgm;
