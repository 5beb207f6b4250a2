//! TLS for loopback: an authority that is made at the start, and a certificate of it for this machine.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use sha1::{Digest, Sha1};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// What the certificate is good for. The vendor's SDKs send a token only to vaults below the last, unless told otherwise.
const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "*.vault.azure.net"];
/// The first byte of a TLS handshake, which no HTTP request begins with.
const HANDSHAKE: u8 = 0x16;

/// How a server is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    #[default]
    Http,
    /// By TLS alone, with a generated authority.
    Https,
    /// Both on the same port; addresses that a server gives of itself begin with `http` unless it was called by TLS.
    Either,
}

/// What the servers speak, and whom a client must trust for it.
#[derive(Clone)]
pub(crate) struct Tls {
    scheme: Scheme,
    acceptor: Option<TlsAcceptor>,
    ca: Option<String>,
    thumbprint: Option<String>,
}

impl Tls {
    /// A new authority where one is needed.
    pub(crate) fn new(scheme: Scheme) -> io::Result<Self> {
        if scheme == Scheme::Http {
            return Ok(Self { scheme, acceptor: None, ca: None, thumbprint: None });
        }
        let (config, ca, thumbprint) = identity().map_err(io::Error::other)?;
        let acceptor = Some(TlsAcceptor::from(Arc::new(config)));
        Ok(Self { scheme, acceptor, ca: Some(ca), thumbprint: Some(thumbprint) })
    }

    /// Whether addresses begin with `https`.
    pub(crate) fn is_only(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// The authority's certificate in PEM.
    pub(crate) fn ca(&self) -> Option<&str> {
        self.ca.as_deref()
    }

    /// The SHA-1 of the servers' certificate in upper-case hexadecimal digits, by which some clients know it.
    pub(crate) fn thumbprint(&self) -> Option<&str> {
        self.thumbprint.as_deref()
    }

    /// Who accepts the connection; `None` is plain HTTP. Waits for the first byte where both are spoken.
    pub(crate) async fn acceptor_for(&self, stream: &TcpStream) -> io::Result<Option<&TlsAcceptor>> {
        if self.scheme != Scheme::Either {
            return Ok(self.acceptor.as_ref());
        }
        let mut first = [0];
        stream.peek(&mut first).await?;
        Ok(self.acceptor.as_ref().filter(|_| first == [HANDSHAKE]))
    }
}

/// What a server needs to speak TLS, the authority's certificate in PEM, and the thumbprint of the server's own.
fn identity() -> Result<(ServerConfig, String, String), Box<dyn std::error::Error + Send + Sync>> {
    let authority = CertifiedIssuer::self_signed(authority_parameters(), KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let leaf = leaf_parameters()?.signed_by(&key, &authority)?;
    let thumbprint = format!("{:X}", Sha1::digest(leaf.der()));
    let chain = vec![leaf.der().clone()];
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((config, authority.pem(), thumbprint))
}

fn authority_parameters() -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters.distinguished_name.push(DnType::CommonName, "webinar-bridge emulators");
    parameters
}

fn leaf_parameters() -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(NAMES.map(str::to_owned))?;
    parameters.use_authority_key_identifier_extension = true;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.distinguished_name.push(DnType::CommonName, "localhost");
    Ok(parameters)
}
