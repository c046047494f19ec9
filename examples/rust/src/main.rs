// SPDX-License-Identifier: GPL-2.0-only

//! A monitoring agent on netlink-sys, from uapi/tapdrop.yaml: prints what was
//! lost since the last look, once in an interval, and what a device still lost
//! when it ended. It goes on when the module is unloaded, and when it is there
//! again.
//!
//! usage: agent [MILLISECONDS [LOOKS]]

mod netlink;

use netlink::{attr, number, text, Attrs, Genl, NLM_F_DUMP};
use std::collections::HashMap;
use std::io::Result;
use std::os::unix::io::AsRawFd;
use std::time::{Duration, Instant};

// Of the spec.
const CMD_STATS_GET: u8 = 1;
const CMD_DEL_NTF: u8 = 3;
const CMD_REASON_GET: u8 = 4;
const STATS_IFINDEX: u16 = 1;
const STATS_IFNAME: u16 = 2;
const STATS_QUEUE_ID: u16 = 5;
const STATS_TO_USER: u16 = 6;
const STATS_FROM_USER: u16 = 7;
const STATS_SCOPE: u16 = 8;
const SCOPE_QUEUE: u32 = 2;
const STATS_COVERAGE: u16 = 14;
const COVERAGE_NONE: u64 = 3;
const COUNTER_REASON: u16 = 1;
const COUNTER_PACKETS: u16 = 2;
const REASON_ID: u16 = 1;
const REASON_NAME: u16 = 2;

/// What a message of stats-get, or of the group, says.
#[derive(Default)]
struct Stats {
    ifindex: u64,
    name: Option<String>,
    queue: Option<u64>,
    /// Nobody counts what the device loses.
    uncounted: bool,
    /// Direction, reason, packets.
    cells: Vec<(u16, u64, u64)>,
}

impl Stats {
    fn parse(attrs: &[u8]) -> Stats {
        let mut stats = Stats::default();
        for (kind, data) in Attrs(attrs) {
            match kind {
                STATS_IFINDEX => stats.ifindex = number(data),
                STATS_IFNAME => stats.name = Some(text(data)),
                STATS_QUEUE_ID => stats.queue = Some(number(data)),
                STATS_COVERAGE => stats.uncounted = number(data) == COVERAGE_NONE,
                STATS_TO_USER | STATS_FROM_USER => {
                    let value = |wanted| {
                        Attrs(data)
                            .find(|&(kind, _)| kind == wanted)
                            .map_or(0, |(_, data)| number(data))
                    };
                    let cell = (kind, value(COUNTER_REASON), value(COUNTER_PACKETS));
                    stats.cells.push(cell);
                }
                _ => {}
            }
        }
        stats
    }
}

/// Sockets for requests and for events, and the kernel's names of the reasons.
struct Source {
    requests: Genl,
    events: Genl,
    reasons: HashMap<u64, String>,
}

impl Source {
    /// Joins the group before the first dump, so that no device is missed in
    /// between.
    fn open() -> Result<Source> {
        let requests = Genl::open("tapdrop", 1)?;
        let mut events = Genl::open("tapdrop", 1)?;
        events.join()?;
        let mut reasons = HashMap::new();
        for message in requests.ask(CMD_REASON_GET, NLM_F_DUMP, &[])? {
            let (mut id, mut name) = (0, String::new());
            for (kind, data) in Attrs(&message.attrs) {
                match kind {
                    REASON_ID => id = number(data),
                    REASON_NAME => name = text(data),
                    _ => {}
                }
            }
            reasons.insert(id, name);
        }
        Ok(Source { requests, events, reasons })
    }
}

/// Remembers what every counter said.
#[derive(Default)]
struct Agent {
    source: Option<Source>,
    names: HashMap<u64, String>,
    counters: HashMap<(u64, Option<u64>, u16, u64), u64>,
}

fn print(name: &str, queue: Option<u64>, direction: u16, reason: &str, packets: u64) {
    let queue = queue.map_or("none".to_string(), |n| n.to_string());
    let direction = match direction {
        STATS_TO_USER => "to-user",
        _ => "from-user",
    };
    println!("{} queue={} {} {} +{}", name, queue, direction, reason, packets);
}

impl Agent {
    /// Print what is new in a message.
    fn note(&mut self, stats: &Stats, reasons: &HashMap<u64, String>) {
        if let Some(name) = &stats.name {
            if stats.uncounted && !self.names.contains_key(&stats.ifindex) {
                println!("{} is not counted", name);
            }
            self.names.insert(stats.ifindex, name.clone());
        }
        let name = match stats.ifindex {
            0 => "-",
            index => self.names.get(&index).map_or("?", |name| name),
        };
        for &(direction, reason, now) in &stats.cells {
            let key = (stats.ifindex, stats.queue, direction, reason);
            let was = self.counters.insert(key, now).unwrap_or(0);
            if now != was {
                // Less than before: the index is another device's by now.
                let new = if now > was { now - was } else { now };
                let words = reasons.get(&reason).map_or("?", |name| name);
                print(name, stats.queue, direction, words, new);
            }
        }
    }

    /// The device has ended, and its index may be given to another.
    fn forget(&mut self, ifindex: u64) {
        self.names.remove(&ifindex);
        self.counters.retain(|key, _| key.0 != ifindex);
    }

    fn look(&mut self, source: &Source) -> Result<()> {
        let wanted = attr(STATS_SCOPE, &SCOPE_QUEUE.to_ne_bytes());
        for message in source.requests.ask(CMD_STATS_GET, NLM_F_DUMP, &wanted)? {
            self.note(&Stats::parse(&message.attrs), &source.reasons);
        }
        Ok(())
    }

    /// Take the events of an interval. One without queue-id ends a set.
    fn listen(&mut self, source: &Source, interval: Duration) -> Result<()> {
        let end = Instant::now() + interval;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            let mut fd = libc::pollfd {
                fd: source.events.socket.as_raw_fd(),
                events: libc::POLLIN,
                revents: 0,
            };
            // One millisecond more, so as not to spin in the last one.
            unsafe { libc::poll(&mut fd, 1, left.as_millis() as i32 + 1) };
            for message in source.events.receive()? {
                let stats = Stats::parse(&message.attrs);
                self.note(&stats, &source.reasons);
                let ended = message.command == CMD_DEL_NTF && stats.queue.is_none();
                // One that nobody counts any more lives, and so do its counters.
                if ended && !stats.uncounted {
                    self.forget(stats.ifindex);
                }
            }
        }
        Ok(())
    }

    fn step(&mut self, interval: Duration) -> Result<()> {
        let source = match self.source.take() {
            Some(source) => source,
            None => Source::open()?,
        };
        self.look(&source)?;
        self.listen(&source, interval)?;
        self.source = Some(source);
        Ok(())
    }
}

fn main() {
    let mut words = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let interval = Duration::from_millis(words.next().map_or(1000, |n| n.unwrap_or(1000)));
    let looks = words.next().and_then(|n| n.ok());
    let mut agent = Agent::default();
    let mut look = 0;
    while looks.map_or(true, |looks| look < looks) {
        if let Err(error) = agent.step(interval) {
            // Perhaps the module is not there; the next step begins anew.
            eprintln!("agent: {}", error);
            std::thread::sleep(interval);
        }
        look += 1;
    }
}
