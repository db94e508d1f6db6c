// Auth0's own package as an identity provider on loopback. Prints its port, and stops with its standard input.
//
//   node idp.js [SERVICE]    the base URL of `examples/axum-sp`, if it is that service whose sessions end
//
//   /parse/none    what samlp reads in a request, which need not be signed
//   /parse/CERT    the same, where it must be signed by testdata/signing/CERT.cert.pem
//   /samlp/assertion, /samlp/response    answers a request, with this part signed
//   /logout/SCENE/BINDING    single logout by redirect or by post; a SCENE has one session at our service, and where its name starts
//                            with "partial", the identity provider fails to end its own
//   /login/SCENE    logs in at the service SERVICE, where a SCENE is a tenant: a session of it begins

'use strict';

const express = require('express');
const fs = require('fs');
const path = require('path');
const samlp = require('samlp');

const testdata = path.join(__dirname, '..', '..', 'testdata');
const read = (...names) => fs.readFileSync(path.join(testdata, ...names), 'utf8');

const ISSUER = 'urn:acme-dev.us.auth0.com';
const user = {
  id: 'auth0|64f0c2a17d9e4b0012ab34cd',
  displayName: 'Ada Lovelace',
  name: { familyName: 'Lovelace', givenName: 'Ada' },
  emails: [{ value: 'ada@example.com' }],
};

const app = express();
app.use(express.urlencoded({ extended: false }));

app.all('/parse/:certificate', (req, res) => {
  const { certificate } = req.params;
  const options = certificate === 'none' ? {} : { signingCert: read('signing', `${certificate}.cert.pem`) };
  const relayState = (req.query || {}).RelayState || (req.body || {}).RelayState;
  try {
    samlp.parseRequest(req, options, (error, data) => {
      res.json(error ? { error: String(error.message || error) } : { data, relayState, query: req.query });
    });
  } catch (error) {
    res.json({ error: String(error.message || error) });
  }
});

app.all('/samlp/:signed', (req, res, next) => {
  samlp.auth({
    issuer: ISSUER,
    cert: read('auth0', 'keys', 'idp-rsa2048.pem'),
    key: read('auth0', 'keys', 'idp-rsa2048.key'),
    signResponse: req.params.signed === 'response',
    signAssertion: req.params.signed === 'assertion',
    signingCert: req.query.signed ? read('signing', 'rsa2048.cert.pem') : undefined,
    // As Auth0 does it: what the request names, where it is allowed.
    destination: 'https://portal.example.com/saml/acs',
    recipient: 'https://portal.example.com/saml/acs',
    getUserFromRequest: () => user,
    getPostURL: (audience, dom, request, callback) =>
      callback(null, dom.documentElement.getAttribute('AssertionConsumerServiceURL')),
  })(req, res, next);
});

const service = process.argv[2];
const issuer = (scene) => (service ? `urn:samlp:${scene}` : ISSUER);
const scenes = new Map();
let logins = 0;

/// A session at the service, as `samlp` remembers it.
const participant = (scene, sessionIndex) => ({
  serviceProviderId: service ? `${service}/saml/metadata` : 'urn:example:sp:portal',
  nameId: user.id,
  nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
  sessionIndex,
  serviceProviderLogoutURL: service ? `${service}/saml/slo/${scene}` : 'https://portal.example.com/saml/slo',
  cert: read('signing', 'rsa2048.cert.pem'),
});

function scene(name) {
  if (!scenes.has(name)) {
    const states = new Map();
    const store = {
      save: (req, state, done) => { const handle = `state-${states.size}`; states.set(handle, state); done(null, handle); },
      load: (req, handle, options, done) => (done || options)(null, states.get(handle)),
      update: (req, handle, state, done) => { states.set(handle, state); done(null); },
    };
    scenes.set(name, { store, participants: service ? [] : [participant(name, '_session-1')] });
  }
  return scenes.get(name);
}

app.all('/login/:scene', (req, res, next) => {
  logins += 1;
  const sessionIndex = `_login-${logins}`;
  scene(req.params.scene).participants.push(participant(req.params.scene, sessionIndex));
  samlp.auth({
    issuer: issuer(req.params.scene),
    cert: read('auth0', 'keys', 'idp-rsa2048.pem'),
    key: read('auth0', 'keys', 'idp-rsa2048.key'),
    destination: `${service}/saml/acs`,
    recipient: `${service}/saml/acs`,
    sessionIndex,
    getUserFromRequest: () => user,
    getPostURL: (audience, dom, request, callback) => callback(null, `${service}/saml/acs`),
  })(req, res, next);
});

app.all('/logout/:scene/:binding', (req, res, next) => {
  const { store, participants } = scene(req.params.scene);
  // The package looks into a body also where there is none.
  req.body = req.body || {};
  samlp.logout({
    issuer: issuer(req.params.scene),
    cert: read('auth0', 'keys', 'idp-rsa2048.pem'),
    key: read('auth0', 'keys', 'idp-rsa2048.key'),
    deflate: true,
    protocolBinding: req.params.binding === 'redirect' ? 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect' : undefined,
    signatureAlgorithm: 'rsa-sha256',
    digestAlgorithm: 'sha256',
    store,
    sessionParticipants: {
      get: (issuer, indexes, name, done) => done(null, participants.find((one) =>
        one.serviceProviderId === issuer && one.nameId === name && (indexes || []).includes(one.sessionIndex))),
      hasElements: () => participants.length > 0,
      getFirst: (done) => done(null, participants[0]),
      remove: (issuer, index, name, done) => {
        const place = participants.findIndex((one) => one.serviceProviderId === issuer && one.sessionIndex === index && one.nameId === name);
        done(null, place < 0 ? undefined : participants.splice(place, 1)[0]);
      },
    },
    clearIdPSession: (done) => done(req.params.scene.startsWith('partial') ? new Error('no') : undefined),
  })(req, res, next);
});

// What is left of a scene.
app.get('/sessions/:scene', (req, res) => res.json({ sessions: scene(req.params.scene).participants.length }));

// The last word on what a request was refused for.
app.use((error, req, res, next) => res.status(400).json({ error: String(error.message || error) }));

const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
