"""The plain pages behind the links of mails: no remote asset, not cached."""

from html import escape

from litestar import Response

NO_STORE = {"Cache-Control": "no-store, private", "Referrer-Policy": "no-referrer"}
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
SCRIPT_POLICY = f"{PAGE_POLICY}; script-src 'self'; connect-src 'self'"


def page(status: int, title: str, text: str, form: str = "", *, script: str = "") -> Response[str]:
    """A page with a heading, a paragraph and possibly buttons.

    `form` is HTML; `script` is the address of one of the server's own scripts.
    """
    loaded = f'<script type="module" src="{escape(script)}"></script>' if script else ""
    body = f"<h1>{escape(title)}</h1><p>{escape(text)}</p>{form}{loaded}"
    return _answer(status, title, body, SCRIPT_POLICY if script else PAGE_POLICY)


def text_page(title: str, html: str, below: str) -> Response[str]:
    """A page with a cleaned text that has its own heading, and HTML below it."""
    return _answer(200, title, html + below, PAGE_POLICY)


def _answer(status: int, title: str, body: str, policy: str) -> Response[str]:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title></head>"
        '<body style="font:17px/1.5 sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem">'
        f"<main>{body}</main></body></html>"
    )
    headers = {
        **NO_STORE,
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(html, status_code=status, media_type="text/html", headers=headers)
