"""The plain pages behind the links of mails: no script, no remote asset, not cached."""

from html import escape

from litestar import Response

NO_STORE = {"Cache-Control": "no-store, private", "Referrer-Policy": "no-referrer"}
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"


def page(status: int, title: str, text: str, form: str = "") -> Response[str]:
    """A page with a heading, a paragraph and possibly buttons; `form` is HTML."""
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title></head>"
        '<body style="font:17px/1.5 sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem">'
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p>{form}</body></html>"
    )
    headers = {
        **NO_STORE,
        "Content-Security-Policy": PAGE_POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(html, status_code=status, media_type="text/html", headers=headers)
