// The example `examples/axum-sp` in headless Chromium, with Redis: every page that a user can meet, over loopback alone.
//
//   node browser.js EXAMPLE [FOLDER]    the program to start, and where screenshots go
//
// The service is `localhost` and the identity provider `127.0.0.1`: two sites, so that cookies are held back as between a service
// and Auth0. Prints one line for each check, and how many held. What was started is stopped at the end.

'use strict';

const assert = require('assert');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const { spawn } = require('child_process');
const { chromium } = require('playwright-core');

const SENTENCE = 'The login could not be verified. Please try again or contact your administrator.';
const LOGOUT_SENTENCE = 'You may still be logged in elsewhere. Please close your browser, or contact your administrator.';
const USER = 'ada@example.com';
const PENDING = '__Host-saml-pending';
const SESSION = '__Host-session';
const LOGOUT = '__Host-saml-logout';
const testdata = path.join(__dirname, '..', '..', 'testdata');

const [program, screenshots] = process.argv.slice(2);
/// What ends what was started.
const ends = [];
let passed = 0;
let log = '';

function check(what, actual, expected) {
  assert.deepStrictEqual(actual, expected, what);
  passed += 1;
  console.log(`ok ${passed} ${what}`);
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/// Starts a program, and waits until it listens.
async function start(command, args, port) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  ends.push(() => stop(child));
  let failed;
  child.on('error', (error) => (failed = error));
  child.stderr.on('data', (data) => (log += data));
  for (let tries = 0; tries < 200; tries += 1) {
    if (failed || child.exitCode !== null) throw failed || new Error(`${command} ended: ${log}`);
    const there = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.end());
    });
    if (there) return child;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${command} does not listen on ${port}: ${log}`);
}

function stop(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.on('exit', resolve);
    child.kill('SIGKILL');
  });
}

/// npm samlp as the identity provider of that service: its URL.
function startSamlp(service) {
  const child = spawn('node', ['--no-deprecation', path.join(__dirname, 'idp.js'), service], { stdio: ['pipe', 'pipe', 'inherit'] });
  ends.push(() => stop(child));
  return new Promise((resolve, reject) => {
    child.on('exit', () => reject(new Error('samlp ended')));
    child.stdout.once('data', (line) => resolve(`http://127.0.0.1:${String(line).trim()}`));
  });
}

