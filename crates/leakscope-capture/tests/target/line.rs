//! A line between a client and a server that does whatever lines do.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use leakscope_capture::gdb::packet::{Decoder, Received, encode};

use crate::server::connect;

/// What a line does to what the server says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    /// Each byte is a piece of its own.
    pub(crate) splits: bool,
    /// The first copy of every packet with a number divisible by this is damaged. (The server is then made to
    /// acknowledge.)
    pub(crate) damages: Option<usize>,
    /// This text, and a sign of life, come before every packet.
    pub(crate) talks: Option<&'static str>,
    /// After so many packets, the connection ends in the middle of the next one.
    pub(crate) dies_after: Option<usize>,
    /// Another connection can then be made, which lasts.
    pub(crate) returns: bool,
    /// After so many packets, nothing comes any more.
    pub(crate) silent_after: Option<usize>,
}

impl Line {
    /// Connects to `server`; where a client finds the line's other end.
    pub(crate) fn to(self, server: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            self.carry(listener.accept().unwrap().0, server);
            if self.returns {
                let line = Self {
                    dies_after: None,
                    ..self
                };
                line.carry(listener.accept().unwrap().0, server);
            }
        });
        address
    }

    fn carry(self, client: TcpStream, server: SocketAddr) {
        client.set_nodelay(true).unwrap();
        let server = connect(server);
        let last = Arc::new(Mutex::new(Vec::new()));
        let (up, down) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let again = Arc::clone(&last);
        thread::spawn(move || forward(down, up, &again));
        self.answer(server, client, &last);
    }

    fn answer(self, mut server: TcpStream, mut client: TcpStream, last: &Mutex<Vec<u8>>) {
        let mut decoder = Decoder::default();
        let mut bytes = [0; 512];
        let mut count = 0;
        while let Ok(length @ 1..) = server.read(&mut bytes) {
            for &byte in &bytes[..length] {
                let Some(Received::Packet {
                    payload: Some(payload),
                    ..
                }) = decoder.push(byte)
                else {
                    if !decoder.is_inside() && byte == b'+' {
                        self.say(&mut client, b"+");
                    }
                    continue;
                };
                count += 1;
                let packet = encode(&self.amend(payload));
                if self.dies_after.is_some_and(|after| count > after) {
                    self.say(&mut client, &packet[..packet.len() - 1]);
                    let _ = client.shutdown(Shutdown::Both);
                    return;
                }
                if self.silent_after.is_some_and(|after| count > after) {
                    continue;
                }
                if let Some(text) = self.talks {
                    self.say(&mut client, &encode(b"O"));
                    let mut packet = "O".to_owned();
                    for byte in text.bytes() {
                        write!(packet, "{byte:02x}").unwrap();
                    }
                    self.say(&mut client, &encode(packet.as_bytes()));
                }
                last.lock().unwrap().clone_from(&packet);
                let mut sent = packet;
                if self.damages.is_some_and(|every| count % every == 0) {
                    // The last digit of its sum.
                    *sent.last_mut().unwrap() ^= 1;
                }
                self.say(&mut client, &sent);
            }
        }
        let _ = client.shutdown(Shutdown::Both);
    }

    /// Who damages packets must have them acknowledged.
    fn amend(self, payload: Vec<u8>) -> Vec<u8> {
        if self.damages.is_none() {
            return payload;
        }
        let text = String::from_utf8_lossy(&payload).into_owned();
        text.replace("QStartNoAckMode+", "QStartNoAckMode-")
            .into_bytes()
    }

    fn say(self, client: &mut TcpStream, bytes: &[u8]) {
        let pieces = if self.splits { 1 } else { bytes.len() };
        for piece in bytes.chunks(pieces) {
            // A client that has gone hears nothing.
            let _ = client.write_all(piece);
        }
    }
}

/// What the client says, but for what is meant for the line: to say the last packet again.
fn forward(mut client: TcpStream, mut server: TcpStream, last: &Mutex<Vec<u8>>) {
    let mut decoder = Decoder::default();
    let mut bytes = [0; 512];
    while let Ok(length @ 1..) = client.read(&mut bytes) {
        let mut said = Vec::new();
        for &byte in &bytes[..length] {
            let is_outside = !decoder.is_inside();
            let received = decoder.push(byte);
            if is_outside && received == Some(Received::Rejected) {
                let _ = client.write_all(&last.lock().unwrap());
                continue;
            }
            said.push(byte);
        }
        let _ = server.write_all(&said);
    }
    let _ = server.shutdown(Shutdown::Both);
}
