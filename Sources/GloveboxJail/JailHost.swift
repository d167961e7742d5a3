package import GloveboxCore

/// A machine that builds and runs jails for this one.
package protocol JailHost: Sendable {
    /// Runs a jail there to its end, with the hooks here: the staged directories that they are given are this machine's, and
    /// go over when they are filled; what the program leaves comes back into them.
    ///
    /// - Throws: as ``JailRun/run(_:hooks:)``, and `worker.lost` when that machine is gone.
    func run(_ specification: JailSpecification, _ hooks: JailRun.Hooks) throws(GloveboxError) -> JailResult
}

/// What a machine that ran a jail signed of it.
package struct RemoteStatement: Sendable, Equatable {
    /// The machine's name at the site.
    package let node: String
    /// The envelope, JSON.
    package let envelope: [UInt8]
    /// The certificate of the key that signed it, DER.
    package let certificate: [UInt8]

    /// Puts it together; the signature was checked.
    package init(node: String, envelope: [UInt8], certificate: [UInt8]) {
        (self.node, self.envelope, self.certificate) = (node, envelope, certificate)
    }
}
