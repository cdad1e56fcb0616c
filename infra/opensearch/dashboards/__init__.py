"""What analysts find in OpenSearch Dashboards: data views, searches, visualisations and three dashboards.

`python -m infra.opensearch.dashboards` writes them as the saved objects that Dashboards imports.
"""
