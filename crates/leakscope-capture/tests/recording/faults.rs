//! Links that are lost, and peers that die.

use std::io::Write;
use std::net::{Shutdown, TcpListener};
use std::time::Duration;

use leakscope_capture::Interrupt;
use leakscope_capture::recording::{Existing, Finished, LAST_BYTES, Limits, Reason, Recording};
use leakscope_capture::source::{Form, Item, Source, SourceError, SourceEvent, network};
use leakscope_testing::device::{Board, Firmware, Manners, on_network};

use crate::record;

/// What stands in the file where a link was lost.
const MARK: [u8; 512] = [0xFF; 512];

#[test]
fn a_peer_that_dies_inside_a_packet() {
    let (address, device) = on_network(|listener| {
        let (link, _) = listener.accept().expect("a host");
        let mut firmware = Firmware::new(link, Manners::Ip);
        firmware.wait_for_start().expect("START");
        firmware.work(100).expect("a host that reads");
        firmware.board.work(1);
        let last = firmware.board.sent();
        firmware
            .send_raw(&last[..last.len() - 3])
            .expect("a host that reads");
        firmware.sent
    });
    let source = network::connect(&address.to_string(), &Interrupt::default()).expect("it listens");
    let recorded = record::until_lost(source);
    recorded.check_data(&device.join().expect("no fault"));
    assert!(matches!(recorded.ending.reason, Reason::Asked));
}

/// A link that comes back is spoken over anew, and the file shows where it was lost.
#[test]
fn a_link_that_returns() {
    let (address, device) = on_network(|listener| {
        let first = before_the_loss(&listener);
        let (link, _) = listener.accept().expect("the host again");
        let mut firmware = Firmware::new(link, Manners::Ip);
        firmware.wait_for_start().expect("START");
        firmware.work(100).expect("a host that reads");
        firmware.wait_for_stop().expect("STOP");
        (first, firmware.sent)
    });
    let source = network::connect(&address.to_string(), &Interrupt::default()).expect("it listens");
    let one = Board::trace(100).len();
    let limits = Limits {
        bytes: Some(one as u64 * 2 - 200),
        ..Limits::default()
    };
    let recorded = record::until(source, &limits, |_| false);
    let (first, second) = device.join().expect("no fault");
    recorded.check_data(&[&first[..], &MARK, &second].concat());
    assert!(matches!(
        recorded.events[..],
        [
            SourceEvent::Started,
            SourceEvent::LinkLost(_),
            SourceEvent::LinkRestored { .. }
        ]
    ));
}

fn before_the_loss(listener: &TcpListener) -> Vec<u8> {
    let (link, _) = listener.accept().expect("a host");
    let mut firmware = Firmware::new(link, Manners::Ip);
    firmware.wait_for_start().expect("START");
    firmware.work(100).expect("a host that reads");
    firmware.sent
}

/// A link that is lost before anything came leaves no mark: nothing was lost.
#[test]
fn a_link_that_was_of_no_use() {
    let trace = Board::trace(10);
    let sent = trace.clone();
    let (address, device) = on_network(move |listener| {
        drop(listener.accept().expect("a host"));
        let (mut link, _) = listener.accept().expect("the host again");
        link.write_all(&sent).expect("a host that reads");
        link.shutdown(Shutdown::Write).expect("a socket");
        link
    });
    let source = network::connect(&address.to_string(), &Interrupt::default()).expect("it listens");
    let limits = Limits {
        bytes: Some(trace.len() as u64),
        ..Limits::default()
    };
    let recorded = record::until(source, &limits, |_| false);
    drop(device.join().expect("no fault"));
    recorded.check_data(&trace);
}

/// Items of a source, one after the other.
struct Items(Vec<Result<Vec<u8>, SourceEvent>>);

impl Source for Items {
    fn name(&self) -> String {
        "items".to_owned()
    }

    fn next(&mut self, bytes: &mut Vec<u8>, _: Duration) -> Result<Item, SourceError> {
        if self.0.is_empty() {
            return Ok(Item::Ended);
        }
        Ok(match self.0.remove(0) {
            Ok(chunk) => {
                *bytes = chunk;
                Item::Bytes { stream: 0 }
            }
            Err(event) => Item::Event(event),
        })
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}

/// The file shows where the source says that something may be missing: once, behind the last bytes that came, whether
/// more come or not.
#[test]
fn what_may_be_missing_is_marked() {
    let gap = || Err(SourceEvent::Gap("something may be missing".to_owned()));
    let (one, two) = (Board::trace(10), Board::trace(20));
    let items = vec![gap(), Ok(one.clone()), gap(), gap(), Ok(two.clone()), gap()];
    let recorded = record::until(Box::new(Items(items)), &Limits::default(), |_| false);
    recorded.check_data(&[&one[..], &MARK, &two, &MARK].concat());
    assert_eq!(recorded.events.len(), 4);
}

/// A source that fails.
struct Failing {
    items: Vec<Result<Vec<u8>, SourceError>>,
    stopped: bool,
}

impl Source for Failing {
    fn name(&self) -> String {
        "a source that fails".to_owned()
    }

    fn form(&self) -> Form {
        Form::Plain
    }

