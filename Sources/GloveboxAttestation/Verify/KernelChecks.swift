internal import GloveboxCore

/// Holds the kernel against the reference values; of what those do not list, anything goes.
///
/// Source: attestation specification, section 4.2.
struct KernelChecks {
    let kernel: Report.Kernel
    let reference: ReferenceValues

    /// `reference.mismatch` for version, command line or security modules that are listed, but not as they are.
    var causes: [GloveboxError] {
        let claims: [(what: String, known: [Digest], found: Digest?)] = [
            ("kernel", reference.kernels, Hashing.sha256(Array(kernel.version.utf8))),
            ("command line of the kernel", reference.commandLines, kernel.cmdline),
            ("set of security modules", reference.securityModules, Hashing.sha256(Array(kernel.lsm.utf8))),
        ]
        return claims.filter { claim in
            !claim.known.isEmpty && !(claim.found.map(claim.known.contains) ?? false)
        }.map { GloveboxError("reference.mismatch", "the \($0.what) is not among the reference values") }
    }
}
