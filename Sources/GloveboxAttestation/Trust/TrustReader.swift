internal import GloveboxCore

/// Reads the trust files of one statement after the other, which are the same until the site publishes new ones.
///
/// The last reading is kept and given again while every byte of every file is the same. Signature, version and periods are
/// not part of it: who reads checks them each time.
package final class TrustReader {
    private var last: (files: [String: [UInt8]], store: TrustStore)?

    /// Starts with nothing read.
    package init() {}

    /// What the files say.
    ///
    /// - Throws: as ``TrustStore``.
    func read(_ files: [String: [UInt8]]) throws(GloveboxError) -> TrustStore {
        if let last, last.files == files { return last.store }
        let store = try TrustStore(files)
        last = (files, store)
        return store
    }
}
