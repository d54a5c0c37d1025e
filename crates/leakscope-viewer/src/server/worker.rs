//! The thread that the engine lives on: it answers questions, and reads and searches in between.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::Subject;
use crate::engine::{Asked, Engine, Job, Program};
use crate::query::Query;
use crate::reading::{Reading, Status};
use crate::refusal::Refusal;

type Answer = Result<Vec<u8>, Refusal>;

enum Question {
    /// The page's.
    Page {
        query: Query,
        reply: oneshot::Sender<Answer>,
    },
    /// The program's that serves the page.
    Own(Box<dyn FnOnce(&mut Engine<'_>) + Send>),
}

/// The engine, on its thread. It ends with the last of those who can ask.
pub(super) struct Worker {
    questions: Questions,
}

/// Where the page's requests ask.
#[derive(Clone)]
pub(super) struct Questions {
    engine: EngineThread,
    news: watch::Receiver<Status>,
}

/// The engine of a page that is being served. It is the one reader of a recording, so that whoever else wants to know
/// what is in it asks here.
#[derive(Clone)]
pub struct EngineThread(Sender<Question>);

impl EngineThread {
    /// Lets the engine do something, between the page's questions, and waits for what comes of it.
    ///
    /// # Errors
    /// The engine's thread is gone.
    pub fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Engine<'_>) -> T + Send + 'static,
    ) -> io::Result<T> {
        let (reply, answer) = channel();
        // The one who asks waits for the answer.
        let act = Box::new(move |engine: &mut Engine<'_>| drop(reply.send(act(engine))));
        self.send(Question::Own(act))?;
        answer.recv().map_err(|_| gone())
    }

    fn send(&self, question: Question) -> io::Result<()> {
        self.0.send(question).map_err(|_| gone())
    }
}

fn gone() -> io::Error {
    io::Error::other("the engine has stopped")
}

/// How often a page hears of what changes, and how often a trace is looked at that may have grown.
const NEWS: Duration = Duration::from_millis(250);

/// A slice of work comes between questions at least this often, however many there are.
const WORK: Duration = Duration::from_millis(20);

/// A search goes on for so long after the page has last asked about it.
const INTEREST: Duration = Duration::from_secs(3);

impl Worker {
    /// Begins to read.
    pub(super) fn start(subject: Subject, program: Program) -> io::Result<Self> {
        let (sender, questions) = channel();
        let (ready, begun) = channel();
        let (news, latest) = watch::channel(Status::default());
        thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || {
                let engine = match subject {
                    Subject::Trace(source, naming) => Engine::new(source, &program, naming),
                    Subject::Dump(ref dump) => Ok(Engine::of_dump(dump, &program)),
                };
                match engine {
                    Ok(engine) => {
                        let _ = ready.send(Ok(()));
                        Work::new(engine, questions, news).run();
                    }
                    Err(error) => {
                        let _ = ready.send(Err(error));
                    }
                }
            })?;
        begun.recv().map_err(io::Error::other)??;
        let questions = Questions {
            engine: EngineThread(sender),
            news: latest,
        };
        Ok(Self { questions })
    }

    pub(super) fn engine(&self) -> &EngineThread {
        &self.questions.engine
    }

    pub(super) fn questions(&self) -> Questions {
        self.questions.clone()
    }
}

impl Questions {
    /// Asks, and waits for the answer. Who stops waiting is forgotten.
    pub(super) async fn ask(&self, query: Query) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.engine.send(Question::Page { query, reply })?;
        answer.await.map_err(|_| gone())?
    }

    pub(super) fn news(&self) -> watch::Receiver<Status> {
        self.news.clone()
    }
}

struct Work<'s> {
    engine: Engine<'s>,
    questions: Receiver<Question>,
    news: watch::Sender<Status>,
    told: Instant,
    /// When there was work between questions last.
    worked: Instant,
    jobs: Vec<(Job, oneshot::Sender<Answer>)>,
    /// When the page asked for a list that is being searched.
    searched: Option<Instant>,
}

