//! What the environment says about the hub.

use std::{env, path::PathBuf, sync::Arc};

use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
use hf_hub::Cache;
use ureq::http::Uri;

use super::{Hub, HubError, client::Client};

/// The hub, if HF_ENDPOINT names no other.
const ENDPOINT: &str = "https://huggingface.co";

impl Hub {
    /// The hub as the environment has it: HF_ENDPOINT, HF_TOKEN (or the file `token` in HF_HOME), HF_HOME,
    /// HF_HUB_OFFLINE, MEXIT_CACHE. `offline` keeps from the network whatever the environment says.
    ///
    /// # Errors
    /// If a setting is not what it must be, or there is no home folder.
    pub fn from_env(offline: bool) -> Result<Self, HubError> {
        Self::from_settings(offline, |name| env::var(name).ok())
    }

    fn from_settings(offline: bool, setting: impl Fn(&str) -> Option<String>) -> Result<Self, HubError> {
        // Set to nothing is how a shell's users unset.
        let set = |name: &str| setting(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let no_home = || HubError::Name {
            what: "the home folder",
            expected: "one, or HF_HOME and MEXIT_CACHE set",
            found: "none".into(),
        };
        let endpoint = set("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.into()).trim_end_matches('/').to_owned();
        let address = address(&endpoint)?;
        let home = match set("HF_HOME") {
            Some(home) => PathBuf::from(home),
            // Not the platform's folder: the hub's libraries share this one on every platform.
            None => etcetera::home_dir().map_err(|_| no_home())?.join(".cache/huggingface"),
        };
        let downloads = Cache::new(home.join("hub"));
        let own = match set("MEXIT_CACHE") {
            Some(folder) => PathBuf::from(folder),
            None => choose_native_strategy().map_err(|_| no_home())?.cache_dir().join("mexit-tui"),
        };
        let token = set("HF_TOKEN").or_else(|| downloads.token());
        if token.as_ref().is_some_and(|token| !token.bytes().all(|b| b.is_ascii_graphic())) {
            // Not shown: it is a secret, if a broken one.
            let expected = "printable ASCII without spaces";
            return Err(HubError::Name { what: "HF_TOKEN", expected, found: "other characters".into() });
        }
        let truths = ["1", "on", "yes", "true"];
        let told = set("HF_HUB_OFFLINE").is_some_and(|value| truths.contains(&value.to_ascii_lowercase().as_str()));
        let client = Client::new(address, token);
        let (models, offline) = (own.join("models"), offline || told);
        Ok(Self { endpoint, client, downloads, models, offline, stop: Arc::default() })
    }
}

/// An endpoint that file names can be put after.
fn address(endpoint: &str) -> Result<Uri, HubError> {
    let expected = "an address like https://huggingface.co";
    let refuse = || HubError::Name { what: "HF_ENDPOINT", expected, found: endpoint.into() };
    let address: Uri = endpoint.parse().map_err(|_| refuse())?;
    let known = matches!(address.scheme_str(), Some("http" | "https"));
    let has_host = address.authority().is_some_and(|a| !a.host().is_empty() && !a.as_str().contains('@'));
    if known && has_host && address.query().is_none() { Ok(address) } else { Err(refuse()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(settings: &[(&str, &str)]) -> Result<Hub, HubError> {
        let lookup = |name: &str| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Hub::from_settings(false, lookup)
    }

    #[test]
    fn endpoints() {
        let endpoint = |value| hub(&[("HF_HOME", "/h"), ("MEXIT_CACHE", "/m"), ("HF_ENDPOINT", value)]);
        assert_eq!(endpoint("").expect("the default").endpoint, ENDPOINT);
        assert_eq!(endpoint("http://127.0.0.1:8/").expect("an address").endpoint, "http://127.0.0.1:8");
        for bad in ["huggingface.co", "ftp://a", "https://", "https://u:p@a", "https://a?b", "/a", "http://a b"] {
            assert!(endpoint(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn folders_tokens_and_offline() {
        let settings = [("HF_HOME", "/h"), ("MEXIT_CACHE", "/m"), ("HF_HUB_OFFLINE", "True")];
        let made = hub(&settings).expect("a hub");
        assert!(made.offline);
        assert_eq!(made.downloads.path(), &PathBuf::from("/h/hub"));
        assert_eq!(made.models, PathBuf::from("/m/models"));
        let error = hub(&[("HF_HOME", "/h"), ("HF_TOKEN", "hf_a\u{e9}b")]).err().expect("refused").to_string();
        assert!(!error.contains("hf_a"), "{error}");
    }
}
