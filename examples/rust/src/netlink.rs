// SPDX-License-Identifier: GPL-2.0-only

//! Generic netlink messages and attributes, on a socket of netlink-sys.

use netlink_sys::{protocols::NETLINK_GENERIC, Socket, SocketAddr};
use std::convert::TryInto;
use std::io::{Error, ErrorKind, Result};

/// The most that the kernel puts into one datagram of a dump.
const RECEIVE_SIZE: usize = 32768;
/// How often to begin again when devices come and go during a dump.
const ATTEMPTS: usize = 5;

const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NLM_F_ACK: u16 = 0x4;
pub const NLM_F_DUMP: u16 = 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_MIN_TYPE: u16 = 16;
const NLMSG_HDRLEN: usize = 16;
const GENL_HDRLEN: usize = 4;

const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const CTRL_ATTR_MCAST_GROUPS: u16 = 7;
const CTRL_ATTR_MCAST_GRP_ID: u16 = 2;

/// A message without its headers.
pub struct Message {
    pub command: u8,
    pub attrs: Vec<u8>,
}

/// Attributes: type, without flags, and payload.
pub struct Attrs<'a>(pub &'a [u8]);

impl<'a> Iterator for Attrs<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let len = u16::from_ne_bytes(self.0.get(..2)?.try_into().ok()?) as usize;
        let kind = u16::from_ne_bytes(self.0.get(2..4)?.try_into().ok()?) & 0x3fff;
        let data = self.0.get(4..len)?;
        self.0 = self.0.get(align(len)..).unwrap_or(&[]);
        Some((kind, data))
    }
}

fn align(len: usize) -> usize {
    (len + 3) & !3
}

/// A number of 2, 4 or 8 bytes; a uint of the spec has as many as it needs.
pub fn number(data: &[u8]) -> u64 {
    match data.len() {
        2 => u16::from_ne_bytes(data.try_into().unwrap()).into(),
        4 => u32::from_ne_bytes(data.try_into().unwrap()).into(),
        8 => u64::from_ne_bytes(data.try_into().unwrap()),
        _ => 0,
    }
}

pub fn text(data: &[u8]) -> String {
    let end = data.iter().position(|&b| b == 0).unwrap_or(data.len());
    String::from_utf8_lossy(&data[..end]).into_owned()
}

pub fn attr(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut out = ((data.len() + 4) as u16).to_ne_bytes().to_vec();
    out.extend_from_slice(&kind.to_ne_bytes());
    out.extend_from_slice(data);
    out.resize(align(out.len()), 0);
    out
}

fn malformed() -> Error {
    Error::new(ErrorKind::InvalidData, "a message is malformed")
}

/// What came in one datagram, until the answer is complete or for good.
struct Part {
    messages: Vec<Message>,
    complete: bool,
    disturbed: bool,
}

/// NLMSG_ERROR and NLMSG_DONE begin with an errno, which is 0 or negative.
fn check_errno(payload: &[u8]) -> Result<()> {
    let code = payload.get(..4).map_or(0, number) as u32 as i32;
    match code {
        0 => Ok(()),
        _ => Err(Error::from_raw_os_error(-code)),
    }
}

fn parse(mut data: &[u8]) -> Result<Part> {
    let mut part = Part { messages: vec![], complete: false, disturbed: false };
    while !data.is_empty() {
        let len = data.get(..4).map_or(0, number) as usize;
        if len < NLMSG_HDRLEN || len > data.len() {
            return Err(malformed());
        }
        let kind = number(&data[4..6]) as u16;
        let flags = number(&data[6..8]) as u16;
        let payload = &data[NLMSG_HDRLEN..len];
        part.disturbed |= flags & NLM_F_DUMP_INTR != 0;
        match kind {
            NLMSG_ERROR | NLMSG_DONE => {
                check_errno(payload)?;
                part.complete = true;
            }
            kind if kind < NLMSG_MIN_TYPE => {}
            _ if payload.len() < GENL_HDRLEN => return Err(malformed()),
            _ => part.messages.push(Message {
                command: payload[0],
                attrs: payload[GENL_HDRLEN..].to_vec(),
            }),
        }
        data = data.get(align(len)..).unwrap_or(&[]);
    }
    Ok(part)
}

