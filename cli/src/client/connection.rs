//! The address of the API and the credentials of the caller: from flags, variables or a kubeconfig.
//!
//! Credentials are never sent to another machine without TLS.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use ureq::http::Uri;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use super::kubeconfig::Kubeconfig;
use crate::args::{Connection, Token};
use crate::failure::Failure;

/// The default address of `firelens serve`.
const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// The API and the caller.
#[derive(Default)]
pub(super) struct Endpoint {
    /// URL without a trailing slash.
    pub(super) server: String,
    /// Certificates of the authorities for the API's certificate, as PEM; `None`: those of the machine.
    pub(super) authorities: Option<Vec<u8>>,
    /// Whether any certificate is accepted.
    pub(super) insecure: bool,
    pub(super) token: Option<Token>,
    /// Certificate and key of the caller, as PEM.
    pub(super) identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl Endpoint {
    /// Returns the endpoint of the flags, or, if they name no server, of the kubeconfig.
    ///
    /// # Errors
    /// Wrong usage, or a kubeconfig that cannot be used.
    pub(super) fn of(flags: &Connection) -> Result<Self, Failure> {
        let server = flags.server.as_deref().filter(|server| !server.is_empty());
        let token = flags
            .token
            .as_ref()
            .filter(|token| !token.reveal().is_empty());
        let context = flags.context.as_deref().filter(|name| !name.is_empty());
        let mut endpoint = match server {
            Some(_) if context.is_some() || flags.kubeconfig.is_some() => {
                return Err(Failure::Usage(
                    "--context and --kubeconfig cannot be used together with --server or FIRELENS_SERVER".to_owned(),
                ));
            }
            Some(server) => Self {
                server: server.to_owned(),
                token: token.cloned(),
                ..Self::default()
            },
            None => {
                let list = env::var_os("KUBECONFIG");
                let home = env::var_os("HOME").map(PathBuf::from);
                let named = flags.kubeconfig.as_deref();
                Kubeconfig::load(named, list.as_deref(), home.as_deref())
                    .and_then(|config| config.endpoint(context, token))
                    .map_err(|problem| Failure::refused(format!("error: {problem}")))?
                    .unwrap_or_else(|| Self {
                        server: DEFAULT_SERVER.to_owned(),
                        token: token.cloned(),
                        ..Self::default()
                    })
            }
        };
        if let Some(path) = &flags.certificate_authority {
            let broken = format!("{} cannot be read", path.display());
            let read = fs::read(path).map_err(|error| Failure::broken(broken, error))?;
            endpoint.authorities = Some(read);
            endpoint.insecure = false;
        }
        endpoint.server = endpoint.server.trim_end_matches('/').to_owned();
        endpoint.check()?;
        Ok(endpoint)
    }

    /// Checks that the URL can be called, and that credentials may be sent to it.
    fn check(&self) -> Result<(), Failure> {
        let server = &self.server;
        let uri: Uri = server
            .parse()
            .map_err(|_| Failure::Usage(format!("{server:?} is not a valid URL")))?;
        let host = uri.host().filter(|host| !host.is_empty());
        let encrypted = match (uri.scheme_str(), host) {
            (Some("https"), Some(_)) => true,
            (Some("http"), Some(_)) => false,
            _ => {
                return Err(Failure::Usage(format!(
                    "{server:?} is not a URL that starts with http:// or https://"
                )));
            }
        };
        let has_credentials = self.token.is_some() || self.identity.is_some();
        if has_credentials && !encrypted && !self.is_loopback() {
            return Err(Failure::refused(format!(
                "error: {server} is neither encrypted nor on this machine, so credentials are not sent to it; \
                 use https, or a tunnel to a port on this machine"
            )));
        }
        Ok(())
    }

    /// Whether the API is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let uri: Option<Uri> = self.server.parse().ok();
        let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || address
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    /// Returns the TLS configuration; `None` if the API is called without TLS.
    ///
    /// # Errors
    /// A certificate or key cannot be used.
    pub(super) fn tls(&self) -> Result<Option<TlsConfig>, Failure> {
        if !self.server.starts_with("https:") {
            return Ok(None);
        }
        let provider = Arc::new(ring::default_provider());
        let config = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::clone(&provider))
            .disable_verification(self.insecure)
            .root_certs(RootCerts::new_with_certs(&self.roots()?))
            .client_cert(self.client_certificate(&provider)?);
        Ok(Some(config.build()))
    }

