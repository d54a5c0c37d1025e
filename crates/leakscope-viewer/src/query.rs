//! What the page asks for, read from a route and its parameters.

use crate::index::kind::Kind;

/// The most columns of a window.
pub(crate) const WIDTH: u64 = 4096;
/// The most columns, and the most rows, of the heap's map.
pub(crate) const MAP: u64 = 1024;
/// The most rows of a page.
pub(crate) const ROWS: u64 = 500;
/// Owners of live bytes that are told apart, unless more are asked for.
pub(crate) const BANDS: usize = 8;
/// The most call sites in a table, and the most owners.
pub(crate) const SITES: usize = 5000;

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// The device, the length, what was found.
    Overview,
    /// Who ran, in columns, and what happened to the heap.
    Timeline(Columns),
    /// What the blocks of a call site, a task or a heap did, in columns.
    Track {
        /// Whose.
        owner: Owner,
        /// The window.
        columns: Columns,
    },
    /// Who holds how much of the heap, in columns.
    Shares {
        /// Of whom.
        by: By,
        /// The window.
        columns: Columns,
        /// How many owners are told apart at most.
        bands: usize,
    },
    /// All call sites.
    Sites(Limit),
    /// One call site.
    Site(usize),
    /// Who frees the blocks of a call site.
    Frees {
        /// Which.
        site: usize,
        /// When.
        limit: Limit,
    },
    /// A page of events.
    Events {
        /// The first row.
        offset: u64,
        /// How many rows.
        limit: u64,
        /// Of which events.
        filter: Filter,
    },
    /// The first row at or after a moment or an event.
    Find {
        /// Which.
        at: At,
        /// Among which events.
        filter: Filter,
    },
    /// The other half of an allocation or a free: by the event's number.
    Block(u64),
    /// Who ran and used the heap.
    Tasks(Limit),
    /// How tasks and interrupts run.
    Contexts(Limit),
    /// What a recording before a change says of its call sites.
    Before,
    /// What the recording says of itself.
    System,
    /// Who holds which block, in an image of memory.
    Memory,
    /// The heap's map over time.
    Heap {
        /// What is to be seen.
        picture: Picture,
        /// Whether to answer soon, with what was read until then. Who asks again is told more.
        partial: bool,
    },
}

/// Whose blocks are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Those that a call site allocated.
    Site(usize),
    /// Those that a task or an interrupt allocated.
    Context(u16),
    /// Those of a heap, by its address; 0: heaps are not told apart.
    Heap(u64),
}

/// What blocks are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Call sites.
    Site,
    /// Tasks and interrupts.
    Context,
    /// Heaps.
    Heap,
}

impl Owner {
    /// What kind of owner it is.
    pub(crate) const fn by(self) -> By {
        match self {
            Self::Site(_) => By::Site,
            Self::Context(_) => By::Context,
            Self::Heap(_) => By::Heap,
        }
    }
}

/// `[from, to)` in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Its first tick.
    pub from: u64,
    /// The first tick behind it.
    pub to: u64,
}

impl Window {
    /// Whether a moment lies in it.
    pub(crate) fn has(self, time: u64) -> bool {
        (self.from..self.to).contains(&time)
    }
}

/// What a table is limited to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// The window; all of the trace without one.
    pub window: Option<Window>,
    /// Whether to answer soon, with what was counted until then. Who asks again is told more.
    pub partial: bool,
}

/// A window, cut into columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The window; all of the trace without one.
    pub window: Option<Window>,
    /// How many columns.
    pub width: u64,
}

/// The heap's map, address by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The window; all of the trace without one.
    pub window: Option<Window>,
    /// How many columns, at most.
    pub width: u64,
    /// How many rows, about.
    pub rows: u64,
}

/// A place in a list of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// By time.
    Time(u64),
    /// By the event's number.
    Index(u64),
}

/// Which events are meant. What is empty or none restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A bit for each kind; 0 for all of them.
    pub(crate) kinds: u16,
    pub(crate) contexts: Vec<u16>,
    pub(crate) core: Option<u8>,
    pub(crate) site: Option<usize>,
    pub(crate) address: Option<u64>,
    /// In lower case.
    pub(crate) text: Option<String>,
    pub(crate) window: Option<Window>,
}

/// Why a question makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// There is no such route.
    #[error("there is no `{0}`")]
    Route(String),
    /// A parameter cannot be read.
    #[error("`{name}` cannot be `{value}`")]
    Value {
        /// Its name.
        name: &'static str,
        /// What it was.
        value: String,
    },
    /// A parameter is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
}

impl Query {
    /// What can be asked for. `API.md` has a section for each.
    pub const ROUTES: [&'static str; 16] = [
        "overview", "timeline", "track", "shares", "sites", "site", "frees", "events", "find",
        "block", "tasks", "contexts", "before", "system", "memory", "heap",
    ];

