"""What lets somebody in and what is refused stands in the log, without any secret."""

from pathlib import Path

import httpx

from tests.faults.box_process import BoxProcess

PAGE = {"X-Box-Page": "1"}
WRONG = "bos_aaaaaaaaaaaaaaaa_" + "a" * 32


def test_each_change_of_access_and_each_refusal_is_logged(tmp_path: Path) -> None:
    with BoxProcess(tmp_path, config='[log]\nformat = "json"\n') as process:
        process.post("/sync", {"users": [{"id": "ada", "name": "Ada"}]})
        viewer = process.post("/tokens", {"name": "wall", "scope": "viewer"})
        code = process.post("/users/ada/sign-in-link")["url"].partition("#sign-in=")[2]
        url = process.url()
        assert url is not None
        with httpx.Client(base_url=url, trust_env=False, timeout=20) as anyone:
            anyone.get("/jobs", headers={"Authorization": f"Bearer {WRONG}"})
            read_only = {"Authorization": f"Bearer {viewer['token']}"}
            anyone.post("/queue/brief", json={"userId": "ada"}, headers=read_only)
            anyone.get("/tokens", headers=read_only)
            signed_in = anyone.post("/app/session", json={"code": code}, headers=PAGE)
            held = signed_in.headers["set-cookie"].partition("=")[2].partition(";")[0]
            anyone.delete("/app/session", headers=PAGE)
        process.http.delete(f"/tokens/{viewer['id']}")
        process.stop()
        said = process.said()
    for event in (
        "token_issued",
        "token_revoked",
        "sign_in_link_made",
        "signed_in",
        "signed_out",
        "credential_refused",
        "access_refused",
    ):
        assert f'"event": "{event}"' in said, event
    assert said.count('"event": "access_refused"') == 2
    for secret in (WRONG, viewer["token"], code, held):
        assert secret not in said
