from xml.etree import ElementTree

from infra.stack.maven import Artifact, pom

SPACE = {"m": "http://maven.apache.org/POM/4.0.0"}


def test_pom_names_each_artifact_and_leaves_its_dependencies_out() -> None:
    artifacts = [Artifact("org.a", "a", "1"), Artifact("org.b", "b&c", "2", "tar.gz", "all")]
    dependencies = ElementTree.fromstring(pom(artifacts, dependencies=False)).findall(".//m:dependency", SPACE)
    assert [[child.text for child in dependency][:5] for dependency in dependencies] == [
        ["org.a", "a", "1", "jar", None],
        ["org.b", "b&c", "2", "tar.gz", "all"],
    ]
    assert all(dependency.find("m:exclusions", SPACE) is not None for dependency in dependencies)


def test_pom_takes_dependencies_in() -> None:
    root = ElementTree.fromstring(pom([Artifact("org.a", "a", "1")], dependencies=True))
    assert root.find(".//m:exclusions", SPACE) is None
