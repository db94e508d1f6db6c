//! The stores in Redis, against a real server on a free port of this machine.
//!
//! Where `redis-server` is not installed these tests are ignored: `cargo test --test redis -- --ignored` runs them. `.ci/run` does.

#![cfg(all(feature = "internals", feature = "redis", feature = "test-idp"))]

use std::error::Error as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant, SystemTime};

use saml_verify::internals::replay_key;
use saml_verify::test_idp::{TestIdp, check_async_replay_store, check_replay_store};
use saml_verify::{
    AsyncRedisPendingRequests, AsyncRedisReplayStore, AuthnRequest, Error, Expect, IdentityProvider, Login, PendingRequest,
    RedisPendingRequests, RedisReplayStore, RedisStoreError, ReplayError, ReplayStore, ServiceProvider, Verified, Verifier,
};

/// A server without persistence, which ends with the test.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(options: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start_on(port, options)
    }

    fn start_on(port: u16, options: &[&str]) -> Self {
        // A folder of its own: what a replica leaves in a common one is what the next server starts with.
        let folder = format!("{}/redis-{port}", env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(&folder).unwrap();
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--dir", &folder, "--dbfilename", &format!("{}.rdb", std::process::id())])
            .args(options)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let server = Self { process, port };
        let started = Instant::now();
        // A server that asks for a password does not answer commands.
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(10), "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn client(&self) -> redis::Client {
        redis::Client::open(format!("redis://127.0.0.1:{}/", self.port)).unwrap()
    }

    fn store(&self) -> RedisReplayStore {
        RedisReplayStore::new(self.client())
    }

    fn command(&self, words: &[&str]) -> redis::RedisResult<redis::Value> {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(word);
        }
        command.query(&mut self.client().get_connection()?)
    }

    fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The present: the server has a clock of its own.
fn now() -> SystemTime {
    SystemTime::now()
}

/// A login that was verified and not claimed yet, of an assertion of that ID's number.
fn verified(id: u32) -> Verified {
    let idp = TestIdp::new("urn:test:idp");
    let id = format!("_{id}");
    let field = idp.response("urn:test:sp", "https://sp.example/acs", now()).assertion_id(&id).to_form_field();
    let sp = ServiceProvider::new("urn:test:sp", "https://sp.example/acs").unwrap();
    let verifier = Verifier::new(sp, IdentityProvider::new("urn:test:idp", idp.trusted_keys()).unwrap());
    verifier.verify_post(&field, Expect::Unsolicited, now()).unwrap()
}

/// Why the store could not be relied upon.
fn reason(claimed: Result<Login, Error>) -> String {
    let error = claimed.unwrap_err();
    assert_eq!((error.stage(), error.code()), ("replay", "replay_store_unavailable"));
    error.source().expect("the store's error").downcast_ref::<RedisStoreError>().expect("of Redis").to_string()
}

#[test]
#[ignore = "needs redis-server"]
fn both_stores_keep_the_contract() {
    let server = Server::start(&[]);
    assert_eq!(check_replay_store(&server.store(), "blocking", SystemTime::now()), Ok(()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let connection = server.client().get_multiplexed_async_connection().await.unwrap();
        let store = AsyncRedisReplayStore::new(connection);
        assert_eq!(check_async_replay_store(&store, "async", SystemTime::now()).await, Ok(()));
        // They share what they know.
        assert!(verified(1).claim_async(&store).await.is_ok());
    });
    assert_eq!(verified(1).claim(&server.store()).unwrap_err(), ReplayError::Replayed.into());
    assert!(verified(1).claim(&server.store().prefix("another service:")).is_ok());
}

#[test]
#[ignore = "needs redis-server"]
fn the_server_forgets_by_itself_once_the_assertion_has_expired() {
    let server = Server::start(&[]);
    verified(1).claim(&server.store()).unwrap();
    let redis::Value::Array(keys) = server.command(&["KEYS", "saml:used:*"]).unwrap() else { panic!("an array") };
    let redis::Value::BulkString(key) = &keys[0] else { panic!("a string") };
    let redis::Value::Int(left) = server.command(&["PTTL", std::str::from_utf8(key).unwrap()]).unwrap() else {
        panic!("a number")
    };
    // An hour, the largest clock skew, and as much again for clocks that differ.
    assert!(keys.len() == 1 && (4_190_000..=4_200_000).contains(&left), "{left}");
}

