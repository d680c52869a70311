"""Signing in with ORCID, by OpenID Connect: the authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0, section 3.1).

(1) The browser is sent to ORCID with a state, a nonce and the digest of a verifier, and keeps a secret that finds them again, once.
(2) It comes back with a code and the state, which must be that of this very browser.
(3) The code is changed for an ID token, with the verifier; nothing that the browser brought is believed.
(4) The ID token is believed for its signature, issuer, audience, time and nonce.
(5) Its ORCID iD is that of an account, or of a new one, or is linked to the account that asked.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from micrographia.archive import accounts as verbs
from micrographia.archive.accounts import checked_name, checked_orcid, key_digest
from micrographia.archive.archive import Archive
from micrographia.catalogue import accounts, sessions
from micrographia.catalogue.accounts import Account
from micrographia.errors import InvalidInputError, NotPermittedError, UnavailableError, WrongStateError

BACK = "/sign-in/orcid/back"
LASTS = timedelta(minutes=10)
_PURPOSE = "orcid"
_PATIENCE_S = 10.0
_LEEWAY_S = 120
# ORCID signs with RS256; symmetric and absent signatures are never taken
_ALGORITHMS = ("RS256", "PS256", "ES256")


@dataclass(frozen=True, slots=True)
class Returned:
    """Somebody who came back from ORCID."""

    account: Account
    way_back: str
    is_linked: bool
    """Whether the ORCID iD was linked to the account of somebody signed in already; else a session is to begin."""


def begin(archive: Archive, *, way_back: str, account: int | None = None) -> tuple[str, str]:
    """Return the address to send the browser to, and the secret that it keeps meanwhile.

    Parameters
    ----------
    way_back
        Path of this archive to go on to.
    account
        Number of the account to link the ORCID iD to; None signs in.
    """
    settings = archive.settings
    provider = _discovered(archive)
    secret, state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
    document = {"state": state, "nonce": nonce, "verifier": verifier, "way_back": way_back}
    expires_at = (datetime.fromisoformat(archive.now()) + LASTS).strftime("%Y-%m-%dT%H:%M:%SZ")
    with archive.catalogue.write() as connection:
        sessions.add_one_time_key(
            connection, key_digest(secret), purpose=_PURPOSE, account=account, document=document, expires_at=expires_at
        )
    address = prepare_grant_uri(
        provider["authorization_endpoint"],
        settings.orcid_client_id,
        "code",
        redirect_uri=settings.url + BACK,
        scope="openid",
        state=state,
        nonce=nonce,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
    )
    return address, secret


def complete(archive: Archive, *, secret: str, state: str, code: str, issuer: str = "", account: int | None = None) -> Returned:
    """Return who came back from ORCID.

    Parameters
    ----------
    secret
        What the browser kept.
    state, code, issuer
        What it brought.
    account
        Number of the account that it is signed in to now.

    Raises
    ------
    NotPermittedError
        The browser is not the one that was sent, ORCID does not confirm it, or there is no account and none is made.
    UnavailableError
        ORCID does not answer.
    """
    with archive.catalogue.write() as connection:
        begun = sessions.use_one_time_key(connection, key_digest(secret), _PURPOSE, archive.now())
    if begun is None or not hmac.compare_digest(begun.document["state"].encode(), state.encode()) or not code:
        raise NotPermittedError("This way back from ORCID works no more, or was begun in another browser. Begin again.")
    if begun.account is not None and begun.account != account:
        raise NotPermittedError("The session from which ORCID was to be linked has ended. Sign in and begin again.")
    provider = _discovered(archive)
    if issuer and issuer != provider["issuer"]:  # RFC 9207
        raise NotPermittedError("The way back from ORCID came from somebody else.")
    claims = _confirmed(archive, provider, code, begun.document["verifier"], begun.document["nonce"])
    try:
        orcid = checked_orcid(str(claims["sub"]))
    except InvalidInputError as exc:
        raise NotPermittedError("ORCID confirmed somebody without an ORCID iD.") from exc
    found = _link(archive, begun.account, orcid) if begun.account is not None else _account_of(archive, orcid, claims)
    return Returned(found, begun.document["way_back"], begun.account is not None)


def _account_of(archive: Archive, orcid: str, claims: dict[str, Any]) -> Account:
    with archive.catalogue.read() as connection:
        account = accounts.find_account(connection, orcid=orcid)
    if account is None and archive.settings.orcid_accounts == "invited":
        raise NotPermittedError(f"There is no account with the ORCID iD {orcid} here. Ask the archive for an invitation.")
    if account is None:
        try:
            account = verbs.add_account(archive, name=_name(claims, orcid), orcid=orcid)
        except WrongStateError:  # they came back twice at once
            account = verbs.find_account(archive, orcid)
    if not account.is_active:
        raise NotPermittedError("This account is closed.")
    return account


def _link(archive: Archive, number: int, orcid: str) -> Account:
    with archive.catalogue.write() as connection:
        other = accounts.find_account(connection, orcid=orcid)
        if other is not None and other.id != number:
            raise WrongStateError(f"{orcid} belongs to another account here already. Sign in with ORCID to use that one.")
        accounts.change_account(connection, number, orcid=orcid)
    return verbs.account_of_number(archive, number)


def _name(claims: dict[str, Any], orcid: str) -> str:
    parts = [str(claims[key]) for key in ("family_name", "given_name") if claims.get(key)]
    try:
        return checked_name(", ".join(parts))
    except InvalidInputError:
        return orcid


def _discovered(archive: Archive) -> dict[str, Any]:
    """Return the provider's description of itself (OpenID Connect Discovery 1.0)."""
    url = archive.settings.orcid_url.rstrip("/")
    provider = _asked("GET", f"{url}/.well-known/openid-configuration")
    if str(provider.get("issuer", "")).rstrip("/") != url:
        raise UnavailableError(f"{url} calls itself {str(provider.get('issuer'))[:100]!r}: correct MICROGRAPHIA_ORCID_URL.")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if url.startswith("https:") and not str(provider.get(name, "")).startswith("https:"):
            raise UnavailableError(f"{url} does not say its {name}, or not by https.")
    return provider