/// What the thread does next.
enum Next {
    Answer(Question),
    Work,
    End,
}

impl<'s> Work<'s> {
    fn new(engine: Engine<'s>, questions: Receiver<Question>, news: watch::Sender<Status>) -> Self {
        Self {
            engine,
            questions,
            news,
            told: Instant::now(),
            worked: Instant::now(),
            jobs: Vec::new(),
            searched: None,
        }
    }

    fn run(mut self) {
        self.tell();
        loop {
            match self.next() {
                Next::Answer(question) => self.answer(question),
                Next::Work => self.work(),
                Next::End => return,
            }
        }
    }

    fn next(&self) -> Next {
        let is_searching = self
            .searched
            .is_some_and(|since| since.elapsed() < INTEREST);
        let is_busy =
            *self.engine.reading() == Reading::Reading || !self.jobs.is_empty() || is_searching;
        let question = if is_busy {
            if self.worked.elapsed() >= WORK {
                return Next::Work;
            }
            match self.questions.try_recv() {
                Ok(question) => Ok(question),
                Err(TryRecvError::Empty) => return Next::Work,
                Err(TryRecvError::Disconnected) => Err(()),
            }
        } else if *self.engine.reading() == Reading::Following {
            if self.worked.elapsed() >= NEWS {
                return Next::Work;
            }
            match self
                .questions
                .recv_timeout(NEWS.saturating_sub(self.worked.elapsed()))
            {
                Ok(question) => Ok(question),
                Err(RecvTimeoutError::Timeout) => return Next::Work,
                Err(RecvTimeoutError::Disconnected) => Err(()),
            }
        } else {
            self.questions.recv().map_err(|_| ())
        };
        question.map_or(Next::End, Next::Answer)
    }

    fn answer(&mut self, question: Question) {
        let (query, reply) = match question {
            Question::Page { query, reply } => (query, reply),
            Question::Own(act) => return self.act(act),
        };
        if let Query::Events { filter, .. } | Query::Find { filter, .. } = &query
            && filter.is_searched()
        {
            self.searched = Some(Instant::now());
        }
        let answer = match self.act(|engine| engine.ask(&query)) {
            Ok(Asked::Job(job)) => {
                self.jobs.push((job, reply));
                return;
            }
            Ok(Asked::Answer(answer)) => Ok(answer),
            Err(refusal) => Err(refusal),
        };
        let _ = reply.send(answer);
    }

    /// One slice of everything that takes longer.
    fn work(&mut self) {
        self.worked = Instant::now();
        for (mut job, reply) in std::mem::take(&mut self.jobs) {
            if reply.is_closed() {
                continue;
            }
            match self.act(|engine| engine.advance(&mut job)) {
                Ok(None) => self.jobs.push((job, reply)),
                Ok(Some(answer)) => drop(reply.send(Ok(answer))),
                Err(refusal) => drop(reply.send(Err(refusal))),
            }
        }
        if !matches!(
            self.engine.reading(),
            Reading::Complete | Reading::Failed(_)
        ) {
            self.act(|engine| _ = engine.read());
        }
        if self.searched.is_some() {
            // What cannot be read is said when the page asks for it.
            match self.engine.search() {
                Ok(true) => {}
                Ok(false) | Err(_) => self.searched = None,
            }
        }
    }

    /// Does what may change how far reading has come, and tells of that.
    fn act<T>(&mut self, act: impl FnOnce(&mut Engine<'_>) -> T) -> T {
        let before = self.engine.reading().name();
        let done = act(&mut self.engine);
        if before != self.engine.reading().name() || self.told.elapsed() >= NEWS {
            self.tell();
        }
        done
    }

    fn tell(&mut self) {
        self.told = Instant::now();
        let status = self.engine.status();
        self.news.send_if_modified(|known| {
            let is_new = *known != status;
            *known = status;
            is_new
        });
    }
}