#[test]
#[ignore = "needs redis-server"]
fn a_server_that_is_away_refuses_and_works_again_when_it_is_back() {
    let mut server = Server::start(&[]);
    let store = server.store().timeout(Duration::from_millis(500));
    verified(1).claim(&store).unwrap();
    server.stop();
    assert!(reason(verified(2).claim(&store)).starts_with("Redis: "));
    let _back = Server::start_on(server.port, &[]);
    verified(2).claim(&store).unwrap();
    assert_eq!(verified(2).claim(&store).unwrap_err(), ReplayError::Replayed.into());
    // What the server lost is lost: that is what the documentation says of one without persistence.
    assert!(verified(1).claim(&store).is_ok());
}

#[test]
#[ignore = "needs redis-server"]
fn a_replica_a_server_that_may_evict_and_one_that_is_full_refuse() {
    let primary = Server::start(&[]);
    let replica = Server::start(&["--replicaof", "127.0.0.1", &primary.port.to_string()]);
    assert_eq!(
        reason(verified(1).claim(&replica.store())),
        "Redis: the server is a replica and takes no writes; connect to the primary"
    );
    let evicting = Server::start(&["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"]);
    assert_eq!(
        reason(verified(1).claim(&evicting.store())),
        "Redis: maxmemory-policy is allkeys-lru, so the server may forget keys early; it must be noeviction"
    );
    // The policy may change while the service runs.
    evicting.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).unwrap();
    let store = evicting.store();
    verified(2).claim(&store).unwrap();
    evicting.command(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]).unwrap();
    assert!(reason(verified(3).claim(&store)).contains("volatile-lru"));
    let full = Server::start(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]);
    assert!(reason(verified(1).claim(&full.store())).to_lowercase().contains("maxmemory"));
    let locked = Server::start(&["--requirepass", "secret-of-the-server"]);
    let refused = reason(verified(1).claim(&RedisReplayStore::new(locked.client())));
    assert!(!refused.contains("secret"), "{refused}");
}

#[test]
#[ignore = "needs redis-server"]
fn required_replicas_must_confirm() {
    let primary = Server::start(&[]);
    let store = primary.store().require_replicas(1, Duration::from_millis(200));
    assert_eq!(reason(verified(1).claim(&store)), "Redis: 0 of 1 required replicas confirmed the write in time");
    let _replica = Server::start(&["--replicaof", "127.0.0.1", &primary.port.to_string()]);
    let mut id = 2;
    // The replica needs a moment to catch up. Each try uses its assertion up.
    while verified(id).claim(&store).is_err() {
        assert!(id < 100, "the replica does not confirm");
        id += 1;
    }
}

/// Answers every connection with the same octets, whatever was asked.
fn liar(answer: &'static [u8]) -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(8) {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) && stream.write_all(answer).is_ok() {}
            });
        }
    });
    port
}

#[test]
fn a_wrong_answer_is_no_acceptance() {
    for answer in [
        &b"+OK\r\n"[..],
        b"+OK\r\n+OK\r\n",
        b"$12\r\nmaxmemory:0\n\r\n:1\r\n",
        b"$12\r\nmaxmemory:0\n\r\n+QUEUED\r\n",
        b"-ERR no\r\n-ERR no\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\0\0\0\0",
        b"",
    ] {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}/", liar(answer))).unwrap();
        let store = RedisReplayStore::new(client).timeout(Duration::from_millis(100));
        let refused = reason(verified(1).claim(&store));
        assert!(refused.starts_with("Redis: "), "{}: {refused}", String::from_utf8_lossy(answer));
    }
}

/// A step that takes longer than it may is a refusal, whatever the answer would have been.
#[test]
fn a_late_answer_is_no_acceptance() {
    let late = || {
        Scripted::start(|_| {
            std::thread::sleep(Duration::from_millis(500));
            TAKEN
        })
    };
    let refused = reason(verified(1).claim(&late().store().timeout(Duration::from_millis(50))));
    assert!(refused.starts_with("Redis: "), "{refused}");
    assert!(verified(1).claim(&late().store().timeout(PATIENCE)).is_ok());
}

/// A connection that answered is used again. One that turns out to be closed is replaced at once; one that answers with an error is not.
#[test]
fn a_claim_is_sent_once_more_only_where_its_connection_was_closed() {
    let claim = |store: &RedisReplayStore, id: &str| store.claim(&replay_key("urn:idp", id), now() + LIFETIME, now());
    for (second, claimed, connections) in [(TAKEN, true, 1), ("", true, 2), ("-ERR no\r\n-ERR no\r\n", false, 1)] {
        let server = Scripted::start(move |number| if number == 1 { second } else { TAKEN });
        let store = server.store().timeout(PATIENCE);
        assert_eq!(claim(&store, "_0"), Ok(()));
        assert_eq!(claim(&store, "_1").is_ok(), claimed, "{second:?}");
        assert_eq!(server.connections.load(Ordering::SeqCst), connections, "{second:?}");
    }
}

