//! Where the file is looked for.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};

use super::{Config, ConfigError};
use crate::tui::Keymap;

/// What was found.
pub struct Found {
    /// What is in force.
    pub config: Config,
    /// Its keys, over the built-in ones.
    pub keys: Keymap,
    /// Where it was looked for; `None` without a home folder.
    pub path: Option<PathBuf>,
    /// Whether there was a file.
    pub is_there: bool,
}

/// Reads the file that was named, which must be there, or the user's own, which need not. `env` looks up a variable of
/// the environment.
///
/// # Errors
/// If a file is there and cannot be read, or says what cannot be.
pub fn find(named: Option<&Path>, env: impl Fn(&str) -> Option<String>) -> Result<Found, ConfigError> {
    let path = named.map(Path::to_owned).or_else(|| own(env));
    let built_in = |path| Found { config: Config::default(), keys: Keymap::default(), path, is_there: false };
    let Some(path) = path else { return Ok(built_in(None)) };
    match fs::read_to_string(&path) {
        Ok(text) => {
            let (config, keys) = Config::read(&text, path.clone())?;
            Ok(Found { config, keys, path: Some(path), is_there: true })
        }
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(built_in(Some(path))),
        Err(reason) => Err(ConfigError::Read { path, reason }),
    }
}

/// `mexit-tui/config.toml` in XDG_CONFIG_HOME, or else in the platform's folder.
fn own(env: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    // The standard says that one which is not absolute is to be ignored.
    let folder = env("XDG_CONFIG_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = folder.or_else(|| choose_native_strategy().ok().map(|native| native.config_dir()))?;
    Some(folder.join("mexit-tui").join("config.toml"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::find;
    use crate::tui::Units;

    #[test]
    fn the_users_own_need_not_be_there_and_a_named_one_must() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().to_string_lossy().into_owned();
        let env = |name: &str| (name == "XDG_CONFIG_HOME").then(|| home.clone());
        let found = find(None, env).expect("built in");
        let path = folder.path().join("mexit-tui/config.toml");
        assert_eq!((found.path.as_deref(), found.is_there), (Some(path.as_path()), false));
        let error = find(Some(&path), env).err().expect("not there").to_string();
        assert!(error.contains("mexit-tui/config.toml: "), "{error}");
        fs::create_dir(folder.path().join("mexit-tui")).expect("a folder");
        fs::write(&path, "units = \"bits\"").expect("a file");
        let found = find(None, env).expect("the file");
        assert!(found.is_there && found.config.units == Units::Bits);
    }
}
