"""`memtiles serve` as a real process: what it gives, to whom, and what it keeps to itself."""

from __future__ import annotations

import http.client
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reliability.builds import command, memtiles, write_inputs


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of `small_core`; outside of it lies a file that must not be served."""
    config = write_inputs(tmp_path_factory.mktemp("served"))
    assert memtiles("build", config, "--quiet").code == 0
    (config.parent / "secret.txt").write_text("not served")
    (config.parent / "site" / "way-out.txt").symlink_to(config.parent / "secret.txt")
    return config.parent / "site"


def serving(site: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("serve", site, "--port", "0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def port_of(server: subprocess.Popen[str]) -> int:
    assert server.stdout is not None
    found = re.match(r"http://127\.0\.0\.1:(\d+)/", server.stdout.readline())
    assert found
    return int(found[1])


@pytest.fixture(scope="module")
def port(site: Path) -> Iterator[int]:
    """The port of a running server."""
    with serving(site) as server:
        yield port_of(server)
        server.terminate()


Answer = tuple[int, dict[str, str], bytes]


def get(port: int, path: str, method: str = "GET", **headers: str) -> Answer:
    """One request with exactly this path: nothing tidies it up on the way."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content


def a_bmp(site: Path) -> Path:
    (found,) = site.glob("pictures/anonymous-0x10000000-*/region.bmp")
    return found


def test_index(site: Path, port: int) -> None:
    status, headers, content = get(port, "/")
    assert (status, content) == (200, (site / "index.html").read_bytes())
    assert headers["content-type"].startswith("text/html")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_every_file_that_the_page_loads(site: Path, port: int) -> None:
    kinds = {
        "manifest.json": "application/json",
        "viewer.css": "text/css",
        "viewer.js": "javascript",
    }
    for name, kind in kinds.items():
        status, headers, content = get(port, f"/{name}")
        assert (status, content) == (200, (site / name).read_bytes())
        assert kind in headers["content-type"]
    tile = next(site.glob("atlases/*/tiles_files/0/0_0.png"))
    status, headers, content = get(port, f"/{tile.relative_to(site).as_posix()}")
    assert (status, headers["content-type"], content) == (200, "image/png", tile.read_bytes())


@pytest.mark.parametrize(("first", "last"), [(0, 0), (1078, 1078 + 255), (5000, 99_999)])
def test_a_range(site: Path, port: int, first: int, last: int) -> None:
    bmp = a_bmp(site)
    path = f"/{bmp.relative_to(site).as_posix()}"
    status, headers, content = get(port, path, Range=f"bytes={first}-{last}")
    assert status == 206
    assert headers["content-range"] == f"bytes {first}-{last}/{bmp.stat().st_size}"
    assert content == bmp.read_bytes()[first : last + 1]


def test_the_last_bytes(site: Path, port: int) -> None:
    bmp = a_bmp(site)
    status, _, content = get(port, f"/{bmp.relative_to(site).as_posix()}", Range="bytes=-10")
    assert (status, content) == (206, bmp.read_bytes()[-10:])


def test_a_range_beyond_the_end(site: Path, port: int) -> None:
    path = f"/{a_bmp(site).relative_to(site).as_posix()}"
    assert get(port, path, Range="bytes=99999999-")[0] == 416


def test_an_unchanged_file_is_not_sent_again(port: int) -> None:
    _, headers, _ = get(port, "/manifest.json")
    assert headers["cache-control"] == "no-cache"
    assert get(port, "/manifest.json", **{"If-None-Match": headers["etag"]})[0] == 304


@pytest.mark.parametrize(
    "path",
    [
        "/.memtiles.lock",
        "/.staging/",
        "/pictures/../.memtiles.lock",
        "/%2ememtiles.lock",
        "/nothing",
        "/pictures/",
        "/pictures",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/pictures/../../secret.txt",
        "/pictures/%2e%2e/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/way-out.txt",
        "/index.html%00",
    ],
)
def test_what_is_not_there(site: Path, port: int, path: str) -> None:
    status, _, content = get(port, path)
    assert status == 404
    assert b"not served" not in content
    assert b"root:" not in content


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.1", ""])
def test_a_foreign_host_is_refused(port: int, host: str) -> None:
    """What a browser sends for a name that somebody else pointed at this machine."""
    status, _, content = get(port, "/manifest.json", Host=host)
    assert status == 400
    assert b"regions" not in content


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:8765"])
def test_own_names(port: int, host: str) -> None:
    assert get(port, "/manifest.json", Host=host)[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed(port: int, method: str) -> None:
    assert get(port, "/manifest.json", method)[0] == 405


def test_only_this_machine_hears_it(port: int) -> None:
    """No other address of this machine answers: neither the network's nor any other loopback."""
    others = {row[4][0] for row in socket.getaddrinfo(socket.gethostname(), None)} | {"127.0.0.2"}
    for address in others - {"127.0.0.1"}:
        family = socket.AF_INET6 if ":" in str(address) else socket.AF_INET
        with socket.socket(family) as client, pytest.raises(OSError, match=r"."):
            client.connect((address, port))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_interrupted(site: Path) -> None:
    with serving(site) as server:
        assert get(port_of(server), "/")[0] == 200
        server.send_signal(signal.SIGINT)
        assert server.stderr is not None
        errors = server.stderr.read()
    assert server.returncode in (0, 130)
    assert "Traceback" not in errors
    assert len(errors.splitlines()) <= 1


def test_a_port_that_is_taken(site: Path, port: int) -> None:
    done = memtiles("serve", site, "--port", str(port))
    assert (done.code, len(done.errors)) == (2, 1)
    assert "--port" in done.errors[0]


@pytest.mark.parametrize("wrong", ["70000", "-1", "http"])
def test_a_port_that_is_none(site: Path, wrong: str) -> None:
    done = memtiles("serve", site, "--port", wrong)
    assert (done.code, len(done.errors)) == (2, 1)


def test_no_site(tmp_path: Path) -> None:
    done = memtiles("serve", tmp_path, "--port", "0")
    assert (done.code, len(done.errors)) == (2, 1)


def test_a_damaged_site(site: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(site, tmp_path / "site", symlinks=True))
    (broken / "manifest.json").write_text("{")
    done = memtiles("serve", broken, "--port", "0")
    assert (done.code, len(done.errors)) == (7, 1)