/// As many threads as claim at a time have a connection each; sixteen of these are kept.
#[test]
fn a_bounded_number_of_connections_is_kept() {
    const THREADS: usize = 20;
    let all_ask = Barrier::new(THREADS);
    let server = Scripted::start(move |_| {
        all_ask.wait();
        TAKEN
    });
    let store = server.store().timeout(PATIENCE);
    for connections in [THREADS, THREADS + THREADS - 16] {
        std::thread::scope(|scope| {
            for number in 0..THREADS {
                let (store, key) = (&store, replay_key("urn:idp", &format!("_{number}")));
                scope.spawn(move || assert!(store.claim(&key, now() + LIFETIME, now()).is_ok()));
            }
        });
        assert_eq!(server.connections.load(Ordering::SeqCst), connections);
    }
}

const LIFETIME: Duration = Duration::from_secs(3600);
/// Longer than any machine takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a server answers that took a claim.
const TAKEN: &str = "$12\r\nmaxmemory:0\n\r\n+OK\r\n";

/// A server that answers the claims as it is told, and counts its connections.
struct Scripted {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Scripted {
    /// What is answered to each claim, by how many came before it; where that is nothing, the connection is closed.
    fn start(answer: impl Fn(usize) -> &'static str + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, connections) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let (accepted, script) = (Arc::clone(&connections), Arc::new((answer, AtomicUsize::new(0))));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                accepted.fetch_add(1, Ordering::SeqCst);
                let script = Arc::clone(&script);
                std::thread::spawn(move || Self::serve(stream.unwrap(), || script.0(script.1.fetch_add(1, Ordering::SeqCst))));
            }
        });
        Self { port, connections }
    }

    fn serve(mut stream: TcpStream, answer: impl Fn() -> &'static str) {
        use std::io::{Read as _, Write as _};
        let (mut asked, mut octets) = (String::new(), [0; 4096]);
        while let Ok(read @ 1..) = stream.read(&mut octets) {
            asked.push_str(&String::from_utf8_lossy(&octets[..read]));
            let answered = if asked.contains("\r\nPX\r\n") {
                answer()
            } else if asked.matches("SETINFO").count() == 2 {
                // What a client says of itself when it connects.
                "+OK\r\n+OK\r\n"
            } else {
                continue;
            };
            asked.clear();
            if answered.is_empty() || stream.write_all(answered.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn store(&self) -> RedisReplayStore {
        RedisReplayStore::new(redis::Client::open(format!("redis://127.0.0.1:{}/", self.port)).unwrap())
    }
}

/// The number of the assertion for which this process races, when it is one of the two.
const RACES: &str = "SAML_VERIFY_TEST_RACES";

/// Two processes race for the same assertions, 10,000 times: exactly one wins each.
#[test]
#[ignore = "needs redis-server"]
fn two_processes_race_and_one_wins_each() {
    if let Ok(port) = std::env::var(RACES) {
        return race(&port);
    }
    let server = Server::start(&[]);
    let racers: Vec<Child> = (0..2)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--ignored", "--exact", "two_processes_race_and_one_wins_each", "--nocapture"])
                .env(RACES, server.port.to_string())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut won = vec![0; 10_000];
    for racer in racers {
        let output = racer.wait_with_output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let numbers = text.lines().find_map(|line| line.split_once("won:")).expect("the races that were won").1;
        numbers.split_whitespace().for_each(|number| won[number.parse::<usize>().unwrap()] += 1);
    }
    let wrong: Vec<_> = won.iter().enumerate().filter(|(_, winners)| **winners != 1).collect();
    assert!(wrong.is_empty(), "{} races without exactly one winner: {wrong:?}", wrong.len());
}

/// One of the two: claims every assertion once, and prints which claims succeeded.
fn race(port: &str) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}/")).unwrap();
    let store = RedisReplayStore::new(client);
    let won = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let id = NEXT.fetch_add(1, Ordering::Relaxed);
                    if id >= 10_000 {
                        return;
                    }
                    let key = replay_key("urn:test:idp", &format!("_{id}"));
                    match store.claim(&key, now() + Duration::from_secs(3600), now()) {
                        Ok(()) => won.lock().unwrap().push(id.to_string()),
                        Err(ReplayError::Replayed) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    println!("won: {}", won.into_inner().unwrap().join(" "));
}

/// As many requests as are asked for, which expire after that time.
fn requests(count: usize, lifetime: Duration) -> Vec<PendingRequest> {
    let keys = TestIdp::new("urn:test:idp").trusted_keys();
    let idp = IdentityProvider::new("urn:test:idp", keys).unwrap().single_sign_on_url("https://idp.example/sso").unwrap();
    let sp = ServiceProvider::new("urn:test:sp", "https://sp.example/acs").unwrap();
    let request = || AuthnRequest::new(&sp, &idp).unwrap().valid_for(lifetime).return_to("/reports");
    (0..count).map(|_| request().redirect(SystemTime::now()).unwrap().pending).collect()
}

#[test]
#[ignore = "needs redis-server"]
fn a_pending_request_is_taken_once_by_whichever_process_asks_first() {
    let server = Server::start(&[]);
    let store = || RedisPendingRequests::new(server.client());
    let all = requests(500, Duration::from_secs(600));
    all.iter().for_each(|request| store().put(request, SystemTime::now()).unwrap());
    let first = store();
    assert_eq!(first.take(all[0].id()).unwrap().as_ref(), Some(&all[0]));
    assert_eq!(first.take(all[0].id()).unwrap(), None);
    assert_eq!(first.take("_00000000000000000000000000000000").unwrap(), None);
    assert!(store().prefix("another service:").take(all[1].id()).unwrap().is_none());
    // Two that have nothing but the server in common take the rest.
    let taken: usize = std::thread::scope(|scope| {
        let take = || all.iter().filter(|request| store().take(request.id()).unwrap().is_some()).count();
        let racers = [scope.spawn(take), scope.spawn(take)];
        racers.into_iter().map(|racer| racer.join().unwrap()).sum()
    });
    assert_eq!(taken, 499);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = AsyncRedisPendingRequests::new(server.client().get_multiplexed_async_connection().await.unwrap());
        store.put(&all[0], SystemTime::now()).await.unwrap();
        assert_eq!(store.take(all[0].id()).await.unwrap().as_ref(), Some(&all[0]));
        assert_eq!(store.take(all[0].id()).await.unwrap(), None);
    });
}

