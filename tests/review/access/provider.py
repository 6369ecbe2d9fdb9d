"""An OpenID Connect provider on this machine: real HTTP, real keys, and as honest as it is told.

Started on a free port in a thread; tests play the browser by following its redirects.
"""

import base64
import hashlib
import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey


class Provider:
    """`claims` go into the token; `lies` change what is answered (see the handler)."""

    def __init__(self):
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.stranger = ECKey.generate_key("P-256", {"kid": "one"})
        self.claims = {"sub": "officer-7"}
        self.lies = {}
        self.codes = {}
        self.now_s = 0
        self.secret = ""
        owner = self

        class Handler(_Handler):
            provider = owner

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def metadata(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token",
            "jwks_uri": self.issuer + "/keys",
        } | self.lies.get("metadata", {})

    def authorize(self, url):
        """What the person's browser comes back with: the query of the callback."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        query = {"code": code, "state": asked["state"], "iss": self.issuer}
        return {k: v for k, v in (query | self.lies.get("query", {})).items() if v is not None}

    def exchange(self, form, authorization):
        asked = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or challenge != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        assert form["redirect_uri"] == asked["redirect_uri"]
        if self.secret:
            given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            client, secret = (unquote(part) for part in given.split(":", 1))
            if (client, secret) != (asked["client_id"], self.secret):
                return 401, {"error": "invalid_client"}
        else:
            assert form["client_id"] == asked["client_id"]
        claims = {
            "iss": self.issuer,
            "aud": asked["client_id"],
            "exp": self.now_s + 300,
            "iat": self.now_s,
            "nonce": asked["nonce"],
        } | self.claims
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.sign(claims)}

    def sign(self, claims):
        claims = {k: v for k, v in claims.items() if v is not None}
        if "id_token" in self.lies:
            return self.lies["id_token"](claims)
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def unsigned(self, claims):
        parts = ({"alg": "none"}, claims)
        text = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts]
        return b".".join([*text, b""]).decode()

    def confused(self, claims):
        """Signed with the public key as if it were a shared secret."""
        key = OctKey.import_key(self.key.as_pem(private=False).decode()[27:-26])
        return jwt.encode({"alg": "HS256", "kid": "one"}, claims, key)

    def by_stranger(self, claims):
        return jwt.encode({"alg": "ES256", "kid": "one"}, claims, self.stranger)


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self):
        if self.path == "/.well-known/openid-configuration":
            return self.answer(200, self.provider.metadata())
        assert self.path == "/keys"
        keys = {"keys": [self.provider.key.as_dict(private=False)]}
        return self.answer(200, self.provider.lies.get("keys", keys))

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(raw).items()}
        return self.answer(*self.provider.exchange(form, self.headers.get("Authorization", "")))

    def answer(self, status, body):
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args):
        pass
