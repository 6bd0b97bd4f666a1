"""An address of a server: what is an answer, and what is none."""

import gzip
import time
from http.server import BaseHTTPRequestHandler

import pytest
from tests.sdk.scenes import says, serving

from twyman.kernel.errors import Unavailable
from twyman.sdk import Endpoint

TEXT = b'{"fits": true}'


def drips(request: BaseHTTPRequestHandler) -> None:
    """Send a byte now and then, each in time, and never an end."""
    for _ in range(100):
        request.wfile.write(b"a")
        time.sleep(0.02)


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_of_the_longest_length_is_one_and_a_longer_one_is_none(*, packed: bool) -> None:
    body, headers = (gzip.compress(TEXT), {"Content_Encoding": "gzip"}) if packed else (TEXT, {})
    with serving(says(200, body, ETag='"a"', **headers)) as server:
        answer = Endpoint(server.url, limit=len(TEXT)).get()

        assert (answer.status, answer.body, answer.etag) == (200, TEXT, '"a"')
        with pytest.raises(Unavailable, match="longer than 13 bytes"):
            Endpoint(server.url, limit=len(TEXT) - 1).get()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (says(200, TEXT[:5], Content_Length=str(len(TEXT))), "it ends 9 bytes too soon"),
        (says(200, gzip.compress(TEXT)[:-8], Content_Encoding="gzip"), "it ends too soon"),
        (says(200, TEXT, Content_Encoding="gzip"), "incorrect header check"),
        (drips, "it took too long|timed out"),
    ],
)
def test_an_answer_that_ends_too_soon_or_never_is_none(answer: object, why: str) -> None:
    with serving(answer) as server, pytest.raises(Unavailable, match=why):  # type: ignore[arg-type]
        Endpoint(server.url, timeout=0.1).get()


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with serving(says(302, Location="/elsewhere")) as server:
        assert Endpoint(server.url, credential="s3cret").get().status == 302

        assert len(server.asked) == 1


def test_nobody_listening_is_no_answer() -> None:
    with pytest.raises(Unavailable, match="gave no answer"):
        Endpoint("http://127.0.0.1:9").get()