#[test]
#[ignore = "needs redis-server"]
fn a_server_that_is_away_or_takes_no_writes_never_says_that_none_is_pending() {
    let mut server = Server::start(&[]);
    let store = RedisPendingRequests::new(server.client()).timeout(Duration::from_millis(500));
    let request = &requests(1, Duration::from_secs(600))[0];
    store.put(request, SystemTime::now()).unwrap();
    let twice = store.put(request, SystemTime::now()).unwrap_err().to_string();
    assert!(twice.contains("pending already"), "{twice}");
    let replica = Server::start(&["--replicaof", "127.0.0.1", &server.port.to_string()]);
    let on_replica = RedisPendingRequests::new(replica.client());
    assert!(matches!(on_replica.take(request.id()), Err(RedisStoreError::ReadOnly)));
    assert!(matches!(on_replica.put(request, SystemTime::now()), Err(RedisStoreError::ReadOnly)));
    server.stop();
    assert!(matches!(store.take(request.id()), Err(RedisStoreError::Failed { .. })));
    assert!(matches!(store.put(request, SystemTime::now()), Err(RedisStoreError::Failed { .. })));
    let evicting = Server::start(&["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"]);
    let refused = RedisPendingRequests::new(evicting.client()).put(request, SystemTime::now());
    assert!(matches!(refused, Err(RedisStoreError::MayEvict { .. })));
}

#[test]
#[ignore = "needs redis-server"]
fn ten_thousand_pending_requests_expire_by_themselves() {
    let server = Server::start(&[]);
    let store = RedisPendingRequests::new(server.client());
    let all = requests(10_000, Duration::from_secs(20));
    all.iter().for_each(|request| store.put(request, SystemTime::now()).unwrap());
    let count = || match server.command(&["DBSIZE"]).unwrap() {
        redis::Value::Int(count) => count,
        other => panic!("{other:?}"),
    };
    assert_eq!(count(), 10_000);
    let last = all[9_999].expires_at();
    while count() > 0 {
        assert!(SystemTime::now() < last + Duration::from_secs(30), "{} are left", count());
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(store.take(all[0].id()).unwrap(), None);
}

#[test]
fn a_wrong_answer_is_no_pending_request() {
    for answer in [&b"+OK\r\n"[..], b":1\r\n", b"$1\r\n1\r\n", b"-ERR no\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\0\0\0\0", b""] {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}/", liar(answer))).unwrap();
        let store = RedisPendingRequests::new(client).timeout(Duration::from_millis(100));
        let taken = store.take("_00112233445566778899aabbccddeeff");
        assert!(taken.is_err(), "{}: {taken:?}", String::from_utf8_lossy(answer));
    }
}