    /// Reads a question; `parameters` are names and values, decoded.
    pub fn parse(route: &str, parameters: &[(String, String)]) -> Result<Self, QueryError> {
        let given = Parameters(parameters);
        Ok(match route {
            "overview" => Self::Overview,
            "timeline" => Self::Timeline(given.columns()?),
            "track" => Self::Track {
                owner: given.owner()?,
                columns: given.columns()?,
            },
            "shares" => Self::Shares {
                by: given.by()?,
                columns: given.columns()?,
                bands: given.number("bands")?.unwrap_or(BANDS).clamp(1, SITES),
            },
            "sites" => Self::Sites(given.limit()?),
            "site" => Self::Site(given.required("id")?),
            "frees" => Self::Frees {
                site: given.required("site")?,
                limit: given.limit()?,
            },
            "events" => Self::Events {
                offset: given.number("offset")?.unwrap_or(0),
                limit: given.number("limit")?.unwrap_or(100).clamp(1, ROWS),
                filter: given.filter()?,
            },
            "find" => Self::Find {
                at: match (given.number("time")?, given.number("index")?) {
                    (Some(time), _) => At::Time(time),
                    (None, Some(index)) => At::Index(index),
                    (None, None) => return Err(QueryError::Missing("time")),
                },
                filter: given.filter()?,
            },
            "block" => Self::Block(given.required("index")?),
            "tasks" => Self::Tasks(given.limit()?),
            "contexts" => Self::Contexts(given.limit()?),
            "before" => Self::Before,
            "system" => Self::System,
            "memory" => Self::Memory,
            "heap" => Self::Heap {
                picture: Picture {
                    window: given.window()?,
                    width: given.number("width")?.unwrap_or(512).clamp(2, MAP),
                    rows: given.number("rows")?.unwrap_or(256).clamp(1, MAP),
                },
                partial: given.partial()?,
            },
            other => return Err(QueryError::Route(other.to_owned())),
        })
    }
}

struct Parameters<'p>(&'p [(String, String)]);

impl Parameters<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    fn number<N: std::str::FromStr>(&self, name: &'static str) -> Result<Option<N>, QueryError> {
        let number = |text: &str| text.parse().map_err(|_| wrong(name, text));
        self.text(name).map(number).transpose()
    }

    fn required<N: std::str::FromStr>(&self, name: &'static str) -> Result<N, QueryError> {
        self.number(name)?.ok_or(QueryError::Missing(name))
    }

    fn window(&self) -> Result<Option<Window>, QueryError> {
        match (self.number("from")?, self.number("to")?) {
            (None, None) => Ok(None),
            (from, to) => {
                let from = from.unwrap_or(0);
                let to: u64 = to.unwrap_or(u64::MAX);
                Ok(Some(Window {
                    from,
                    to: to.max(from),
                }))
            }
        }
    }

    fn limit(&self) -> Result<Limit, QueryError> {
        Ok(Limit {
            window: self.window()?,
            partial: self.partial()?,
        })
    }

    fn partial(&self) -> Result<bool, QueryError> {
        Ok(self.number("partial")? == Some(1u8))
    }

    fn columns(&self) -> Result<Columns, QueryError> {
        Ok(Columns {
            window: self.window()?,
            width: self.number("width")?.unwrap_or(1000).clamp(1, WIDTH),
        })
    }

    fn address(&self, name: &'static str) -> Result<Option<u64>, QueryError> {
        let address = self.text(name).map(|text| {
            let digits = text.strip_prefix("0x").unwrap_or(text);
            u64::from_str_radix(digits, 16).map_err(|_| wrong(name, text))
        });
        address.transpose()
    }

    fn owner(&self) -> Result<Owner, QueryError> {
        if let Some(site) = self.number("site")? {
            return Ok(Owner::Site(site));
        }
        if let Some(context) = self.number("context")? {
            return Ok(Owner::Context(context));
        }
        let heap = self.address("heap")?;
        heap.map(Owner::Heap).ok_or(QueryError::Missing("site"))
    }

    fn by(&self) -> Result<By, QueryError> {
        match self.text("by") {
            None | Some("site") => Ok(By::Site),
            Some("context") => Ok(By::Context),
            Some("heap") => Ok(By::Heap),
            Some(other) => Err(wrong("by", other)),
        }
    }

    fn filter(&self) -> Result<Filter, QueryError> {
        let mut kinds = 0;
        for name in self.items("kinds") {
            let kind = Kind::named(name).ok_or_else(|| wrong("kinds", name))?;
            kinds |= 1 << kind as u16;
        }
        let contexts = self.items("context").map(|number| {
            let parsed = number.parse();
            parsed.map_err(|_| wrong("context", number))
        });
        Ok(Filter {
            kinds,
            contexts: contexts.collect::<Result<_, _>>()?,
            core: self.number("core")?,
            site: self.number("site")?,
            address: self.address("address")?,
            text: self.text("text").map(str::to_lowercase),
            window: self.window()?,
        })
    }

    fn items(&self, name: &str) -> impl Iterator<Item = &str> {
        let list = self.text(name).unwrap_or_default();
        list.split(',').filter(|item| !item.is_empty())
    }
}

fn wrong(name: &'static str, value: &str) -> QueryError {
    QueryError::Value {
        name,
        value: value.to_owned(),
    }
}
