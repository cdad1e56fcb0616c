#!/bin/sh
# Starts OpenSearch Dashboards, and gives it our data views, searches, visualisations and dashboards as soon as it
# answers. At each start: what somebody has changed of ours is replaced, what they have made themselves stays.
set -eu
load() {
    curl -fsS -o /dev/null -X POST -H 'osd-xsrf: true' -F file=@/sessiontrack/sessiontrack.ndjson \
        'http://127.0.0.1:5601/api/saved_objects/_import?overwrite=true'
}
(until curl -fsS -o /dev/null http://127.0.0.1:5601/api/status && load; do sleep 2; done) &
exec ./opensearch-dashboards-docker-entrypoint.sh opensearch-dashboards
