def section(results: object) -> str:
    return ""


def write_section(path: object, text: str) -> None: ...
