internal import GloveboxCore
internal import GloveboxJail

/// What a node says of the machine that it is.
struct NodeMachine {
    /// Path and digest of `glovebox-jail`.
    let launcher: (path: String, digest: Digest)
    /// What would protect a jail here.
    private let protections: JailProtections

    /// Measures it.
    ///
    /// - Throws: `jail.*`, `storage.read`.
    init() throws(GloveboxError) {
        let path = try Machine.sibling("glovebox-jail")
        launcher = (path, try Machine.sha256(file: path))
        protections = try JailRun(launcher: path).protections(of: JobJail.probe())
    }

    /// What a site is told first.
    func offer(_ task: String) -> NodeMessage {
        .offer(task: task, launcher: launcher.digest, protections: protections)
    }
}
