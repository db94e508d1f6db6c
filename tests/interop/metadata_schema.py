#!/usr/bin/env python3
"""Holds metadata against its schema: what `saml-verify sp-metadata` prints, and the documents in `testdata/metadata`.

    metadata_schema.py BINARY

The schema is the one that python3-saml brings along, the validator lxml. A document that breaks a rule on purpose must be found, so
that a validator that finds nothing is no proof.
"""

import itertools
import pathlib
import subprocess
import sys

import onelogin.saml2
from lxml import etree

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = pathlib.Path(onelogin.saml2.__file__).parent / "schemas" / "saml-schema-metadata-2.0.xsd"
KEYS = ROOT / "testdata/auth0/keys"
BASE = ["--sp-entity-id", "urn:portal", "--acs-url", "https://portal.example/acs?a=1&b=2"]
# Each of them with and without, in every combination.
CHOICES = [
    ["--acs-url", "https://portal.example/old"],
    ["--slo-url", "https://portal.example/slo"],
    ["--signing-cert", KEYS / "sp-sign-rsa2048.pem", "--signing-cert", KEYS / "sp-encrypt-rsa4096.pem"],
    ["--encryption-cert", KEYS / "sp-encrypt-rsa2048.pem"],
    ["--name-id-format", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"],
    ["--attribute", "mail", "--required-attribute", "urn:oid:1.2", "--service-name", "Portal & <more>"],
    ["--authn-requests-signed", "--want-assertions-signed"],
    ["--valid-until", "2027-01-01T00:00:00Z", "--cache-duration", "3600"],
    ["--signing-key", KEYS / "sp-sign-rsa2048.key"],
]


def printed(binary, options):
    command = [binary, "sp-metadata", *BASE, *map(str, options)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def main():
    binary = sys.argv[1]
    schema = etree.XMLSchema(etree.parse(str(SCHEMA)))
    documents = {}
    for chosen in itertools.product([False, True], repeat=len(CHOICES)):
        options = [option for choice, taken in zip(CHOICES, chosen) if taken for option in choice]
        documents[" ".join(map(str, options)) or "nothing"] = printed(binary, options)
    for file in [*sorted((ROOT / "testdata/metadata").glob("*.xml")), ROOT / "testdata/auth0/metadata.xml"]:
        documents[file.name] = file.read_bytes()
    wrong = 0
    for name, document in documents.items():
        tree = etree.fromstring(document)
        # Their types are those of WS-Federation, whose schema is not here.
        for role in tree.findall("{urn:oasis:names:tc:SAML:2.0:metadata}RoleDescriptor"):
            tree.remove(role)
        if not schema.validate(tree):
            wrong += 1
            print(f"{name}: {schema.error_log.last_error}")
    for fault in [
        (b" entityID=", b" entityId="),
        (b"protocolSupportEnumeration", b"protocols"),
        (b"<md:SPSSODescriptor", b"<md:Organization></md:Organization><md:SPSSODescriptor"),
        (b"index=", b"place="),
    ]:
        broken = printed(binary, []).replace(*fault)
        assert not schema.validate(etree.fromstring(broken)), f"the validator takes {fault}"
    print(f"metadata against its schema: {len(documents)} documents, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