    fn next(&mut self, bytes: &mut Vec<u8>, _: Duration) -> Result<Item, SourceError> {
        if self.items.is_empty() {
            return Ok(if self.stopped {
                Item::Ended
            } else {
                Item::Nothing
            });
        }
        *bytes = self.items.remove(0)?;
        Ok(Item::Bytes { stream: 0 })
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        self.stopped = true;
        Err(SourceError::new("it does not listen"))
    }
}

#[test]
fn what_came_before_a_failure_is_kept() {
    let trace = Board::trace(10);
    let (first, second) = trace.split_at(100);
    let source = Failing {
        items: vec![
            Ok(first.to_vec()),
            Ok(second.to_vec()),
            Err(SourceError::new("it is broken")),
        ],
        stopped: false,
    };
    let recorded = record::until(Box::new(source), &Limits::default(), |_| false);
    recorded.check_data(&trace);
    let Reason::Failed(error) = recorded.ending.reason else {
        panic!("{:?}", recorded.ending);
    };
    assert_eq!(error.to_string(), "it is broken");
}

/// Answers no longer when somebody has had enough.
struct Mute(Interrupt);

impl Source for Mute {
    fn name(&self) -> String {
        "a mute source".to_owned()
    }

    fn next(&mut self, _: &mut Vec<u8>, _: Duration) -> Result<Item, SourceError> {
        self.0.want();
        Err(SourceError::new("it did not answer"))
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        panic!("it does not answer")
    }
}

/// A recording that is ended while nobody answers has ended: that is no end before its time.
#[test]
fn an_end_that_nobody_confirms() {
    let interrupt = Interrupt::default();
    let mut source = Mute(interrupt.clone());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace.svdat");
    let mut recording = Recording::create(&path, &source, Existing::Refuse).expect("a new file");
    let limits = Limits::default();
    let ending = recording.run(&mut source, &limits, &interrupt, &mut |_| {});
    assert!(matches!(ending.reason, Reason::Asked), "{ending:?}");
    let error = ending.not_stopped.expect("it did not answer");
    assert_eq!(error.to_string(), "it did not answer");
}

#[test]
fn a_device_that_cannot_be_stopped_is_told_of() {
    let source = Failing {
        items: vec![Ok(Board::trace(10))],
        stopped: false,
    };
    let recorded = record::so_many(Box::new(source), 1);
    assert!(matches!(recorded.ending.reason, Reason::Size));
    let error = recorded.ending.not_stopped.expect("it did not listen");
    assert_eq!(error.to_string(), "it does not listen");
}

/// A source that sends as fast as it is asked, and does not listen.
struct Flood {
    chunk: usize,
}

impl Source for Flood {
    fn name(&self) -> String {
        "a flood".to_owned()
    }

    fn next(&mut self, bytes: &mut Vec<u8>, _: Duration) -> Result<Item, SourceError> {
        bytes.resize(self.chunk, 17);
        Ok(Item::Bytes { stream: 0 })
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}

/// Whatever ends it: of what still comes, no more is taken than is said.
#[test]
fn a_flood_ends() {
    const MOST: u64 = 100_000;
    for chunk in [1000, 65_536, 3 << 20] {
        let limits = Limits {
            bytes: Some(MOST),
            ..Limits::default()
        };
        let recorded = record::until(Box::new(Flood { chunk }), &limits, |_| false);
        assert!(matches!(recorded.ending.reason, Reason::Size));
        let most = MOST.next_multiple_of(chunk as u64) + LAST_BYTES;
        assert_eq!(recorded.data().len() as u64, most);

        let limits = Limits {
            duration: Some(Duration::from_millis(1)),
            ..Limits::default()
        };
        let recorded = record::until(Box::new(Flood { chunk }), &limits, |_| false);
        assert!(matches!(recorded.ending.reason, Reason::Duration));
    }
}

/// Has so many bytes at hand, of which it hands over all or not.
struct Full {
    bytes: usize,
    kept: usize,
}

impl Source for Full {
    fn name(&self) -> String {
        "a full source".to_owned()
    }

    fn next(&mut self, bytes: &mut Vec<u8>, _: Duration) -> Result<Item, SourceError> {
        if self.bytes == self.kept {
            return Ok(Item::Ended);
        }
        bytes.resize(65_536.min(self.bytes - self.kept), 17);
        self.bytes -= bytes.len();
        Ok(Item::Bytes { stream: 0 })
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        Ok(())
    }

    fn unread(&self) -> u64 {
        self.bytes as u64
    }
}

/// What stood there already when it was told to end is taken, however much it is; if not, that is an end before its time.
#[test]
fn what_is_there_already_is_recorded() {
    let bytes = 4 * LAST_BYTES as usize;
    let limits = Limits {
        duration: Some(Duration::ZERO),
        ..Limits::default()
    };
    let full = |kept| Box::new(Full { bytes, kept });
    let recorded = record::until(full(0), &limits, |_| false);
    assert!(matches!(recorded.ending.reason, Reason::Duration));
    recorded.check_data(&vec![17; bytes]);

    let recorded = record::until(full(1), &limits, |_| false);
    let Reason::Failed(ref error) = recorded.ending.reason else {
        panic!("{:?}", recorded.ending);
    };
    assert!(error.to_string().starts_with("1 B "), "{error}");
    recorded.check_data(&[&vec![17; bytes - 1][..], &MARK].concat());

    // As many were wanted.
    let recorded = record::so_many(full(1), 65_536);
    assert!(matches!(recorded.ending.reason, Reason::Size));
    assert_eq!(recorded.data().len() as u64, 65_536 + LAST_BYTES);
}

/// A device that never begins is not waited for longer than tracing would have lasted.
#[test]
fn a_duration_is_over_before_anything_began() {
    let source = network::listen("127.0.0.1:0").expect("a free port");
    let limits = Limits {
        duration: Some(Duration::from_millis(20)),
        ..Limits::default()
    };
    let recorded = record::until(source, &limits, |_| false);
    assert!(matches!(recorded.ending.reason, Reason::Duration));
    assert_eq!(recorded.finished, Finished::Nothing);
}
