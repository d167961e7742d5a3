/// Where everything of a site stands below its state directory.
package struct SiteLayout: Sendable {
    /// The state directory.
    package let root: String

    /// The layout below that directory.
    package init(root: String) { self.root = root }

    /// `site.json`: what was decided when the site was founded.
    package var configuration: String { root + "/site.json" }
    /// Keys of the signer: root, platform CA, log.
    package var signerKeys: String { root + "/keys/signer" }
    /// Keys of the supervisor itself: the index of pseudonyms and commitments.
    package var nodeKeys: String { root + "/keys/node" }
    /// Encrypted datasets.
    package var datasets: String { root + "/datasets" }
    /// Root-filesystem images.
    package var images: String { root + "/images" }
    /// Unreleased outputs, encrypted.
    package var sealed: String { root + "/sealed" }
    /// Specs and unit tags of what was released.
    package var history: String { root + "/history" }
    /// Uploads in progress.
    package var incoming: String { root + "/incoming" }
    /// The API's socket.
    package var socket: String { root + "/api.sock" }
    /// The operator's profile, made when the site is founded.
    package var operatorProfile: String { root + "/operator" }
}