    fn roots(&self) -> Result<Vec<Certificate<'static>>, Failure> {
        let Some(pem) = &self.authorities else {
            let certificates = rustls_native_certs::load_native_certs().certs;
            return Ok(certificates
                .iter()
                .map(|certificate| Certificate::from_der(certificate).to_owned())
                .collect());
        };
        let certificates: Result<Vec<CertificateDer<'static>>, _> =
            CertificateDer::pem_slice_iter(pem).collect();
        let certificates = certificates.map_err(|error| {
            Failure::refused(format!(
                "error: the certificate authority is not valid PEM: {error}"
            ))
        })?;
        if certificates.is_empty() {
            return Err(Failure::refused(
                "error: the certificate authority contains no certificate",
            ));
        }
        Ok(certificates
            .iter()
            .map(|certificate| Certificate::from_der(certificate).to_owned())
            .collect())
    }

    /// Returns the caller's certificate. It is checked here, because the HTTP client cannot report an error later.
    fn client_certificate(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<ClientCert>, Failure> {
        let Some((certificates, key)) = &self.identity else {
            return Ok(None);
        };
        let refused = |why: &dyn std::fmt::Display| {
            Failure::refused(format!(
                "error: the client certificate cannot be used: {why}"
            ))
        };
        let chain: Result<Vec<CertificateDer<'static>>, _> =
            CertificateDer::pem_slice_iter(certificates).collect();
        let chain = chain.map_err(|error| refused(&error))?;
        let key_der = PrivateKeyDer::from_pem_slice(key).map_err(|error| refused(&error))?;
        rustls::ClientConfig::builder_with_provider(Arc::clone(provider))
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .with_root_certificates(rustls::RootCertStore::empty())
                    .with_client_auth_cert(chain.clone(), key_der)
            })
            .map_err(|error| refused(&error))?;
        let chain: Vec<Certificate<'static>> = chain
            .iter()
            .map(|certificate| Certificate::from_der(certificate).to_owned())
            .collect();
        let key = PrivateKey::from_pem(key).map_err(|error| refused(&error))?;
        Ok(Some(ClientCert::new_with_certs(&chain, key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(server: &str, token: Option<&str>) -> Connection {
        Connection {
            server: Some(server.to_owned()),
            token: token.map(Token::new),
            certificate_authority: None,
            kubeconfig: None,
            context: None,
            request_timeout_seconds: 1,
        }
    }

    #[test]
    fn servers_are_urls_and_tokens_need_loopback_or_https() {
        for (server, token, accepted) in [
            ("http://127.0.0.1:8080", None, true),
            ("http://127.0.0.1:8080/", Some("x"), true),
            ("http://[::1]:8080", Some("x"), true),
            ("http://localhost", Some("x"), true),
            ("http://api.example", None, true),
            ("http://api.example", Some("x"), false),
            ("http://127.0.0.1.example", Some("x"), false),
            ("https://api.example", Some("x"), true),
            ("ftp://api.example", None, false),
            ("api.example:8080", None, false),
            ("http://", None, false),
        ] {
            let endpoint = Endpoint::of(&flags(server, token));
            assert_eq!(endpoint.is_ok(), accepted, "{server} {token:?}");
        }
    }

    #[test]
    fn a_server_and_a_context_contradict_each_other() {
        let mut both = flags("http://127.0.0.1:1", None);
        both.context = Some("prod".to_owned());
        assert!(matches!(Endpoint::of(&both), Err(Failure::Usage(_))));
    }

    #[test]
    fn broken_certificates_are_refused_before_anything_is_sent() {
        let broken = Endpoint {
            server: "https://x".to_owned(),
            authorities: Some(b"no certificate".to_vec()),
            ..Endpoint::default()
        };
        assert!(broken.tls().is_err());
        let broken = Endpoint {
            server: "https://x".to_owned(),
            identity: Some((b"no".to_vec(), b"no".to_vec())),
            ..Endpoint::default()
        };
        assert!(broken.tls().is_err());
    }

    #[test]
    fn a_token_is_never_shown() {
        assert_eq!(format!("{:?}", Token::new("secret")), "(hidden)");
    }
}
