"""Membership in a FreeIPA domain, and the trust in the domain's certificate authority."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operation import Remark, operation, roots_of
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "ipa-client"
REASON = "one host's membership in a domain"
AUTHORITIES = (
    "/etc/ipa/ca.crt",
    "/etc/pki/ca-trust/source/ipa.p11-kit",
    "/etc/pki/ca-trust/source/anchors/ipa-ca.crt",
    "/usr/local/share/ca-certificates/ipa-ca.crt",
)
FILES = (*AUTHORITIES, "/etc/ipa/default.conf", "/var/lib/ipa-client/sysrestore/*", "/var/lib/ipa-client/pki/*")
# What update-ca-certificates and update-ca-trust made of the anchors: certificates one after the other.
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/email-ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/objsign-ca-bundle.pem",
)
SINGLE = ("/etc/ssl/certs/*", "/etc/pki/ca-trust/extracted/pem/directory-hash/*")
# The same in formats that are not edited here.
OTHERS = (
    "/etc/ssl/certs/java/cacerts",
    "/etc/pki/ca-trust/extracted/java/cacerts",
    "/etc/pki/ca-trust/extracted/edk2/cacerts.bin",
    "/etc/pki/ca-trust/extracted/openssl/ca-bundle.trust.crt",
)
CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
# In RHEL's bundles the name of an authority stands before it.
ENTRY = re.compile(
    rb"(?:^#[^\n]*\n)?-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----\n?\n?", re.DOTALL | re.MULTILINE
)
LIMIT = 16 << 20


def _remarks(view: View) -> Iterator[Remark]:
    """Stores of Java, EDK II and OpenSSL, which only their own tools rewrite."""
    if _authorities(view):
        for entry in view.find(*OTHERS):
            message = (
                "may still trust the domain's authority: run update-ca-trust or update-ca-certificates in a script"
            )
            yield Remark(NAME, entry.path, message)


@operation(
    NAME,
    covers="membership in a FreeIPA domain, and its certificate authority in the trust stores",
    roots=(*roots_of(FILES), "/etc/ssl/certs", "/etc/pki/ca-trust/extracted"),
    upstream="virt-sysprep ipa-client",
    severity=Severity.ERROR,
    remarks=_remarks,
)
def plan(view: View) -> Iterator[Change]:
    """Upstream refreshes the trust store by a program of the guest. Here the authority is taken out of the bundles that
    such a program made, and the links to it go; a store in another format is named in a note.
    """
    authorities = _authorities(view)
    yield from view.remove_matching(FILES, NAME, REASON)
    if not authorities:
        return
    for entry in view.find(*BUNDLES):
        content = view.read(entry.path, LIMIT) if entry.is_regular else None
        if content is not None:
            kept = ENTRY.sub(lambda found: b"" if _body(found[1]) in authorities else found[0], content)
            yield from view.rewrite(entry, kept, NAME, "trusts the authority of a domain that the clone is not in")
    for entry in view.find(*SINGLE):
        if entry.path not in BUNDLES and not entry.is_directory and _bodies(view, entry.path) & authorities:
            yield from view.remove(entry, NAME, "trusts the authority of a domain that the clone is not in")


def _authorities(view: View) -> frozenset[bytes]:
    """The certificates in the files that go."""
    going = [path for path in AUTHORITIES if path in view.index and not view.spares(path)]
    return frozenset(body for path in going for body in _bodies(view, path))


def _bodies(view: View, path: str) -> frozenset[bytes]:
    return frozenset(_body(found) for found in CERTIFICATE.findall(view.read(path) or b""))


def _body(text: bytes) -> bytes:
    return b"".join(text.split())