def _confirmed(archive: Archive, provider: dict[str, Any], code: str, verifier: str, nonce: str) -> dict[str, Any]:
    """Return what the ID token says, once it is believed."""
    settings = archive.settings
    given = _asked(
        "POST",
        provider["token_endpoint"],
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": settings.url + BACK,
            "code_verifier": verifier,
            "client_id": settings.orcid_client_id,
            "client_secret": settings.orcid_client_secret,
        },
    )
    try:
        keys = KeySet.import_key_set(_asked("GET", provider["jwks_uri"]))  # type: ignore[arg-type]
        token = jwt.decode(str(given.get("id_token", "")), keys, algorithms=list(_ALGORITHMS))
        claims = CodeIDToken(
            token.claims,
            token.header,
            {"iss": {"essential": True, "value": provider["issuer"]}, "aud": {"essential": True, "value": settings.orcid_client_id}},
            {"nonce": nonce, "client_id": settings.orcid_client_id, "access_token": given.get("access_token")},
        )
        claims.validate(now=int(datetime.fromisoformat(archive.now()).timestamp()), leeway=_LEEWAY_S)
    except (JoseError, ValueError, KeyError, TypeError) as exc:
        raise NotPermittedError(f"What ORCID confirmed cannot be believed ({type(exc).__name__}). Begin again.") from exc
    return dict(claims)


def _asked(method: str, url: str, **more: Any) -> dict[str, Any]:
    """Return the JSON that the provider answers; what it says in a failure may hold secrets and is not told."""
    try:
        answer = httpx.request(method, url, timeout=_PATIENCE_S, headers={"accept": "application/json"}, **more)
        if answer.status_code in (400, 401, 403):
            raise NotPermittedError(f"ORCID does not confirm this sign-in ({answer.status_code}). Begin again.")
        document = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as exc:
        raise UnavailableError(f"ORCID does not answer ({type(exc).__name__}). Try again, or sign in with a password.") from exc
    if not isinstance(document, dict):
        raise UnavailableError("ORCID answers what makes no sense.")
    return document
