#!/bin/sh
# Makes .env for docker-compose.yml: random passwords, the owner of the capture. Run it from the project's root, and again
# after an upgrade: what .env has stays as it is, because the volumes keep the first passwords; a password that it lacks
# is added.
set -eu
cd "$(dirname "$0")/../.."
umask 077
hex() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
base64_of() { head -c "$1" /dev/urandom | base64 | tr -d '\n'; }
# 16 random bytes in URL-safe Base64 without padding; Kafka refuses one that begins with a dash.
cluster_id() { base64_of 16 | tr '+/' 'AB' | tr -d '='; }
if [ ! -e .env ]; then
    # Never root, whoever runs this: who captures root's own transcripts sets 0 here by hand.
    uid=$(id -u) gid=$(id -g)
    [ "$uid" -ne 0 ] || uid=1000 gid=1000
    printf 'SESSIONTRACK_UID=%s\nSESSIONTRACK_GID=%s\n' "$uid" "$gid" > .env
fi
{
    while IFS= read -r line; do
        grep -q "^${line%%=*}=" .env || printf '%s\n' "$line"
    done <<END
SESSIONTRACK_POSTGRES__PASSWORD=$(hex)
SESSIONTRACK_POSTGRES_SUPERUSER_PASSWORD=$(hex)
SESSIONTRACK_S3__SECRET_KEY=$(hex)
SESSIONTRACK_S3_ENCRYPTION_KEY=$(base64_of 32)
SESSIONTRACK_KAFKA_CLUSTER_ID=$(cluster_id)
SESSIONTRACK_API__TOKEN=$(hex)
END
    cat .env
} > .env.new
mv .env.new .env
echo ".env has all that docker-compose.yml needs." >&2
