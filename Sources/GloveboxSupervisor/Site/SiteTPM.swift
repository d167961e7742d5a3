internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxTPM

/// Which TPM vouches for a site.
package enum TPMChoice: Sendable, Equatable {
    /// None: reports rest on software keys.
    case none
    /// A `swtpm` that the daemon starts; emulation.
    case emulated
    /// A device, such as `/dev/tpmrm0`.
    case device(String)

    /// Reads `none`, `swtpm` or the path of a device.
    package init?(_ text: String) {
        switch text {
        case "none": self = .none
        case "swtpm": self = .emulated
        case _ where text.utf8.starts(with: "/dev/".utf8): self = .device(text)
        default: return nil
        }
    }

    /// The text form.
    package var text: String {
        switch self {
        case .none: "none"
        case .emulated: "swtpm"
        case .device(let path): path
        }
    }
}

/// The TPM of a site at work: its key proved, supervisor, launcher and configuration measured.
final class SiteTPM: Sendable {
    private let emulator: EmulatedTPM?
    private let attester: Attester
    /// The connection, of which an emulator has one.
    let tpm: TPM

    /// Starts or opens the TPM; nil for none.
    ///
    /// A device needs `STATE/tpm/issuer.pem`, the certificate of the maker's authority that issued its endorsement
    /// certificate.
    ///
    /// - Throws: `tpm.*`.
    init?(_ choice: TPMChoice, _ layout: SiteLayout, _ host: HostFacts, config: Digest) throws(GloveboxError) {
        let path: String
        let issuer: String
        switch choice {
        case .none: return nil
        case .emulated:
            let started = try EmulatedTPM(directory: layout.root + ".tpm")
            emulator = started
            path = started.socket
            issuer = started.issuer
        case .device(let device):
            emulator = nil
            path = device
            issuer = layout.attester + "/issuer.pem"
        }
        try StateFile.makeDirectory(layout.attester)
        tpm = try TPM(path: path)
        attester = try Attester(
            tpm,
            state: EventStore(directory: layout.attester),
            issuers: [StateFile.read(issuer)],
            measuring: [
                .init(.supervisor, host.supervisor), .init(.launcher, host.launcher), .init(.configuration, config),
            ]
        )
    }

    /// The configurations measured since the TPM was reset.
    var configurations: [Digest] { attester.events.events.filter { $0.kind == .configuration }.map(\.digest) }

    /// What the trust policy says of the TPM's key.
    var trusted: TrustedAttestationKey { attester.trusted }

    /// A quote for one report, or for a start statement that answers a broker's nonce.
    func quote(for report: Report, leaf: Digest, nonce: [UInt8]? = nil) throws(GloveboxError) -> Quote {
        try attester.quote(QuoteBinding(nonce: nonce ?? report.nonce, key: leaf, manifest: report.manifestDigest))
    }
}
