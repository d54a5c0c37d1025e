//! A device for tests: the real recorder at the far end of a link, with the handshake that the link has.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::platform::Clock;
use leakscope_recorder::sink::uart::Handshake;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Level, Recorder, Task};

/// A board with a program that leaks 24 bytes in each round of its loop.
pub struct Board {
    stream: Stream<Leakscope<4>, Microseconds, { 256 * 1024 }>,
    round: usize,
}

/// A hundred microseconds pass with each look.
#[derive(Debug, Default)]
pub struct Microseconds(AtomicU32);

impl Clock for Microseconds {
    fn now(&self) -> u32 {
        self.0.fetch_add(100, Ordering::Relaxed)
    }

    fn hz(&self) -> u32 {
        1_000_000
    }
}

const HEAP: usize = 0x2000_0000;
const LEAKING: [usize; 2] = [0x0800_1235, 0x0800_2001];
const CLEAN: [usize; 2] = [0x0800_1401, 0x0800_2001];

impl Board {
    /// Switched on, and not yet recording.
    pub fn new() -> Box<Self> {
        let board = Box::new(Self {
            stream: Stream::new(),
            round: 0,
        });
        let config = Config::new("the test's device")
            .device("host")
            .heap(HEAP, 0x10_0000);
        board.stream.init(Microseconds::default(), config);
        board.stream.task(&Task::new(0x100, 1, b"main"));
        board
    }

    /// Takes what the host said.
    pub fn hear(&self, commands: &[u8]) {
        self.stream.receive(commands);
    }

    pub fn is_recording(&self) -> bool {
        self.stream.is_recording()
    }

    /// This many rounds of its loop: each leaks a block and frees another; every tenth is logged.
    pub fn work(&mut self, rounds: usize) {
        for _ in 0..rounds {
            let kept = Block {
                address: HEAP + self.round * 32,
                size: 24,
            };
            let freed = Block {
                address: HEAP + 0xF_0000,
                size: 100,
            };
            self.stream.alloc(kept, Origin::Frames(&LEAKING));
            self.stream.alloc(freed, Origin::Frames(&CLEAN));
            self.stream.free(freed, Origin::Frames(&CLEAN));
            if self.round.is_multiple_of(10) {
                self.stream.print(Level::Log, b"ten rounds");
            }
            self.round += 1;
        }
    }

    /// Whether there is anything in its buffer.
    pub fn has_something_to_send(&self) -> bool {
        let mut has_something = false;
        let Ok(_) = self.stream.drain(0, &mut |_: &[u8]| {
            has_something = true;
            0
        });
        has_something
    }

    /// What is in its buffer.
    pub fn sent(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Ok(_) = self.stream.drain(0, &mut |part: &[u8]| {
            bytes.extend_from_slice(part);
            part.len()
        });
        bytes
    }

    /// A whole trace, from the start to the stop.
    pub fn trace(rounds: usize) -> Vec<u8> {
        let mut board = Self::new();
        board.hear(&[1]);
        board.work(rounds);
        board.hear(&[2]);
        board.sent()
    }
}

/// How a device answers its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    /// "SystemView via IP".
    Ip,
    /// "SystemView via UART".
    Uart,
    /// Commands and packets, nothing else.
    Plain,
}

/// What is at the board's end of a link.
pub struct Firmware<L> {
    pub board: Box<Board>,
    link: L,
    manners: Manners,
    uart: Handshake,
    /// All packets that were sent.
    pub sent: Vec<u8>,
}

impl<L: Read + Write> Firmware<L> {
    pub fn new(link: L, manners: Manners) -> Self {
        Self::of(Board::new(), link, manners)
    }

    /// A board that has run before.
    pub fn of(board: Box<Board>, link: L, manners: Manners) -> Self {
        Self {
            board,
            link,
            manners,
            uart: Handshake::new(),
            sent: Vec::new(),
        }
    }

    /// Listens until the host has said START, and the start sequence is to be sent.
    pub fn wait_for_start(&mut self) -> io::Result<()> {
        if self.manners == Manners::Ip {
            let mut hello = [0; 32];
            self.link.read_exact(&mut hello)?;
            assert!(hello.starts_with(b"SEGGER SystemView V"), "{hello:?}");
            let answer = *b"SEGGER SystemView V3.32.00\0\0\0\0\0\0";
            self.link.write_all(&answer)?;
        }
        while !self.board.has_something_to_send() {
            self.listen()?;
        }
        Ok(())
    }

    /// Listens until the host has said STOP.
    pub fn wait_for_stop(&mut self) -> io::Result<()> {
        while self.board.is_recording() {
            self.listen()?;
        }
        self.send()
    }

    /// Takes one thing that the host says.
    pub fn listen(&mut self) -> io::Result<()> {
        let mut byte = [0];
        self.link.read_exact(&mut byte)?;
        match self.manners {
            Manners::Ip => {
                let mut commands = vec![0; usize::from(byte[0])];
                self.link.read_exact(&mut commands)?;
                self.board.hear(&commands);
            }
            Manners::Uart => match self.uart.push(byte[0]) {
                Some(Ok(command)) => self.board.hear(&[command]),
                Some(Err(answer)) => self.link.write_all(&answer)?,
                None => {}
            },
            Manners::Plain => self.board.hear(&byte),
        }
        Ok(())
    }

    /// Works, and sends what it recorded.
    pub fn work(&mut self, rounds: usize) -> io::Result<()> {
        for _ in 0..rounds {
            self.board.work(1);
            self.send()?;
        }
        Ok(())
    }

    pub fn send(&mut self) -> io::Result<()> {
        let bytes = self.board.sent();
        self.link.write_all(&bytes)?;
        self.sent.extend(bytes);
        Ok(())
    }

    /// Sends bytes that are no packets of the recorder's.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.link.write_all(bytes)?;
        self.sent.extend(bytes);
        Ok(())
    }
}

impl Firmware<TcpStream> {
    /// Ends the connection, as far as the host can see.
    pub fn hang_up(&self) {
        // A host that has gone already has seen as much.
        let _ = self.link.shutdown(Shutdown::Both);
    }
}

/// A device on the network, at a port that the system chooses: `serve` is what it does, with a listener that
/// it accepts its hosts from.
pub fn on_network<T: Send + 'static>(
    serve: impl FnOnce(TcpListener) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    (address, thread::spawn(move || serve(listener)))
}