/// A socket, and the family if it is there.
pub struct Genl {
    pub socket: Socket,
    family: u16,
    version: u8,
    group: u32,
}

impl Genl {
    pub fn open(name: &str, version: u8) -> Result<Genl> {
        let mut socket = Socket::new(NETLINK_GENERIC)?;
        socket.bind_auto()?;
        let mut genl = Genl { socket, family: GENL_ID_CTRL, version, group: 0 };
        let mut name = name.as_bytes().to_vec();
        name.push(0);
        let wanted = attr(CTRL_ATTR_FAMILY_NAME, &name);
        let answer = genl.ask(CTRL_CMD_GETFAMILY, NLM_F_ACK, &wanted).map_err(|error| {
            match error.kind() {
                ErrorKind::NotFound => Error::new(ErrorKind::NotFound, "the kernel has no such family"),
                _ => error,
            }
        })?;
        for message in &answer {
            genl.learn(&message.attrs);
        }
        Ok(genl)
    }

    fn learn(&mut self, attrs: &[u8]) {
        for (kind, data) in Attrs(attrs) {
            match kind {
                CTRL_ATTR_FAMILY_ID => self.family = number(data) as u16,
                CTRL_ATTR_MCAST_GROUPS => {
                    for (kind, data) in Attrs(data).flat_map(|group| Attrs(group.1)) {
                        if kind == CTRL_ATTR_MCAST_GRP_ID {
                            self.group = number(data) as u32;
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// From now on, receive() gets what the family tells everybody.
    pub fn join(&mut self) -> Result<()> {
        self.socket.add_membership(self.group)
    }

    fn receive_part(&self, flags: i32) -> Result<Part> {
        let mut buffer = Vec::with_capacity(RECEIVE_SIZE);
        self.socket.recv(&mut buffer, flags)?;
        parse(&buffer)
    }

    /// What has come, or nothing.
    pub fn receive(&self) -> Result<Vec<Message>> {
        match self.receive_part(libc::MSG_DONTWAIT) {
            Ok(part) => Ok(part.messages),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(vec![]),
            Err(error) => Err(error),
        }
    }

    fn ask_once(&self, command: u8, flags: u16, attrs: &[u8]) -> Result<Part> {
        let len = (NLMSG_HDRLEN + GENL_HDRLEN + attrs.len()) as u32;
        let mut request = len.to_ne_bytes().to_vec();
        request.extend_from_slice(&self.family.to_ne_bytes());
        request.extend_from_slice(&(NLM_F_REQUEST | flags).to_ne_bytes());
        request.extend_from_slice(&[0; 8]);
        request.extend_from_slice(&[command, self.version, 0, 0]);
        request.extend_from_slice(attrs);
        self.socket.send_to(&request, &SocketAddr::new(0, 0), 0)?;

        let mut all = Part { messages: vec![], complete: false, disturbed: false };
        while !all.complete {
            let part = self.receive_part(0)?;
            all.messages.extend(part.messages);
            all.complete = part.complete;
            all.disturbed |= part.disturbed;
        }
        Ok(all)
    }

    /// A request, with NLM_F_DUMP or NLM_F_ACK so that the answer has an end.
    pub fn ask(&self, command: u8, flags: u16, attrs: &[u8]) -> Result<Vec<Message>> {
        let mut part = self.ask_once(command, flags, attrs)?;
        for _ in 1..ATTEMPTS {
            if !part.disturbed {
                break;
            }
            part = self.ask_once(command, flags, attrs)?;
        }
        Ok(part.messages)
    }
}
