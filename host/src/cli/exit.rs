//! How the program can end. The numbers are part of the interface: scripts look at them.
//! Not here: which command ends how.

use std::process::ExitCode;

/// An ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Ok,
    /// 1: it did not work; stderr says why.
    Failed,
    /// 1: a comparison found differences.
    Differs,
    /// 2: the words of the command line make no sense.
    Usage,
    /// 2: a comparison could not be done.
    NotCompared,
    /// 3: the settings cannot be used.
    Config,
    /// 4: the address to listen on cannot be had.
    CannotBind,
    /// 5: the store cannot be opened.
    Store,
    /// 10: a plugin was looked at and turned down.
    PluginRejected,
}

impl Exit {
    /// The number the shell sees.
    pub const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed | Self::Differs => 1,
            Self::Usage | Self::NotCompared => 2,
            Self::Config => 3,
            Self::CannotBind => 4,
            Self::Store => 5,
            Self::PluginRejected => 10,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

/// For `--help`.
pub(crate) const HELP: &str =
    "Exit codes: 0 done, 1 failed, 2 usage, 3 settings, 4 cannot listen, 5 store, 10 plugin turned down";
