"""Let torch's wheel from PyPI be imported without CUDA's own wheels: `python cuda_stubs.py SITE-PACKAGES`.

On x86-64 Linux that wheel is linked to a dozen of NVIDIA's libraries, gigabytes that a machine without a GPU never
calls. The runtime among them is small and real, and says that there is no GPU; each other is a library of the same name
whose functions refuse (100). Torch's own code, and so what is measured, is untouched. Needs cc, nm and readelf.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

NVIDIA = re.compile(r"(__)?(cu|nv|nccl)")
# By its symbols' version, where that is not the library's name.
RENAMED = {"NVSHMEM": "libnvshmem_host.so.3"}


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def symbols(kind: str, file: Path) -> set[str]:
    return {line.split()[0] for line in output("nm", "-D", kind, "--format=posix", str(file)).splitlines()}


def owner(name: str, libraries: set[str]) -> str:
    """Whose a symbol without a version is, by its name: the driver's, where it is nobody else's."""
    stems = {each.removeprefix("lib").partition(".")[0]: each for each in libraries}
    found = [stem for stem in stems if name.lower().startswith(stem.lower())]
    return stems[max(found, key=len, default="cuda")]


def stub(file: Path, version: str, functions: set[str], work: Path) -> None:
    names = "".join(f".globl {each}\n.type {each},@function\n{each}:\n" for each in sorted(functions))
    (work / "s.s").write_text(f'.text\n{names}mov $100,%eax\nret\n.section .note.GNU-stack,"",@progbits\n')
    (work / "s.map").write_text(f"{version} {{ global: *; }};\n")
    linked = [f"-Wl,-soname,{file.name}", f"-Wl,--version-script={work / 's.map'}"]
    subprocess.run(["cc", "-shared", "-nostdlib", *linked, "-o", str(file), str(work / "s.s")], check=True)


def main() -> None:
    packages = Path(sys.argv[1])
    lib, real = packages / "torch" / "lib", {each.name for each in packages.glob("nvidia/*/lib/*.so*")}
    files = [each for each in lib.iterdir() if each.is_file() and ".so" in each.name]
    needed = {each for file in files for each in re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-d", str(file)))}
    wanted = {each for each in needed if re.match(r"lib(cu|nv|nccl)", each)} - real
    defined = {each.partition("@")[0] for file in files for each in symbols("--defined-only", file)}
    functions: dict[str, set[str]] = defaultdict(set)
    for each in {symbol for file in files for symbol in symbols("--undefined-only", file)}:
        name, _, version = each.partition("@")
        library = RENAMED.get(version, version)
        if NVIDIA.match(name) and name not in defined and library not in real:
            functions[library or owner(name, wanted)].add(name)
    versions = {library: version for version, library in RENAMED.items()}
    with tempfile.TemporaryDirectory() as folder:
        for each in sorted(wanted):
            stub(lib / each, versions.get(each, each), functions[each], Path(folder))


if __name__ == "__main__":
    main()
