/// Where everything of a site stands below its state directory.
package struct SiteLayout: Sendable {
    /// The state directory.
    package let root: String

    /// `gloveboxd.yaml`: what the operator may change between two starts.
    package let settings: String

    /// The layout below that directory; the settings may stand elsewhere.
    package init(root: String, settings: String? = nil) {
        self.root = root
        self.settings = settings ?? root + "/gloveboxd.yaml"
    }

    /// `site.json`: what was decided when the site was founded.
    package var configuration: String { root + "/site.json" }
    /// `keyring.json`: which keys the site has and had.
    var keyring: String { root + "/keys/keyring.json" }
    /// The root's key, unless it is kept off the site.
    package var rootKeys: String { root + "/keys/root" }
    /// Keys of the signer, and its own directory: platform CA, certificate time stamps, time-stamping authority.
    package var signerKeys: String { root + "/keys/signer" }
    /// Keys of the log.
    package var logKeys: String { root + "/keys/log" }
    /// Keys of the supervisor itself: the index of pseudonyms and commitments.
    package var nodeKeys: String { root + "/keys/node" }
    /// The key with which this site cosigns checkpoints of other logs, and its public half.
    package var witnessKeys: String { root + "/keys/witness" }
    /// The attestation key as the TPM wrapped it, and what was measured.
    var attester: String { root + "/tpm" }
    /// Records of the logs that this site is a witness of.
    package var witness: String { root + "/witness" }
    /// Where in the journal things stand; it can be made anew.
    package var index: String { root + "/index.sqlite" }
    /// `restored.json`: that the site comes from a backup, until its log says so.
    var restored: String { root + "/restored.json" }
    /// What speaks against this site's own log.
    package var evidence: String { root + "/evidence" }
    /// Encrypted datasets.
    package var datasets: String { root + "/datasets" }
    /// The broker's own directory: ledger and keys.
    package var broker: String { root + "/broker" }
    /// Root-filesystem images.
    package var images: String { root + "/images" }
    /// Unreleased outputs, encrypted.
    package var sealed: String { root + "/sealed" }
    /// What runs on private data wrote, encrypted.
    package var texts: String { root + "/texts" }
    /// Specs and unit tags of what was released.
    package var history: String { root + "/history" }
    /// How far webhooks were told what happened.
    var webhooks: String { root + "/webhooks" }
    /// Code, evidence and mock data by their digests.
    package var blobs: String { root + "/blobs" }
    /// Uploads in progress.
    package var incoming: String { root + "/incoming" }
    /// The API's socket.
    package var socket: String { root + "/api.sock" }
    /// Where workers come in, at a site whose jobs they run.
    var workers: String { root + "/worker.sock" }
    /// The operator's profile, made when the site is founded.
    package var operatorProfile: String { root + "/operator" }

    /// Where the private half of a key stands; nil for the broker's, which nobody else sees.
    func secret(_ entry: KeyringRecord.Entry) -> String? {
        let directory =
            switch entry.use {
            case .root: rootKeys
            case .platform, .nodes, .sct, .tsa: signerKeys
            case .log: logKeys
            case .links: nodeKeys
            case .witness: witnessKeys
            case .broker: String?.none
            }
        guard let directory else { return nil }
        return "\(directory)/\(entry.name).key"
    }
}
