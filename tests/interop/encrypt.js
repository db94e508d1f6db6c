// What two packages of npm encrypt for us: `xml-encryption`, and `saml`, with which Auth0 makes assertions.
//
// Reads {"plaintext", "certificate", "publicKey", "saml": {…}} on standard input, and prints [{"name", "xml"}]: an EncryptedData for each
// cipher and digest, and an EncryptedAssertion for each cipher.

'use strict';

const fs = require('fs');
const { Saml20 } = require('saml');
const xmlenc = require('xml-encryption');

const XENC = 'http://www.w3.org/2001/04/xmlenc#';
const XENC11 = 'http://www.w3.org/2009/xmlenc11#';
const CIPHERS = ['aes128-gcm', 'aes256-gcm', 'aes128-cbc', 'aes256-cbc', 'tripledes-cbc'];
const uri = (cipher) => (cipher.endsWith('gcm') ? XENC11 : XENC) + cipher;

const input = JSON.parse(fs.readFileSync(0, 'utf8'));
const insecure = { disallowEncryptionWithInsecureAlgorithm: false, warnInsecureAlgorithm: false };

const answer = (name, run) =>
  new Promise((resolve, reject) => run((error, xml) => (error ? reject(new Error(`${name}: ${error}`)) : resolve({ name, xml }))));

const encrypted = (cipher, transport, digest) =>
  answer(`xml-encryption ${cipher} ${transport} ${digest}`, (done) =>
    xmlenc.encrypt(input.plaintext, {
      ...insecure,
      rsa_pub: input.publicKey,
      pem: input.certificate,
      encryptionAlgorithm: uri(cipher),
      keyEncryptionAlgorithm: XENC + transport,
      keyEncryptionDigest: digest,
    }, done));

const made = (cipher, signed) =>
  answer(`saml ${cipher} ${signed ? 'signed' : 'unsigned'}`, (done) => {
    const options = {
      ...input.saml,
      encryptionCert: Buffer.from(input.certificate),
      encryptionPublicKey: Buffer.from(input.publicKey),
      encryptionAlgorithm: uri(cipher),
      keyEncryptionAlgorithm: XENC + 'rsa-oaep-mgf1p',
      disallowEncryptionWithInsecureAlgorithm: false,
      warnOnInsecureEncryptionAlgorithm: false,
    };
    if (signed) {
      Saml20.create(options, done);
    } else {
      Saml20.createUnsignedAssertion(options, done);
    }
  });

(async () => {
  const answers = [];
  for (const cipher of CIPHERS) {
    for (const digest of ['sha1', 'sha256', 'sha512']) {
      answers.push(await encrypted(cipher, 'rsa-oaep-mgf1p', digest));
    }
    answers.push(await encrypted(cipher, 'rsa-1_5', 'sha1'));
    answers.push(await made(cipher, true), await made(cipher, false));
  }
  process.stdout.write(JSON.stringify(answers));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