/// What its administrator would send: one binding for logout.
function samlpMetadata(url, scene) {
  const certificate = fs.readFileSync(path.join(testdata, 'auth0', 'keys', 'idp-rsa2048.pem'), 'utf8').replace(/-----.*-----/g, '');
  const binding = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-';
  const [logout, way] = scene === 'redirect' ? ['Redirect', 'redirect'] : ['POST', 'post'];
  return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:samlp:${scene}">
    <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
    <SingleLogoutService Binding="${binding}${logout}" Location="${url}/logout/${scene}/${way}"/>
    <SingleSignOnService Binding="${binding}Redirect" Location="${url}/login/${scene}"/>
    </IDPSSODescriptor></EntityDescriptor>`;
}

async function main() {
  const [spPort, idpPort, redisPort] = [await freePort(), await freePort(), await freePort()];
  const sp = `http://localhost:${spPort}`;
  const idp = `http://127.0.0.1:${idpPort}`;
  const acs = `${sp}/saml/acs`;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'saml-redis-'));
  const redisArguments = ['--bind', '127.0.0.1', '--port', redisPort, '--save', '', '--appendonly', 'no', '--dir', folder];
  const startRedis = () => start('redis-server', redisArguments.map(String), redisPort);
  let redis = await startRedis();
  const options = { listen: `127.0.0.1:${spPort}`, 'base-url': sp, 'test-idp': `127.0.0.1:${idpPort}` };
  const args = Object.entries({ ...options, redis: `redis://127.0.0.1:${redisPort}/` }).flatMap(([name, value]) => [`--${name}`, value]);
  await start(program, args, spPort);

  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
  ends.push(() => browser.close());

  /// What a browser's own person sees: cookies of their own, and what was posted to the service.
  const person = async (more) => {
    const context = await browser.newContext(more);
    context.setDefaultTimeout(15000);
    const posts = [];
    context.on('request', (request) => {
      if (request.method() === 'POST' && request.url() === acs) posts.push(request.postData());
    });
    return { context, posts, tab: () => context.newPage() };
  };
  const shoot = async (page, name) => {
    if (screenshots) await page.screenshot({ path: path.join(screenshots, `${name}.png`) });
  };
  const logIn = async (page, { user = USER, fault = '' } = {}) => {
    await page.fill('[name=user]', user);
    await page.selectOption('[name=fault]', fault);
    await page.click('button');
    await page.waitForURL((url) => url.origin === sp);
  };
  const user = (page) => page.locator('#user').textContent({ timeout: 5000 });
  const cookie = async (context, name) => (await context.cookies(sp)).find((one) => one.name === name);

  /// The refusal that a page shows: its reference number leads to the code in the log.
  const refusal = async (page, sentence = SENTENCE) => {
    assert.strictEqual(await page.locator('p').first().textContent(), sentence);
    const reference = await page.locator('code').textContent();
    // The line may come a little behind the page.
    for (let tries = 0; tries < 40; tries += 1) {
      const line = log.split('\n').slice(0, -1).find((one) => one.includes(`"${reference}"`));
      if (line) return (line.match(/code="(\w+)"/) || [])[1];
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return undefined;
  };
  /// A page of the identity provider's site that somebody else wrote.
  const elsewhere = async (page, body) => {
    await page.route(`${idp}/elsewhere`, (route) => route.fulfill({ contentType: 'text/html', body }));
    await page.goto(`${idp}/elsewhere`);
  };
  /// Posts a form from there, as a browser does that was made to.
  const post = async (context, samlResponse) => {
    const page = await context.newPage();
    await elsewhere(page, `<form method="post" action="${acs}"><input name="SAMLResponse" value="${samlResponse}"><button>Go</button></form>`);
    const arrived = page.waitForResponse((response) => response.url() === acs);
    await page.click('button');
    const response = await arrived;
    await page.waitForURL((url) => url.origin === sp);
    await page.waitForLoadState();
    return { page, status: response.status() };
  };
  /// Logs out at the service, and comes back from the identity provider.
  const logOut = async (page) => {
    await page.click('button');
    await page.waitForURL((url) => url.pathname.startsWith('/saml/slo/'));
    await page.waitForSelector('h1:text("Logged out")');
  };
  const samlResponse = (body) => new URLSearchParams(body).get('SAMLResponse');

  // A login that starts at the service.
  const ada = await person();
  const problems = [];
  const page = await ada.tab();
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.goto(sp);
  await shoot(page, '1-home');
  await page.click('text=acme');
  check('the login leads to the other site', new URL(page.url()).origin, idp);
  await shoot(page, '2-identity-provider');
  const pending = await cookie(ada.context, PENDING);
  check('the pending request is in a cookie for other sites', [pending.sameSite, pending.secure, pending.httpOnly], ['None', true, true]);
  const answered = page.waitForResponse((response) => response.url() === acs);
  await logIn(page);
  check('the answer is followed by 303', (await answered).status(), 303);
  check('the user is logged in', [await user(page), await page.locator('#tenant').textContent()], [USER, 'acme']);
  await shoot(page, '3-logged-in');
  const session = await cookie(ada.context, SESSION);
  check('the session is in a cookie of this site', [session.sameSite, session.secure, session.httpOnly], ['Lax', true, true]);
  check('no Content-Security-Policy was violated', problems, []);
  await page.reload();
  await page.goBack();
  await page.goForward();
  check('reload, back and forward post nothing', [ada.posts.length, await user(page)], [1, USER]);

  // The answer once more.
  const again = await post(ada.context, samlResponse(ada.posts[0]));
  check('an answer to a request that was answered is refused', [again.status, await refusal(again.page)], [400, 'in_response_to_mismatch']);
  await shoot(again.page, '4-refused');
  await ada.context.addCookies([pending]);
  const replayed = await post(ada.context, samlResponse(ada.posts[0]));
  check('with the cookie of then it is a replay', [replayed.status, await refusal(replayed.page)], [403, 'replayed']);
  const eve = await person();
  const stolen = await post(eve.context, samlResponse(ada.posts[0]));
  check('in another browser it answers nothing', [stolen.status, await refusal(stolen.page)], [400, 'in_response_to_mismatch']);
  await page.goto(sp);
  await logOut(page);
  await page.goto(sp);
  check('who logs out is logged out', [await page.locator('h1').textContent(), (await cookie(ada.context, SESSION))?.value], ['Log in', undefined]);

  // Two tabs, which end the other way round.
  const [first, second] = [await ada.tab(), await ada.tab()];
  await first.goto(`${sp}/login/acme?return_to=/?tab=1`);
  await second.goto(`${sp}/login/globex?return_to=/?tab=2`);
  await logIn(second, { user: 'second@example.com' });
  check('the second tab returns to where it was', [second.url(), await user(second)], [`${sp}/?tab=2`, 'second@example.com']);
  await logIn(first, { user: 'first@example.com' });
  check('so does the first', [first.url(), await user(first)], [`${sp}/?tab=1`, 'first@example.com']);
  await first.goto(`${sp}/login/acme?return_to=//attacker.example/`);
  check('it returns to no other host', await refusal(first), 'invalid_request_value');

  // A login that starts at the identity provider.
  const bob = await person();
  const portal = await bob.tab();
  await portal.goto(`${idp}/acme`);
  await shoot(portal, '5-identity-provider-first');
  await portal.click('button');
  await portal.waitForURL(/SAMLRequest=/);
  check('a login that nobody asked for begins one of our own', await cookie(bob.context, SESSION), undefined);
  await logIn(portal, { user: '<b>bob</b> & co' });
  check('which logs in', await user(portal), '<b>bob</b> & co');

  // Whatever is wrong with an answer, the page is the same.
  const faults = await (async () => {
    const login = await bob.tab();
    await login.goto(`${sp}/login/acme`);
    const values = await login.locator('option').evaluateAll((all) => all.map((one) => one.value));
    return values.filter(Boolean);
  })();
  check('there are faults to choose from', faults.length, 11);
  for (const fault of faults) {
    const broken = await bob.tab();
    await broken.goto(`${sp}/login/acme`);
    await logIn(broken, { fault });
    const code = fault === 'issuer_mismatch' ? 'unknown_identity_provider' : fault;
    check(`refused: ${code}`, await refusal(broken), code);
    await broken.close();
  }
  const late = await person();
  const slow = await late.tab();
  await slow.goto(`${sp}/login/acme`);
  await late.context.clearCookies();
  await logIn(slow);
  check('an answer whose request is forgotten is refused', await refusal(slow), 'in_response_to_mismatch');

  // Tenants.
  await slow.goto(`${sp}/login/initech`);
  check('there is no login for an unknown tenant', await refusal(slow), 'unknown_tenant');
  await shoot(slow, '6-unknown-tenant');
  await slow.goto(`${idp}/initech`);
  await logIn(slow);
  check('nor from one', await refusal(slow), 'unknown_identity_provider');

  // SameSite: what the cookie of the pending request must be, and what that of the session may be.
  const sameSite = async (value) => {
    const one = await person();
    const tab = await one.tab();
    await tab.goto(`${sp}/login/acme`);
    await one.context.addCookies([{ ...(await cookie(one.context, PENDING)), sameSite: value }]);
    return { one, tab };
  };
  for (const value of ['Lax', 'Strict']) {
    const { tab } = await sameSite(value);
    await logIn(tab);
    check(`a pending request in a ${value} cookie does not arrive`, await refusal(tab), 'in_response_to_mismatch');
  }
  const { tab: near } = await sameSite('Lax');
  await near.goto(near.url().replace('//127.0.0.1:', '//localhost:'));
  await logIn(near);
  check('unless the identity provider is of the same site', await user(near), USER);
  const { tab: quick } = await sameSite(undefined);
  await logIn(quick);
  check('a cookie without SameSite arrives while it is new', await user(quick), USER);
  const { tab: far, one: cara } = await sameSite('None');
  await logIn(far);
  check('in a None cookie it does', await user(far), USER);
  for (const [value, expected] of [['Lax', 'Logged in'], ['Strict', 'Log in']]) {
    const kept = await cookie(cara.context, SESSION);
    await cara.context.addCookies([{ ...kept, sameSite: value }]);
    await elsewhere(far, `<a href="${sp}/">to the service</a>`);
    await far.click('a');
    await far.waitForURL((url) => url.origin === sp);
    check(`a session in a ${value} cookie, behind a link on another site`, await far.title(), expected);
  }

  // Single logout: it starts at the service, or at the identity provider; by redirect with the one tenant, by POST with the other.
  for (const tenant of ['acme', 'globex']) {
    const method = tenant === 'acme' ? 'GET' : 'POST';
    const [here, there] = [`${sp}/saml/slo/${tenant}`, `${idp}/${tenant}/logout`];
    const [one, other] = [await person(), await person()];
    const sent = [];
    one.context.on('request', (request) => {
      const [url] = request.url().split('?');
      if ([here, there].includes(url)) sent.push({ method: request.method(), url, query: request.url().slice(url.length), body: request.postData() });
    });
    const ways = (all) => all.map(({ method, url }) => `${method} ${url}`);
    /// Brings a message once more, or another in its place: the code of the refusal.
    const again = async (message, to, change = (text) => text) => {
      if (method === 'GET') {
        await tab.goto(to + change(message.query));
      } else {
        const fields = [...new URLSearchParams(message.body)].map(([name, value]) => [name, name === 'RelayState' ? value : change(value)]);
        const inputs = fields.map(([name, value]) => `<input name="${name}" value="${value}">`).join('');
        await elsewhere(tab, `<form method="post" action="${to}">${inputs}<button>Go</button></form>`);
        await tab.click('button');
        await tab.waitForURL((url) => url.origin === sp);
      }
      return refusal(tab, LOGOUT_SENTENCE);
    };
    const [tab, bystander] = [await one.tab(), await other.tab()];
    const violations = [];
    tab.on('console', (message) => message.type() === 'error' && violations.push(message.text()));
    await bystander.goto(`${sp}/login/${tenant}`);
    await logIn(bystander, { user: 'bystander@example.com' });

    await tab.goto(`${sp}/login/${tenant}`);
    await logIn(tab);
    await elsewhere(bystander, `<form method="post" action="${sp}/logout"><button>Go</button></form>`);
    await bystander.click('button');
    await bystander.waitForURL((url) => url.origin === sp);
    check(`${tenant}: another site cannot log anybody out`, await user(bystander), 'bystander@example.com');

    const kept = await cookie(one.context, SESSION);
    await logOut(tab);
    const outgoing = sent.splice(0);
    check(`${tenant}: a logout here goes there and comes back`, ways(outgoing), [`${method} ${there}`, `${method} ${here}`]);
    check(`${tenant}: and is told`, await tab.locator('p').first().textContent(), 'You are logged out, here and at your employer.');
    await shoot(tab, `9-logged-out-${tenant}`);
    const left = [await cookie(one.context, SESSION), await cookie(one.context, LOGOUT)];
    check(`${tenant}: no cookie is left of it`, left, [undefined, undefined]);
    await one.context.addCookies([kept]);
    await tab.goto(sp);
    check(`${tenant}: nor is the session, for a cookie that somebody kept`, await tab.title(), 'Log in');
    check(`${tenant}: an answer is taken once`, await again(outgoing[1], here), 'no_logout_pending');

    await tab.goto(`${sp}/login/${tenant}`);
    await logIn(tab);
    sent.splice(0);
    await tab.goto(there);
    await tab.waitForSelector('h1:text("Logged out")');
    check(`${tenant}: a logout there comes here and goes back`, [new URL(tab.url()).origin, ways(sent)],
      [idp, [`GET ${there}`, `${method} ${here}`, `${method} ${there}`]]);
    await tab.goto(sp);
    check(`${tenant}: the session here is over`, await tab.title(), 'Log in');
    await bystander.goto(sp);
    check(`${tenant}: that of another user goes on`, await user(bystander), 'bystander@example.com');
    check(`${tenant}: no Content-Security-Policy was violated`, violations.filter((text) => !text.includes('status of 400')), []);

    // The message of the identity provider once more, at the other tenant, and changed.
    const request = sent.find(({ url }) => url === here);
    const elsewhereUrl = `${sp}/saml/slo/${tenant === 'acme' ? 'globex' : 'acme'}`;
    check(`${tenant}: a request is taken once`, await again(request, here), 'replayed');
    check(`${tenant}: and not from another tenant`, await again(request, elsewhereUrl), 'issuer_mismatch');
    const edited = (text) => Buffer.from(Buffer.from(text, 'base64').toString().replace(USER, 'bystander@example.com')).toString('base64');
    const change = method === 'GET' ? (query) => `${query}&RelayState=x` : edited;
    check(`${tenant}: nor changed`, await again(request, here, change), method === 'GET' ? 'untrusted_key' : 'digest_mismatch');
    const unsigned = (text) => Buffer.from(Buffer.from(text, 'base64').toString().replace(/<ds:Signature.*<\/ds:Signature>/s, '')).toString('base64');
    const strip = method === 'GET' ? (query) => query.replace(/&Signature=.*/, '') : unsigned;
    check(`${tenant}: nor unsigned`, await again(request, here, strip), method === 'GET' ? 'missing_parameter' : 'unsigned');
    await bystander.goto(sp);
    check(`${tenant}: nothing of that ended a session`, await user(bystander), 'bystander@example.com');
  }

  // The same with npm samlp, Auth0's own package.
  const portalPort = await freePort();
  const portal2 = `http://localhost:${portalPort}`;
  const samlp = await startSamlp(portal2);
  const files = ['redirect', 'post', 'partial-post'].map((scene) => {
    const file = path.join(folder, `${scene}.xml`);
    fs.writeFileSync(file, samlpMetadata(samlp, scene));
    return ['--tenant', `${scene}=${file}`];
  });
  const key = ['--signing-key', path.join(testdata, 'signing', 'rsa2048.pkcs8.pem')];
  await start(program, ['--listen', `127.0.0.1:${portalPort}`, '--base-url', portal2, ...files.flat(), ...key], portalPort);
  const sessionsLeft = async (scene) => (await (await fetch(`${samlp}/sessions/${scene}`)).json()).sessions;
  for (const scene of ['redirect', 'post', 'partial-post']) {
    const method = scene === 'redirect' ? 'GET' : 'POST';
    const guest = await person();
    const tab = await guest.tab();
    const here = `${portal2}/saml/slo/${scene}`;
    const ways = [];
    guest.context.on('request', (request) => request.url().split('?')[0] === here && ways.push(request.method()));
    const enter = async () => {
      await tab.goto(`${portal2}/login/${scene}`);
      await tab.waitForURL(`${portal2}/`);
      return [await user(tab), await sessionsLeft(scene)];
    };
    check(`samlp, ${scene}: a login`, await enter(), ['auth0|64f0c2a17d9e4b0012ab34cd', 1]);
    await logOut(tab);
    const told = scene === 'partial-post' ? 'You are logged out here, but not everywhere. Close the browser to be sure.' : 'You are logged out, here and at your employer.';
    check(`samlp, ${scene}: a logout that starts at the service`, [await tab.locator('p').first().textContent(), await sessionsLeft(scene), ways.splice(0)], [told, 0, [method]]);
    await enter();
    await tab.goto(`${samlp}/logout/${scene}/${method === 'GET' ? 'redirect' : 'post'}`);
    await tab.waitForFunction(() => document.body && document.body.textContent.trim() === '200');
    check(`samlp, ${scene}: a logout that starts at the identity provider`, [await sessionsLeft(scene), ways.splice(0)], [0, [method]]);
    await tab.goto(portal2);
    check(`samlp, ${scene}: it ends the session at the service`, await tab.title(), 'Log in');
  }

  // Redis.
  const dora = await person();
  const unlucky = await dora.tab();
  await unlucky.goto(`${sp}/login/acme`);
  await stop(redis);
  const began = Date.now();
  await logIn(unlucky);
  check('without Redis there is no login', await refusal(unlucky), 'replay_store_unavailable');
  check('and it is said within ten seconds', Date.now() - began < 10000, true);
  await shoot(unlucky, '7-no-redis');
  check('nor a session', await cookie(dora.context, SESSION), undefined);
  redis = await startRedis();
  await unlucky.goto(`${sp}/login/acme`);
  await logIn(unlucky);
  check('it recovers', await user(unlucky), USER);
  await unlucky.goto(`${sp}/login/acme`);
  redis.kill('SIGSTOP');
  const asked = Date.now();
  await logIn(unlucky);
  check('nor is there one while Redis does not answer', await refusal(unlucky), 'replay_store_unavailable');
  check('which is said within ten seconds, too', Date.now() - asked < 10000, true);
  redis.kill('SIGCONT');
  await unlucky.goto(`${sp}/login/acme`);
  await logIn(unlucky);
  check('and it recovers from that', await user(unlucky), USER);

  // Without scripts.
  const old = await person({ javaScriptEnabled: false });
  const plain = await old.tab();
  await plain.goto(`${sp}/login/acme`);
  await plain.fill('[name=user]', USER);
  await plain.click('button');
  await shoot(plain, '8-without-scripts');
  await plain.click('button');
  await plain.waitForURL((url) => url.origin === sp);
  check('a login without scripts takes one more press of a button', await user(plain), USER);

  // What is no page.
  const get = await fetch(acs);
  check('the ACS takes POST alone', get.status, 405);
  const metadata = await fetch(`${sp}/saml/metadata`);
  check('metadata is there', [metadata.headers.get('content-type'), (await metadata.text()).includes(`Location="${acs}"`)], ['application/samlmetadata+xml', true]);
  const personal = [USER, 'second@example.com', 'bob</b>', samlResponse(ada.posts[0]).slice(0, 60)];
  check('the log has neither a name nor a message', personal.filter((one) => log.includes(one)), []);
}

main()
  .then(() => console.log(`${passed} checks held`))
  .catch((error) => {
    console.error(error);
    console.error(log.split('\n').slice(-12).join('\n'));
    process.exitCode = 1;
  })
  .finally(async () => {
    for (const end of ends.reverse()) await end();
  });
